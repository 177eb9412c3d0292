"""From what is asked to the plan: the portfolio at the central future, the constraints, the plan, its references."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from analytics.prescriptive import IDLE, Constraints, Plan, check_factors, optimise, optimise_cvar
from analytics.prescriptive.plan import LABELS, total_figures
from pages.components.cache import cached, digest
from pages.components.lab import Lab
from pages.components.optimiser_rules import Ask, order_pairs
from pages.components.sidebar import View

#: Scenarios of the prudent plan, and the seed of the draws that judge a plan: never those that chose it.
DRAWS, FRESH = 200, 7919
WHOLE = "Ensemble"


@dataclass(frozen=True)
class Problem:
    """What the optimiser is given.

    Attributes
    ----------
    table : pandas.DataFrame
        Portfolio of the optimiser, one row by group of segments that the factors tell apart.
    owner : tuple of int
        Row of `table` of each segment of the page.
    dimensions : tuple of str
        Dimensions that make the rows.
    constraints : Constraints
    key : str
        For :func:`cached`.
    """

    table: pd.DataFrame
    owner: tuple[int, ...]
    dimensions: tuple[str, ...]
    constraints: Constraints
    ask: Ask
    key: str


@dataclass(frozen=True)
class Found:
    """A plan and what it is set against.

    Attributes
    ----------
    problem : Problem
    plan : Plan
    idle, uniform : dict of str to float
        Totals of doing nothing, and of the best uniform rise under the same limits (empty: none meets them).
    hausse : float
        That uniform rise.
    """

    problem: Problem
    plan: Plan
    idle: dict[str, float]
    uniform: dict[str, float]
    hausse: float

    @property
    def feasible(self) -> bool:
        """Whether there is a plan."""
        return self.plan.status == "optimal"

    def rises(self) -> np.ndarray:
        """Rise of each segment of the page."""
        return self.plan.table["hausse"].to_numpy()[list(self.problem.owner)]


def state_problem(lab: Lab, ask: Ask) -> Problem:
    """The portfolio and the constraints of what is asked.

    Raises
    ------
    ParameterError
        A factor that the law refuses, or a limit out of its range.
    """
    check_factors(ask.facteurs)
    central = central_portfolio(lab)
    dimensions = tuple(d for d in ask.facteurs if d in central.columns)
    low, high = central["hausse_min"].to_numpy(dtype=float), central["hausse_max"].to_numpy(dtype=float)
    for dimension, value, own_low, own_high in ask.bornes:
        named = (central[dimension].astype(str) == value).to_numpy()
        low, high = np.where(named, own_low, low), np.where(named, own_high, high)
    table, owner = group_segments(central.assign(hausse_min=low, hausse_max=high), dimensions)
    names = dict(zip(central["segment"].astype(str), table["segment"].iloc[list(owner)], strict=True))
    pairs = order_pairs(table, ask.ordres, list(dimensions))
    options = dict(ask.limites)
    options |= {"ordre": pairs or None, "gel": ask.gel, "facteurs": ask.facteurs}
    if ask.prudence is not None:  # the prudent plan knows no rule between segments: said on the page
        options["ordre"] = None
        options.pop("ecart_max", None)
    options["evin"] = tuple((names[s], tariff, year) for s, tariff, year in ask.evin)
    if ask.pas is not None:
        options["grille"] = steps_between(float(table["hausse_min"].min()), float(table["hausse_max"].max()), ask.pas)
    return Problem(table, owner, dimensions, Constraints(**options), ask, digest(lab.key, lab.names.get(IDLE), ask))


def central_portfolio(lab: Lab) -> pd.DataFrame:
    """The portfolio of next year if nothing is decided: what the simulations say at their central future, by segment.

    Its premiums, claims, loading and retention are those of « Ne rien faire », taxes of everyone included, so that a
    plan is counted here as it is among the scenarios.
    """
    table, idle = lab.portfolio.table.reset_index(drop=True), lab.outcomes[IDLE].table
    heads = idle["effectif"].where(idle["effectif"] > 0)
    paid = idle["cotisation"].where(idle["cotisation"] > 0)
    own = {
        "cotisation": idle["cotisation"] / heads,
        "prestation": idle["prestation"] / heads,
        "chargement": (1.0 - (idle["resultat"] + idle["prestation"]) / paid).clip(0.0, 0.999),
        "retention": (idle["retenus"] / idle["beneficiaires"].where(idle["beneficiaires"] > 0)).clip(0.0, 1.0),
    }
    found = table.assign(**{c: v.reset_index(drop=True).fillna(table[c]) for c, v in own.items()})
    # The member pays (1 + rise)·(1 + taxes passed on) − 1: the taxes of everyone make each point weigh more.
    paid_more = 1.0 + lab.simulator.plan(lab.simulator.resolve(lab.scenarios[IDLE])).hausse_payee
    elastic = [c for c in ("elasticite", "elasticite_bas", "elasticite_haut") if c in found.columns]
    return found.assign(derive=0.0, **{c: found[c] * paid_more for c in elastic})


def group_segments(table: pd.DataFrame, dimensions: tuple[str, ...]) -> tuple[pd.DataFrame, tuple[int, ...]]:
    """One row by combination of some dimensions, and the row of each segment.

    Notes
    -----
    Premiums, claims and the retention are averages by head, the loading and the elasticity by euro of premium; exact
    where the retention and the elasticity of the segments of a row are the same, as they are unless the file tells them
    apart. Bounds are those that every segment of the row allows.
    """
    known = [d for d in table.columns if d in dimensions]
    present = [c for c in table.select_dtypes(exclude="number").columns if c != "segment"]
    if set(known) >= set(present) and known:
        return table.reset_index(drop=True), tuple(range(len(table)))
    keys = table[known].astype(object).where(table[known].notna(), "non renseigné").astype(str)
    names = keys.agg(" · ".join, axis=1) if known else pd.Series(WHOLE, index=table.index)
    codes, segments = pd.factorize(names)
    heads, paid = table["beneficiaires"], table["beneficiaires"] * table["cotisation"]

    def mean(column: str, weight: pd.Series) -> pd.Series:
        weight = weight + 1e-12
        return (table[column] * weight).groupby(codes).sum() / weight.groupby(codes).sum()

    found = pd.DataFrame({"segment": segments, "beneficiaires": heads.groupby(codes).sum()})
    for column in ("cotisation", "prestation", "retention", "derive", "derive_sd"):
        found[column] = mean(column, heads)
    for column in ("chargement", "elasticite", "elasticite_bas", "elasticite_haut"):
        found[column] = mean(column, paid)
    found["hausse_min"] = table["hausse_min"].groupby(codes).max()
    found["hausse_max"] = table["hausse_max"].groupby(codes).min().clip(lower=found["hausse_min"])
    first = table[known].groupby(codes).first()
    return found.assign(**{d: first[d] for d in known}), tuple(int(c) for c in codes)


def steps_between(low: float, high: float, step: float) -> tuple[float, ...]:
    """Steps of a tariff from 0, between two bounds."""
    first, last = int(np.ceil(low / step - 1e-9)), int(np.floor(high / step + 1e-9))
    return tuple(round(k * step, 6) for k in range(first, last + 1)) or (0.0,)


def find_plan(view: View, lab: Lab, ask: Ask) -> Found:
    """The plan, kept between reruns."""
    problem = state_problem(lab, ask)
    return cached("plan", view.key, lambda: _solve(problem), probleme=problem.key)


def _solve(problem: Problem) -> Found:
    ask, table, rules = problem.ask, problem.table, problem.constraints
    if ask.prudence is None:
        plan = optimise(table, objective=ask.but, constraints=rules)
    else:
        plan = optimise_cvar(table, constraints=rules, level=ask.prudence, draws=DRAWS)
    best = optimise(table, objective=ask.but, constraints=replace(rules, hausse_uniforme=True, ordre=None, grille=None))
    met = best.status == "optimal"
    idle = total_figures(plan.programme, np.zeros(len(table)))
    rise = float(best.table["hausse"].max()) if met else np.nan
    return Found(problem, plan, idle, best.totals() if met else {}, rise)


def left_aside(problem: Problem, label: Callable[[str], str]) -> tuple[str, ...]:
    """What is asked and not applied, in words: rules that the prudent plan does not know, factors of no segment."""
    ask, found = problem.ask, []
    if ask.prudence is not None and (ask.ordres or "ecart_max" in ask.limites):
        found.append(
            "Non appliqué : l’ordre et l’écart entre segments. Le plan qui protège les mauvaises années ne connaît pas "
            "ces règles."
        )
    found += [
        f"Non appliqué : le facteur « {label(d)} ». Les segments de cette page ne le distinguent pas."
        for d in ask.facteurs
        if d not in problem.table.columns
    ]
    return tuple(found)


def what_to_relax(problem: Problem, blocking: str) -> tuple[str, ...]:
    """Constraints each of which, left out, makes the rest possible."""
    given = problem.constraints.given()
    found = []
    for name in given:
        if name in ("facteurs", blocking) or name not in LABELS | {"gel": "", "evin": "", "solidarite_max": ""}:
            continue
        without = replace(problem.constraints, **{name: False if name == "gel" else () if name == "evin" else None})
        if optimise(problem.table, objective=problem.ask.but, constraints=without).status == "optimal":
            found.append(name)
    return tuple(found)
