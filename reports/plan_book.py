"""A plan as a workbook: the rises, what was asked, the proof, the actions."""

from __future__ import annotations

import io
from collections.abc import Mapping

import pandas as pd
from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Font, PatternFill
from openpyxl.utils import get_column_letter

from charts.theme import SIMULATED

_HEAD = PatternFill("solid", fgColor="E3F1F5")
_FORMATS = {"Hausse": "+0.00%;-0.00%;0.00%", "Assurés": "#,##0", "Gardés": "#,##0", "Résultat (€)": "#,##0"}
_WIDEST = 60


def plan_to_xlsx(sheets: Mapping[str, pd.DataFrame], *, is_demo: bool = False) -> bytes:
    """One sheet by frame, numbers as numbers; texts are never read as formulas.

    Parameters
    ----------
    sheets : mapping of str to pandas.DataFrame
        By name of the sheet, French headers.
    is_demo : bool
        Whether the data are simulated: every sheet says so.
    """
    book = Workbook()
    book.properties.creator = "Paliers"
    book.remove(book.active)
    for name, frame in sheets.items():
        sheet = book.create_sheet(name)
        heads = [*frame.columns, *(["Origine"] if is_demo else [])]
        for place, head in enumerate(heads, 1):
            cell = sheet.cell(1, place, head)
            cell.font, cell.fill = Font(bold=True), _HEAD
        for rank, row in enumerate(frame.itertuples(index=False), 2):
            for place, value in enumerate([*row, *([SIMULATED] if is_demo else [])], 1):
                _write(sheet.cell(rank, place), value, heads[place - 1])
        for place, head in enumerate(heads, 1):
            longest = max([len(str(head)), *(len(str(v)) for v in frame.get(head, pd.Series(dtype=str)))])
            sheet.column_dimensions[get_column_letter(place)].width = min(longest + 2, _WIDEST)
        sheet.freeze_panes = "A2"
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _write(cell, value: object, head: str) -> None:
    if value is None or value != value:
        return
    if isinstance(value, str):
        cell.value = ILLEGAL_CHARACTERS_RE.sub("", value)
        cell.data_type = "s"
        return
    cell.value = float(value)
    cell.number_format = _FORMATS.get(head, "General")
