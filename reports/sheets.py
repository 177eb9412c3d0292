"""Plain tables as the sheets of a workbook: numbers are numbers, texts are texts and never formulas."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Mapping

import pandas as pd
from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Font, PatternFill
from openpyxl.utils import get_column_letter

from charts.theme import SIMULATED

_HEAD = PatternFill("solid", fgColor="E3F1F5")
_NOT_ALLOWED = re.compile(r"[\[\]:*?/\\]")
_NARROW, _WIDE, _MOST_LETTERS = 12, 60, 31


def tables_to_xlsx(
    tables: Mapping[str, pd.DataFrame], *, is_demo: bool = False, formats: Mapping[str, str] | None = None
) -> bytes:
    """A workbook of one sheet by table, in their order.

    Parameters
    ----------
    tables : mapping of str to pandas.DataFrame
        French name of each sheet to its columns under their French heads.
    is_demo : bool
        Whether the data are simulated: every sheet says so.
    formats : mapping of str to str, optional
        Number format of the workbook for the numbers under a head.
    """
    book = Workbook()
    book.properties.creator = "Paliers"
    book.remove(book.active)
    for name, table in tables.items():
        sheet = book.create_sheet(_NOT_ALLOWED.sub(" ", name)[:_MOST_LETTERS])
        if is_demo:
            table = table.assign(Origine=SIMULATED)
        for column, head in enumerate(table.columns, start=1):
            cell = _write(sheet, 1, column, head)
            cell.font, cell.fill = Font(bold=True), _HEAD
            widest = max([len(str(head)), *(len(str(v)) for v in table[head])], default=0)
            sheet.column_dimensions[get_column_letter(column)].width = min(max(widest + 2, _NARROW), _WIDE)
        for row, values in enumerate(table.itertuples(index=False), start=2):
            for column, (head, value) in enumerate(zip(table.columns, values, strict=True), start=1):
                cell = _write(sheet, row, column, value)
                if formats and cell.data_type == "n":
                    cell.number_format = formats.get(head, "General")
        sheet.freeze_panes = "A2"
    saved = io.BytesIO()
    book.save(saved)
    return saved.getvalue()


def _write(sheet, row: int, column: int, value: object):
    """One cell; a missing number is an empty one."""
    cell = sheet.cell(row, column)
    if isinstance(value, (bool, int, float)) or hasattr(value, "item"):
        number = value.item() if hasattr(value, "item") else value
        cell.value = None if isinstance(number, float) and not math.isfinite(number) else number
    elif value is not None and value is not pd.NA:
        cell.value = ILLEGAL_CHARACTERS_RE.sub(" ", str(value))
        cell.data_type = "s"  # a text that begins with an equal sign stays a text
    return cell
