"""Ad-hoc report: any indicator crossed by up to three axes, with its exact total at each level.

A grid holds each measure of the formula summed on every cell and on every total; ratios are computed from those sums,
never averaged nor summed. How the grid is laid out (order, first groups, « Autres ») is in
:mod:`analytics.descriptive.pivot_layout`, what « partage » mode hides in :mod:`analytics.descriptive.pivot_secrecy`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from analytics.descriptive.indicator import refuse
from analytics.descriptive.pivot_cube import TIME, Cube, add_up, to_euros
from analytics.descriptive.pivot_secrecy import Pattern, hidden_cells
from analytics.disclosure import PERSONS
from analytics.errors import ParameterError
from analytics.indicators import Indicator, Term, get_indicator
from analytics.schema import CARE_DIMENSIONS, Selection

MOST_AXES = 3


@dataclass(frozen=True)
class Grid:
    """An indicator on every cell of up to three axes and on every total.

    Attributes
    ----------
    indicator : Indicator
    axes : tuple of str
        Axes crossed.
    levels : tuple of tuple
        Values of each axis, as coded in the cube; the place after the last is the total.
    labels : tuple of tuple of str
        French names of those values; a year or a quarter met in part says how many months of it are.
    cents : mapping of str to numpy.ndarray
        Sum of each measure of the formula, in hundredths of its unit, whole numbers for amounts in cents.
    known, present : mapping of str to numpy.ndarray of bool
        Cells where the measure is known; cells where its table has lines.
    repeated : mapping of str to frozenset
        Axes along which a measure is repeated, not shared out (the members exposed to each poste).
    masked : numpy.ndarray of bool
        Cells under statistical secrecy.
    """

    indicator: Indicator
    axes: tuple[str, ...]
    levels: tuple[tuple[str | None, ...], ...]
    labels: tuple[tuple[str, ...], ...]
    cents: Mapping[str, np.ndarray]
    known: Mapping[str, np.ndarray]
    present: Mapping[str, np.ndarray]
    repeated: Mapping[str, frozenset[str]]
    masked: np.ndarray


def compute_grid(
    cube: Cube,
    key: str,
    axes: Sequence[str],
    selection: Selection | None = None,
    *,
    pattern: Pattern | None = None,
) -> Grid:
    """Sum the measures of an indicator over up to three axes, totals included.

    Parameters
    ----------
    cube : Cube
        From :func:`analytics.descriptive.pivot_cube.build_cube`.
    key : str
        Indicator, or extra measure of the dataset.
    axes : sequence of str
        Dimensions of the dataset and axes of time, three at most.
    selection : Selection, optional
        Period and values to keep.
    pattern : Pattern, optional
        From :func:`analytics.descriptive.pivot_secrecy.secret_pattern`, for the axes and the dimensions filtered: the
        grid is to be shared, and the cells that speak of fewer than 11 persons, or would give them back, are masked.

    Returns
    -------
    Grid

    Raises
    ------
    ParameterError
        Unknown indicator or axis, too many of them, a formula that cannot be computed for them, too many cells.
    """
    selection = selection or Selection()
    indicator = get_indicator(key, cube.dataset)
    _check(cube, indicator, tuple(axes), selection)
    measures = [m for m in dict.fromkeys(indicator.measures) if m in cube.facts_of(m).amounts]  # some are optional
    sums = {m: _sum_measure(cube, m, axes, selection) for m in measures}
    levels = tuple(cube.levels[a] for a in axes)
    shape = tuple(len(v) + 1 for v in levels)
    shown = np.zeros(shape, dtype=bool)
    masked = shown if pattern is None else hidden_cells(cube, pattern, tuple(axes), selection)
    cents, known, present = ({m: np.broadcast_to(s[i], shape) for m, s in sums.items()} for i in range(3))
    repeated = {m: _repeated(m, axes) for m in sums}
    months = cube.months_of(measures, selection)
    labels = tuple(cube.value_labels(a, months) for a in axes)
    grid = Grid(indicator, tuple(axes), levels, labels, cents, known, present, repeated, masked)
    return _without_empty(grid)


def combine(terms: Sequence[Term], cents: Mapping, known: Mapping, present: Mapping) -> np.ndarray:
    """Σ weight × measure in the unit of the file, NaN where it is not known.

    A measure whose table has no line in a cell adds nothing there; one whose lines are empty is missing.
    """
    used = [(m, weight) for m, weight in terms if m in cents]
    shape = next(iter(cents.values())).shape
    total, some, missing = np.zeros(shape), np.zeros(shape, dtype=bool), np.zeros(shape, dtype=bool)
    for measure, weight in used:
        total += np.where(known[measure], cents[measure], 0.0) * weight
        some |= known[measure]
        missing |= present[measure] & ~known[measure]
    return np.where(some & ~missing, to_euros(total), np.nan)


def met_cells(known: Mapping[str, np.ndarray], repeated: Mapping[str, frozenset[str]]) -> np.ndarray:
    """Cells where a measure that is not repeated is known."""
    return np.logical_or.reduce([known[m] for m in known if not repeated[m]] or list(known.values()))


def evaluate(
    indicator: Indicator, cents: Mapping, known: Mapping, present: Mapping
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Value, numerator and denominator of each cell; the value is NaN where it cannot be computed."""
    numerator = combine(indicator.numerator, cents, known, present)
    if not indicator.denominator:
        return numerator, numerator, np.full(numerator.shape, np.nan)
    denominator = combine(indicator.denominator, cents, known, present)
    return numerator / np.where(denominator == 0, np.nan, denominator), numerator, denominator


def _check(cube: Cube, indicator: Indicator, axes: tuple[str, ...], selection: Selection) -> None:
    if len(axes) > MOST_AXES or len(set(axes)) < len(axes):
        raise ParameterError("Un tableau croisé a trois dimensions au plus, toutes différentes.")
    unknown = next((a for a in axes if a not in cube.axes), None)
    if unknown is not None:
        raise ParameterError("Dimension absente des données.", colonne=unknown)
    keys = tuple(a for a in axes if a not in TIME)
    refusal = refuse(indicator, cube.dataset, keys, selection)
    if refusal:
        raise ParameterError(f"{indicator.label} : {refusal}.", remede="Choisissez un autre indicateur ou découpage.")


def _repeated(measure: str, axes: Sequence[str]) -> frozenset[str]:
    return frozenset(a for a in axes if measure == PERSONS and a in CARE_DIMENSIONS)


def _sum_measure(cube: Cube, measure: str, axes: Sequence[str], selection: Selection) -> tuple[np.ndarray, ...]:
    """Cents, known and present on every cell and total; a member is exposed to every poste."""
    facts = cube.facts_of(measure)
    scope = selection.without_care() if measure == PERSONS else selection
    repeated = _repeated(measure, axes)
    own = [a for a in axes if a not in repeated]
    lines = cube.lines(facts, scope)
    sums, counts = (_with_totals(part) for part in add_up(cube, facts, measure, own, lines))
    everywhere = facts.amounts[measure].known is None
    present = counts if everywhere else _with_totals(add_up(cube, facts, None, own, lines)[0])
    shape = tuple(1 if a in repeated else len(cube.levels[a]) + 1 for a in axes)
    return sums.reshape(shape), counts.reshape(shape) > 0, present.reshape(shape) > 0


def _with_totals(cells: np.ndarray) -> np.ndarray:
    for axis in range(cells.ndim):
        cells = np.concatenate([cells, cells.sum(axis=axis, keepdims=True)], axis=axis)
    return cells


def _without_empty(grid: Grid) -> Grid:
    """Without the values that no cell of the selection has."""
    met = met_cells(grid.known, grid.repeated)
    kept = []
    for axis in range(len(grid.axes)):
        others = tuple(i for i in range(met.ndim) if i != axis)
        kept.append(np.flatnonzero(np.append(met.any(axis=others)[:-1], True)))
    if not kept or all(len(k) == n for k, n in zip(kept, met.shape, strict=True)):
        return grid
    inside = np.ix_(*kept)
    names = [
        tuple(tuple(v[i] for i in k[:-1]) for v, k in zip(x, kept, strict=True)) for x in (grid.levels, grid.labels)
    ]
    cents, known, present = ({m: v[inside] for m, v in x.items()} for x in (grid.cents, grid.known, grid.present))
    return replace(
        grid, levels=names[0], labels=names[1], cents=cents, known=known, present=present, masked=grid.masked[inside]
    )
