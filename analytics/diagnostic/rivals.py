"""Counts far above or below what was expected: the rival explanations of one gap, the most likely first.

A crisis (an outage, a batch counted twice) moves a cube by half and more, so that its own leaves cannot tell the noise.
Counts have a floor that needs no learning, Poisson's; beside it a wide relative noise keeps one wild leaf from winning.
The rows overlap: they are answers to choose from, not parts that add up.
"""

from __future__ import annotations

import math

import numpy as np

from analytics.diagnostic.robust import find_rounding, weighted_median
from analytics.diagnostic.scan import Candidate, Cube, find_best_of_all

#: Relative noise of a leaf (standard deviation over size) when nothing else is known; 0.3 to 0.7 answer alike.
RELATIVE_NOISE = 0.5
#: Common ratio looked for, when most leaves take part in the crisis.
DRIFT_RANGE = (1.0 / 3.0, 3.0)
#: Median of a χ² with one degree of freedom.
MEDIAN_CHI2 = 0.4549
#: Share of the amounts that the common ratio leaves unexplained: a crisis, or only a gap worth a second look.
CRISIS_GAP, PLAIN_GAP = 0.2, 0.08
#: Largest noise per unit still called that of counts, and score over ln(number of elements) that is not chance.
MAX_NOISE, MIN_SCORE = 10.0, 1.0


def find_rivals(
    cube: Cube, actual: np.ndarray, expected: np.ndarray, limit: int, min_gap: float | None
) -> tuple[list[Candidate], float]:
    """The `limit` elements that best explain the gap, in its direction, and the common ratio.

    Parameters
    ----------
    cube : Cube
        Coded leaves.
    actual, expected : numpy.ndarray
        Amounts by leaf; whole numbers, or there are no rivals.
    limit : int
        Largest number of rivals.
    min_gap : float or None
        Share of the amounts that must be left unexplained, the best rival being above chance too; None asks for
        nothing, the gap being known to be abnormal.
    """
    step = find_rounding(actual)
    if step != 1.0:
        return [], 1.0
    drift = _common_ratio(actual, expected)
    gap, size = actual - drift * expected, np.maximum((np.abs(actual) + drift * np.abs(expected)) / 2.0, 1e-9)
    noise = float(np.median(gap**2 / np.maximum(size, step))) / MEDIAN_CHI2
    margins = max(_unexplained(actual, expected, ratio) for ratio in _margin_ratios(cube, actual, expected))
    total = min(margins, *(_unexplained(actual, expected, ratio) for ratio in (drift, 1.0)))
    if min_gap is not None and (noise > MAX_NOISE or total < min_gap):
        return [], drift
    noise = max(noise, step, 1e-6 * float(size.mean()))
    variance = RELATIVE_NOISE**2 * size**2 + noise * size
    direction = math.copysign(1.0, float(actual.sum() - expected.sum()))
    found = find_best_of_all(cube, direction * size * gap / variance, size**2 / variance, limit)
    if min_gap is not None and (not found or found[0].score < MIN_SCORE * math.log(cube.n_tests)):
        return [], drift
    return found, drift


def _common_ratio(actual: np.ndarray, expected: np.ndarray) -> float:
    """Median ratio; a leaf that nothing was expected of counts for one unit, on the side of the high ratios."""
    ratio = actual / np.maximum(expected, 1e-9)
    return float(np.clip(weighted_median(ratio, np.sqrt(np.maximum(expected, 0.0) + 1.0)), *DRIFT_RANGE))


def _unexplained(actual: np.ndarray, expected: np.ndarray, common: float) -> float:
    left = float(actual.sum()) - common * float(expected.sum())
    return abs(left) / max(float(actual.sum()), common * float(expected.sum()))


def _margin_ratios(cube: Cube, actual: np.ndarray, expected: np.ndarray) -> list[float]:
    """Median ratio of the values of each dimension: that of sparse leaves is low whatever happens."""
    ratios = []
    for dim, size in enumerate(cube.sizes):
        a, e = np.bincount(cube.codes[:, dim], actual, size), np.bincount(cube.codes[:, dim], expected, size)
        known = e > 0
        ratios.append(weighted_median(a[known] / e[known], np.sqrt(e[known])))
    return ratios
