"""Intervals of rates made of few events: gamma for a standardised rate, exact for a Poisson mean.

Amounts are counted in `unit`, the variance of an amount over its expectation; counts have 1.

References
----------
Fay M.P., Feuer E.J. (1997), Statistics in Medicine 16, 791-801: gamma interval of a directly standardised rate.
Garwood F. (1936), Biometrika 28, 437-442: exact interval of a Poisson mean.
"""

from __future__ import annotations

import numpy as np
from scipy import stats

LEVEL = 0.95


def direct_interval(
    amounts: np.ndarray, ratios: np.ndarray, *, unit: float = 1.0, level: float = LEVEL
) -> tuple[np.ndarray, np.ndarray]:
    """Gamma interval of Fay and Feuer for Σ ratio × amount, `ratio` = weight of the stratum ÷ its exposure.

    Parameters
    ----------
    amounts, ratios : numpy.ndarray
        By stratum, along the last axis.
    unit : float
        Variance of an amount over its expectation; 1 for counts.
    level : float
    """
    rate = (amounts * ratios).sum(axis=-1)
    variance = unit * (np.clip(amounts, 0, None) * ratios**2).sum(axis=-1)
    step = unit * ratios.max(axis=-1, initial=0.0)  # one more event where it weighs most
    tail = (1 - level) / 2
    with np.errstate(invalid="ignore", divide="ignore"):  # no amount, no stratum: the bound is 0 or missing below
        low = stats.gamma.ppf(tail, rate**2 / variance, scale=variance / rate)
        shape, scale = (rate + step) ** 2 / (variance + step**2), (variance + step**2) / (rate + step)
    high = stats.gamma.ppf(1 - tail, shape, scale=scale)
    told = np.isfinite(step) & (rate >= 0) & (step > 0)
    return np.where(told, np.where(rate == 0, 0.0, low), np.nan), np.where(told, high, np.nan)


def poisson_interval(
    observed: float | np.ndarray, *, unit: float = 1.0, level: float = LEVEL
) -> tuple[np.ndarray, np.ndarray]:
    """Exact (Garwood) intervals of the expectation of counts, or of amounts made of units."""
    count, tail = np.asarray(observed, dtype="float64") / unit, (1 - level) / 2
    count = np.where(np.isfinite(count) & (count >= 0) & np.isfinite(unit), count, np.nan)
    low = np.where(count == 0, 0.0, stats.chi2.ppf(tail, 2 * count) / 2)
    return unit * low, unit * stats.chi2.ppf(1 - tail, 2 * (count + 1)) / 2
