"""Coherence, and equality with the textbook generalised least squares."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.errors import ParameterError, SchemaError
from analytics.predictive import reconcile

HIERARCHY = {"total": ("a", "b", "c"), "ab": ("a", "b")}
NODES = ["total", "ab", "a", "b", "c"]
SUMMING = np.array([[1, 1, 1], [1, 1, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]], dtype=float)


def table_of(values, months=1):
    dates = pd.date_range("2024-01-01", periods=months, freq="MS")
    rows = [(n, d, v, v - 1.0, v + 1.0) for n, v in zip(NODES, values, strict=True) for d in dates]
    return pd.DataFrame(rows, columns=["serie", "mois", "valeur", "bas_95", "haut_95"])


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.floats(-1e6, 1e6), min_size=5, max_size=5),
    st.lists(st.floats(1e-2, 1e4), min_size=5, max_size=5),
)
def test_equals_brute_force_gls_and_is_coherent(values, variances):
    base = np.array([*values[:4], -abs(values[4]) - 1])  # one negative: no clipping
    result = reconcile(table_of(base, 2), HIERARCHY, dict(zip(NODES, variances, strict=True)))
    got = result[result["mois"] == "2024-02-01"].set_index("serie")["valeur"]
    inverse = np.diag(1 / np.array(variances))
    expected = SUMMING @ np.linalg.solve(SUMMING.T @ inverse @ SUMMING, SUMMING.T @ inverse @ base)
    size = np.abs(base).max() + 1
    np.testing.assert_allclose(got[NODES] / size, expected / size, atol=1e-8)
    assert abs(got["total"] - got[["a", "b", "c"]].sum()) <= 1e-9 * size
    assert abs(got["ab"] - got[["a", "b"]].sum()) <= 1e-9 * size


def test_coherent_input_does_not_move_and_bounds_follow():
    table = table_of([6.0, 3.0, 1.0, 2.0, 3.0])
    result = reconcile(table, HIERARCHY, dict.fromkeys(NODES, 1.0))
    pd.testing.assert_frame_equal(result, table)


def test_non_negative_leaves_stay_so():
    result = reconcile(table_of([1.0, 0.5, 4.0, 0.0, 3.0]), HIERARCHY, dict.fromkeys(NODES, 1.0))
    values = result.set_index("serie")["valeur"]
    assert (values >= 0).all()
    assert values["total"] == pytest.approx(values[["a", "b", "c"]].sum(), abs=1e-12)


def test_wrong_hierarchies_are_named():
    table = table_of([6.0, 3.0, 1.0, 2.0, 3.0])
    with pytest.raises(SchemaError, match="d"):
        reconcile(table, {"total": ("a", "d")}, {"total": 1, "a": 1, "d": 1})
    with pytest.raises(ParameterError, match="variance"):
        reconcile(table, {"total": ("a", "b")}, {"total": 1.0, "a": 1.0})
    with pytest.raises(ParameterError, match="ab"):
        reconcile(table, {"total": ("ab", "c"), "ab": ("a", "b")}, dict.fromkeys(NODES, 1.0))
