"""The files of a crossed table, read back: numbers that add up, formulas that give them again, texts that stay texts.

Change that must turn this red: `data_type = "s"` dropped in `workbook._put`, `masked.any()` in `_adds_up`, or
`to_cents` not called in `workbook._write_sums`.
"""

from __future__ import annotations

import io
import re
from dataclasses import replace

import numpy as np
import openpyxl
import pandas as pd
import pytest

from analytics.descriptive.pivot import compute_grid
from analytics.descriptive.pivot_cube import MONTH, YEAR, build_cube
from analytics.descriptive.pivot_layout import lay_out
from analytics.descriptive.pivot_secrecy import secret_pattern
from analytics.disclosure import REASON
from charts.theme import SIMULATED
from reports import cents
from reports.table import pivot_to_csv
from reports.workbook import DEFINITIONS, TABLE, Words, pivot_to_xlsx
from tests.samples import make_dataset

HOSTILE = '=HYPERLINK("http://x";"A")'
AXES = ("region", "contrat", YEAR)
SPLIT = ("region", "contrat")


def make(key="prestation", axes=AXES, *, dataset=None, shared=False, **options):
    cube = build_cube(dataset or make_dataset(24, seed=1))
    pattern = secret_pattern(cube, axes) if shared else None
    return lay_out(compute_grid(cube, key, axes, pattern=pattern), colonne=axes[-1] == YEAR or axes == SPLIT, **options)


def words(pivot, *, is_demo=False):
    heads = tuple(a.capitalize() for a in pivot.lignes)
    names = {m: m.capitalize() for m in pivot.mesures}
    return Words("Un tableau", heads, names, [("Définition", "=1+1")], is_demo)


def hostile_dataset(small=False):
    base = make_dataset(24, seed=1)
    renamed = [
        t.assign(region=t["region"].replace({"A": HOSTILE, "C": "+ter"})) for t in (base.cotisation, base.prestation)
    ]
    if small:
        few = (renamed[0]["region"] == "+ter") & (renamed[0]["contrat"] == "collectif")
        renamed[0].loc[few, "beneficiaires"] = 4.0
    return replace(base, cotisation=renamed[0], prestation=renamed[1])


# --- CSV ----------------------------------------------------------------------------------------------------------


def read_back(content):
    assert content.startswith(b"\xef\xbb\xbf")
    return pd.read_csv(io.BytesIO(content), sep=";", decimal=",", encoding="utf-8-sig")


def test_the_csv_adds_up_to_the_cent():
    dataset = make_dataset(24, seed=1)
    table = read_back(pivot_to_csv(make(dataset=dataset), ("Région", "Contrat")))
    details = table[(table["Contrat"] != "Total") & table["Contrat"].notna()]
    assert list(table.columns) == ["Région", "Contrat", "2020", "2021", "Total"]
    assert (
        round(details["Total"].sum(), 2) == table["Total"].iloc[-1] == round(dataset.prestation["prestation"].sum(), 2)
    )
    assert np.allclose(details["2020"] + details["2021"], details["Total"], atol=1e-9)


def test_a_rate_has_a_decimal_comma_and_simulated_data_say_so():
    text = pivot_to_csv(make("ratio_pc"), ("Région", "Contrat"), is_demo=True).decode("utf-8-sig")
    assert re.search(r";0,4\d{5,}", text)
    assert "." not in text
    assert all(line.endswith(f";{SIMULATED}") for line in text.splitlines()[1:])


def test_no_text_of_a_file_is_a_formula_in_the_csv():
    text = pivot_to_csv(make(dataset=hostile_dataset()), ("=titre", "Contrat")).decode("utf-8-sig")
    cells = [cell.strip('"') for line in text.splitlines() for cell in re.split(r';(?=(?:[^"]*"[^"]*")*[^"]*$)', line)]
    assert "'+ter" in cells
    assert not [c for c in cells if c.startswith(("=", "+", "@"))]


def test_columns_of_the_same_name_are_all_kept():
    dataset = make_dataset(24)
    twin = replace(dataset, value_labels={"poste": {"dentaire": "Total", "optique": "Region"}})
    pivot = lay_out(compute_grid(build_cube(twin), "prestation", ("region", "poste")), colonne=True)
    table = read_back(pivot_to_csv(pivot, ("Region",)))
    assert list(table.columns) == ["Region", "Total", "Region (2)", "pharmacie", "Total (2)"]
    assert len(table.columns) == 5


# --- workbook -----------------------------------------------------------------------------------------------------


def opened(pivot, **options):
    return openpyxl.load_workbook(io.BytesIO(pivot_to_xlsx(pivot, words(pivot, **options))))


def evaluate(book, sheet, cell):
    """Value of a cell, its formulas worked out: SUM, IF, four operations and references."""
    content = book[sheet][cell].value
    if not (isinstance(content, str) and book[sheet][cell].data_type == "f"):
        return content

    def number(reference):
        found = re.fullmatch(r"(?:'([^']*)'!)?([A-Z]+\d+)", reference)
        value = evaluate(book, found[1] or sheet, found[2])
        return 0.0 if value is None or isinstance(value, str) else float(value)

    def area(text):
        if ":" not in text:
            return number(text)
        return sum(number(c.coordinate) for row in book[sheet][text] for c in row)

    formula = content[1:]
    conditional = re.fullmatch(r'IF\((.+?)=0,"",(.+)\)', formula)
    if conditional:
        formula = conditional[2]
    while "SUM(" in formula:
        formula = re.sub(r"SUM\(([^()]*)\)", lambda m: repr(sum(area(p) for p in m[1].split(","))), formula)
    formula = re.sub(r"(?:'[^']*'!)?\b[A-Z]+\d+\b", lambda m: repr(number(m[0])), formula)
    assert re.fullmatch(r"[\d.e+\-*/() ]+", formula), formula
    return eval(formula)


SPLIT_BY_POSTE = ("prestation", "consommation", "frequence", "reste_a_charge_moyen")  # premiums are not
BY_REGION = (*SPLIT_BY_POSTE, "ratio_pc", "resultat_technique")


@pytest.mark.parametrize(
    ("key", "axes"),
    [(k, a) for k in BY_REGION for a in (("region", YEAR), AXES)]
    + [(k, a) for k in SPLIT_BY_POSTE for a in (("poste", "region"), ("poste",))],
)
def test_the_formulas_give_the_table_again(key, axes):
    pivot = make(key, axes, garder=1)
    book = opened(pivot)
    assert book.sheetnames[0] == TABLE
    assert book.sheetnames[-1] == DEFINITIONS
    left, formulas = len(pivot.lignes) + 1, 0
    for i, row in enumerate(pivot.valeur):
        for j, value in enumerate(row):
            cell = book[TABLE].cell(5 + i, left + j)
            assert evaluate(book, TABLE, cell.coordinate) == pytest.approx(value, rel=1e-9)
            formulas += cell.data_type == "f"
    assert formulas >= len(pivot.columns)


def test_totals_are_sums_and_ratios_divide_cells():
    table = opened(make())[TABLE]
    assert table["E5"].value == "=SUM(C5:D5)"
    assert table["C7"].value == "=SUM(C5:C6)"
    assert table["C14"].value == "=SUM(C7,C10,C13)"
    ratio = opened(make("ratio_pc"))
    assert ratio[TABLE]["C5"].value == "=IF('Cotisation'!C5=0,\"\",'Prestation'!C5/'Cotisation'!C5)"
    assert ratio["Prestation"]["C14"].value == "=SUM(C7,C10,C13)"
    assert ratio[TABLE]["C5"].number_format == "0.0%"


def test_a_changed_cell_changes_its_totals():
    pivot = make()
    book = opened(pivot)
    before = evaluate(book, TABLE, "E14")
    book[TABLE]["C5"].value += 1000
    assert evaluate(book, TABLE, "E14") == pytest.approx(before + 1000)


def test_texts_of_the_file_stay_texts():
    book = opened(make(dataset=hostile_dataset()))
    cells = [c for sheet in book for row in sheet.iter_rows() for c in row if isinstance(c.value, str)]
    assert any(c.value == HOSTILE for c in cells)
    for cell in cells:
        if cell.data_type == "f":
            assert re.fullmatch(r"=[A-Z0-9:,()]+", cell.value), cell.value
    assert book[DEFINITIONS]["B1"].data_type == "s"


def test_a_name_that_a_sheet_refuses_is_changed():
    pivot = make("ratio_pc")
    names = {"prestation": "Pay[é]/*:?\\ 'net' beaucoup trop long pour un onglet", "cotisation": "\x01définitions"}
    content = pivot_to_xlsx(pivot, replace(words(pivot), measures=names))
    sheets = openpyxl.load_workbook(io.BytesIO(content)).sheetnames
    assert len({s.casefold() for s in sheets}) == 4
    assert all(len(s) <= 31 for s in sheets)


def test_simulated_data_say_so_on_every_sheet():
    book = opened(make("ratio_pc"), is_demo=True)
    for sheet in book:
        assert any(SIMULATED in str(c.value) for row in sheet.iter_rows() for c in row), sheet.title


# --- completed data: fractions of a cent --------------------------------------------------------------------------


def with_fractions(months=24, seed=3):
    base = make_dataset(months, seed=1)
    rng = np.random.default_rng(seed)
    factor = np.where(base.prestation["mois"] >= base.months[-8], rng.uniform(1.0, 1.3, len(base.prestation)), 1.0)
    return replace(base, prestation=base.prestation.assign(prestation=base.prestation["prestation"] * factor))


@pytest.mark.parametrize("axes", [("region",), ("region", YEAR), ("region", "poste"), ("region", "poste", MONTH)])
@pytest.mark.parametrize("key", ["prestation", "resultat_technique"])
@pytest.mark.parametrize("most", [20_000, 0])
def test_amounts_are_in_cents_and_still_add_up(key, axes, most, monkeypatch):
    if key == "resultat_technique" and "poste" in axes:
        axes = tuple("contrat" if a == "poste" else a for a in axes)
    monkeypatch.setattr(cents, "_MOST_CELLS", most)
    cube = build_cube(with_fractions())
    pivot = lay_out(compute_grid(cube, key, axes), colonne=axes[-1] in (YEAR, MONTH), garder=2)
    content = pivot_to_csv(pivot, tuple(pivot.lignes)).decode("utf-8-sig")
    rows = [line.split(";")[len(pivot.lignes) :] for line in content.splitlines()[1:]]
    assert all(re.fullmatch(r"-?\d+,\d\d", cell) for row in rows for cell in row)
    written = np.array([[round(float(c.replace(",", ".")) * 100) for c in row] for row in rows])
    gap = np.abs(written - pivot.valeur * 100)
    assert gap[-1, -1] <= 0.5 + 1e-6  # the grand total is the nearest cent
    assert gap[:, -1].max() < 1.001  # lines and sub-totals less than a cent away
    if most:
        assert gap.max() < 1.001
    for i, line in enumerate(pivot.lines):
        if line.niveau != "detail":
            assert (written[cents.parts_of(pivot, i)].sum(axis=0) == written[i]).all()
    if pivot.colonne:
        assert (written[:, :-1].sum(axis=1) == written[:, -1]).all()
    book, left = opened(pivot), len(pivot.lignes) + 1
    for i, row in enumerate(written):
        for j, amount in enumerate(row):
            value = evaluate(book, TABLE, book[TABLE].cell(5 + i, left + j).coordinate)
            assert value * 100 == pytest.approx(amount, abs=1e-3)
    living = [c for r in book[TABLE].iter_rows() for c in r if c.data_type == "f"]
    assert len(living) >= len(pivot.columns)


def test_whole_cents_are_left_as_they_are():
    pivot = make()
    assert np.array_equal(cents.to_cents(pivot, pivot.valeur), np.round(pivot.valeur, 2))


def test_what_is_masked_or_unknown_stays_so():
    base = with_fractions()
    few = (base.cotisation["region"] == "C") & (base.cotisation["contrat"] == "collectif")
    base.cotisation.loc[few, "beneficiaires"] = 4.0
    shared = make(axes=SPLIT, dataset=base, shared=True)
    assert shared.masque.any()
    exact = cents.to_cents(shared, shared.valeur)
    assert np.array_equal(np.isnan(exact), np.isnan(shared.valeur))
    assert np.nanmax(np.abs(exact - shared.valeur)) < 0.01001


# --- « partage » mode ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["prestation", "ratio_pc", "resultat_technique"])
def test_a_masked_cell_is_nowhere_in_the_files(key):
    dataset = hostile_dataset(small=True)
    whole, shared = make(key, SPLIT, dataset=dataset), make(key, SPLIT, dataset=dataset, shared=True)
    assert shared.masque.any()
    assert not shared.masque.all()
    left, book = len(shared.lignes) + 1, opened(shared)
    places = {line.labels: i for i, line in enumerate(whole.lines)}
    for sheet in book.sheetnames[:-1]:
        for i, row in enumerate(shared.masque):
            for j, masked in enumerate(row):
                value = evaluate(book, sheet, book[sheet].cell(5 + i, left + j).coordinate)
                assert (value == REASON) == bool(masked)
                if not masked and sheet == TABLE:
                    assert value == pytest.approx(whole.valeur[places[shared.lines[i].labels], j])
    assert not np.isfinite(shared.valeur[shared.masque]).any()
    assert not any(np.isfinite(m[shared.masque]).any() for m in shared.mesures.values())
    text = pivot_to_csv(shared, ("Région",)).decode("utf-8-sig")
    assert text.count(REASON) == shared.masque.sum()


def test_no_formula_adds_up_around_a_masked_cell():
    shared = make(axes=SPLIT, dataset=hostile_dataset(small=True), shared=True)
    assert shared.masque.any()
    table, left = opened(shared)[TABLE], len(shared.lignes) + 1
    assert any(c.data_type == "f" for row in table.iter_rows() for c in row)
    for row in table.iter_rows(min_row=5, min_col=left):
        for cell in row:
            if cell.data_type == "f":
                for first, last in re.findall(r"([A-Z]+\d+):([A-Z]+\d+)", cell.value):
                    assert not any(c.value == REASON for line in table[f"{first}:{last}"] for c in line)
