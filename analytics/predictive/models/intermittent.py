"""Series with many zeros: a smoothed yearly level shared between the months, never negative."""

from __future__ import annotations

import numpy as np

from analytics.predictive.models.sample import MONTHS_IN_YEAR, Prediction, Sample

_SMOOTHING = 0.1
_PRIOR_YEARS = 2.0


def predict(sample: Sample, horizon: int) -> Prediction:
    """Exponentially smoothed mean (zeros included) times a seasonal share shrunk to 1."""
    y = sample.y
    n = len(y)
    if not y[-MONTHS_IN_YEAR:].any():
        return Prediction(np.zeros(horizon), np.zeros(horizon), log=False)
    weights = (1 - _SMOOTHING) ** np.arange(n)[::-1]
    level = float(weights @ y / weights.sum())
    months = np.arange(n) % MONTHS_IN_YEAR
    share = np.ones(MONTHS_IN_YEAR)
    if n >= 2 * MONTHS_IN_YEAR:
        years = n / MONTHS_IN_YEAR
        raw = np.array([y[months == m].mean() for m in range(MONTHS_IN_YEAR)]) / y.mean()
        share = (years * raw + _PRIOR_YEARS) / (years + _PRIOR_YEARS)
    centre = level * share[(n + np.arange(horizon)) % MONTHS_IN_YEAR]
    sigma = np.sqrt(np.mean((y - y.mean()) ** 2))
    return Prediction(centre, np.full(horizon, sigma), log=False)
