"""Breaks: the published annotated series, a brute force over every partition, and what must not move an answer."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.diagnostic import detect_breaks
from analytics.diagnostic.breaks import cut
from benchmarks.breaks import f1_of, read_annotated
from tests.conftest import SHARED


def test_annotated_series_of_the_turing_change_point_dataset():
    if not SHARED.exists():
        pytest.skip("données partagées absentes")
    scores = {name: f1_of(marks, detect_breaks(series)) for name, series, marks in read_annotated()}
    assert len(scores) == 31
    assert np.mean(list(scores.values())) >= 0.78
    assert np.mean([f1_of(marks, ()) for _, _, marks in read_annotated()]) == pytest.approx(0.663, abs=5e-4)


def squares(points):
    time = np.arange(len(points))
    return ((points - np.polyval(np.polyfit(time, points, 1), time)) ** 2).sum() if len(points) > 2 else 0.0


def brute(points, price, min_length):
    n = len(points)
    best = (np.inf, ())
    for count in range(n // min_length):
        for inside in itertools.combinations(range(min_length, n - min_length + 1), count):
            edges = (0, *inside, n)
            if min(np.diff(edges)) < min_length:
                continue
            total = sum(squares(points[a:b]) for a, b in itertools.pairwise(edges)) + price * count
            best = min(best, (total, inside))
    return list(best[1])


@given(seed=st.integers(0, 10_000), price=st.floats(0.5, 8.0), min_length=st.integers(2, 4))
@settings(max_examples=40, deadline=None)
def test_the_partition_is_the_best_of_all(seed, price, min_length):
    points = np.random.default_rng(seed).normal(size=11).cumsum()
    assert cut(points, price, min_length) == brute(points, price, min_length)


def broken(seed=0, *, jump=6.0):
    rng = np.random.default_rng(seed)
    return pd.Series(rng.normal(size=60) + np.where(np.arange(60) >= 37, jump, 0.0))


def test_a_shift_is_found_where_it_begins():
    assert detect_breaks(broken()) == (37,)


def test_a_bend_is_found_and_a_straight_line_is_none():
    time = np.arange(80)
    noise = np.random.default_rng(1).normal(size=80)
    assert detect_breaks(pd.Series(0.5 * time + noise)) == ()
    found = detect_breaks(pd.Series(np.where(time < 40, time, 80.0 - time) + 0.3 * noise))
    assert len(found) == 1
    assert abs(found[0] - 40) <= 1


@given(seed=st.integers(0, 500), scale=st.floats(1e-3, 1e6), level=st.floats(-1e6, 1e6), slope=st.floats(-50, 50))
@settings(max_examples=40, deadline=None)
def test_unit_level_and_steady_growth_do_not_matter(seed, scale, level, slope):
    series = broken(seed)
    moved = scale * (series + slope * np.arange(60)) + level
    assert detect_breaks(moved) == detect_breaks(series)


@pytest.mark.parametrize("count", range(27, 36))
def test_an_exact_line_has_no_break_however_steep(count):
    for slope in (1234.56, 0.1, -7e4):
        assert detect_breaks(pd.Series(1e6 + slope * np.arange(count))) == ()


def test_a_calm_series_has_no_break():
    rng = np.random.default_rng(3)
    found = [detect_breaks(pd.Series(rng.normal(size=72))) for _ in range(100)]
    assert sum(map(bool, found)) <= 5


def test_the_season_of_months_is_no_break_and_hides_none():
    months = pd.date_range("2018-01-01", periods=72, freq="MS")
    season = 10 * np.sin(2 * np.pi * np.arange(72) / 12)
    noise = np.random.default_rng(4).normal(size=72)
    assert detect_breaks(pd.Series(100 + season + noise, months)) == ()
    shifted = pd.Series(100 + season + noise + np.where(np.arange(72) >= 48, 8.0, 0.0), months)
    found = detect_breaks(shifted)
    assert len(found) == 1
    assert abs(found[0] - 48) <= 1


def test_a_missing_value_keeps_the_positions():
    series = broken()
    series[[5, 50]] = np.nan
    assert detect_breaks(series) == (37,)


@pytest.mark.parametrize("values", [[], [1.0] * 50, list(range(50)), [np.nan] * 50, [1.0, 5.0, 2.0]])
def test_nothing_to_cut(values):
    assert detect_breaks(pd.Series(values, dtype=float)) == ()


def test_annotations_are_read_as_the_benchmark_of_the_data_reads_them():
    # two annotators, margin 5: one mark found of two on one side, one of one on the other
    assert f1_of([[20, 60], [22]], (21,)) == pytest.approx(2 * 1.0 * (5 / 6) / (1.0 + 5 / 6))
