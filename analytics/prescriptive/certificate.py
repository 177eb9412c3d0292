"""Upper bounds of the objective by weak duality: true for any positive multipliers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from analytics.prescriptive.closed_form import best_rise, most_with_slope
from analytics.prescriptive.programme import Programme

Floats = NDArray[np.float64]
#: Rounding of a sum of many terms, in parts of the sum of their sizes.
ROUNDING = 4e-15


def upper_bound(
    p: Programme, multipliers: Floats, slope: Floats | None = None, constant: float = 0.0
) -> tuple[float, Floats]:
    """Bound of the objective over all the plans that meet the rows, the bounds and the rules.

    Parameters
    ----------
    multipliers : (K,)
        Of the coupling rows; negative ones are taken as 0.
    slope : (S,), optional
        Linear term in x that the multipliers of the rules leave on each segment.
    constant : float
        Rest of the Lagrangian of the rules.

    Returns
    -------
    float, (S,)
        The bound, and the best of the Lagrangian segment by segment.
    """
    weights = np.maximum(multipliers, 0.0)
    alpha, beta = p.alpha + weights @ p.A, p.beta + weights @ p.B
    if slope is None or not slope.any():
        x = best_rise(p, alpha, beta)
        best = p.kept(x) * (alpha + beta * x)
    else:
        best = most_with_slope(p, alpha, beta, slope)
    rest = float(weights @ p.rhs)
    rounding = ROUNDING * (float(np.abs(best).sum()) + abs(rest) + abs(constant))
    return float(best.sum()) - rest + constant + rounding, best


def lagrangian(p: Programme, x: Floats, multipliers: Floats, slope: Floats | None = None) -> Floats:
    """The Lagrangian at x, segment by segment."""
    weights = np.maximum(multipliers, 0.0)
    value = p.kept(x) * (p.alpha + weights @ p.A + (p.beta + weights @ p.B) * x)
    return value if slope is None else value + slope * x


def relative_gap(bound: float, value: float) -> float:
    """(bound − value) in parts of the value; of one unit when the value is under it."""
    return max(bound - value, 0.0) / max(abs(value), 1.0)
