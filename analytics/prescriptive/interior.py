"""Interior-point climb: a feasible plan where the dual has a kink, or where rules tie segments two by two."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import splu

from analytics.prescriptive.closed_form import slopes
from analytics.prescriptive.programme import Programme

Floats = NDArray[np.float64]
STEPS = 120
#: What each coupling row keeps in hand, in parts of its size, so that rounding never breaks it.
MARGIN = 2e-11
_TO_EDGE = 0.995
#: Added to the diagonal, in parts of its largest, where the matrix of a step is singular to rounding.
RIDGES = (0.0, 1e-15, 1e-13, 1e-11, 1e-9)


@dataclass(frozen=True)
class Climb:
    """A point and its multipliers.

    Attributes
    ----------
    x : (S,)
        Rises.
    multipliers : (K,)
        Of the coupling rows.
    slope : (S,)
        What the rules between segments add to the derivative of the Lagrangian.
    constant : float
        Largest value of the part of the Lagrangian of the rules that does not depend on x.
    """

    x: Floats
    multipliers: Floats
    slope: Floats
    constant: float


class _Rules:
    """Rules between segments as sparse rows D·v + d ≥ 0; v is the free rises, then the foot of the spread."""

    def __init__(self, p: Programme, free: NDArray[np.bool_]) -> None:
        place = np.cumsum(free) - 1
        n_free, n_segments = int(free.sum()), len(free)
        pairs = p.pairs
        if len(pairs):
            live = free[pairs].all(axis=1) & (p.high[pairs[:, 0]] > p.low[pairs[:, 1]])
            pairs = place[pairs[live]]
        self.foot = (float(p.low.max() - (p.spread or 0.0)), float(p.high.min()))
        self.spread = p.spread is not None and p.high.max() - p.low.min() > p.spread
        n_pairs = len(pairs)
        line = np.arange(n_pairs)
        parts = [(line, pairs[:, 1], 1.0), (line, pairs[:, 0], -1.0)] if n_pairs else []
        self.offset = np.zeros(n_pairs)
        if self.spread:
            each = np.arange(n_free)
            foot = np.full(n_free, n_free)
            above, below = n_pairs + each, n_pairs + n_free + each
            parts += [(above, each, 1.0), (above, foot, -1.0), (below, each, -1.0), (below, foot, 1.0)]
            self.offset = np.concatenate([self.offset, np.zeros(n_free), np.full(n_free, p.spread)])
        self.size = n_free + self.spread
        self.matrix = _matrix(parts, (len(self.offset), self.size))
        self.free, self.n_segments = free, n_segments

    def lagrangian(self, weights: Floats) -> tuple[Floats, float]:
        """Slope on each segment, and the largest constant, of weights·(D·v + d)."""
        pull = self.matrix.T @ weights
        slope = np.zeros(self.n_segments)
        slope[self.free] = pull[: self.free.sum()]
        constant = float(weights @ self.offset)
        if self.spread:
            constant += float(np.max(pull[-1] * np.array(self.foot)))
        return slope, constant


def _matrix(parts: list, shape: tuple[int, int]) -> sparse.csr_array:
    if not parts:
        return sparse.csr_array(shape)
    lines = np.concatenate([p[0] for p in parts])
    columns = np.concatenate([p[1] for p in parts])
    values = np.concatenate([np.full(len(p[0]), p[2]) for p in parts])
    return sparse.csr_array((values, (lines, columns)), shape=shape)


class _State:
    """Values, slopes and multipliers at the present point."""

    def __init__(self, p: Programme, start: Floats, multipliers: Floats) -> None:
        self.p, self.free = p, p.high - p.low > 1e-13
        self.rules = _Rules(p, self.free)
        reach = np.maximum(np.abs(p.low), np.abs(p.high))
        self.unit = max(float(np.abs(p.alpha).sum() + np.abs(p.beta) @ reach), 1e-300)
        self.by_row = p.scales()
        low, high = p.low[self.free], p.high[self.free]
        foot = self.rules.foot
        self.low = np.append(low, foot[0] - 1e-9) if self.rules.spread else low
        self.high = np.append(high, foot[1] + 1e-9) if self.rules.spread else high
        first = np.append(start[self.free], np.mean(foot)) if self.rules.spread else start[self.free]
        room = self.high - self.low
        self.v = np.clip(first, self.low + 0.02 * room, self.high - 0.02 * room)
        self.x = np.where(self.free, 0.0, p.low)
        self._place()
        self.s = np.maximum(self.constraints(), 1e-3)
        kept = multipliers * self.by_row / self.unit
        self.y = np.concatenate([np.maximum(kept, 1e-3), np.full(len(self.rules.offset), 1e-4)])
        self.fault = np.inf
        self.zl, self.zu = (np.full(len(self.v), 1e-5) for _ in range(2))

    def _place(self) -> None:
        self.x = self.x.copy()
        self.x[self.free] = self.v[: self.free.sum()]

    def constraints(self) -> Floats:
        rows = self.p.slack(self.x) / self.by_row - MARGIN
        return np.concatenate([rows, self.rules.matrix @ self.v + self.rules.offset])

    def _fault(self, first: Floats) -> float:
        """What the gradient of the Lagrangian leaves, plus the gap that the centring leaves."""
        pull = np.pad(first[self.free] / self.unit, (0, len(self.v) - int(self.free.sum())))
        left = pull + self.rules.matrix.T @ self.y[len(self.p.rows) :] + self.zl - self.zu
        return float(np.abs(left).sum()) + self.complementarity() * (len(self.s) + 2 * len(self.v))

    def complementarity(self) -> float:
        products = np.concatenate([self.s * self.y, self.zl * (self.v - self.low), self.zu * (self.high - self.v)])
        return float(products.mean()) if len(products) else 0.0

    def advance(self, mu: float) -> float:
        """One Newton step towards the centre `mu`; the shorter of the two lengths."""
        p, k, n_free = self.p, len(self.p.rows), int(self.free.sum())
        weights = self.y[:k] * self.unit / self.by_row
        first, second = slopes(p, self.x, p.alpha + weights @ p.A, p.beta + weights @ p.B)
        objective = slopes(p, self.x, p.alpha, p.beta)[0][self.free] / self.unit
        self.fault = self._fault(first)
        kept = p.kept(self.x)
        jacobian = kept * (p.B - p.b * (1 - kept) * (p.A + p.B * self.x)) / self.by_row[:, None]
        jacobian = np.pad(jacobian[:, self.free], ((0, 0), (0, len(self.v) - n_free)))
        gradient = np.pad(objective, (0, len(self.v) - n_free))
        curve = np.pad(np.maximum(np.abs(second[self.free]) / self.unit, 1e-16), (0, len(self.v) - n_free))
        below, above = np.maximum(self.v - self.low, 1e-15), np.maximum(self.high - self.v, 1e-15)
        ratio, gap = self.y / self.s, self.constraints() - self.s
        diagonal = curve + self.zl / below + self.zu / above
        aim = mu / self.s[k:] - ratio[k:] * gap[k:]
        right = gradient + self.rules.matrix.T @ aim + mu / below - mu / above
        core = _factor(diagonal, self.rules.matrix, ratio[k:])
        if core is None:
            return None
        dv, next_y = _solve(core, jacobian, 1.0 / ratio[:k], right, mu / self.y[:k] - gap[:k])
        ds = np.concatenate([jacobian @ dv, self.rules.matrix @ dv]) + gap
        dy = np.concatenate([next_y, mu / self.s[k:] - ratio[k:] * ds[k:]]) - self.y
        dzl, dzu = mu / below - self.zl / below * dv - self.zl, mu / above + self.zu / above * dv - self.zu
        primal = min(_length(below, dv), _length(above, -dv), _length(self.s, ds))
        dual = min(_length(self.y, dy), _length(self.zl, dzl), _length(self.zu, dzu))
        self.v, self.s = self.v + primal * dv, self.s + primal * ds
        self.y, self.zl, self.zu = self.y + dual * dy, self.zl + dual * dzl, self.zu + dual * dzu
        self._place()
        return min(primal, dual)


def _length(room: Floats, step: Floats) -> float:
    towards = step < 0
    return min(1.0, _TO_EDGE * float(np.min(-room[towards] / step[towards]))) if towards.any() else 1.0


def _factor(diagonal: Floats, rules: sparse.csr_array, by_rule: Floats) -> Callable[[Floats], Floats] | None:
    """Solver of (diag + Dᵀ·R·D)·v = right; None where no ridge makes it regular."""
    if not rules.shape[0]:
        return lambda right: (right.T / diagonal).T
    core = sparse.diags_array(diagonal) + rules.T @ sparse.diags_array(by_rule) @ rules
    largest = float(np.abs(core.diagonal()).max())
    for ridge in RIDGES:
        try:
            return splu(sparse.csc_array(core + ridge * largest * sparse.eye_array(len(diagonal)))).solve
        except RuntimeError:
            # SuperLU says in this way alone that rounding has cancelled a pivot: a stiffer matrix has them all.
            continue
    return None


def _solve(
    core: Callable[[Floats], Floats], J: Floats, softness: Floats, right: Floats, target: Floats
) -> tuple[Floats, Floats]:
    """Solve core·v − Jᵀ·y = right and J·v + softness·y = target; J has a handful of rows."""
    if not len(J):
        return core(right), np.empty(0)
    solved, by_row = core(right), core(np.ascontiguousarray(J.T))
    y = np.linalg.lstsq(J @ by_row + np.diag(softness), target - J @ solved, rcond=None)[0]
    return solved + by_row @ y, y


def climb(p: Programme, start: Floats, multipliers: Floats | None = None) -> Climb:
    """Climb from a point, strictly inside or not, to a local optimum of the programme.

    Notes
    -----
    Primal-dual interior-point method; the Hessian of the Lagrangian is diagonal, the rules are sparse and the coupling
    rows few, so that a step costs one sparse factorisation. Where the Lagrangian is convex its curvature is taken
    positive, which keeps every step uphill.
    """
    state = _State(p, start, np.zeros(len(p.rows)) if multipliers is None else multipliers)
    length, stalled, best, weights = 1.0, 0, np.inf, state.y
    for _ in range(STEPS if len(state.v) else 0):
        level = state.complementarity()
        gap = np.abs(state.constraints() - state.s).max(initial=0.0)
        if (level < 1e-15 and gap < 1e-13) or stalled > 8:
            break
        before, x = state.y, state.x
        moved = state.advance(level * (0.1 if length > 0.9 else 0.3 if length > 0.5 else 0.8))
        if moved is None:
            break
        length = moved
        if not (np.isfinite(state.y).all() and np.isfinite(state.v).all()):
            state.x = x
            break
        if state.fault < best:
            best, weights = state.fault, before
        stalled = stalled + 1 if length < 0.01 else 0
    k = len(p.rows)
    slope, constant = state.rules.lagrangian(np.maximum(weights[k:], 0.0) * state.unit)
    return Climb(state.x, weights[:k] * state.unit / state.by_row, slope, constant)
