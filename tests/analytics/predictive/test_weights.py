"""What each model weighs: brute force, what was known at each origin, trimming by weight against scipy."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import trim_mean

from analytics.predictive.backtest import SerieRuns
from analytics.predictive.combine import combine, share
from analytics.predictive.prepare import prepare
from analytics.predictive.run import Run
from analytics.predictive.weights import FEW, POWER, weigh

MIDDLE, HORIZON = 1, 6


def _runs(n_series: int = 5, *, spoilt: float = 1.0, seed: int = 3) -> tuple[SerieRuns, ...]:
    """Series of 60 months, tried at three origins by three models, the second more or less wrong."""
    rng = np.random.default_rng(seed)
    months = pd.date_range("2018-01-01", periods=60, freq="MS")
    result = []
    for i in range(n_series):
        level = 10.0 ** (1 + i % 3)
        frame = pd.DataFrame({"serie": f"s{i}", "mois": months, "valeur": level * np.exp(0.2 * rng.normal(size=60))})
        history = prepare(frame, incomplete=0)[0]
        ahead = pd.date_range(months[0], periods=60 + HORIZON, freq="MS")

        def one(n: int, history=history) -> Run:
            centre = float(np.median(history.y)) * history.scale
            wrong = {"a": 0.05, "b": 0.05 * spoilt, "c": 0.08}
            members = {
                m: centre * (1 + e * rng.normal(size=HORIZON)) * np.array([[0.8], [1.0], [1.2]])
                for m, e in wrong.items()
            }
            scale = float(np.mean(np.abs(history.y[12:n] - history.y[: n - 12]))) * history.scale
            return Run(n, members, {}, {}, combine(members), scale)

        result.append(SerieRuns(history, ahead, one(60), tuple(one(n) for n in (42, 48, 54))))
    return tuple(result)


def test_final_weights_are_those_of_a_plain_loop() -> None:
    runs = _runs(spoilt=4.0)
    ratios = {m: [] for m in "abc"}
    for s in runs:
        for run in s.origins:
            actual = s.history.y[run.n : run.n + HORIZON] * s.history.scale
            own = {m: np.mean(np.abs(q[MIDDLE] - actual)) for m, q in run.members.items()}
            for m, error in own.items():
                ratios[m].append(error / np.mean(list(own.values())))
    error = {m: np.mean(v) for m, v in ratios.items()}
    power = POWER * 15 / (15 + FEW)
    raw = {m: e**-power for m, e in error.items()}
    expected = {m: w / sum(raw.values()) for m, w in raw.items()}
    _, shares = weigh(runs, MIDDLE)
    for s in runs:
        assert shares[s.history.serie] == pytest.approx(expected, rel=1e-9)
    assert shares["s0"]["b"] < 0.75 * shares["s0"]["a"]


def test_final_forecast_is_combined_with_its_weights() -> None:
    runs = _runs(spoilt=3.0)
    weighed, shares = weigh(runs, MIDDLE)
    for s in weighed:
        np.testing.assert_allclose(s.final.combined, combine(s.final.members, shares[s.history.serie]))


def test_an_origin_knows_nothing_of_what_came_after_it() -> None:
    runs = _runs(spoilt=2.0)
    later = tuple(
        replace(s, history=replace(s.history, y=np.where(np.arange(60) >= 48, 9.0, s.history.y))) for s in runs
    )
    before, _ = weigh(runs, MIDDLE)
    after, _ = weigh(later, MIDDLE)
    for s, changed in zip(before, after, strict=True):
        np.testing.assert_array_equal(s.origins[0].combined, combine(s.origins[0].members))  # nothing known: equal
        np.testing.assert_array_equal(s.origins[1].combined, changed.origins[1].combined)
    assert any(not np.allclose(s.final.combined, c.final.combined) for s, c in zip(before, after, strict=True))
    assert any(not np.allclose(s.origins[1].combined, combine(s.origins[1].members)) for s in before)


def test_months_not_seen_yet_at_an_origin_do_not_count() -> None:
    """At 54 months, the origin 48 has all its six months seen; at 51 it would have three."""
    runs = _runs(spoilt=2.0)
    moved = tuple(replace(s, origins=(*s.origins[:2], replace(s.origins[2], n=51))) for s in runs)
    spoilt = tuple(
        replace(s, history=replace(s.history, y=np.where(np.arange(60) >= 51, 5.0, s.history.y))) for s in moved
    )
    for s, changed in zip(weigh(moved, MIDDLE)[0], weigh(spoilt, MIDDLE)[0], strict=True):
        np.testing.assert_array_equal(s.origins[2].combined, changed.origins[2].combined)


def test_few_windows_stay_near_equal_weights() -> None:
    few, many = (weigh(_runs(n, spoilt=6.0), MIDDLE)[1]["s0"] for n in (1, 60))
    assert many["b"] < few["b"] < 1 / 3


def test_without_a_backtest_models_weigh_the_same() -> None:
    runs = tuple(replace(s, origins=()) for s in _runs(spoilt=5.0))
    weighed, shares = weigh(runs, MIDDLE)
    assert shares["s0"] == pytest.approx({"a": 1 / 3, "b": 1 / 3, "c": 1 / 3})
    np.testing.assert_array_equal(weighed[0].final.combined, combine(runs[0].final.members))


def test_a_model_never_tried_before_makes_all_equal() -> None:
    runs = _runs(spoilt=5.0)
    final = replace(runs[0].final, members={**runs[0].final.members, "new": runs[0].final.members["a"] * 2})
    _, shares = weigh((replace(runs[0], final=final), *runs[1:]), MIDDLE)
    assert shares["s0"] == pytest.approx(dict.fromkeys(["a", "b", "c", "new"], 0.25))
    assert shares["s1"]["b"] < shares["s1"]["a"]


def test_a_model_that_is_never_wrong_takes_the_forecast() -> None:
    runs = _runs(30)
    exact = []
    for s in runs:
        origins = tuple(replace(r, members={**r.members, "a": np.tile(s.actual(r), (3, 1))}) for r in s.origins)
        exact.append(replace(s, origins=origins))
    assert weigh(tuple(exact), MIDDLE)[1]["s0"]["a"] == pytest.approx(1.0)


@pytest.mark.parametrize("weights", [(2, 3, 5, 4, 6), (1, 1, 1, 1, 1), (9, 1, 1, 5, 4)])
def test_trimming_by_weight_is_that_of_repeated_members(weights: tuple[int, ...]) -> None:
    rng = np.random.default_rng(1)
    members = {f"m{i}": np.sort(rng.normal(size=(3, 4)), axis=0) for i in range(5)}
    repeated = np.repeat(np.stack(list(members.values())), weights, axis=0)
    expected = np.sort(trim_mean(repeated, 0.2, axis=0), axis=0)
    found = combine(members, dict(zip(members, map(float, weights), strict=True)))
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_shares_sum_to_one_and_ignore_strangers() -> None:
    assert share(("a", "b"), {"a": 3.0, "b": 1.0, "z": 50.0}) == {"a": 0.75, "b": 0.25}
    assert share(("a", "b"), {"a": 3.0}) == {"a": 0.5, "b": 0.5}
