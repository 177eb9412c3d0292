"""A handful of segments: the whole box cut finer and finer, every piece bounded, until the gap is closed."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from analytics.prescriptive.certificate import ROUNDING
from analytics.prescriptive.closed_form import local_maxima
from analytics.prescriptive.programme import Programme

Floats = NDArray[np.float64]
LEVELS, MOST = 90, 6_000
#: Points by segment of the first look.
LOOK = {1: 401, 2: 41, 3: 15, 4: 9}


@dataclass(frozen=True)
class Prices:
    """Multipliers of a Lagrangian, see :class:`analytics.prescriptive.interior.Climb`."""

    multipliers: Floats
    slope: Floats | None = None
    constant: float = 0.0


class _Line:
    """Σ R(x)·(alpha + beta·x) + slope·x, and its largest value on each of many boxes (exact, segment by segment)."""

    def __init__(self, p: Programme, alpha: Floats, beta: Floats, slope: Floats | None, rest: float) -> None:
        self.p, self.alpha, self.beta, self.rest = p, alpha, beta, rest
        self.slope = np.zeros_like(alpha) if slope is None else slope
        self.tops = local_maxima(p, alpha, beta, self.slope)

    def at(self, x: Floats) -> Floats:
        p = self.p
        kept = np.where(p.flat, p.retention, expit(p.a - p.b * x))
        return kept * (self.alpha + self.beta * x) + self.slope * x

    def most(self, low: Floats, high: Floats) -> Floats:
        best = np.maximum(self.at(low), self.at(high))
        for top in self.tops:
            best = np.maximum(best, self.at(np.clip(top, low, high)))
        return best

    def bound(self, low: Floats, high: Floats) -> Floats:
        most = self.most(low, high)
        return most.sum(axis=1) + self.rest + ROUNDING * (np.abs(most).sum(axis=1) + abs(self.rest))


def price_line(p: Programme, prices: Prices) -> _Line:
    """The Lagrangian of some multipliers."""
    weights = np.nan_to_num(np.maximum(prices.multipliers, 0.0))
    rest = prices.constant - float(weights @ p.rhs)
    return _Line(p, p.alpha + weights @ p.A, p.beta + weights @ p.B, prices.slope, rest)


def first_points(p: Programme, most: int = 3) -> list[Floats]:
    """Points to climb from: the best of a coarse grid that meet the rows, then those that miss them least."""
    axes = [np.linspace(a, b, LOOK[len(p.low)]) for a, b in zip(p.low, p.high, strict=True)]
    points = np.array(list(itertools.product(*axes)))
    short = _missed(p, points)
    value = _Line(p, p.alpha, p.beta, None, 0.0).at(points).sum(axis=1)
    order = np.lexsort((-value, short))
    return [points[i] for i in (*order[:1], *np.argsort(short - 1e-6 * value / (np.abs(value).max() + 1e-300))[:most])]


def _missed(p: Programme, points: Floats) -> Floats:
    """By how much each point misses the rows, in parts of their size, and the rules, in rises."""
    missed = np.zeros(len(points))
    for a, b, rhs, scale in zip(p.A, p.B, p.rhs, p.scales(), strict=True):
        missed += np.maximum(rhs - _Line(p, a, b, None, 0.0).at(points).sum(axis=1), 0.0) / scale
    for low, high in p.pairs:
        missed += np.maximum(points[:, low] - points[:, high], 0.0)
    if p.spread is not None:
        missed += np.maximum(np.ptp(points, axis=1) - p.spread, 0.0)
    return missed


def prove(
    p: Programme, value: float, prices: list[Prices], wanted: float, tolerance: float
) -> tuple[float, Floats | None]:
    """What no plan of the programme can exceed, and the centre of the piece where most is left to win.

    Parameters
    ----------
    value : float
        Objective of the best plan known (−inf: none).
    prices : list of Prices
        Multipliers: near an optimum theirs close the bound as the square of the size of the pieces.
    wanted : float
        Gap under which a piece is dropped.
    tolerance : float
        Miss of a row, in parts of its size, taken for rounding.

    Notes
    -----
    Spatial branch and bound. On a piece each segment’s part of the objective, of a row or of a Lagrangian has its
    largest value at an end or at one of three stationary points known beforehand: no piece is searched.
    """
    lines = [price_line(p, one) for one in [Prices(np.zeros(len(p.rows))), *prices]]
    rows = [_Line(p, a, b, None, -rhs) for a, b, rhs in zip(p.A, p.B, p.rhs, strict=True)]
    low, high = p.low[None, :], p.high[None, :]
    above = np.full(1, np.inf)
    dropped = -np.inf
    for _ in range(LEVELS):
        low, high, kept = _tighten(p, low, high)
        above = above[kept]
        for line, scale in zip(rows, p.scales(), strict=True):
            fits = line.bound(low, high) >= -tolerance * scale
            low, high, above = low[fits], high[fits], above[fits]
        for line in lines:
            above = np.minimum(above, line.bound(low, high))
        live = above > value + wanted
        dropped = max(dropped, float(above[~live].max(initial=-np.inf)))
        low, high, above = low[live], high[live], above[live]
        if not len(low):
            return dropped, None
        if 2 * len(low) > MOST or (high - low).max() < 1e-11:
            break
        low, high, above = _cut(lines, p.high - p.low, low, high, above)
    at = int(np.argmax(above))
    return max(dropped, float(above[at])), 0.5 * (low[at] + high[at])


def _tighten(p: Programme, low: Floats, high: Floats) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """Pieces cut by the rules between segments, those that none meets left out."""
    low, high = low.copy(), high.copy()
    for first, second in [*p.pairs, *p.pairs]:
        low[:, second] = np.maximum(low[:, second], low[:, first])
        high[:, first] = np.minimum(high[:, first], high[:, second])
    if p.spread is not None:
        low = np.maximum(low, low.max(axis=1, keepdims=True) - p.spread - 1e-12)
        high = np.minimum(high, high.min(axis=1, keepdims=True) + p.spread + 1e-12)
    kept = (low <= high + 1e-9).all(axis=1)
    return np.minimum(low, high)[kept], np.maximum(low, high)[kept], kept


def _cut(lines: list[_Line], whole: Floats, low: Floats, high: Floats, above: Floats) -> tuple[Floats, Floats, Floats]:
    """Each piece in two, across the segment whose part is the least known."""
    middle, width = 0.5 * (low + high), high - low
    lost = np.max([line.most(low, high) - line.at(middle) for line in lines[-2:]], axis=0)
    lost = np.where(width > 1e-12, lost + 1e-9 * width * np.abs(above)[:, None], -1.0)
    side, line = lost.argmax(axis=1), np.arange(len(low))
    # What a row leaves open shows in the width alone: no segment stays much wider than the others.
    part = width / np.maximum(whole, 1e-300)
    side = np.where(part.max(axis=1) > 4.0 * part[line, side], part.argmax(axis=1), side)
    left, right = high.copy(), low.copy()
    left[line, side] = right[line, side] = middle[line, side]
    return np.vstack([low, right]), np.vstack([left, high]), np.concatenate([above, above])
