"""Chain ladder where enough is paid, expected level where too little is, and the error of each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analytics.completion.credibility import blend
from analytics.completion.expected import Expected, expect
from analytics.completion.pattern import Pattern
from analytics.completion.triangle import Triangles

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
#: Share known from which the ladder needs no help.
ENOUGH = 0.80
#: Share known from which a month teaches what the next ones should cost.
MATURE = 0.90
#: A cell without a line for this number of months is closed: nothing more is expected from it.
LIVING = 6


@dataclass(frozen=True)
class Estimate:
    """Paid and ultimate of G cells over M months, all of shape (G, M).

    Attributes
    ----------
    paid, ultimate, se : ndarray
        EUR; NaN where it cannot be said.
    mature : ndarray of bool
        Fully developed.
    present : ndarray of bool
        A line of the result.
    no_prior : ndarray of bool
        Too little is paid and no expected level could help.
    """

    paid: Floats
    ultimate: Floats
    se: Floats
    mature: NDArray[np.bool_]
    present: NDArray[np.bool_]
    no_prior: NDArray[np.bool_]


def estimate_ultimates(
    triangles: Triangles, pattern: Pattern, heads: Floats, method: str, *, reached: Integers | None = None
) -> Estimate:
    """Ultimate and error of each cell and month: ladder, expected level, or their blend.

    Parameters
    ----------
    triangles : Triangles
        Only `paid`, `months`, `age` and `seen` are read; the last two by cell where cells are at several closings.
    pattern : Pattern
    heads : ndarray, shape (G, M)
    method : str
        As in :func:`analytics.completion.develop`.
    reached : ndarray of int, shape (G,), optional
        Months known at the closing of each cell: only the last `credibility.LATEST` of them are then weighed.
    """
    known, process, parameter = (_at_age(a, triangles) for a in (pattern.known, pattern.process, pattern.parameter))
    paid = np.nan_to_num(triangles.paid)
    mature = np.broadcast_to(triangles.seen & (triangles.age >= pattern.known.shape[1] - 1), paid.shape)
    ladder = np.divide(paid, known, out=np.full_like(paid, np.nan), where=known > 0)
    teaching = (known >= MATURE) & ~np.isnan(triangles.paid) & triangles.seen
    prior = expect(np.where(teaching, ladder, np.nan), heads, triangles.months)
    weight = _weight(method, known, paid, prior)
    ultimate = _mix(weight, ladder, paid + (1.0 - known) * prior.amount)
    se_ladder = np.sqrt(np.maximum(ladder, 0) * process + ladder**2 * parameter)
    amount = np.maximum(prior.amount, 0.0)
    mack = amount * process + amount**2 * parameter
    se_expected = np.sqrt((amount * (1.0 - known) * prior.error[:, None]) ** 2 + known**2 * mack)
    se = _mix(weight, se_ladder, se_expected)
    if method == "auto":
        # an a-priori whose past cannot be measured: the ladder alone is the larger error, and it is known
        se = np.where(np.isnan(se) & (paid > 0), se_ladder, se)
        told = np.where(paid > 0, np.where(mature, paid, ladder), np.nan)
        spread = np.where(mature, 0.0, mack)
        best, error = blend(told, spread, prior.amount, known, teaching, triangles.months, reached=reached)
        better = np.isfinite(best) & (known <= 1.0)
        ultimate, se = np.where(better, best, ultimate), np.where(better, error, se)
    ultimate, se = np.where(mature, paid, ultimate), np.where(mature, 0.0, se)
    no_prior = np.isnan(prior.amount) & (known < ENOUGH)
    return Estimate(paid, ultimate, se, mature, _rows(triangles.paid, ultimate, mature), no_prior)


def _mix(weight: Floats, ladder: Floats, expected: Floats) -> Floats:
    """Weighted mean where a missing value does not count when it has no weight; NaN without a weight."""
    kept = np.where(weight > 0, weight * ladder, 0.0) + np.where(weight < 1, (1.0 - weight) * expected, 0.0)
    return np.where(np.isnan(weight), np.nan, kept)


def _rows(paid: Floats, ultimate: Floats, mature: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Cells and months with a line, or without one yet but where payments of a living cell are still expected."""
    has_line = ~np.isnan(paid)
    living = has_line[:, -LIVING:].any(axis=1, keepdims=True)
    expected = living & ~mature & (np.nan_to_num(ultimate) > 0) & has_line.any(axis=0)
    return has_line | expected


def _weight(method: str, known: Floats, paid: Floats, prior: Expected) -> Floats:
    """Weight of the ladder; it multiplies what is paid, so it has none where nothing is paid yet.

    "auto" takes the share known, Benktander (1976), where months are too few to measure a better one.
    """
    if method != "auto":
        fixed = 1.0 if method == "chain_ladder" else 0.0
        return np.where(np.isnan(known), np.nan, fixed)
    weight = np.clip(known, 0.0, 1.0)
    weight = np.where((paid <= 0) & ~np.isnan(known), 0.0, weight)
    alone = ~np.isnan(known) & np.isnan(prior.amount) & ((paid > 0) | (known >= ENOUGH))
    return np.where(alone, 1.0, weight)


def _at_age(by_wait: Floats, triangles: Triangles) -> Floats:
    """Value of each month at its age, shape (G, M); NaN for months that the triangle does not hold."""
    age = np.broadcast_to(np.clip(triangles.age, 0, by_wait.shape[1] - 1), triangles.paid.shape)
    return np.where(triangles.seen, np.take_along_axis(by_wait, age, axis=1), np.nan)
