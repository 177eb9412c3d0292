"""Simulate a portfolio under levers, with the uncertainty of its assumptions."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from numbers import Integral

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analytics.errors import ParameterError
from analytics.prescriptive.futures import Futures
from analytics.prescriptive.kernel import Shocks
from analytics.prescriptive.model import Assumptions
from analytics.prescriptive.outcome import Outcome
from analytics.prescriptive.responses import REPONSES, WORLDS, Reponse, at_score, draw_responses
from analytics.prescriptive.simulator import Simulator, make_simulator
from analytics.prescriptive.taxes import Taxes
from analytics.uncertainty import CORRELATION

Floats = NDArray[np.float64]
#: Draws × segments held at once (160 MB by assumption).
MAX_SIZE = 20_000_000


def simulate(
    portfolio: pd.DataFrame,
    levers: pd.DataFrame,
    *,
    draws: int = 2000,
    seed: int = 0,
    correlation: float = CORRELATION,
    postes: pd.DataFrame | None = None,
    futures: Futures | None = None,
    responses: Sequence[Reponse] = REPONSES,
    taxes: Taxes | None = None,
) -> Outcome:
    """Next year of a portfolio under levers.

    Parameters
    ----------
    portfolio : pandas.DataFrame
        segment, beneficiaires (heads), cotisation and prestation (EUR per head and year), chargement (rate of
        premium), retention (kept at no increase), elasticite (slope b of the logit); optional hausse_min, hausse_max,
        elasticite_bas and elasticite_haut (80 % interval), derive (expected growth of claims per head) and derive_sd.
    levers : pandas.DataFrame
        segment ("*" for all), levier, valeur, optionally poste; see :data:`analytics.prescriptive.levers.LEVIERS`.
        Lines add up.
    draws : int
        At least 2.
    seed : int
        Same seed, same futures: scenarios of the same portfolio are compared draw by draw.
    correlation : float
        Share of the uncertainty common to all segments, 0 to 1 (variance).
    postes, futures, responses, taxes
        As :func:`prepare`.

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
    To play many scenarios on the same futures, :func:`prepare` once.
    """
    simulator = prepare(
        portfolio, draws=draws, seed=seed, correlation=correlation, postes=postes, futures=futures,
        responses=responses, taxes=taxes,
    )  # fmt: skip
    return simulator.play(levers)


def prepare(
    portfolio: pd.DataFrame,
    *,
    draws: int = 2000,
    seed: int = 0,
    correlation: float = CORRELATION,
    postes: pd.DataFrame | None = None,
    futures: Futures | None = None,
    responses: Sequence[Reponse] = REPONSES,
    taxes: Taxes | None = None,
) -> Simulator:
    """Draw the futures of a portfolio once; each scenario is then played on them.

    Parameters
    ----------
    portfolio, draws, seed, correlation
        As :func:`simulate`.
    postes : pandas.DataFrame, optional
        Care of one head by segment and poste, as :attr:`Portfolio.postes`; without it no lever is given by poste.
    futures : Futures, optional
        Growth of the claims by poste; it replaces `derive` and `derive_sd`.
    responses : sequence of Reponse
        Assumptions on responses; drawn, for the scenarios that rest on them.
    taxes : Taxes, optional

    Raises
    ------
    ParameterError, InsufficientData
        As :func:`simulate`.
    """
    check_draws(draws, seed)
    simulator = make_simulator(portfolio, postes, futures, responses, taxes, draws=draws, seed=seed)
    shocks = draw_shocks(
        simulator.base, draws=draws, seed=seed, correlation=correlation, responses=simulator.responses,
        growth=simulator.drawn_growth,
    )  # fmt: skip
    return simulator.with_shocks(shocks, correlation)


def check_draws(draws: int, seed: int) -> None:
    """Refuse a number of draws, or a seed, that is not a whole number in its range."""
    if not isinstance(draws, Integral) or draws < 2:
        raise ParameterError("Il faut au moins deux tirages, en nombre entier.", valeur=str(draws))
    if not isinstance(seed, Integral) or seed < 0:
        raise ParameterError("La graine est un nombre entier, positif ou nul.", valeur=str(seed))


def draw_shocks(
    base: Assumptions,
    *,
    draws: int,
    seed: int,
    correlation: float,
    responses: Sequence[Reponse] = REPONSES,
    growth: Floats | None = None,
) -> Shocks:
    """Draw elasticity, drift and responses; the draws do not depend on the levers.

    What is proper to a segment depends on its name alone: neither the order nor the number of segments changes it.
    """
    check_draws(draws, seed)
    if not 0 <= correlation <= 1:
        raise ParameterError("Une corrélation va de 0 à 1.", valeur=correlation)
    if draws * len(base.segment) > MAX_SIZE:
        raise ParameterError(
            "Trop de tirages pour ce nombre de segments.", valeur=draws, remede="Réduisez les tirages ou les segments."
        )
    common, answers = (np.random.default_rng(s) for s in np.random.SeedSequence(seed).spawn(2))
    shared = common.standard_normal((2, draws, 1))
    unsure = (base.elasticite_haut > base.elasticite_bas).any(), growth is None and base.derive_sd.any()
    elasticite, derive = base.elasticite[None, :], base.derive[None, :]
    if any(unsure):
        own = _own_scores(base.segment, seed, draws, which=[i for i in range(2) if unsure[i]])
        scores = {i: np.sqrt(correlation) * shared[i] + np.sqrt(1.0 - correlation) * o for i, o in own.items()}
        if 0 in scores:
            drawn = at_score(base.elasticite, base.elasticite_bas, base.elasticite_haut, scores[0])
            elasticite = np.maximum(drawn, 0.0)
        if 1 in scores:
            derive = np.maximum(base.derive + base.derive_sd * scores[1], -1.0)
    worlds = draw_responses(responses, answers, min(WORLDS, draws))
    return Shocks(elasticite, derive, draws, growth, worlds)


def _own_scores(segments: pd.Series, seed: int, draws: int, *, which: list[int]) -> dict[int, Floats]:
    """Standard scores proper to each segment, (draws, S), for the elasticity (0) and the drift (1)."""
    found = {i: np.empty((len(segments), draws)) for i in which}
    for row, name in enumerate(segments):
        digest = int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest())
        for i in which:
            found[i][row] = np.random.default_rng([seed, i, digest]).standard_normal(draws)
    return {i: np.ascontiguousarray(scores.T) for i, scores in found.items()}
