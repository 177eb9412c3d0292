"""The quick forms of the last month beside the plain ones."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from scipy import stats

from analytics.diagnostic.last import FREEDOM, HALF_LIFE, PRIOR, errors_of, replay_errors, tail_probability
from analytics.diagnostic.onestep import BEST, _Smoothing, median_of_rows, usual_spread
from analytics.diagnostic.smallest import replay_smallest


def panel(seed, series, months, heavy):
    """Series with a season; those of the last columns never move, or only once."""
    rng = np.random.default_rng(seed)
    noise = stats.t(1.5).rvs(size=(months, series), random_state=rng) if heavy else rng.normal(size=(months, series))
    season = 0.1 * np.sin(np.arange(months) * np.pi / 6)[:, None]
    wide = pd.DataFrame(np.exp(5 + season + np.clip(0.03 * noise, -3, 3)))
    still = pd.Series(np.ones(months))
    moved = still.where(np.arange(months) != months - 8, 2.0)
    return pd.concat([wide, still.rename("still"), moved.rename("moved")], axis=1)


@pytest.mark.parametrize("months", [37, 60, 110])
@pytest.mark.parametrize("heavy", [False, True])
@pytest.mark.parametrize("series", [0, 1, 3, 80])
def test_the_smallest_is_the_smallest_of_all(months, heavy, series):
    wide = panel(months + series, series, months, heavy)
    found = errors_of(wide)
    expected = replay_errors(found, wide, 36).min(axis=1)
    smallest = replay_smallest(found, wide.index, 36)
    pd.testing.assert_series_equal(smallest, expected, rtol=1e-10, check_index_type=False)


def test_too_short_a_history_is_not_replayed():
    wide = panel(1, 3, 30, heavy=False)
    assert replay_smallest(errors_of(wide), wide.index, 36).empty


def plain_tail(past, last):
    """The same law, one series and one sum at a time."""
    weights = 0.5 ** (np.arange(len(past))[::-1] / HALF_LIFE)
    tails, likelihoods = [], []
    for freedom in FREEDOM:
        scale2 = usual_spread(past[:, None])[0] ** 2
        for _ in range(12):
            scale2 = np.average((freedom + 1) / (freedom + past**2 / scale2) * past**2, weights=weights)
        likelihoods.append((weights * stats.t.logpdf(past, freedom, scale=np.sqrt(scale2))).sum())
        wider = np.sqrt(scale2 * (1 + 1 / weights.sum()))
        tails.append(2 * stats.t.sf(abs(last), freedom, scale=wider))
    posterior = PRIOR * np.exp(np.array(likelihoods) - max(likelihoods))
    return (posterior * tails).sum() / posterior.sum()


def test_the_tail_is_that_of_a_plain_sum():
    rng = np.random.default_rng(2)
    past, last = rng.standard_t(3, size=(50, 8)), rng.normal(0, 4, 8)
    expected = [plain_tail(p, x) for p, x in zip(past.T, last, strict=True)]
    np.testing.assert_allclose(tail_probability(past, last), expected, rtol=1e-10)


@settings(max_examples=60, deadline=None)
@given(some.integers(1, 9), some.integers(0, 2**32 - 1))
def test_the_closest_are_the_first_ones_whatever_the_ties(levels, seed):
    smoothing = _Smoothing(np.ones((24, 5)))
    smoothing.fit = np.random.default_rng(seed).integers(0, levels, smoothing.fit.shape).astype(float)
    order = np.argsort(smoothing.fit, axis=1, kind="stable")[:, :BEST]
    expected = np.zeros(smoothing.fit.shape, dtype=bool)
    np.put_along_axis(expected, order, True, axis=1)
    np.testing.assert_array_equal(smoothing._closest(), expected)


@pytest.mark.parametrize("count", [1, 2, 7, 8])
def test_the_median_of_rows(count):
    values = np.random.default_rng(count).normal(size=(3, 4, count))
    np.testing.assert_array_equal(median_of_rows(values), np.median(values, axis=-1))
