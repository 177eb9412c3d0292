"""Rhythm of payment of each cell: factors of the recent payment months, share known, Mack variances."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analytics.completion.mack import extend_sigma2
from analytics.completion.triangle import Triangles

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
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
    pairs: Integers
    borrowed: NDArray[np.bool_]
    process: Floats
    parameter: Floats


def measure_pattern(triangles: Triangles, *, window: int | None) -> Pattern:
    """Factors over the last `window` payment months (None: all of them)."""
    return measure_patterns(triangles.cumulative, triangles.age[None], triangles.seen[None], window=window)


def measure_patterns(cumulative: Floats, age: Integers, seen: NDArray[np.bool_], *, window: int | None) -> Pattern:
    """Rhythm of the same cells at C closings, those of the first closing coming first.

    Parameters
    ----------
    cumulative : ndarray, shape (G, M, K + 1)
        As in :class:`analytics.completion.triangle.Triangles`; what a closing did not know yet is left out by its age.
    age, seen : ndarray, shape (C, M)
        As in `Triangles`, at each closing.
    window : int or None
        Payment months behind each factor.

    Returns
    -------
    Pattern
        Of C·G cells.
    """
    n_steps = cumulative.shape[2] - 1
    ahead = age[:, :, None] - np.arange(1, n_steps + 1)
    usable = (ahead >= 0) & seen[:, :, None]
    if window is not None:
        usable &= ahead < window
    months = _met(usable)
    usable, cumulative = usable[:, None, months], cumulative[:, months]
    start = np.where(usable, cumulative[:, :, :-1], 0.0)
    end = np.where(usable, cumulative[:, :, 1:], 0.0)
    own = _factors(start, end, usable)
    pooled = _factors(start.sum(axis=1, keepdims=True), end.sum(axis=1, keepdims=True), usable)
    enough = np.minimum(MIN_PAIRS, np.maximum(pooled.pairs, 1))
    borrowed = (own.pairs < enough) | np.isnan(own.factors)
    size = (len(age) * len(cumulative), n_steps)
    chosen = (np.where(borrowed, theirs, ours) for ours, theirs in ((own.factors, pooled.factors),
              (own.sigma2, pooled.sigma2), (own.volume, pooled.volume)))  # fmt: skip
    factors, sigma2, volume, pairs, borrowed = (a.reshape(size) for a in (*chosen, own.pairs, borrowed))
    known = np.ones((len(factors), n_steps + 1))
    known[:, :-1] = 1.0 / np.cumprod(factors[:, ::-1], axis=1)[:, ::-1]
    process, parameter = _mack_sums(factors, sigma2, volume, known)
    return Pattern(factors, known, pairs, borrowed, process, parameter)


def _met(usable: NDArray[np.bool_]) -> slice:
    """From the first month that any factor looks at to the last."""
    found = np.flatnonzero(usable.any(axis=(0, 2)))
    return slice(found[0], found[-1] + 1) if len(found) else slice(0, 0)


@dataclass(frozen=True)
class _Steps:
    """One value by closing, cell and step, shape (C, G, K)."""

    factors: Floats
    sigma2: Floats
    volume: Floats
    pairs: Integers


def _factors(start: Floats, end: Floats, usable: NDArray[np.bool_]) -> _Steps:
    volume, reached = start.sum(axis=2), end.sum(axis=2)
    factors = np.full(volume.shape, np.nan)
    np.divide(reached, volume, out=factors, where=(volume > 0) & (reached > 0))
    factors[(volume == 0) & (reached > 0)] = np.inf
    positive = start > 0
    finite = np.where(np.isfinite(factors), factors, 0.0)
    gaps = np.divide((end - finite[:, :, None] * start) ** 2, start, out=np.zeros_like(start), where=positive)
    freedom = positive.sum(axis=2) - 1
    sigma2 = np.divide(gaps.sum(axis=2), freedom, out=np.full(volume.shape, np.nan), where=freedom > 0)
    pairs = ((end > 0) & usable).sum(axis=2)
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
