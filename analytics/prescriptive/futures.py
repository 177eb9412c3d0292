"""The futures of the claims per head, poste by poste, drawn together from the forecast."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import rankdata

from analytics.errors import InsufficientData, ParameterError
from analytics.french import format_percent
from analytics.predictive.forecast import Forecast
from analytics.predictive.joint import MIN_ORIGINS, draw_together, error_rows
from analytics.prescriptive.levers import ALL
from analytics.uncertainty import CORRELATION

Floats = NDArray[np.float64]
YEAR = 12


@dataclass(frozen=True)
class Futures:
    """Growth of the claims per head, as a factor, from the months measured to the year ahead.

    Attributes
    ----------
    postes : tuple of str
    growth : numpy.ndarray
        (draws, postes).
    centre : numpy.ndarray
        (postes,): the forecast.
    notes : tuple of str
        French.
    """

    postes: tuple[str, ...]
    growth: Floats
    centre: Floats
    notes: tuple[str, ...] = ()

    def for_postes(self, postes: Sequence[str], draws: int) -> tuple[Floats, Floats]:
        """growth and centre in the order of some postes; a lone "*" serves them all.

        Raises
        ------
        ParameterError
            A poste without a future, or too few draws.
        """
        if len(self.growth) < draws:
            raise ParameterError("La prévision n’a pas assez de tirages.", valeur=draws)
        if self.postes == (ALL,):
            at = [0] * len(postes)
        else:
            absent = [p for p in postes if p not in self.postes]
            if absent:
                raise ParameterError("Ce poste n’a pas de prévision.", valeur=absent[0])
            at = [self.postes.index(p) for p in postes]
        return self.growth[:draws, at], self.centre[at]

    @property
    def correlation(self) -> pd.DataFrame:
        """Correlation of the growths, postes × postes."""
        return pd.DataFrame(self.growth, columns=list(self.postes)).corr()


def futures_from_forecast(
    forecast: Forecast,
    history: pd.DataFrame,
    *,
    debut: pd.Timestamp,
    fin: pd.Timestamp,
    postes: Mapping[str, str] | None = None,
    effectif: float = 0.0,
    draws: int = 2000,
    seed: int = 0,
) -> Futures:
    """Joint draws of the twelve months ahead of each poste, over the months measured.

    Parameters
    ----------
    forecast : Forecast
        Of one monthly series by poste, twelve months ahead at least, bounds at 80 % included.
    history : pandas.DataFrame
        serie, mois, valeur: what it was made from.
    debut, fin : pandas.Timestamp
        Months of the portfolio.
    postes : mapping of str to str, optional
        Poste to serie; by default they have the same names.
    effectif : float
        Growth of the persons covered that these amounts contain, between the two years; 0 when the series are per head.
    draws, seed : int

    Raises
    ------
    InsufficientData
        Fewer than twelve months ahead, no bounds, or no known month of the portfolio.
    ParameterError
        `effectif` that takes everyone away.

    Notes
    -----
    Postes are drawn on the same weights of their past errors when their backtests share six origins, so that those
    that went wrong together do so again; else their growths are tied at the correlation of the house.
    """
    if effectif <= -1:
        raise ParameterError("Une évolution de l’effectif est supérieure à −100 %.", valeur=effectif)
    names = dict(postes) if postes is not None else {s: s for s in sorted(forecast.table["serie"].unique())}
    aheads = tuple(_year_ahead(forecast.table, serie) for serie in names.values())
    rows = tuple(error_rows(forecast.backtest, serie) for serie in names.values())
    common = set.intersection(*(set(r.index) for r in rows))
    linked = len(common) >= MIN_ORIGINS
    drawn = draw_together(aheads, rows, linked=linked, draws=draws, seed=seed)
    known = np.array([_measured(history, serie, debut, fin) for serie in names.values()]) * (1.0 + effectif)
    growth = np.stack([d.values.sum(axis=1) for d in drawn], axis=1) / known
    centre = np.array([d.point.sum() for d in drawn]) / known
    if not np.isfinite(growth).all():
        raise InsufficientData("Un poste n’a pas de fourchette de prévision : aucun tirage ne peut être fait.")
    if not linked and len(names) > 1:
        growth = tie(growth, correlation=CORRELATION, seed=seed)
    return Futures(tuple(names), growth, centre, _notes(growth, len(common), linked, effectif))


def futures_from_assumptions(
    postes: Mapping[str, tuple[float, float]], *, correlation: float = CORRELATION, draws: int = 2000, seed: int = 0
) -> Futures:
    """Normal drifts typed by hand.

    Parameters
    ----------
    postes : mapping of str to (float, float)
        Drift of each poste (0.03 = +3 %) and its standard deviation.
    correlation : float
        Between two postes, 0 to 1.
    """
    if not 0 <= correlation <= 1:
        raise ParameterError("Une corrélation va de 0 à 1.", valeur=correlation)
    centre, spread = (np.array([v[i] for v in postes.values()], dtype=float) for i in (0, 1))
    scores = _scores(len(postes), correlation, draws, seed)
    growth = np.maximum(1.0 + centre + spread * scores, 0.0)
    return Futures(tuple(postes), growth, 1.0 + centre, ("Hypothèse : dérive par poste saisie.",))


def tie(growth: Floats, *, correlation: float, seed: int) -> Floats:
    """The same draws of each column, put in an order that ties the columns (Iman and Conover, 1982)."""
    scores = _scores(growth.shape[1], correlation, len(growth), seed)
    ranks = rankdata(scores, method="ordinal", axis=0).astype(int) - 1
    return np.take_along_axis(np.sort(growth, axis=0), ranks, axis=0)


def _scores(columns: int, correlation: float, draws: int, seed: int) -> Floats:
    rng = np.random.default_rng([seed, columns])
    common, own = rng.standard_normal((draws, 1)), rng.standard_normal((draws, columns))
    return np.sqrt(correlation) * common + np.sqrt(1.0 - correlation) * own


def _year_ahead(table: pd.DataFrame, serie: str) -> pd.DataFrame:
    ahead = table[table["serie"] == serie].sort_values("mois").head(YEAR)
    if len(ahead) < YEAR or "bas_80" not in ahead.columns:
        raise InsufficientData(
            "La simulation demande douze mois de prévision avec leur fourchette à 80 %.", valeur=serie,
            remede="Demandez une prévision de douze mois par poste.",
        )  # fmt: skip
    return ahead


def _measured(history: pd.DataFrame, serie: str, debut: pd.Timestamp, fin: pd.Timestamp) -> float:
    """Amount of a year, at the pace of the months of the portfolio."""
    mine = history[(history["serie"] == serie) & history["mois"].between(debut, fin)]
    total = float(mine["valeur"].sum(min_count=1))
    if not total > 0:
        raise InsufficientData("Un poste n’a rien sur les mois du portefeuille.", valeur=serie)
    return total * YEAR / len(mine)


def _notes(growth: Floats, origins: int, linked: bool, effectif: float) -> tuple[str, ...]:
    how = f"postes liés à {format_percent(CORRELATION, 0)} par hypothèse, trop peu d’erreurs passées"
    if linked:
        how = f"tirages conjoints des postes : mêmes erreurs passées ({origins} origines)"
    text = f"Mesuré : dérive par poste de la prévision ({how})."
    heads = f"Hypothèse : effectif {format_percent(effectif, signed=True)} dans la prévision des montants."
    return (text, heads) if effectif else (text,)
