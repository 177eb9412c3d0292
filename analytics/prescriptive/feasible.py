"""Feasibility: a plan that meets every row, or the row that blocks and the best level that it can reach."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analytics.prescriptive.programme import ROWS, Programme, figures, row
from analytics.prescriptive.solve import EFFORT, Solution, solve

Floats = NDArray[np.float64]
#: Smallest possible level of a ratio is refined until it moves by less than this.
PRECISE = 1e-13
#: A row missed by less than this, in parts of its size, is met: the level asked is the best reachable one, rounded.
TOUCHED = 1e-9


@dataclass(frozen=True)
class Blocked:
    """Row that cannot be met once those before it are.

    Attributes
    ----------
    name : str
        Constraint.
    held : tuple of str
        Rows that were met first.
    reachable : float
        Best level of it that the others allow.
    x : (S,)
        Rises that reach it.
    """

    name: str
    held: tuple[str, ...]
    reachable: float
    x: Floats


def find_feasible(p: Programme) -> Floats | Blocked:
    """Meet the rows one after the other, those named first last: a plan, or what blocks.

    Notes
    -----
    Each row is pushed as far as it goes under those already met (a programme that has a plan by then), so the answer is
    proved by the bound of that last programme.
    """
    ladder = [name for name in reversed(ROWS) if name in p.rows]
    x = 0.5 * (p.low + p.high) if not p.ruled() else p.low
    for i, name in enumerate(ladder):
        at = p.rows.index(name)
        held = p.without(*ladder[i:])
        if _slack_of(p, at, x) >= 0 and not i:
            continue
        pushed = solve(held.aiming(p.A[at], p.B[at]), known=x if i else None)
        if pushed.x is not None:
            x = pushed.x
        if _slack_of(p, at, x) < -TOUCHED * p.scales()[at]:
            return Blocked(name, tuple(ladder[:i]), *_best_level(p, held, name, at, x))
    return x


def solve_from(p: Programme, x: Floats, *, effort: int = EFFORT) -> Solution:
    """Best plan of a programme that a plan is known to meet, were it by a hair: that plan when no better one is.

    Where only that plan is left its multipliers, which would grow without end, are NaN.
    """
    found = solve(p, known=x, effort=effort)
    if found.x is not None:
        return found
    value = p.value(x)
    return Solution(x, value, max(found.bound, value), np.full(len(p.rows), np.nan), found.slope)


def _slack_of(p: Programme, at: int, x: Floats) -> float:
    kept = p.kept(x)
    return float(p.A[at] @ kept + p.B[at] @ (kept * x) - p.rhs[at])


def level_of(p: Programme, name: str, x: Floats) -> float:
    """Value, for a plan, of what a row bounds; NaN when nobody is kept."""
    kept = p.heads * p.kept(x)
    if name == "effectif_min":
        return float(kept.sum())
    if name == "resultat_min":
        return float(p.result(x).sum())
    above, below = {
        "retention_min": (kept.sum(), p.heads.sum()),
        "pc_max": (kept @ p.claims, (kept * p.premium) @ (1 + x)),
        "hausse_moyenne_max": ((kept * p.premium) @ x, kept @ p.premium),
    }[name]
    return float(above / below) if below != 0 else np.nan


def _best_level(p: Programme, held: Programme, name: str, at: int, x: Floats) -> tuple[float, Floats]:
    """Best level of a row under the rows held; for a ratio by Dinkelbach’s iterations from the level of `x`."""
    level = level_of(p, name, x)
    if name not in ("pc_max", "hausse_moyenne_max"):
        return level, x
    for _ in range(30):
        alpha, beta, _ = row(figures(p), name, level)
        # The objective ends at 0: its precision is judged in parts of the size of the row.
        pushed: Solution = solve(held.aiming(alpha, beta), known=x, unit=float(p.scales()[at]) / 10.0)
        if pushed.x is None:
            break
        closer = level_of(p, name, pushed.x)
        if not closer < level - PRECISE * max(abs(level), 1.0):
            break
        level, x = closer, pushed.x
    return level, x
