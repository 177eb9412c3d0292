"""Months completed from their payments: what is not sure about them widens the bounds of what follows.

A forecast starts from a level, mostly that of the last months; their standard errors reach it with the weights of a
simple exponential smoothing, and add to the bounds in quadrature. Completed months are held independent.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import ndtri

from analytics.errors import SchemaError
from analytics.predictive.prepare import History

COLUMN = "erreur_type"
_SMOOTHING = 0.4


def level_errors(frame: pd.DataFrame, histories: tuple[History, ...]) -> dict[str, float]:
    """Standard error of the level each series starts from, in the unit of the series; 0 when its months are sure.

    Parameters
    ----------
    frame : pandas.DataFrame
        serie, mois, valeur, and optionally erreur_type (standard error of a completed month, same unit as valeur).
    histories : tuple of History
        The same series, prepared.

    Raises
    ------
    SchemaError
        A negative or infinite standard error.
    """
    if COLUMN not in frame.columns:
        return {}
    errors = frame[COLUMN].astype(float)
    if (errors < 0).any() or np.isinf(errors).any():
        raise SchemaError("Une erreur type est négative ou infinie.", colonne=COLUMN)
    table = frame.assign(**{COLUMN: errors.fillna(0.0), "serie": frame["serie"].astype(str)})
    table = table.set_index(["serie", "mois"])[COLUMN]
    found = {}
    for history in histories:
        known = table.get(history.serie)
        if known is None or not len(history.months):
            continue
        own = known.reindex(history.months).fillna(0.0).to_numpy()[::-1]
        weights = _SMOOTHING * (1 - _SMOOTHING) ** np.arange(len(own))
        found[history.serie] = float(np.sqrt(((weights * own) ** 2).sum()))
    return found


def widen(quantiles: np.ndarray, error: float, probabilities: np.ndarray, *, start: float) -> np.ndarray:
    """Bounds that also carry the error of the level, in proportion to the forecast when it is positive.

    Parameters
    ----------
    quantiles : numpy.ndarray
        One row per probability, the median in the middle; one column per month.
    error : float
        As given by :func:`level_errors`.
    probabilities : numpy.ndarray
        Of the rows.
    start : float
        Usual level of the series, to which the error relates.
    """
    middle = quantiles[len(probabilities) // 2]
    size = error * np.abs(middle) / start if start > 0 and (middle > 0).all() else np.full_like(middle, error)
    score = ndtri(probabilities)[:, None]
    distance = np.hypot(quantiles - middle, score * size)
    return middle + np.where(score == 0, 0.0, np.sign(score) * distance)
