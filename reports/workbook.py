"""A crossed table as a live workbook: totals are SUM, ratios divide cells, each text is a text."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from openpyxl import Workbook
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from analytics.descriptive.pivot_layout import Pivot
from analytics.disclosure import PERSONS, REASON
from analytics.indicators import Term
from charts.theme import SIMULATED
from reports.cells import BOLD, HEAD, TOTAL, address, put, sheet_name
from reports.cents import parts_of, to_cents

TABLE, DEFINITIONS = "Tableau", "Définitions"
_CENT = 0.005
_MOST_ARGUMENTS = 200  # of a SUM: a spreadsheet takes 255


@dataclass(frozen=True)
class Words:
    """What the workbook says around the figures.

    Attributes
    ----------
    title : str
        Title of the table.
    heads : tuple of str
        French names of the axes of the lines.
    measures : mapping of str to str
        French name of each measure of the formula.
    notes : sequence of tuple of str
        Name and text of each line of the sheet of definitions.
    is_demo : bool
        Whether the data are simulated: every sheet says so.
    """

    title: str
    heads: tuple[str, ...]
    measures: Mapping[str, str]
    notes: Sequence[tuple[str, str]]
    is_demo: bool = False


def pivot_to_xlsx(pivot: Pivot, words: Words) -> bytes:
    """The table as a workbook whose totals and ratios are formulas.

    A formula of one measure is written on one sheet, cells then totals. Any other has a sheet by measure laid out as
    the table, whose cells divide and subtract those of the same place. A total that its shown cells do not make
    (members counted in each poste, cells masked) is a number.
    """
    book = Workbook()
    book.properties.creator = "Paliers"
    sheet = book.active
    sheet.title = TABLE
    terms = pivot.indicator.numerator
    if not pivot.indicator.denominator and len(terms) == 1 and terms[0][1] == 1:
        _write_sums(sheet, pivot, pivot.valeur, words, words.title, pivot.indicator.unit)
    else:
        names: dict[str, str] = {}
        for measure, figures in pivot.mesures.items():
            names[measure] = sheet_name(words.measures[measure], (*book.sheetnames, DEFINITIONS))
            unit = "nombre" if measure in (PERSONS, "actes") else "EUR"
            _write_sums(book.create_sheet(names[measure]), pivot, figures, words, words.measures[measure], unit)
        _write_ratios(sheet, pivot, words, names)
    _write_notes(book.create_sheet(DEFINITIONS), words)
    saved = io.BytesIO()
    book.save(saved)
    return saved.getvalue()


def _write_sums(sheet: Worksheet, pivot: Pivot, figures: np.ndarray, words: Words, title: str, unit: str) -> None:
    """Numbers in the cells, amounts to the cent; a total is the SUM of its cells wherever they make it."""
    figures = to_cents(pivot, figures) if unit == "EUR" else figures
    top, left = _write_frame(sheet, pivot, words, title)
    for i, line in enumerate(pivot.lines):
        for j, column in enumerate(pivot.columns):
            content = _plain(figures[i, j], masked=bool(pivot.masque[i, j]))
            parts = parts_of(pivot, i) if line.niveau != "detail" else []
            if parts and _adds_up(figures[parts, j], pivot.masque[parts, j], figures[i, j]):
                content = _sum_rows([top + part for part in parts], left + j)
            elif column.niveau == "total" and j and _adds_up(figures[i, :j], pivot.masque[i, :j], figures[i, j]):
                content = f"=SUM({address(top + i, left)}:{address(top + i, left + j - 1)})"
            put(sheet, top + i, left + j, content, unit)


def _write_ratios(sheet: Worksheet, pivot: Pivot, words: Words, names: Mapping[str, str]) -> None:
    """Each cell made from the cells of the same place on the sheets of the measures."""
    top, left = _write_frame(sheet, pivot, words, words.title)
    indicator = pivot.indicator
    for i in range(len(pivot.lines)):
        for j in range(len(pivot.columns)):
            content = _plain(pivot.valeur[i, j], masked=bool(pivot.masque[i, j]))
            if isinstance(content, float):
                place = address(top + i, left + j)
                above = _weighted(indicator.numerator, names, place)
                below = _weighted(indicator.denominator, names, place)
                content = f'=IF({below}=0,"",{above}/{below})' if below else f"={above}"
            put(sheet, top + i, left + j, content, indicator.unit)


def _weighted(terms: Sequence[Term], names: Mapping[str, str], place: str) -> str:
    """Σ weight × cell, in parentheses when it has several terms."""
    text = ""
    for measure, weight in terms:
        if measure in names:
            sign = "-" if weight < 0 else "+" if text else ""
            text += f"{sign}'{names[measure]}'!{place}{_times(abs(weight))}"
    return f"({text})" if len(terms) > 1 or any(abs(w) != 1 for _, w in terms) else text


def _times(weight: float) -> str:
    if weight == 1:
        return ""
    inverse = round(1 / weight)
    return f"/{inverse}" if weight < 1 and abs(inverse * weight - 1) < 1e-12 else f"*{weight!r}"


def _adds_up(parts: np.ndarray, masked: np.ndarray, total: float) -> bool:
    return len(parts) > 0 and not masked.any() and abs(np.nansum(parts) - total) < _CENT


def _sum_rows(rows: list[int], column: int) -> str:
    """SUM of cells of one column, as ranges where they follow one another."""
    if rows == list(range(rows[0], rows[-1] + 1)):
        return f"=SUM({address(rows[0], column)}:{address(rows[-1], column)})"
    cells = [address(row, column) for row in rows]
    groups = [cells[i : i + _MOST_ARGUMENTS] for i in range(0, len(cells), _MOST_ARGUMENTS)]
    if len(groups) == 1:
        return f"=SUM({','.join(cells)})"
    sums = (f"SUM({','.join(group)})" for group in groups)
    return f"=SUM({','.join(sums)})"


def _write_frame(sheet: Worksheet, pivot: Pivot, words: Words, title: str) -> tuple[int, int]:
    """Title, heads and names of the lines; the place of the first figure."""
    put(sheet, 1, 1, title).font = Font(bold=True, size=13)
    if words.is_demo:
        put(sheet, 2, 1, SIMULATED).font = Font(italic=True)
    top, left = 4, len(words.heads) + 1
    for rank, name in enumerate((*words.heads, *(c.labels[0] for c in pivot.columns)), start=1):
        cell = put(sheet, top, rank, name)
        cell.font, cell.fill, cell.alignment = BOLD, HEAD, Alignment(wrap_text=True, vertical="top")
        sheet.column_dimensions[get_column_letter(rank)].width = 24 if rank < left else 16
    for i, line in enumerate(pivot.lines, start=top + 1):
        for rank, name in enumerate(line.labels, start=1):
            put(sheet, i, rank, name)
        if line.niveau != "detail":
            for rank in range(1, left + len(pivot.columns)):
                sheet.cell(i, rank).font, sheet.cell(i, rank).fill = BOLD, TOTAL
    sheet.freeze_panes = sheet.cell(top + 1, left)
    return top + 1, left


def _write_notes(sheet: Worksheet, words: Words) -> None:
    lines = [*words.notes, *([("Origine", f"{SIMULATED}.")] if words.is_demo else [])]
    for rank, (name, text) in enumerate(lines, start=1):
        put(sheet, rank, 1, name).font = BOLD
        put(sheet, rank, 2, text).alignment = Alignment(wrap_text=True, vertical="top")
    sheet.column_dimensions["A"].width, sheet.column_dimensions["B"].width = 28, 100


def _plain(value: float, *, masked: bool) -> float | str | None:
    if masked:
        return REASON
    return None if np.isnan(value) else float(value)
