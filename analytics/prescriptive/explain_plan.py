"""« Pourquoi pas… ? »: another plan beside the best one, what it breaks and what it costs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analytics.errors import ParameterError
from analytics.french import format_euros, format_number, format_percent
from analytics.prescriptive.bounds import Crossed, meets_rules, tighten
from analytics.prescriptive.feasible import level_of
from analytics.prescriptive.plan import LABELS, Plan, level_words, total_figures
from analytics.prescriptive.programme import Programme
from analytics.prescriptive.solve import TOLERANCE, solve

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class WhyNot:
    """The alternative beside the plan.

    Attributes
    ----------
    table : pandas.DataFrame
        indicateur, plan, alternative, ecart; resultat in EUR, effectif in persons, the others are rates.
    violated : tuple of str
        Constraints that the alternative breaks, worst first.
    cost : float
        What the objective of the plan loses when the rises given are imposed and the others re-optimised, under the
        same constraints; NaN when no plan then meets them.
    phrase : str
        One French sentence.
    """

    table: pd.DataFrame
    violated: tuple[str, ...]
    cost: float
    phrase: str


def why_not(plan: Plan, alternative: float | Mapping[str, float] | pd.DataFrame) -> WhyNot:
    """Compare a plan with what someone else would do.

    Parameters
    ----------
    plan : Plan
        Feasible, of objective "resultat" or "effectif".
    alternative : float, mapping or frame
        One rise for all, a rise by segment, or segment and hausse; segments left out keep the rise of the plan in the
        comparison, and are re-optimised in `cost`.

    Raises
    ------
    ParameterError
        Infeasible plan, unknown segment, a rise that is not a number or is under −100 %.
    """
    if plan.status != "optimal":
        raise ParameterError("Il n’y a pas de plan à comparer : le problème est infaisable.")
    p = plan.programme
    imposed = _rises(p, alternative)
    given = np.isfinite(imposed)
    planned = plan.table["hausse"].to_numpy()
    x = np.where(given, imposed, planned)
    before, after = total_figures(p, planned), total_figures(p, x)
    table = pd.DataFrame(
        [{"indicateur": k, "plan": before[k], "alternative": after[k], "ecart": after[k] - before[k]} for k in before]
    )
    violated = _violated(p, x)
    cost = _cost(plan, imposed, given)
    return WhyNot(table, violated, cost, _sentence(plan, p, x, after, before, violated, cost))


def _rises(p: Programme, alternative: float | Mapping[str, float] | pd.DataFrame) -> Floats:
    """Rise by segment, NaN where none is given."""
    if isinstance(alternative, pd.DataFrame):
        for column in ("segment", "hausse"):
            if column not in alternative.columns:
                raise ParameterError("Une colonne manque à l’autre plan.", colonne=column)
        alternative = dict(zip(alternative["segment"].astype(str), alternative["hausse"], strict=True))
    if not isinstance(alternative, Mapping):
        alternative = dict.fromkeys(p.segment, alternative)
    found = np.full(len(p.segment), np.nan)
    place = {name: i for i, name in enumerate(p.segment)}
    for name, value in alternative.items():
        if str(name) not in place:
            raise ParameterError("Segment inconnu.", valeur=name)
        rise = np.nan if isinstance(value, bool | str) else float(value)
        if not np.isfinite(rise) or rise < -1:
            raise ParameterError("Une hausse est un taux d’au moins −100 %.", valeur=value)
        found[place[str(name)]] = rise
    return found


def _violated(p: Programme, x: Floats) -> tuple[str, ...]:
    short = p.slack(x) / p.scales()
    names = [p.rows[k] for k in np.argsort(short) if short[k] < -TOLERANCE]
    if (x < p.low - 1e-9).any() or (x > p.high + 1e-9).any():
        names.append("hausse_max")
    wide = p.within(np.full_like(x, -np.inf), np.full_like(x, np.inf))
    if not meets_rules(wide, x):
        names.append("ordre" if len(p.pairs) and (x[p.pairs[:, 1]] < x[p.pairs[:, 0]] - 1e-9).any() else "ecart_max")
    return tuple(names)


def _cost(plan: Plan, imposed: Floats, given: NDArray[np.bool_]) -> float:
    p = plan.programme
    if plan.goal == "pire_hausse" or plan.constraints.grille is not None:
        return np.nan
    if (given & ((imposed < p.low - 1e-9) | (imposed > p.high + 1e-9))).any():
        return np.nan
    fixed = tighten(p.within(np.where(given, imposed, p.low), np.where(given, imposed, p.high)))
    if isinstance(fixed, Crossed):
        return np.nan
    found = solve(fixed, start=plan.multipliers, effort=0)
    # The central value: the objective of a prudent plan is that of its worst years.
    value = p.value(plan.table["hausse"].to_numpy())
    return max(value - found.value, 0.0) if found.x is not None else np.nan


def _sentence(
    plan: Plan,
    p: Programme,
    x: Floats,
    after: dict[str, float],
    before: dict[str, float],
    violated: tuple[str, ...],
    cost: float,
) -> str:
    gap = after["resultat"] - before["resultat"]
    heads = after["effectif"] - before["effectif"]
    effect = (
        f"Résultat {format_euros(gap, signed=True)}, effectif {format_number(heads, signed=True)}, "
        f"P/C {format_percent(after['pc'])} au lieu de {format_percent(before['pc'])}"
    )
    if violated:
        name = violated[0]
        if name in p.rows:
            asked = getattr(plan.constraints, name)
            broken = (
                f"{LABELS[name]} : {level_words(name, level_of(p, name, x))} pour {level_words(name, asked)} demandés"
            )
        else:
            broken = LABELS[name]
        return f"{effect} ; ce choix ne respecte pas {broken}."
    if np.isfinite(cost):
        loss = format_euros(cost) if plan.goal == "resultat" else f"{format_number(cost)} adhérents"
        return f"{effect} ; ce choix respecte les contraintes et coûte {loss}, le reste étant réoptimisé."
    return f"{effect} ; ce choix respecte les contraintes."
