"""Reference models: seasonal naive, seasonal naive with half the yearly growth, and the plain mean."""

from __future__ import annotations

import numpy as np

from analytics.predictive.models.sample import MONTHS_IN_YEAR, Prediction, Sample


def predict(sample: Sample, horizon: int) -> Prediction:
    """Same month of the last year; its error is that of past yearly differences, growing with the years ahead."""
    z = sample.z
    last = z[-MONTHS_IN_YEAR:]
    years = np.arange(horizon) // MONTHS_IN_YEAR + 1
    change = z[MONTHS_IN_YEAR:] - z[:-MONTHS_IN_YEAR]
    sigma = np.sqrt(np.mean(change**2)) if len(change) else np.std(z)
    return Prediction(last[np.arange(horizon) % MONTHS_IN_YEAR], sigma * np.sqrt(years), sample.log)


def predict_half_growth(sample: Sample, horizon: int) -> Prediction:
    """Seasonal naive moved by half the growth observed between the months that have a year behind them."""
    z = sample.z
    change = z[MONTHS_IN_YEAR:] - z[:-MONTHS_IN_YEAR]
    base = predict(sample, horizon)
    if len(change) == 0:
        return base
    recent = change[-MONTHS_IN_YEAR:]
    growth = 0.5 * recent.mean()
    spread = np.sqrt(np.mean((recent - growth) ** 2)) if len(recent) > 2 else np.std(z)
    years = np.arange(horizon) // MONTHS_IN_YEAR + 1
    return Prediction(base.centre + growth * years, spread * np.sqrt(years), sample.log)


def predict_mean(sample: Sample, horizon: int) -> Prediction:
    """Mean of the few known months, with their own spread; for series too short for a season."""
    z = sample.z
    sigma = z.std(ddof=1) * np.sqrt(1 + 1 / len(z)) if len(z) > 2 else 0.0
    sigma = sigma if sigma > 0 else np.nan  # a few equal months do not prove that nothing varies
    return Prediction(np.full(horizon, np.median(z)), np.full(horizon, sigma), sample.log)


def predict_last(sample: Sample, horizon: int) -> Prediction:
    """The last value, without spread: for a series that has not moved for three years."""
    return Prediction(np.full(horizon, sample.z[-1]), np.zeros(horizon), sample.log)
