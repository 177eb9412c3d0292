"""The a-priori against the same rule written month by month."""

from __future__ import annotations

import numpy as np
import pytest

from analytics.completion.expected import BACKTEST, HISTORY, LEAD, MAX_GROWTH, MIN_MONTHS, expect


def year(cost: np.ndarray, heads: np.ndarray, last: int, rank: int) -> list[int]:
    """Positions of the months of a year, the latest first, that are known."""
    months = range(last - 12 * rank, last - 12 * rank - 12, -1)
    return [m for m in months if m >= 0 and not np.isnan(cost[m]) and heads[m] > 0]


def mean(cost: np.ndarray, heads: np.ndarray, months: list[int]) -> float:
    return sum(cost[m] for m in months) / sum(heads[m] for m in months) if months else np.nan


def rate(cost: np.ndarray, heads: np.ndarray, months: np.ndarray, last: int, at: int) -> float:
    """Cost per head of a month, of what is known up to `last`."""
    years = [year(cost, heads, last, rank) for rank in range(HISTORY // 12)] if last >= 0 else [[], [], []]
    if len(years[0]) < MIN_MONTHS:
        return np.nan
    level, growth = mean(cost, heads, years[0]), 1.0
    if len(years[0]) == len(years[1]) == 12:
        growth = np.clip(level / mean(cost, heads, years[1]), 1 - MAX_GROWTH, 1 + MAX_GROWTH)
    full = [known for known in years if len(known) == 12]
    season = np.ones(12)
    if len(full) >= 2:
        for back in range(12):
            shapes = [
                cost[y[back]] / heads[y[back]] / (mean(cost, heads, y) * growth ** ((5.5 - back) / 12)) for y in full
            ]
            season[months[last - back] % 12] = np.mean(shapes)
        season /= season.mean()
    return level * season[months[at] % 12] * growth ** (max(at - (last - 5.5), 0) / 12)


@pytest.mark.parametrize("seed", range(6))
def test_the_rule_month_by_month(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 60))
    months = np.arange(n) + 600
    cost = 1e4 * rng.gamma(50, 1 / 50, (4, n)) * (1 + 0.2 * np.sin(months * np.pi / 6))
    cost[:, n - n // 10 :] = np.nan
    cost[1, rng.random(n) < 0.1] = np.nan
    cost[2] = np.nan
    heads = rng.uniform(90, 110, (4, n))
    heads[3, rng.random(n) < 0.05] = rng.choice([0.0, np.nan])
    found = expect(cost, heads, months)
    for g in range(4):
        known = [m for m in range(n) if not np.isnan(cost[g, m]) and heads[g, m] > 0]
        last = known[-1] if known else -1
        wanted = [rate(cost[g], heads[g], months, last, m) * heads[g, m] for m in range(n)]
        np.testing.assert_allclose(found.amount[g], wanted, rtol=1e-12)
        gaps = [
            cost[g, m] / heads[g, m] / rate(cost[g], heads[g], months, max(m - LEAD, -1), m) - 1
            for m in range(last, last - BACKTEST, -1)
            if m in known
        ]
        gaps = [gap for gap in gaps if not np.isnan(gap)]
        error = np.sqrt(np.mean(np.square(gaps))) if len(gaps) >= MIN_MONTHS else np.nan
        np.testing.assert_allclose(found.error[g], error, rtol=1e-9)


def test_nothing_ever_paid_has_no_season():
    found = expect(np.zeros((1, 40)), np.ones((1, 40)), np.arange(40))
    assert (found.amount == 0).all()
    assert np.isnan(found.error).all()
