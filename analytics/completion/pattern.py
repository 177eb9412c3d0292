"""Rhythm of payment of each cell: factors of the recent payment months, share known, Mack variances."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analytics.completion.mack import extend_sigma2
from analytics.completion.triangle import Triangles

Floats = NDArray[np.float64]
#: Active months that a cell needs for a factor of its own; otherwise it takes the factor of all cells.
MIN_PAIRS = 3


@dataclass(frozen=True)
class Pattern:
    """Rhythm of payment over K steps (from k to k + 1 months after care).

    Attributes
    ----------
    factors : ndarray, shape (G, K)
        Infinite when nothing is ever paid before the step; NaN when not measurable.
    known : ndarray, shape (G, K + 1)
        Share of the ultimate known k months after care; 1 at the end; NaN when not measurable.
    pairs : ndarray of int, shape (G, K)
        Care months behind each factor.
    borrowed : ndarray of bool, shape (G, K)
        The factor is that of all cells together.
    process, parameter : ndarray, shape (G, K + 1)
        Mack's two sums, so that the variance of an ultimate U is U·process + U²·parameter.
    """

    factors: Floats
    known: Floats
    pairs: NDArray[np.int64]
    borrowed: NDArray[np.bool_]
    process: Floats
    parameter: Floats


def measure_pattern(triangles: Triangles, *, window: int | None) -> Pattern:
    """Factors over the last `window` payment months (None: all of them)."""
    cumulative = triangles.cumulative
    ahead = triangles.age[:, None] - np.arange(1, cumulative.shape[2])
    usable = (ahead >= 0) & triangles.seen[:, None]
    if window is not None:
        usable &= ahead < window
    start = np.where(usable, cumulative[:, :, :-1], 0.0)
    end = np.where(usable, cumulative[:, :, 1:], 0.0)
    own = _factors(start, end, usable)
    pooled = _factors(start.sum(axis=0, keepdims=True), end.sum(axis=0, keepdims=True), usable)
    enough = np.minimum(MIN_PAIRS, np.maximum(pooled.pairs, 1))
    borrowed = (own.pairs < enough) | np.isnan(own.factors)
    factors = np.where(borrowed, pooled.factors, own.factors)
    sigma2 = np.where(borrowed, pooled.sigma2, own.sigma2)
    volume = np.where(borrowed, pooled.volume, own.volume)
    known = np.ones((len(factors), factors.shape[1] + 1))
    known[:, :-1] = 1.0 / np.cumprod(factors[:, ::-1], axis=1)[:, ::-1]
    process, parameter = _mack_sums(factors, sigma2, volume, known)
    return Pattern(factors, known, own.pairs, borrowed, process, parameter)


@dataclass(frozen=True)
class _Steps:
    factors: Floats
    sigma2: Floats
    volume: Floats
    pairs: NDArray[np.int64]


def _factors(start: Floats, end: Floats, usable: NDArray[np.bool_]) -> _Steps:
    volume, reached = start.sum(axis=1), end.sum(axis=1)
    factors = np.full(volume.shape, np.nan)
    np.divide(reached, volume, out=factors, where=(volume > 0) & (reached > 0))
    factors[(volume == 0) & (reached > 0)] = np.inf
    positive = start > 0
    finite = np.where(np.isfinite(factors), factors, 0.0)
    gaps = np.divide((end - finite[:, None, :] * start) ** 2, start, out=np.zeros_like(start), where=positive)
    freedom = positive.sum(axis=1) - 1
    sigma2 = np.divide(gaps.sum(axis=1), freedom, out=np.full(volume.shape, np.nan), where=freedom > 0)
    pairs = ((end > 0) & usable).sum(axis=1)
    return _Steps(factors, extend_sigma2(sigma2), volume, pairs)


def _mack_sums(factors: Floats, sigma2: Floats, volume: Floats, known: Floats) -> tuple[Floats, Floats]:
    """Sums from step k to the end of σ²/f²/(share known) and σ²/f²/(volume); 0 once fully developed."""
    ratio = np.where(np.isinf(factors), 0.0, sigma2 / factors**2)
    process = np.zeros_like(known)
    parameter = np.zeros_like(known)
    by_share = np.divide(ratio, known[:, :-1], out=np.zeros_like(ratio), where=known[:, :-1] != 0)
    by_volume = np.divide(ratio, volume, out=np.zeros_like(ratio), where=volume > 0)
    process[:, :-1] = by_share[:, ::-1].cumsum(axis=1)[:, ::-1]
    parameter[:, :-1] = by_volume[:, ::-1].cumsum(axis=1)[:, ::-1]
    return process, parameter
