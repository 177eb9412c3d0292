"""Airline model, SARIMA(0,1,1)(0,1,1)12, by exact likelihood and a weak prior, with regressors.

After the two differences the series is a moving average of order 13: its covariance is a band of width 13, and one
banded Cholesky factor gives the exact likelihood, the generalised least squares effects and their standard errors.
It is the likelihood of ``statsmodels`` ``SARIMAX(..., simple_differencing=True)``, some ten times cheaper.
Source: Box and Jenkins (1976), ch. 9; regression effects as in X-13 regARIMA (Findley et al., 1998).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg.lapack import dpbtrf, dtbtrs
from scipy.optimize import minimize
from scipy.signal import lfilter

from analytics.predictive.models.sample import MONTHS_IN_YEAR, Prediction, Sample

LOST = MONTHS_IN_YEAR + 1  # months that the two differences use up
_LIMIT = 0.98
_STARTS = np.array([-0.9, -0.6, -0.3, 0.0, 0.4])
_TINY = 1e-300
#: What monthly series usually show, as a weak prior (centre, spread) on each coefficient: with four years of months the
#: likelihood alone runs to the edge, where a step in the design explains anything.
_USUAL = ((-0.6, 0.3), (-0.7, 0.2))


@dataclass(frozen=True)
class AirlineFit:
    """An estimated airline model.

    Attributes
    ----------
    theta, seasonal_theta : float
        Moving-average coefficients, in the sign convention w = (1 + θB)(1 + ΘB¹²) e.
    sigma2 : float
        Innovation variance.
    beta, se : numpy.ndarray
        Effects of the regressors and their standard errors; empty without regressors.
    loglik : float
        Exact Gaussian log-likelihood of the differenced series.
    """

    theta: float
    seasonal_theta: float
    sigma2: float
    beta: np.ndarray
    se: np.ndarray
    loglik: float


def difference(z: np.ndarray) -> np.ndarray:
    """(1 - B)(1 - B¹²) along the first axis."""
    d = z[MONTHS_IN_YEAR:] - z[:-MONTHS_IN_YEAR]
    return d[1:] - d[:-1]


def _autocovariances(theta: float, seasonal: float) -> np.ndarray:
    """Autocovariances, lags 0 to 13, for a unit innovation variance."""
    gamma = np.zeros(LOST + 1)
    gamma[0] = (1 + theta**2) * (1 + seasonal**2)
    gamma[1] = theta * (1 + seasonal**2)
    gamma[11] = gamma[13] = theta * seasonal
    gamma[12] = seasonal * (1 + theta**2)
    return gamma


def _factor(gamma: np.ndarray, m: int) -> np.ndarray:
    """Banded Cholesky factor of the covariance of m differenced months."""
    band = np.repeat(gamma[: min(LOST + 1, m), None], m, axis=1)
    factor, info = dpbtrf(band, lower=1)
    if info != 0:
        raise np.linalg.LinAlgError("covariance of the airline model is not positive definite")
    return factor


def whiten(data: np.ndarray, theta: float, seasonal: float) -> tuple[np.ndarray, float]:
    """Differenced columns made uncorrelated with unit variance, and the log-determinant of their covariance."""
    factor = _factor(_autocovariances(theta, seasonal), data.shape[0])
    white, _ = dtbtrs(factor, data, uplo="L")
    return white, 2.0 * float(np.log(factor[0]).sum())


def _regress(white: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Least squares of the first whitened column on the others: effects and residuals."""
    y, x = white[:, 0], white[:, 1:]
    if x.shape[1] == 0:
        return np.empty(0), y
    beta = np.linalg.lstsq(x, y, rcond=None)[0]
    return beta, y - x @ beta


def effects(data: np.ndarray, theta: float, seasonal: float) -> tuple[np.ndarray, np.ndarray]:
    """Generalised least squares of the first differenced column on the others: effects and standard errors."""
    white = whiten(data, theta, seasonal)[0]
    beta, residual = _regress(white)
    x = white[:, 1:]
    freedom = max(data.shape[0] - x.shape[1] - 2, 1)
    se = np.sqrt(np.diag(np.linalg.pinv(x.T @ x)) * (residual @ residual) / freedom)
    return beta, se


def _cost(parameters: np.ndarray, data: np.ndarray) -> float:
    """Minus twice the concentrated log-likelihood and the log of the prior, up to a constant."""
    prior = sum(((p - centre) / spread) ** 2 for p, (centre, spread) in zip(parameters, _USUAL, strict=True))
    white, logdet = whiten(data, parameters[0], parameters[1])
    residual = _regress(white)[1]
    return data.shape[0] * np.log(max(residual @ residual, _TINY) / data.shape[0]) + logdet + prior


def fit_airline(z: np.ndarray, regressors: np.ndarray | None = None) -> AirlineFit:
    """Estimate the airline model, with additive regressors when given.

    Parameters
    ----------
    z : numpy.ndarray
        Series on the scale where effects add up, without NaN, at least 16 months.
    regressors : numpy.ndarray, optional
        One column per effect, as many rows as `z`, not collinear after differencing.

    Returns
    -------
    AirlineFit
    """
    columns = z[:, None] if regressors is None else np.column_stack([z, regressors])
    data = np.asfortranarray(difference(columns))
    grid = [(a, b) for a in _STARTS for b in _STARTS]
    start = min(grid, key=lambda p: _cost(np.array(p), data))
    bounds = [(-_LIMIT, _LIMIT)] * 2
    best = minimize(_cost, start, args=(data,), method="L-BFGS-B", bounds=bounds, options={"maxiter": 40}).x
    return _at(best, data)


def _at(parameters: np.ndarray, data: np.ndarray) -> AirlineFit:
    white, logdet = whiten(data, parameters[0], parameters[1])
    residual = _regress(white)[1]
    m, rss = data.shape[0], float(residual @ residual)
    beta, se = effects(data, *parameters) if data.shape[1] > 1 else (np.empty(0), np.empty(0))
    loglik = -0.5 * (m * np.log(2 * np.pi * max(rss, _TINY) / m) + logdet + m)
    return AirlineFit(float(parameters[0]), float(parameters[1]), rss / m, beta, se, float(loglik))


def extend(fit: AirlineFit, z: np.ndarray, horizon: int) -> tuple[np.ndarray, np.ndarray]:
    """Exact finite-sample forecast of `z` (regressors already removed) and its standard error."""
    w = difference(z)
    gamma = _autocovariances(fit.theta, fit.seasonal_theta)
    factor = _factor(gamma, len(w))
    half, _ = dtbtrs(factor, w[:, None], uplo="L")
    weights, _ = dtbtrs(factor, half, uplo="L", trans="T")
    recent = np.zeros(LOST)
    kept = min(LOST, len(w))
    recent[:kept] = weights[::-1, 0][:kept]
    ahead = np.array([gamma[h + 1 :] @ recent[: LOST - h] if h < LOST else 0.0 for h in range(horizon)])
    history = list(z[-LOST:])
    for step in ahead:
        history.append(step + history[-1] + history[-MONTHS_IN_YEAR] - history[-LOST])
    return np.array(history[LOST:]), np.sqrt(fit.sigma2 * np.cumsum(_psi(fit, horizon) ** 2))


def _psi(fit: AirlineFit, horizon: int) -> np.ndarray:
    """Weights of past innovations in the forecast error."""
    ma = np.zeros(LOST + 1)
    ma[[0, 1, 12, 13]] = 1.0, fit.theta, fit.seasonal_theta, fit.theta * fit.seasonal_theta
    ar = np.zeros(LOST + 1)
    ar[[0, 1, 12, 13]] = 1.0, -1.0, -1.0, 1.0
    return lfilter(ma, ar, np.eye(1, horizon)[0])


def predict(sample: Sample, horizon: int) -> Prediction:
    """Forecast of the airline model, on logarithms when the sample allows it."""
    z = sample.z
    centre, sd = extend(fit_airline(z), z, horizon)
    return Prediction(centre, sd, sample.log)
