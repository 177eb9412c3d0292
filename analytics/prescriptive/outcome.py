"""What a scenario gives: by segment, in total, and over the draws; and how two scenarios compare."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analytics.errors import ParameterError
from analytics.french import format_percent

#: Indicator of a scenario to "higher is better"; the direction is that of the mutual, for a rise that of the member.
#: reste_a_charge is per head; charges are what prevention, recruiting and the taxes borne by the mutual cost.
INDICATEURS: dict[str, bool] = {
    "resultat": True,
    "pc": False,
    "effectif": True,
    "cotisation": True,
    "prestation": False,
    "hausse_moyenne": False,
    "retention": True,
    "reste_a_charge": False,
    "charges": False,
}
COMPARED = ("resultat", "pc", "effectif", "hausse_moyenne")
QUANTILES = {"p5": 0.05, "p10": 0.10, "p50": 0.50, "p90": 0.90, "p95": 0.95}
#: Two draws closer than this, in parts of them, are the same number added in another order.
ROUNDING = 1e-12
#: Probability of being better from which a scenario is said to win.
CLEAR = 0.90


@dataclass(frozen=True)
class Outcome:
    """A simulated scenario, money in EUR per year.

    Attributes
    ----------
    table : pandas.DataFrame
        One row per segment, central assumptions: segment, hausse, beneficiaires (heads before), retenus, nouveaux,
        effectif, cotisation_avant, cotisation, prestation_avant, prestation, resultat_avant, resultat, pc_avant, pc,
        reste_avant, reste (NaN where the file does not tell it), charges.
        "avant" is today: current heads, premiums and claims, without drift.
    total : pandas.DataFrame
        indicateur, avant, valeur (central assumptions, no noise).
    quantiles : pandas.DataFrame
        indicateur, moyenne, p5, p10, p50, p90, p95, erreur (Monte-Carlo standard error of the mean).
    draws : pandas.DataFrame
        One row per draw, one column per indicator.
    warnings : tuple of str
        French sentences.
    seed : int
        Seed of the draws: two outcomes are comparable when it is the same.
    """

    table: pd.DataFrame
    total: pd.DataFrame
    quantiles: pd.DataFrame
    draws: pd.DataFrame
    warnings: tuple[str, ...]
    seed: int

    def value(self, indicator: str) -> float:
        """Central value of an indicator."""
        return self._central[check_indicator(indicator)]

    @functools.cached_property
    def _central(self) -> dict[str, float]:
        return dict(zip(self.total["indicateur"], self.total["valeur"].astype(float), strict=True))

    def probability(self, indicator: str, threshold: float, *, sens: str | None = None) -> float:
        """Share of the draws on the right side of a threshold (NaN draws are not).

        Parameters
        ----------
        indicator : str
            Key of :data:`INDICATEURS`.
        threshold : float
            In the unit of the indicator.
        sens : {"au_moins", "au_plus"}, optional
            None takes the good direction: at most for a P/C, at least for a result.
        """
        drawn = self.draws[check_indicator(indicator)].to_numpy()
        met = drawn >= threshold if direction(indicator, sens) == "au_moins" else drawn <= threshold
        return float(met.mean())


def format_chance(probability: float) -> str:
    """A share of the draws in French; all of them, or none, is no certainty."""
    if probability >= 0.995:
        return f"plus de {format_percent(0.99, 0)}"
    return f"moins de {format_percent(0.01, 0)}" if probability < 0.005 else format_percent(probability, 0)


def check_indicator(indicator: str) -> str:
    """The indicator itself, or a French error."""
    if indicator not in INDICATEURS:
        raise ParameterError("Indicateur inconnu.", valeur=indicator, remede=f"Choisissez {', '.join(INDICATEURS)}.")
    return indicator


def direction(indicator: str, sens: str | None) -> str:
    """ "au_moins" or "au_plus": as asked, or the good direction of the indicator."""
    if sens is None:
        return "au_moins" if INDICATEURS[indicator] else "au_plus"
    if sens not in ("au_moins", "au_plus"):
        raise ParameterError("Sens inconnu.", valeur=sens, remede="Choisissez au_moins ou au_plus.")
    return sens


def summarise(
    draws: pd.DataFrame, *, worlds: np.ndarray | None = None, answers: np.ndarray | None = None
) -> pd.DataFrame:
    """Mean, quantiles and Monte-Carlo error of each column of the draws.

    Parameters
    ----------
    draws : pandas.DataFrame
    worlds : numpy.ndarray, optional
        First draw of each group that shares one set of responses, then the number of draws.
    answers : numpy.ndarray, optional
        (groups, terms): those responses. They are stratified, so that their own effect is not an error: what is left
        of the means of the groups beside it is (Stein, 1987).
    """
    values = draws.to_numpy()
    table = pd.DataFrame({"indicateur": draws.columns, "moyenne": values.mean(axis=0)})
    levels = np.quantile(values, list(QUANTILES.values()), axis=0)
    table[list(QUANTILES)] = levels.T
    if worlds is None or answers is None:
        return table.assign(erreur=values.std(axis=0, ddof=1) / np.sqrt(len(values)))
    return table.assign(erreur=_stratified_error(values, worlds, answers))


def _stratified_error(values: np.ndarray, worlds: np.ndarray, answers: np.ndarray) -> np.ndarray:
    """Standard error of the mean of the groups, the effect of the responses taken off; NaN with too few groups."""
    first = np.unique(worlds[:-1])
    means = np.add.reduceat(values, first, axis=0) / np.diff([*first, len(values)])[:, None]
    terms = np.column_stack([np.ones(len(means)), answers - answers.mean(axis=0)])
    free = len(means) - np.linalg.matrix_rank(terms)
    if free < 1:
        return np.full(values.shape[1], np.nan)
    known = np.isfinite(means).all(axis=0)
    left = np.full(values.shape[1], np.nan)
    fit = np.linalg.lstsq(terms, means[:, known], rcond=None)[0]
    left[known] = ((means[:, known] - terms @ fit) ** 2).sum(axis=0) / free
    return np.sqrt(left / len(means))


def compare(outcomes: Mapping[str, Outcome], *, indicators: tuple[str, ...] = COMPARED) -> pd.DataFrame:
    """Compare scenarios with the first one, draw by draw.

    Parameters
    ----------
    outcomes : mapping of str to Outcome
        Same portfolio, number of draws and seed, so that each draw is the same future for all.
    indicators : tuple of str
        Keys of :data:`INDICATEURS`.

    Returns
    -------
    pandas.DataFrame
        indicateur, scenario, valeur (central), ecart (to the first), ecart_p5, ecart_p95,
        probabilite (that it is better than the first; a tie counts half), verdict: "référence", "meilleur" or
        "moins bon" when that probability is beyond 90 %, else "pas de gagnant".

    Raises
    ------
    ParameterError
        No scenario, unknown indicator, or scenarios that do not share segments, draws and seed.
    """
    if not outcomes:
        raise ParameterError("Aucun scénario à comparer.")
    first = next(iter(outcomes.values()))
    check_comparable(outcomes)
    rows = [
        _compared(check_indicator(indicator), name, outcome, first)
        for indicator in indicators
        for name, outcome in outcomes.items()
    ]
    return pd.DataFrame(rows)


def check_comparable(outcomes: Mapping[str, Outcome]) -> None:
    """Refuse scenarios that do not share segments, draws and seed."""
    first = next(iter(outcomes.values()))
    for name, outcome in outcomes.items():
        same = (outcome.seed, len(outcome.draws)) == (first.seed, len(first.draws))
        if not same or not outcome.table["segment"].equals(first.table["segment"]):
            raise ParameterError(
                "Ce scénario n’a pas les mêmes segments ou les mêmes tirages que le premier.",
                valeur=name,
                remede="Simulez-les tous avec le même portefeuille, le même nombre de tirages et la même graine.",
            )


def chance_of_better(outcome: Outcome, other: Outcome, indicator: str) -> float:
    """Share of the draws where a scenario is better than another, a tie counting half; NaN with a missing draw."""
    reference = other.draws[indicator].to_numpy()
    gap = outcome.draws[indicator].to_numpy() - reference
    gain = np.where(np.abs(gap) <= ROUNDING * np.abs(reference), 0.0, gap if INDICATEURS[indicator] else -gap)
    return float((gain > 0).mean() + 0.5 * (gain == 0).mean()) if np.isfinite(gain).all() else np.nan


def verdict_of(probability: float) -> str:
    """What a chance of being better says: "meilleur", "moins bon" or "pas de gagnant"."""
    if probability >= CLEAR:
        return "meilleur"
    return "moins bon" if probability <= 1 - CLEAR else "pas de gagnant"


def _compared(indicator: str, name: str, outcome: Outcome, first: Outcome) -> dict[str, object]:
    gap = (outcome.draws[indicator] - first.draws[indicator]).to_numpy()
    probability = chance_of_better(outcome, first, indicator)
    low, high = np.quantile(gap, [0.05, 0.95])
    return {
        "indicateur": indicator,
        "scenario": name,
        "valeur": outcome.value(indicator),
        "ecart": outcome.value(indicator) - first.value(indicator),
        "ecart_p5": low,
        "ecart_p95": high,
        "probabilite": probability,
        "verdict": "référence" if outcome is first else verdict_of(probability),
    }
