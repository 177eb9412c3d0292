"""Workbooks (xlsx, xls, ods): the sheet that is a table, its merged cells, its errors, its numbers as exact text."""

from __future__ import annotations

import datetime as dt
import io
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal

import python_calamine as calamine

from analytics.errors import Question, ReadError
from analytics.french import format_number
from data.findings import finding
from data.readers.archives import MAX_BOOK_CELLS, too_many_cells
from data.readers.columns import Hints
from data.readers.grid import grid_from_rows
from data.readers.layout import Layout, find_layout
from data.readers.numbers import ERRORS
from data.readers.sheets import ALL, stack_sheets
from data.readers.source import Source
from data.readers.workbook_xml import (
    error_cells,
    last_instants,
    starts_in_1904,
    uncalculated_cells,
    unplaced_errors,
)
from data.vocabulary import normalise

_SAMPLE = 400
_TEXT_NUMBER = re.compile(r"[^A-Za-z]*\d[.,]\d")
_YEAR = re.compile(r"(19|20)\d\d")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")


@dataclass
class _Sheet:
    """Cells of a sheet as text, from its first row and its first filled column."""

    name: str
    rows: list[list[str]]
    merged: list[tuple[tuple[int, int], tuple[int, int]]]
    left: int = 0
    numbers: set[tuple[int, int]] = field(default_factory=set)
    text_numbers: dict[int, int] = field(default_factory=dict)

    @property
    def width(self) -> int:
        return len(self.rows[0]) if self.rows else 0

    @property
    def filled(self) -> int:
        return sum(any(c.strip() for c in row) for row in self.rows)

    @property
    def is_table(self) -> bool:
        """Whether it looks like a table: two columns, two rows, and numbers."""
        return self.width >= 2 and self.filled >= 2 and bool(self.numbers or self.text_numbers or self.filled > 2)


def read_workbook(data: bytes, *, sheet: str | None, answers: Mapping[str, str]) -> Source:
    """Read one sheet of a workbook.

    Parameters
    ----------
    data : bytes
        The workbook.
    sheet : str, optional
        Name of the sheet; the answer to "feuille" by default, then the first visible sheet that is a table.
    answers : mapping
        Answers to questions.

    Raises
    ------
    ReadError
        A damaged or protected workbook, no such sheet, no sheet that holds a table, too many cells.
    """
    try:
        book = calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
        wanted = sheet or answers.get("feuille")
        every = wanted == ALL and ALL not in book.sheet_names
        found = _choose(book, None if every else wanted)
        chosen = [_load(book, name) for name in found.alike] if every else [found.sheet]
    except calamine.PasswordError as error:
        raise ReadError(
            "Le classeur est protégé par un mot de passe.", remede="Enregistrez-le sans mot de passe, ou en CSV."
        ) from error
    except (calamine.CalamineError, calamine.ZipError, calamine.XmlError, OSError) as error:
        raise ReadError("Le classeur est abîmé.", remede="Ouvrez-le, enregistrez-le de nouveau, ou en CSV.") from error
    if sum(len(s.rows) * s.width for s in chosen) > MAX_BOOK_CELLS:
        raise too_many_cells(chosen[0].name)
    sources = [_source(data, book.sheet_names.index(s.name), s) for s in chosen]
    source = stack_sheets(sources) if every else sources[0]
    asked = wanted is None and len(found.sizes) > 1
    return replace(source, questions=(_sheet_question(found),)) if asked else source


def _source(data: bytes, position: int, sheet: _Sheet) -> Source:
    """One sheet cut into cells."""
    since_1904, notes = _tell(data, position, sheet)
    lines = list(range(1, len(sheet.rows) + 1))
    layout = find_layout(sheet.rows[:_SAMPLE], lines[:_SAMPLE])
    notes += _fill_merged(sheet, layout)
    grid = grid_from_rows([_trimmed(row, layout.width) for row in sheet.rows], lines, layout)
    return Source(
        grid,
        {"encoding": None, "separator": None, "sheet": sheet.name, "lignes": len(lines)},
        hints=Hints(_decimals(sheet, layout), since_1904),
        titles=(sheet.name,),
        findings=tuple(notes),
    )


def _trimmed(row: list[str], width: int) -> list[str]:
    """The cells of the table; a row that holds something further is kept whole, for the grid to reject it."""
    return row if any(c.strip() for c in row[width:]) else row[:width]


@dataclass(frozen=True)
class _Choice:
    """The sheet to read, the size of each sheet that is a table, and the visible sheets that have its titles."""

    sheet: _Sheet
    sizes: Mapping[str, str] = field(default_factory=dict)
    alike: tuple[str, ...] = ()


def _choose(book: calamine.CalamineWorkbook, wanted: str | None) -> _Choice:
    sheets = [m for m in book.sheets_metadata if m.typ == calamine.SheetTypeEnum.WorkSheet]
    names = [m.name for m in sheets]
    if wanted is not None:
        if wanted not in names:
            listed = ", ".join(f"« {n} »" for n in names[:10])
            raise ReadError("Le classeur n’a pas cette feuille.", valeur=wanted, remede=f"Ses feuilles : {listed}.")
        return _Choice(_load(book, wanted))
    sizes: dict[str, str] = {}
    titles: dict[str, tuple[str, ...]] = {}
    chosen: _Sheet | None = None
    spare: _Sheet | None = None
    # Visible sheets first; a hidden one is still offered: nothing is skipped in silence.
    for meta in sorted(sheets, key=lambda m: m.visible != calamine.SheetVisibleEnum.Visible):
        found = _load(book, meta.name)
        if not found.is_table:
            spare = spare or (found if found.filled else None)
            continue
        hidden = "" if meta.visible == calamine.SheetVisibleEnum.Visible else ", masquée"
        if not hidden:
            titles[meta.name] = _titles(found)
        sizes[meta.name] = f"{meta.name} ({format_number(found.filled)} lignes × {found.width} colonnes{hidden})"
        chosen = chosen or found
    chosen = chosen or spare
    if chosen is None:
        raise ReadError("Le classeur est vide.", ligne=1, remede="Vérifiez l’export, puis déposez-le de nouveau.")
    alike = tuple(n for n in names if titles.get(n) and titles[n] == titles.get(chosen.name))
    return _Choice(chosen, sizes, alike or (chosen.name,))


def _titles(sheet: _Sheet) -> tuple[str, ...]:
    """Titles of a sheet, () when it has none."""
    layout = find_layout(sheet.rows[:_SAMPLE], range(1, len(sheet.rows[:_SAMPLE]) + 1))
    return tuple(map(normalise, layout.header)) if layout.header_lines else ()


def _sheet_question(found: _Choice) -> Question:
    """Which sheet to read; all of them, first, when several have the same titles."""
    chosen, sizes = found.sheet, found.sizes
    if len(found.alike) > 1:
        listed = ", ".join(f"« {n} »" for n in found.alike[:6])
        return Question(
            "feuille",
            f"Les feuilles {listed} ont les mêmes titres : faut-il les lire toutes, l’une sous l’autre ?",
            {ALL: f"Toutes ({len(found.alike)} feuilles)", **sizes},
            "Une seule lue, les montants des autres manquent ; toutes, ceux d’une copie comptent deux fois.",
        )
    return Question(
        "feuille",
        f"Le classeur a plusieurs tables : faut-il lire « {chosen.name} » ?",
        {chosen.name: sizes[chosen.name], **sizes},
        "Une seule feuille est lue à la fois.",
    )


def _load(book: calamine.CalamineWorkbook, name: str) -> _Sheet:
    """Cells of a sheet as text; the first row is line 1 of the sheet."""
    sheet = book.get_sheet_by_name(name)
    if sheet.start is None or not sheet.height:
        return _Sheet(name, [], [])
    first_row, first_column = sheet.start
    if (first_row + sheet.height) * sheet.width > MAX_BOOK_CELLS:
        raise too_many_cells(name)
    found = _Sheet(name, [[""] * sheet.width for _ in range(first_row)], [], first_column)
    # The library may give the empty rows above the first cell, or begin with it: its last row is sure.
    values = list(sheet.iter_rows())[-sheet.height :]
    for at, row in enumerate(values, start=first_row):
        found.rows.append([_cell(found, at, j, value) for j, value in enumerate(row)])
    ranges = sheet.merged_cell_ranges or []
    found.merged = [((r1, c1 - first_column), (r2, c2 - first_column)) for (r1, c1), (r2, c2) in ranges]
    return found


def _cell(sheet: _Sheet, row: int, column: int, value: object) -> str:
    """A cell as text: a number in its shortest exact form with a point, a date as year-month-day."""
    if isinstance(value, str):
        if _TEXT_NUMBER.match(value):
            sheet.text_numbers[column] = row
        return value
    if isinstance(value, bool):
        return "VRAI" if value else "FAUX"
    if isinstance(value, (int, float)):
        sheet.numbers.add((row, column))
        return number_text(value)
    return _moment(value)


def number_text(value: float) -> str:
    """A number as a spreadsheet shows it: 15 digits at most, no exponent, 12.5 and not 12.499999999999998."""
    text = f"{value:.15g}"
    if "e" in text:
        text = format(Decimal(text), "f")
    return "0" if text == "-0" else text


def _moment(value: object) -> str:
    if isinstance(value, dt.datetime):
        midnight = value.time() == dt.time()
        return value.date().isoformat() if midnight else value.isoformat(sep=" ", timespec="seconds")
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, dt.time):
        return value.isoformat(timespec="seconds")
    if isinstance(value, dt.timedelta):
        minutes, seconds = divmod(int(value.total_seconds()), 60)
        return f"{minutes // 60}:{minutes % 60:02d}:{seconds:02d}"
    return "" if value is None else str(value)


def _tell(data: bytes, position: int, sheet: _Sheet) -> tuple[bool, list[dict]]:
    """First day of the workbook; the errors of formulas, which come as empty cells, are written back in the sheet."""
    if not data.startswith(b"PK"):
        return False, []
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        left = unplaced_errors(archive)
        _refuse_uncalculated(archive, position, sheet)
        _floor_midnights(archive, position, sheet)
        for (row, column), text in error_cells(archive, position).items():
            inside = row < len(sheet.rows) and 0 <= column - sheet.left < sheet.width
            if inside and not sheet.rows[row][column - sheet.left]:
                sheet.rows[row][column - sheet.left] = text if text.lower() in ERRORS else "#REF!"
            else:
                left += 1
        since_1904 = starts_in_1904(archive)
    if not left:
        return since_1904, []
    message = f"Formules en erreur dans le classeur, lues comme des cellules vides : {left}."
    return since_1904, [
        finding("exactitude.cellule_en_erreur", "attention", message, remede="Corrigez-les dans le classeur.")
    ]


def _refuse_uncalculated(archive: zipfile.ZipFile, position: int, sheet: _Sheet) -> None:
    """Refuse a sheet written by a program that left its formulas without result."""
    cells = uncalculated_cells(archive, position)
    if cells:
        raise ReadError(
            f"La feuille « {sheet.name} » a des formules jamais calculées ({len(cells)}) : leurs montants manquent.",
            ligne=int(re.sub(r"\D", "", cells[0])),
            valeur=f"cellule {cells[0]}",
            remede="Ouvrez puis enregistrez le classeur dans le tableur, et déposez-le de nouveau.",
        )


def _floor_midnights(archive: zipfile.ZipFile, position: int, sheet: _Sheet) -> None:
    """Give back its day to an instant just before midnight, which the library rounds to the next one."""
    for row, column in last_instants(archive, position):
        at = column - sheet.left
        if row < len(sheet.rows) and 0 <= at < sheet.width and _DAY.fullmatch(sheet.rows[row][at]):
            day = dt.date.fromisoformat(sheet.rows[row][at]) - dt.timedelta(days=1)
            sheet.rows[row][at] = f"{day.isoformat()} 23:59:59"


def _fill_merged(sheet: _Sheet, layout: Layout) -> list[dict]:
    """Repeat merged labels on the rows of data that they cover; an amount is never repeated, nor a label sideways."""
    notes = []
    for (top, left), (bottom, _) in sheet.merged:
        if top + 1 < layout.first_line or not 0 <= left < sheet.width or top >= len(sheet.rows):
            continue
        text = sheet.rows[top][left]
        if (top, left) in sheet.numbers and not _YEAR.fullmatch(text):
            message = "Un montant est écrit dans des cellules fusionnées : il n’est lu que dans la première."
            notes.append(finding("exactitude.montant_fusionne", "attention", message, ligne=top + 1, valeur=text))
        elif text.strip():
            _repeat(sheet, range(top, min(bottom + 1, len(sheet.rows))), left)
    return notes


def _repeat(sheet: _Sheet, rows: range, at: int) -> None:
    """Write the first cell of a column in the others; alone on its line, it is a title or a note and stays so."""
    text = sheet.rows[rows[0]][at]
    for row in rows:
        cells = sheet.rows[row]
        if any(c.strip() for j, c in enumerate(cells) if j != at):
            cells[at] = cells[at] or text


def _decimals(sheet: _Sheet, layout: Layout) -> dict[str, str]:
    """Columns whose numbers are real numbers of the workbook: their point is a decimal point."""
    numeric = {column for row, column in sheet.numbers if row + 1 >= layout.first_line}
    mixed = {column for column, row in sheet.text_numbers.items() if row + 1 >= layout.first_line}
    return {layout.header[j]: "." for j in sorted(numeric - mixed) if j < layout.width}
