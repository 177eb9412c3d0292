"""What a recent month should cost before its payments say so: level, season and trend of the mature months."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
YEAR = 12
#: Mature months looked at, at most.
HISTORY = 36
#: Fewer mature months than this give no expected level.
MIN_MONTHS = 3
#: Yearly growth believed, at most; beyond it the two years are not comparable.
MAX_GROWTH = 0.15
#: Months predicted again to measure the error of the method.
BACKTEST = 12
#: Distance between the last mature month and the month predicted again.
LEAD = 2


@dataclass(frozen=True)
class Expected:
    """Expected cost of each month and how wrong the method was.

    Attributes
    ----------
    amount : ndarray, shape (G, M)
        EUR; NaN where it cannot be said.
    error : ndarray, shape (G,)
        Relative error (root mean square) of the same method on past mature months; NaN when not measurable.
    """

    amount: Floats
    error: Floats


def expect(ultimate: Floats, exposure: Floats, months: Integers) -> Expected:
    """Expected cost of every month from the mature ones.

    Parameters
    ----------
    ultimate : ndarray, shape (G, M)
        Developed cost, EUR, NaN where the month is not mature.
    exposure : ndarray, shape (G, M)
        Bénéficiaires, or ones.
    months : ndarray of int, shape (M,)
        Months since January 1970, without gap.
    """
    usable = ~np.isnan(ultimate) & (exposure > 0)
    cost, heads = np.where(usable, ultimate, 0.0), np.where(usable, exposure, 0.0)
    mature = _Mature(cost, heads, usable)
    last = np.where(usable.any(axis=1), len(months) - 1 - usable[:, ::-1].argmax(axis=1), -1)
    rows, every = np.arange(len(cost)), np.arange(len(months))[None, :]
    amount = _learn(mature, months, rows, last).rates(months, every) * exposure
    return Expected(amount, _past_error(mature, months, last))


@dataclass(frozen=True)
class _Mature:
    """Cost and heads of the mature months, 0 elsewhere; shape (G, M)."""

    cost: Floats
    heads: Floats
    usable: NDArray[np.bool_]


@dataclass(frozen=True)
class _Lesson:
    """Level, yearly growth and season (shape (R, 12)) told to R questions by the months up to `last`."""

    level: Floats
    growth: Floats
    season: Floats
    last: Integers

    def rates(self, months: Integers, at: Integers) -> Floats:
        """Cost per head of the months at these positions, shape (R, n) or (1, n) for the same of all."""
        distance = at - (self.last[:, None] - (YEAR - 1) / 2)
        rows = np.arange(len(self.level))[:, None]
        trend = self.growth[:, None] ** (np.maximum(distance, 0.0) / YEAR)
        return self.level[:, None] * self.season[rows, months[at] % YEAR] * trend


def _past_error(mature: _Mature, months: Integers, last: Integers) -> Floats:
    """Each of the last mature months predicted from those known `LEAD` months before it, all of them at once."""
    shape = (len(last), BACKTEST)
    target = (last[:, None] - np.arange(BACKTEST)).ravel()
    rows, at = np.repeat(np.arange(len(last)), BACKTEST), np.maximum(target, 0)
    origin = np.maximum(target - LEAD, -1)
    predicted = _learn(mature, months, rows, origin).rates(months, at[:, None])[:, 0]
    meant = mature.usable[rows, at] & (target >= 0) & (predicted > 0)
    actual = np.divide(mature.cost[rows, at], mature.heads[rows, at], out=np.zeros(len(rows)), where=meant)
    gaps = np.divide(actual, predicted, out=np.ones(len(rows)), where=meant) - 1.0
    n = meant.reshape(shape).sum(axis=1)
    squares = (gaps**2).reshape(shape).sum(axis=1)
    return np.sqrt(np.divide(squares, n, out=np.full(len(last), np.nan), where=n >= MIN_MONTHS))


def _learn(mature: _Mature, months: Integers, rows: Integers, last: Integers) -> _Lesson:
    """What the `HISTORY` months up to `last` say, for each question (a row and its last month)."""
    index = last[:, None] - np.arange(HISTORY)
    at = (rows[:, None], np.maximum(index, 0))
    known = mature.usable[at] & (index >= 0)
    by_year = (len(rows), HISTORY // YEAR, YEAR)
    cost = np.where(known, mature.cost[at], 0.0).reshape(by_year)
    heads = np.where(known, mature.heads[at], 0.0).reshape(by_year)
    known = known.reshape(by_year)
    volume = heads.sum(axis=2)
    mean = np.divide(cost.sum(axis=2), volume, out=np.full(volume.shape, np.nan), where=volume > 0)
    level = np.where(known[:, 0].sum(axis=1) >= MIN_MONTHS, mean[:, 0], np.nan)
    growth = _growth(mean, known)
    rate = np.divide(cost, heads, out=np.full(by_year, np.nan), where=known)
    return _Lesson(level, growth, _season(rate, mean, growth, months[np.maximum(last, 0)]), last)


def _growth(mean: Floats, known: NDArray[np.bool_]) -> Floats:
    now, before = mean[:, 0], mean[:, 1]
    full = known[:, :2].all(axis=(1, 2))
    growth = np.divide(now, before, out=np.ones_like(now), where=full & (before > 0))
    return np.clip(growth, 1.0 - MAX_GROWTH, 1.0 + MAX_GROWTH)


def _season(rate: Floats, mean: Floats, growth: Floats, last_month: Integers) -> Floats:
    """Index of each calendar month, mean 1, shape (R, 12), trend taken out; ones under two full mature years."""
    back = np.arange(YEAR)
    trend = growth[:, None] ** (((YEAR - 1) / 2 - back) / YEAR)
    usual = mean[:, :, None] * trend[:, None, :]
    shape = np.divide(rate, usual, out=np.full(rate.shape, np.nan), where=usual != 0)
    full = np.isfinite(shape).all(axis=2)
    total, blocks = np.where(full[:, :, None], shape, 0.0).sum(axis=1), full.sum(axis=1)[:, None]
    by_back = np.divide(total, blocks, out=np.ones_like(total), where=blocks >= 2)
    index = np.empty_like(by_back)
    np.put_along_axis(index, (last_month[:, None] - back) % YEAR, by_back, axis=1)
    return index / index.mean(axis=1, keepdims=True)
