"""Rises on a grid: linear relaxation, then rounding by a small MILP; a whole MILP under rules between segments."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, linprog, milp

from analytics.errors import ParameterError
from analytics.prescriptive.feasible import Blocked, level_of
from analytics.prescriptive.programme import ROWS, Programme, figures, row

Floats = NDArray[np.float64]
#: Choices (segments × steps) under which the whole problem is given to the MILP.
SMALL = 3_000
#: Segments left to the MILP when the others take their price in the linear relaxation.
OPEN = 30
SECONDS, NODES = 30.0, 2_000
#: Relative gap of the MILP of the segments left open: a few hundredths of the whole.
PART = 2e-3


@dataclass(frozen=True)
class GridSolution:
    """Rises on the grid, their value, a bound, and the multipliers of the coupling rows in the relaxation."""

    x: Floats
    value: float
    bound: float
    multipliers: Floats


@dataclass(frozen=True)
class Choices:
    """One column per (segment, step) allowed."""

    owner: NDArray[np.int64]
    step: NDArray[np.int64]
    x: Floats
    gain: Floats
    A: Floats
    rhs: Floats

    def only(self, kept: NDArray[np.bool_]) -> Choices:
        """Some columns."""
        return Choices(self.owner[kept], self.step[kept], self.x[kept], self.gain[kept], self.A[:, kept], self.rhs)


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
    if p.ruled() or len(c.owner) <= SMALL:
        return _whole(p, c, grid)
    n = len(p.segment)
    scale = p.scales()
    one_each = sparse.csr_array((np.ones(len(c.owner)), (c.owner, np.arange(len(c.owner)))), shape=(n, len(c.owner)))
    unit = max(float(np.abs(c.gain).max()), 1e-300)
    relaxed = linprog(
        -c.gain / unit,
        A_ub=-c.A / scale[:, None] if len(scale) else None,
        b_ub=-c.rhs / scale if len(scale) else None,
        A_eq=one_each,
        b_eq=np.ones(n),
        bounds=(0, 1),
        method="highs-ds",
    )
    if relaxed.status == 2:
        return None
    if relaxed.status != 0:
        raise ParameterError("La relaxation linéaire de la grille n’a pas abouti.", valeur=relaxed.message)
    weights = -relaxed.ineqlin.marginals * unit / scale if len(scale) else np.empty(0)
    reduced = c.gain + weights @ c.A
    most = np.full(n, -np.inf)
    np.maximum.at(most, c.owner, reduced)
    bound = float(most.sum() - weights @ c.rhs)
    found = _round(p, c, relaxed.x, reduced, most, grid)
    if found is None:
        return _whole(p, c, grid)
    return GridSolution(found.x, found.value, max(bound, found.value), weights)


def _round(
    p: Programme, c: Choices, shares: Floats, reduced: Floats, most: Floats, grid: Floats
) -> GridSolution | None:
    """Leave open the segments nearest to hesitating; the others take their best step."""
    n = len(p.segment)
    order = np.lexsort((-shares, c.owner))
    first = order[np.r_[True, np.diff(c.owner[order]) > 0]]
    loss = most[c.owner] - reduced
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
    picked, _ = _milp(int(near.sum()), inner, p.scales(), sparse.csr_array((0, len(inner.owner))), PART)
    if picked is None:
        return None
    x = np.empty(n)
    x[fixed.owner], x[part.owner[picked]] = fixed.x, part.x[picked]
    return GridSolution(x, float(fixed.gain.sum() + part.gain[picked].sum()), np.nan, np.empty(0))


def _whole(p: Programme, c: Choices, grid: Floats) -> GridSolution | None:
    precision = 1e-9 if len(c.owner) <= SMALL else 1e-6
    picked, bound = _milp(len(p.segment), c, p.scales(), _rule_rows(p, c, grid), precision)
    if picked is None:
        return None
    x = np.empty(len(p.segment))
    x[c.owner[picked]] = c.x[picked]
    value = float(c.gain[picked].sum())
    return GridSolution(x, value, max(bound, value), np.zeros(len(p.rows)))


def _milp(
    n: int, c: Choices, scale: Floats, rules: sparse.csr_array, precision: float
) -> tuple[NDArray[np.int64] | None, float]:
    """Positions of the columns picked, one by segment, and the bound; None when nothing fits."""
    size = len(c.owner)
    one_each = sparse.csr_array((np.ones(size), (c.owner, np.arange(size))), shape=(n, size))
    unit = max(float(np.abs(c.gain).max()), 1e-300)
    limits = [LinearConstraint(one_each, 1, 1)]
    if len(scale):
        limits.append(LinearConstraint(sparse.csr_array(c.A / scale[:, None] * 1e3), c.rhs / scale * 1e3, np.inf))
    if rules.shape[0]:
        limits.append(LinearConstraint(rules, 0, np.inf))
    found = milp(
        -c.gain / unit,
        integrality=np.ones(size),
        bounds=Bounds(0, 1),
        constraints=limits,
        options={"mip_rel_gap": precision, "time_limit": SECONDS, "node_limit": NODES},
    )
    if found.x is None:
        return None, np.nan
    best = np.zeros(n, dtype=np.int64)
    order = np.argsort(found.x, kind="stable")
    best[c.owner[order]] = order
    bound = -found.mip_dual_bound * unit if found.mip_dual_bound is not None else np.inf
    return best, float(bound) + 1e-9 * abs(float(bound))


def _rule_rows(p: Programme, c: Choices, grid: Floats) -> sparse.csr_array:
    """Rows ≥ 0: of a pair, no step reached by the first and not by the second; of the spread, no step beyond."""
    reach = {s: c.owner == s for s in np.unique(p.pairs)} if len(p.pairs) else {}
    rows = [
        (reach[j] & (c.step >= v)).astype(float) - (reach[i] & (c.step >= v))
        for i, j in p.pairs
        for v in range(1, len(grid))
    ]
    if p.spread is not None:
        rows += _spread_rows(p, c, grid)
    return sparse.csr_array(np.array(rows)) if rows else sparse.csr_array((0, len(c.owner)))


def _spread_rows(p: Programme, c: Choices, grid: Floats) -> list[Floats]:
    """Whoever takes a step forbids to all the others the steps too far under it."""
    segments = range(len(p.segment))
    rows = []
    for v, high in enumerate(grid):
        far = grid < high - p.spread - 1e-12
        if not far.any():
            continue
        rows += [_apart(c, a, v, b, far) for a in segments for b in segments if a != b]
    return rows


def _apart(c: Choices, a: int, v: int, b: int, far: NDArray[np.bool_]) -> Floats:
    """(b takes no step too far under v) − (a takes v or above), written with Σ of b = 1."""
    above = (c.owner == a) & (c.step >= v)
    close = (c.owner == b) & ~far[c.step]
    return close.astype(float) - above


def _lowest_top(p: Programme, c: Choices, grid: Floats) -> GridSolution | Blocked:
    """Lowest step under which everything can be met, by trying the steps upwards."""
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
    return GridSolution(best.x, top, top, np.zeros(len(p.rows)))


def explain_grid(p: Programme, c: Choices, grid: Floats) -> Blocked:
    """The first row that cannot be met under those before it, as :func:`find_feasible` does on continuous rises."""
    ladder = [name for name in reversed(ROWS) if name in p.rows]
    for i, name in enumerate(ladder):
        at, held = p.rows.index(name), p.without(*ladder[i:])
        keep = [k for k, r in enumerate(p.rows) if r in held.rows]
        rest = Choices(c.owner, c.step, c.x, c.A[at], c.A[keep], c.rhs[keep])
        found = _solve(held, rest, grid)
        if found is None:
            return Blocked("ordre", (), np.nan, p.low)
        if found.value < p.rhs[at] - 1e-9 * p.scales()[at]:
            return Blocked(name, tuple(ladder[:i]), *_best_step(p, held, rest, name, found.x, grid))
    return Blocked("ordre", (), np.nan, p.low)


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
