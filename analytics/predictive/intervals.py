"""Bounds widened by what the backtest shows: pooled, adaptive conformal calibration of the members' median quantiles.

Scores of every series are pooled by distance, each series adding its own; the risk is adapted from one origin to the
next. A band is never narrowed unless many windows prove it too wide.
Source: Vovk et al. (2005) for conformal scores; Gibbs and Candès (2021) for the adaptation.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

PSEUDO = 80  # weight of the pool beside the scores of the series itself
GAMMA = 0.5
INDICATIVE = 1.25
MIN_ORIGINS = 3
_SHRINK_SCORES, _SHRINK_ORIGINS, _SHRINK_EXCESS = 300, 4, 0.03
_MIN_POOL = 20
_FACTORS = (0.9, 2.0)  # outside, a few extreme scores would decide
_N_BUCKETS = 4


@dataclass(frozen=True)
class Windows:
    """Every forecast of the run, backtest and final, padded with NaN to the same horizon.

    Attributes
    ----------
    serie : numpy.ndarray
        (W,) number of the series.
    offset : numpy.ndarray
        (W,) months between the origin and the end of the history; 0 for the final forecast.
    quantiles : numpy.ndarray
        (W, probabilities, H), lowest first.
    actual : numpy.ndarray
        (W, H), NaN where not known.
    scale : numpy.ndarray
        (W,) seasonal naive scale of the history, in the unit of the series.
    """

    serie: np.ndarray
    offset: np.ndarray
    quantiles: np.ndarray
    actual: np.ndarray
    scale: np.ndarray


def calibrate(windows: Windows, levels: tuple[int, ...]) -> np.ndarray:
    """Quantiles of each window, calibrated on what was known at its origin.

    Parameters
    ----------
    windows : Windows
        Every forecast of the run.
    levels : tuple of int
        Levels of the bounds, in percent.

    Returns
    -------
    numpy.ndarray
        Same shape as `windows.quantiles`; the median is unchanged and bounds are ordered.
    """
    result = windows.quantiles.copy()
    middle = len(levels)
    lowest = windows.quantiles[:, 0, :]
    positive = np.nanmin(np.where(np.isfinite(lowest), lowest, np.inf), axis=1) > 0
    values, actual, scale = _transform(windows, positive)
    for i, level in enumerate(sorted(levels, reverse=True)):
        low, high = values[:, middle] - values[:, i], values[:, -1 - i] - values[:, middle]
        factor_low, factor_high = _factors(windows, actual - values[:, middle], low, high, scale, level / 100)
        result[:, i] = _back(values[:, middle] - factor_low * low, positive)
        result[:, -1 - i] = _back(values[:, middle] + factor_high * high, positive)
    return _ordered(result, windows.quantiles[:, middle], middle)


def _transform(windows: Windows, positive: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Logarithms for the windows that stay positive: scores are then relative."""
    values, actual = windows.quantiles.copy(), windows.actual.copy()
    centre = np.nanmedian(np.abs(windows.quantiles[:, values.shape[1] // 2]), axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        values[positive] = np.log(values[positive])
        actual[positive] = np.log(np.where(actual[positive] > 0, actual[positive], np.nan))
        scale = np.where(positive, windows.scale / centre, windows.scale)
    return values, actual, scale


def _back(values: np.ndarray, positive: np.ndarray) -> np.ndarray:
    result = values.copy()
    result[positive] = np.exp(values[positive])
    return result


def _ordered(result: np.ndarray, point: np.ndarray, middle: int) -> np.ndarray:
    """Wider levels never lie inside narrower ones."""
    result[:, middle] = point
    for i in range(middle - 1, -1, -1):
        result[:, i] = np.minimum(result[:, i], result[:, i + 1])
        result[:, -1 - i] = np.maximum(result[:, -1 - i], result[:, -2 - i])
    return result


def _factors(windows: Windows, error, low, high, scale, level: float) -> tuple[np.ndarray, np.ndarray]:
    """How much each side of each window is multiplied, walking from the oldest origin to the final forecast."""
    blend_low, blend_high = (np.sqrt(np.maximum(side, 0) * scale[:, None]) for side in (low, high))
    with np.errstate(divide="ignore", invalid="ignore"):
        score = np.abs(error) / np.where(error >= 0, blend_high, blend_low)
    score[~np.isfinite(score)] = np.nan
    inside = np.where(np.isfinite(score), (error <= high) & (-error <= low), np.nan)
    target = windows.offset[:, None] - np.arange(1, error.shape[1] + 1)[None, :]
    factors = np.ones_like(low), np.ones_like(high)
    missed = np.full_like(low, np.nan)
    for offset in sorted(set(windows.offset.tolist()), reverse=True):
        now = np.flatnonzero(windows.offset == offset)
        known = np.where((windows.offset[:, None] > offset) & (target >= offset), score, np.nan)
        origins = np.unique(windows.offset[np.isfinite(known).any(axis=1)])
        if len(origins) < MIN_ORIGINS:
            for side in factors:
                side[now] = INDICATIVE
        else:
            risk = _adapt(windows.offset, np.where(np.isfinite(known), missed, np.nan), origins, 1 - level)
            floor = _floor(inside[np.isfinite(known)], level, len(origins))
            half = _quantiles(known, windows.serie, now, 1 - risk)
            for side, blend, width in ((factors[0], blend_low, low), (factors[1], blend_high, high)):
                ratio = np.divide(half * blend[now], width[now], out=np.ones_like(half), where=width[now] > 0)
                side[now] = np.clip(ratio, max(floor, _FACTORS[0]), _FACTORS[1])
        out = (error[now] > factors[1][now] * high[now]) | (-error[now] > factors[0][now] * low[now])
        missed[now] = np.where(np.isfinite(error[now]), out, np.nan)
    return factors


def _adapt(offsets: np.ndarray, missed: np.ndarray, origins: np.ndarray, risk: float) -> float:
    """Risk moved by the misses of the earlier origins, oldest first."""
    adapted = risk
    for origin in origins[::-1]:
        seen = missed[offsets == origin]
        seen = seen[np.isfinite(seen)]
        if len(seen):
            adapted = float(np.clip(adapted + GAMMA * (risk - seen.mean()), risk / 5, 2 * risk))
    return adapted


def _floor(inside: np.ndarray, level: float, n_origins: int) -> float:
    """Smallest factor allowed: 1, unless many scores show that the native band covers too much."""
    proven = len(inside) >= _SHRINK_SCORES and n_origins >= _SHRINK_ORIGINS
    return 0.0 if proven and inside.mean() - level > _SHRINK_EXCESS else 1.0


def _quantiles(known: np.ndarray, serie: np.ndarray, now: np.ndarray, level: float) -> np.ndarray:
    """Conformal quantile of the scores for each window of `now` and each month ahead."""
    horizon = known.shape[1]
    bucket = np.minimum(np.arange(horizon) // 3, _N_BUCKETS - 1)
    everything = known[np.isfinite(known)]
    result = np.empty((len(now), horizon))
    grid = (np.arange(PSEUDO) + 0.5) / PSEUDO
    for b in range(bucket.max() + 1):
        columns = known[:, bucket == b]
        pool = columns[np.isfinite(columns)]
        pool = pool if len(pool) >= _MIN_POOL else everything
        pseudo = np.quantile(pool, grid)
        for row, window in enumerate(now):
            own = columns[serie == serie[window]]
            merged = np.sort(np.concatenate([own[np.isfinite(own)], pseudo]))
            rank = min(int(np.ceil(level * (len(merged) + 1))), len(merged)) - 1
            result[row, bucket == b] = merged[rank]
    return result
