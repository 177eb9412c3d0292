"""A grid laid out as a table: lines in order, sub-totals, the first or last groups and the exact rest of them."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from analytics.descriptive.pivot import Grid, evaluate, met_cells
from analytics.descriptive.pivot_cube import to_euros
from analytics.indicators import Indicator

TOTAL, OTHERS = "Total", "Autres"
#: What the lines may be sorted by, besides the value of a column: their own names.
BY_NAME = "libelle"


@dataclass(frozen=True)
class Line:
    """One line, or one column, of the table.

    Attributes
    ----------
    labels : tuple of str
        One French name by axis of the lines.
    niveau : {"detail", "sous_total", "total"}
    filtres : mapping of str to str
        Value of each axis that it stands for; « Autres », totals and values left empty by the file name none.
    """

    labels: tuple[str, ...]
    niveau: str = "detail"
    filtres: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Pivot:
    """A crossed table, ready to be shown or written.

    Attributes
    ----------
    indicator : Indicator
    lignes : tuple of str
        Axes of the lines, one or two.
    colonne : str or None
        Axis of the columns.
    lines, columns : tuple of Line
        The last of each is the total; with two axes each group of details is followed by its sub-total.
    mesures : mapping of str to numpy.ndarray
        Sum of each measure, lines × columns, in the unit of the file; NaN where unknown or masked.
    valeur, numerateur, denominateur : numpy.ndarray
        The indicator and what it is made of, NaN where it cannot be computed or is masked.
    masque : numpy.ndarray of bool
        Cells under statistical secrecy.
    caches : int
        Lines and columns left out because all their cells are masked.
    """

    indicator: Indicator
    lignes: tuple[str, ...]
    colonne: str | None
    lines: tuple[Line, ...]
    columns: tuple[Line, ...]
    mesures: Mapping[str, np.ndarray]
    valeur: np.ndarray
    numerateur: np.ndarray
    denominateur: np.ndarray
    masque: np.ndarray
    caches: int


@dataclass(frozen=True)
class _Box:
    """A grid on exactly three axes: two of the lines, one of the columns; a missing one is reduced to its total."""

    grid: Grid
    cents: dict[str, np.ndarray]
    known: dict[str, np.ndarray]
    present: dict[str, np.ndarray]
    masked: np.ndarray
    names: tuple[tuple[str, ...], ...]  # of each of the three axes, the total left out
    axes: tuple[str | None, ...]

    @functools.cached_property
    def met(self) -> np.ndarray:
        return met_cells(self.known, self.grid.repeated)


def lay_out(
    grid: Grid,
    *,
    colonne: bool = False,
    tri: str | None = None,
    inverse: bool = False,
    garder: int | None = None,
) -> Pivot:
    """Lay a grid out in lines and columns.

    Parameters
    ----------
    grid : Grid
        Its axes are those of the lines, then that of the columns if there is one.
    colonne : bool
        Whether the last axis is that of the columns.
    tri : str, optional
        Value of the column to sort by, :data:`BY_NAME`, or None for the total column. A sub-total sorts the groups,
        a detail sorts inside its group; a cell without value or masked comes last.
    inverse : bool
        Smallest first, or names from the last one.
    garder : int, optional
        Groups of the first axis to keep: the n largest of the column sorted by, the n smallest when it is negative.
        The rest is summed in « Autres », to the cent; a rest of one group keeps its name.

    Returns
    -------
    Pivot
    """
    box = _box(grid, colonne)
    column = _sort_column(grid, colonne, tri)
    where = (slice(0, -1), -1, column)
    groups = _order(box, where, inverse=inverse, by_name=tri == BY_NAME)
    if garder is not None and 0 < abs(garder) < len(groups) - 1:
        chosen = set(_order(box, where, inverse=garder < 0, by_name=False)[: abs(garder)])
        box = _gather(box, [g for g in groups if g in chosen], [g for g in groups if g not in chosen])
        groups = list(range(len(chosen) + 1))
    lines = _lines(box, groups, column, inverse=inverse, by_name=tri == BY_NAME)
    shown = [(i, j, line) for i, j, line in lines if line.niveau == "total" or not _all_masked(box, (i, j))]
    columns = [c for c in range(len(box.names[2])) if not _all_masked(box, (slice(None), slice(None), c))]
    hidden = len(lines) - len(shown) + len(box.names[2]) - len(columns)
    return _cut(box, colonne, shown, [*columns, -1], hidden)


def _box(grid: Grid, colonne: bool) -> _Box:
    lines = len(grid.axes) - colonne
    axes = (*grid.axes[:lines], *[None] * (2 - lines), grid.axes[-1] if colonne else None)
    names = iter(grid.labels)
    shape = tuple(1 if a is None else n for a, n in zip(axes, _sizes(grid, axes), strict=True))
    parts = [{m: v.reshape(shape) for m, v in x.items()} for x in (grid.cents, grid.known, grid.present)]
    labels = tuple(() if a is None else next(names) for a in axes)
    return _Box(grid, *parts, grid.masked.reshape(shape), labels, axes)


def _sizes(grid: Grid, axes: tuple[str | None, ...]) -> list[int]:
    sizes = iter(grid.masked.shape)
    return [1 if a is None else next(sizes) for a in axes]


def _sort_column(grid: Grid, colonne: bool, tri: str | None) -> int:
    if not colonne or tri not in grid.levels[-1]:
        return -1
    return grid.levels[-1].index(tri)


def _order(box: _Box, where: tuple, *, inverse: bool, by_name: bool) -> list[int]:
    """Places of one axis in the order asked; what has no value, or is masked, comes last, in its own order."""
    cut = [{m: v[where] for m, v in x.items()} for x in (box.cents, box.known, box.present)]
    value = np.where(box.masked[where], np.nan, evaluate(box.grid.indicator, *cut)[0])
    places = np.arange(len(value))
    if by_name:
        return (places[::-1] if inverse else places).tolist()
    told = ~np.isnan(value)
    order = np.argsort(value[told] if inverse else -value[told], kind="stable")
    return [*places[told][order].tolist(), *places[~told].tolist()]


def _gather(box: _Box, kept: list[int], rest: list[int]) -> _Box:
    """The groups kept, then « Autres »: the sum of the rest, masked unless what is shown gives it."""

    def gather(measure: str, values: np.ndarray) -> np.ndarray:
        repeated = box.axes[0] in box.grid.repeated[measure]
        if values.dtype == bool:
            others = values[rest].any(axis=0, keepdims=True)
        else:
            others = values[-1:] if repeated else values[rest].sum(axis=0, keepdims=True)
        return np.concatenate([values[kept], others, values[-1:]])

    parts = [{m: gather(m, v) for m, v in x.items()} for x in (box.cents, box.known, box.present)]
    within, everywhere = box.masked[rest].sum(axis=0), box.masked[:-1].sum(axis=0)
    others = (within > 0) & ((within < everywhere) | box.masked[-1])
    masked = np.concatenate([box.masked[kept], others[None], box.masked[-1:]])
    names = ((*(box.names[0][i] for i in kept), f"{OTHERS} ({len(rest)})"), *box.names[1:])
    first = (*(box.grid.levels[0][i] for i in kept), None)
    return _Box(replace(box.grid, levels=(first, *box.grid.levels[1:])), *parts, masked, names, box.axes)


def _lines(box: _Box, groups: list[int], column: int, *, inverse: bool, by_name: bool) -> list[tuple[int, int, Line]]:
    """Places on the two axes of the lines, with what each line is called."""
    one = box.axes[1] is None
    lines = []
    for i in groups:
        name, filters = box.names[0][i], _filter(box, 0, i)
        if one:
            lines.append((i, -1, Line((name,), "detail", filters)))
            continue
        inside = _order(box, (i, slice(0, -1), column), inverse=inverse, by_name=by_name)
        lines += [
            (i, j, Line((name, box.names[1][j]), "detail", {**filters, **_filter(box, 1, j)}))
            for j in inside
            if box.met[i, j].any()
        ]
        lines.append((i, -1, Line((name, TOTAL), "sous_total", filters)))
    return [*lines, (-1, -1, Line((TOTAL,) if one else (TOTAL, ""), "total"))]


def _filter(box: _Box, axis: int, place: int) -> dict[str, str]:
    value = box.grid.levels[axis][place]
    return {} if value is None else {box.grid.axes[axis]: value}


def _all_masked(box: _Box, where: tuple) -> bool:
    met = box.met[where]
    return bool(met.any() and box.masked[where][met].all())


def _cut(box: _Box, colonne: bool, lines: list, columns: list[int], hidden: int) -> Pivot:
    """The lines and columns chosen, as matrices."""
    grid = box.grid
    rows = [i for i, _, _ in lines], [j for _, j, _ in lines]
    at = (np.array(rows[0])[:, None], np.array(rows[1])[:, None], np.array(columns)[None, :])
    cents, known, present = ({m: v[at] for m, v in x.items()} for x in (box.cents, box.known, box.present))
    masked = box.masked[at]
    figures = [np.where(masked, np.nan, v) for v in evaluate(grid.indicator, cents, known, present)]
    measures = {m: np.where(known[m] & ~masked, to_euros(cents[m]), np.nan) for m in cents}
    heads = [Line((box.names[2][c],), "detail", _filter(box, len(grid.axes) - 1, c)) for c in columns[:-1]]
    heads.append(Line((TOTAL if colonne else grid.indicator.label,), "total"))
    lignes = tuple(a for a in box.axes[:2] if a is not None)
    return Pivot(
        grid.indicator, lignes, box.axes[2], tuple(ln for _, _, ln in lines), tuple(heads), measures, *figures,
        masque=masked, caches=hidden,
    )  # fmt: skip
