"""Reading a table: dialects, golden French files, wrong files, and every line accounted for."""

from __future__ import annotations

import cProfile
import csv
import gzip
import io
import random
import zipfile

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.errors import ReadError
from data import read_table
from data.readers import refuse_empty

MONTHS = pd.date_range("2023-01-01", periods=14, freq="MS")
POSTES = ("Optique", "Dentaire", "Soins courants", "Hospitalisation")


def truth(seed: int = 0) -> pd.DataFrame:
    """What every golden file says, whatever its dialect."""
    rng = random.Random(seed)
    rows = [(m, p, rng.randint(0, 900), rng.randint(-5_000, 900_000_00) / 100) for m in MONTHS for p in POSTES]
    return pd.DataFrame(rows, columns=["Mois", "Poste", "Quantité", "Remboursé (€)"])


def french(value: float, thousands: str = "", decimal: str = ",") -> str:
    return f"{value:,.2f}".replace(",", "\0").replace(".", decimal).replace("\0", thousands)


DIALECTS = {
    "excel français": {"encoding": "cp1252", "separator": ";", "end": "\r\n", "date": "%d/%m/%Y"},
    "utf-8 avec marque": {
        "encoding": "utf-8-sig",
        "separator": ";",
        "thousands": "\u202f",
        "end": "\r\n",
        "date": "%Y-%m-%d",
    },
    "tabulations utf-16": {"encoding": "utf-16", "separator": "\t", "thousands": "\u00a0", "date": "%m/%Y"},
    "barres, mac": {"encoding": "mac_roman", "separator": "|", "end": "\r", "date": "%Y-%m"},
    "virgules, point": {"encoding": "utf-8", "separator": ",", "decimal": ".", "date": "%Y-%m-%dT00:00:00"},
    "virgules et guillemets": {"encoding": "utf-8", "separator": ",", "date": "%d/%m/%Y", "quoting": csv.QUOTE_ALL},
    "dos": {"encoding": "cp850", "separator": ";", "thousands": " ", "date": "%Y%m"},
    "points de milliers": {"encoding": "utf-8", "separator": ";", "thousands": ".", "date": "%d.%m.%y"},
}


def write(frame: pd.DataFrame, *, encoding="utf-8", separator=";", decimal=",", thousands="", end="\n", date="%Y-%m-%d",
          quoting=csv.QUOTE_MINIMAL) -> bytes:  # fmt: skip
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter=separator, lineterminator=end, quoting=quoting)
    writer.writerow([c if encoding not in ("cp850",) else c.replace("€", "euros") for c in frame.columns])
    for month, poste, count, amount in frame.itertuples(index=False):
        writer.writerow([month.strftime(date), poste, count, french(amount, thousands, decimal)])
    return stream.getvalue().encode(encoding)


@pytest.mark.parametrize("name", DIALECTS)
@pytest.mark.parametrize("seed", [0, 1])
def test_the_same_table_under_every_dialect(name, seed):
    expected, dialect = truth(seed), DIALECTS[name]
    table = read_table(write(expected, **dialect))
    assert table.dialect["separator"] == dialect["separator"]
    assert table.dialect["decimal"] == dialect.get("decimal", ",")
    assert table.questions == () or name == "points de milliers"
    assert (table.tidy["Mois"].to_numpy() == expected["Mois"].to_numpy()).all()
    assert table.tidy["Poste"].astype("str").tolist() == expected["Poste"].tolist()
    assert table.tidy["Quantité"].tolist() == expected["Quantité"].tolist()
    assert table.tidy.iloc[:, 3].tolist() == expected["Remboursé (€)"].tolist()
    assert len(table.rejected) == len(table.left_out) == 0


@pytest.mark.parametrize("pack", [gzip.compress, "zip"])
def test_compressed_files_are_the_same_table(pack):
    plain = write(truth())
    if pack == "zip":
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr("export.csv", plain)
        packed = buffer.getvalue()
    else:
        packed = pack(plain)
    table = read_table(packed)
    pd.testing.assert_frame_equal(table.tidy, read_table(plain).tidy)
    assert table.dialect["compression"]


def test_the_text_is_kept_as_written():
    table = read_table("Mois;Code;Prestations\n2024-01; 01 ;1 234,50 €\n".encode())
    assert table.frame.iloc[0].tolist() == ["2024-01", " 01 ", "1 234,50 €"]
    assert table.tidy["Code"].iloc[0] == "01"
    assert table.tidy["Prestations"].iloc[0] == 1234.5


def test_a_path_gives_its_name(tmp_path):
    path = tmp_path / "export.csv"
    path.write_bytes(write(truth()))
    assert read_table(path).name == "export.csv"
    assert read_table(path, name="Janvier").name == "Janvier"


GOLDEN = """Export du 12/03/2024
Périmètre : tous contrats

Mois;Poste;Prestations;Commentaire
janv.-24;Optique;1 234,50 €;

févr.-24;Optique;(5,25) €;régularisation
févr.-24;Dentaire;n.d.;"ligne 1
ligne 2"
mars-24;Dentaire;abc;
mars-24;Dentaire;12,00
avr.-24;Dentaire;12,00;a;b
31/02/2024;Dentaire;12,00;
avr.-24;Pharmacie;3,00;
Total;;1 232,25;
;;;
Source : système de gestion
"""


def test_a_file_as_people_make_them():
    table = read_table(GOLDEN.encode("cp1252"))
    assert table.lines.tolist() == [5, 7, 8, 14]
    assert table.tidy["Prestations"].tolist()[:2] == [1234.5, -5.25]
    assert np.isnan(table.tidy["Prestations"].iloc[2])
    assert table.frame["Commentaire"].iloc[2] == "ligne 1\nligne 2"
    reasons = dict(zip(table.rejected["ligne"], table.rejected["raison"], strict=True))
    assert reasons == {
        10: "ce n’est pas un nombre à virgule décimale",
        11: "3 cellules au lieu de 4",
        12: "5 cellules au lieu de 4",
        13: "ce n’est pas une date",
    }
    assert table.rejected.set_index("ligne").loc[10, ["colonne", "valeur"]].tolist() == ["Prestations", "abc"]
    assert table.left_out["ligne"].tolist() == [1, 2, 3, 6, 15, 16, 17]
    assert table.left_out.set_index("ligne").loc[15, "raison"] == "ligne de total"
    assert table.dialect["header_rows"] == (4,)


def test_a_column_where_everything_is_total_is_not_a_total_row():
    table = read_table(b"mois;sexe;prestations\n2024-01;Total;5\n2024-02;Total;6\n")
    assert len(table.tidy) == 2


@pytest.mark.parametrize(
    ("content", "words", "line"),
    [
        ("", "vide", 1),
        ("Madame, Monsieur,\n\nVeuillez trouver ci-joint nos chiffres.\n\nCordialement,\n", "suivi|lue", None),
        ("mois,poste,prestations\n2024-01,optique,12,50\n2024-02,optique,13,50\n", "3 colonnes", 1),
        ("mois;prestations\n2024-01;5\n2024-02;abc\n\x00;1\n", "binaires", 4),
    ],
)
def test_wrong_files_say_where_and_what_to_do(content, words, line):
    with pytest.raises(ReadError, match=words) as caught:
        read_table(content.encode())
    assert line is None or caught.value.ligne == line
    assert caught.value.ligne
    assert caught.value.remede


@pytest.mark.parametrize("content", ["mois;poste;prestations\n", "mois;poste;prestations\n;;\n", "bonjour\nle monde\n"])
def test_titles_without_lines_are_an_empty_table_that_is_refused_when_data_is_wanted(content):
    table = read_table(content.encode())
    assert len(table.tidy) == len(table.frame) == len(table.lines) == 0
    with pytest.raises(ReadError, match="aucune donnée") as caught:
        refuse_empty(table)
    assert caught.value.remede


def test_titles_met_twice_or_absent_are_numbered():
    table = read_table(b"mois;mois;;prestations\n2024-01;2024-02;x;5\n2024-02;2024-03;y;6\n")
    assert table.tidy.columns.tolist() == ["mois", "mois (2)", "Colonne 3", "prestations"]
    assert table.tidy["mois (2)"].dt.month.tolist() == [2, 3]


def test_a_file_without_titles_is_read_and_it_is_said():
    table = read_table(b"2024-01;optique;12,5\n2024-02;dentaire;13,5\n")
    assert table.tidy.columns.tolist() == ["Colonne 1", "Colonne 2", "Colonne 3"]
    assert table.tidy["Colonne 3"].tolist() == [12.5, 13.5]
    assert table.lines.tolist() == [1, 2]
    assert "conformite.sans_titres" in set(table.findings["code"])


def test_one_line_that_cannot_be_read_is_rejected_alone():
    table = read_table(b"mois;prestations\nx;5\ny;abc\nz;6\nzz;7\n\n;;;\n")
    assert table.rejected["ligne"].tolist() == [3]


def test_a_quote_never_closed_loses_no_line():
    content = 'mois;poste;prestations\n2024-01;optique;5\n2024-01;"dentaire;6\n2024-02;dentaire;6\n'
    table = read_table(content.encode())
    assert sorted([*table.lines, *table.rejected["ligne"]]) == [2, 3, 4]
    assert table.tidy["prestations"].iloc[[0, -1]].tolist() == [5, 6]


@pytest.mark.parametrize("missing", ["NC", "n.d.", "-", "#N/A"])
def test_a_missing_value_on_the_first_line_is_no_title(missing):
    content = f"mois;poste;prestations\n2024-01;optique;{missing}\n2024-02;dentaire;5,5\n2024-03;dentaire;6,5\n"
    table = read_table(content.encode())
    assert table.lines.tolist() == [2, 3, 4]
    assert table.tidy["prestations"].isna().tolist() == [True, False, False]


def test_whole_numbers_with_points_follow_the_rest_of_the_file():
    content = b"mois;actes;prestations\n2024-01;25;1.234,56\n2024-02;1.893;12,50\n2024-03;58.260;1,25\n2024-04;7;3,00\n"
    assert read_table(content).tidy["actes"].tolist() == [25, 1893, 58260, 7]
    alone = read_table(content.replace(b",56", b"").replace(b",", b""))
    assert "decimale:actes" in {q.key for q in alone.questions}


def test_a_sheet_of_a_text_file_is_refused():
    with pytest.raises(ReadError, match="feuilles"):
        read_table(write(truth()), sheet="Feuil1")


def test_an_ambiguous_column_stays_text_until_answered():
    content = b"mois;prestations\n2024-01;1.234\n2024-02;2.500\n"
    table = read_table(content)
    assert [q.key for q in table.questions] == ["decimale:prestations"]
    assert isinstance(table.tidy["prestations"].dtype, pd.CategoricalDtype)
    assert read_table(content, answers={"decimale:prestations": "virgule"}).tidy["prestations"].tolist() == [1234, 2500]
    assert read_table(content, answers={"decimale:prestations": "point"}).tidy["prestations"].tolist() == [1.234, 2.5]


def test_the_rest_of_the_file_settles_a_column_and_it_is_said():
    table = read_table(b"mois;prestations;quantite\n2024-01;12,5;1.234\n2024-02;3,25;2.500\n")
    assert table.tidy["quantite"].tolist() == [1234, 2500]
    assert "exactitude.milliers" in set(table.findings["code"])


def test_day_first_is_supposed_and_said():
    table = read_table(b"date;prestations\n03/04/2024;1\n05/06/2024;2\n")
    assert table.tidy["date"].dt.month.tolist() == [4, 6]
    assert "conformite.ordre_date" in set(table.findings["code"])
    assert [q.key for q in table.questions] == ["ordre_date:date"]
    other = read_table(b"date;prestations\n03/04/2024;1\n05/06/2024;2\n", answers={"ordre_date:date": "mois_jour"})
    assert other.tidy["date"].dt.month.tolist() == [3, 5]


CELLS = st.one_of(
    st.sampled_from(
        [
            "",
            " ",
            "12,5",
            "-3",
            "1 234,50",
            "abc",
            "inf",
            "nan",
            "2024-01",
            "31/12/2023",
            "Total",
            "Optique",
            "#N/A",
            "1.5",
        ]
    ),
    st.text(st.characters(exclude_characters='"\r\x00', exclude_categories=["Cs", "Cc"]), max_size=6),
)


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.lists(CELLS, min_size=1, max_size=5), max_size=25),
    st.sampled_from([";", "\t", "|", ","]),
    st.booleans(),
)
def test_every_line_is_accepted_rejected_or_left_out(rows, separator, quoted):
    lines = [separator.join(["mois", "poste", "prestations"])] + [separator.join(["2024-01", "Optique", "1"])] * 40
    for row in rows:
        cells = [f'"{c}"' if quoted else c for c in row]
        lines.append(separator.join(cells).replace("\n", " "))
    table = read_table(("\n".join(lines) + "\n").encode())
    numbers = [*table.lines, *table.rejected["ligne"], *table.left_out["ligne"]]
    assert sorted(numbers) == list(range(2, len(lines) + 1))
    assert len(table.frame) == len(table.tidy) == len(table.lines)
    assert (table.rejected["raison"] != "").all()
    numeric = table.tidy.select_dtypes("number")
    assert not np.isinf(numeric.to_numpy(dtype=float)).any()


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_round_trip_under_a_random_dialect(data):
    name = data.draw(st.sampled_from(sorted(DIALECTS)))
    amounts = data.draw(st.lists(st.integers(-(10**9), 10**9), min_size=3, max_size=12))
    frame = pd.DataFrame(
        {"Mois": [MONTHS[i % 12] for i in range(len(amounts))], "Poste": "Médecine, générale", "Quantité": 1}
    )
    frame["Remboursé (€)"] = [a / 100 for a in amounts]
    table = read_table(write(frame, **DIALECTS[name]))
    assert np.rint(table.tidy.iloc[:, 3] * 100).astype("int64").tolist() == amounts
    assert (table.tidy["Mois"].to_numpy() == frame["Mois"].to_numpy()).all()


def test_a_large_file_is_read_column_by_column():
    """200,000 lines in fewer Python calls than lines: nothing is done cell by cell."""
    rng = np.random.default_rng(0)
    amounts = rng.integers(0, 10**7, 200_000)
    body = "\n".join(f"2024-{1 + i % 12:02d};Optique;{a // 100},{a % 100:02d}" for i, a in enumerate(amounts))
    content = f"mois;poste;prestations\n{body}\n".encode()
    profile = cProfile.Profile()
    table = profile.runcall(read_table, content)
    assert round(table.tidy["prestations"].sum() * 100) == amounts.sum()
    assert sum(entry.callcount for entry in profile.getstats()) < 200_000


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        ('2024-01;"dentaire;12,5', '"dentaire'),
        ('2024-01; "dentaire;12,5', ' "dentaire'),
        ('2024-01;dent"aire;12,5', ""),
    ],
)
@pytest.mark.parametrize("first", [True, False])
def test_a_quote_that_is_never_closed_stays_in_its_cell_and_is_told(line, kept, first):
    others = [f"2023-{m:02d};optique;{m}0,5" for m in range(1, 13)]
    lines = [line, *others] if first else [*others, line]
    table = read_table("\n".join(["mois;poste;prestations", *lines]).encode())
    assert (len(table.tidy), len(table.rejected)) == (13, 0)
    told = table.findings.query("code == 'conformite.guillemet'")
    place = [(lines.index(line) + 2, "poste", kept)] if kept else []
    assert list(told[["ligne", "colonne", "valeur"]].itertuples(index=False, name=None)) == place
    assert (told["remede"] != "").all()
    if kept:
        assert table.frame.loc[lines.index(line), "poste"] == kept
