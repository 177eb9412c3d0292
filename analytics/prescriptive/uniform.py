"""One rise for all: a search on a line, and its certificate."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from analytics.prescriptive.certificate import upper_bound
from analytics.prescriptive.closed_form import slopes
from analytics.prescriptive.feasible import Blocked, level_of
from analytics.prescriptive.plan import Plan
from analytics.prescriptive.programme import ROWS, Programme
from analytics.prescriptive.solve import TOLERANCE, Solution

#: Rises tried at each zoom, and zooms: the last step is under 10⁻¹² of the first interval.
TRIED, ZOOMS = 201, 7


def solve_uniform(p: Programme) -> Solution:
    """Best common rise between the bounds, which are those of every segment by now."""
    left, right = float(p.low.max()), float(p.high.min())
    low, high, limit = left, right, -TOLERANCE * p.scales()
    best, value = None, -np.inf
    for _ in range(ZOOMS):
        for t in np.linspace(low, high, TRIED):
            x = np.full(len(p.segment), t)
            got = p.value(x)
            if got > value and (p.slack(x) >= limit).all():
                best, value = float(t), got
        if best is None:
            return Solution(None, -np.inf, np.inf, np.zeros(len(p.rows)), impossible=True)
        step = (high - low) / (TRIED - 1)
        low, high = max(left, best - step), min(right, best + step)
    x = np.full(len(p.segment), best)
    multipliers = _multipliers(p, x)
    first = slopes(p, x, p.alpha + multipliers @ p.A, p.beta + multipliers @ p.B)[0]
    tied = float(first.sum())
    bound, _ = upper_bound(p, multipliers, -first, max(tied * left, tied * right))
    return Solution(x, value, max(bound, value), multipliers, -first)


def _multipliers(p: Programme, x: np.ndarray) -> np.ndarray:
    """Multiplier of the row that stops the rise, from the derivatives along the line."""
    found = np.zeros(len(p.rows))
    pull = float(slopes(p, x, p.alpha, p.beta)[0].sum())
    short = p.slack(x) / p.scales()
    for k in np.argsort(short)[:1]:
        along = float(slopes(p, x, p.A[k], p.B[k])[0].sum())
        if short[k] < 1e-6 and along * pull < 0:
            found[k] = -pull / along
    return found


def uniform_block(p: Programme) -> Blocked:
    """Row that no common rise meets, the others being met when they can: the best level among 20,001 rises."""
    ladder = [name for name in reversed(ROWS) if name in p.rows]
    tried = np.linspace(float(p.low.max()), float(p.high.min()), 20_001)
    plans = [np.full(len(p.segment), t) for t in tried]
    short = np.array([p.slack(x) for x in plans]) / p.scales()
    alive = np.ones(len(tried), dtype=bool)
    for i, name in enumerate(ladder):
        met = alive & (short[:, p.rows.index(name)] >= -TOLERANCE)
        if not met.any():
            at = np.flatnonzero(alive)
            best = plans[at[np.argmax(short[at, p.rows.index(name)])]]
            return Blocked(name, tuple(ladder[:i]), level_of(p, name, best), best)
        alive = met
    # The window is between two of the rises tried: the last row is the one just missed.
    best = plans[int(np.argmax(short.min(axis=1)))]
    return Blocked(ladder[-1], tuple(ladder[:-1]), level_of(p, ladder[-1], best), best)


def falling(p: Programme) -> tuple[np.ndarray, np.ndarray]:
    """Objective that a lower common rise always raises: the heads kept."""
    return p.heads, np.zeros_like(p.heads)


def worst_of(plan: Plan) -> Plan:
    """A plan of one rise, told by that rise."""
    rise = float(plan.table["hausse"].max())
    prices = dict.fromkeys(plan.shadow_prices, np.nan)
    return replace(plan, objective=rise, bound=rise, gap=0.0, shadow_prices=prices, goal="pire_hausse")
