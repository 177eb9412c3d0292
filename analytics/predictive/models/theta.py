"""Theta method: mean of a linear trend and of simple exponential smoothing, on deseasonalised values.

Source: Assimakopoulos and Nikolopoulos (2000); the closed form used here is Hyndman and Billah (2003), the same as
``statsmodels`` ``ThetaModel``.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.signal import lfilter

from analytics.predictive.models.sample import MONTHS_IN_YEAR, Prediction, Sample

_CHI2_10 = 2.705543454095404  # 10 % point of a chi-square with one degree of freedom


def is_seasonal(y: np.ndarray) -> bool:
    """Test of the autocorrelation at lag 12, at the 10 % level."""
    n = len(y)
    centred = y - y.mean()
    variance = float(centred @ centred)
    if n <= 2 * MONTHS_IN_YEAR or variance <= 0:
        return False
    rho = np.array([centred[k:] @ centred[: n - k] for k in range(MONTHS_IN_YEAR + 1)]) / variance
    return bool(n * rho[-1] ** 2 / (rho[:-1] ** 2).sum() > _CHI2_10)


def seasonal_profile(y: np.ndarray, *, multiplicative: bool) -> np.ndarray:
    """Classical decomposition: mean of each calendar month around the centred 12-month average."""
    weights = np.r_[0.5, np.ones(MONTHS_IN_YEAR - 1), 0.5] / MONTHS_IN_YEAR
    trend = np.convolve(y, weights, mode="valid")
    inner = y[MONTHS_IN_YEAR // 2 : -(MONTHS_IN_YEAR // 2)]
    detrended = inner / trend if multiplicative else inner - trend
    months = (np.arange(len(inner)) + MONTHS_IN_YEAR // 2) % MONTHS_IN_YEAR
    profile = np.array([detrended[months == m].mean() for m in range(MONTHS_IN_YEAR)])
    return profile / profile.mean() if multiplicative else profile - profile.mean()


def smooth(y: np.ndarray) -> tuple[float, float, np.ndarray]:
    """Simple exponential smoothing started at the first value: alpha, last level, one-step errors."""

    def errors_at(alpha: float) -> tuple[np.ndarray, np.ndarray]:
        level = lfilter([alpha], [1.0, alpha - 1.0], y, zi=[(1.0 - alpha) * y[0]])[0]
        return level, y[1:] - level[:-1]

    def cost(alpha: float) -> float:
        errors = errors_at(alpha)[1]
        return float(errors @ errors)

    alpha = float(minimize_scalar(cost, bounds=(1e-4, 0.9999), method="bounded", options={"xatol": 1e-6}).x)
    level, errors = errors_at(alpha)
    return alpha, float(level[-1]), errors


def predict(sample: Sample, horizon: int) -> Prediction:
    """Theta forecast on the scale of the sample: on logarithms when it allows them, trend and seasons then multiply."""
    if not sample.log:
        return predict_values(sample.y, horizon)
    z = sample.z
    low = z.min()  # a season of logarithms adds up: nothing is to be divided
    found = predict_values(z - low, horizon)
    return Prediction(found.centre + low, found.sd, log=True)


def predict_values(y: np.ndarray, horizon: int) -> Prediction:
    """Theta forecast in the unit of `y`, deseasonalised only when the test finds seasonality."""
    n = len(y)
    profile, multiplicative = np.zeros(MONTHS_IN_YEAR), False
    if is_seasonal(y):
        multiplicative = bool(y.min() > 0)
        profile = seasonal_profile(y, multiplicative=multiplicative)
        if multiplicative and profile.min() <= 0:
            multiplicative = False
            profile = seasonal_profile(y, multiplicative=False)
    own = profile[np.arange(n) % MONTHS_IN_YEAR]
    adjusted = y / own if multiplicative else y - own
    slope = np.polyfit(np.arange(n, dtype=float), adjusted, 1)[0]
    alpha, level, errors = smooth(adjusted)
    h = np.arange(1, horizon + 1)
    centre = level + 0.5 * slope * (h - 1 + (1 - (1 - alpha) ** n) / alpha)
    sd = np.sqrt(np.mean((errors - errors.mean()) ** 2) * (1 + (h - 1) * alpha**2))
    future = profile[(n + h - 1) % MONTHS_IN_YEAR]
    if multiplicative:
        return Prediction(centre * future, sd * future, log=False)
    return Prediction(centre + future, sd, log=False)
