"""Rises on a grid: linear relaxation, then rounding by a small MILP; a whole MILP where rules order segments."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import linprog

from analytics.errors import ParameterError
from analytics.prescriptive.feasible import Blocked, level_of
from analytics.prescriptive.mixed_integer import INFEASIBLE, Choices, Stopped, pick_steps
from analytics.prescriptive.programme import ROWS, Programme, figures, row
from analytics.prescriptive.quiet import silence

Floats = NDArray[np.float64]
#: Choices (segments × steps) under which the whole problem is given to the MILP.
SMALL = 3_000
#: Segments left to the MILP when the others take their price in the linear relaxation.
OPEN = 30
#: Relative gap of the MILP of the segments left open: a few hundredths of the whole.
PART = 2e-3


@dataclass(frozen=True)
class GridSolution:
    """Rises on the grid, their value, a bound, and the multipliers of the coupling rows in the linear relaxation."""

    x: Floats
    value: float
    bound: float
    multipliers: Floats


@dataclass(frozen=True)
class Relaxed:
    """Shares of the steps in the linear relaxation, its multipliers and the bound that they prove."""

    shares: Floats
    weights: Floats
    bound: float


def solve_grid(p: Programme, grid: Floats, goal: str) -> GridSolution | Blocked:
    """Best rises among the steps of a grid; what blocks when there are none."""
    choices = grid_choices(p, grid)
    if isinstance(choices, Blocked):
        return choices
    if goal == "pire_hausse":
        return _lowest_top(p, choices, grid)
    found = _solve(p, choices, grid)
    return found if found is not None else explain_grid(p, choices, grid)


def grid_choices(p: Programme, grid: Floats) -> Choices | Blocked:
    """Steps of the grid between the bounds of each segment; blocked when a segment has none."""
    allowed = (grid[None, :] >= p.low[:, None] - 1e-12) & (grid[None, :] <= p.high[:, None] + 1e-12)
    if not allowed.any(axis=1).all():
        return Blocked("grille", (), np.nan, p.low)
    owner, step = np.nonzero(allowed)
    x = grid[step]
    spread = np.where(allowed, grid[None, :], 0.0)
    kept = np.column_stack([p.kept(column) for column in spread.T])[owner, step]
    gain = kept * (p.alpha[owner] + p.beta[owner] * x)
    return Choices(owner, step, x, gain, kept * (p.A[:, owner] + p.B[:, owner] * x), p.rhs)


def _solve(p: Programme, c: Choices, grid: Floats) -> GridSolution | None:
    if p.spread is not None:
        return _best_window(p, c, grid)
    rules = _order_rows(p, c, grid)
    relaxed = _relax(p, c, rules)
    if relaxed is None:
        return None
    if rules.shape[0] or len(c.owner) <= SMALL:
        return _whole(p, c, rules, relaxed)
    return _round(p, c, relaxed) or _whole(p, c, rules, relaxed)


def _relax(p: Programme, c: Choices, rules: sparse.csr_array) -> Relaxed | None:
    """The linear relaxation; None when even shares of steps meet nothing."""
    n, scale = len(p.segment), p.scales()
    unit = max(float(np.abs(c.gain).max()), 1e-300)
    above = sparse.vstack([sparse.csr_array(-c.A / scale[:, None]), -rules]).tocsr()
    with silence():
        solved = linprog(
            -c.gain / unit,
            A_ub=above if above.shape[0] else None,
            b_ub=np.r_[-c.rhs / scale, np.zeros(rules.shape[0])] if above.shape[0] else None,
            A_eq=c.one_each(n),
            b_eq=np.ones(n),
            bounds=(0, 1),
            method="highs-ds",
        )
    if solved.status == INFEASIBLE:
        return None
    if solved.status != 0:
        raise ParameterError("La relaxation linéaire de la grille n’a pas abouti.", valeur=solved.message)
    marginals = np.maximum(-solved.ineqlin.marginals, 0.0) * unit if above.shape[0] else np.empty(0)
    weights = marginals[: len(scale)] / scale
    reduced = c.gain + weights @ c.A + marginals[len(scale) :] @ rules
    return Relaxed(solved.x, weights, float(_most(n, c, reduced).sum() - weights @ c.rhs))


def _most(n: int, c: Choices, reduced: Floats) -> Floats:
    most = np.full(n, -np.inf)
    np.maximum.at(most, c.owner, reduced)
    return most


def _round(p: Programme, c: Choices, relaxed: Relaxed) -> GridSolution | None:
    """Leave open the segments nearest to hesitating; the others take their best step."""
    n, shares = len(p.segment), relaxed.shares
    reduced = c.gain + relaxed.weights @ c.A
    order = np.lexsort((-shares, c.owner))
    first = order[np.r_[True, np.diff(c.owner[order]) > 0]]
    loss = _most(n, c, reduced)[c.owner] - reduced
    loss[first] = np.inf
    second = np.full(n, np.inf)
    np.minimum.at(second, c.owner, loss)
    split = np.bincount(c.owner, weights=(shares > 1e-9) & (shares < 1 - 1e-9), minlength=n) > 0
    second[split] = -1.0
    near = np.zeros(n, dtype=bool)
    near[np.argsort(second, kind="stable")[: max(OPEN, int(split.sum()))]] = True
    chosen = np.zeros(len(c.owner), dtype=bool)
    chosen[first] = True
    fixed = c.only(chosen & ~near[c.owner])
    part = c.only(near[c.owner])
    place = np.cumsum(near) - 1
    inner = Choices(place[part.owner], part.step, part.x, part.gain, part.A, c.rhs - fixed.A.sum(axis=1))
    try:
        picked, _ = pick_steps(int(near.sum()), inner, p.scales(), _no_rule(inner), PART)
    except Stopped:
        picked = None  # the whole problem may do better
    if picked is None:
        return None
    x = np.empty(n)
    x[fixed.owner], x[part.owner[picked]] = fixed.x, part.x[picked]
    value = float(fixed.gain.sum() + part.gain[picked].sum())
    return GridSolution(x, value, max(relaxed.bound, value), relaxed.weights)


def _whole(p: Programme, c: Choices, rules: sparse.csr_array, relaxed: Relaxed) -> GridSolution | None:
    precision = 1e-9 if len(c.owner) <= SMALL else 1e-6
    picked, bound = pick_steps(len(p.segment), c, p.scales(), rules, precision)
    if picked is None:
        return None
    x = np.empty(len(p.segment))
    x[c.owner[picked]] = c.x[picked]
    value = float(c.gain[picked].sum())
    return GridSolution(x, value, max(min(bound, relaxed.bound), value), relaxed.weights)


# --- rules between segments -------------------------------------------------------------------------------------------


def _no_rule(c: Choices) -> sparse.csr_array:
    return sparse.csr_array((0, len(c.owner)))


def _order_rows(p: Programme, c: Choices, grid: Floats) -> sparse.csr_array:
    """Rows ≥ 0: of a pair, no step reached by the first and not by the second."""
    columns = {s: np.flatnonzero(c.owner == s) for s in np.unique(p.pairs)} if len(p.pairs) else {}
    data, at, ends = [], [], [0]
    for first, second in p.pairs:
        for step in range(1, len(grid)):
            above, below = (columns[s][c.step[columns[s]] >= step] for s in (second, first))
            if len(below):
                data += [np.ones(len(above)), -np.ones(len(below))]
                at += [above, below]
                ends.append(ends[-1] + len(above) + len(below))
    if len(ends) == 1:
        return _no_rule(c)
    shape = (len(ends) - 1, len(c.owner))
    return sparse.csr_array((np.concatenate(data), np.concatenate(at), ends), shape=shape)


def _best_window(p: Programme, c: Choices, grid: Floats) -> GridSolution | None:
    """The best plan whose lowest rise is each step in turn: its other rises are then in a window of the grid.

    Notes
    -----
    Any positive multipliers bound a window by weak duality: windows are taken best bound first, and those that cannot
    beat the plan at hand are left.
    """
    n, free = len(p.segment), replace(p, spread=None)
    whole = _relax(free, c, _order_rows(free, c, grid))
    if whole is None:
        return None
    reduced, constant = c.gain + whole.weights @ c.A, float(whole.weights @ c.rhs)
    windows = []
    for low in grid:
        inside = (c.x >= low - 1e-12) & (c.x <= low + p.spread + 1e-12)
        if np.bincount(c.owner[inside], minlength=n).all():
            bound = float(_most(n, c.only(inside), reduced[inside]).sum()) - constant
            windows.append((bound + 1e-9 * abs(bound), inside))
    best, bound = None, -np.inf
    for most, inside in sorted(windows, key=lambda w: -w[0]):
        if best is not None and most <= best.value:
            break
        found = _solve(free, c.only(inside), grid)
        if found is None:
            continue
        bound = max(bound, min(found.bound, most))
        if best is None or found.value > best.value:
            best = found
    return None if best is None else replace(best, bound=max(bound, best.value))


# --- the smallest of the largest rises, and what blocks ---------------------------------------------------------------


def _lowest_top(p: Programme, c: Choices, grid: Floats) -> GridSolution | Blocked:
    """Lowest step under which everything can be met, by halving the steps."""
    floor = np.full(len(p.segment), np.inf)
    np.minimum.at(floor, c.owner, c.x)
    tops = np.unique(c.x[c.x >= floor.max()])
    left, right, best = 0, len(tops) - 1, None
    while left <= right:
        middle = (left + right) // 2
        found = _solve(p, c.only(c.x <= tops[middle]), grid)
        if found is None:
            left = middle + 1
        else:
            best, right = found, middle - 1
    if best is None:
        return explain_grid(p, c, grid)
    top = float(best.x.max())
    return GridSolution(best.x, top, top, np.full(len(p.rows), np.nan))


def explain_grid(p: Programme, c: Choices, grid: Floats) -> Blocked:
    """The first row that cannot be met under those before it, as :func:`find_feasible` does on continuous rises."""
    ladder = [name for name in reversed(ROWS) if name in p.rows]
    rule = "ordre" if len(p.pairs) else "ecart_max"
    for i, name in enumerate(ladder):
        at, held = p.rows.index(name), p.without(*ladder[i:])
        keep = [k for k, r in enumerate(p.rows) if r in held.rows]
        rest = Choices(c.owner, c.step, c.x, c.A[at], c.A[keep], c.rhs[keep])
        found = _solve(held, rest, grid)
        if found is None:
            return Blocked(rule, (), np.nan, p.low)
        if found.value < p.rhs[at] - 1e-9 * p.scales()[at]:
            return Blocked(name, tuple(ladder[:i]), *_best_step(p, held, rest, name, found.x, grid))
    return Blocked(rule, (), np.nan, p.low)


def _best_step(p: Programme, held: Programme, c: Choices, name: str, x: Floats, grid: Floats) -> tuple[float, Floats]:
    level = level_of(p, name, x)
    for _ in range(20 if name in ("pc_max", "hausse_moyenne_max") else 0):
        alpha, beta, _ = row(figures(p), name, level)
        kept = np.select([p.flat[c.owner]], [p.retention[c.owner]], 1 / (1 + np.exp(p.b[c.owner] * c.x - p.a[c.owner])))
        gain = kept * (alpha[c.owner] + beta[c.owner] * c.x)
        found = _solve(held, Choices(c.owner, c.step, c.x, gain, c.A, c.rhs), grid)
        closer = level_of(p, name, found.x) if found is not None else level
        if not closer < level - 1e-12:
            break
        level, x = closer, found.x
    return level, x
