"""The blend against Gaussian conditioning written out, and its two limits."""

from __future__ import annotations

import numpy as np
import pytest

from analytics.completion import credibility
from analytics.completion.credibility import blend, weekdays

N = 30
MONTHS = np.arange(600, 600 + N)


def book(seed: int = 0, cells: int = 2):
    """A-priori of 100, noisy mature months, three months half known."""
    rng = np.random.default_rng(seed)
    ladder = 100 * (1 + 0.05 * rng.standard_normal((cells, N)))
    variance = np.zeros((cells, N))
    known = np.ones((cells, N))
    for age, (share, error) in enumerate([(0.05, 60.0), (0.6, 12.0), (0.9, 3.0)]):
        known[:, N - 1 - age] = share
        variance[:, N - 1 - age] = error**2
        ladder[:, N - 1 - age] += error * rng.standard_normal(cells)
    return ladder, variance, np.full((cells, N), 100.0), known, known >= 0.9


def by_hand(ladder, variance, known, settled, drift):
    """One cell, one drift: regression on level, weekdays, season and walk, then the estimate of each month in turn."""
    gap = ladder / 100 - 1
    days = np.log(weekdays(MONTHS) / credibility.USUAL_WEEKDAYS)
    pairs = [k for k in range(N - 1) if settled[k] and settled[k + 1]]
    change, step = gap[1:][pairs] - gap[:-1][pairs], np.diff(days)[pairs]
    left = change - step * (change @ step) / (step @ step)
    noise = (left @ left) / (len(pairs) - 1) / (2 + drift + 2 * credibility.SEASON)
    cost = np.zeros((N, N))
    for i in range(N):
        for j in range(N):
            cost[i, j] = credibility.VAGUE**2 + (credibility.WORKING_DAYS_SD**2) * days[i] * days[j]
            cost[i, j] += noise * drift * (min(i, j) + 1)
            cost[i, j] += noise * (credibility.SEASON * ((i - j) % 12 == 0) + (i == j))
    least = credibility.SURPRISE * noise * (1 - known) / known
    observed = cost + np.diag(np.maximum(variance / 1e4, least))
    mean = days * credibility.WORKING_DAYS
    moved = mean + cost @ np.linalg.inv(observed) @ (gap - mean)
    spread = np.sqrt(np.maximum(np.diag(cost - cost @ np.linalg.inv(observed) @ cost), 0))
    likelihood = -0.5 * ((gap - mean) @ np.linalg.inv(observed) @ (gap - mean) + np.linalg.slogdet(observed)[1])
    return 100 * (1 + moved), 100 * spread, likelihood


@pytest.mark.parametrize("drift", [0.01, 0.3])
def test_one_drift_is_gaussian_conditioning(monkeypatch, drift):
    monkeypatch.setattr(credibility, "DRIFTS", (drift,))
    ladder, variance, prior, known, settled = book()
    ultimate, se = blend(ladder, variance, prior, known, settled, MONTHS)
    for g in range(2):
        mean, spread, _ = by_hand(ladder[g], variance[g], known[g], settled[g], drift)
        np.testing.assert_allclose(ultimate[g], mean, rtol=1e-8)
        n = settled[g].sum() - 1  # measured on n changes: Student, not Gauss
        np.testing.assert_allclose(se[g, -3:], spread[-3:] * np.sqrt(n / (n - 2)), rtol=1e-6)


def test_drifts_are_averaged_by_likelihood():
    ladder, variance, prior, known, settled = book(3, 1)
    ultimate, _ = blend(ladder, variance, prior, known, settled, MONTHS)
    parts = [by_hand(ladder[0], variance[0], known[0], settled[0], d) for d in credibility.DRIFTS]
    weight = np.array([np.exp(p[2] - parts[0][2]) for p in parts]) / credibility.CALM ** np.arange(len(parts))
    wanted = sum(w * p[0] for w, p in zip(weight / weight.sum(), parts, strict=True))
    np.testing.assert_allclose(ultimate[0], wanted, rtol=1e-8)


def test_a_mature_month_is_its_ladder_and_an_unseen_one_the_level():
    ladder, variance, prior, known, settled = book()
    ladder[:, -1] = np.nan
    ultimate, se = blend(ladder, variance, prior, known, settled, MONTHS)
    np.testing.assert_allclose(ultimate[:, :-3], ladder[:, :-3], rtol=1e-9)
    assert (np.abs(ultimate[:, -1] - 100) < 20).all()
    assert (se[:, -1] > se[:, -2]).all()
    assert (se[:, -2] > se[:, -3]).all()


def test_a_wild_first_payment_moves_nothing():
    """Ten times the usual payment of the month of care: 5 % known, it says almost nothing."""
    ladder, variance, prior, known, settled = book()
    usual, _ = blend(ladder, variance, prior, known, settled, MONTHS)
    variance[:, -1] = 300.0**2
    ladder[:, -1] *= 3
    moved, _ = blend(ladder, variance, prior, known, settled, MONTHS)
    assert (np.abs(moved[:, -1] / usual[:, -1] - 1) < 0.05).all()


def test_too_few_settled_months_say_nothing():
    ladder, variance, prior, known, settled = book()
    settled[0] = False
    settled[0, :4] = True
    ultimate, se = blend(ladder, variance, prior, known, settled, MONTHS)
    assert np.isnan(ultimate[0]).all()
    assert np.isnan(se[0]).all()
    assert np.isfinite(ultimate[1]).all()


def test_cells_do_not_see_each_other(monkeypatch):
    args = book(5, 7)
    together, errors = blend(*args, MONTHS)
    monkeypatch.setattr(credibility, "BATCH", 3)
    apart, others = blend(*args, MONTHS)
    np.testing.assert_allclose(apart, together)
    np.testing.assert_allclose(others, errors)


def test_weekdays():
    assert weekdays(np.array([(2024 - 1970) * 12 + 1])).tolist() == [21]  # February 2024
    assert weekdays(np.array([(2025 - 1970) * 12 + 1])).tolist() == [20]


@pytest.mark.parametrize("reached", [2, 9, 25, N])
def test_a_cell_at_an_earlier_closing_is_the_book_cut_there(monkeypatch, reached):
    """Windows shorter and longer than the history."""
    for history in (12, 36):
        monkeypatch.setattr(credibility, "HISTORY", history)
        ladder, variance, prior, known, settled = book(7)
        variance, known = variance + 4.0, np.minimum(known, 0.95)
        before = np.arange(N) < np.array([[N], [reached]])
        ladder, variance = np.where(before, ladder, np.nan), np.where(before, variance, np.nan)
        args = (ladder, variance, prior, np.where(before, known, np.nan), settled & before)
        together = blend(*args, MONTHS, reached=np.array([N, reached]))
        for g, size in enumerate((N, reached)):
            alone = blend(*(a[[g], :size] for a in args), MONTHS[:size])
            latest = slice(max(size - credibility.LATEST, 0), size)
            for ours, theirs in zip(together, alone, strict=True):
                np.testing.assert_allclose(ours[g, latest], theirs[0, latest], rtol=1e-10)
                assert np.isnan(ours[g, size:]).all()
