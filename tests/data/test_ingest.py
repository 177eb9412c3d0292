"""A large file gives the dataset that the reading in memory gives, whatever its dialect, or is read in memory."""

from __future__ import annotations

import errno
import gzip
import hashlib
import io
import itertools
import zipfile

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import data.ingest.reading
import data.ingest.rows
import data.ingest.sample
import data.ingest.sweep
import data.loading
from analytics.errors import MappingError, ReadError
from data import load_dataset
from tests.data.streams import (
    HEADER,
    POSTES,
    REGIONS,
    as_bytes,
    assert_same,
    check,
    make_lines,
    one_way,
    refuse,
    streamed,
    told,
)


@pytest.mark.parametrize("encoding", ["cp1252", "utf-8", "utf-8-sig", "utf-16", "mac_roman"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_encodings_and_ends_of_line(encoding, end):
    check(as_bytes(make_lines(), encoding, end))


@pytest.mark.parametrize(
    ("day", "amount"),
    [
        ("{d:02d}/{m:02d}/{y}", "{:.2f}"),
        ("{y}-{m:02d}-{d:02d}", "{:.1f}"),
        ("{d:02d}.{m:02d}.{y}", "{:.0f}"),
        ("{y}-{m:02d}", "{:.2f}"),
        ("{m:02d}/{y}", "{:.2f} €"),
        ("{y}{m:02d}", "{:.2f}"),
        ("{y}-{m:02d}-{d:02d} 00:00:00", "{:.4f}"),
    ],
)
def test_dates_and_amounts(day, amount):
    check(as_bytes(make_lines(day=day, amount=amount)))


def test_thousands_and_blanks():
    lines = make_lines()
    lines[10:20] = [f"{i:06d};05/06/2023;Bretagne;Optique;x;1;1\u00a0234,50;" for i in range(10)]
    lines[30] = "000030;05/06/2023;;Optique;x;;1\u00a0234\u00a0567,50;12"
    check(as_bytes(lines))


# ruff: noqa: E501 - a line of the file is one line here
ODD = {
    "blanche": ["", "   ", ";;;;;;;"],
    "courte": ["000999;05/06/2023;Bretagne"],
    "longue": ["000999;05/06/2023;Bretagne;Optique;x;1;1,00;2,00;3;4"],
    "montant": ["000999;05/06/2023;Bretagne;Optique;x;1;douze;2,00", "000998;05/06/2023;Bretagne;Optique;x;1;1e3;1_000"],
    "lisible": ["000999;5/6/2023;Bretagne;Optique;x;+1;(1,00);2,00-", "000998;05/06/2023; Bretagne ;OPTIQUE;x;nd;1 234,5;€ 3"],
    "date": ["000999;31/02/2023;Bretagne;Optique;x;1;1,00;2,00", "000999;;Bretagne;Optique;x;1;1,00;2,00"],
    "bissextile": ["000999;29/02/2024;Bretagne;Optique;x;1;1,00;2,00", "000999;29/02/2023;Bretagne;Optique;x;1;1,00;2,00"],
    "total": ["Total;;;;;400;9999,99;9999,99"],
    "total mois": ["000999;05/06/2023;TOTAL;Optique;x;1;1,00;2,00", "000999;05/06/2023;Bretagne;Optique;totaux;1;1,00;2,00"],
    "note": ["Source : extraction du système"],
    "guillemets": ['"000999";"05/06/2023";"Bretagne";"Optique";"x";"1";"1,00";"2,00"', '000999;05/06/2023;Bretagne;Optique;24" x;1;1,00;2,00'],
    "guillemet doublé": ['000999;05/06/2023;Bretagne;Optique;"dit ""x"" ; y";1;1,00;2,00'],
    "double": ["000999;05/06/2023;Bretagne;Optique;x;1;1,00;2,00"] * 2,
}  # fmt: skip


@pytest.mark.parametrize("kind", list(ODD))
@pytest.mark.parametrize("at", [0, 200])
def test_lines_out_of_the_ordinary(kind, at):
    lines = make_lines()
    lines[at:at] = ODD[kind]
    dataset = check(as_bytes(lines), fast=kind != "guillemets")
    told_of = {*dataset.rejected["ligne"], *dataset.left_out["ligne"]}
    assert told_of <= set(range(2, len(lines) + 2))


def test_every_line_is_accounted_for():
    lines = make_lines()
    for i, kind in enumerate(sorted(ODD.keys() - {"guillemets"})):
        lines[i * 20 : i * 20] = ODD[kind]
    dataset, end = streamed(as_bytes(lines))
    assert end == ""
    known = load_dataset(as_bytes(lines))
    assert_same(dataset, known)


@pytest.mark.parametrize("encoding", ["cp1252", "utf-8", "utf-8-sig", "mac_roman"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_lines_out_of_the_ordinary_do_not_stop_a_sweep(monkeypatch, encoding, end):
    monkeypatch.setattr(data.ingest.reading, "_queried", refuse)
    lines = make_lines(amount="{:.1f}")
    for i, kind in enumerate(sorted(kind for kind in ODD if "guillemet" not in kind and kind != "lisible")):
        lines[i * 20 : i * 20] = ODD[kind]
    raw = as_bytes(lines, encoding, end)
    dataset, gave_up = one_way(raw)
    assert gave_up == ""
    assert_same(dataset, load_dataset(raw))


@pytest.mark.parametrize("kind", ["retour", "ouvert", "deux encodages"])
def test_what_only_the_whole_settles_is_read_in_memory(kind):
    lines = make_lines()
    raw = as_bytes(lines)
    if kind == "retour":
        lines[50] = '000999;05/06/2023;Bretagne;Optique;"sur\ndeux lignes";1;1,00;2,00'
        raw = as_bytes(lines)
    elif kind == "ouvert":
        lines[50] = '000999;05/06/2023;Bretagne;Optique;"jamais fermé;1;1,00;2,00'
        raw = as_bytes(lines)
    else:
        raw = raw.replace("Bretagne;Médecine générale".encode("cp1252"), "Bretagne;Médecine générale".encode(), 1)
    check(raw, fast=False)


def test_nul_bytes_are_refused_with_their_line():
    raw = as_bytes(make_lines()).replace(b"dossier 7;", b"dossier\x00 7;")
    with pytest.raises(ReadError, match="binaires") as caught:
        load_dataset(raw, threshold=1)
    assert caught.value.ligne == 9


@pytest.mark.parametrize(
    "title", ['a"b', 'x" from (select 1); drop table t; --', "c0", "l'été", "{x}", "%s", "n", "k0"]
)
def test_hostile_titles(title):
    header = HEADER.replace("observation", '"' + title.replace('"', '""') + '"' if '"' in title else title)
    check(as_bytes(make_lines(), header=header))


def test_archives_are_read_as_they_come():
    raw = as_bytes(make_lines())
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("lignes.csv", raw)
    for archive in (gzip.compress(raw), packed.getvalue()):
        dataset = check(archive)
        assert dataset.fingerprint == hashlib.sha256(archive).hexdigest()


def test_a_bomb_is_refused():
    raw = gzip.compress(b"a;b\n" + b"0;0\n" * (40 << 20))
    with pytest.raises(ReadError, match=r"grossit|dépasse"):
        load_dataset(raw, threshold=1)


def test_a_cut_archive_is_refused():
    with pytest.raises(ReadError, match="coupée"):
        load_dataset(gzip.compress(as_bytes(make_lines()))[:-20], threshold=1)


def test_a_stream_and_a_path_give_the_same(tmp_path):
    raw = as_bytes(make_lines())
    (tmp_path / "lignes.csv").write_bytes(raw)
    known = load_dataset(tmp_path / "lignes.csv", threshold=1)
    assert_same(known, load_dataset(io.BytesIO(raw), name="lignes.csv", threshold=1))


def test_questions_are_those_of_the_reading_in_memory():
    raw = as_bytes(make_lines(), header=HEADER.replace("prestation", "valeur").replace("frais_reels", "montant"))
    for threshold in (1, 1 << 30):
        with pytest.raises(MappingError) as caught:
            load_dataset(raw, threshold=threshold)
        assert "colonne:montant" in {q.key for q in caught.value.questions}
    answers = {"colonne:montant": "frais_reels", "colonne:valeur": "prestation"}
    check(raw, mapping=answers)


def make_premiums(*, repeated: bool) -> list[str]:
    """A mutual's monthly export: one line per month, contract and poste, the premium on each of them."""
    rng, lines = np.random.default_rng(5), []
    for month in range(24):
        for region, contrat in itertools.product(REGIONS[:3], ("Individuel", "Collectif")):
            heads = int(rng.integers(100, 900))
            premium = heads * 60 + int(rng.integers(100)) / 100
            for rank, poste in enumerate(POSTES):
                own = premium if repeated else premium * (rank + 1) / 15
                day, paid = f"{2022 + month // 12}-{month % 12 + 1:02d}", rng.integers(100, 9000) / 7
                lines.append(f"{day};{region};{contrat};{poste};{heads};{own:.2f};{paid:.2f}".replace(".", ","))
    return lines


@pytest.mark.parametrize("repeated", [True, False])
def test_premiums_beside_care_are_taken_once_or_by_poste(repeated):
    header = "mois;region;contrat;poste;beneficiaires;cotisation HT;prestation"
    lines = make_premiums(repeated=repeated)
    dataset = check(as_bytes(lines, header=header), base="HT")
    assert ("poste" in dataset.cotisation.columns) != repeated
    # Two lines of the same group: which premium counts is told by whole lines.
    check(as_bytes([lines[4], *lines], header=header), fast=False, base="HT")


def test_spellings_are_merged_as_the_whole_file_says():
    lines = [line.replace("Optique", "OPTIQUE") if i % 3 else line for i, line in enumerate(make_lines())]
    dataset = check(as_bytes(lines))
    assert "Optique" not in set(dataset.prestation["poste"])


def test_a_batch_sent_twice_is_named_in_a_large_file():
    lines = make_lines()
    batch = [line for line in lines if ";Bretagne;Dentaire;" in line and "/2023;" in line]
    dataset = check(as_bytes(lines + batch))
    assert dataset.findings["code"].str.startswith("unicite.").any()


@pytest.mark.parametrize("threshold", [1, 1 << 30])
def test_the_lines_are_written_once_and_whole(tmp_path, threshold):
    lines = make_lines()
    lines[5] = ODD["lisible"][1]
    raw = as_bytes(lines)
    dataset = load_dataset(raw, threshold=threshold, lines_dir=tmp_path / "lignes")
    (path,) = (tmp_path / "lignes").iterdir()
    assert path.name == dataset.dialect["parquet"]
    assert path.stem == hashlib.sha256(path.read_bytes()).hexdigest()
    table = pq.read_table(path).to_pandas()
    assert len(table) == len(lines) - len(dataset.rejected) - len(dataset.left_out)
    assert not {"observation", "num_ligne"} & set(table.columns)
    for measure in ("frais_reels", "prestation"):
        assert float(table[measure].astype("float64").sum()) == pytest.approx(
            dataset.prestation[measure].sum(), abs=1e-6
        )
    assert set(table["poste"]) == set(dataset.prestation["poste"])


def test_a_full_disk_leaves_no_file_of_lines(tmp_path, monkeypatch):
    def full(_handle):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(data.ingest.rows.os, "fsync", full)
    for threshold in (1, 1 << 30):
        with pytest.raises(OSError, match="No space"):
            load_dataset(as_bytes(make_lines()), threshold=threshold, lines_dir=tmp_path / "lignes")
        assert list((tmp_path / "lignes").iterdir()) == []


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_lines_of_care_month_zero_are_listed_one_by_one(tmp_path, monkeypatch, end):
    rng = np.random.default_rng(3)
    cells = [(202306, 2023, int(rng.integers(0, 7)), 1110 + i % 3, 50_000 + i, 20_000 + i) for i in range(600)]
    lines = [f"{a};{b};{c};{d};{e // 100},{e % 100:02d};{f // 100},{f % 100:02d}" for a, b, c, d, e, f in cells]
    for name in ("_HEAD", "_INSIDE", "_TAIL"):
        monkeypatch.setattr(data.ingest.sample, name, 3_000)
    monkeypatch.setattr(data.ingest.sample, "_PLACES", 0)
    raw = as_bytes(lines, end=end, header="FLX_ANN_MOI;SOI_ANN;SOI_MOI;PRS_NAT;FLT_PAI_MNT;FLT_REM_MNT")
    dataset, gave_up = streamed(raw, lines_dir=tmp_path)
    assert gave_up == ""
    known = load_dataset(raw)
    wrong = [i + 2 for i, cell in enumerate(cells) if cell[2] == 0]
    pd.testing.assert_frame_equal(dataset.rejected, known.rejected)
    pd.testing.assert_frame_equal(dataset.prestation, known.prestation, rtol=0, atol=1e-6)
    assert dataset.rejected["ligne"].tolist() == wrong
    assert len(wrong) > 50
    assert round(dataset.prestation["frais_reels"].sum() * 100) == sum(cell[4] for cell in cells if cell[2])
    assert pq.read_table(tmp_path / dataset.dialect["parquet"]).num_rows == len(lines) - len(wrong)
    assert told(dataset.findings) == told(known.findings)


def test_amounts_that_the_csv_reader_would_round_or_guess_are_left_to_the_readers():
    lines = make_lines()
    odd = [
        "12,345",
        "1e3",
        "1E2",
        "+5,00",
        " 7,5",
        "7,5 ",
        "1_000",
        "12,3456789",
        ",5",
        "5,",
        "0x1F",
        "nan",
        "007,50",
        "-0,05",
    ]
    for i, amount in enumerate(odd):
        lines.insert(20 * i, f"9{i:05d};05/06/2023;Bretagne;Optique;x;1;{amount};2,00")
    check(as_bytes(lines))


def test_progress_goes_up_to_one():
    seen = []
    load_dataset(as_bytes(make_lines()), threshold=1, progress=lambda fraction, text: seen.append((fraction, text)))
    fractions = [f for f, _ in seen]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0
    assert all(text for _, text in seen)


cells = st.sampled_from(
    ["1,5", "12", "", "1 234,56", "-3,20", "1.234,5", "nd", "x", "12,345", "(4,5)", " 7 ", "0,1 €", "1e2"]
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.tuples(st.sampled_from(["01/02/2023", "2023-02-01", "", "32/01/2023", "1/2/23"]), st.sampled_from(["Optique", "", " optique", "Total", '"Optique"']), cells), max_size=6),
    st.sampled_from(["cp1252", "utf-8"]),
)  # fmt: skip
def test_the_two_readings_agree_on_anything(odd, encoding):
    lines = make_lines(300)
    for i, (day, poste, amount) in enumerate(odd):
        lines.insert(40 * i, f"9{i:05d};{day};Bretagne;{poste};x;1;{amount};2,00")
    raw = as_bytes(lines, encoding)
    dataset, _ = streamed(raw)
    assert_same(dataset, load_dataset(raw))
