"""Means, medians and correlations of columns, missing values left out; NaN where nothing is known."""

from __future__ import annotations

import numpy as np


def mean_of_known(values: np.ndarray) -> np.ndarray:
    """Mean of each column."""
    count = (~np.isnan(values)).sum(axis=0)
    return np.nansum(values, axis=0) / np.where(count > 0, count, np.nan)


def median_of_known(values: np.ndarray) -> np.ndarray:
    """Median of each column, or of one row of values."""
    ordered, count = np.sort(values, axis=0), (~np.isnan(values)).sum(axis=0)  # what is missing comes last
    low, high = (np.take_along_axis(ordered, i[None], axis=0)[0] for i in (np.maximum(count - 1, 0) // 2, count // 2))
    return np.where(count > 0, (low + high) / 2, np.nan)


def correlation_with_last(values: np.ndarray) -> np.ndarray:
    """Correlation of each month (rows) with the month before, over the pairs that are known; NaN without two."""
    left, right = values[1:] + 0 * values[:-1], values[:-1] + 0 * values[1:]
    left, right = left - mean_of_known(left), right - mean_of_known(right)
    product = np.sqrt(np.nansum(left**2, axis=0) * np.nansum(right**2, axis=0))
    return np.nansum(left * right, axis=0) / np.where(product > 0, product, np.nan)
