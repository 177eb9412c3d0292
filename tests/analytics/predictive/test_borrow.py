"""Effects that lean on their family: by precision, from the parent down, never across what really differs."""

import numpy as np
import pandas as pd
import pytest

from analytics.predictive import forecast
from analytics.predictive.borrow import find_parents, lend
from analytics.predictive.calendar import log_working_days
from analytics.predictive.regarima import Effect

TREE = {"Total": ("a", "b", "c", "d"), "Haut": ("a", "b")}


def effect(beta, se, name="jours ouvrés"):
    return Effect(name, beta, se, True, "")


def test_the_parent_is_the_smallest_aggregate_that_holds_the_series():
    parents = find_parents(["a", "b", "c", "d", "Haut", "Total", "x"], TREE)
    assert parents == {"Total": None, "Haut": "Total", "a": "Haut", "b": "Haut", "c": "Total", "d": "Total", "x": None}
    assert next(iter(parents)) == "Total"


def test_a_vague_estimate_leans_on_its_parent_and_a_sharp_one_does_not():
    found = {"Total": (effect(0.6, 0.02),), "c": (effect(0.9, 0.4),), "d": (effect(0.58, 0.01),)}
    lent = lend(found, find_parents(list(found), {"Total": ("c", "d")}))
    assert "Total" not in lent
    vague = found["c"][0].lean(lent["c"]["jours ouvrés"])
    sharp = found["d"][0].lean(lent["d"]["jours ouvrés"])
    assert abs(vague[0] - 0.6) < 0.02
    assert vague[1] < 0.1
    assert sharp[0] == pytest.approx(0.58, abs=0.01)


def test_series_that_really_differ_keep_their_own_effect():
    own = {"Total": (effect(-0.5, 0.02),), "c": (effect(-0.05, 0.02),), "d": (effect(-0.95, 0.02),)}
    lent = lend(own, find_parents(list(own), {"Total": ("c", "d")}))
    for serie in ("c", "d"):
        assert own[serie][0].lean(lent[serie]["jours ouvrés"])[0] == pytest.approx(own[serie][0].beta, abs=0.005)


def test_lean_is_the_mean_by_precision():
    assert effect(1.0, 0.5).lean((0.0, 0.5)) == (pytest.approx(0.5), pytest.approx(0.5 / np.sqrt(2)))


def test_small_leaves_forecast_with_the_working_days_of_their_parent(frame_of):
    rng, n = np.random.default_rng(3), 60
    months = pd.date_range("2017-01-01", periods=n, freq="MS")
    days = 0.7 * log_working_days(months)
    leaves = {k: 100 * np.exp(days + 0.08 * rng.standard_normal(n)) for k in "abcdef"}
    leaves["gros"] = 20000 * np.exp(days + 0.01 * rng.standard_normal(n))
    values = {**leaves, "Total": sum(leaves.values())}
    frame = pd.concat([frame_of(v, serie=k) for k, v in values.items()])
    options = {"horizon": 6, "prophet": False, "n_origins": 0}
    alone = forecast(frame, **options).effects.set_index(["effet", "serie"])["beta"]["jours ouvrés"]
    held = forecast(frame, **options, hierarchy={"Total": tuple(leaves)}).effects.set_index(["effet", "serie"])
    held = held["beta"]["jours ouvrés"]
    small = list("abcdef")
    assert held["Total"] == pytest.approx(alone["Total"])
    assert (held[small] - 0.7).abs().mean() < 0.5 * (alone[small] - 0.7).abs().mean()
