"""Solve the continuous programme: dual, climb, then branching on what the certificate does not close."""

from __future__ import annotations

import heapq
import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analytics.prescriptive.bounds import meets_rules
from analytics.prescriptive.certificate import lagrangian, relative_gap, upper_bound
from analytics.prescriptive.dual import CUTS, minimise_dual
from analytics.prescriptive.exhaustive import LOOK, Prices, first_points, prove
from analytics.prescriptive.interior import climb
from analytics.prescriptive.programme import Programme

Floats = NDArray[np.float64]
#: Relative gap under which a plan is said optimal.
CLOSED = 1e-9
#: Gap at which branching stops: few segments cost nothing to close.
WANTED, WANTED_OF_FEW, FEW = 9e-7, 1e-7, 50
#: Violation of a row, in parts of its size, taken for rounding.
TOLERANCE = 1e-10
#: Segments × boxes looked at when the certificate stays open.
EFFORT = 200
MOST_BOXES = 60
FEW_CUTS = 5
#: Times that the proof of a handful of segments is taken up again from the piece that it leaves.
CLOSINGS = 3


@dataclass(frozen=True)
class Solution:
    """A plan with its certificate; `x` is None when no plan was found.

    Attributes
    ----------
    x : (S,) or None
    value, bound : float
        Objective of the plan, and what no plan can exceed.
    multipliers : (K,)
    slope : (S,) or None
        Of the rules, see :class:`analytics.prescriptive.interior.Climb`.
    impossible : bool
        A combination of the rows proves that no plan meets them.
    """

    x: Floats | None
    value: float
    bound: float
    multipliers: Floats
    slope: Floats | None = None
    impossible: bool = False

    @property
    def gap(self) -> float:
        """Relative gap."""
        return relative_gap(self.bound, self.value)


def solve(
    p: Programme, *, start: Floats | None = None, known: Floats | None = None, effort: int = EFFORT, unit: float = 1.0
) -> Solution:
    """Best plan of a programme whose bounds are tightened.

    Parameters
    ----------
    start : (K,), optional
        Multipliers of a near problem.
    known : (S,), optional
        A plan that meets everything, kept if nothing better is found.
    effort : int
        Segments × boxes looked at when the certificate stays open.
    unit : float
        An objective smaller than this counts as much when the gap is judged.
    """
    found = _one_box(p, start, known)
    if found.impossible or _is_closed(p, found, found.bound, unit):
        return found
    if effort and len(p.segment) in LOOK:
        found = _close(p, found, unit)
        if found.impossible or _is_closed(p, found, found.bound, unit):
            return found
    return _branch(p, found, effort, unit)


def _close(p: Programme, root: Solution, unit: float) -> Solution:
    """A handful of segments: climbs from many points, then the proof that no piece of the box holds better."""
    best = root
    prices = [Prices(root.multipliers)]
    starts = first_points(p)
    for start in starts if best.x is None else [*starts, best.x]:
        best = _climbed(p, best, start, prices)
    for _ in range(CLOSINGS):
        wanted = 0.5 * _wanted(p) * max(abs(best.value), unit) if best.x is not None else np.inf
        bound, left = prove(p, best.value, prices, wanted if np.isfinite(wanted) else 0.0, TOLERANCE)
        bound = min(bound, root.bound)
        if best.x is None and left is None:
            return Solution(None, -np.inf, bound, root.multipliers, impossible=True)
        if left is None:
            return _bounded(best, max(bound, best.value))
        before, size = best.value, len(prices)
        best = _climbed(p, best, left, prices)
        if best.value <= before and len(prices) == size:
            break
    return _bounded(best, max(bound, best.value)) if best.x is not None else root


def _climbed(p: Programme, best: Solution, start: Floats, prices: list[Prices]) -> Solution:
    """The better of a plan and of a climb, whose multipliers are kept last when it wins."""
    found = climb(p, start, np.maximum(best.multipliers, 0.0) if np.isfinite(best.multipliers).all() else None)
    x, own = np.clip(found.x, p.low, p.high), Prices(found.multipliers, found.slope, found.constant)
    if not (np.isfinite(x).all() and np.isfinite(own.multipliers).all() and np.isfinite(own.slope).all()):
        return best
    if is_met(p, x):
        near = [np.allclose(own.multipliers, q.multipliers, rtol=1e-7) and q.slope is not None for q in prices]
        prices[:] = [*(q for q, same in zip(prices, near, strict=True) if not same), own]
        if p.value(x) > best.value:
            return Solution(x, p.value(x), best.bound, found.multipliers, found.slope if p.ruled() else None)
    return best


def _is_closed(p: Programme, found: Solution, bound: float, unit: float) -> bool:
    return found.x is not None and bound - found.value <= _wanted(p) * max(abs(found.value), unit)


def _wanted(p: Programme) -> float:
    return WANTED_OF_FEW if len(p.segment) <= FEW else WANTED


def is_met(p: Programme, x: Floats) -> bool:
    """Whether rises respect everything, rounding apart."""
    return bool((p.slack(x) >= -TOLERANCE * p.scales()).all()) and meets_rules(p, x)


def _one_box(
    p: Programme, start: Floats | None, known: Floats | None, cuts: int = CUTS, *, beaten: float = -np.inf
) -> Solution:
    """Bound and plan of one box; without a plan when it cannot beat what is known."""
    dual = minimise_dual(p, start=start, cuts=cuts)
    if dual.unbounded:
        return Solution(None, -np.inf, dual.bound, dual.multipliers, impossible=True)
    bound, _ = upper_bound(p, dual.multipliers)
    best, value = None, -np.inf
    for x in (dual.x, known):
        if x is not None and is_met(p, x) and p.value(x) > value:
            best, value = x, p.value(x)
    if best is not None and relative_gap(bound, value) <= CLOSED:
        return Solution(best, value, bound, dual.multipliers)
    if not p.ruled() and bound <= beaten:
        return Solution(best, value, bound, dual.multipliers)
    climbed = climb(p, dual.x if known is None else known, dual.multipliers)
    x = np.clip(climbed.x, p.low, p.high)
    if is_met(p, x) and p.value(x) > value:
        best, value = x, p.value(x)
    multipliers, slope = dual.multipliers, None
    if p.ruled():
        tied, _ = upper_bound(p, climbed.multipliers, climbed.slope, climbed.constant)
        if tied < bound:
            bound, multipliers, slope = tied, climbed.multipliers, climbed.slope
    return Solution(best, value, bound, multipliers, slope)


def _branch(p: Programme, root: Solution, effort: int, unit: float) -> Solution:
    """Cut the box of the segment that leaves most of the gap, best bound first."""
    count, n_boxes = itertools.count(), min(MOST_BOXES, max(4 * bool(effort), effort // len(p.segment)))
    heap = [(-root.bound, next(count), p, root)]
    best = root
    for _ in range(n_boxes):
        if not heap or _is_closed(p, best, -heap[0][0], unit):
            break
        _, _, box, node = heapq.heappop(heap)
        for child in _halves(box, node, best.x):
            found = _one_box(child, node.multipliers, None, FEW_CUTS, beaten=best.value)
            if found.x is not None and found.value > best.value:
                best = Solution(found.x, found.value, best.bound, found.multipliers, found.slope)
            if not found.impossible and found.bound > best.value:
                bound = min(found.bound, node.bound)
                heapq.heappush(heap, (-bound, next(count), child, _bounded(found, bound)))
    if best.x is None:
        return Solution(None, -np.inf, root.bound, root.multipliers, root.slope, impossible=not heap)
    bound = max([-heap[0][0]] if heap else [best.value], default=best.value)
    return _bounded(best, max(bound, best.value))


def _bounded(s: Solution, bound: float) -> Solution:
    return Solution(s.x, s.value, bound, s.multipliers, s.slope, s.impossible)


def _halves(box: Programme, node: Solution, best: Floats | None) -> list[Programme]:
    width = box.high - box.low
    at = np.clip(node.x if node.x is not None else best if best is not None else box.low + width / 2, box.low, box.high)
    _, most = upper_bound(box, node.multipliers, node.slope)
    lost = np.where(width > 1e-9, most - lagrangian(box, at, node.multipliers, node.slope), -1.0)
    s = int(np.argmax(lost))
    if lost[s] <= 0:
        s = int(np.argmax(width))
    if width[s] <= 1e-9:
        return []
    cut = at[s]
    if not box.low[s] + 0.1 * width[s] < cut < box.high[s] - 0.1 * width[s]:
        cut = box.low[s] + width[s] / 2
    high, low = box.high.copy(), box.low.copy()
    high[s], low[s] = cut, cut
    return [box.within(box.low, high), box.within(low, box.high)]
