"""Amounts that are not written in euros: what the title, a row of units or a note says, and what it multiplies."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from analytics.errors import Question
from analytics.french import format_number
from data.findings import finding
from data.readers.body import Body
from data.readers.categories import is_unit
from data.readers.columns import Column
from data.readers.grid import ABOVE, NOTE, Entry, Grid
from data.vocabulary import guess

#: Name of a unit -> what multiplies an amount to make it one of euros (or of people, of acts).
FACTORS: Mapping[str, float] = {"milliers": 1e3, "millions": 1e6, "milliards": 1e9, "centimes": 1e-2}
AS_IT_IS = "euros"
UNITS = "ligne d’unités"
_SIGN = r"(?:€|eur(?:os?)?\b)"
_SPELLED = {
    "milliers": rf"milliers\b|k ?{_SIGN}",
    "millions": rf"millions\b|m ?{_SIGN}",
    "milliards": rf"milliards\b|m(?:r)?ds? ?{_SIGN}",
    "centimes": r"centimes?\b|cents?\b|cts\b",
}
#: In a title or a row of units, but not in « plus de 10 k€ ».
_CELL = {name: re.compile(rf"(?:^|[(\[/,:_-]|(?<!\d)\s)(?:{words})") for name, words in _SPELLED.items()}
#: In a sentence: after « en » or « unité », or between brackets, lest « plus de 10 k€ » be one.
_NOTE = {name: re.compile(rf"(?:\ben|\bunites? ?:?|[(\[])\s*(?:en )?(?:{words})") for name, words in _SPELLED.items()}
_COUNTED = ("beneficiaires", "actes", "adherents", "contrats")
_LEAST_ROWS = 2
#: Rows at the end of a table where notes may stand.
_LAST = 20


@dataclass(frozen=True)
class Units:
    """Units said by a grid.

    Attributes
    ----------
    columns : dict of str to tuple
        Title of a column -> name of its unit, line and text that say it.
    note : tuple or None
        The same for a note outside the table, which names no column.
    """

    columns: dict[str, tuple[str, int, str]] = field(default_factory=dict)
    note: tuple[str, int, str] | None = None


def unit_of(text: str) -> str:
    """Name of the unit that a title or a cell of units says, "" for none: "Montant (k€)" is in "milliers"."""
    return _said(text, _CELL)


def take_units(grid: Grid, *, typed: bool = False) -> tuple[Grid, Units]:
    """The grid without a first row that only says in what each column is counted, and all the units it says.

    Parameters
    ----------
    grid : Grid
        The rows.
    typed : bool
        True when the file itself types its columns: it has no row of units.
    """
    line = grid.layout.header_lines[-1] if grid.layout.header_lines else 0
    names = grid.cells.column_names
    said = {name: (unit_of(name), line, name) for name in names if unit_of(name)}
    cells = [] if typed else _first_row(grid)
    filled = [c for c in cells if c]
    if filled and len(grid.lines) >= _LEAST_ROWS and all(is_unit(c) or _alone(c) for c in filled):
        at = int(grid.lines[0])
        said |= {n: (unit_of(c), at, c) for n, c in zip(names, cells, strict=True) if unit_of(c)}
        left_out = [*grid.left_out, (at, "", " ; ".join(filled), UNITS)]
        grid = replace(grid, cells=grid.cells.slice(1), lines=grid.lines[1:], left_out=left_out)
    return grid, Units(said, _noted([*grid.left_out, *_lone_cells(grid)]))


def scale(body: Body, units: Units, answers: Mapping[str, str]) -> Body:
    """The same columns in euros; a unit that only a note says is asked.

    Parameters
    ----------
    body : Body
        Typed columns.
    units : Units
        What the file says.
    answers : mapping
        "unite:<colonne>" is "euros" or a name of :data:`FACTORS`.
    """
    if not units.columns and units.note is None:
        return body
    questions: list[Question] = []
    found: dict[str, tuple[str, int, str]] = {}
    keys = [_scaled(c, units.columns.get(c.name)) for c in body.columns]
    found |= {c.name: units.columns[c.name] for c, k in zip(body.columns, keys, strict=True) if k is not c}
    amounts = []
    for k, column in enumerate(body.amounts):
        said = _common(body, k, units)
        amounts.append(_scaled(column, said))
        if amounts[-1] is not column:
            found[column.name] = said
    note = _doubt(body, units)
    for group in (keys, amounts) if note else ():
        money = _money(group)
        for at, column in enumerate(group):
            if column.name in found or column.name not in money:
                continue
            answer = answers.get(f"unite:{column.name}")
            if answer in FACTORS:
                found[column.name] = (answer, *note[1:])
                group[at] = _scaled(column, found[column.name])
            elif answer != AS_IT_IS:
                questions.append(unit_question(column.name, note))
    return replace(
        body,
        columns=keys,
        amounts=amounts,
        questions=(*body.questions, *questions),
        findings=(*body.findings, *(_told(name, *said) for name, said in found.items())),
        units={name: said[0] for name, said in found.items()},
    )


def unit_question(name: str, note: tuple[str, int, str]) -> Question:
    """The question asked when a note speaks of a unit that no title says."""
    unit, line, text = note
    others = [u for u in FACTORS if u != unit]
    labels = {u: f"En {u} : multiplier par {_factor(u)}" for u in [unit, *others]}
    return Question(
        f"unite:{name}",
        f"La ligne {line} dit « {text.strip()[:80]} » : les montants de « {name} » sont-ils en {unit} ?",
        {unit: labels[unit], AS_IT_IS: "En euros : les garder tels quels", **{u: labels[u] for u in others}},
        "Tous les montants de cette colonne en dépendent.",
    )


def _said(text: str, patterns: Mapping[str, re.Pattern[str]]) -> str:
    letters = unicodedata.normalize("NFKD", text.replace("’", "'"))
    flat = " ".join("".join(c for c in letters if not unicodedata.combining(c)).lower().split())
    return next((name for name, pattern in patterns.items() if pattern.search(flat)), "")


def _first_row(grid: Grid) -> list[str]:
    return [column[0].as_py().strip() for column in grid.cells.columns] if len(grid.lines) else []


def _alone(cell: str) -> bool:
    """Whether a cell holds a unit and no number."""
    return bool(unit_of(cell)) and not re.search(r"\d", cell)


def _lone_cells(grid: Grid) -> list[Entry]:
    """Last rows that hold one cell alone: notes padded with empty cells."""
    found = []
    for at in range(max(0, len(grid.lines) - _LAST), len(grid.lines)):
        cells = [c for column in grid.cells.columns if (c := column[at].as_py().strip())]
        if len(cells) == 1:
            found.append((int(grid.lines[at]), "", cells[0], NOTE))
    return found


def _noted(left_out: Sequence[Entry]) -> tuple[str, int, str] | None:
    """The first note above or below the table that says a unit."""
    notes = [(_said(text, _NOTE), line, text) for line, _, text, reason in left_out if reason in (ABOVE, NOTE)]
    return next((note for note in sorted(notes, key=lambda n: n[1]) if note[0]), None)


def _doubt(body: Body, units: Units) -> tuple[str, int, str] | None:
    """What says a unit without naming the amounts: a note, the title of a key of a wide table, a lone cell."""
    titles = max(body.grid.layout.header_lines, default=0)
    said = [units.columns[c.name] for c in body.columns if c.kind != "number" and c.name in units.columns]
    keys = [s for s in said if body.amounts or s[1] > titles]
    return next(iter(keys), None) or units.note


def _common(body: Body, at: int, units: Units) -> tuple[str, int, str] | None:
    """The unit that all the columns of an amount share."""
    names = body.grid.cells.column_names
    said = [units.columns.get(names[spots[at]]) for spots in body.found.shape.where if spots[at] >= 0]
    return said[0] if said and None not in said and len({s[0] for s in said}) == 1 else None


def _money(columns: Sequence[Column]) -> set[str]:
    """Titles of the columns of amounts: those that say so, or those that say nothing when none does."""
    hints = {c.name: guess(c.name) for c in columns if c.kind == "number"}
    said = {n for n, h in hints.items() if h and h.kind in ("measure", "average", "running") and h.role not in _COUNTED}
    return said or {name for name, hint in hints.items() if hint is None}


def _scaled(column: Column, said: tuple[str, int, str] | None) -> Column:
    if said is None or column.kind != "number":
        return column
    factor = FACTORS[said[0]]
    values = column.parsed / round(1 / factor) if factor < 1 else column.parsed * factor
    # 12,3 thousand is 12 300, not 12 300,000000000002.
    return replace(column, parsed=np.round(values, 6))


def _factor(unit: str) -> str:
    return "0,01" if unit == "centimes" else format_number(FACTORS[unit])


def _told(name: str, unit: str, line: int, text: str) -> dict:
    message = f"Les montants de « {name} » sont en {unit} : multipliés par {_factor(unit)}."
    return finding(
        "conformite.unite", "attention", message, colonne=name, ligne=line or None, valeur=text.strip()[:120]
    )
