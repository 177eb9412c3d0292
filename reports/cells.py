"""Cells of a workbook: a text is never read as a formula, a number has its French format."""

from __future__ import annotations

import re
from collections.abc import Collection

from openpyxl.cell import Cell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

FORMATS = {
    "EUR": '#,##0.00\\ "€"', "EUR/unite": '#,##0.00\\ "€"', "taux": "0.0%", "nombre": "#,##0.##",
    "ecart": '+#,##0.00\\ "€";-#,##0.00\\ "€";0\\ "€"', "ecart_nombre": "+#,##0.##;-#,##0.##;0",
    "points": '+0.00" pt";-0.00" pt";0" pt"', "evolution": "+0.0%;-0.0%;0.0%", "mois": "mmm yyyy",
}  # fmt: skip
HEAD, TOTAL = PatternFill("solid", fgColor="E3F1F5"), PatternFill("solid", fgColor="F1F5F8")
BOLD = Font(bold=True)


def put(sheet: Worksheet, row: int, column: int, content: float | str | None, unit: str | None = None) -> Cell:
    """Write a cell: a formula only where a unit says that it is a figure of ours, else the text as it is."""
    cell = sheet.cell(row, column)
    if isinstance(content, str) and (unit is None or not content.startswith("=")):
        cell.value = ILLEGAL_CHARACTERS_RE.sub("", content)
        cell.data_type, cell.quotePrefix = "s", True
        return cell
    cell.value = content
    if unit is not None:
        cell.number_format = FORMATS[unit]
    return cell


def address(row: int, column: int) -> str:
    """Address of a cell, as a formula writes it."""
    return f"{get_column_letter(column)}{row}"


def sheet_name(name: str, others: Collection[str]) -> str:
    """A name that a workbook takes and that no other sheet has."""
    plain = re.sub(r"[\[\]:*?/\\'\x00-\x1f]", " ", name).strip()[:31].strip() or "Mesure"
    taken = {known.casefold() for known in others}
    names = (plain, *(f"{plain[:28]} {n}" for n in range(2, 100)))
    return next(n for n in names if n.casefold() not in taken)
