"""What the least likely series of each past month would have been given: the replay of :mod:`.last`, the useful part.

A budget of false alerts only asks each past month for its smallest p-value. Most series cannot have it, and one round
of EM is enough to know it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from analytics.diagnostic.last import FREEDOM, MEMORY, TINY, em_round, months_replayed, recent_weights, tails_of
from analytics.diagnostic.onestep import YEAR, OneStep, spread_of_rows

FIRST_JUDGED = 4  # series of a month judged before the others, to leave most of these out
_MARGIN = 1e-6  # what a quantile may be wrong by


def replay_smallest(found: OneStep, months: pd.Index, looks: int) -> pd.Series:
    """By month, the smallest p-value of `replay_errors`, without those that cannot be the smallest.

    The most unusual errors of each look are judged first; a series is then left out where its law is surely wide enough
    to make its own error less unusual.

    Parameters
    ----------
    found : OneStep
        Errors of a panel.
    months : pandas.Index
        Months of the panel.
    looks : int
        Months to replay at most.

    Returns
    -------
    pandas.Series
        By month replayed; NaN where no series ever moved.
    """
    errors, scaled = np.ascontiguousarray(found.errors.T), np.ascontiguousarray(found.scaled.T)
    with np.errstate(all="ignore"):  # a series that hardly moved is of no known spread: it is judged with the others
        past = [_Look.at(t, errors, scaled) for t in months_replayed(found, looks)]
        unusual = [np.argsort(-look.last / np.maximum(look.spread, TINY))[:FIRST_JUDGED] for look in past]
    smallest = _smallest(past, unusual)
    with np.errstate(all="ignore"):
        rest = [look.rivals(p, but) for look, p, but in zip(past, smallest, unusual, strict=True)]
    smallest = np.fmin(smallest, _smallest(past, rest))
    return pd.Series(smallest, index=months[[look.t + YEAR for look in past]])


@dataclass(frozen=True)
class _Look:
    """A month of errors and those that it is held against, series × months."""

    t: int
    errors: np.ndarray
    past: np.ndarray
    last: np.ndarray
    spread: np.ndarray

    @classmethod
    def at(cls, t: int, errors: np.ndarray, scaled: np.ndarray) -> _Look:
        """That of month `t`, from every error."""
        past = scaled[:, max(0, t - MEMORY) : t]
        return cls(t, errors[:, :t], past, np.abs(scaled[:, t]), spread_of_rows(past))

    def rivals(self, p_value: float, judged: np.ndarray) -> np.ndarray:
        """Other series whose p-value may be under the one given.

        It is not where, for every number of degrees of freedom, the scale learnt is above the one at which the tail is
        just `p_value`. A round of EM keeps the order of scales: one that starts above a scale that a round does not
        lower stays above it.
        """
        weights, total = recent_weights(self.past.shape[1])
        quantiles = (1 - _MARGIN) * stdtrit(FREEDOM, p_value / 2)
        scales2 = np.maximum((self.last / quantiles[:, None]) ** 2 / (1 + 1 / total), TINY)
        squares, learnt = self.past**2, np.empty_like(scales2)
        for i, freedom in enumerate(FREEDOM):
            learnt[i] = em_round(freedom, scales2[i], squares, weights, total)
        usual = ((learnt >= scales2) & (self.spread**2 >= scales2)).all(axis=0)
        usual[judged] = True
        return np.flatnonzero(~usual)


def _smallest(looks: list[_Look], series: list[np.ndarray]) -> np.ndarray:
    """By look, the smallest p-value of some of its series; NaN where none of them ever moved."""
    smallest = np.full(len(looks), np.nan)
    moving = [s[spread_of_rows(look.errors[s]) > 0] for look, s in zip(looks, series, strict=True)]
    numbers = np.repeat(np.arange(len(looks)), [len(s) for s in moving])
    if not len(numbers):
        return smallest
    past = np.zeros((len(numbers), MEMORY))  # a look with a shorter past is completed by errors that weigh nothing
    for number, (look, s) in enumerate(zip(looks, moving, strict=True)):
        past[numbers == number, MEMORY - look.past.shape[1] :] = look.past[s]
    known = np.array([look.past.shape[1] for look in looks])[numbers]
    spread = np.concatenate([look.spread[s] for look, s in zip(looks, moving, strict=True)])
    last = np.concatenate([look.last[s] for look, s in zip(looks, moving, strict=True)])
    np.fmin.at(smallest, numbers, tails_of(past**2, known, spread, last))
    return smallest
