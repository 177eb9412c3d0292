"""The plan whose bad years are the least bad: CVaR of the result over drawn scenarios, on a grid."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import linprog
from scipy.special import expit, logit

from analytics.errors import ParameterError
from analytics.prescriptive.certificate import relative_gap
from analytics.prescriptive.constraints import Constraints
from analytics.prescriptive.feasible import Blocked
from analytics.prescriptive.grid import explain_grid, grid_choices
from analytics.prescriptive.mixed_integer import Choices
from analytics.prescriptive.model import read_portfolio
from analytics.prescriptive.optimise import blocked_plan
from analytics.prescriptive.plan import Plan, plan_table
from analytics.prescriptive.programme import Programme, build_programme
from analytics.prescriptive.quiet import silence
from analytics.prescriptive.simulation import draw_shocks

Floats = NDArray[np.float64]


def optimise_cvar(
    portfolio: pd.DataFrame,
    *,
    constraints: Constraints,
    level: float = 0.95,
    draws: int = 200,
    seed: int = 0,
) -> Plan:
    """Largest mean result of the worst 1 − level of the scenarios, on the grid of the constraints.

    Parameters
    ----------
    portfolio : pandas.DataFrame
        As :func:`analytics.prescriptive.simulate` (elasticite_bas, elasticite_haut, derive, derive_sd make the
        uncertainty), with hausse_min and hausse_max.
    constraints : Constraints
        With a `grille`; coupling rows are held at the central assumptions; no rule between segments.
    level : float
        Between 0 and 1.
    draws, seed : int
        Scenarios.

    Returns
    -------
    Plan
        objective and bound in EUR: the CVaR of the plan, and what no plan of the grid exceeds on these scenarios.

    Raises
    ------
    ParameterError
        As :func:`optimise`, or no grid, or a level out of its range.

    Notes
    -----
    Rockafellar and Uryasev (2000): max t − Σ u_m / ((1 − level)·M), u_m ≥ t − result_m, u_m ≥ 0; a linear programme on
    the shares of the steps, whose vertices split few segments; each split is then rounded, best first.
    """
    if constraints.grille is None or constraints.ordre or constraints.widest() is not None:
        raise ParameterError("Le plan prudent demande une grille de hausses et aucune règle entre segments.")
    if not 0 < level < 1:
        raise ParameterError("Le niveau de prudence est entre 0 et 100 %.", valeur=level)
    p = build_programme(portfolio, constraints, "resultat")
    choices = grid_choices(p, np.array(constraints.grille))
    if isinstance(choices, Blocked):
        raise ParameterError("Un segment n’a aucun pas de la grille entre ses bornes.", colonne="grille")
    results = scenario_results(portfolio, p, choices.owner, choices.x, draws=draws, seed=seed)
    shares, bound = _relax(p, choices, results, level)
    if shares is None:
        return blocked_plan(p, constraints, "resultat", explain_grid(p, choices, np.array(constraints.grille)))
    picked = _round(p, choices, results, shares, level)
    value = tail_mean(results[:, picked].sum(axis=1), level)
    x = choices.x[picked]
    gap = relative_gap(bound, value)
    why = pd.Series(np.full(len(x), "pas qui protège le mieux les mauvaises années"), dtype="str")
    return Plan(
        table=plan_table(p, x, why), objective=value, bound=max(bound, value), gap=gap,
        shadow_prices=dict.fromkeys(p.rows, np.nan), binding=(), status="optimal", goal="resultat", blocking="",
        best_reachable=np.nan, phrase="Résultat moyen des plus mauvaises années, le plus haut possible sur la grille.",
        programme=p, constraints=constraints, multipliers=np.zeros(len(p.rows)),
    )  # fmt: skip


def scenario_results(
    portfolio: pd.DataFrame, p: Programme, owner: NDArray[np.int64], x: Floats, *, draws: int, seed: int
) -> Floats:
    """Result of each column (a rise of a segment) in each scenario, EUR, (draws, columns)."""
    base = read_portfolio(portfolio)
    shocks = draw_shocks(base, draws=draws, seed=seed, correlation=0.5)
    b, drift = shocks.elasticite[:, owner], shocks.derive[:, owner]
    kept = expit(logit(base.retention)[owner] - b * x)
    claims = base.prestation[owner] * (1.0 + drift)
    return p.heads[owner] * kept * ((1 - p.loading[owner]) * p.premium[owner] * (1 + x) - claims)


def tail_mean(results: Floats, level: float) -> float:
    """Mean of the worst 1 − level of the results, the last one counted for its part."""
    ordered = np.sort(results)
    worst = (1 - level) * len(ordered)
    weights = np.clip(worst - np.arange(len(ordered)), 0.0, 1.0)
    return float(weights @ ordered / worst)


def _relax(p: Programme, choices: Choices, results: Floats, level: float) -> tuple[Floats | None, float]:
    """Shares of the steps and value of the linear programme; None when the rows cannot be met."""
    draws, size = results.shape
    n, scale = len(p.segment), p.scales()
    unit = max(float(np.abs(results).sum(axis=1).max()) / n, 1e-300)
    tail = sparse.hstack(
        [sparse.csr_array(-results / unit), sparse.csr_array(np.ones((draws, 1))), -sparse.eye_array(draws)]
    )
    rows = sparse.hstack([sparse.csr_array(-choices.A / scale[:, None]), sparse.csr_array((len(scale), 1 + draws))])
    one_each = sparse.hstack([choices.one_each(n), sparse.csr_array((n, 1 + draws))]).tocsr()
    with silence():
        found = linprog(
            np.r_[np.zeros(size), -1.0, np.full(draws, 1.0 / ((1 - level) * draws))],
            A_ub=sparse.vstack([tail, rows]).tocsr(),
            b_ub=np.r_[np.zeros(draws), -choices.rhs / scale],
            A_eq=one_each,
            b_eq=np.ones(n),
            bounds=[(0, 1)] * size + [(None, None)] + [(0, None)] * draws,
            method="highs",
        )
    if found.status == 2:
        return None, np.nan
    if found.status != 0:
        raise ParameterError("Le plan prudent n’a pas abouti.", valeur=found.message)
    bound = -found.fun * unit
    return found.x[:size], bound + 1e-9 * abs(bound)


def _round(p: Programme, choices: Choices, results: Floats, shares: Floats, level: float) -> NDArray[np.int64]:
    """One step by segment: the largest share, then the split segments one at a time, keeping what meets the rows."""
    order = np.argsort(shares, kind="stable")
    picked = np.zeros(len(p.segment), dtype=np.int64)
    picked[choices.owner[order]] = order
    split = np.unique(choices.owner[(shares > 1e-7) & (shares < 1 - 1e-7)])
    limit, scale = choices.rhs, p.scales()

    def score(position: NDArray[np.int64]) -> tuple[float, float]:
        short = np.minimum((choices.A[:, position].sum(axis=1) - limit) / scale + 1e-10, 0.0).sum()
        return short, tail_mean(results[:, position].sum(axis=1), level)

    best = score(picked)
    for _ in range(4):
        before = best
        for s in split if best[0] == 0 else range(len(picked)):
            for column in np.flatnonzero(choices.owner == s):
                trial = picked.copy()
                trial[s] = column
                got = score(trial)
                if got > best:
                    picked, best = trial, got
            if best[0] == 0 and before[0] < 0:
                break
        if best == before:
            break
    return picked
