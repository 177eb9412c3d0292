"""Impact: R's published answers, statsmodels as an oracle of the model, planted effects, and untouched series."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from statsmodels.tsa.statespace.structural import UnobservedComponents

from analytics.diagnostic import measure_impact
from analytics.diagnostic.counterfactual import Prior, expect
from analytics.diagnostic.trends import WITH_CONTROLS
from analytics.errors import ParameterError
from benchmarks.impact import measure, real, references
from tests.conftest import SHARED

MONTHS = pd.date_range("2014-01-01", periods=72, freq="MS")


def series(seed=0, *, effect=0.0, start=60):
    rng = np.random.default_rng(seed)
    time = np.arange(72)
    season = 8 * np.sin(2 * np.pi * time / 12)
    return pd.Series(100 + 0.3 * time + season + 2 * rng.normal(size=72) + np.where(time >= start, effect, 0.0), MONTHS)


def exactly(deviation):
    return Prior(deviation, 1e7)


@pytest.mark.skipif(not SHARED.exists(), reason="données partagées absentes")
@pytest.mark.parametrize("name", ["arma", "google", "comparison", "volks", "basque"])
def test_same_answer_as_causalimpact(name):
    reference = next(r for r in references() if r.name == name)
    found, _ = measure(reference)
    assert abs(found.effect - reference.effect) <= 0.15 * reference.sd
    assert (found.verdict.reponse == "oui") == reference.significant
    assert found.interval[0] < found.effect < found.interval[1]
    values, columns = reference.y.to_numpy(float), reference.x.to_numpy(float)
    n, level, noise = reference.start, *WITH_CONTROLS
    plain = expect(
        values[:n], np.arange(n, dtype=float), columns[:n], np.arange(n, len(values), dtype=float), columns[n:],
        level=level, noise=noise,
    )  # fmt: skip
    width = plain.quantile(0.975) - plain.quantile(0.025)
    assert width / (reference.high - reference.low) == pytest.approx(1.0, abs=0.1)
    assert values[n:].mean() - plain.mean == pytest.approx(found.effect)


@pytest.mark.parametrize(("level", "noise"), [(0.2, 0.5), (0.02, 0.9), (0.8, 0.1)])
def test_known_variances_give_the_forecast_of_the_kalman_filter(level, noise):
    rng = np.random.default_rng(1)
    y = rng.normal(size=50).cumsum() * 0.3 + rng.normal(size=50)
    kept = np.delete(np.arange(50), [7, 8, 30])
    scale = y[kept].std(ddof=1)
    found = expect(
        y[kept], kept.astype(float), np.empty((47, 0)), np.arange(50.0, 58.0), np.empty((8, 0)),
        level=exactly(level), noise=exactly(noise),
    )  # fmt: skip
    holed = np.where(np.isin(np.arange(50), kept), y, np.nan)
    model = UnobservedComponents(holed, "llevel", use_exact_diffuse=True)
    told = model.smooth([(noise * scale) ** 2, (level * scale) ** 2]).get_forecast(8)
    np.testing.assert_allclose(found.path, told.predicted_mean, rtol=1e-2, atol=5e-3)
    np.testing.assert_allclose(found.high - found.path, 1.96 * told.se_mean, rtol=1e-2)


def test_the_average_adds_up_a_simulated_law():
    rng = np.random.default_rng(2)
    y = rng.normal(size=40).cumsum()
    found = expect(
        y, np.arange(40.0), np.empty((40, 0)), np.arange(40.0, 52.0), np.empty((12, 0)),
        level=Prior(0.1, 2), noise=Prior(0.3, 2),
    )  # fmt: skip
    assert found.mean == pytest.approx(found.path.mean())
    assert found.below(found.quantile(0.3)) == pytest.approx(0.3, abs=1e-6)
    # the periods share their level: their average is hardly surer than each of them
    assert found.deviation > 0.5 * ((found.high - found.low) / 3.92).mean()


@pytest.mark.parametrize("effect", [12.0, -12.0])
def test_a_planted_effect_is_measured(effect):
    found = measure_impact(series(effect=effect), start=MONTHS[60])
    assert found.verdict.reponse == "oui"
    assert found.interval[0] < effect < found.interval[1]
    assert np.sign(found.effect) == np.sign(effect)
    assert found.p_value < 0.05
    assert len(found.placebos) >= 10
    assert list(found.models["modele"]) == ["tendance droite", "sans tendance", "tendance courbe"]
    assert found.table["effet"].mean() == pytest.approx(found.effect)


@pytest.mark.parametrize(("before", "count", "words"), [(20, 4, "4 dates fictives seulement"), (14, 0, "sans date")])
def test_without_enough_false_dates_only_a_large_effect_is_claimed(before, count, words):
    """Nothing then tells whether any other date would do as well, and the sentence says so."""
    for size, expected in ((15.0 if count else 20.0, "on ne peut pas dire"), (60.0, "oui")):
        found = measure_impact(series(effect=size)[60 - before :], start=MONTHS[60])
        assert found.interval[0] > 0
        assert len(found.placebos) == count
        assert found.verdict.reponse == expected
        assert words in found.verdict.phrase
    whole = measure_impact(series(effect=60.0), start=MONTHS[60])
    assert "seulement" not in whole.verdict.phrase


def test_nothing_is_claimed_where_nothing_happened():
    covers = [
        f.interval[0] <= 0 <= f.interval[1] for f in (measure_impact(series(s), start=MONTHS[60]) for s in range(20))
    ]
    assert 0.85 <= np.mean(covers) <= 1.0


@pytest.mark.skipif(not SHARED.exists(), reason="données partagées absentes")
def test_real_series_nobody_touched():
    from benchmarks.alerts import read_pbs

    panel = read_pbs()
    covers = []
    for seed in range(20):
        untouched, start, _ = real(panel, 12, np.random.default_rng(seed))
        low, high = measure_impact(untouched, start=start).interval
        covers.append(low <= 0 <= high)
    assert 0.85 <= np.mean(covers) <= 1.0


def test_the_unit_and_the_level_do_not_matter():
    plain = measure_impact(series(effect=9.0), start=MONTHS[60])
    moved = measure_impact(1000 * series(effect=9.0) - 5e4, start=MONTHS[60])
    assert moved.effect == pytest.approx(1000 * plain.effect)
    assert moved.interval == pytest.approx(tuple(1000 * v for v in plain.interval))
    assert moved.p_value == pytest.approx(plain.p_value)


def test_the_lockdown_is_left_out_and_an_event_inside_it_refused():
    months = pd.date_range("2016-01-01", periods=72, freq="MS")
    values = pd.Series(series().to_numpy(), months)
    hole = values.copy()
    hole["2020-03":"2020-06"] = 20.0
    start = pd.Timestamp("2021-01-01")
    assert measure_impact(hole, start=start).effect == pytest.approx(measure_impact(values, start=start).effect)
    assert measure_impact(hole, start=start, masked=()).effect != pytest.approx(
        measure_impact(values, start=start).effect
    )
    refused = measure_impact(hole, start=pd.Timestamp("2020-04-01"))
    assert refused.verdict.reponse == "on ne peut pas dire"
    assert np.isnan(refused.effect)


@pytest.mark.parametrize("month", ["2020-02", "2020-03", "2020-06", "2020-07", "2020-08"])
def test_an_event_in_the_lockdown_or_beside_it_is_refused(month):
    values = pd.Series(series().to_numpy(), pd.date_range("2016-01-01", periods=72, freq="MS"))
    refused = measure_impact(values, start=month)
    assert refused.verdict.reponse == "on ne peut pas dire"
    assert "masquée" in refused.verdict.phrase
    assert np.isnan(refused.effect)
    assert len(refused.models) == 0


@pytest.mark.parametrize("month", ["2020-01", "2020-09"])
def test_two_known_months_between_are_enough(month):
    values = pd.Series(series().to_numpy(), pd.date_range("2016-01-01", periods=72, freq="MS"))
    assert np.isfinite(measure_impact(values, start=month, n_placebo=0).effect)


def test_a_month_masked_alone_leaves_nothing_behind():
    found = measure_impact(series(effect=12.0), start=MONTHS[60], masked=[MONTHS[59]])
    assert found.verdict.reponse == "oui"


def test_a_change_already_known_is_not_taken_for_noise():
    earlier = series(effect=8.0) + np.where(np.arange(72) >= 40, 10.0, 0.0)
    blind = measure_impact(earlier, start=MONTHS[60])
    told = measure_impact(earlier, start=MONTHS[60], known=[MONTHS[40]])
    assert told.interval[0] < 8.0 < told.interval[1]
    assert told.interval[1] - told.interval[0] < 0.6 * (blind.interval[1] - blind.interval[0])
    assert not told.placebos["date"].between(MONTHS[29], MONTHS[40]).any()  # none across the change
    # one that is still to come, or that cannot be told from the event, changes nothing
    near = measure_impact(earlier, start=MONTHS[60], known=[MONTHS[57], MONTHS[66]])
    assert near.effect == blind.effect


def test_the_season_is_as_rich_as_the_past_makes_likely():
    rng = np.random.default_rng(7)
    months = pd.date_range("2010-01-01", periods=84, freq="MS")
    jagged = np.tile(rng.normal(size=12) * 10, 7)
    found = measure_impact(pd.Series(jagged + rng.normal(size=84), months), start=months[72])
    assert found.interval[1] - found.interval[0] < 4.0  # three harmonics leave several units of season in the noise


def test_other_trends_that_are_likelier_widen_the_interval():
    rng = np.random.default_rng(3)
    x = 50 + rng.normal(size=90).cumsum()
    y = x + 0.6 * rng.normal(size=90).cumsum()
    found = measure_impact(pd.Series(y), start=78, x=pd.DataFrame({"x": x}), n_placebo=0)
    plain = expect(
        y[:78], np.arange(78.0), x[:78, None], np.arange(78.0, 90.0), x[78:, None],
        level=WITH_CONTROLS[0], noise=WITH_CONTROLS[1],
    )  # fmt: skip
    assert found.interval[1] - found.interval[0] > 1.2 * (plain.quantile(0.975) - plain.quantile(0.025))
    assert found.models["modele"].tolist() == ["témoins", "témoins et tendance", "témoins et niveau libre"]


def test_missing_values_are_left_out():
    holed = series(effect=12.0)
    holed.iloc[[3, 40, 65]] = np.nan
    found = measure_impact(holed, start=MONTHS[60])
    assert found.verdict.reponse == "oui"
    assert found.table["effet"].isna().sum() == 1


@pytest.mark.parametrize(
    ("values", "start"),
    [
        (pd.Series([0.1] * 36 + [0.2] * 12), 36),
        (pd.Series(np.arange(20.0)), 5),
        (pd.Series(np.ones(60)), 40),
        (pd.Series([*range(30), np.nan]), 30),
    ],
)
def test_too_little_to_say(values, start):
    found = measure_impact(values, start=start)
    assert found.verdict.reponse == "on ne peut pas dire"
    assert np.isnan(found.effect)
    assert np.isnan(found.interval).all()
    assert len(found.table) == len(values) - start


@pytest.mark.parametrize("index", [MONTHS[:60], range(60)], ids=["months", "numbers"])
def test_a_series_without_noise_is_no_trouble(index):
    line, season = np.arange(60.0) * 3 + 7, np.tile(np.arange(12.0), 5)
    for values in (line, season, -(line**2)):
        y = pd.Series(values, index)
        found = measure_impact(y, start=y.index[48])
        assert found.interval[0] <= found.effect <= found.interval[1]
        assert np.isfinite([found.effect, *found.interval, found.p_value]).all()


def test_dates_may_be_written():
    written = measure_impact(series(effect=12.0), start="2019-01", masked=["2018-05"])
    assert written.effect == measure_impact(series(effect=12.0), start=MONTHS[60], masked=[MONTHS[52]]).effect


def test_bad_input_is_refused():
    with pytest.raises(ParameterError, match="pas une période"):
        measure_impact(series(), start=pd.Timestamp("1999-01-01"))
    with pytest.raises(ParameterError, match="se suivre"):
        measure_impact(series().iloc[::-1], start=MONTHS[60])
    with pytest.raises(ParameterError, match="trous"):
        measure_impact(series(), start=MONTHS[60], x=pd.DataFrame({"a": np.arange(10.0)}, MONTHS[:10]))
