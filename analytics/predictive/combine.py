"""The forecast is the mean of the members that survive the guards, extremes left out, quantile by quantile.

Of three members it is the median. A member that weighs more is left out less. Source: Petropoulos and Svetunkov (2020);
the trimming by weight is that of a weighted order statistic.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np


def combine(members: Mapping[str, np.ndarray], weights: Mapping[str, float] | None = None) -> np.ndarray:
    """Weighted mean over members, what lies at each end left out when they are three or more.

    Parameters
    ----------
    members : mapping of str to numpy.ndarray
        Quantiles of each member: one row per probability, one column per month ahead.
    weights : mapping of str to float, optional
        Positive; equal by default, and when a member has none. As much as one member among equals is left out at each
        end.

    Returns
    -------
    numpy.ndarray
        Same shape as one member; rows are sorted so that quantiles never cross.
    """
    values = np.stack(list(members.values()))
    own = np.array(list(share(members, weights).values()))
    kept = _inside(values, own, 1 / len(values) if len(values) > 2 else 0.0)
    middle = (np.sort(values, axis=0) * kept).sum(axis=0) / kept.sum(axis=0)
    return np.sort(middle, axis=0) if np.isfinite(middle).all() else middle


def share(members: Iterable[str], weights: Mapping[str, float] | None) -> dict[str, float]:
    """Weights that sum to 1, equal when a member has none."""
    names = list(members)
    own = np.array([(weights or {}).get(name, np.nan) for name in names])
    own = np.ones(len(names)) if np.isnan(own).any() else own
    return dict(zip(names, (own / own.sum()).tolist(), strict=True))


def _inside(values: np.ndarray, weights: np.ndarray, out: float) -> np.ndarray:
    """Weight of each ordered value once `out` is taken from each end of the cumulated weights."""
    own = weights[np.argsort(values, axis=0, kind="stable")]
    above = np.cumsum(own, axis=0)
    return np.clip(above, out, 1 - out) - np.clip(above - own, out, 1 - out)
