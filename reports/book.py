"""A report as a live workbook: a sheet by table, ratios and totals as formulas, the definitions, the source."""

from __future__ import annotations

import io
import re

import pandas as pd
from openpyxl import Workbook
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from analytics.french import cleaned, is_missing
from charts.theme import SIMULATED
from reports.cells import BOLD, FORMATS, HEAD, TOTAL, address, put, sheet_name
from reports.model import CHANGE, GAP, Cell, Formula, Number, Report, Table
from reports.packed import without_clock

SUMMARY, DICTIONARY = "Synthèse", "Dictionnaire"
TOP = 4  # first row of a table is the one of its heads
_WIDE, _NARROW, _MOST_TERMS = 46, 13, 200


def report_to_xlsx(report: Report) -> bytes:
    """The report as a workbook; the same report gives the same bytes.

    The first sheet holds the sentences and the source; a text is never read as a formula.
    """
    book = Workbook()
    book.properties.creator, book.properties.title = "Paliers", cleaned(report.title)
    summary = book.active
    summary.title = SUMMARY
    _write_summary(summary, report)
    for table in report.tables:
        name = sheet_name(_plain(table.title), (*book.sheetnames, DICTIONARY))
        _write_table(book.create_sheet(name), table, report)
    _write_dictionary(book.create_sheet(DICTIONARY), report)
    for sheet in book:
        _set_page(sheet, report)
    saved = io.BytesIO()
    book.save(saved)
    return without_clock(saved.getvalue())


def book_value(number: Number) -> float | None:
    """The number as a workbook holds it: a difference of rates in points; nothing for a missing one."""
    if is_missing(number.value):
        return None
    return float(number.value) * (100.0 if _in_points(number) else 1.0)


def _in_points(number: Number) -> bool:
    return number.style == GAP and number.unit == "taux"


def _format(number: Number) -> str:
    if number.style == CHANGE:
        return "evolution"
    if number.style == GAP:
        return "points" if number.unit == "taux" else "ecart_nombre" if number.unit == "nombre" else "ecart"
    return number.unit


def _write_summary(sheet: Worksheet, report: Report) -> None:
    put(sheet, 1, 1, cleaned(report.title)).font = Font(bold=True, size=14)
    put(sheet, 2, 1, cleaned(report.subtitle))
    row = 4
    for section in report.sections:
        lines = [sentence.text for sentence in section.sentences] + list(section.notes)
        if lines:
            put(sheet, row, 1, cleaned(section.title)).font = BOLD
            for rank, line in enumerate(lines, start=row + 1):
                put(sheet, rank, 1, cleaned(line)).alignment = Alignment(wrap_text=True, vertical="top")
            row += len(lines) + 2
    put(sheet, row, 1, "Provenance").font = BOLD
    for rank, line in enumerate(report.footer, start=row + 1):
        put(sheet, rank, 1, cleaned(line)).alignment = Alignment(wrap_text=True, vertical="top")
    sheet.column_dimensions["A"].width = 110


def _write_table(sheet: Worksheet, table: Table, report: Report) -> None:
    put(sheet, 1, 1, cleaned(table.title)).font = Font(bold=True, size=13)
    if report.is_demo:
        put(sheet, 2, 1, SIMULATED).font = Font(italic=True)
    for column, head in enumerate(table.heads, start=1):
        cell = put(sheet, TOP, column, cleaned(head))
        cell.font, cell.fill, cell.alignment = BOLD, HEAD, Alignment(wrap_text=True, vertical="top")
        sheet.column_dimensions[get_column_letter(column)].width = _width(table, column - 1)
    for rank, row in enumerate(table.rows):
        for column, content in enumerate(row, start=1):
            _write_cell(sheet, TOP + 1 + rank, column, content)
        if table.total and rank == len(table.rows) - 1:
            for column in range(1, len(table.heads) + 1):
                cell = sheet.cell(TOP + 1 + rank, column)
                cell.font, cell.fill = BOLD, TOTAL
    sheet.freeze_panes = sheet.cell(TOP + 1, 2)
    sheet.print_title_rows = f"{TOP}:{TOP}"


def _width(table: Table, column: int) -> float:
    longest = max((len(row[column]) for row in table.rows if isinstance(row[column], str)), default=0)
    return min(max(longest + 2, _NARROW, 0.7 * len(table.heads[column])), _WIDE)


def _write_cell(sheet: Worksheet, row: int, column: int, content: Cell) -> None:
    if isinstance(content, Number):
        value = book_value(content)
        made = None if value is None or content.formula is None else _written(content, content.formula)
        put(sheet, row, column, made or value, _format(content))
    elif isinstance(content, pd.Timestamp):
        cell = sheet.cell(row, column, content.to_pydatetime())
        cell.number_format = FORMATS["mois"]
    elif content:
        put(sheet, row, column, cleaned(content))


def _written(number: Number, formula: Formula) -> str:
    """Text of a formula; the cells of a table begin under its heads."""
    places = [address(TOP + 1 + row, column + 1) for row, column in formula.cells]
    if formula.kind == "somme":
        return _sum(formula, places)
    text = {
        "quotient": "{0}/{1}",
        "evolution": "{0}/{1}-1",
        "difference": "{0}-{1}",
        "poids": "({0}-{1})*{2}",
    }[formula.kind].format(*places)
    return f"=({text})*100" if _in_points(number) else f"={text}"


def _sum(formula: Formula, places: list[str]) -> str:
    """SUM of a run of cells of one column as a range, of others one by one."""
    rows, columns = zip(*formula.cells, strict=True)
    if len(set(columns)) == 1 and list(rows) == list(range(rows[0], rows[0] + len(rows))):
        return f"=SUM({places[0]}:{places[-1]})"
    groups = (places[i : i + _MOST_TERMS] for i in range(0, len(places), _MOST_TERMS))
    return "=" + "+".join(f"SUM({','.join(group)})" for group in groups)


def _write_dictionary(sheet: Worksheet, report: Report) -> None:
    for column, head in enumerate(("Indicateur", "Définition"), start=1):
        cell = put(sheet, 1, column, head)
        cell.font, cell.fill = BOLD, HEAD
    for rank, (name, text) in enumerate(report.definitions, start=2):
        put(sheet, rank, 1, cleaned(name)).font = BOLD
        put(sheet, rank, 2, cleaned(text)).alignment = Alignment(wrap_text=True, vertical="top")
    sheet.column_dimensions["A"].width, sheet.column_dimensions["B"].width = 36, 100


def _plain(title: str) -> str:
    """A title without the signs that the name of a sheet cannot have, nor the holes that they leave."""
    return " ".join(re.sub(r"\s*:\s*", ", ", cleaned(title)).replace("/", "-").split())


def _set_page(sheet: Worksheet, report: Report) -> None:
    """A4, as wide as the page, with where it comes from under it."""
    sheet.page_setup.paperSize, sheet.page_setup.orientation = sheet.PAPERSIZE_A4, "landscape"
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    # « & » begins a code in a footer; 255 letters is all that one holds.
    sheet.oddFooter.left.text = cleaned(" · ".join(report.footer)).replace("&", "&&")[:200].rstrip("&")
    sheet.oddFooter.right.text = "&P/&N"
