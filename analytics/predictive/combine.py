"""The forecast is the mean of the members that survive the guards, extremes left out, quantile by quantile.

Of three or four members it is the median. Source: Petropoulos and Svetunkov (2020).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np


def combine(members: Mapping[str, np.ndarray]) -> np.ndarray:
    """Mean over members, the lowest and the highest left out when they are three or more.

    Parameters
    ----------
    members : mapping of str to numpy.ndarray
        Quantiles of each member: one row per probability, one column per month ahead.

    Returns
    -------
    numpy.ndarray
        Same shape as one member; rows are sorted so that quantiles never cross.
    """
    ordered = np.sort(np.stack(list(members.values())), axis=0)
    middle = (ordered[1:-1] if len(ordered) > 2 else ordered).mean(axis=0)
    return np.sort(middle, axis=0) if np.isfinite(middle).all() else middle
