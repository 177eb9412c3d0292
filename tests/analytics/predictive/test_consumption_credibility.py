"""What a cell keeps of its own gap: nothing by chance, nearly all when its years repeat it."""

import numpy as np
import pytest

from analytics.predictive.consumption_credibility import keep_gaps, keep_none
from tests.analytics.predictive.test_consumption import fitted, simulated


def world(seed: int, spread: float, chance: float, years: int = 3, cells: int = 200):
    rng = np.random.default_rng(seed)
    expected = rng.uniform(50, 5000, cells) * np.ones((years, 1))
    own = 1 + spread * rng.standard_normal(cells)
    return expected, own, own * expected + np.sqrt(chance * expected) * rng.standard_normal((years, cells))


def test_the_planted_spread_sets_what_is_believed():
    beliefs, theory = [], []
    for seed in range(30):
        expected, _, observed = world(seed, 0.1, 20.0)
        size = expected.sum(axis=0)
        beliefs.append(keep_gaps(observed, expected, 1).credibility.mean())
        theory.append((size * 0.01 / (size * 0.01 + 20.0)).mean())
    assert np.mean(beliefs) == pytest.approx(np.mean(theory), rel=0.04)


def test_the_ratio_is_nearer_the_truth_than_either_extreme():
    expected, own, observed = world(1, 0.1, 20.0)
    found, size = keep_gaps(observed, expected, 1), expected.sum(axis=0)
    raw = observed.sum(axis=0) / size
    errors = [np.average((guess - own) ** 2, weights=size) for guess in (found.ratio, raw, np.ones(200))]
    assert errors[0] < min(errors[1:])
    inside = np.abs(found.ratio - own) <= 1.96 * np.sqrt(found.variance)
    assert 0.9 <= inside.mean() <= 0.99


def test_chance_alone_is_hardly_believed():
    beliefs = [keep_gaps(o, e, 1).credibility.mean() for e, _, o in (world(s, 0.0, 20.0) for s in range(20))]
    assert np.mean(beliefs) < 0.15


def test_one_year_teaches_nothing():
    expected, _, observed = world(2, 0.3, 1.0, years=1)
    assert (keep_gaps(observed, expected, 1).ratio == 1).all()
    assert (keep_none(np.zeros(4)).ratio == 1).all()


def test_a_cell_never_covered_keeps_nothing():
    expected, _, observed = world(3, 0.2, 5.0)
    expected[:, 7] = 0
    found = keep_gaps(observed, expected, 1)
    assert found.ratio[7] == 1
    assert found.variance[7] == 0


def test_money_has_no_unit():
    expected, _, observed = world(4, 0.1, 20.0)
    one, other = keep_gaps(observed, expected, 1), keep_gaps(observed * 100, expected * 100, 1)
    np.testing.assert_allclose(one.ratio, other.ratio)


def test_a_multiplicative_world_is_left_alone():
    found = fitted(simulated(size=5))
    for model in found.models:
        assert np.abs(model.kept.ratio - 1).max() < 0.04
    assert found.models[0].kept.ratio.mean() == pytest.approx(1, abs=0.01)
