import numpy as np
import pandas as pd
import pytest
from statsmodels.tsa.holtwinters import ExponentialSmoothing

from analytics.diagnostic import detect_last
from analytics.diagnostic.last import DAMPING, one_step_errors

NOISE = 0.035


def series(rng, n=60, shock=0.0):
    months = np.arange(n)
    level = np.cumsum(rng.normal(0, 0.01, n))
    season = 0.1 * np.sin(2 * np.pi * months / 12 + rng.uniform(0, 6))
    values = np.exp(10 + level + season + rng.normal(0, 0.03, n))
    values[-1] *= np.exp(shock)
    return pd.Series(values, index=pd.date_range("2020-01-01", periods=n, freq="MS"))


def share(shock, n=300):
    rng = np.random.default_rng(7)
    return np.mean([detect_last(series(rng, shock=shock)).reponse == "oui" for _ in range(n)])


def test_false_alarms_and_power():
    assert share(0.0) <= 0.035
    assert share(5 * NOISE) >= 0.85
    assert share(-5 * NOISE) >= 0.85


def test_the_score_is_signed_and_scale_free():
    up = detect_last(series(np.random.default_rng(1), shock=0.4))
    assert up.score > 5
    assert up.reponse == "oui"
    assert "+" in up.phrase
    twice = detect_last(2 * series(np.random.default_rng(1), shock=0.4))
    assert twice.score == pytest.approx(up.score)


def test_errors_are_close_to_those_of_statsmodels():
    values = np.log(series(np.random.default_rng(3), n=96).to_numpy())
    fit = ExponentialSmoothing(values, trend="add", damped_trend=True, seasonal="add", seasonal_periods=12).fit(
        damping_trend=DAMPING
    )
    own, reference = one_step_errors(values), (values - fit.fittedvalues)[12:]
    assert np.median(np.abs(own)) <= 1.25 * np.median(np.abs(reference))
    assert np.corrcoef(own[24:], reference[24:])[0, 1] > 0.8


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
