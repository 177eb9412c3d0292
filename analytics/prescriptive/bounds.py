"""Bounds tightened by the rules between segments; crossed bounds name the rule that blocks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analytics.prescriptive.programme import Programme


@dataclass(frozen=True)
class Crossed:
    """Rules that no plan meets: name of the constraint, what is asked of it, and the best that is reachable."""

    name: str
    asked: float
    reachable: float


def tighten(p: Programme) -> Programme | Crossed:
    """The programme on the bounds that the rules leave: together they are met at `low` and at `high`.

    Notes
    -----
    Passes along the pairs to a fixed point (a pass per link of the longest chain at most), then the spread, whose
    constant keeps what the pairs have set.
    """
    if (p.low > p.high).any():
        return Crossed("hausse_max", float((p.high - p.low).min()), 0.0)
    low, high = p.low.copy(), p.high.copy()
    first, second = p.pairs.T
    for _ in range(len(p.segment) if len(p.pairs) else 0):
        before = low.sum(), high.sum()
        np.maximum.at(low, second, low[first])
        np.minimum.at(high, first, high[second])
        if (low.sum(), high.sum()) == before:
            break
    if (low > high).any():
        return Crossed("ordre", 0.0, float((low - high).max()))
    if p.spread is not None:
        needed = float(low.max() - high.min())
        if needed > p.spread + 1e-15:
            return Crossed("ecart_max", p.spread, needed)
        low, high = np.maximum(low, low.max() - p.spread), np.minimum(high, high.min() + p.spread)
        high = np.maximum(high, low)
    return p.within(low, high)


def meets_rules(p: Programme, x: np.ndarray, tolerance: float = 1e-9) -> bool:
    """Whether rises are in the bounds and respect the rules."""
    inside = (x >= p.low - tolerance).all() and (x <= p.high + tolerance).all()
    ordered = not len(p.pairs) or bool((x[p.pairs[:, 1]] - x[p.pairs[:, 0]] >= -tolerance).all())
    return bool(inside and ordered and (p.spread is None or np.ptp(x) <= p.spread + tolerance))
