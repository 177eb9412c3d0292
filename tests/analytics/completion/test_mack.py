"""Mack's chain ladder against published results and against the actuarial memoir of the domain notes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.completion import chain_ladder
from analytics.errors import InsufficientData, ParameterError
from benchmarks.triangles import MACK
from tests.conftest import SHARED

TRIANGLES = SHARED / "mack_reference"
CNP = """44032 53278 26119 16232 16234 905 1547 290
45471 66155 15504 11741 11363 3862 1750
47150 79501 58774 20235 23062 4524
32500 48898 18402 43510 2947
48524 81980 15177 14179
42017 33490 9745
40125 63230
48000"""


def from_rows(text: str) -> np.ndarray:
    rows = [np.cumsum([float(v) for v in line.split()]) for line in text.splitlines()]
    triangle = np.full((len(rows), len(rows[0])), np.nan)
    for i, row in enumerate(rows):
        triangle[i, : len(row)] = row
    return triangle


def reference(name: str, column: str) -> np.ndarray:
    path = TRIANGLES / f"{name}.csv"
    if not path.exists():
        pytest.skip(f"reference triangles absent: {path}")
    frame = pd.read_csv(path)
    frame["wait"] = frame["development"] - frame["origin"]
    return frame.pivot_table(index="origin", columns="wait", values=column).to_numpy()


@pytest.mark.parametrize(("name", "column"), MACK)
def test_published_totals(name, column):
    reserve, se = MACK[name, column]
    result = chain_ladder(reference(name, column))
    # the totals are printed to the cent: 1e-6 relative, or half a cent where the total is small
    assert result.total_reserve == pytest.approx(reserve, rel=1e-6, abs=0.0051)
    assert result.total_se == pytest.approx(se, rel=1e-6, abs=0.0051)


def test_error_by_origin_of_mack_1993():
    result = chain_ladder(reference("genins", "values"))
    share = result.se[1:] / result.reserve[1:]
    np.testing.assert_array_equal(np.round(100 * share), [80, 26, 19, 27, 29, 26, 22, 23, 29])


def test_cnp_memoir_to_the_cent():
    # The memoir prints factors with two decimals but its provisions come from the unrounded factors
    # (with factors rounded to 2, 3 or 4 decimals the total is 252 542,47, 249 172,87 or 249 120,23).
    result = chain_ladder(from_rows(CNP))
    np.testing.assert_array_equal(np.round(result.factors, 2), [2.42, 1.23, 1.16, 1.09, 1.02, 1.01, 1.00])
    expected = [0, 285.42, 2905.24, 4394.03, 18869.46, 24874.49, 60956.72, 136869.67]
    np.testing.assert_allclose(np.round(result.reserve, 2), expected, atol=1e-9)
    assert round(result.total_reserve, 2) == 249155.03


def test_total_error_is_the_published_covariance_sum():
    """The vectorised total against Mack's double sum, written out."""
    triangle = from_rows(CNP)
    result = chain_ladder(triangle)
    n = len(triangle)
    volume = [np.nansum(np.where(np.isnan(triangle[:, k + 1]), np.nan, triangle[:, k])) for k in range(n - 1)]
    total = 0.0
    for i in range(1, n):
        later = result.ultimate[i + 1 :].sum()
        covariance = sum(2 * result.sigma2[k] / result.factors[k] ** 2 / volume[k] for k in range(n - 1 - i, n - 1))
        total += result.se[i] ** 2 + result.ultimate[i] * later * covariance
    assert result.total_se == pytest.approx(np.sqrt(total), rel=1e-12)


@settings(max_examples=50, deadline=None)
@given(st.integers(4, 9), st.integers(0, 10_000), st.floats(0.01, 1000))
def test_scale_and_fully_known(n, seed, scale):
    rng = np.random.default_rng(seed)
    triangle = rng.gamma(5, 10, (n, n)).cumsum(axis=1)
    triangle[np.add.outer(np.arange(n), np.arange(n)) >= n] = np.nan
    one, other = chain_ladder(triangle), chain_ladder(triangle * scale)
    np.testing.assert_allclose(other.factors, one.factors)
    np.testing.assert_allclose(other.reserve, one.reserve * scale)
    np.testing.assert_allclose(other.se, one.se * scale)
    assert one.reserve[0] == 0
    assert one.se[0] == 0
    assert (one.se[1:] > 0).all()


def test_regular_triangle_has_no_error():
    triangle = np.outer([100.0, 200, 300, 400], [1, 2, 3, 3.3])
    triangle[np.add.outer(np.arange(4), np.arange(4)) >= 4] = np.nan
    result = chain_ladder(triangle)
    np.testing.assert_allclose(result.ultimate, [330, 660, 990, 1320])
    np.testing.assert_allclose(result.se, 0, atol=1e-5)


def test_two_origins_have_no_measurable_error():
    result = chain_ladder([[100, 150], [120, np.nan]])
    assert result.reserve[1] == pytest.approx(60)
    assert np.isnan(result.se[1])
    assert np.isnan(result.total_se)


@pytest.mark.parametrize(
    ("triangle", "error"),
    [
        ([1.0, 2.0], ParameterError),
        ([[1.0], [2.0]], ParameterError),
        ([[np.nan, 2.0], [1.0, np.nan]], ParameterError),
        ([[1.0, np.nan, 3.0], [1.0, 2.0, np.nan]], ParameterError),
        ([[0.0, 2.0], [1.0, np.nan]], InsufficientData),
        ([[1.0, np.nan], [1.0, np.nan]], InsufficientData),
    ],
)
def test_refused(triangle, error):
    with pytest.raises(error):
        chain_ladder(triangle)
