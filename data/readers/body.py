"""Typed columns of a grid, as in the file or as the keys and amounts of a wide table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from analytics.errors import Question
from analytics.schema import COTISATION_MEASURES
from data.findings import finding
from data.readers.columns import Column, type_columns
from data.readers.grid import Grid
from data.readers.source import Source
from data.readers.totals import check_columns
from data.readers.wide import Unfolding, body_texts, months_of, years_of
from data.vocabulary import guess


@dataclass(frozen=True)
class Body:
    """Columns of a grid, typed.

    Attributes
    ----------
    grid : Grid
        The rows.
    columns : list of Column
        One code per row of the grid: every column, or the keys of a wide table.
    amounts : list of Column
        One code per row and combination, row by row; none when the table is not wide.
    found : Unfolding
        The shape.
    aside : tuple of str
        Columns of a wide table that are neither keys nor amounts.
    halves : numpy.ndarray or None
        Year or month of each row, when the header says only the other half; 0 where the row has none.
    questions, findings : tuple
    units : mapping
        Column -> unit, other than the euro, that its numbers were multiplied by.
    """

    grid: Grid
    columns: list[Column]
    amounts: list[Column]
    found: Unfolding
    aside: tuple[str, ...] = ()
    halves: np.ndarray | None = None
    questions: tuple[Question, ...] = ()
    findings: tuple[dict, ...] = field(default=())
    units: Mapping[str, str] = field(default_factory=dict)

    @property
    def width(self) -> int:
        """Combinations per row."""
        return len(self.found.shape.combos) if self.found.shape else 1

    def matrix(self, mask: str) -> np.ndarray:
        """Rows × amounts and combinations of a mask ("bad", "missing") or of the numbers ("parsed")."""
        parts = [getattr(a, mask)[a.codes].reshape(len(self.grid.lines), self.width) for a in self.amounts]
        return np.concatenate(parts, axis=1)


def type_body(source: Source, found: Unfolding, answers: Mapping[str, str]) -> Body:
    """Type the columns of a grid.

    Parameters
    ----------
    source : Source
        The file.
    found : Unfolding
        Its shape, and its grid without the rows of flags.
    answers : mapping
        Answers to questions.
    """
    if found.shape is None:
        columns = _typed(source, found.grid, found.grid.cells.column_names, answers)
        return Body(found.grid, columns, [], found)
    names = found.grid.cells.column_names
    shape = found.shape
    outside = [n for j, n in enumerate(names) if j not in {*shape.body, *shape.totals} and n != found.row_period]
    columns = _typed(source, found.grid, outside, answers)
    keys = [c for c in columns if _is_key(c, dated=bool(shape.periods))]
    spare = [c for c in columns if c.name not in {k.name for k in keys} and not c.missing[c.codes].all()]
    amounts = _amounts(source, found, answers, {k.name for k in keys})
    body = Body(found.grid, keys, amounts, found, halves=_halves(found))
    questions, notes = _check_totals(body, answers)
    for column in spare:
        message = (
            f"La colonne « {column.name} » n’est pas reprise : son montant n’est d’aucune des colonnes mises en lignes."
        )
        notes.append(finding("conformite.colonne_hors_tableau", "attention", message, colonne=column.name))
    aside = (*(names[j] for j in shape.totals), *(c.name for c in spare))
    return Body(found.grid, keys, amounts, found, aside, body.halves, tuple(questions), tuple(notes))


def _typed(source: Source, grid: Grid, names: list[str], answers: Mapping[str, str]) -> list[Column]:
    read = [n for n in names if n not in source.typed]
    columns = {c.name: c for c in type_columns(grid.cells.select(read), answers, source.hints)}
    return [source.typed.get(n) or columns[n] for n in names]


def _is_key(column: Column, *, dated: bool) -> bool:
    """Whether a column may be repeated on each new row: an amount would be counted several times."""
    if column.kind != "number" and not column.undecided:
        return True
    hint = guess(column.name)
    return hint is not None and (hint.kind == "calendar" or (not dated and hint.role in COTISATION_MEASURES))


def _amounts(source: Source, found: Unfolding, answers: Mapping[str, str], taken: set[str]) -> list[Column]:
    """Each amount typed as one column, so that every cell is read under the same convention."""
    shape, names = found.shape, found.grid.cells.column_names
    columns = []
    for k, value in enumerate(shape.values):
        positions = [spots[k] for spots in shape.where]
        signs = {source.hints.decimals.get(names[j]) for j in positions if j >= 0}
        name = value if value not in taken | set(shape.variables) else f"{value} (2)"
        hints = type(source.hints)({name: signs.pop()} if len(signs) == 1 and None not in signs else {})
        cells = pa.table({name: body_texts(found.grid, positions)})
        columns += type_columns(cells, answers, hints)
    return columns


def _halves(found: Unfolding) -> np.ndarray | None:
    if not found.row_period:
        return None
    read = months_of if found.shape.kind == "annee" else years_of
    return read(found.grid, found.row_period, found.shape.body)


def _check_totals(body: Body, answers: Mapping[str, str]) -> tuple[list[Question], list[dict]]:
    """Say which columns of total are left out, and ask about those that add up nothing."""
    shape = body.found.shape
    names = body.grid.cells.column_names
    if not shape.totals or any(a.kind != "number" for a in body.amounts):
        return [], []
    numbers = body.matrix("parsed")
    values = {
        at: numbers[:, k * body.width + i] for i, row in enumerate(shape.where) for k, at in enumerate(row) if at >= 0
    }
    totals = type_columns(body.grid.cells.select([names[j] for j in shape.totals]), {})
    for at, column in zip(shape.totals, totals, strict=True):
        empty = np.full(len(body.grid.lines), np.nan)
        values[at] = column.parsed[column.codes] if column.kind == "number" else empty
    usable = {at: tuple(p for p in parts if p in values) for at, parts in shape.totals.items()}
    groups = [[row[k] for row in shape.where if row[k] >= 0] for k in range(len(shape.values))]
    verdicts = check_columns(values, usable, groups)
    questions, notes = [], []
    sums = [names[at] for at, verdict in verdicts.items() if verdict is not False]
    if sums:
        message = f"Colonnes de total laissées de côté, pour ne rien compter deux fois : {', '.join(sums[:5])}"
        message += f" et {len(sums) - 5} autres." if len(sums) > 5 else "."
        notes.append(finding("conformite.colonnes_de_total", "info", message, colonne=sums[0]))
    for at in (at for at, verdict in verdicts.items() if verdict is False):
        message = f"La colonne « {names[at]} » se dit un total mais n’est pas la somme des autres : laissée de côté."
        notes.append(finding("exactitude.total_faux", "attention", message, colonne=names[at]))
        if not shape.periods and f"total:{names[at]}" not in answers:
            questions.append(_total_question(names[at]))
    return questions, notes


def _total_question(name: str) -> Question:
    return Question(
        f"total:{name}",
        f"La colonne « {name} » est-elle un total des autres ? Elle n’en est pas la somme.",
        {"total": "Oui, la laisser de côté", "garder": "Non, la garder comme une valeur parmi les autres"},
        "Un total gardé serait compté deux fois.",
    )
