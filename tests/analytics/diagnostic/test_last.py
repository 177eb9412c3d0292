import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.tsa.holtwinters import ExponentialSmoothing

from analytics.diagnostic import detect_last
from analytics.diagnostic.last import ALARM, MEMORY, errors_of, judge_last, replay_last, tail_probability
from analytics.diagnostic.onestep import DAMPING, day_gaps, one_step
from analytics.errors import ParameterError
from analytics.working_days import working_days


def panel(rng, series=300, n=60, shock=0.0):
    months = np.arange(n)[:, None]
    level = np.cumsum(rng.normal(0, 0.01, (n, series)), axis=0)
    season = 0.1 * np.sin(2 * np.pi * months / 12 + rng.uniform(0, 6, series))
    values = np.exp(10 + level + season + rng.normal(0, 0.03, (n, series)))
    values[-1] *= np.exp(shock)
    return pd.DataFrame(values, index=pd.date_range("2020-01-01", periods=n, freq="MS"))


def series(seed, n=60, shock=0.0):
    return panel(np.random.default_rng(seed), 1, n, shock)[0]


def shocked(wide, sigmas):
    """The last month moved by so many standard deviations of the past one-step errors of each series."""
    moved = wide.copy()
    moved.iloc[-1] *= np.exp(sigmas * errors_of(wide).errors[:-1].std(axis=0))
    return moved


def alarms(wide):
    return (judge_last(wide)["p_value"] < ALARM).mean()


@pytest.mark.parametrize("n", [36, 60, 120])
def test_false_alarms_and_power(n):
    wide = panel(np.random.default_rng(7), n=n)
    assert alarms(wide) <= 2 * ALARM
    for sign in (1, -1):
        assert alarms(shocked(wide, 3 * sign)) >= 0.45
        assert alarms(shocked(wide, 5 * sign)) >= 0.90


def test_the_promise_is_kept_on_real_series_and_shocks_are_found(shared):
    """Every month of thirteen years; the last error moves with the last month, so that one pass judges every shock."""
    table = pd.read_csv(shared / "forecasting_pbs" / "pbs_series_tidy.csv.gz", parse_dates=["date"])
    real = table.pivot(index="date", columns="series_id", values="value")
    real = real.loc[:, (real > 0).all(axis=0)]
    found = errors_of(real)

    def share(sigmas, rate=ALARM):
        hits = []
        for t in range(len(found.errors) - 157, len(found.errors)):
            unit = found.errors[t] / found.scaled[t]
            last = (found.errors[t] + sigmas * found.errors[:t].std(axis=0)) / unit
            hits.append(tail_probability(found.scaled[max(0, t - MEMORY) : t], last) < rate)
        return np.mean(hits), hits[-1].mean()

    assert share(0)[1] == alarms(real)
    assert share(-3)[1] == alarms(shocked(real, -3))
    for rate in (ALARM, 0.02, 0.05):
        assert abs(share(0, rate)[0] - rate) <= 0.01
    assert np.mean([share(3)[0], share(-3)[0]]) >= 0.55
    assert np.mean([share(5)[0], share(-5)[0]]) >= 0.90


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
    own, reference = one_step(values[:, None]).errors[:, 0], (values - fit.fittedvalues)[12:]
    assert np.median(np.abs(own)) <= 1.25 * np.median(np.abs(reference))
    assert np.corrcoef(own[24:], reference[24:])[0, 1] > 0.8


def test_nothing_is_learnt_from_what_comes_after():
    """The errors and spreads of a month are the same whatever follows it."""
    wide = panel(np.random.default_rng(2), series=6, n=90)
    z = np.log(wide.to_numpy())
    whole, short = one_step(z, wide.index), one_step(z[:61], wide.index[:61])
    np.testing.assert_array_equal(whole.errors[:49], short.errors)
    np.testing.assert_array_equal(whole.scaled[:49], short.scaled)


def test_the_tails_are_those_of_the_errors():
    """Normal errors and Student errors of three degrees of freedom: one false alarm in a hundred for both."""
    rng = np.random.default_rng(4)
    for law in (stats.norm, stats.t(3)):
        errors = law.rvs(size=(72, 4000), random_state=rng)
        rate = (tail_probability(errors[:-1], errors[-1]) < ALARM).mean()
        assert ALARM / 4 <= rate <= 3 * ALARM  # fifteen errors that count do not tell three degrees from six


def test_a_month_hard_to_foresee_is_judged_by_its_own_errors():
    rng = np.random.default_rng(5)
    values = rng.normal(0, 1, (133, 2000))
    values[::12] *= 4  # the last month is one of them
    found = one_step(values)
    assert np.abs(found.scaled[-1]).mean() < 0.65 * np.abs(found.errors[-1]).mean() / np.abs(found.errors[-2]).mean()
    assert (judge_last(pd.DataFrame(values))["p_value"] < ALARM).mean() < 0.15


def test_a_calmer_series_is_judged_by_its_recent_errors():
    """The spread follows: two years after the noise fell threefold, the old noise is forgotten, and found quickly."""
    rng = np.random.default_rng(6)
    values = rng.normal(0, 1, (120, 500)) * np.where(np.arange(120) < 84, 3.0, 1.0)[:, None]
    values[-1] += 5 * rng.choice([-1, 1], 500)
    assert (judge_last(pd.DataFrame(values))["p_value"] < ALARM).mean() > 0.7


def test_what_working_days_explain_is_not_unusual():
    """Spending in proportion to working days: known months, the effect is learnt; months without dates, it is not."""
    rng = np.random.default_rng(10)
    wide = panel(rng, series=200, n=100)
    wide = wide.mul(working_days(wide.index) ** 1.5, axis=0)
    dated, bare = (one_step(np.log(wide.to_numpy()), index).errors[36:] for index in (wide.index, None))
    assert dated.std() < 0.85 * bare.std()
    flat = panel(rng, series=200, n=100)
    dated, bare = (one_step(np.log(flat.to_numpy()), index).errors[36:] for index in (flat.index, None))
    assert dated.std() < 1.03 * bare.std()


def test_a_gap_of_working_days_is_against_the_same_month_of_six_years():
    months = pd.date_range("2019-05-01", periods=14, freq="MS")
    days = {y: float(working_days(pd.DatetimeIndex([f"{y}-06-01"]))[0]) for y in range(2014, 2021)}
    past = np.mean([np.log(days[y]) for y in range(2014, 2020)])
    assert day_gaps(months)[13] == pytest.approx(np.log(days[2020]) - past)


@pytest.mark.parametrize("index", [range(60), pd.date_range("2020-01-31", periods=60, freq="ME")])
def test_an_index_that_is_not_first_days_of_months_is_judged_without_working_days(index):
    values = series(11).to_numpy()
    assert detect_last(pd.Series(values, index=index)).p_value == detect_last(pd.Series(values)).p_value


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
