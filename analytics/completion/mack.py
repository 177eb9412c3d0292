"""Chain ladder with Mack's distribution-free standard errors, on one triangle."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analytics.errors import InsufficientData, ParameterError

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class ChainLadder:
    """Developed triangle, one value per origin unless said otherwise.

    Attributes
    ----------
    factors : ndarray, shape (n_dev - 1,)
        Factor from one development period to the next.
    ultimate : ndarray, shape (n_origin,)
        Amount expected once everything is known, in the unit of the triangle.
    reserve : ndarray, shape (n_origin,)
        Ultimate less the amount already known.
    se : ndarray, shape (n_origin,)
        Standard error of the reserve (process and parameter); NaN when too few factors were observed.
    total_reserve, total_se : float
        Over all origins; the total error holds the covariance between origins.
    sigma2 : ndarray, shape (n_dev - 1,)
        Variance parameter of each factor.
    """

    factors: Floats
    ultimate: Floats
    reserve: Floats
    se: Floats
    total_reserve: float
    total_se: float
    sigma2: Floats


def chain_ladder(triangle: ArrayLike) -> ChainLadder:
    """Develop a cumulative triangle and measure the error of the result.

    Parameters
    ----------
    triangle : array_like, shape (n_origin, n_dev)
        Cumulative amounts, origin × development, NaN where not yet known. A row is known up to some column.

    Raises
    ------
    ParameterError
        Not two-dimensional, an origin without any value, or a hole before the last known value of an origin.
    InsufficientData
        A development period that no origin has gone through, or that starts from nothing.

    Notes
    -----
    Mack (1993), "Distribution-free calculation of the standard error of chain ladder reserve estimates", ASTIN
    Bulletin 23. A variance seen on a single pair is the smallest of s₋₁⁴/s₋₂², s₋₂² and s₋₁², s being the two before.
    """
    amounts = _checked(triangle)
    known = ~np.isnan(amounts)
    position = known.sum(axis=1) - 1
    pair = known[:, 1:]
    start, end = np.where(pair, amounts[:, :-1], 0.0), np.where(pair, amounts[:, 1:], 0.0)
    volume = start.sum(axis=0)
    if (volume <= 0).any():
        raise InsufficientData(
            "Une période de développement ne part d’aucun montant : le facteur n’existe pas.",
            remede="Fournissez un historique plus long ou retirez les colonnes vides.",
        )
    factors = end.sum(axis=0) / volume
    sigma2 = extend_sigma2(_observed_sigma2(start, end, factors))
    full = _projected(amounts, factors, position)
    latest = amounts[np.arange(len(amounts)), position]
    ultimate = full[:, -1]
    ahead = np.arange(len(factors)) >= position[:, None]
    variance = _origin_variance(full, ahead, sigma2 / factors**2, volume)
    reserve = ultimate - latest
    total = _total_variance(full, ahead, sigma2 / factors**2, volume)
    return ChainLadder(
        factors, ultimate, reserve, np.sqrt(variance), float(reserve.sum()), float(np.sqrt(total)), sigma2
    )


def extend_sigma2(sigma2: Floats) -> Floats:
    """Give the missing variances (factors seen on one pair) by Mack's rule on the two before (last axis)."""
    result = sigma2.copy()
    for k in range(2, result.shape[-1]):
        before, last = result[..., k - 2], result[..., k - 1]
        decay = np.divide(last**2, before, out=np.zeros_like(last), where=before > 0)
        rule = np.minimum(decay, np.minimum(before, last))
        result[..., k] = np.where(np.isnan(result[..., k]), rule, result[..., k])
    return result


def _checked(triangle: ArrayLike) -> Floats:
    amounts = np.asarray(triangle, dtype=float)
    if amounts.ndim != 2 or amounts.shape[1] < 2:
        raise ParameterError("Un triangle a des lignes et au moins deux colonnes de développement.")
    known = ~np.isnan(amounts)
    if not known[:, 0].all():
        raise ParameterError("Chaque ligne du triangle commence par un montant connu.")
    if (np.diff(known.astype(int), axis=1) > 0).any():
        raise ParameterError("Une ligne du triangle a un trou avant son dernier montant connu.")
    return amounts


def _observed_sigma2(start: Floats, end: Floats, factors: Floats) -> Floats:
    """Weighted squared gaps to the factor; C·(F − f)² is written (D − f·C)²/C so that it needs C > 0 only."""
    usable = start > 0
    gaps = np.divide((end - factors * start) ** 2, start, out=np.zeros_like(start), where=usable)
    freedom = usable.sum(axis=0) - 1
    return np.divide(gaps.sum(axis=0), freedom, out=np.full(len(factors), np.nan), where=freedom > 0)


def _projected(amounts: Floats, factors: Floats, position: NDArray[np.int64]) -> Floats:
    full = amounts.copy()
    for k, factor in enumerate(factors):
        full[:, k + 1] = np.where(position <= k, full[:, k] * factor, full[:, k + 1])
    return full


def _origin_variance(full: Floats, ahead: NDArray[np.bool_], ratio: Floats, volume: Floats) -> Floats:
    inverse = np.divide(1.0, full[:, :-1], out=np.full_like(full[:, :-1], np.nan), where=full[:, :-1] != 0)
    terms = np.where(ahead, ratio * (inverse + 1.0 / volume), 0.0)
    return full[:, -1] ** 2 * terms.sum(axis=1)


def _total_variance(full: Floats, ahead: NDArray[np.bool_], ratio: Floats, volume: Floats) -> float:
    """Process errors add up; the error of a factor hits every origin that still has to go through it."""
    ultimate = full[:, -1]
    inverse = np.divide(1.0, full[:, :-1], out=np.full_like(full[:, :-1], np.nan), where=full[:, :-1] != 0)
    process = (ultimate[:, None] ** 2 * np.where(ahead, ratio * inverse, 0.0)).sum()
    exposed = (ultimate[:, None] * ahead).sum(axis=0)
    return float(process + np.where(exposed != 0, ratio / volume * exposed**2, 0.0).sum())
