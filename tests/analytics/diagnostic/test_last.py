import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.tsa.holtwinters import ExponentialSmoothing

from analytics.diagnostic import detect_last
from analytics.diagnostic.last import (
    ALARM,
    DAMPING,
    by_season,
    judge_last,
    one_step_errors,
    replay_last,
    tail_probability,
)
from analytics.errors import ParameterError

NOISE = 0.035


def panel(rng, series=300, n=60, shock=0.0):
    months = np.arange(n)[:, None]
    level = np.cumsum(rng.normal(0, 0.01, (n, series)), axis=0)
    season = 0.1 * np.sin(2 * np.pi * months / 12 + rng.uniform(0, 6, series))
    values = np.exp(10 + level + season + rng.normal(0, 0.03, (n, series)))
    values[-1] *= np.exp(shock)
    return pd.DataFrame(values, index=pd.date_range("2020-01-01", periods=n, freq="MS"))


def series(seed, n=60, shock=0.0):
    return panel(np.random.default_rng(seed), 1, n, shock)[0]


def share(shock, n=60):
    return (judge_last(panel(np.random.default_rng(7), n=n, shock=shock))["p_value"] < ALARM).mean()


@pytest.mark.parametrize(("n", "power"), [(36, 0.7), (60, 0.83), (120, 0.9)])
def test_false_alarms_and_power(n, power):
    """NOISE is that of the process; the errors of a smoothing learnt on few months are larger."""
    assert share(0.0, n) <= 2 * ALARM
    assert share(5 * NOISE, n) >= power
    assert share(-5 * NOISE, n) >= power


def test_the_promise_is_kept_on_real_series_and_shocks_are_found(shared):
    """Every calendar month: 7 is prime with twelve."""
    table = pd.read_csv(shared / "forecasting_pbs" / "pbs_series_tidy.csv.gz", parse_dates=["date"])
    real = table.pivot(index="date", columns="series_id", values="value")
    real = real.loc[:, (real > 0).all(axis=0)]
    p_values = replay_last(real, 60).to_numpy()
    assert p_values.size > 5000
    assert abs((p_values < ALARM).mean() - ALARM) <= 0.01
    found = {3: [], 5: []}
    for end in range(204, 100, -17):
        past = real.iloc[:end]
        spread = one_step_errors(np.log(past.to_numpy()))[:-1].std(axis=0)
        for size, hits in found.items():
            shocked = past.copy()
            shocked.iloc[-1] *= np.exp(size * spread)
            hits.append(judge_last(shocked)["p_value"].to_numpy() < ALARM)
    assert np.mean(found[3]) >= 0.55
    assert np.mean(found[5]) >= 0.90


def test_the_score_is_signed_and_scale_free():
    up = detect_last(series(1, shock=0.4))
    assert up.score > 5
    assert up.reponse == "oui"
    assert "+" in up.phrase
    twice = detect_last(2 * series(1, shock=0.4))
    assert twice.score == pytest.approx(up.score)
    assert twice.p_value == pytest.approx(up.p_value)
    assert detect_last(series(1, shock=-0.4)).score < -5


def test_the_rate_is_the_reader_s():
    p_value = detect_last(series(2)).p_value
    assert detect_last(series(2), rate=min(0.999, p_value * 1.01)).reponse == "oui"
    assert detect_last(series(2), rate=p_value * 0.99).reponse == "non"
    with pytest.raises(ParameterError, match="entre 0 et 1"):
        detect_last(series(2), rate=0)


def test_errors_are_close_to_those_of_statsmodels():
    values = np.log(series(3, n=96).to_numpy())
    fit = ExponentialSmoothing(values, trend="add", damped_trend=True, seasonal="add", seasonal_periods=12).fit(
        damping_trend=DAMPING
    )
    own, reference = one_step_errors(values), (values - fit.fittedvalues)[12:]
    assert np.median(np.abs(own)) <= 1.25 * np.median(np.abs(reference))
    assert np.corrcoef(own[24:], reference[24:])[0, 1] > 0.8


def test_the_tails_are_those_of_the_errors():
    """Normal errors and Student errors of three degrees of freedom: one false alarm in a hundred for both."""
    rng = np.random.default_rng(4)
    for law in (stats.norm, stats.t(3)):
        errors = law.rvs(size=(120, 2000), random_state=rng)
        rate = (tail_probability(errors[:-1], errors[-1]) < ALARM).mean()
        assert ALARM / 4 <= rate <= 3 * ALARM  # forty errors that count do not tell three degrees from six


def test_a_month_hard_to_foresee_is_judged_by_its_own_errors():
    rng = np.random.default_rng(5)
    errors = rng.normal(0, 1, (121, 2000))
    errors[::12] *= 4  # the last month is one of them
    past, last = by_season(errors[:-1], errors[-1])
    assert np.abs(last).mean() < 0.65 * np.abs(errors[-1]).mean()
    assert past.shape == errors[:-1].shape
    assert (tail_probability(errors[:-1], errors[-1]) < ALARM).mean() < 0.2


def test_one_shock_in_the_past_does_not_hide_the_next():
    clean, scarred = series(6, n=72, shock=0.4), series(6, n=72, shock=0.4)
    scarred.iloc[40] *= 3
    assert detect_last(scarred).reponse == detect_last(clean).reponse == "oui"


def test_a_replay_is_what_would_have_been_said():
    wide = panel(np.random.default_rng(8), series=5, n=70)
    replayed = replay_last(wide, 6)
    assert list(replayed.index) == list(wide.index[-7:-1])
    for month in replayed.index:
        np.testing.assert_allclose(replayed.loc[month], judge_last(wide.loc[:month])["p_value"])
    assert replay_last(wide.iloc[:24], 6).empty


def test_series_are_judged_apart():
    wide = panel(np.random.default_rng(9), series=4)
    np.testing.assert_allclose(judge_last(wide)["p_value"][2], detect_last(wide[2]).p_value)


@pytest.mark.parametrize(
    ("values", "words"),
    [(np.arange(1.0, 20), "24 mois"), (np.ones(40), "ne bouge pas"), (np.r_[np.ones(30), np.nan, 1.0], "sans trou")],
)
def test_cannot_tell(values, words):
    verdict = detect_last(pd.Series(values))
    assert verdict.reponse == "on ne peut pas dire"
    assert np.isnan(verdict.p_value)
    assert words in verdict.phrase


def test_signed_series_are_judged_on_their_values():
    rng = np.random.default_rng(5)
    values = rng.normal(0, 1, 60)
    values[-1] = 12
    assert detect_last(pd.Series(values)).reponse == "oui"
