"""What a series would have done had nothing happened: a level that drifts, regressors and noise.

Structural model y(t) = m(t) + x(t)'b + e(t), m a random walk. Its two variances are integrated out on a grid rather
than set at their likeliest values: the interval then holds what is not known of them, which is most of it. Everything
else is Gaussian and exact; the covariance of the walk is diagonalised once for the whole grid.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import gammaln, ndtr

Floats = NDArray[np.float64]
#: First grid, in logarithms: drift of the level relative to the noise, and noise relative to the series.
DRIFT_RANGE, NOISE_RANGE, STEPS = (1e-4, 50.0), (0.01, 2.0), 21
#: Times that the grid closes in on what has any weight.
REFINEMENTS = 2
#: Prior precision of a coefficient, in standardised observations.
RIDGE = 0.01
_WIDE = 8.0  # standard deviations that hold the whole of a mixture


@dataclass(frozen=True)
class Prior:
    """What is believed of a standard deviation before the data: that `degrees` observations gave `guess`.

    Inverse gamma on the variance, in standard deviations of the series.
    """

    guess: float
    degrees: float

    def log_density(self, deviation: Floats) -> Floats:
        """Of the logarithm of the deviation."""
        shape, rate = self.degrees / 2, self.degrees * self.guess**2 / 2
        constant = np.log(2.0) + shape * np.log(rate) - gammaln(shape)
        return constant - self.degrees * np.log(deviation) - rate / deviation**2


@dataclass(frozen=True)
class Expected:
    """Forecast of the periods after a date, as a mixture of normal laws.

    Attributes
    ----------
    path : numpy.ndarray
        Mean of each period, in the unit of the series.
    low, high : numpy.ndarray
        95 % interval of each period.
    weights, means, deviations : numpy.ndarray
        Law of the average over the periods.
    evidence : float
        Logarithm of the likelihood of the past, everything integrated out; comes with a constant that depends on the
        values and the regressors alone.
    """

    path: Floats
    low: Floats
    high: Floats
    weights: Floats
    means: Floats
    deviations: Floats
    evidence: float

    @property
    def mean(self) -> float:
        """Of the average over the periods."""
        return float(self.weights @ self.means)

    @property
    def deviation(self) -> float:
        """Standard deviation of the average over the periods."""
        return float(np.sqrt(self.weights @ (self.deviations**2 + self.means**2) - self.mean**2))

    def below(self, value: float) -> float:
        """Probability that the average is under a value."""
        return float(self.weights @ ndtr((value - self.means) / self.deviations))

    def quantile(self, share: float) -> float:
        """Value that the average is under with a probability."""
        low = float((self.means - _WIDE * self.deviations).min())
        high = float((self.means + _WIDE * self.deviations).max())
        return float(brentq(lambda value: self.below(value) - share, low, high))


def expect(
    before: Floats,
    times: Floats,
    columns: Floats,
    later: Floats,
    later_columns: Floats,
    *,
    level: Prior,
    noise: Prior,
    ridge: Floats | None = None,
    scale: float | None = None,
) -> Expected:
    """Forecast the periods after a date from those before.

    Parameters
    ----------
    before : numpy.ndarray
        Values, without a gap; `times` are their positions, ascending from 0, gaps allowed.
    times, later : numpy.ndarray
        Positions of the values and of the periods to forecast, all later.
    columns, later_columns : numpy.ndarray
        Regressors of the two, one column each; the constant is added.
    level, noise : Prior
        Of the drift of the level by period, and of the noise.
    ridge : numpy.ndarray, optional
        Prior precision of each column, in standardised observations; RIDGE by default.
    scale : float, optional
        Unit of the priors; the standard deviation of the values by default.
    """
    centre, scale = before.mean(), before.std(ddof=1) if scale is None else scale
    scale = scale if scale > 0 else 1.0
    ridge = np.full(columns.shape[1], RIDGE) if ridge is None else ridge
    known, coming = _standardised(columns, later_columns)
    model = _Walk((before - centre) / scale, times, known, later, coming, ridge, scale)
    drifts, noises = (np.linspace(*np.log(r), STEPS) for r in (DRIFT_RANGE, NOISE_RANGE))
    for _ in range(REFINEMENTS):
        weights = model.weigh(drifts, noises, level, noise)[1]
        drifts, noises = _closer(drifts, weights.sum(axis=1)), _closer(noises, weights.sum(axis=0))
    evidence, weights, paths, spreads, means, deviations = model.weigh(drifts, noises, level, noise)
    path = np.einsum("qs,qt->t", weights, paths)
    spread = np.sqrt(np.einsum("qs,qst->t", weights, spreads + paths[:, None] ** 2) - path**2)
    return Expected(
        centre + scale * path, centre + scale * (path - 1.96 * spread), centre + scale * (path + 1.96 * spread),
        weights.ravel(), centre + scale * np.broadcast_to(means[:, None], weights.shape).ravel(),
        scale * deviations.ravel(), evidence,
    )  # fmt: skip


def _standardised(columns: Floats, later: Floats) -> tuple[Floats, Floats]:
    centre, spread = columns.mean(axis=0), columns.std(axis=0)
    spread = np.where(spread > 0, spread, 1.0)
    return tuple(np.column_stack([np.ones(len(c)), (c - centre) / spread]) for c in (columns, later))


def _closer(grid: Floats, weights: Floats) -> Floats:
    """The same number of steps over what has any weight: with much data the first grid is coarser than the answer."""
    weights = weights / weights.sum()
    mean = weights @ grid
    room = 4.0 * max(np.sqrt(weights @ (grid - mean) ** 2), (grid[1] - grid[0]) / 2)
    return np.linspace(mean - room, mean + room, len(grid))


class _Walk:
    """The model once the covariance of the random walk, min(s, t), is diagonal."""

    def __init__(
        self,
        values: Floats,
        times: Floats,
        columns: Floats,
        later: Floats,
        coming: Floats,
        ridge: Floats,
        scale: float,
    ) -> None:
        variances, turn = np.linalg.eigh(np.minimum.outer(times, times))
        self.variances = np.maximum(variances, 0.0)
        # A later level owes the same to each value known: the walk up to it.
        self.values, self.columns, self.walk = turn.T @ values, turn.T @ columns, turn.T @ times
        self.later, self.coming = later, coming
        self.together = np.minimum.outer(later, later).mean()
        self.precision = np.diag(np.r_[0.0, ridge])
        self.constant = 0.5 * np.log(ridge).sum() - (len(values) - 1) * np.log(scale)

    def weigh(self, drifts: Floats, noises: Floats, level: Prior, noise: Prior) -> tuple[Floats, ...]:
        """Evidence, weights (drift × noise), paths and variances by time, means and deviations of the average."""
        deviations = np.exp(noises)
        evidence, squares, paths, spreads, spread = self._at(np.exp(2 * drifts))
        n = len(self.values)
        # The coefficients are scaled by the noise, as their prior is: one degree of freedom goes to the constant.
        log = evidence[:, None] - (n - 1) * noises - squares[:, None] / (2 * deviations**2)
        log = log + noise.log_density(deviations) + level.log_density(np.exp(drifts[:, None] + noises))
        weights = np.exp(log - log.max())
        cell = (drifts[1] - drifts[0]) * (noises[1] - noises[0])
        total = float(log.max() + np.log(weights.sum() * cell))
        weights /= weights.sum()
        variances = spreads[:, None] * deviations[:, None] ** 2
        return total, weights, paths, variances, paths.mean(axis=1), np.sqrt(spread[:, None]) * deviations

    def _at(self, ratios: Floats) -> tuple[Floats, ...]:
        """By variance of the drift over that of the noise: evidence, squares, path, variances over the noise’s."""
        ratio = ratios[:, None]
        weight = 1.0 / (1.0 + ratio * self.variances)
        weighted = weight[:, :, None] * self.columns
        normal = self.columns.T @ weighted + self.precision
        inverse = np.linalg.inv(normal)
        coefficients = np.einsum("qij,qnj,n->qi", inverse, weighted, self.values, optimize=True)
        left = self.values - coefficients @ self.columns.T
        squares = (weight * left**2).sum(axis=1) + coefficients**2 @ self.precision.diagonal()
        owed = ratio * weight * self.walk
        path = coefficients @ self.coming.T + (owed * left).sum(axis=1, keepdims=True)
        lever = self.coming - (owed @ self.columns)[:, None, :]
        known = ratio * (owed @ self.walk)[:, None]
        each = 1.0 + ratio * self.later - known + ((lever @ inverse) * lever).sum(axis=2)
        lean = lever.mean(axis=1, keepdims=True)
        owing = ((lean @ inverse) * lean).sum(axis=(1, 2))
        average = 1.0 / len(self.later) + ratios * self.together - known[:, 0] + owing
        evidence = self.constant + 0.5 * np.log(weight).sum(axis=1) - 0.5 * np.linalg.slogdet(normal)[1]
        return evidence, squares, path, each, average
