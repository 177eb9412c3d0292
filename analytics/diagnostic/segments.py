"""One list of segments, none inside another: who strayed from the rest, at a false discovery rate.

Without nested elements there is nothing to remove one by one: each segment has one p-value, against a normal law whose
centre and width are read on the bulk of the segments themselves (Efron 2004, "Large-scale simultaneous hypothesis
testing: the choice of a null hypothesis"), which also takes out what all the segments share.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import t as student

from analytics.diagnostic.robust import weighted_median
from analytics.diagnostic.scan import adjust

#: Part of the actual amount in the size of a segment: none for an exact expected amount, half for one as noisy.
SHARES = (0.0, 1.0 / 3.0, 0.5)
#: Shares of the counts' noise tried beside the relative noise, in units of the median size; infinite = counts only.
MIXTURES = (0.0, 0.1, 0.3, 1.0, 3.0, 10.0, np.inf)
#: Widths of the bulk, each over that of a standard normal law. Their mean is kept, or the widest where it is so by more
#: than chance allows (this many times 1 / √segments), for tails heavier than normal.
BULK = ((0.25, 1.3490), (0.10, 2.5631), (0.04, 3.5014))
BULK_CHANCE = 2.5
#: A width read on quantiles is worth about this share of as many free observations.
EFFICIENCY = 0.35
ROUNDS = 4


@dataclass(frozen=True)
class Strays:
    """Common ratio actual / expected, then per segment its z and its Benjamini-Hochberg q-value."""

    drift: float
    z: np.ndarray
    q_value: np.ndarray


def judge_segments(actual: np.ndarray, expected: np.ndarray, weight: np.ndarray | None, level: float) -> Strays:
    """z and q-value of each segment.

    Parameters
    ----------
    actual, expected : numpy.ndarray
        Amounts by segment.
    weight : numpy.ndarray or None
        Independent units behind each segment: the noise of counts is then that of amount × amount per unit.
    level : float
        q-value under which a segment no longer counts in the width of the bulk.
    """
    known = (actual != 0) | (expected != 0)
    z, q = np.zeros(len(actual)), np.ones(len(actual))
    drift, bulk = 1.0, known & (expected > 0)
    for _ in range(ROUNDS):
        drift = _common_ratio(actual[bulk], expected[bulk])
        z, free = _standardise(actual, drift * expected, weight, bulk)
        z[~known] = 0.0
        q[known] = adjust(2.0 * student.sf(np.abs(z[known]), free) * known.sum())
        calm = known & (expected > 0) & (q > level)
        if np.array_equal(calm, bulk) or calm.sum() < max(4, len(z) // 2):
            break
        bulk = calm
    return Strays(drift, z, q)


def _common_ratio(actual: np.ndarray, expected: np.ndarray) -> float:
    median = weighted_median(actual / expected, np.sqrt(expected))
    return median if median > 0 else float(actual.sum() / expected.sum())


def _standardise(
    actual: np.ndarray, expected: np.ndarray, weight: np.ndarray | None, bulk: np.ndarray
) -> tuple[np.ndarray, float]:
    """z under the noise that makes the bulk most likely, and its degrees of freedom."""
    gap, best, chosen = actual - expected, -np.inf, actual
    for share in SHARES:
        size = np.maximum(share * np.abs(actual) + (1.0 - share) * np.abs(expected), 1e-9)
        counts = size if weight is None else size * size / np.maximum(weight, 1.0)
        counts = counts * (float(np.median(size[bulk])) ** 2 / float(np.median(counts[bulk])))
        slope = np.ones_like(size) if weight is None else 2.0 * np.ones_like(size)
        for mixture in MIXTURES:
            relative, number = (0.0, 1.0) if np.isinf(mixture) else (1.0, mixture)
            variance = relative * size**2 + number * counts
            raw = gap / np.sqrt(variance)
            # How fast z moves with the amount: noises are compared as densities of the amounts, not of z.
            growth = (2.0 * relative * size**2 + slope * number * counts) / (size * variance)
            pace = (1.0 - 0.5 * gap * share * growth) / np.sqrt(variance)
            centre, width = _bulk(raw[bulk])
            z = (raw - centre) / width
            likely = float(np.mean(np.log(np.maximum(pace[bulk], 1e-12)) - np.log(width) - 0.5 * _clip(z[bulk])))
            if likely > best:
                best, chosen = likely, z
    return chosen, max(2.0, EFFICIENCY * (int(bulk.sum()) - 2))


def _clip(z: np.ndarray) -> np.ndarray:
    return np.minimum(np.abs(z), 3.0) ** 2


def _bulk(values: np.ndarray) -> tuple[float, float]:
    cuts = np.quantile(values, [0.5, *(q for low, _ in BULK for q in (low, 1.0 - low))])
    widths = [(cuts[2 * i + 2] - cuts[2 * i + 1]) / normal for i, (_, normal) in enumerate(BULK)]
    mean = sum(widths) / len(widths)
    width = max(widths) if max(widths) > mean * (1.0 + BULK_CHANCE / np.sqrt(len(values))) else mean
    return float(cuts[0]), max(float(width), 1e-6)
