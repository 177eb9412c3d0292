"""A recent step: found with its month and size, not in a calm series, not twice when an event already explains it."""

import numpy as np
import pandas as pd
import pytest

from analytics.completion import complete, maturity
from analytics.predictive import forecast
from analytics.predictive.calendar import WORKING_DAYS
from analytics.predictive.series import build_series
from analytics.predictive.steps import find_step
from data import demo_dataset

N = 96
MONTHS = pd.date_range("2018-01-01", periods=N, freq="MS")


def calm(seed=0, noise=0.02):
    rng = np.random.default_rng(seed)
    t = np.arange(N)
    y = 1e6 * np.exp(0.003 * t + 0.1 * np.sin(2 * np.pi * t / 12) + rng.normal(0, noise, N))
    return pd.DataFrame({"mois": MONTHS, "valeur": y})


def stepped(frame, months, size):
    values = frame["valeur"].to_numpy().copy()
    values[-months:] *= 1 + size
    return frame.assign(valeur=values)


@pytest.mark.parametrize("months", [3, 6, 11])
@pytest.mark.parametrize("size", [0.2, -0.15])
def test_a_step_is_found_at_its_month_with_its_size(months, size):
    found = find_step(stepped(calm(), months, size), serie="x")
    assert found.serie == "x"
    assert found.mois == MONTHS[-months]
    assert found.variation == pytest.approx(size, abs=0.04)


def test_chance_is_no_step():
    found = [find_step(calm(seed), serie="x") for seed in range(40)]
    assert sum(step is not None for step in found) <= 1


def test_an_abnormal_last_month_or_a_trend_is_no_step():
    assert find_step(stepped(calm(), 1, 0.3), serie="x") is None
    growing = calm().assign(valeur=lambda f: f["valeur"] * 1.15 ** (np.arange(N) / 12))
    assert find_step(growing, serie="x") is None


def test_an_event_that_was_counted_explains_its_step():
    frame = stepped(calm(), 6, 0.2)
    events = pd.DataFrame({"evenement": ["Réforme"], "debut": [MONTHS[-6]], "forme": ["palier"]})
    assert find_step(frame, serie="x", events=events, kept={"Réforme"}) is None
    assert find_step(frame, serie="x", events=events, kept={WORKING_DAYS}).mois == MONTHS[-6]


def test_too_short_or_not_positive_says_nothing():
    assert find_step(stepped(calm(), 6, 0.2).tail(47), serie="x") is None
    assert find_step(calm().assign(valeur=lambda f: f["valeur"] - f["valeur"].mean()), serie="x") is None


@pytest.fixture(scope="module")
def optical():
    demo = demo_dataset()
    table = maturity(demo)
    months = pd.DatetimeIndex(table.loc[table["statut"] != "incomplet", "mois"])
    frame = build_series(complete(demo), "prestation", months, {"poste": ("optique",)}, by=None).frame
    return frame.assign(serie="optique")


def test_on_the_demo_a_step_six_months_before_the_origin_does_not_become_a_trend(optical):
    """The last line of what the forecast must hold: told to the calendar, it stays a step of its size."""
    start = optical["mois"].iloc[-6]
    covid = pd.DataFrame({"evenement": ["Covid"], "debut": [pd.Timestamp("2020-03-01")], "forme": ["impulsion"],
                          "fin": [pd.Timestamp("2020-05-01")]})  # fmt: skip
    step = pd.DataFrame({"evenement": ["100 % Santé"], "debut": [start], "forme": ["palier"], "fin": [pd.NaT]})
    options = {"horizon": 12, "prophet": False, "n_origins": 0}
    plain = forecast(optical, events=covid, **options).table["valeur"].to_numpy()
    higher = optical.assign(valeur=optical["valeur"] * np.where(optical["mois"] >= start, 1.2, 1.0))
    told = forecast(higher, events=pd.concat([covid, step], ignore_index=True), **options)
    ratio = told.table["valeur"].to_numpy() / plain
    effect = told.effects.set_index("effet").loc["100 % Santé"]
    assert effect["retenu"]
    assert ratio == pytest.approx(np.full(12, 1.2), abs=0.03)
    assert ratio[-1] / ratio[0] == pytest.approx(1.0, abs=0.01)
    found = find_step(higher, serie="optique", events=covid, kept={WORKING_DAYS, *(f"Covid ({m})" for m in (
        "2020-03", "2020-04", "2020-05"))})  # fmt: skip
    assert found.mois == start
    assert found.variation == pytest.approx(0.2, abs=0.05)
