"""Smallest of the largest rises: the lowest common ceiling under which everything can be met."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analytics.prescriptive.bounds import Crossed, tighten
from analytics.prescriptive.closed_form import best_rise, slopes
from analytics.prescriptive.feasible import Blocked, find_feasible, solve_from
from analytics.prescriptive.programme import Programme
from analytics.prescriptive.solve import Solution, solve

Floats = NDArray[np.float64]
PRECISE = 1e-10


@dataclass(frozen=True)
class Ceiling:
    """Lowest ceiling, a proved lower bound of it, a plan under it, and its derivative in each limit (NaN: unknown)."""

    value: float
    bound: float
    x: Floats
    prices: dict[str, float]


def lowest_ceiling(p: Programme) -> Ceiling | Blocked:
    """Bisect the ceiling between the largest lower bound and the largest rise allowed."""
    floor, top = float(p.low.max()), float(p.high.max())
    first = _under(p, floor)
    if first is not None:
        return Ceiling(floor, floor, first.x, dict.fromkeys(p.rows, 0.0))
    best = _under(p, top)
    if best is None:
        blocked = find_feasible(p)
        if isinstance(blocked, Blocked):
            return blocked
        best = solve_from(p, blocked)
    low, high, weights = floor, float(best.x.max()), None
    while high - low > PRECISE * max(1.0, abs(high)):
        middle = 0.5 * (low + high)
        found = solve_under(p, middle)
        if found is not None and found.x is not None:
            best, high = found, min(middle, float(found.x.max()))
        else:
            low, weights = middle, found.multipliers if found is not None and found.impossible else weights
    return Ceiling(float(best.x.max()), low, best.x, _prices(p, high, weights))


def _under(p: Programme, ceiling: float) -> Solution | None:
    found = solve_under(p, ceiling)
    return found if found is not None and found.x is not None else None


def solve_under(p: Programme, ceiling: float) -> Solution | None:
    """Best plan with no rise above a ceiling; None when the rules alone forbid it."""
    capped = tighten(p.within(p.low, np.maximum(np.minimum(p.high, ceiling), p.low)))
    if isinstance(capped, Crossed) or capped.low.max() > ceiling:
        return None
    found = solve(capped, effort=0)
    if found.x is None and not found.impossible:
        feasible = find_feasible(capped)
        if not isinstance(feasible, Blocked):
            return solve(capped, known=feasible, effort=0)
    return found


def _prices(p: Programme, ceiling: float, weights: Floats | None) -> dict[str, float]:
    """Derivative of the ceiling in each limit, from the combination of rows that proves a lower one impossible."""
    if weights is None or not weights.any() or p.ruled():
        return dict.fromkeys(p.rows, np.nan)
    prices = dict.fromkeys(p.rows, 0.0)
    capped = p.within(p.low, np.minimum(p.high, ceiling))
    alpha, beta = weights @ p.A, weights @ p.B
    x = best_rise(capped, alpha, beta)
    at_top = (x >= ceiling - 1e-12) & (p.high > ceiling)
    rate = float(slopes(capped, x, alpha, beta)[0][at_top].sum())
    kept = p.heads * p.kept(x)
    size = {"pc_max": (kept * p.premium) @ (1 + x), "hausse_moyenne_max": kept @ p.premium}
    size |= {"retention_min": -p.heads.sum(), "effectif_min": -1.0, "resultat_min": -1.0}
    for k, name in enumerate(p.rows):
        prices[name] = -float(weights[k] * size[name]) / rate if rate > 0 else np.nan
    return prices
