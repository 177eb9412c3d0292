"""A member that explodes is left out of the median, and the reason is kept."""

from __future__ import annotations

import numpy as np

from analytics.predictive.models.sample import MONTHS_IN_YEAR, Prediction, Sample

_WINDOW = 36
_FACTOR = 3.0
_GROWTH_FLOOR = 0.10  # a flat history does not make a change of 30 % absurd


def refuse(prediction: Prediction, sample: Sample) -> str:
    """Why a prediction cannot be believed, in French; empty when it can.

    Parameters
    ----------
    prediction : Prediction
        What a model returned.
    sample : Sample
        What it was given.
    """
    with np.errstate(over="ignore"):
        point = prediction.point
    # Under a year of months a model may give a level without daring a spread.
    spread_known = np.isfinite(prediction.sd).all() or len(sample.y) < MONTHS_IN_YEAR
    if not np.isfinite(point).all() or not spread_known:
        return "le calcul n’a pas abouti à des nombres finis"
    recent = sample.y[-_WINDOW:]
    if sample.log:
        if point.min() < recent.min() / _FACTOR or point.max() > recent.max() * _FACTOR:
            return "prévision hors de toute proportion avec les trois dernières années"
        return _refuse_growth(point, sample.y)
    middle, reach = (recent.max() + recent.min()) / 2, np.ptp(recent) * (_FACTOR / 2 + 0.5)
    if np.abs(point - middle).max() > max(reach, 1e-9):
        return "prévision hors de toute proportion avec les trois dernières années"
    return ""


def _refuse_growth(point: np.ndarray, y: np.ndarray) -> str:
    """Compare the yearly growth of the forecast with the largest one of the history."""
    if len(y) < 2 * MONTHS_IN_YEAR + 1 or len(point) < MONTHS_IN_YEAR:
        return ""
    means = np.convolve(y, np.full(MONTHS_IN_YEAR, 1 / MONTHS_IN_YEAR), mode="valid")
    known = np.abs(np.log(means[MONTHS_IN_YEAR:] / means[:-MONTHS_IN_YEAR])).max()
    ahead = abs(np.log(point[:MONTHS_IN_YEAR].mean() / means[-1]))
    if ahead > _FACTOR * max(known, _GROWTH_FLOOR):
        return "croissance annuelle trois fois plus forte que toutes celles du passé"
    return ""
