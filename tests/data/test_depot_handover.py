"""What crosses from the confined process to the store: checked when it is read, without people when it is kept."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from analytics.errors import MappingError, ReadError, SchemaError
from analytics.schema import Dataset
from data import store
from data.depot import Depot, gate, handover, work
from data.depot.report import report_of
from tests.samples import make_dataset

NAMES = ("LEFEBVRE", "MOREAU", "GIRARD", "FOURNIER", "MERCIER", "GAUTHIER")


def test_a_personal_column_is_dropped_unless_a_pseudonym_can_stand_for_it():
    texts = pd.DataFrame({"Nom assuré": NAMES, "Né le": [f"0{i}/03/195{i}" for i in range(1, 7)], "Poste": ["A"] * 6})
    found = gate.find_personal(texts.astype("str"))
    assert set(found) == {"Nom assuré", "Né le"}
    unused = dict.fromkeys(texts, "ignorer")
    assert gate.decide(found, unused, unused) == {"Nom assuré": gate.DROPPED, "Né le": gate.DROPPED}
    asked = unused | {"Nom assuré": "nom_assure"}
    assert gate.decide(found, asked, unused | {"Nom assuré": "dimension"})["Nom assuré"] == gate.REPLACED
    for header, kind in (("Nom assuré", "mesure"), ("Né le", "dimension")):
        with pytest.raises(MappingError) as caught:
            gate.decide(found, unused | {header: "x"}, unused | {header: kind})
        assert caught.value.colonne == header


def test_the_last_look_finds_people_that_nobody_declared(tmp_path, monkeypatch):
    key = tmp_path / "cle"
    key.write_bytes(b"0123456789abcdef0123456789abcdef")
    key.chmod(0o600)
    monkeypatch.setenv("PALIERS_KEY", str(key))
    small = make_dataset(months=12)
    mails = pd.Series([f"a{i % 7}@exemple.fr" for i in range(len(small.prestation))], dtype="category")
    dataset = Dataset(small.cotisation, small.prestation.assign(contact=mails), base="HT", date_basis="soins")
    found = gate.pseudonymise(dataset)
    assert found.prestation["contact"].nunique() == 7
    assert not found.prestation["contact"].astype(str).str.contains("@").any()
    pd.testing.assert_frame_equal(found.prestation.drop(columns="contact"), small.prestation)
    assert gate.pseudonymise(small) is small


# --- what the confined process wrote is not believed --------------------------------------------------------------


def test_a_dataset_crosses_whole(tmp_path, small):
    handover.write_dataset(small, tmp_path)
    back = handover.read_dataset(tmp_path)
    for field in fields(Dataset):
        was, now = getattr(small, field.name), getattr(back, field.name)
        if isinstance(was, pd.DataFrame):
            pd.testing.assert_frame_equal(was, now)
        else:
            assert was == now


def test_a_large_text_understood_from_its_beginning_has_the_same_counts(tmp_path, monkeypatch):
    """The third part of the lines has one cell too many, all of them beyond the beginning."""
    months = [f"{m:02d}/{y};Optique;{m},50" for y in range(2000, 2020) for m in range(1, 13)]
    rows = months[:160] + [f"{row};trop" for row in months[160:]]
    (tmp_path / "a.csv").write_text("Mois;Poste;Prestations\n" + "\n".join(rows) + "\n")
    arguments = {"path": str(tmp_path / "a.csv"), "name": "a.csv", "sheet": None, "answers": {}}
    told = {}
    for case, threshold in (("whole", work.LARGE), ("sampled", 1000)):
        (tmp_path / case).mkdir()
        monkeypatch.chdir(tmp_path / case)
        monkeypatch.setattr(work, "LARGE", threshold)
        monkeypatch.setattr(work, "SAMPLE_BYTES", 2000)
        answer = work.prepare(arguments, lambda fraction, text="": None)
        assert answer["state"] == "pret"
        told[case] = report_of(answer["report"])
    counts = [(r.lines, r.accepted, r.rejected, r.left_out) for r in told.values()]
    assert counts == [(240, 160, 80, 0)] * 2
    pd.testing.assert_frame_equal(told["whole"].rejected_lines, told["sampled"].rejected_lines)
    kept = [handover.read_dataset(tmp_path / case) for case in told]
    pd.testing.assert_frame_equal(kept[0].prestation, kept[1].prestation)


def _link(folder: Path) -> None:
    (folder / "prestation.parquet").unlink()
    (folder / "prestation.parquet").symlink_to("/etc/hostname")


def _many_rows(folder: Path) -> None:
    table = pa.table({"mois": pa.array([0] * 1_000_000, pa.int8())})
    with pq.ParquetWriter(folder / "prestation.parquet", table.schema) as writer:
        for _ in range(400):
            writer.write_table(table)


def _no_month(folder: Path) -> None:
    pd.DataFrame({"prestation": [1.0]}).to_parquet(folder / "prestation.parquet")


def _words(folder: Path) -> None:
    words = json.loads((folder / handover.WORDS).read_text())
    (folder / handover.WORDS).write_text(json.dumps(words | {"as_of": "jamais"}))


@pytest.mark.parametrize("tamper", [_link, _many_rows, _no_month, _words])
def test_a_dataset_tampered_with_is_refused(tmp_path, small, tamper):
    handover.write_dataset(small, tmp_path)
    tamper(tmp_path)
    with pytest.raises((ReadError, SchemaError)):
        handover.read_dataset(tmp_path)


@pytest.mark.parametrize(
    "content",
    [
        {"lines": 10, "accepted": 8, "rejected": 1, "left_out": 0},
        {"lines": -1},
        {"lines": 2.5},
        {"questions": [{"key": "a"}]},
        {"before": {"columns": ["a", "b"], "rows": [["1"]]}},
        {"columns": 3},
    ],
)
def test_a_report_that_does_not_add_up_is_refused(content):
    with pytest.raises(ValueError, match=r"."):
        report_of({"name": "a.csv", **content})


def test_pseudonyms_asked_for_take_the_place_of_the_people(monkeypatch, tmp_path):
    monkeypatch.setenv("PALIERS_HOME", str(tmp_path / "store"))
    key = tmp_path / "cle"
    key.write_bytes(b"k" * 64)
    key.chmod(0o600)
    monkeypatch.setenv("PALIERS_KEY", str(key))
    depot = Depot(spare=False)
    births = [(1 + i % 2, 50 + i % 40, 1 + i % 12, 1 + i % 90, 100 + i) for i in range(40)]
    nirs = [f"{s}{y:02d}{m:02d}{p:02d}{t:03d}{t:03d}" for s, y, m, p, t in births]
    text = "mois;NIR;prestations\n" + "".join(f"2024-{1 + k:02d};{n};10\n" for n in nirs for k in range(3))
    token = depot.receive(text.encode(), "adherents.csv")
    depot.start(token, answers={"personnel:NIR": "pseudonymiser"})
    assert depot.wait(token, seconds=120).state == "pret"
    assert "pseudonyme" in depot.report(token).personal["devenir"].iloc[0]
    kept = store.load(depot.accept(token)).prestation
    (column,) = set(kept.columns) - {"mois", "prestation"}
    assert kept[column].nunique() == 40  # everybody still counts once
    assert kept["prestation"].sum() == 1200
    written = b"".join(path.read_bytes() for path in store.home().rglob("*") if path.is_file())
    assert not any(nir.encode() in written for nir in nirs)


@pytest.mark.parametrize("stray", ["1 84 12 76 451 089 46", "jean.dupont@free.fr", "FR14 2004 1010 0505 0001 3M02 606"])
def test_one_value_that_names_somebody_is_hidden_and_its_amount_stays(stray):
    care = make_dataset(12).prestation
    care = care.assign(poste=[f"acte {i % 30}" for i in range(len(care))])
    care.loc[3, "poste"] = stray
    given = Dataset(pd.DataFrame({"mois": care["mois"][:0]}), care, source="essai")
    found = gate.pseudonymise(given)
    assert stray not in set(found.prestation["poste"])
    assert found.prestation["prestation"].sum() == care["prestation"].sum()
    assert found.findings["code"].tolist() == ["conformite.valeur_personnelle"]
    assert stray not in found.findings.to_csv()
