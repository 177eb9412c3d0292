"""Simulate a portfolio under levers, with the uncertainty of its assumptions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analytics.errors import ParameterError
from analytics.prescriptive.levers import resolve_levers
from analytics.prescriptive.model import Assumptions, Result, add_up, project_year, ratio, read_portfolio
from analytics.prescriptive.outcome import Outcome, summarise
from analytics.uncertainty import Z_80

Floats = NDArray[np.float64]
#: Draws × segments held at once (160 MB by assumption).
MAX_SIZE = 20_000_000
CORRELATION = 0.5


@dataclass(frozen=True)
class Shocks:
    """Drawn assumptions, shape (draws, S), or (1, S) when there is no uncertainty."""

    elasticite: Floats
    derive: Floats
    n: int


def simulate(
    portfolio: pd.DataFrame,
    levers: pd.DataFrame,
    *,
    draws: int = 2000,
    seed: int = 0,
    correlation: float = CORRELATION,
) -> Outcome:
    """Next year of a portfolio under levers.

    Parameters
    ----------
    portfolio : pandas.DataFrame
        segment, beneficiaires (heads), cotisation and prestation (EUR per head and year), chargement (rate of
        premium), retention (kept at no increase), elasticite (slope b of the logit); optional hausse_min, hausse_max,
        elasticite_bas and elasticite_haut (80 % interval), derive (expected growth of claims per head) and derive_sd.
    levers : pandas.DataFrame
        segment ("*" for all), levier, valeur; see :data:`analytics.prescriptive.levers.LEVIERS`. Lines add up.
    draws : int
        At least 2.
    seed : int
        Same seed, same futures: scenarios of the same portfolio are compared draw by draw.
    correlation : float
        Share of the uncertainty common to all segments, 0 to 1 (variance).

    Raises
    ------
    ParameterError
        A column, a value, a segment or a lever is wrong, or draws × segments is too large.
    InsufficientData
        No segment.

    Notes
    -----
    Elasticity is drawn from two half-normals around its centre so that 10 % of draws fall beyond each end, and never
    under 0; drift is normal. Individual chance (who leaves) is left out: only the assumptions are uncertain.
    """
    base = read_portfolio(portfolio)
    found = resolve_levers(levers, base.segment)
    shocks = draw_shocks(base, draws=draws, seed=seed, correlation=correlation)
    central = project_year(base, found, base.elasticite, base.derive)
    drawn = simulate_totals(base, found, shocks)
    return Outcome(
        table=_table(base, found, central),
        total=_total(base, found, central),
        quantiles=summarise(drawn),
        draws=drawn,
        warnings=_warnings(base, found),
        seed=seed,
    )


def draw_shocks(base: Assumptions, *, draws: int, seed: int, correlation: float) -> Shocks:
    """Draw elasticity and drift; the draws do not depend on the levers."""
    if draws < 2:
        raise ParameterError("Il faut au moins deux tirages.", valeur=draws)
    if not 0 <= correlation <= 1:
        raise ParameterError("Une corrélation va de 0 à 1.", valeur=correlation)
    n_segments = len(base.segment)
    if draws * n_segments > MAX_SIZE:
        raise ParameterError(
            "Trop de tirages pour ce nombre de segments.", valeur=draws, remede="Réduisez les tirages ou les segments."
        )
    own, common = (np.random.default_rng(s) for s in np.random.SeedSequence(seed).spawn(2))
    shared = common.standard_normal((2, draws, 1)) * np.sqrt(correlation)
    z_price, z_drift = (
        shared[i] + own.standard_normal((draws, n_segments)) * np.sqrt(1 - correlation) for i in range(2)
    )
    low, high = base.elasticite - base.elasticite_bas, base.elasticite_haut - base.elasticite
    elasticite = derive = np.empty(0)
    if (low + high).any():
        elasticite = np.maximum(base.elasticite + np.where(z_price < 0, low, high) * z_price / Z_80, 0.0)
    if base.derive_sd.any():
        derive = np.maximum(base.derive + base.derive_sd * z_drift, -1.0)
    return Shocks(
        elasticite if elasticite.size else base.elasticite[None, :],
        derive if derive.size else base.derive[None, :],
        draws,
    )


def simulate_totals(base: Assumptions, levers: dict[str, Floats], shocks: Shocks) -> pd.DataFrame:
    """Totals of each draw, one column per indicator."""
    result = project_year(base, levers, shocks.elasticite, shocks.derive)
    totals = add_up(base, levers, result)
    return pd.DataFrame({name: np.broadcast_to(values, (shocks.n,)) for name, values in totals.items()})


def _table(base: Assumptions, levers: dict[str, Floats], after: Result) -> pd.DataFrame:
    heads = base.beneficiaires
    paid, claimed = heads * base.cotisation, heads * base.prestation
    return pd.DataFrame(
        {
            "segment": base.segment,
            "hausse": levers["hausse"],
            "beneficiaires": heads,
            "retenus": after.retenus,
            "nouveaux": after.nouveaux,
            "effectif": np.maximum(after.retenus + after.nouveaux, 0.0),
            "cotisation_avant": paid,
            "cotisation": after.cotisation,
            "prestation_avant": claimed,
            "prestation": after.prestation,
            "resultat_avant": (1.0 - base.chargement) * paid - claimed,
            "resultat": after.resultat,
            "pc_avant": ratio(claimed, paid),
            "pc": ratio(after.prestation, after.cotisation),
        }
    )


def _total(base: Assumptions, levers: dict[str, Floats], after: Result) -> pd.DataFrame:
    heads = base.beneficiaires
    paid, claimed = heads * base.cotisation, heads * base.prestation
    before = {
        "resultat": ((1.0 - base.chargement) * paid - claimed).sum(),
        "pc": float(ratio(claimed.sum(), paid.sum())),
        "effectif": heads.sum(),
        "cotisation": paid.sum(),
        "prestation": claimed.sum(),
        "hausse_moyenne": np.nan,
        "retention": np.nan,
    }
    totals = add_up(base, levers, after)
    return pd.DataFrame(
        {
            "indicateur": list(totals),
            "avant": [float(before[k]) for k in totals],
            "valeur": [float(v) for v in totals.values()],
        }
    )


def _warnings(base: Assumptions, levers: dict[str, Floats]) -> tuple[str, ...]:
    notes = []
    outside = (levers["hausse"] < base.hausse_min - 1e-12) | (levers["hausse"] > base.hausse_max + 1e-12)
    if outside.any():
        named = ", ".join(base.segment[outside].head(3))
        more = f" et {outside.sum() - 3} de plus" if outside.sum() > 3 else ""
        notes.append(f"Hausse hors des bornes fixées : {named}{more}.")
    loading = base.chargement + levers["chargement"]
    if ((loading < 0) | (loading >= 1)).any():
        notes.append("Un chargement simulé sort de l’intervalle 0 à 100 %.")
    if (base.elasticite_bas == base.elasticite_haut).all() and not base.derive_sd.any():
        notes.append("Aucune incertitude n’est renseignée : tous les quantiles sont la valeur centrale.")
    return tuple(notes)
