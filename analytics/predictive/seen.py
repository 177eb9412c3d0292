"""What a forecast was worth on the past: its error by distance, and its bands as they held."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from analytics.french import format_percent, is_missing
from analytics.predictive.menu import COMBINED, LABELS, NAIVE

#: Months ahead put together: a single one has too few past origins to be told from chance.
BUCKETS = ((1, 3), (4, 6), (7, 9), (10, 12))
#: Consecutive months of one origin err together: three of them count for one.
_TOGETHER = 3
_Z_90 = 1.6448536269514722
_LEAST = 0.03
_FEW_MONTHS = 24


def error_by_horizon(backtest: pd.DataFrame, serie: str, *, models: Sequence[str] = (COMBINED, NAIVE)) -> pd.DataFrame:
    """Error of one series by distance, each model on the very same months.

    Parameters
    ----------
    backtest : pandas.DataFrame
        As `Forecast.backtest`.
    serie : str
        Name of the series.
    models : sequence of str
        Models compared.

    Returns
    -------
    pandas.DataFrame
        tranche ("1 à 3 mois"), modele, libelle, n (months compared), origines, wape (Σ |error| / Σ |real|); no row for
        a distance that was never tried.
    """
    rows = backtest[(backtest["serie"] == serie) & backtest["modele"].isin(models)]
    rows = rows.assign(absolue=(rows["valeur"] - rows["reel"]).abs()).dropna(subset=["absolue"])
    common = rows.groupby(["origine", "mois"])["modele"].transform("nunique") == len(models)
    rows = rows[common]
    found = []
    for first, last in BUCKETS:
        near = rows[rows["horizon"].between(first, last)]
        for model in models if len(near) else ():
            mine = near[near["modele"] == model]
            real = float(mine["reel"].abs().sum())
            wape = float(mine["absolue"].sum()) / real if real > 0 else np.nan
            found.append((f"{first} à {last} mois", model, LABELS[model], len(mine), mine["origine"].nunique(), wape))
    return pd.DataFrame(found, columns=["tranche", "modele", "libelle", "n", "origines", "wape"])


def coverage_seen(backtest: pd.DataFrame, serie: str, *, levels: Sequence[int] = (80, 95)) -> pd.DataFrame:
    """How often the bands of one series held what came, beside what they promise.

    Parameters
    ----------
    backtest : pandas.DataFrame
        As `Forecast.backtest`.
    serie : str
        Name of the series.
    levels : sequence of int
        Levels of the bands, in percent.

    Returns
    -------
    pandas.DataFrame
        niveau, nominale, vue (fractions; NaN when never tried), n (months), origines, jugement (French).
    """
    rows = backtest[(backtest["serie"] == serie) & (backtest["modele"] == COMBINED)]
    found = []
    for level in levels:
        low, high = f"bas_{level}", f"haut_{level}"
        told = rows.dropna(subset=["reel", low, high])
        inside = told["reel"].between(told[low], told[high])
        seen = float(inside.mean()) if len(told) else np.nan
        found.append(
            (level, level / 100, seen, len(told), told["origine"].nunique(), judge_band(seen, level / 100, len(told)))
        )
    return pd.DataFrame(found, columns=["niveau", "nominale", "vue", "n", "origines", "jugement"])


def judge_band(seen: float, nominal: float, months: int) -> str:
    """Whether a band keeps its promise, beyond what chance explains.

    Parameters
    ----------
    seen, nominal : float
        Share of the months inside, and the one promised.
    months : int
        Months compared; three consecutive ones count for one, as they err together.
    """
    if is_missing(seen):
        return "pas d’essai sur le passé"
    if months < _FEW_MONTHS:
        return "trop peu d’essais pour en juger"
    chance = _Z_90 * np.sqrt(nominal * (1 - nominal) * _TOGETHER / months)
    if abs(seen - nominal) <= max(chance, _LEAST):
        return "tient sa promesse, au hasard près"
    return "trop étroite" if seen < nominal else "prudente, plus large que nécessaire"


def describe_trust(scores: pd.DataFrame) -> str:
    """How sure a forecast is, in the end of a sentence: its error and its 80 % band on the past.

    Parameters
    ----------
    scores : pandas.DataFrame
        Rows of one series, as `Forecast.candidates`.
    """
    own = scores[scores["modele"] == COMBINED]
    if own.empty or is_missing(own["wape"].iloc[0]):
        return "aucun essai sur le passé ne dit ce qu’elle vaut : à lire comme une indication"
    told = f"sur le passé, la prévision d’un mois s’est trompée de {format_percent(own['wape'].iloc[0])} en moyenne"
    seen = own["couverture_80"].iloc[0] if "couverture_80" in own else np.nan
    if is_missing(seen):
        return told
    return f"{told} et sa bande « 8 chances sur 10 » a contenu {format_percent(seen, 0)} des mois"
