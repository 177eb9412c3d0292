"""Titles met among the rows: those of the same table, printed again, or those of a second table under the first."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from analytics.errors import Question
from data.findings import finding
from data.readers.body import Body
from data.readers.grid import BLANK, Entry
from data.readers.kinds import is_period, kind_of
from data.vocabulary import guess, normalise

REPEATED = "titres répétés"
OTHER = "autre tableau"
KEY = "tableaux"
_WHOLE_DATE = re.compile(r"\d{1,4}[/.\-]\d{1,2}[/.\-]\d{1,4}( .*)?")
#: Rows looked at one by one; a file with more unreadable ones is no pile of tables.
_MOST = 2000


@dataclass(frozen=True)
class Stacked:
    """What was found.

    Attributes
    ----------
    repeated : list of int
        Rows of the grid that repeat the titles.
    line : int
        First line of a second table, 0 when there is none.
    titles : tuple of str
        Its titles.
    """

    repeated: list[int]
    line: int = 0
    titles: tuple[str, ...] = ()


def find_stacked(body: Body, kept: np.ndarray, separator: str) -> Stacked:
    """Look for titles among the rows that cannot be read.

    Parameters
    ----------
    body : Body
        Typed columns.
    kept : numpy.ndarray of bool
        Rows still in use.
    separator : str
        Sign between the cells of a rejected line.
    """
    own = _own_titles(body)
    repeated = []
    found: list[tuple[int, tuple[str, ...]]] = []
    lines = body.grid.lines
    for at in np.flatnonzero(_unread(body) & kept)[:_MOST]:
        cells = [column[int(at)].as_py().strip() for column in body.grid.cells.columns]
        if tuple(map(normalise, cells)) in own or _all_titles(cells, own):
            repeated.append(int(at))
        elif _are_titles(cells, own) or (_all_words(cells) and _after_gap(body, int(at))):
            found.append((int(lines[at]), tuple(cells)))
    found += [(e[0], cells) for e in body.grid.rejected[:_MOST] if (cells := _narrow(e, separator, own))]
    last = max(int(lines[kept].max(initial=0)), max((e[0] for e in body.grid.rejected), default=0))
    found = [(line, cells) for line, cells in found if line < last]
    line, titles = min(found, default=(0, ()))
    return Stacked(repeated, line, tuple(c for c in titles if c))


def leave_other(
    body: Body, found: Stacked, kept: np.ndarray, rejected: list[Entry], left_out: list[Entry]
) -> list[Entry]:
    """Leave out, in place, the lines of a second table; the rejected lines that are not of it."""
    lines = body.grid.lines
    other = kept & (lines >= found.line)
    first = body.grid.cells.column(0)
    left_out += [(int(lines[at]), "", first[int(at)].as_py(), OTHER) for at in np.flatnonzero(other)]
    kept &= ~other
    left_out += [(*e[:3], OTHER) for e in rejected if e[0] >= found.line]
    return [e for e in rejected if e[0] < found.line]


def stacked_question(found: Stacked) -> Question:
    """Whether the first of two tables is the one to read."""
    return Question(
        KEY,
        f"Il y a deux tableaux dans ce fichier, le second à la ligne {found.line} ({_listed(found)})."
        " Faut-il ne lire que le premier ?",
        {"premier": "Oui : laisser de côté le second"},
        "Leurs montants ne s’additionnent pas. Pour lire le second, déposez-le dans un fichier à part.",
    )


def stacked_finding(found: Stacked) -> dict:
    """What is said of the second table."""
    return finding(
        "conformite.deux_tableaux",
        "attention",
        f"Un second tableau commence à la ligne {found.line} : il n’est pas lu.",
        ligne=found.line,
        valeur=_listed(found),
        remede="Déposez-le dans un fichier à part.",
    )


def _listed(found: Stacked) -> str:
    return ", ".join(found.titles[:6])


def _unread(body: Body) -> np.ndarray:
    """Rows that hold something in the columns of numbers and dates, none of it readable."""
    good = np.zeros(len(body.grid.lines), dtype=bool)
    bad = good.copy()
    for column in body.columns:
        if column.kind != "text":
            bad |= column.bad[column.codes]
            good |= ~(column.bad | column.missing)[column.codes]
    if body.amounts and all(a.kind == "number" for a in body.amounts):
        bad |= body.matrix("bad").any(axis=1)
        good |= np.isfinite(body.matrix("parsed")).any(axis=1)
    return bad & ~good


def _own_titles(body: Body) -> set[tuple[str, ...]]:
    layout = body.grid.layout
    return {tuple(map(normalise, row)) for row in (*layout.levels, layout.header)}


def _all_titles(cells: list[str], own: set[tuple[str, ...]]) -> bool:
    """Whether every cell is a title of its own column: merged cells of a header are not repeated in the rows."""
    words = [normalise(c) for c in cells]
    places = [{row[j] for row in own if j < len(row)} for j in range(len(words))]
    return sum(map(bool, words)) > 1 and all(not w or w in places[j] for j, w in enumerate(words))


def _are_titles(cells: list[str], own: set[tuple[str, ...]]) -> bool:
    """Whether at least half of the filled cells, two at least, name a column; none is a number nor a day."""
    filled = [c for c in cells if c]
    if len(filled) < 2 or any(kind_of(c) == "number" or _WHOLE_DATE.fullmatch(c) for c in filled):
        return False
    known = {word for row in own for word in row if word}
    named = sum(guess(c) is not None or normalise(c) in known or is_period(c) for c in filled)
    return 2 * named >= max(len(filled), 4) and 2 * len(filled) >= len(cells)


def _all_words(cells: list[str]) -> bool:
    return len(cells) > 1 and all(kind_of(c) == "text" for c in cells)


def _after_gap(body: Body, at: int) -> bool:
    """Whether the line above a row is blank."""
    above = int(body.grid.lines[at]) - 1
    return any(e[0] == above and e[3] == BLANK for e in body.grid.left_out)


def _narrow(entry: Entry, separator: str, own: set[tuple[str, ...]]) -> tuple[str, ...] | None:
    """Cells of a line of another width that holds titles."""
    cells = [c.strip().strip('"') for c in entry[2].split(separator or "\t")]
    return tuple(cells) if len(cells) > 1 and _are_titles(cells, own) else None
