"""Working days of France counted by hand, events as columns, effects found where they were put."""

import numpy as np
import pandas as pd
import pytest

from analytics.errors import ParameterError, SchemaError
from analytics.predictive.calendar import build_regressors, check_events, log_working_days, working_days
from analytics.predictive.regarima import adjust


def events_of(**columns):
    base = {"evenement": ["reforme"], "debut": ["2020-03-01"], "forme": ["palier"]}
    return check_events(pd.DataFrame(base | columns))


def columns_of(events, n_history=36, n=48, serie="A"):
    months = pd.date_range("2018-01-01", periods=n, freq="MS")
    return build_regressors(months, n_history, serie, events=events, calendar=None)


def test_working_days_of_may_2024_by_hand():
    # 23 weekdays, less 1, 8, 9 (Ascension) and 20 (lundi de Pentecôte); 4 Saturdays.
    may = pd.DatetimeIndex(["2024-05-01"])
    assert working_days(may)[0] == 19
    assert working_days(may, saturday=0.5)[0] == 21


def test_working_days_carry_no_seasonality():
    months = pd.date_range("2001-01-01", "2028-12-01", freq="MS")
    means = pd.Series(log_working_days(months)).groupby(months.month).mean()
    np.testing.assert_allclose(means, 0, atol=1e-12)


def test_shapes():
    step = columns_of(events_of())[0].column
    assert step[:26].sum() == 0
    assert (step[26:] == 1).all()
    ramp = columns_of(events_of(forme=["rampe"], fin=["2020-06-01"]))[0].column
    np.testing.assert_allclose(ramp[25:32], [0, 0.25, 0.5, 0.75, 1, 1, 1])
    pulses = columns_of(events_of(forme=["impulsion"], fin=["2020-05-01"]))
    assert [int(p.column.argmax()) for p in pulses] == [26, 27, 28]
    assert [p.column.sum() for p in pulses] == [1, 1, 1]


def test_events_of_another_series_are_left_out():
    assert columns_of(events_of(serie=["B"])) == ()
    assert len(columns_of(events_of(serie=["B"]), serie="B")) == 1


@pytest.mark.parametrize(
    ("columns", "error"),
    [
        ({"forme": ["bosse"]}, ParameterError),
        ({"forme": ["rampe"]}, ParameterError),
        ({"fin": ["2019-01-01"]}, SchemaError),
        ({"effet": [-1.0]}, ParameterError),
    ],
)
def test_wrong_events_are_named(columns, error):
    with pytest.raises(error, match="reforme"):
        events_of(**columns)


def test_a_planted_step_and_gaps_are_recovered():
    rng = np.random.default_rng(2)
    t = np.arange(72)
    clean = 0.2 * np.sin(2 * np.pi * t / 12) + np.cumsum(0.01 * rng.standard_normal(72))
    shift = 0.15 * (t >= 50)
    z = clean + shift
    z[[20, 33]] = np.nan
    events = check_events(pd.DataFrame({"evenement": ["e"], "debut": ["2022-03-01"], "forme": ["palier"]}))
    months = pd.date_range("2018-01-01", periods=84, freq="MS")
    result = adjust(z, build_regressors(months, 72, "A", events=events, calendar=None), 12)
    effect = result.effects[0]
    assert effect.kept
    assert effect.beta == pytest.approx(0.15, abs=3 * effect.se)
    np.testing.assert_allclose(result.z[[20, 33]], clean[[20, 33]], atol=0.04)
    np.testing.assert_allclose(result.future, effect.beta)


def test_an_event_to_come_is_never_estimated():
    rng = np.random.default_rng(0)
    events = check_events(pd.DataFrame({"evenement": ["e"], "debut": ["2024-03-01"], "forme": ["palier"]}))
    months = pd.date_range("2018-01-01", periods=84, freq="MS")
    result = adjust(rng.standard_normal(72), build_regressors(months, 72, "A", events=events, calendar=None), 12)
    assert not result.effects[0].kept
    assert "inconnu" in result.effects[0].reason
    assert not result.future.any()


def test_an_absurd_month_is_corrected_and_said():
    rng = np.random.default_rng(4)
    t = np.arange(84)
    z = 0.1 * np.sin(2 * np.pi * t / 12) + 0.01 * rng.standard_normal(84)
    spoiled = z.copy()
    spoiled[40] += 0.5
    result = adjust(spoiled, (), 6, labels=[f"m{k}" for k in t])
    assert [e.name for e in result.effects] == ["mois aberrant (m40)"]
    assert abs(result.z[40] - z[40]) < 0.04
    assert adjust(z, (), 6).effects == ()
