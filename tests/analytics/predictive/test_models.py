"""Each model against another library or a computation by hand."""

import numpy as np
import pytest
from statsmodels.tsa.exponential_smoothing.ets import ETSModel
from statsmodels.tsa.forecasting.theta import ThetaModel
from statsmodels.tsa.statespace.sarimax import SARIMAX

from analytics.predictive import guards, menu
from analytics.predictive.models import airline, dls, ets_select, intermittent, naive, theta
from analytics.predictive.models.sample import Prediction, Sample
from analytics.predictive.models.smoothing import Form, _run, fit_forms


def simulate_airline(n=120, theta_1=-0.4, theta_12=-0.5, seed=3):
    rng = np.random.default_rng(seed)
    e = 0.03 * rng.standard_normal(n + 13)
    w = e[13:] + theta_1 * e[12:-1] + theta_12 * e[1:-12] + theta_1 * theta_12 * e[:-13]
    z = list(5 + 0.1 * np.sin(2 * np.pi * np.arange(13) / 12))
    for step in w[13:]:
        z.append(step + z[-1] + z[-12] - z[-13])
    return np.array(z)


def dense_covariance(theta_1, theta_12, m):
    weights = np.zeros(14)
    weights[[0, 1, 12, 13]] = 1, theta_1, theta_12, theta_1 * theta_12
    loading = np.array([np.pad(weights[::-1], (i, m - 1 - i)) for i in range(m)])
    return loading @ loading.T


@pytest.fixture
def without_prior(monkeypatch):
    monkeypatch.setattr(airline, "_USUAL", ((0.0, 1e6), (0.0, 1e6)))


@pytest.fixture(scope="module")
def sarimax():
    z = simulate_airline()
    x = (np.arange(len(z)) == 60).astype(float)[:, None]
    model = SARIMAX(z, exog=x, order=(0, 1, 1), seasonal_order=(0, 1, 1, 12), simple_differencing=True)
    return z, x, model.fit(disp=False)


def test_airline_likelihood_is_the_exact_one(sarimax, without_prior):
    z, x, reference = sarimax
    fit = airline.fit_airline(z, x)
    own = [fit.beta[0], fit.theta, fit.seasonal_theta, fit.sigma2]
    assert fit.loglik >= reference.llf - 1e-4
    assert reference.model.loglike(np.array(own)) == pytest.approx(fit.loglik, abs=1e-6)


def test_airline_prior_keeps_a_short_history_from_the_edge():
    edge, usual = [], []
    for seed in range(12):
        z = np.cumsum(np.random.default_rng(seed).normal(0, 0.03, 48))
        x = (np.arange(48)[:, None] >= np.array([10, 22, 30])).astype(float)
        usual.append(abs(airline.fit_airline(z, x).seasonal_theta))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(airline, "_USUAL", ((0.0, 1e6), (0.0, 1e6)))
            edge.append(abs(airline.fit_airline(z, x).seasonal_theta))
    assert max(usual) < 0.95 < np.median(edge)


def test_airline_parameters_and_effect_match_statsmodels(sarimax, without_prior):
    z, x, reference = sarimax
    fit = airline.fit_airline(z, x)
    np.testing.assert_allclose([fit.beta[0], fit.theta, fit.seasonal_theta], reference.params[:3], atol=2e-3)
    inverse = np.linalg.inv(dense_covariance(fit.theta, fit.seasonal_theta, len(z) - 13))
    w, d = airline.difference(z), airline.difference(x)
    information = d.T @ inverse @ d
    beta = np.linalg.solve(information, d.T @ inverse @ w)
    residual = w - d @ beta
    variance = residual @ inverse @ residual / (len(w) - 3)
    np.testing.assert_allclose(fit.beta, beta, rtol=1e-9)
    np.testing.assert_allclose(fit.se, np.sqrt(variance / information[0]), rtol=1e-9)


def test_airline_forecast_matches_the_diffuse_state_space_model():
    z = simulate_airline()
    fit = airline.fit_airline(z)
    centre, sd = airline.extend(fit, z, 18)
    model = SARIMAX(z, order=(0, 1, 1), seasonal_order=(0, 1, 1, 12))
    reference = model.filter([fit.theta, fit.seasonal_theta, fit.sigma2]).get_forecast(18)
    np.testing.assert_allclose(centre, reference.predicted_mean, atol=1e-3)
    np.testing.assert_allclose(sd, reference.se_mean, rtol=1.5e-2)


@pytest.mark.parametrize("seasonal", [True, False])
def test_theta_matches_statsmodels(seasonal):
    rng = np.random.default_rng(5)
    t = np.arange(96)
    y = 50 + 0.2 * t + np.cumsum(rng.normal(0, 0.8, 96)) + (8 * np.sin(2 * np.pi * t / 12) if seasonal else 0)
    reference = ThetaModel(y, period=12, deseasonalize=theta.is_seasonal(y), use_test=False).fit()
    own = theta.predict(Sample(y, log=False), 18).point
    assert theta.is_seasonal(y) is seasonal
    np.testing.assert_allclose(own, reference.forecast(18), rtol=1e-4)


def test_seasonal_naive_by_hand():
    y = np.arange(1.0, 25.0)
    prediction = naive.predict(Sample(y, log=False), 14)
    np.testing.assert_array_equal(prediction.point, [*range(13, 25), 13, 14])
    np.testing.assert_allclose(prediction.sd, [12.0] * 12 + [12 * np.sqrt(2)] * 2)


def test_half_growth_by_hand():
    y = np.arange(1.0, 25.0)  # +12 in a year: half of it is carried over
    np.testing.assert_allclose(naive.predict_half_growth(Sample(y, log=False), 12).point, np.arange(19.0, 31.0))


def test_smoothing_recursion_matches_statsmodels():
    y = simulate_airline(seed=8)
    season = 0.1 * np.sin(2 * np.pi * np.arange(12) / 12)
    states = np.concatenate([[5.0, 0.01], season])[:, None]
    parameters = np.array([[0.3], [0.05], [0.1], [0.9]])
    sse, last, _ = _run(y[:, None], parameters, states)
    model = ETSModel(
        y, error="add", trend="add", damped_trend=True, seasonal="add", seasonal_periods=12,
        initialization_method="known", initial_level=5.0, initial_trend=0.01, initial_seasonal=season,
    )  # fmt: skip
    result = model.smooth([0.3, 0.05, 0.1, 0.9])
    assert sse[0] == pytest.approx(float((result.resid**2).sum()), rel=1e-9)
    assert last[0, 0] == pytest.approx(result.level[-1], rel=1e-9)


def test_smoothing_search_is_as_good_as_a_numerical_one():
    y = simulate_airline(seed=9)
    model = ETSModel(y, error="add", trend="add", damped_trend=True, seasonal="add", seasonal_periods=12)
    reference = float((model.fit(disp=False).resid ** 2).sum())
    fit = fit_forms(y[:, None], (Form("Ad", seasonal=True),))[0]
    assert fit.sse <= reference * 1.03


def test_chosen_smoothing_follows_a_trend_and_a_season():
    t = np.arange(96)
    y = np.exp(0.01 * t + 0.2 * np.sin(2 * np.pi * t / 12) + 0.003 * np.random.default_rng(0).standard_normal(96))
    truth = np.exp(0.01 * np.arange(96, 108) + 0.2 * np.sin(2 * np.pi * np.arange(96, 108) / 12))
    np.testing.assert_allclose(ets_select.predict(Sample(y, log=True), 12).point, truth, rtol=0.03)


def test_local_regression_keeps_a_pure_season():
    t = np.arange(60)
    y = np.exp(0.3 * np.sin(2 * np.pi * t / 12))
    np.testing.assert_allclose(dls.predict(Sample(y, log=True), 12).point, y[:12], rtol=1e-8)


def test_a_series_extinct_for_a_year_stays_at_zero():
    y = np.r_[np.ones(30), np.zeros(12)]
    assert not intermittent.predict(Sample(y, log=False), 6).point.any()


def test_guard_refuses_explosion_and_not_a_number():
    sample = Sample(np.ones(48) + 0.1 * np.sin(np.arange(48)), log=True)
    for centre in (np.full(12, 3.0), np.full(12, np.nan)):
        assert guards.refuse(Prediction(centre, np.full(12, 0.1), log=True), sample)
    assert guards.refuse(Prediction(np.zeros(12), np.full(12, 0.1), log=True), sample) == ""


@pytest.mark.parametrize("n", [18, 24, 36, 60, 120])
@pytest.mark.parametrize("log", [True, False])
def test_members_are_finite_at_every_length(n, log):
    rng = np.random.default_rng(n)
    y = np.exp(0.1 * rng.standard_normal(n)) if log else rng.standard_normal(n)
    for name in menu.choose_members(n, "positive" if log else "additive", "sm4"):
        prediction = menu.MODELS[name](Sample(y, log), 24)
        assert np.isfinite(prediction.point).all(), name
        assert (prediction.sd > 0).all(), name
