"""Three small measures that a few wild cells do not upset."""

from __future__ import annotations

import numpy as np


def weighted_median(values: np.ndarray, weights: np.ndarray) -> float:
    """Smallest value with at least half of the weight at or below it."""
    order = np.argsort(values)
    cumulated = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(cumulated, cumulated[-1] / 2.0)])


def measure_tail(scores: np.ndarray, top: int = 50) -> float:
    """Scale of the largest z²/2, which is 1 for a normal noise.

    Beyond a high threshold z²/2 is close to exponential; the median excess over it resists true causes as long as they
    are fewer than half of the `top` leaves.
    """
    top = min(top, len(scores) // 20)
    if top < 5:
        return 1.0
    largest = np.sort(scores)[::-1][: top + 1]
    return float(max(1.0, (np.median(largest[:top]) - largest[top]) / np.log(2.0)))


def find_rounding(values: np.ndarray) -> float:
    """Step of the figures: 1, 0.1, 0.01 or 0.001 when all are multiples of it, 0 otherwise."""
    for step in (1.0, 0.1, 0.01, 0.001):
        if np.all(np.abs(values / step - np.round(values / step)) < 1e-6 * np.maximum(1.0, np.abs(values / step))):
            return step
    return 0.0
