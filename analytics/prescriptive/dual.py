"""Lagrangian dual of the programme: a convex function of a handful of multipliers, minimised by Newton then by cuts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog

from analytics.prescriptive.closed_form import best_rise, slopes
from analytics.prescriptive.programme import Programme
from analytics.prescriptive.quiet import silence

Floats = NDArray[np.float64]
#: Multipliers (of rows in parts of their size, objective in parts of its own) beyond which the dual is said unbounded.
LARGEST = 1e8
STEPS, CUTS = 80, 60
FLAT = 1e-13
#: Steps that lower the dual by less than this, in parts of it, walk along a kink.
STALL = 1e-10
#: A combination of rows that stays under this, in parts of their size, cannot be met.
IMPOSSIBLE = 1e-9


@dataclass(frozen=True)
class Dual:
    """Where the dual stops.

    Attributes
    ----------
    multipliers : (K,)
        In EUR (or persons) of objective by unit of each row.
    bound : float
        Upper bound of the objective: value of the dual at `multipliers`, or lower elsewhere on the way.
    x : (S,)
        Best rises for these multipliers; they may miss a row.
    unbounded : bool
        The multipliers prove that the rows cannot be met together.
    """

    multipliers: Floats
    bound: float
    x: Floats
    unbounded: bool


class _Scaled:
    """The dual in dimensionless multipliers."""

    def __init__(self, p: Programme) -> None:
        self.p = p
        reach = np.maximum(np.abs(p.low), np.abs(p.high))
        self.unit = max(float(np.abs(p.alpha).sum() + np.abs(p.beta) @ reach), 1e-300)
        self.by_row = p.scales()

    def multipliers(self, y: Floats) -> Floats:
        return y * self.unit / self.by_row

    def __call__(self, y: Floats, *, curved: bool = True) -> tuple[float, Floats, Floats, Floats]:
        """Value, gradient, curvature in units, and the best rises."""
        p, weights = self.p, self.multipliers(y)
        alpha, beta = p.alpha + weights @ p.A, p.beta + weights @ p.B
        x = best_rise(p, alpha, beta)
        kept = p.kept(x)
        value = float(kept @ (alpha + beta * x) - weights @ p.rhs)
        gradient = (p.A @ kept + p.B @ (kept * x) - p.rhs) / self.by_row
        hessian = self._hessian(x, alpha, beta) if curved else np.empty((0, 0))
        return value / self.unit, gradient, hessian, x

    def proves_infeasible(self, y: Floats) -> bool:
        """Whether no point of the box meets this positive combination of the rows (Farkas)."""
        p, weights = self.p, y / self.by_row / y.sum()
        alpha, beta = weights @ p.A, weights @ p.B
        x = best_rise(p, alpha, beta)
        return float(p.kept(x) @ (alpha + beta * x) - weights @ p.rhs) < -IMPOSSIBLE

    def _hessian(self, x: Floats, alpha: Floats, beta: Floats) -> Floats:
        p = self.p
        inner = (x > p.low) & (x < p.high) & ~p.flat
        if not inner.any():
            return np.zeros((len(p.rows), len(p.rows)))
        second = slopes(p, x, alpha, beta)[1][inner]
        kept = p.kept(x)[inner]
        pull = p.b[inner] * (1 - kept)
        moves = kept * (p.B[:, inner] - pull * (p.A[:, inner] + p.B[:, inner] * x[inner])) / self.by_row[:, None]
        return (moves / np.maximum(-second, 1e-300)) @ moves.T * self.unit


def minimise_dual(p: Programme, *, start: Floats | None = None, cuts: int = CUTS) -> Dual:
    """Minimise the dual from `start` (multipliers of a near problem) or from 0; at most `cuts` cutting planes.

    Notes
    -----
    Newton on the free multipliers with a trust radius and a backtracking search; where the dual has a kink (several
    segments indifferent between two prices) its value is refined by a cutting-plane model inside a box.
    """
    dual = _Scaled(p)
    y = (
        np.zeros(len(p.rows))
        if start is None or not np.isfinite(start).all()
        else np.maximum(start, 0.0) * dual.by_row / dual.unit
    )
    value, gradient, hessian, x = dual(y)
    if not len(p.rows):
        return Dual(y, value * dual.unit, x, False)
    radius, stalled, tried = 1.0, 0, [(y, value, gradient)]
    for _ in range(STEPS):
        if residual(y, gradient) < FLAT or y.max() > LARGEST:
            break
        if y.max() > 100.0 and dual.proves_infeasible(y):
            return Dual(dual.multipliers(y), value * dual.unit, x, True)
        step = _newton(y, gradient, hessian, radius)
        found = _search(dual, y, value, gradient, step)
        if found is None:
            radius = min(radius, float(np.abs(step).max())) / 64.0
            if radius < 1e-12:
                break
            continue
        before = value
        fraction, (y, value, gradient, hessian, x) = found
        stalled = stalled + 1 if before - value < STALL * abs(value) else 0
        if stalled > 4 and residual(y, gradient) > 1e-9:
            break
        radius = max(radius, 4.0 * float(np.abs(step).max())) if fraction == 1.0 else radius * max(fraction, 0.1)
        tried.append((y, value, gradient))
    if residual(y, gradient) >= 1e-9 and y.max() <= LARGEST:
        y, value, x = _cut(dual, tried, y, value, x, cuts)
    impossible = bool(y.max() > 1.0 and dual.proves_infeasible(y))
    return Dual(dual.multipliers(y), value * dual.unit, x, impossible)


def residual(y: Floats, gradient: Floats) -> float:
    """How far the multipliers are from optimal: a null one may keep slack."""
    return float(np.abs(np.minimum(y, gradient)).max(initial=0.0)) if len(y) else 0.0


def _newton(y: Floats, gradient: Floats, hessian: Floats, radius: float) -> Floats:
    free = (y > 0) | (gradient < 0)
    step = np.zeros_like(y)
    block, slope = hessian[np.ix_(free, free)], gradient[free]
    if free.any():
        damping = 1e-14 * max(float(np.trace(block)), 1e-30) + np.abs(slope).max() * 1e-6 * (np.trace(block) < 1e-12)
        step[free] = np.linalg.lstsq(block + damping * np.eye(len(slope)), -slope, rcond=None)[0]
    if not np.isfinite(step).all() or step @ gradient >= 0:
        step = np.where(free, -gradient, 0.0)
    longest = np.abs(step).max()
    return step * min(1.0, radius / longest) if longest > 0 else step


def _search(dual: _Scaled, y: Floats, value: float, gradient: Floats, step: Floats) -> tuple | None:
    """First fraction of the step, on the positive orthant, that lowers the dual (or, at its floor, the residual)."""
    before = residual(y, gradient)
    for fraction in (1.0, 0.5, 0.25, 0.1, 0.03, 0.005):
        trial = np.maximum(y + fraction * step, 0.0)
        got = dual(trial)
        expected = 1e-4 * float(gradient @ (trial - y))
        level = got[0] <= value + 1e-14 * abs(value) + 1e-16 and residual(trial, got[1]) < 0.9 * before
        if got[0] < value + expected or level:
            return fraction, (trial, *got)
    return None


def _cut(dual: _Scaled, tried: list, y: Floats, value: float, x: Floats, cuts: int) -> tuple[Floats, float, Floats]:
    """Refine at a kink: lowest point of the tangent planes inside a box around the best point."""
    radius, size = max(1e-3, 0.1 * float(np.abs(y).max())), len(y)
    planes = tried[-4 * size - 8 :]
    for _ in range(cuts):
        rows = np.array([np.append(g, -1.0) for _, _, g in planes])
        right = np.array([g @ at - v for at, v, g in planes])
        box = [(max(0.0, c - radius), c + radius) for c in y]
        with silence():
            solved = linprog(np.append(np.zeros(size), 1.0), A_ub=rows, b_ub=right, bounds=[*box, (None, None)])
        if solved.status != 0:
            break
        trial = np.maximum(solved.x[:size], 0.0)
        promise = value - solved.x[size]
        if promise < 1e-10 * max(abs(value), 1e-6):
            break
        level, gradient, _, rises = dual(trial, curved=False)
        planes.append((trial, level, gradient))
        if level < value - 0.1 * promise:
            if np.abs(trial - y).max() > 0.9 * radius:
                radius *= 4.0
            y, value, x = trial, level, rises
        elif level >= value - 1e-16:
            radius *= 0.5
        else:
            y, value, x = trial, level, rises
    return y, value, x
