"""Real French public files, unmodified: expected readings cell by cell, the others read or asked about."""

from __future__ import annotations

import pandas as pd
import pytest

from data import read_table

FOLDER = "messy_fr"
FILES = {
    "01": "01_insee_population_region_age_2024.csv",
    "02": "02_correspondance_rpps_damir_mixte.csv",
    "07": "07_drees_oarsa_2015_2018.xlsx",
    "12": "12_insee_valeurs_trimestrielles_chomage.csv",
    "13": "13_insee_caracteristiques_chomage.csv",
    "18": "18_grdf_dju_mensuel.csv",
    "19": "19_bruxelles_hotels_latin1.csv",
    "20": "20_datagouv_irve_latin1.csv.txt",
}


@pytest.fixture(scope="module")
def folder(request):
    return request.getfixturevalue("shared") / FOLDER


@pytest.fixture(scope="module")
def tables(folder):
    return {number: read_table(folder / name) for number, name in FILES.items()}


def expected(folder, name: str, **options) -> pd.DataFrame:
    return pd.read_csv(folder / "attendu" / name, **options)


def as_cells(frame: pd.DataFrame, keys: list[str], values: list[str]) -> dict[tuple, tuple]:
    """Values by key; a key met twice is a fault."""
    rows = frame[[*keys, *values]].astype(dict.fromkeys(keys, "object")).itertuples(index=False, name=None)
    cells: dict[tuple, tuple] = {}
    for row in rows:
        key = tuple(str(v) for v in row[: len(keys)])
        assert key not in cells, key
        cells[key] = tuple(None if v != v else round(float(v), 9) for v in row[len(keys) :])
    return cells


def test_population_by_region_sex_and_age_is_exact_and_counted_once(folder, tables):
    truth = expected(folder, "01_attendu.csv").query("est_total == 0")
    keys = list(tables["01"].tidy.columns)
    assert keys == ["Régions", "sexe", "tranche_age", "valeur"]
    named = truth.rename(columns=dict(zip(truth.columns, keys, strict=False)))
    assert as_cells(tables["01"].tidy, keys[:3], keys[3:]) == as_cells(named, keys[:3], keys[3:])
    assert tables["01"].tidy["valeur"].sum() == 68_605_616
    assert tables["01"].questions == ()


def test_one_quarterly_series_is_exact_and_the_flags_are_left_out(folder, tables):
    truth = expected(folder, "12_france_metro_attendu.csv", parse_dates=["date"])
    tidy = tables["12"].tidy
    series = tidy[tidy["idBank"].astype("str") == "001515842"]
    assert tables["12"].wide.periode == "trimestre"
    assert as_cells(series, ["trimestre"], ["valeur"]) == as_cells(truth, ["date"], ["valeur"])
    assert tables["12"].left_out["raison"].unique().tolist() == ["ligne de codes, sans valeur"]
    assert len(tables["12"].left_out) == 111
    assert tidy["idBank"].nunique() * 167 == len(tidy)
    assert tables["12"].questions == ()


def test_months_in_columns_are_exact_and_the_zeros_to_come_are_asked(folder, tables):
    truth = expected(folder, "18_attendu.csv", parse_dates=["date"])
    sure = truth[truth["suspect"] == 0]
    tidy = tables["18"].tidy
    suspect = tidy["mois"].isin(truth.loc[truth["suspect"] == 1, "date"])
    assert as_cells(tidy[~suspect], ["mois"], ["valeur"]) == as_cells(sure, ["date"], ["dju"])
    assert tidy.loc[suspect, "valeur"].isna().all()
    assert suspect.sum() == 6
    assert [q.key for q in tables["18"].questions] == ["zero_manquant:valeur"]
    kept = read_table(folder / FILES["18"], answers={"zero_manquant:valeur": "zero"})
    assert as_cells(kept.tidy, ["mois"], ["valeur"]) == as_cells(truth, ["date"], ["dju"])
    assert kept.questions == ()


def test_a_belgian_file_in_latin1_is_exact(folder, tables):
    truth = expected(folder, "19_serie_all_attendu.csv", parse_dates=["Date"])
    values = ["Occupancy rate", "Average Price", "RevPAR"]
    tidy = tables["19"].tidy
    both = (tidy["Classement"].astype("str") == "All") & (tidy["Quartier"].astype("str") == "All")
    assert as_cells(tidy[both], ["Date"], values) == as_cells(truth, ["Date"], values)
    assert len(tidy) == 638
    assert tables["19"].questions == ()


def test_mixed_bytes_are_read_and_told(tables):
    table = tables["02"]
    assert (len(table.tidy), len(table.rejected)) == (71, 0)
    cells = [*table.frame.columns, *table.frame.to_numpy().ravel()]
    # Lines hold both encodings, cell by cell: every accent of the file is one of these two, or a character was misread.
    assert {char for cell in cells for char in cell if not char.isascii()} == {"é", "è"}
    assert len([cell for cell in cells if not cell.isascii()]) == 50
    assert table.frame["col_damir_r"].iloc[1] == "02-TOTAL Anesthésie-réanimation chirurgicale"
    assert table.frame.iloc[1].tolist().count("Anesthésie-réanimation") == 1
    assert "conformite.encodage" in set(table.findings["code"])


def test_a_workbook_of_many_sheets_is_asked_about(folder, tables):
    question = next(q for q in tables["07"].questions if q.key == "feuille")
    assert len(question.choices) == 22
    by_name = read_table(folder / FILES["07"], sheet="Tableau B1")
    by_answer = read_table(folder / FILES["07"], answers={"feuille": "Tableau B1"})
    pd.testing.assert_frame_equal(by_name.tidy, by_answer.tidy)
    assert [q.key for q in by_name.questions] == ["forme"]
    assert by_name.dialect["header_rows"] == (5,)
    assert by_name.tidy.iloc[0].tolist() == ["01-Ain", 85.0, 84.0, 83.0, 86.0]
    long = read_table(folder / FILES["07"], sheet="Tableau B1", answers={"forme": "long"})
    assert long.tidy.columns.tolist() == ["Département/territoire", "annee", "valeur"]
    assert len(long.tidy) == 4 * len(by_name.tidy)


def test_merged_labels_are_repeated_down_not_sideways(tables):
    frame = tables["07"].frame
    assert tables["07"].dialect["sheet"] == "Tableau A1"
    assert frame.iloc[:, 1].tolist()[:3] == ["", "… de moins 6 mois", "… comprise entre 6 mois et moins de 1 an"]
    assert frame.iloc[1, 0] == frame.iloc[2, 0] == frame.iloc[3, 0] != frame.iloc[0, 0]
    assert frame.iloc[3, 2:].tolist() == ["85", "87", "88", "89"]


def test_codes_and_a_legend_below(tables):
    table = tables["13"]
    assert (len(table.tidy), len(table.rejected)) == (115, 0)
    assert table.tidy["idBank"].iloc[0] == "001515842"
    assert set(table.left_out["raison"]) == {"ligne vide", "texte hors du tableau"}


def test_points_of_charge(tables):
    table = tables["20"]
    assert (len(table.tidy), len(table.rejected), len(table.left_out)) == (882, 0, 0)
    assert table.tidy["code_insee"].iloc[0] == "2B033"
    assert table.tidy["date_maj"].iloc[0] == pd.Timestamp("2020-12-15")
    assert table.tidy["Xlongitude"].iloc[0] == 9.43103
    assert table.frame["ad_station"].iloc[0] == "Allée du Ninu 20600 Bastia"


def test_every_line_is_accounted_for(tables):
    for number, table in tables.items():
        lines = [*table.lines.unique(), *table.rejected["ligne"], *table.left_out["ligne"]]
        assert sorted([*lines, *table.dialect["header_rows"]]) == list(range(1, table.dialect["lignes"] + 1)), number
        assert len(table.texts) == len(table.tidy) == len(table.lines), number
        assert list(table.texts.columns) == list(table.tidy.columns), number
