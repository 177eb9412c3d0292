"""Which rows of a grid are data: blank ones, totals and notes are left out, unreadable ones are rejected."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from analytics.errors import Question
from data.readers.body import Body
from data.readers.columns import Column
from data.readers.grid import BLANK, NOTE, Entry, Grid
from data.readers.said_totals import find_totals
from data.readers.stacked import (
    KEY,
    REPEATED,
    Stacked,
    find_stacked,
    leave_other,
    stacked_finding,
    stacked_question,
)
from data.readers.totals import total_rows

TOTAL_LINE = "ligne de total"
_NOTE = re.compile(
    r"(?i)\s*(\(?[\dabc*]{1,2}\)|\*|©|»|[a-zà-ÿ ’'.]{1,40}\s?:|sources?\b|notes?\b|champ\b|lecture\b|n\.?b\.?\b"
    r"|avertissement|données |unité|définition|mise à jour|édité|extrait|fin d)"
)
_LONE = "1 cellule au lieu de"
_NARROW = re.compile(r"(\d+) cellules? au lieu de")


@dataclass(frozen=True)
class Sorted:
    """Rows that are data, and entries of the lines that are not, those of the grid included.

    Attributes
    ----------
    kept : numpy.ndarray of bool
        One per row of the grid.
    rejected, left_out : list of tuple
        (ligne, colonne, valeur, raison).
    questions, findings : list
    """

    kept: np.ndarray
    rejected: list[Entry]
    left_out: list[Entry]
    questions: list[Question] = field(default_factory=list)
    findings: list[dict] = field(default_factory=list)


def sort_rows(body: Body, answers: Mapping[str, str], separator: str = "") -> Sorted:
    """Tell the rows that are data from the others.

    Parameters
    ----------
    body : Body
        Typed columns.
    answers : mapping
        "lignes_total:<colonne>" and "tableaux" are used.
    separator : str
        Sign between the cells of a line shown whole.
    """
    grid = body.grid
    rejected, left_out = list(grid.rejected), list(grid.left_out)
    kept = np.ones(len(grid.lines), dtype=bool)
    if not len(kept):
        return Sorted(kept, rejected, left_out)
    blank = np.logical_and.reduce([c.missing[c.codes] for c in body.columns]) if body.columns else kept.copy()
    if body.amounts:
        blank &= body.matrix("missing").all(axis=1)
    left_out += [(int(line), "", "", BLANK) for line in grid.lines[blank]]
    kept &= ~blank
    rejected, stacked = _leave_tables(body, kept, rejected, left_out, separator)
    asked, notes = _leave_totals(body, kept, left_out, answers)
    if stacked.line:
        notes.append(stacked_finding(stacked))
    if stacked.line and KEY not in answers:
        asked.append(stacked_question(stacked))
    if body.halves is not None:
        _leave_undated(body, kept, left_out)
    if body.amounts:
        _leave_sums(body, kept, left_out)
    rejected = _leave_notes(body, kept, left_out, rejected)
    for column in body.columns:
        rows = column.bad[column.codes] & kept
        if rows.any():
            rejected += _described(grid, column, rows, _reason(column))
            kept &= ~rows
    if body.amounts:
        _reject_amounts(body, kept, rejected)
    return Sorted(kept, rejected, left_out, asked, notes)


def _leave_totals(
    body: Body, kept: np.ndarray, left_out: list[Entry], answers: Mapping[str, str]
) -> tuple[list[Question], list[dict]]:
    """Leave out the rows that say « total »; what is asked and told about those that add up nothing."""
    asked, notes = [], []
    for column in body.columns:
        found = find_totals(body, column, kept, answers)
        left_out += _described(body.grid, column, found.rows, TOTAL_LINE)
        kept &= ~found.rows
        asked += [found.question] if found.question else []
        notes += found.findings
    return asked, notes


def _leave_tables(
    body: Body, kept: np.ndarray, rejected: list[Entry], left_out: list[Entry], separator: str
) -> tuple[list[Entry], Stacked]:
    """Leave out titles printed again and the lines of a second table."""
    found = find_stacked(body, kept, separator)
    for at in found.repeated:
        cells = [column[at].as_py().strip() for column in body.grid.cells.columns]
        left_out.append((int(body.grid.lines[at]), "", " ; ".join(c for c in cells if c)[:120], REPEATED))
        kept[at] = False
    return (leave_other(body, found, kept, rejected, left_out) if found.line else rejected), found


def _leave_undated(body: Body, kept: np.ndarray, left_out: list[Entry]) -> None:
    """Leave out the rows without year of a table whose header has only the months, or the reverse."""
    name, empty = body.found.row_period, body.matrix("missing").all(axis=1)
    texts = body.grid.cells.column(name)
    for at in np.flatnonzero(kept & (body.halves == 0)):
        reason = NOTE if empty[at] else "ligne sans période (total, moyenne)"
        left_out.append((int(body.grid.lines[at]), name, texts[int(at)].as_py(), reason))
        kept[at] = False


def _leave_notes(body: Body, kept: np.ndarray, left_out: list[Entry], rejected: list[Entry]) -> list[Entry]:
    """Leave out the lone cells under the last row of data; the rejected lines that are not such notes.

    A note padded with empty cells is a row of the grid, and hides from it that the lone cells above are notes too.
    """
    grid, last = body.grid, 0
    if grid.layout.width < 3:
        return rejected
    for at in np.flatnonzero(kept)[::-1]:
        cells = [c.as_py() for c in (column[at] for column in grid.cells.columns)]
        filled = [j for j, c in enumerate(cells) if c.strip()]
        if len(filled) > 1 or not _is_note(body, at, filled[0], cells[filled[0]]):
            last = int(grid.lines[at])
            break
        left_out.append((int(grid.lines[at]), "", cells[filled[0]], NOTE))
        kept[at] = False
    left_out += [(*e[:3], NOTE) for e in rejected if e[0] > last and e[3].startswith(_LONE)]
    rejected = [e for e in rejected if e[0] <= last or not e[3].startswith(_LONE)]
    # Under a first note, narrower lines are its continuation: a legend of two columns, a second small table.
    first = min((e[0] for e in left_out if e[3] == NOTE and e[0] > last), default=None)
    legend = [e for e in rejected if first is not None and e[0] > first and _NARROW.match(e[3])]
    left_out += [(*e[:3], NOTE) for e in legend]
    return [e for e in rejected if e not in legend]


def _is_note(body: Body, row: int, at: int, text: str) -> bool:
    """Whether a lone cell is no value of its column."""
    name = body.grid.cells.column_names[at]
    column = next((c for c in body.columns if c.name == name), None)
    if column is None or column.kind == "text":
        return len(text) > 40 or _NOTE.match(text) is not None
    return bool(column.bad[column.codes[row]])


def _leave_sums(body: Body, kept: np.ndarray, left_out: list[Entry]) -> None:
    """Leave out the rows of a wide table that are the sum of their neighbours, whatever they are called."""
    if any(a.kind != "number" for a in body.amounts):
        return
    where = np.flatnonzero(kept)
    found = total_rows(body.matrix("parsed")[where])
    if not found or len(found) * 2 > len(where):
        return
    lines, label = body.grid.lines, body.grid.cells.column(0)
    for at, (first, last) in sorted(found.items()):
        reason = f"{TOTAL_LINE} : somme des lignes {lines[where[first]]} à {lines[where[last]]}"
        left_out.append((int(lines[where[at]]), body.grid.cells.column_names[0], label[where[at]].as_py(), reason))
        kept[where[at]] = False


def _reject_amounts(body: Body, kept: np.ndarray, rejected: list[Entry]) -> None:
    """A row with one amount that cannot be read is rejected whole, under the title of that column."""
    bad = body.matrix("bad")
    shape, names = body.found.shape, body.grid.cells.column_names
    for at in np.flatnonzero(kept & bad.any(axis=1)):
        k, i = divmod(int(np.flatnonzero(bad[at])[0]), body.width)
        position = shape.where[i][k]
        text = body.grid.cells.column(position)[at].as_py()
        rejected.append((int(body.grid.lines[at]), names[position], text, _reason(body.amounts[k])))
        kept[at] = False


def _described(grid: Grid, column: Column, rows: np.ndarray, reason: str) -> list[Entry]:
    texts = column.texts.take(pa.array(column.codes[rows])).to_pylist()
    return [(int(line), column.name, text, reason) for line, text in zip(grid.lines[rows], texts, strict=True)]


def _reason(column: Column) -> str:
    if column.kind == "date":
        return "ce n’est pas une date"
    sign = {",": " à virgule décimale", ".": " à point décimal"}.get(column.decimal or "", "")
    return f"ce n’est pas un nombre{sign}"
