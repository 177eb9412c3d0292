"""Amounts of a crossed table to the cent, in such a way that the cells written still make the totals written.

Completed months carry fractions of a cent. Each cell goes to the cent below or above, so that every line, column,
sub-total and total does too, and the grand total to the nearest: controlled rounding, always possible on a table whose
totals nest along two axes, as it is a flow in a network.

References
----------
Causey, Cox, Ernst (1985), Applications of transportation theory to statistical problems, JASA 80(392).
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array

from analytics.descriptive.pivot_layout import Pivot

_EXACT = 1e-3  # of a cent: what binary fractions leave of an amount in cents
_MOST_CELLS = 20_000  # beyond it, the cheaper rounding: columns are then a few cents away
_SECONDS = 10.0


def parts_of(pivot: Pivot, total: int) -> list[int]:
    """Lines that a total adds up: the details just above a sub-total; the sub-totals, or the details, of the whole."""
    if pivot.lines[total].niveau == "total":
        groups = [i for i, line in enumerate(pivot.lines) if line.niveau == "sous_total"]
        return groups or list(range(total))
    first = total
    while first and pivot.lines[first - 1].niveau == "detail":
        first -= 1
    return list(range(first, total))


def amounts_of(pivot: Pivot) -> np.ndarray:
    """The indicator to the cent, made of its measures to the cent when it adds or subtracts them."""
    terms = [(m, weight) for m, weight in pivot.indicator.numerator if m in pivot.mesures]
    if any(abs(weight) != 1 for _, weight in terms):
        return to_cents(pivot, pivot.valeur)
    total = sum(weight * np.nan_to_num(to_cents(pivot, pivot.mesures[m])) for m, weight in terms)
    return np.where(np.isnan(pivot.valeur), np.nan, np.round(total, 2))


def to_cents(pivot: Pivot, figures: np.ndarray) -> np.ndarray:
    """Amounts of a table to the cent, at every level.

    Parameters
    ----------
    pivot : Pivot
    figures : numpy.ndarray
        Lines × columns, EUR, NaN where masked or unknown.

    Returns
    -------
    numpy.ndarray
        Each less than a cent away; a total is the sum of its cells wherever they make it. Whole cents do not change.
    """
    lines = [i for i, line in enumerate(pivot.lines) if line.niveau == "detail"]
    columns = [j for j, c in enumerate(pivot.columns) if c.niveau == "detail"] or [len(pivot.columns) - 1]
    inside = np.ix_(lines, columns)
    cents = np.nan_to_num(figures[inside]) * 100
    below = np.floor(cents + _EXACT)
    left = cents - below
    left[left < _EXACT] = 0.0
    groups = np.cumsum([pivot.lines[i - 1].niveau == "sous_total" for i in lines])  # line −1 is the total
    exact = np.round(figures, 2)
    exact[inside] = np.where(np.isnan(figures[inside]), np.nan, (below + _ups(left, groups)) / 100)
    return _with_totals(pivot, figures, exact, columns)


def _with_totals(pivot: Pivot, figures: np.ndarray, exact: np.ndarray, columns: list[int]) -> np.ndarray:
    """Each total made of its cells to the cent, wherever its cells make it."""
    made = exact.copy()
    for i, line in enumerate(pivot.lines):
        if line.niveau != "detail":
            parts = parts_of(pivot, i)
            made[i] = _sum_where(figures[parts], made[parts], pivot.masque[parts], figures[i], exact[i])
    if columns[-1] < len(pivot.columns) - 1:
        cells = (values[:, columns].T for values in (figures, made, pivot.masque))
        made[:, -1] = _sum_where(*cells, figures[:, -1], made[:, -1])
    return made


def _sum_where(parts: np.ndarray, cells: np.ndarray, masked: np.ndarray, total: np.ndarray, other: np.ndarray):
    """Σ cells where they are all shown and do make the total, else `other`."""
    adds = ~masked.any(axis=0) & (np.abs(np.nansum(parts, axis=0) - total) < 0.005)  # never where the total is NaN
    return np.where(adds, np.round(np.nansum(cells, axis=0), 2), other)


def _ups(left: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Cells that go up: 0 or 1 by line and column, 0 where nothing is left of a cent."""
    ups = np.zeros(left.shape)
    line, column = np.nonzero(left)
    found = left[line, column]
    if not len(found):
        return ups
    if len(found) <= _MOST_CELLS:
        group, n = groups[line], left.shape[1]
        grand = np.zeros(len(found), dtype=np.int64)
        solved = _solve(found, (line, group, group * n + column, column, grand))
        if solved is not None:
            ups[line, column] = solved
            return ups
    # One after the other, line by line: lines, sub-totals and the total stay less than a cent away.
    ups[line, column] = np.diff(np.round(np.cumsum(found)), prepend=0.0)
    return ups


def _solve(left: np.ndarray, totals: tuple[np.ndarray, ...]) -> np.ndarray | None:
    """The nearest rounding of the cells that takes every total to a cent next to it, the last one to the nearest."""
    rows, start, sums = [], 0, []
    for codes in totals:
        rows.append(codes + start)
        sums.append(np.bincount(codes, weights=left))
        start += len(sums[-1])
    every = np.concatenate(sums)
    low, high = np.floor(every + _EXACT), np.ceil(every - _EXACT)
    low[-1] = high[-1] = np.round(every[-1])
    cells = np.tile(np.arange(len(left)), len(totals))
    matrix = coo_array((np.ones(len(cells)), (np.concatenate(rows), cells)), shape=(start, len(left)))
    found = milp(
        1 - 2 * left, integrality=np.ones(len(left)), bounds=Bounds(0, 1),
        constraints=LinearConstraint(matrix.tocsr(), low, high), options={"time_limit": _SECONDS},
    )  # fmt: skip
    return np.round(found.x) if found.status == 0 else None
