"""The best plan under the law and the values of the mutual, with a proof that nothing better exists."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analytics.errors import ParameterError
from analytics.prescriptive.bounds import Crossed, tighten
from analytics.prescriptive.certificate import relative_gap
from analytics.prescriptive.constraints import Constraints
from analytics.prescriptive.feasible import Blocked, find_feasible, solve_from
from analytics.prescriptive.grid import solve_grid
from analytics.prescriptive.plan import (
    LABELS,
    Plan,
    binding_names,
    level_words,
    plan_table,
    reasons,
    rows_at_limit,
    shadow_prices,
)
from analytics.prescriptive.programme import Programme, build_programme
from analytics.prescriptive.solve import Solution, solve
from analytics.prescriptive.uniform import lowest_uniform, solve_uniform, uniform_block
from analytics.prescriptive.worst_rise import lowest_ceiling

Floats = NDArray[np.float64]
OBJECTIVES = ("resultat", "effectif", "pire_hausse")


def optimise(portfolio: pd.DataFrame, *, objective: str = "resultat", constraints: Constraints | None = None) -> Plan:
    """Best rise of each segment.

    Parameters
    ----------
    portfolio : pandas.DataFrame
        segment, beneficiaires (heads), cotisation and prestation (EUR per head and year), chargement (rate of premium),
        retention (kept at no increase), elasticite (slope b of the logit: retained = 1 / (1 + exp(−(logit(retention) −
        b·hausse)))), hausse_min, hausse_max (0.05 = +5 %); optional derive (expected growth of claims per head).
    objective : {"resultat", "effectif", "pire_hausse"}
        Largest Σ heads·retained·((1 − chargement)·cotisation·(1 + hausse) − prestation); most heads kept; smallest of
        the largest rises (then, under that ceiling, the largest result).
    constraints : Constraints, optional
        None asks for the bounds alone.

    Returns
    -------
    Plan
        "infaisable" names the constraint that blocks and the best level that the others allow.

    Raises
    ------
    ParameterError, InsufficientData
        Unknown objective or segment; column missing; value missing or impossible; factor refused by the law.

    Notes
    -----
    Lagrangian dual in a handful of multipliers, best price of a segment in closed form (Wright omega), Newton; where
    the dual has a kink or rules tie segments, an interior-point climb; then branching. The bound holds by weak duality.
    On a grid: linear relaxation, then rounding by a small MILP; a whole MILP with rules between segments.
    """
    if objective not in OBJECTIVES:
        raise ParameterError("Objectif inconnu.", valeur=objective, remede=f"Choisissez {', '.join(OBJECTIVES)}.")
    constraints = Constraints() if constraints is None else constraints
    wide = build_programme(portfolio, constraints, objective)
    if constraints.grille is not None:
        return _on_grid(wide, constraints, objective)
    p = tighten(wide)
    if isinstance(p, Crossed):
        return _crossed(wide, constraints, objective, p)
    if objective == "pire_hausse":
        return _smallest_worst(p, wide, constraints)
    found = solve_or_explain(p)
    if isinstance(found, Blocked):
        return blocked_plan(wide, constraints, objective, found)
    return _plan(p, wide, constraints, objective, found)


def solve_or_explain(p: Programme) -> Solution | Blocked:
    """The best plan, or what blocks."""
    if p.spread == 0:
        found = solve_uniform(p)
        return found if found.x is not None else uniform_block(p)
    found = solve(p)
    if found.x is not None:
        return found
    feasible = find_feasible(p)
    return feasible if isinstance(feasible, Blocked) else solve_from(p, feasible)


def _plan(p: Programme, wide: Programme, constraints: Constraints, goal: str, found: Solution) -> Plan:
    x = found.x
    return Plan(
        table=plan_table(p, x, reasons(p, wide, x, found.multipliers, constraints)),
        objective=found.value,
        bound=found.bound,
        gap=found.gap,
        shadow_prices=shadow_prices(p, x, found.multipliers),
        binding=binding_names(p, x, found.multipliers),
        status="optimal",
        goal=goal,
        blocking="",
        best_reachable=np.nan,
        phrase=_proof_words(found.gap),
        programme=wide,
        constraints=constraints,
        multipliers=found.multipliers,
    )


def _proof_words(gap: float) -> str:
    if gap <= 1e-6:
        return "Aucun plan ne fait mieux : l’écart au plafond démontré est inférieur à un millionième."
    return f"Plan admissible ; aucun plan ne le dépasse de plus de {level_words('pc_max', gap)} (écart démontré)."


def blocked_plan(wide: Programme, constraints: Constraints, goal: str, blocked: Blocked) -> Plan:
    """The plan that says what blocks and how far one can go."""
    asked, best = getattr(constraints, blocked.name), blocked.reachable
    held = f" une fois tenus {', '.join(LABELS[h] for h in blocked.held)}" if blocked.held else ""
    feminine = "e" if LABELS[blocked.name].startswith("la ") else ""
    phrase = (
        f"Infaisable : {LABELS[blocked.name]} demandé{feminine} ({level_words(blocked.name, asked)}) est hors "
        f"d’atteinte{held} ; le mieux atteignable est {level_words(blocked.name, best)}."
    )
    return _infeasible(wide, constraints, goal, blocked.name, best, phrase, blocked.x)


def _crossed(wide: Programme, constraints: Constraints, goal: str, crossed: Crossed) -> Plan:
    x, phrase = wide.low, ""
    if crossed.name == "hausse_max":
        at = int(np.argmin(wide.high - wide.low))
        phrase = (
            f"Infaisable : la hausse minimale du segment « {wide.segment[at]} » "
            f"({level_words('pc_max', wide.low[at])}) dépasse la hausse que la loi ou la solidarité lui permet "
            f"({level_words('pc_max', wide.high[at])})."
        )
        return _infeasible(wide, constraints, goal, crossed.name, float(wide.high[at]), phrase, x)
    best = level_words("pc_max", crossed.reachable)
    if crossed.name == "ordre":
        phrase = f"Infaisable : l’ordre demandé contredit les bornes des segments ; il manque {best} de hausse."
    else:
        asked = level_words("pc_max", crossed.asked)
        phrase = (
            f"Infaisable : les bornes imposent entre deux hausses un écart d’au moins {best}, pour {asked} demandés."
        )
    return _infeasible(wide, constraints, goal, crossed.name, crossed.reachable, phrase, x)


def _infeasible(
    wide: Programme, constraints: Constraints, goal: str, name: str, best: float, phrase: str, x: Floats
) -> Plan:
    return Plan(
        table=plan_table(wide, x, "plan qui approche le plus la contrainte bloquante"),
        objective=np.nan,
        bound=np.nan,
        gap=np.nan,
        shadow_prices=dict.fromkeys(wide.rows, np.nan),
        binding=(name,),
        status="infaisable",
        goal=goal,
        blocking=name,
        best_reachable=best,
        phrase=phrase,
        programme=wide,
        constraints=constraints,
        multipliers=np.zeros(len(wide.rows)),
    )


def _smallest_worst(p: Programme, wide: Programme, constraints: Constraints) -> Plan:
    ceiling = lowest_uniform(p) if p.spread == 0 else lowest_ceiling(p)
    if isinstance(ceiling, Blocked):
        return blocked_plan(wide, constraints, "pire_hausse", ceiling)
    x = ceiling.x
    why = np.where(x >= ceiling.value - 1e-7, "à la plus forte hausse nécessaire", "sous la plus forte hausse")
    return Plan(
        table=plan_table(p, x, pd.Series(why, dtype="str")),
        objective=ceiling.value,
        bound=ceiling.bound,
        gap=abs(ceiling.value - ceiling.bound),
        shadow_prices=ceiling.prices,
        binding=tuple(k for k in rows_at_limit(p, x) if ceiling.prices[k] != 0),
        status="optimal",
        goal="pire_hausse",
        blocking="",
        best_reachable=np.nan,
        phrase=f"Tout plan admissible a une plus forte hausse d’au moins {level_words('pc_max', ceiling.bound)}.",
        programme=wide,
        constraints=constraints,
        multipliers=np.zeros(len(p.rows)),
    )


def _on_grid(wide: Programme, constraints: Constraints, goal: str) -> Plan:
    found = solve_grid(wide, np.array(constraints.grille), goal)
    if isinstance(found, Blocked):
        if found.name in wide.rows:
            return blocked_plan(wide, constraints, goal, found)
        phrase = {
            "grille": "Infaisable : un segment n’a aucun pas de la grille entre ses bornes.",
            "ordre": "Infaisable : aucun choix de pas de la grille ne respecte l’ordre et l’écart entre segments.",
            "ecart_max": "Infaisable : aucun choix de pas de la grille ne tient l’écart demandé entre deux hausses.",
        }[found.name]
        return _infeasible(wide, constraints, goal, found.name, found.reachable, phrase, found.x)
    x = found.x
    gap = abs(found.value - found.bound) if goal == "pire_hausse" else relative_gap(found.bound, found.value)
    tight = [n for n, m in zip(wide.rows, found.multipliers, strict=True) if m > 0]
    return Plan(
        table=plan_table(wide, x, reasons(wide, wide, x, found.multipliers, constraints)),
        objective=found.value,
        bound=found.bound,
        gap=gap,
        shadow_prices=_grid_prices(wide, x, found.multipliers),
        binding=tuple(tight),
        status="optimal",
        goal=goal,
        blocking="",
        best_reachable=np.nan,
        phrase=_proof_words(gap),
        programme=wide,
        constraints=constraints,
        multipliers=found.multipliers,
    )


def _grid_prices(p: Programme, x: Floats, multipliers: Floats) -> dict[str, float]:
    """Prices of the linear relaxation: a grid has no derivative of its own."""
    kept = p.heads * p.kept(x)
    size = {"pc_max": (kept * p.premium) @ (1 + x), "hausse_moyenne_max": kept @ p.premium}
    size |= {"retention_min": -p.heads.sum(), "effectif_min": -1.0, "resultat_min": -1.0}
    return {name: float(multipliers[k] * size[name]) for k, name in enumerate(p.rows)}
