"""Best price of each segment for given multipliers, in closed form, and the rise that a linear term adds."""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray
from scipy.special import wrightomega

from analytics.prescriptive.programme import Programme

Floats = NDArray[np.float64]


def best_rise(p: Programme, alpha: Floats, beta: Floats) -> Floats:
    """Maximiser of R(x)·(alpha + beta·x) on [low, high], segment by segment.

    Notes
    -----
    With beta > 0 the function is quasi-concave and R = expit(a − b·x) gives a − b·x* = ln ω(a + b·alpha/beta − 1), ω
    the Wright omega function; clipping to the bounds is then optimal. With beta ≤ 0 it is quasi-convex: an end is best.
    """
    ends = np.where(end_gap(p, alpha, beta) > 0, p.high, p.low)
    idle = (alpha == 0) & (beta == 0)
    if idle.any():
        ends = np.where(idle, np.clip(0.0, p.low, p.high), ends)
    inner = (beta > 0) & ~p.flat
    if not inner.any():
        return ends
    safe_beta, safe_b = np.where(inner, beta, 1.0), np.where(inner, p.b, 1.0)
    with np.errstate(over="ignore"):
        z = np.clip(p.a + safe_b * alpha / safe_beta - 1.0, -1e300, 1e300)
    omega = wrightomega(z)
    # ω + ln ω = z: each form is used where it does not cancel.
    log_omega = np.where(z < 0, z - omega, np.log(np.maximum(omega, 1e-300)))
    x = np.clip((p.a - log_omega) / safe_b, p.low, p.high)
    return np.where(inner, x, ends)


def end_gap(p: Programme, alpha: Floats, beta: Floats) -> Floats:
    """Value at `high` less value at `low`."""
    return p.kept(p.high) * (alpha + beta * p.high) - p.kept(p.low) * (alpha + beta * p.low)


def slopes(p: Programme, x: Floats, alpha: Floats, beta: Floats) -> tuple[Floats, Floats]:
    """First and second derivatives in x of R(x)·(alpha + beta·x)."""
    kept = p.kept(x)
    lost, level = 1.0 - kept, alpha + beta * x
    first = kept * (beta - p.b * lost * level)
    second = p.b * kept * lost * (p.b * (1.0 - 2.0 * kept) * level - 2.0 * beta)
    return first, second


def most_with_slope(p: Programme, alpha: Floats, beta: Floats, slope: Floats) -> Floats:
    """Largest value of R(x)·(alpha + beta·x) + slope·x on [low, high], over all its local maxima.

    Notes
    -----
    With z = a − b·x the second derivative changes sign at most twice; between two changes the first derivative is
    monotone, so one bisection by stretch meets every local maximum.
    """

    def total(x: Floats) -> Floats:
        return p.kept(x) * (alpha + beta * x) + slope * x

    best = np.maximum(total(p.low), total(p.high))
    for x in local_maxima(p, alpha, beta, slope):
        best = np.maximum(best, total(x))
    return best


def local_maxima(p: Programme, alpha: Floats, beta: Floats, slope: Floats) -> list[Floats]:
    """Three points by segment that hold every local maximum of R(x)·(alpha + beta·x) + slope·x inside [low, high]."""
    first_cut, last_cut = _inflections(p, alpha, beta)
    cuts = [p.low, np.clip(first_cut, p.low, p.high), np.clip(last_cut, p.low, p.high), p.high]
    return [_bisect(p, alpha, beta, slope, left, right) for left, right in itertools.pairwise(cuts)]


def _bisect(p: Programme, alpha: Floats, beta: Floats, slope: Floats, left: Floats, right: Floats) -> Floats:
    left, right = left.copy(), right.copy()
    for _ in range(54):
        middle = 0.5 * (left + right)
        rising = slopes(p, middle, alpha, beta)[0] + slope > 0
        left, right = np.where(rising, middle, left), np.where(rising, right, middle)
    return 0.5 * (left + right)


def _inflections(p: Programme, alpha: Floats, beta: Floats) -> tuple[Floats, Floats]:
    """The two x, in order, where the curvature changes sign: tanh(z/2)·(z − z0) = 2 with z0 = a + b·alpha/beta."""
    moving = ~p.flat
    b = np.where(moving, p.b, 1.0)
    curved = moving & (beta != 0)
    with np.errstate(over="ignore"):
        z0 = np.where(curved, p.a + b * alpha / np.where(curved, beta, 1.0), 0.0)
    z0 = np.clip(z0, -1e8, 1e8)
    high = _root(np.maximum(z0, 0.0), np.maximum(z0, 0.0) + 4.0, z0)
    low = _root(np.minimum(z0, 0.0), np.minimum(z0, 0.0) - 4.0, z0)
    high, low = np.where(curved, high, 0.0), np.where(curved, low, 0.0)
    return np.where(moving, (p.a - high) / b, p.low), np.where(moving, (p.a - low) / b, p.high)


def _root(inside: Floats, outside: Floats, z0: Floats) -> Floats:
    inside, outside = inside.copy(), outside.copy()
    for _ in range(54):
        middle = 0.5 * (inside + outside)
        beyond = np.tanh(middle / 2.0) * (middle - z0) > 2.0
        inside, outside = np.where(beyond, inside, middle), np.where(beyond, middle, outside)
    return 0.5 * (inside + outside)
