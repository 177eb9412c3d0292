"""Wide tables: every amount of the file is once, and only once, in the long table; what is not settled is asked."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data import read_table

MONTHS = ("janv. 2023", "févr. 2023", "mars 2023", "avr. 2023", "mai 2023", "juin 2023", "juil. 2023", "août 2023",
          "sept. 2023", "oct. 2023", "nov. 2023", "déc. 2023")  # fmt: skip
BARE = ("JAN", "FÉV", "MAR", "AVR", "MAI", "JUN", "JUI", "AOÛ", "SEP", "OCT", "NOV", "DÉC")
TITLES = {
    "court": MONTHS,
    "iso": tuple(f"2023-{m:02d}" for m in range(1, 13)),
    "français": tuple(f"{m:02d}/2023" for m in range(1, 13)),
    "compact": tuple(f"2023{m:02d}" for m in range(1, 13)),
    "jour": tuple(f"01/{m:02d}/2023" for m in range(1, 13)),
    "dernier jour": tuple(f"{pd.Period(f'2023-{m}').days_in_month}/{m:02d}/2023" for m in range(1, 13)),
    "mesure": tuple(f"Prestations {m}" for m in MONTHS),
}
CENTS = st.integers(-(10**9), 10**9)


def text(rows, *, separator=";") -> bytes:
    return "\n".join(separator.join(str(c) for c in row) for row in rows).encode() + b"\n"


def euros(cents: int | None) -> str:
    return "" if cents is None else f"{cents / 100:.2f}".replace(".", ",")


@pytest.mark.parametrize("spelling", TITLES)
@settings(max_examples=15, deadline=None)
@given(st.lists(st.lists(CENTS, min_size=12, max_size=12), min_size=2, max_size=6))
def test_every_amount_is_found_again_under_its_row_and_month(spelling, rows):
    named = [(f"Région {chr(65 + i)}", *map(euros, row)) for i, row in enumerate(rows)]
    answers = {"zero_manquant:valeur": "zero", "zero_manquant:Prestations": "zero"}
    table = read_table(text([("Région", *TITLES[spelling]), *named]), answers=answers)
    value = table.tidy.columns[-1]
    left = set(table.left_out["ligne"])
    back = table.tidy.pivot(index="Région", columns="mois", values=value)
    for i, row in enumerate(rows):
        if i + 2 in left:  # rows of zeros, or that happen to add up their neighbours
            continue
        assert np.rint(back.loc[f"Région {chr(65 + i)}"].to_numpy() * 100).astype(int).tolist() == row
    assert (table.tidy.groupby(table.lines.to_numpy()).size() == 12).all()
    assert table.texts[value].tolist() == table.frame.iloc[:, 1:].to_numpy().ravel().tolist()


def test_year_in_the_rows_and_months_in_the_header():
    rows = [("Année", *BARE, "Total")]
    for year in (2024, 2023, 2022):
        amounts = [year + m for m in range(12)]
        rows.append((year, *amounts, sum(amounts)))
    table = read_table(text(rows))
    assert table.questions == ()
    assert table.wide.aside == ("Total",)
    assert table.tidy.columns.tolist() == ["mois", "valeur"]
    found = dict(zip(table.tidy["mois"].dt.strftime("%Y-%m"), table.tidy["valeur"], strict=True))
    assert found == {f"{y}-{m + 1:02d}": float(y + m) for y in (2024, 2023, 2022) for m in range(12)}


def test_the_year_of_bare_months_is_asked_or_comes_from_the_title():
    rows = [("Région", *BARE), *((r, *range(10, 22)) for r in ("Corse", "Bretagne"))]
    asked = read_table(text(rows), name="export.csv")
    assert [q.key for q in asked.questions] == ["annee"]
    assert asked.wide is None
    for told in (
        read_table(text(rows), answers={"annee": "2021"}),
        read_table(text(rows), name="prestations_2021.csv"),
        read_table(text([("Prestations de l’année 2021",), *rows])),
    ):
        assert told.tidy["mois"].min() == pd.Timestamp(2021, 1, 1)
        assert told.tidy["mois"].max() == pd.Timestamp(2021, 12, 1)


@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize("last", [12, 13])
def test_columns_of_delays_are_no_months(first, last):
    """A triangle: the rows have their own month, the columns count the months that went by."""
    rows = [("Mois de soins", *range(first, last + 1))]
    rows += [(f"2023-{m:02d}", *range(10 * m, 10 * m + last + 1 - first)) for m in range(1, 13)]
    table = read_table(text(rows))
    assert table.wide is None
    assert table.questions == ()
    assert table.dialect["header_rows"] == (1,)
    assert table.tidy["1"].tolist() == [10 * m + 1 - first for m in range(1, 13)]


def test_columns_that_count_beyond_twelve_are_no_months():
    table = read_table(text([("Région", *range(1, 41)), ("Corse", *range(10, 50)), ("Bretagne", *range(20, 60))]))
    assert (table.wide, table.questions) == (None, ())


@pytest.mark.parametrize("titles", [("janvier", "février", "mars", "avril"), ("Optique", "Dentaire", "Soins", "Actes")])
@pytest.mark.parametrize("start", [0, 1])
def test_a_first_row_that_counts_up_is_a_row_of_values(titles, start):
    rows = [("", *titles), ("Corse", *range(start, start + 4)), ("Bretagne", 5, 9, 7, 8), ("Normandie", 4, 4, 2, 1)]
    table = read_table(text(rows))
    assert table.dialect["header_rows"] == (1,)
    assert table.frame.iloc[0].tolist() == ["Corse", *map(str, range(start, start + 4))]


@pytest.mark.parametrize("spelling", ["2023-T{q}", "T{q} 2023", "2023T{q}", "{q}T2023", "Trim. {q} 2023"])
def test_quarters(spelling):
    rows = [("Région", *(spelling.format(q=q) for q in range(1, 5))), ("Corse", 1, 2, 3, 4), ("Bretagne", 5, 6, 7, 8)]
    table = read_table(text(rows))
    assert table.wide.periode == table.dialect["periode"] == "trimestre"
    assert table.tidy.columns[1] == "trimestre"
    assert table.tidy.iloc[:4, 1].tolist() == [pd.Timestamp(2023, m, 1) for m in (1, 4, 7, 10)]


def test_postes_and_their_total_column():
    rows = [("Mois", "Optique", "Dentaire", "Pharmacie", "Total")]
    rows += [(f"2023-{m:02d}", m, 2 * m, 3 * m, 6 * m) for m in range(1, 13)]
    table = read_table(text([*rows, ("Total", 78, 156, 234, 468)]))
    assert table.wide.variables == ("poste",)
    assert table.tidy["valeur"].sum() == 468
    assert table.left_out["raison"].tolist() == ["ligne de total"]
    assert "conformite.colonnes_de_total" in set(table.findings["code"])


def test_a_total_that_adds_up_nothing_is_asked_about():
    rows = [("Région", "Optique", "Dentaire", "Pharmacie", "Total"), ("Corse", 1, 2, 3, 60), ("Bretagne", 4, 5, 6, 99)]
    table = read_table(text(rows))
    assert [q.key for q in table.questions] == ["total:Total"]
    assert "exactitude.total_faux" in set(table.findings["code"])
    kept = read_table(text(rows), answers={"total:Total": "garder"})
    assert kept.tidy["valeur"].sum() == table.tidy["valeur"].sum() + 159


def test_two_header_rows_of_values():
    rows = [
        ("", "Hommes", "", "", "Femmes", "", ""),
        ("Région", "0 à 19 ans", "20 à 59 ans", "60 ans et plus", "0 à 19 ans", "20 à 59 ans", "60 ans et plus"),
        ("Corse", *range(1, 7)),
        ("Bretagne", *range(11, 17)),
        ("Normandie", *range(21, 27)),
    ]
    table = read_table(text(rows))
    assert table.tidy.columns.tolist() == ["Région", "sexe", "tranche_age", "valeur"]
    one = table.tidy.query("Région == 'Bretagne' and sexe == 'Femmes' and tranche_age == '20 à 59 ans'")
    assert one["valeur"].tolist() == [15]


def test_measures_under_months():
    rows = [
        ("", "2023-01", "", "2023-02", ""),
        ("Région", "Cotisations", "Prestations", "Cotisations", "Prestations"),
        ("Corse", 10, 7, 11, 8),
        ("Bretagne", 20, 17, 21, 18),
    ]
    table = read_table(text(rows))
    assert table.tidy.columns.tolist() == ["Région", "mois", "Cotisations", "Prestations"]
    assert table.tidy["Prestations"].tolist() == [7, 8, 17, 18]


def test_a_row_of_units_is_no_variable_nor_data():
    rows = [("Mois", "Poste", "Prestations", "Actes"), ("", "", "en euros", "en nombre"), ("2023-01", "Optique", 5, 6)]
    rows += [("2023-02", "Dentaire", 7, 8), ("2023-03", "Dentaire", 9, 8)]
    table = read_table(text(rows))
    assert table.wide is None
    assert table.tidy.iloc[:, 2].tolist() == [5, 7, 9]
    assert len(table.rejected) == 0


def test_years_in_columns_are_asked_and_only_the_shape_depends_on_it():
    rows = [("Région", 2021, 2022, 2023), ("Corse", 1.5, 2.5, 3.5), ("Bretagne", 4.5, 5.5, 6.5)]
    table = read_table(text(rows, separator=";").replace(b".", b","))
    assert [q.key for q in table.questions] == ["forme"]
    long = read_table(text(rows).replace(b".", b","), answers={"forme": "long"})
    assert long.tidy["valeur"].sum() == table.tidy.iloc[:, 1:].to_numpy().sum() == 24
    assert long.tidy["annee"].tolist() == ["2021", "2022", "2023"] * 2


def test_zeros_of_the_last_months_are_missing_until_told_otherwise():
    rows = [("Région", *MONTHS), ("Corse", *range(1, 10), 0, 0, 0), ("Bretagne", *range(11, 20), 0, 0, 0)]
    table = read_table(text(rows))
    assert [q.key for q in table.questions] == ["zero_manquant:valeur"]
    assert table.tidy["valeur"].isna().sum() == 6
    assert table.texts["valeur"].tolist().count("0") == 6
    kept = read_table(text(rows), answers={"zero_manquant:valeur": "zero"})
    assert (kept.tidy["valeur"] == 0).sum() == 6
    assert kept.tidy["valeur"].sum() == table.tidy["valeur"].sum()


@pytest.mark.parametrize("note", ["Source : système de gestion", "(1) Hors Mayotte", "* données provisoires"])
@pytest.mark.parametrize("padding", ["", ";" * 12])
def test_foot_notes_are_left_out(note, padding):
    rows = [("Région", *MONTHS), ("Corse", *range(1, 13)), ("Bretagne", *range(11, 23))]
    table = read_table(text(rows) + f"{note}{padding}\n".encode())
    assert table.left_out[["ligne", "raison"]].to_numpy().tolist() == [[4, "texte hors du tableau"]]
    assert table.tidy["valeur"].sum() == sum(range(1, 13)) + sum(range(11, 23))


def test_keeping_the_shape_is_an_answer():
    rows = [("Région", *MONTHS), ("Corse", *range(1, 13)), ("Bretagne", *range(11, 23))]
    table = read_table(text(rows), answers={"forme": "colonnes"})
    assert table.wide is None
    assert table.tidy.columns.tolist() == ["Région", *MONTHS]
    assert table.texts is table.frame
