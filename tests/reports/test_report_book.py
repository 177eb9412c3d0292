"""The workbook read back: formulas worked out by another program give the numbers shown; texts stay texts.

Change that must turn this red: a term of `_written` turned round, `TOP` shifted, `put` not used for a text.
"""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import warnings

import numpy as np
import openpyxl
import pytest

from analytics.french import cleaned
from reports.book import DICTIONARY, SUMMARY, TOP, book_value, report_to_xlsx
from reports.executive import build_executive
from reports.model import Number
from tests.reports.samples import ENDLESS, hostile_report, planted_report
from tests.samples import make_dataset


@pytest.fixture(scope="module")
def report():
    return planted_report()


@pytest.fixture(scope="module")
def book(report):
    return openpyxl.load_workbook(io.BytesIO(report_to_xlsx(report)))


def sheets(book):
    return [s for s in book if s.title not in (SUMMARY, DICTIONARY)]


def shown(report, book):
    """Sheet, address and value of each number shown."""
    for sheet, table in zip(sheets(book), report.tables, strict=True):
        for i, row in enumerate(table.rows):
            for j, cell in enumerate(row):
                if isinstance(cell, Number) and book_value(cell) is not None:
                    yield sheet.title, sheet.cell(TOP + 1 + i, j + 1).coordinate, book_value(cell)


def test_one_sheet_by_table_and_the_dictionary(report, book):
    assert len(sheets(book)) == len(report.tables)
    assert book.sheetnames[0] == SUMMARY
    assert [(r[0].value, r[1].value) for r in book[DICTIONARY].iter_rows(min_row=2)] == list(report.definitions)
    assert all("données simulées" in (s.oddFooter.left.text or "").lower() or s.cell(2, 1).value for s in book)
    said = "\n".join(str(row[0].value) for row in book[SUMMARY].iter_rows())
    assert all(cleaned(part) in said for part in report.footer)


def test_ratios_gaps_and_totals_are_formulas(report, book):
    live = {(s.title, c.coordinate) for s in book for row in s.iter_rows() for c in row if c.data_type == "f"}
    asked = {
        (sheet.title, sheet.cell(TOP + 1 + i, j + 1).coordinate)
        for sheet, table in zip(sheets(book), report.tables, strict=True)
        for i, row in enumerate(table.rows)
        for j, cell in enumerate(row)
        if isinstance(cell, Number) and cell.formula is not None and book_value(cell) is not None
    }
    assert live == asked
    assert len(live) > 40
    ratio = next(row for row in report.tables[0].rows if "P/C" in row[0])
    assert all(cell.formula is not None for cell in ratio[1:4])


def test_formulas_recomputed_by_another_program_give_the_numbers_shown(report, book, tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the package `formulas` and what it imports
        import formulas

        path = tmp_path / "rapport.xlsx"
        path.write_bytes(report_to_xlsx(report))
        solution = formulas.ExcelModel().loads(str(path)).finish().calculate()
    for sheet, place, value in shown(report, book):
        found = solution[f"'[rapport.xlsx]{sheet.upper()}'!{place}"].value[0, 0]
        assert float(found) == pytest.approx(value, rel=1e-9, abs=1e-9), (sheet, place)


def test_libreoffice_gives_the_numbers_shown(report, book, tmp_path):
    program = shutil.which("soffice") or shutil.which("libreoffice")
    if program is None:
        pytest.skip("LibreOffice is not installed: the workbook is not recomputed by it")
    path = tmp_path / "rapport.xlsx"
    path.write_bytes(report_to_xlsx(report))
    options = ("--headless", "--convert-to", "xlsx:Calc MS Excel 2007 XML", "--outdir", str(tmp_path / "out"))
    subprocess.run(
        [program, *options, str(path)],
        check=True, timeout=120, env={**os.environ, "HOME": str(tmp_path)}, capture_output=True,
    )  # fmt: skip
    made = openpyxl.load_workbook(tmp_path / "out" / "rapport.xlsx", data_only=True)
    for sheet, place, value in shown(report, book):
        assert float(made[sheet][place].value) == pytest.approx(value, rel=1e-9, abs=1e-9), (sheet, place)


def test_numbers_have_french_formats(book):
    sheet = sheets(book)[0]
    formats = {sheet.cell(TOP + 1, 2).number_format, sheet.cell(TOP + 3, 2).number_format}
    assert formats == {'#,##0.00\\ "€"', "0.0%"}


def test_texts_never_become_formulas():
    report = hostile_report()
    book = openpyxl.load_workbook(io.BytesIO(report_to_xlsx(report)))
    cells = [c for s in book for row in s.iter_rows() for c in row if isinstance(c.value, str)]
    assert any(c.value.startswith("=HYPERLINK") for c in cells)
    assert not [c for c in cells if "HYPERLINK" in c.value and c.data_type == "f"]
    assert any(ENDLESS in c.value for c in cells)
    live = [c.value for c in cells if c.data_type == "f"]
    assert all(set(v) <= set("=()+-*/:,$ABCDEFGHIJSUM0123456789") for v in live)


def test_same_report_same_bytes(report):
    assert report_to_xlsx(report) == report_to_xlsx(report)


def test_missing_numbers_are_empty_cells():
    report = build_executive(make_dataset(12))
    book = openpyxl.load_workbook(io.BytesIO(report_to_xlsx(report)))
    assert np.isnan(report.tables[0].rows[0][2].value)
    assert sheets(book)[0].cell(TOP + 1, 3).value is None
