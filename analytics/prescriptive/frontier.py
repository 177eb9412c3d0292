"""Efficient frontier: the most result for each number of members kept."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from analytics.errors import ParameterError
from analytics.prescriptive.bounds import Crossed, tighten
from analytics.prescriptive.constraints import Constraints
from analytics.prescriptive.feasible import Blocked, find_feasible, solve_from
from analytics.prescriptive.plan import total_figures
from analytics.prescriptive.programme import Programme, build_programme, figures, row
from analytics.prescriptive.solve import Solution, solve


def efficient_frontier(
    portfolio: pd.DataFrame, *, constraints: Constraints | None = None, points: int = 15
) -> pd.DataFrame:
    """Result against members kept, from the plan of most result to the plan of most members.

    Parameters
    ----------
    portfolio : pandas.DataFrame
        As :func:`analytics.prescriptive.optimise`.
    constraints : Constraints, optional
        Held by every point; no grid.
    points : int
        At least 2.

    Returns
    -------
    pandas.DataFrame
        effectif, resultat (EUR), pc, retention, hausse_moyenne, prix (EUR of result that one more member costs there),
        gap (proof); empty when the constraints cannot be met.

    Raises
    ------
    ParameterError
        Fewer than two points, a grid, or as :func:`optimise`.
    """
    constraints = Constraints() if constraints is None else constraints
    if points < 2:
        raise ParameterError("Une frontière a au moins deux points.", valeur=points)
    if constraints.grille is not None:
        raise ParameterError("La frontière se calcule sur des hausses continues.", colonne="grille")
    columns = ["effectif", "resultat", "pc", "retention", "hausse_moyenne", "prix", "gap"]
    p = tighten(build_programme(portfolio, constraints, "resultat"))
    if isinstance(p, Crossed):
        return pd.DataFrame(columns=columns)
    alpha, beta, _ = row(figures(p), "effectif_min", 0.0)
    richest, fullest = _plan(p), _plan(p.aiming(alpha, beta))
    if richest is None or fullest is None:
        return pd.DataFrame(columns=columns)
    first, last = (total_figures(p, s.x)["effectif"] for s in (richest, fullest))
    start, rows = None, []
    for level in np.linspace(first, last, points):
        floored = _with_floor(p, float(level) * (1 - 1e-12))
        found = solve(floored, start=start, known=fullest.x)
        if found.x is None:
            found = solve_from(floored, fullest.x)
        start = found.multipliers
        price = float(found.multipliers[-1])
        rows.append({**total_figures(p, found.x), "prix": price, "gap": found.gap})
    return pd.DataFrame(rows)[columns]


def _plan(p: Programme) -> Solution | None:
    found = solve(p)
    if found.x is not None:
        return found
    feasible = find_feasible(p)
    return None if isinstance(feasible, Blocked) else solve_from(p, feasible)


def _with_floor(p: Programme, level: float) -> Programme:
    """The same with a floor on members as its last row, beside the one that may be asked."""
    A, B, rhs = row(figures(p), "effectif_min", level)
    return replace(
        p,
        rows=(*p.rows, "effectif_min"),
        A=np.vstack([p.A, A]),
        B=np.vstack([p.B, B]),
        rhs=np.append(p.rhs, rhs),
    )
