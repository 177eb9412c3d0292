"""A plan: the rises, their proof, their price, in figures and in French."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import nnls

from analytics.french import format_euros, format_number, format_percent
from analytics.prescriptive.closed_form import slopes
from analytics.prescriptive.constraints import Constraints
from analytics.prescriptive.feasible import level_of
from analytics.prescriptive.programme import Programme

Floats = NDArray[np.float64]
LABELS = {
    "pc_max": "le P/C maximal",
    "resultat_min": "le résultat minimal",
    "effectif_min": "l’effectif minimal",
    "retention_min": "le taux de maintien minimal",
    "hausse_moyenne_max": "la hausse moyenne maximale",
    "ordre": "l’ordre entre segments",
    "ecart_max": "l’écart maximal entre deux hausses",
    "hausse_max": "les bornes de hausse des segments",
    "grille": "la grille des hausses",
}
#: A row within this of its limit, in parts of its size, is binding.
TOUCHING = 1e-8
_AT = 1e-9
#: What multipliers may leave of the gradient, in parts of it.
STILL = 1e-4


@dataclass(frozen=True)
class Plan:
    """Answer of :func:`analytics.prescriptive.optimise`.

    Attributes
    ----------
    table : pandas.DataFrame
        One row per segment: segment, hausse, retenus (heads), resultat (EUR), pourquoi. When infeasible, the plan that
        reaches the best level of the constraint that blocks.
    objective : float
        EUR for "resultat", persons for "effectif", a rise for "pire_hausse"; NaN when infeasible.
    bound : float
        No plan does better (above for a maximum, below for "pire_hausse").
    gap : float
        |bound − objective| in parts of the objective (of one unit under it; absolute for "pire_hausse").
    shadow_prices : dict of str to float
        Constraint to the derivative of the objective in its limit, per unit of it (1.00 of P/C, of retention or of
        average rise; one person; one euro): positive for a ceiling, negative for a floor, 0 when it does not bind, NaN
        when it is not known. On a grid, which has no derivative, that of the linear relaxation.
    binding : tuple of str
        Constraints that hold the plan back.
    status : {"optimal", "infaisable"}
        "optimal": see `gap` for the proof; "infaisable": see `blocking`, `best_reachable` and `phrase`.
    goal : str
        Objective asked.
    blocking : str
        Constraint that blocks, empty when feasible.
    best_reachable : float
        Best level of that constraint that the others allow; NaN when feasible.
    phrase : str
        One French sentence.
    programme : Programme
        The problem, in arrays.
    constraints : Constraints
        As asked.
    multipliers : (K,)
        Of the coupling rows; what warms up a near problem.
    """

    table: pd.DataFrame
    objective: float
    bound: float
    gap: float
    shadow_prices: dict[str, float]
    binding: tuple[str, ...]
    status: str
    goal: str
    blocking: str
    best_reachable: float
    phrase: str
    programme: Programme = field(repr=False)
    constraints: Constraints = field(repr=False)
    multipliers: Floats = field(repr=False)

    def totals(self) -> dict[str, float]:
        """resultat, pc, effectif, retention, hausse_moyenne of the plan."""
        return total_figures(self.programme, self.table["hausse"].to_numpy())

    def price_words(self) -> dict[str, str]:
        """Shadow price of each binding constraint, in French."""
        return {k: price_words(k, v, self.goal) for k, v in self.shadow_prices.items() if v and np.isfinite(v)}


def total_figures(p: Programme, x: Floats) -> dict[str, float]:
    """Totals of some rises."""
    names = {
        "resultat": "resultat_min",
        "pc": "pc_max",
        "effectif": "effectif_min",
        "retention": "retention_min",
        "hausse_moyenne": "hausse_moyenne_max",
    }
    return {k: level_of(p, name, x) for k, name in names.items()}


def price_words(name: str, price: float, goal: str) -> str:
    """« Un point de P/C coûte 12,3 k€. »"""
    size = abs(price)
    units = {
        "pc_max": ("Un point de P/C exigé en moins", 0.01),
        "hausse_moyenne_max": ("Un point de hausse moyenne en moins", 0.01),
        "retention_min": ("Un point de maintien exigé en plus", 0.01),
        "effectif_min": ("Un adhérent exigé en plus", 1.0),
        "resultat_min": ("Mille euros de résultat exigés en plus", 1000.0),
    }
    subject, step = units[name]
    amount = size * step
    if goal == "resultat":
        return f"{subject} coûte {format_euros(amount)}."
    if goal == "effectif":
        return f"{subject} coûte {format_number(amount, 1 if amount < 100 else 0)} adhérents."
    return f"{subject} ajoute {format_percent(amount, 2)} à la plus forte hausse."


def shadow_prices(p: Programme, x: Floats, multipliers: Floats) -> dict[str, float]:
    """Derivative of the objective in the limit of each row (envelope theorem)."""
    kept = p.heads * p.kept(x)
    by_unit = {
        "pc_max": float((kept * p.premium) @ (1 + x)),
        "hausse_moyenne_max": float(kept @ p.premium),
        "retention_min": -float(p.heads.sum()),
        "effectif_min": -1.0,
        "resultat_min": -1.0,
    }
    touching = np.abs(p.slack(x)) <= TOUCHING * p.scales()
    prices = np.where(touching, np.maximum(_stationary(p, x, multipliers, touching), 0.0), 0.0)
    return {name: float(prices[k]) * by_unit[name] for k, name in enumerate(p.rows)}


def _stationary(p: Programme, x: Floats, multipliers: Floats, touching: NDArray[np.bool_]) -> Floats:
    """The multipliers themselves where they hold the plan still; else, after a branching, those that do (NaN: none)."""
    free = (x > p.low + _AT) & (x < p.high - _AT) & ~p.flat & (p.heads > 0)
    if p.ruled() or not touching.any() or not free.any() or np.isnan(multipliers).any():
        return multipliers
    pull = slopes(p, x, p.alpha, p.beta)[0][free]
    moves = np.array([slopes(p, x, a, b)[0][free] for a, b in zip(p.A[touching], p.B[touching], strict=True)])
    size = max(float(np.abs(pull).max()), float(np.abs(multipliers[touching] @ moves).max()), 1e-12)
    if np.abs(pull + multipliers[touching] @ moves).max() <= STILL * size:
        return multipliers
    unit = np.maximum(np.abs(moves).max(axis=1), 1e-300)
    found, left = nnls((moves / unit[:, None]).T, -pull)
    prices = np.zeros_like(multipliers)
    prices[touching] = found / unit if left <= np.sqrt(len(pull)) * STILL * size else np.nan
    return prices


def rows_at_limit(p: Programme, x: Floats) -> tuple[str, ...]:
    """Rows that are met with nothing to spare."""
    touching = np.abs(p.slack(x)) <= TOUCHING * p.scales()
    return tuple(n for k, n in enumerate(p.rows) if touching[k])


def binding_names(p: Programme, x: Floats, multipliers: Floats) -> tuple[str, ...]:
    """Rows at their limit that weigh on the objective, and rules that are tight."""
    weighs = dict(zip(p.rows, multipliers > 0, strict=True))
    return (*(n for n in rows_at_limit(p, x) if weighs[n]), *tight_rules(p, x))


def tight_rules(p: Programme, x: Floats) -> tuple[str, ...]:
    """Rules between segments that some segments touch."""
    names = []
    if len(p.pairs) and (x[p.pairs[:, 1]] - x[p.pairs[:, 0]] <= 1e-7).any():
        names.append("ordre")
    if p.spread is not None and np.ptp(x) >= p.spread - 1e-7:
        names.append("ecart_max")
    return tuple(names)


def reasons(p: Programme, wide: Programme, x: Floats, multipliers: Floats, constraints: Constraints) -> pd.Series:
    """Why each rise is what it is; `wide` has the bounds of the portfolio and of the law, before the rules."""
    text = np.full(len(x), "équilibre : hausser encore ferait perdre en départs ce que la prime rapporte", dtype=object)
    if p.ruled():
        alpha, beta = p.alpha + multipliers @ p.A, p.beta + multipliers @ p.B
        pulled = np.abs(slopes(p, x, alpha, beta)[0])
        size = np.maximum(p.kept(x) * np.abs(beta), 1e-12)
        text[pulled > 1e-5 * size] = "tenue par l’ordre ou l’écart entre segments"
    if constraints.grille is not None:
        text[:] = "meilleur pas de la grille compte tenu des contraintes"
    text[p.flat] = "le départ des adhérents ne dépend pas de la hausse"
    text[x <= wide.low + _AT] = "à sa hausse minimale : au-delà, les départs ou les contraintes coûteraient plus"
    at_top = x >= wide.high - _AT
    text[at_top] = "à sa hausse maximale : chaque point de plus rapporterait encore"
    if constraints.gel:
        text[at_top & (wide.high == 0)] = "gel : aucune hausse permise"
    if constraints.solidarite_max is not None:
        net = (1 - p.loading) * p.premium
        cap = np.maximum((1 + constraints.solidarite_max) * p.claims / net - 1, 0.0)
        text[at_top & np.isclose(wide.high, cap, atol=1e-12)] = "au plafond de solidarité"
    named = p.segment.isin([line[0] for line in constraints.evin]).to_numpy()
    text[at_top & named] = "au plafond de la loi Évin ou à sa hausse maximale"
    text[wide.high - wide.low <= _AT] = "fixée : ses deux bornes sont égales"
    text[p.heads == 0] = "sans adhérent : la hausse est sans effet"
    return pd.Series(text, dtype="str")


def plan_table(p: Programme, x: Floats, why: pd.Series | str) -> pd.DataFrame:
    """segment, hausse, retenus, resultat, pourquoi."""
    return pd.DataFrame(
        {"segment": p.segment, "hausse": x, "retenus": p.heads * p.kept(x), "resultat": p.result(x), "pourquoi": why}
    )


def level_words(name: str, value: float) -> str:
    """A level of a constraint in its unit."""
    if name == "resultat_min":
        return format_euros(value)
    return format_number(value) if name == "effectif_min" else format_percent(value, 2)
