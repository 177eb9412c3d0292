"""One rise for all: a line searched by intervals, so that what is said impossible is proved to be."""

from __future__ import annotations

import heapq
import itertools

import numpy as np
from numpy.typing import NDArray

from analytics.prescriptive.certificate import ROUNDING, upper_bound
from analytics.prescriptive.closed_form import slopes
from analytics.prescriptive.feasible import Blocked, level_of
from analytics.prescriptive.programme import ROWS, Programme
from analytics.prescriptive.solve import TOLERANCE, Solution
from analytics.prescriptive.worst_rise import Ceiling

Floats = NDArray[np.float64]
#: Rises tried at each zoom, and zooms: the last step is under 10⁻¹² of the first interval.
TRIED, ZOOMS = 201, 7
#: Intervals looked at, and the width under which one is not cut again, in parts of the whole.
INTERVALS, NARROW = 3_000, 1e-12
WANTED = 1e-7


def solve_uniform(p: Programme) -> Solution:
    """Best common rise between the bounds, which are those of every segment by now."""
    left, right = float(p.low.max()), float(p.high.min())
    best, value = _zoom(p, left, right)
    if best is None:
        best = find_common(p, left, right)
        if best is None:
            return Solution(None, -np.inf, np.inf, np.zeros(len(p.rows)), impossible=True)
        width = (right - left) / (TRIED - 1)
        best, value = _zoom(p, max(left, best - width), min(right, best + width), best)
    x = _all(p, best)
    multipliers = _multipliers(p, x)
    first = slopes(p, x, p.alpha + multipliers @ p.A, p.beta + multipliers @ p.B)[0]
    tied = float(first.sum())
    bound, _ = upper_bound(p, multipliers, -first, max(tied * left, tied * right))
    if bound - value > WANTED * max(abs(value), 1.0):
        bound = min(bound, _bound(p, left, right, value))
    return Solution(x, value, max(bound, value), multipliers, -first)


def lowest_uniform(p: Programme) -> Ceiling | Blocked:
    """Lowest common rise that meets everything, and a rise under which it is proved that none does."""
    left, right = float(p.low.max()), float(p.high.min())
    found = find_common(p, left, right)
    if found is None:
        return uniform_block(p)
    low, high = _first_open(p, left, found), found
    return Ceiling(
        high if low < high else low, low, _all(p, high), dict.fromkeys(p.rows, np.nan if high > left else 0.0)
    )


def find_common(p: Programme, left: float, right: float) -> float | None:
    """The lowest common rise that meets the rows, to a hair; None when it is proved that none does.

    Notes
    -----
    Intervals from the left: one where some row cannot be met is left, the first of whose ends is a plan ends the
    search, any other is cut in two.
    """
    stack, narrow = [(left, right)], NARROW * max(right - left, 1e-9)
    for _ in range(INTERVALS):
        if not stack:
            return None
        low, high = stack.pop()
        if _is_plan(p, low):
            return low
        if (_most(p, p.A, p.B, low, high) - p.rhs < -TOLERANCE * p.scales()).any():
            continue
        if high - low <= narrow:
            if _is_plan(p, high):
                return high
            continue
        middle = 0.5 * (low + high)
        stack += [(middle, high), (low, middle)]
    tried = (t for low, high in reversed(stack) for t in np.linspace(low, high, TRIED))
    return next((float(t) for t in tried if _is_plan(p, t)), None)


def _first_open(p: Programme, left: float, right: float) -> float:
    """A rise under which every one misses some row: proved, whatever its distance to the best."""
    stack, narrow = [(left, right)], 1e-10 * max(right - left, 1e-9)
    for _ in range(INTERVALS):
        if not stack:
            return right
        low, high = stack[-1]
        if (_most(p, p.A, p.B, low, high) - p.rhs < -TOLERANCE * p.scales()).any():
            stack.pop()
            continue
        if high - low <= narrow:
            return low
        middle = 0.5 * (low + high)
        stack[-1:] = [(middle, high), (low, middle)]
    return stack[-1][0]


def _bound(p: Programme, left: float, right: float, value: float) -> float:
    """What no common rise exceeds: intervals by best bound, down to the precision wanted."""
    count, alpha, beta = itertools.count(), p.alpha[None], p.beta[None]

    def entry(low: float, high: float) -> tuple[float, int, float, float]:
        most = _most(p, alpha, beta, low, high)[0]
        sloped = _taylor(p, low, high)
        return -min(most, sloped), next(count), low, high

    heap, scale = [entry(left, right)], p.scales()
    for _ in range(INTERVALS):
        if not heap or -heap[0][0] - value <= WANTED * max(abs(value), 1.0):
            break
        _, _, low, high = heapq.heappop(heap)
        middle = 0.5 * (low + high)
        for ends in ((low, middle), (middle, high)):
            if not (_most(p, p.A, p.B, *ends) - p.rhs < -TOLERANCE * scale).any():
                heapq.heappush(heap, entry(*ends))
    return max(-heap[0][0], value) if heap else value


def _most(p: Programme, A: Floats, B: Floats, low: float, high: float) -> Floats:
    """Upper bound of Σ R(t)·(A + B·t) between two rises, (K,): R falls, the rest is linear."""
    first, last = p.kept(_all(p, low)), p.kept(_all(p, high))
    levels = np.maximum(A + B * low, A + B * high)
    terms = np.where(levels > 0, first, last) * levels
    return terms.sum(axis=1) + ROUNDING * np.abs(terms).sum(axis=1)


def _taylor(p: Programme, low: float, high: float) -> float:
    """Upper bound of the objective between two rises, from its slope in the middle and the size of its curvature."""
    middle, half = 0.5 * (low + high), 0.5 * (high - low)
    x = _all(p, middle)
    slope = float(slopes(p, x, p.alpha, p.beta)[0].sum())
    # |R′| ≤ b/4 and |R″| ≤ b²/(6·√3): |(R·(α + β·t))″| ≤ b²·|α + β·t|/(6·√3) + b·|β|/2.
    level = np.maximum(np.abs(p.alpha + p.beta * low), np.abs(p.alpha + p.beta * high))
    curve = float((p.b**2 * level / (6.0 * np.sqrt(3.0)) + p.b * np.abs(p.beta) / 2.0).sum())
    value = p.value(x)
    return value + abs(slope) * half + 0.5 * curve * half**2 + ROUNDING * float(p.kept(x) @ level)


def _zoom(p: Programme, low: float, high: float, known: float | None = None) -> tuple[float | None, float]:
    """Best of the rises tried, closer and closer to the best one."""
    left, right = low, high
    best, value = known, -np.inf if known is None else p.value(_all(p, known))
    for _ in range(ZOOMS):
        for t in np.linspace(low, high, TRIED):
            got = p.value(_all(p, t))
            if got > value and _is_plan(p, t):
                best, value = float(t), got
        if best is None:
            return None, -np.inf
        step = (high - low) / (TRIED - 1)
        low, high = max(left, best - step), min(right, best + step)
    return best, value


def _all(p: Programme, rise: float) -> Floats:
    return np.full(len(p.segment), rise)


def _is_plan(p: Programme, rise: float) -> bool:
    return bool((p.slack(_all(p, rise)) >= -TOLERANCE * p.scales()).all())


def _multipliers(p: Programme, x: Floats) -> Floats:
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
    plans = [_all(p, t) for t in tried]
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
