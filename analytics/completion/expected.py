"""What a recent month should cost before its payments say so: level, season and trend of the mature months."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
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


def expect(ultimate: Floats, exposure: Floats, months: NDArray[np.int64]) -> Expected:
    """Expected cost of every month from the mature ones.

    Parameters
    ----------
    ultimate : ndarray, shape (G, M)
        Developed cost, EUR, NaN where the month is not mature.
    exposure : ndarray, shape (G, M)
        Bénéficiaires, or ones.
    months : ndarray of int, shape (M,)
        Months since January 1970.
    """
    usable = ~np.isnan(ultimate) & (exposure > 0)
    cost, heads = np.where(usable, ultimate, np.nan), np.where(usable, exposure, np.nan)
    last = np.where(usable.any(axis=1), len(months) - 1 - usable[:, ::-1].argmax(axis=1), -1)
    amount = _rates(cost, heads, months, last) * exposure
    return Expected(amount, _past_error(cost, heads, months, last))


def _past_error(cost: Floats, heads: Floats, months: NDArray[np.int64], last: NDArray[np.int64]) -> Floats:
    rows = np.arange(len(cost))
    gaps = []
    for back in range(BACKTEST):
        target = last - back
        known = np.arange(len(months)) <= (target - LEAD)[:, None]
        origin = np.maximum(target - LEAD, -1)
        rates = _rates(np.where(known, cost, np.nan), np.where(known, heads, np.nan), months, origin)
        at = np.maximum(target, 0)
        actual = cost[rows, at] / heads[rows, at]
        predicted = rates[rows, at]
        gaps.append(np.where((target >= 0) & (predicted > 0), actual / predicted - 1.0, np.nan))
    squares = np.array(gaps) ** 2
    n = (~np.isnan(squares)).sum(axis=0)
    mean = np.divide(np.nansum(squares, axis=0), n, out=np.full(len(cost), np.nan), where=n >= MIN_MONTHS)
    return np.sqrt(mean)


def _rates(cost: Floats, heads: Floats, months: NDArray[np.int64], last: NDArray[np.int64]) -> Floats:
    """Cost per head of every month, shape (G, M)."""
    index = last[:, None] - np.arange(HISTORY)
    inside = index >= 0
    taken = np.maximum(index, 0)
    recent_cost = np.where(inside, np.take_along_axis(cost, taken, axis=1), np.nan)
    recent_heads = np.where(inside, np.take_along_axis(heads, taken, axis=1), np.nan)
    n = (~np.isnan(recent_cost[:, :YEAR])).sum(axis=1)
    level = _ratio(recent_cost[:, :YEAR], recent_heads[:, :YEAR])
    level[n < MIN_MONTHS] = np.nan
    growth = _growth(recent_cost, recent_heads)
    season = _season(recent_cost, recent_heads, growth, months[np.maximum(last, 0)])
    distance = np.arange(len(months)) - (last[:, None] - (YEAR - 1) / 2)
    return level[:, None] * season[:, months % YEAR] * growth[:, None] ** (np.maximum(distance, 0.0) / YEAR)


def _growth(cost: Floats, heads: Floats) -> Floats:
    full = ~np.isnan(cost[:, : 2 * YEAR]).any(axis=1)
    now, before = _ratio(cost[:, :YEAR], heads[:, :YEAR]), _ratio(cost[:, YEAR : 2 * YEAR], heads[:, YEAR : 2 * YEAR])
    growth = np.divide(now, before, out=np.ones_like(now), where=full & (before > 0))
    return np.clip(growth, 1.0 - MAX_GROWTH, 1.0 + MAX_GROWTH)


def _season(cost: Floats, heads: Floats, growth: Floats, last_month: NDArray[np.int64]) -> Floats:
    """Index of each calendar month, mean 1, shape (G, 12), trend taken out; ones under two full mature years."""
    n_cells = len(cost)
    index, blocks = np.zeros((n_cells, YEAR)), np.zeros(n_cells)
    back = np.arange(YEAR)
    calendar = (last_month[:, None] - back) % YEAR
    trend = growth[:, None] ** (((YEAR - 1) / 2 - back) / YEAR)
    for start in range(0, HISTORY, YEAR):
        block_cost, block_heads = cost[:, start : start + YEAR], heads[:, start : start + YEAR]
        level = _ratio(block_cost, block_heads)
        shape = block_cost / block_heads / (level[:, None] * trend)
        full = np.isfinite(shape).all(axis=1)
        placed = np.zeros((n_cells, YEAR))
        np.put_along_axis(placed, calendar, np.where(full[:, None], shape, 0.0), axis=1)
        index += placed
        blocks += full
    index = np.divide(index, blocks[:, None], out=np.ones_like(index), where=(blocks >= 2)[:, None])
    return index / index.mean(axis=1, keepdims=True)


def _ratio(cost: Floats, heads: Floats) -> Floats:
    amount, volume = np.nansum(cost, axis=1), np.nansum(heads, axis=1)
    return np.divide(amount, volume, out=np.full(len(cost), np.nan), where=volume > 0)
