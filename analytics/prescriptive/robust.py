"""A plan that stays good when the elasticity is not the one assumed."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import linprog

from analytics.errors import ParameterError
from analytics.prescriptive.bounds import Crossed, tighten
from analytics.prescriptive.constraints import Constraints
from analytics.prescriptive.feasible import Blocked
from analytics.prescriptive.optimise import blocked_plan, solve_or_explain
from analytics.prescriptive.plan import Plan, plan_table
from analytics.prescriptive.programme import Programme, build_programme
from analytics.prescriptive.quiet import silence

Floats = NDArray[np.float64]
FACTORS = (0.5, 1.0, 2.0)
STEPS = 9


@dataclass(frozen=True)
class RobustPlan:
    """Rises that lose least, in parts of what a clairvoyant would earn, over a range of elasticities.

    Attributes
    ----------
    table : pandas.DataFrame
        segment, hausse, retenus, resultat, pourquoi, at the elasticity assumed.
    stability : pandas.DataFrame
        facteur (true elasticity over the assumed one), resultat (of this plan), oracle (best result had it been known),
        uniforme (best single rise at the elasticity assumed), nominal (plan optimal for the elasticity assumed), part
        (resultat / oracle), faisable (whether this plan still meets the constraints there).
    regret : float
        Largest loss to the oracle over the range, in parts of it.
    status : {"optimal", "infaisable"}
    phrase : str
    """

    table: pd.DataFrame
    stability: pd.DataFrame
    regret: float
    status: str
    phrase: str


def optimise_robust(
    portfolio: pd.DataFrame,
    *,
    constraints: Constraints | None = None,
    factors: tuple[float, ...] = FACTORS,
    steps: int = STEPS,
) -> RobustPlan:
    """Smallest largest regret over elasticities multiplied by `factors`, constraints held at the elasticity assumed.

    Parameters
    ----------
    portfolio : pandas.DataFrame
        As :func:`analytics.prescriptive.optimise`.
    constraints : Constraints, optional
        No grid, no rule between segments.
    factors : tuple of float
        True elasticity over the one assumed; positive.
    steps : int
        Prices tried between the bounds of each segment; in between, prices are mixed.

    Raises
    ------
    ParameterError
        As :func:`optimise`, or a factor that is not positive, or rules that this method does not take.

    Notes
    -----
    Linear programme on the shares of the steps: minimise ρ under result_k ≥ oracle_k − ρ·|oracle_k| for each factor k
    and under the coupling rows. A vertex mixes at most a handful of segments, whose price is then the mean of
    the steps.
    """
    constraints = Constraints() if constraints is None else constraints
    if constraints.grille is not None or constraints.ordre or constraints.widest() is not None:
        raise ParameterError("Le plan robuste ne prend ni grille ni règle entre segments.")
    if not factors or not all(np.isfinite(f) and f > 0 for f in factors):
        raise ParameterError("Un facteur d’élasticité est positif.", valeur=factors)
    p = tighten(build_programme(portfolio, constraints, "resultat"))
    nominal = _nominal(p, constraints)
    if isinstance(nominal, Plan | Crossed):
        phrase = nominal.phrase if isinstance(nominal, Plan) else "Infaisable : les bornes de hausse se contredisent."
        return RobustPlan(pd.DataFrame(), pd.DataFrame(), np.nan, "infaisable", phrase)
    oracles = [_oracle(scaled(p, f)) for f in factors]
    x = _least_regret(p, factors, np.array([p_f for p_f, _ in oracles]), steps, nominal)
    table = _stability(p, factors, x, nominal, oracles)
    regret = float((1 - table["part"]).max())
    why = pd.Series(np.full(len(x), "hausse qui perd le moins sur toute la plage d’élasticité"), dtype="str")
    phrase = "Plan choisi pour perdre le moins possible quelle que soit l’élasticité de la plage."
    return RobustPlan(plan_table(p, x, why), table, regret, "optimal", phrase)


def scaled(p: Programme, factor: float) -> Programme:
    """The same portfolio with another elasticity."""
    return replace(p, b=p.b * factor)


def _nominal(p: Programme | Crossed, constraints: Constraints) -> Floats | Plan | Crossed:
    if isinstance(p, Crossed):
        return p
    found = solve_or_explain(p)
    return blocked_plan(p, constraints, "resultat", found) if isinstance(found, Blocked) else found.x


def _oracle(p: Programme) -> tuple[float, bool]:
    """Best result had the elasticity been known; False when the constraints cannot be met there."""
    found = solve_or_explain(p)
    if isinstance(found, Blocked):
        free = solve_or_explain(p.without(*p.rows))
        return free.value, False
    return found.value, True


def _least_regret(p: Programme, factors: tuple[float, ...], best: Floats, steps: int, nominal: Floats) -> Floats:
    n = len(p.segment)
    x = p.low[:, None] + (p.high - p.low)[:, None] * np.linspace(0.0, 1.0, steps)[None, :]
    uniform = best_uniform(p)
    x = np.column_stack([x, nominal, uniform])
    width = x.shape[1]
    unit = np.maximum(np.abs(best), 1e-9 * max(float(np.abs(p.alpha).sum()), 1.0))
    gains = np.array([[_gain(scaled(p, f), column) for column in x.T] for f in factors]).transpose(0, 2, 1)
    kept = np.array([p.kept(column) for column in x.T]).T
    rows = kept[None] * (p.A[:, :, None] + p.B[:, :, None] * x[None])
    scale = p.scales()
    # Never under the best single rise, when that rise is itself a plan.
    floor = np.array([scaled(p, f).value(uniform) for f in factors])
    if (p.slack(uniform) < -1e-10 * scale).any():
        floor = np.full(len(factors), -1e3) * unit
    above = np.vstack(
        [
            -gains.reshape(len(factors), -1) / unit[:, None],
            -gains.reshape(len(factors), -1) / unit[:, None],
            -rows.reshape(len(scale), n * width) / scale[:, None],
        ]
    )
    above = sparse.csr_array(
        np.column_stack([above, np.r_[-np.ones(len(factors)), np.zeros(len(factors) + len(scale))]])
    )
    one_each = sparse.hstack([sparse.kron(sparse.eye_array(n), np.ones((1, width))), sparse.csr_array((n, 1))])
    with silence():
        found = linprog(
            np.append(np.zeros(n * width), 1.0),
            A_ub=above,
            b_ub=np.r_[-best / unit, -floor / unit, -p.rhs / scale],
            A_eq=sparse.csr_array(one_each),
            b_eq=np.ones(n),
            bounds=[(0, None)] * (n * width) + [(None, None)],
            method="highs",
        )
    if found.status != 0:
        raise ParameterError("Le plan robuste n’a pas abouti.", valeur=found.message)
    shares = found.x[:-1].reshape(n, width)
    return _kept_feasible(p, (shares * x).sum(axis=1), nominal)


def _gain(p: Programme, x: Floats) -> Floats:
    return p.kept(x) * (p.alpha + p.beta * x)


def _kept_feasible(p: Programme, x: Floats, nominal: Floats) -> Floats:
    """Step towards the nominal plan, which meets the rows, by the little that mixing prices may have broken."""
    limit = -1e-10 * p.scales()
    for share in (0.0, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.05, 0.1, 0.25, 0.5):
        mixed = (1 - share) * x + share * nominal
        if (p.slack(mixed) >= limit).all():
            return mixed
    return nominal


def best_uniform(p: Programme) -> Floats:
    """The single rise, cut at each segment’s bounds, of most result among 401; those that meet the rows first."""
    tried = [np.clip(level, p.low, p.high) for level in np.linspace(p.low.min(), p.high.max(), 401)]
    limit = -1e-10 * p.scales()
    return max(tried, key=lambda x: (bool((p.slack(x) >= limit).all()), p.value(x)))


def _stability(
    p: Programme, factors: tuple[float, ...], x: Floats, nominal: Floats, oracles: list[tuple[float, bool]]
) -> pd.DataFrame:
    uniform = best_uniform(p)
    lines = []
    for f, (best, _) in zip(factors, oracles, strict=True):
        true = scaled(p, f)
        got = true.value(x)
        part = got / best if best > 0 else 1.0 - (best - got) / abs(best) if best else np.nan
        met = bool((true.slack(x) >= -1e-10 * true.scales()).all())
        lines.append((f, got, best, true.value(uniform), true.value(nominal), part, met))
    return pd.DataFrame(lines, columns=["facteur", "resultat", "oracle", "uniforme", "nominal", "part", "faisable"])
