"""A plan in a handful of actions: segments grouped by near rises, and what the grouping loses."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import minimize

from analytics.errors import ParameterError
from analytics.french import format_number, format_percent
from analytics.prescriptive.closed_form import slopes
from analytics.prescriptive.plan import Plan
from analytics.prescriptive.programme import Programme
from analytics.prescriptive.solve import is_met

Floats = NDArray[np.float64]
MOST = 10
#: Rises nearer than this are one.
SAME = 5e-5
ENOUGH = 0.90


@dataclass(frozen=True)
class Actions:
    """Few actions for most of the gain of a plan.

    Attributes
    ----------
    table : pandas.DataFrame
        action (rank), hausse, segments (their number), beneficiaires (heads), gain (objective gained by this action
        over no rise, EUR or persons), part (of the gain of the plan), phrase; largest gain first.
    rises : pandas.DataFrame
        segment, hausse, action: what is done to each segment; one rise by action.
    part : float
        Share of the plan’s gain over « ne rien faire » that is kept; NaN when the plan gains nothing, the constraints
        alone calling for it.
    perte : float
        What the grouping loses of the objective of the plan.
    met : bool
        Whether the grouped rises respect every constraint.
    """

    table: pd.DataFrame
    rises: pd.DataFrame
    part: float
    perte: float
    met: bool


def reduce_actions(plan: Plan, *, most: int = MOST, enough: float = ENOUGH) -> Actions:
    """Fewest groups, at most `most`, that keep `enough` of the gain of the plan and its constraints.

    Raises
    ------
    ParameterError
        Infeasible plan, or fewer than one action.
    """
    if plan.status != "optimal" or plan.goal == "pire_hausse":
        raise ParameterError("La liste d’actions demande un plan faisable qui maximise le résultat ou l’effectif.")
    if most < 1:
        raise ParameterError("Il faut au moins une action.", valeur=most)
    p, x = plan.programme, plan.table["hausse"].to_numpy()
    still = p.value(np.clip(0.0, p.low, p.high))
    # The central value: the objective of a prudent plan is that of its worst years.
    whole = p.value(x)
    target = whole - still
    best: tuple[bool, float, Floats, NDArray[np.int64]] | None = None
    for k in sorted({1, 2, 3, 4, 5, 6, 8, most}):
        if k > most:
            break
        owner = _groups(p, x, min(k, len(x)))
        rises = _settle(p, x, owner, plan.constraints.grille)
        rises, owner = _one_rise(p, rises, owner, plan.constraints.grille)
        found = (is_met(p, rises), p.value(rises), rises, owner)
        if best is None or found[:2] > best[:2]:
            best = found
        if best[0] and target > 0 and best[1] - still >= enough * target:
            break
    met, value, rises, owner = best
    part = (value - still) / target if target > 1e-9 * max(abs(whole), 1.0) else np.nan
    table, order = _table(p, rises, owner, target)
    rank = np.empty(owner.max() + 1, dtype=np.int64)
    rank[order] = np.arange(1, len(order) + 1)
    by_segment = pd.DataFrame({"segment": p.segment, "hausse": rises, "action": rank[owner]})
    return Actions(table, by_segment, part, whole - value, met)


def _groups(p: Programme, x: Floats, k: int) -> NDArray[np.int64]:
    """Cut the sorted rises where the weighted within-group spread is least (quantiles, then Lloyd’s steps)."""
    weight = np.maximum(p.heads * p.premium, 1e-12)
    order = np.argsort(x)
    mass = np.cumsum(weight[order]) / weight.sum()
    centres = np.unique(np.interp((np.arange(k) + 0.5) / k, mass, x[order]))
    for _ in range(30):
        owner = np.abs(x[:, None] - centres[None, :]).argmin(axis=1)
        total = np.bincount(owner, weights=weight, minlength=len(centres))
        mean = np.bincount(owner, weights=weight * x, minlength=len(centres))
        centres = np.unique(mean[total > 0] / total[total > 0])
    return np.abs(x[:, None] - centres[None, :]).argmin(axis=1)


def _one_rise(
    p: Programme, rises: Floats, owner: NDArray[np.int64], grid: tuple[float, ...] | None
) -> tuple[Floats, NDArray[np.int64]]:
    """Groups that are each one rise: those that the bounds of their segments have split are told apart.

    The common rise is the one nearest to the mean that every segment of the group allows.
    """
    level, parts = rises.copy(), np.empty_like(owner)
    weight, count = np.maximum(p.heads * p.premium, 1e-12), 0
    for group in np.unique(owner):
        inside = np.flatnonzero(owner == group)
        for some in _runs(inside[np.argsort(rises[inside], kind="stable")], rises):
            low, high = p.low[some].max(), p.high[some].min()
            for one in [some] if low <= high else [np.array([s]) for s in some]:
                if grid is None:
                    mean = float(np.average(rises[one], weights=weight[one]))
                    level[one] = np.clip(mean, p.low[one].max(), p.high[one].min())
                parts[one] = count
                count += 1
    return level, parts


def _runs(order: NDArray[np.int64], rises: Floats) -> list[NDArray[np.int64]]:
    """Segments in order of their rise, cut where the rises of a run would differ by more than what is shown."""
    runs, first = [], 0
    for i in range(1, len(order) + 1):
        if i == len(order) or rises[order[i]] - rises[order[first]] > SAME:
            runs.append(order[first:i])
            first = i
    return runs


def _settle(p: Programme, x: Floats, owner: NDArray[np.int64], grid: tuple[float, ...] | None) -> Floats:
    """Best common rise of each group under the constraints (a handful of unknowns: SLSQP)."""
    k = owner.max() + 1
    weight = np.maximum(p.heads * p.premium, 1e-12)
    first = np.bincount(owner, weights=weight * x, minlength=k) / np.bincount(owner, weights=weight, minlength=k)

    def spread(levels: Floats) -> Floats:
        return np.clip(levels[owner], p.low, p.high)

    if grid is not None:
        steps = np.array(grid)
        near = steps[np.abs(first[:, None] - steps[None, :]).argmin(axis=1)][owner]
        # A segment that may not take the step of its group keeps its own: off the grid there is no rise.
        return np.where((near >= p.low - 1e-9) & (near <= p.high + 1e-9), near, x)
    unit, scale = max(abs(p.value(x)), 1.0), p.scales()

    def slope(levels: Floats, alpha: Floats, beta: Floats) -> Floats:
        rises = spread(levels)
        inner = (levels[owner] > p.low) & (levels[owner] < p.high)
        return np.bincount(owner, weights=slopes(p, rises, alpha, beta)[0] * inner, minlength=k)

    rows = {
        "type": "ineq",
        "fun": lambda v: p.slack(spread(v)) / scale - 1e-9,
        "jac": lambda v: np.array([slope(v, a, b) / s for a, b, s in zip(p.A, p.B, scale, strict=True)]),
    }
    found = minimize(
        lambda v: -p.value(spread(v)) / unit,
        first,
        jac=lambda v: -slope(v, p.alpha, p.beta) / unit,
        bounds=[(float(p.low.min()), float(p.high.max()))] * int(k),
        constraints=[rows] if len(p.rows) else [],
        method="SLSQP",
        options={"maxiter": 200, "ftol": 1e-12},
    )
    tried = [spread(found.x), spread(first)]
    return max(tried, key=lambda r: (is_met(p, r), p.value(r)))


def _table(
    p: Programme, rises: Floats, owner: NDArray[np.int64], target: float
) -> tuple[pd.DataFrame, NDArray[np.int64]]:
    kept, none = p.kept(rises), np.clip(0.0, p.low, p.high)
    gain = kept * (p.alpha + p.beta * rises) - p.kept(none) * (p.alpha + p.beta * none)
    frame = pd.DataFrame({"groupe": owner, "gain": gain, "beneficiaires": p.heads, "hausse": rises})
    frame["masse"] = p.heads * p.premium
    frame["rise_masse"] = frame["masse"] * rises
    table = frame.groupby("groupe").agg(
        segments=("gain", "size"), beneficiaires=("beneficiaires", "sum"), gain=("gain", "sum"),
        masse=("masse", "sum"), rise_masse=("rise_masse", "sum"), simple=("hausse", "mean"),
    )  # fmt: skip
    weighted = table["rise_masse"] / table["masse"].where(table["masse"] > 0, 1.0)
    table["hausse"] = weighted.where(table["masse"] > 0, table["simple"])
    table = table.sort_values("gain", ascending=False)
    table["part"] = table["gain"] / target if target > 0 else np.nan
    table["phrase"] = [
        f"{format_percent(h, 2, signed=True)} sur {format_number(n)} segment{'s' if n > 1 else ''} "
        f"({format_number(b)} personnes)"
        for h, n, b in zip(table["hausse"], table["segments"], table["beneficiaires"], strict=True)
    ]
    order = table.index.to_numpy()
    table = table.reset_index(drop=True)
    table["action"] = np.arange(1, len(table) + 1)
    return table[["action", "hausse", "segments", "beneficiaires", "gain", "part", "phrase"]], order
