"""An upload from its bytes to an accepted dataset: nothing lost on the way, nothing left behind."""

from __future__ import annotations

import errno
import io
import logging
import os
import sqlite3
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pandas as pd
import pytest

import data
from analytics.errors import MappingError, ReadError
from data import sandbox, store
from data.depot import Depot, files, reading
from data.depot.running import Run
from tests.samples import make_dataset

ROOT = Path(__file__).resolve().parents[2]
CSV = "Mois;Région;Poste;Prestations\n" + "".join(
    f"{m:02d}/{y};{r};{p};{100 + m + i},50\n"
    for y in (2023, 2024)
    for m in range(1, 13)
    for i, (r, p) in enumerate((("Bretagne", "Optique"), ("Bretagne", "Dentaire"), ("Corse", "Optique")))
)
NAMES = ("LEFEBVRE", "MOREAU", "GIRARD", "FOURNIER", "MERCIER", "GAUTHIER")
#: Nothing says what the amounts are.
ASKED = "Mois;Poste;Valeur\n" + "".join(f"{m:02d}/2024;{p};{m}1,10\n" for m in range(1, 13) for p in "AB")


@pytest.fixture
def depot(paliers_home, monkeypatch, tmp_path):
    """Uploads of an empty store, with a confined process ready for the next one."""
    monkeypatch.setenv("PALIERS_KEY", str(_key(tmp_path)))
    yield Depot()
    sandbox.release()


@pytest.fixture
def light(paliers_home, monkeypatch, tmp_path):
    """Uploads whose reading only waits, so that what happens meanwhile can be looked at."""
    folder = tmp_path / "modules"
    folder.mkdir()
    (folder / "lent.py").write_text(
        "import sys, time, types\n"
        "sys.modules['data'] = types.ModuleType('data')\n"
        f"sys.modules['data'].__path__ = [{str(ROOT / 'data')!r}]\n"
        "import data.sandbox.messages\n"
        "def wait(arguments, progress):\n"
        "    progress(0.5, 'Lecture')\n"
        "    time.sleep(600)\n"
    )
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setattr(sandbox.parent, "_PRELOAD", ("lent",))
    monkeypatch.setattr(reading, "TARGET", "lent:wait")
    sandbox.release()
    yield Depot(spare=False)
    sandbox.release()


def _key(folder: Path) -> Path:
    path = folder / "cle"
    path.write_bytes(b"0123456789abcdef0123456789abcdef")
    path.chmod(0o600)
    return path


def read(depot: Depot, content: str | bytes, name: str = "essai.csv", **options) -> str:
    raw = content.encode() if isinstance(content, str) else content
    token = depot.receive(raw, name)
    depot.start(token, **options)
    depot.wait(token, seconds=120)
    return token


def until(condition) -> None:
    """Wait for something that another thread does."""
    for _ in range(3000):
        if condition():
            return
        time.sleep(0.02)
    raise AssertionError("it never came")


def left(folder: Path) -> list[str]:
    """Files of a folder, but for the locks of the servers that use it."""
    if not folder.is_dir():
        return []
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file() and p.suffix != ".lock")


def everything_kept(home: Path) -> str:
    """All that can be read of what is on the disk: bytes of the files, cells of the tables, rows of the database."""
    texts = []
    for path in (p for p in home.rglob("*") if p.is_file()):
        texts.append(path.read_bytes().decode("latin-1"))
        if path.suffix == ".parquet":
            texts.append(pd.read_parquet(path).to_csv())
        elif path.suffix in (".sqlite", ".db", ".sqlite3"):
            with sqlite3.connect(path) as base:
                texts += list(base.iterdump())
    return "\n".join(texts)


# --- from bytes to a dataset --------------------------------------------------------------------------------------


def test_an_upload_becomes_the_dataset_that_the_readers_make(depot, caplog):
    caplog.set_level(logging.DEBUG)
    token = read(depot, CSV)
    assert depot.status(token).state == "pret"
    report = depot.report(token)
    assert (report.lines, report.accepted, report.rejected, report.left_out) == (72, 72, 0, 0)
    assert report.rows == {"cotisation": 0, "prestation": 72}
    assert not report.score.empty
    assert list(report.before.iloc[0])[-1] == "101,50"
    assert store.recent() == ()  # nothing is a dataset before it is accepted

    key = depot.accept(token, purpose="Pilotage 2025")
    expected = data.load_dataset(CSV.encode(), name="essai.csv")
    kept = store.load(key)
    pd.testing.assert_frame_equal(kept.prestation, expected.prestation)
    assert (kept.source, kept.fingerprint, kept.base) == (expected.source, expected.fingerprint, expected.base)
    assert kept.as_of == expected.as_of
    assert store.recent()[0].purpose == "Pilotage 2025"
    assert [d.token for d in store.history()] == [key]  # its quality is noted, for the next one to be compared

    assert not left(depot.root)
    with pytest.raises(ReadError, match="n’existe pas"):
        depot.accept(token)  # a second click
    assert "101,5" not in caplog.text
    assert "Bretagne" not in caplog.text


@pytest.mark.parametrize(
    "given",
    [
        pytest.param(lambda raw, _: raw, id="octets"),
        pytest.param(lambda raw, _: memoryview(raw), id="mémoire"),
        pytest.param(lambda raw, _: io.BytesIO(raw), id="flux"),
        pytest.param(lambda raw, _: (raw[i : i + 7] for i in range(0, len(raw), 7)), id="morceaux"),
        pytest.param(lambda raw, folder: _written(folder / "x.csv", raw), id="chemin"),
    ],
)
def test_bytes_arrive_whole_whatever_they_come_in(paliers_home, tmp_path, given):
    depot = Depot()
    token = depot.receive(given(CSV.encode(), tmp_path), "C:\\dossier\\é.csv")
    record = files.read_json(depot.root / token / files.RECORD)
    assert (depot.root / token / files.SOURCE).read_bytes() == CSV.encode()
    assert (record["name"], record["size"], record["lines"]) == ("é.csv", len(CSV.encode()), 73)
    assert depot.status(token).state == "recu"


def _written(path: Path, raw: bytes) -> Path:
    path.write_bytes(raw)
    return path


def test_a_file_too_large_or_a_full_disk_leave_nothing(paliers_home, monkeypatch):
    depot = Depot()
    with pytest.raises(ReadError, match="dépasse"):
        depot.receive(CSV.encode(), "a.csv", limit_bytes=100)
    assert left(depot.root) == []

    def full(_descriptor):
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(ReadError, match="disque du serveur est plein"):
        depot.receive(CSV.encode(), "a.csv")
    assert left(depot.root) == []


def test_a_refused_file_says_why_and_leaves_the_previous_dataset(depot):
    previous = store.save(make_dataset())
    token = read(depot, b"%PDF-1.4 rien d'une table")
    assert depot.status(token).state == "refuse"
    assert "PDF" in depot.report(token).error.message
    with pytest.raises(ReadError, match="pas prêt"):
        depot.accept(token)
    depot.discard(token)
    assert left(depot.root) == []
    assert store.exists(previous)


# --- questions ----------------------------------------------------------------------------------------------------


def test_a_question_stops_the_upload_until_its_answer_and_is_not_asked_twice(depot):
    token = read(depot, ASKED)
    assert depot.status(token).state == "question"
    (asked,) = depot.report(token).blocking
    with pytest.raises(MappingError) as caught:
        depot.accept(token)
    assert caught.value.questions == (asked,)

    assert asked.key == "colonne:Valeur"
    depot.answer(token, {asked.key: "frais_reels"})
    assert depot.wait(token, seconds=120).state == "pret"
    key = depot.accept(token)
    expected = data.load_dataset(ASKED.encode(), mapping={asked.key: "frais_reels"})
    pd.testing.assert_frame_equal(store.load(key).prestation, expected.prestation)

    again = read(depot, ASKED.replace("11,10", "99,10"), "suivant.csv", held=["", "x" * 22, key])
    assert depot.status(again).state == "pret"
    answers = files.read_json(depot.root / again / files.RECORD)["answers"]
    assert answers == {asked.key: "frais_reels"}
    assert [(a.question.key, a.answer) for a in depot.report(again).questions if a.answer] == [
        (asked.key, "frais_reels")
    ]


# --- personal data ------------------------------------------------------------------------------------------------


def personal_file() -> str:
    rows = ["Mois;Nom assuré;N° sécu;Poste;Prestations"]
    for i in range(60):
        nir = f"{1 + i % 2}{50 + i % 40:02d}{1 + i % 12:02d}75{100 + i:03d}{200 + i:03d}"
        rows.append(f"{1 + i % 12:02d}/2024;{NAMES[i % 6]};{nir}{97 - int(nir) % 97:02d};Optique;{10 + i},00")
    rows.append(f"pas une date;{NAMES[0]};185077512345612;Optique;10,00")
    return "\n".join(rows) + "\n"


def canaries(text: str) -> list[str]:
    numbers = [line.split(";")[2] for line in text.splitlines()[1:]]
    return [*NAMES, *numbers]


def test_nothing_that_identifies_people_is_shown_or_kept(depot, paliers_home, caplog):
    caplog.set_level(logging.DEBUG)
    content = personal_file()
    token = read(depot, content)
    report = depot.report(token)
    assert set(report.personal["colonne"]) == {"Nom assuré", "N° sécu"}
    assert report.personal["devenir"].str.contains("rien n’en est gardé").all()
    shown = (depot.root / token / files.REPORT).read_text()
    assert [c for c in canaries(content) if c in shown] == []
    key = depot.accept(token)
    kept = everything_kept(paliers_home) + caplog.text + repr(store.load(key))
    assert "Optique" in kept
    assert [c for c in canaries(content) if c in kept] == []


def test_no_answer_makes_people_readable(depot, paliers_home):
    content = personal_file()
    token = read(depot, content, answers={"colonne:Nom assuré": "dimension", "colonne:N° sécu": "dimension"})
    assert [c for c in canaries(content) if c in (depot.root / token / files.REPORT).read_text()] == []
    if depot.status(token).state == "pret":
        depot.accept(token)
    else:
        depot.discard(token)
    assert [c for c in canaries(content) if c in everything_kept(paliers_home)] == []


# --- cancelling, forgetting ---------------------------------------------------------------------------------------


def test_a_cancelled_reading_leaves_the_file_alone_and_can_begin_again(light):
    token = light.receive(CSV.encode(), "a.csv")
    light.start(token)
    until(lambda: light.status(token).fraction == 0.5)
    status = light.status(token)
    assert (status.state, status.running, status.text) == ("en cours", True, "Lecture")
    assert status.lines_per_second > 0
    assert status.seconds_left > 0
    light.cancel(token)
    assert light.status(token).state == "annule"
    assert sorted(p.name for p in (light.root / token).iterdir()) == [files.RECORD, files.SOURCE]
    light.start(token)
    until(lambda: light.status(token).fraction == 0.5)
    light.discard(token)
    assert left(light.root) == []
    with pytest.raises(ReadError, match="n’existe pas"):
        light.status(token)


def test_two_are_read_at_once_and_a_third_that_waits_can_be_cancelled(light):
    tokens = [light.receive(CSV.encode(), f"{i}.csv") for i in range(3)]
    for token in tokens:
        light.start(token)
    until(lambda: [light.status(t).state for t in tokens] == ["en cours", "en cours", "attente"])
    light.cancel(tokens[2])
    assert light.status(tokens[2]).state == "annule"
    for token in tokens:
        light.discard(token)
    assert left(light.root) == []


def test_the_history_of_a_source_goes_on_for_who_holds_its_last_dataset(depot):
    first = depot.accept(read(depot, CSV))
    second = depot.accept(read(depot, CSV), held=["", first])
    stranger = depot.accept(read(depot, CSV))
    assert store.previous_deposit(second).token == first
    assert store.previous_deposit(stranger) is None  # same titles, but nothing says that it is the same person


def test_abandoned_uploads_are_swept_and_the_others_stay(paliers_home):
    depot = Depot()
    old, recent = (depot.receive(CSV.encode(), "a.csv") for _ in range(2))
    half = depot.receiving("b.csv")
    half.write(b"mois;")
    yesterday = time.time() - 100_000
    for folder in (depot.root / old, depot.root / half.token):
        for path in (*folder.iterdir(), folder):
            os.utime(path, (yesterday, yesterday))
    assert depot.sweep() == 2
    assert {p.parts[0] for p in map(Path, left(depot.root))} == {recent}
    half.abandon()


@pytest.mark.skipif(sys.platform != "linux", reason="locks of a killed process")
def test_a_killed_server_leaves_a_reading_that_can_begin_again(light):
    code = f"""
        import sys, time
        sys.path.insert(0, {sys.path[0]!r})
        from data import sandbox
        from data.depot import Depot, reading
        sandbox.parent._PRELOAD = ("lent",)
        reading.TARGET = "lent:wait"
        depot = Depot(spare=False)
        token = depot.receive({CSV.encode()!r}, "a.csv")
        depot.start(token)
        half = depot.receiving("moitie.csv")
        half.write(b"mois;")
        while depot.status(token).fraction < 0.5:
            time.sleep(0.01)
        print(token, half.token, flush=True)
        time.sleep(600)
    """
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as server:
        token, half = server.stdout.readline().split()
        assert light.status(token).state == "en cours" or light.status(token).running
        server.kill()
    assert light.status(token).state == "interrompu"
    with pytest.raises(ReadError, match="n’existe pas"):
        light.status(half)  # half a file is no upload
    light.start(token)
    until(lambda: light.status(token).fraction == 0.5)
    light.discard(token)
    light.sweep(older_than=-10)
    assert left(light.root) == []


@pytest.mark.parametrize("token", ["", "..", "../../etc", "a" * 22, None, "a/b" + "c" * 19])
def test_another_name_opens_nothing(paliers_home, token):
    depot = Depot()
    for action in (depot.status, depot.report, depot.start, depot.cancel, depot.discard, depot.accept):
        with pytest.raises(ReadError, match="n’existe pas"):
            action(token)


def test_a_fault_of_ours_does_not_stop_the_next_reading_and_shows_no_cell(light, caplog, monkeypatch):
    def faulty(self, run: Run):
        raise KeyError("LEFEBVRE")

    token = light.receive(CSV.encode(), "a.csv")
    with monkeypatch.context() as patch:
        patch.setattr(reading.Reading, "read", faulty)
        light.start(token)
        assert light.wait(token, seconds=60).state == "interrompu"
    assert "KeyError, " in caplog.text
    assert "test_depot.py:" in caplog.text
    assert "LEFEBVRE" not in caplog.text
    light.start(token)
    until(lambda: light.status(token).fraction == 0.5)
    light.discard(token)
