import numpy as np
import pandas as pd
import pytest

from analytics.predictive import forecast
from analytics.predictive.joint import error_rows
from analytics.predictive.landing import describe_past, land, past_landings, refresh_landings


def frames(known_months):
    history = pd.DataFrame({"mois": pd.date_range("2024-01-01", periods=known_months, freq="MS"), "valeur": 10.0})
    start = history["mois"].iloc[-1] + pd.DateOffset(months=1)
    ahead = pd.DataFrame({"mois": pd.date_range(start, periods=12, freq="MS"), "valeur": 11.0})
    return history, ahead.assign(bas_80=9.0, haut_80=13.0)


def test_landing_of_the_year_under_way():
    landing = land(*frames(20))  # January 2024 to August 2025
    assert (landing.annee, landing.mois_connus, landing.mois_prevus) == (2025, 8, 4)
    assert (landing.connu, landing.prevu, landing.total) == (80, 44, 124)
    assert landing.tirages.mean() == pytest.approx(landing.total, abs=1e-9)


def test_the_range_lies_between_independent_months_and_fully_correlated_ones():
    landing = land(*frames(20), draws=20_000)
    half = (landing.haut_80 - landing.bas_80) / 2
    assert 2 * np.sqrt(4) < half < 2 * 4
    together = np.sqrt(4 + 12 * 0.5) * 2  # four months, every pair correlated at 50 %
    assert half == pytest.approx(together, rel=0.05)


def test_landing_of_a_year_not_begun():
    landing = land(*frames(24))
    assert (landing.annee, landing.mois_connus, landing.total) == (2026, 0, 132)


def test_no_landing_without_a_whole_year():
    history, ahead = frames(20)
    assert land(history, ahead.head(2)) is None
    history.loc[15, "valeur"] = np.nan
    assert land(history, ahead) is None


def test_estimated_months_widen_the_range():
    history, ahead = frames(20)
    errors = pd.DataFrame({"mois": history["mois"].tail(2), "se": [3.0, 4.0]})
    still = ahead.assign(bas_80=11.0, haut_80=11.0)
    assert land(history, still).haut_80 == pytest.approx(124)
    landing = land(history, still, errors=errors, draws=40_000)
    assert (landing.mois_estimes, landing.estime) == (2, 20)
    spread = np.sqrt(0.5 * 7**2 + 0.5 * 25)
    assert landing.haut_80 - landing.bas_80 == pytest.approx(2 * 1.2816 * spread, rel=0.03)
    assert landing.tirages.mean() == pytest.approx(124, abs=1e-9)


def test_without_bounds_a_total_and_no_range():
    history, ahead = frames(20)
    landing = land(history, ahead.assign(bas_80=np.nan, haut_80=np.nan))
    assert landing.total == 124
    assert np.isnan(landing.bas_80)


def make_walks(count, months, seed):
    """Seasonal series whose level wanders: errors last from a month to the next."""
    rng = np.random.default_rng(seed)
    dates = pd.date_range("2014-01-01", periods=months, freq="MS")
    parts = []
    for k in range(count):
        level = np.cumsum(0.01 * rng.standard_normal(months)) + 0.1 * np.sin(2 * np.pi * np.arange(months) / 12)
        values = 1e6 * np.exp(level + 0.03 * rng.standard_normal(months))
        parts.append(pd.DataFrame({"serie": f"s{k}", "mois": dates, "valeur": values}))
    return pd.concat(parts, ignore_index=True)


@pytest.fixture(scope="module")
def walks():
    frame = make_walks(12, 120, 11)
    return frame, forecast(frame, calendar=None, mode="core4", prophet=False, n_origins=10)


def test_past_landings_hold_the_year_eight_times_out_of_ten(walks):
    frame, told = walks
    past = past_landings(frame, told.backtest)
    settled = past[past["origine"] >= past["origine"].unique()[3]]  # the first origins have nothing to calibrate on
    assert len(settled) >= 80
    assert 0.75 <= settled["dedans"].mean() <= 0.88
    first = past.iloc[0]
    own = frame[(frame["serie"] == first["serie"]) & (frame["mois"].dt.year == first["annee"])]
    assert first["reel"] == pytest.approx(own["valeur"].sum())
    assert f"{int(past['dedans'].sum())} dans la fourchette" in describe_past(past)


def test_past_landings_use_nothing_of_the_future(walks):
    frame, told = walks
    one = frame[frame["serie"] == "s0"]
    own = told.backtest[told.backtest["serie"] == "s0"]
    origin = own["origine"].unique()[4]
    changed = own.assign(reel=np.where(own["mois"] > origin, own["reel"] * 3, own["reel"]))
    before, after = (past_landings(one, b).set_index("origine").loc[origin] for b in (own, changed))
    assert (before[["total", "bas_80", "haut_80"]] == after[["total", "bas_80", "haut_80"]]).all()


def test_refreshed_landings_are_those_of_each_month(series_of):
    history = pd.DataFrame(
        {"mois": pd.date_range("2019-01-01", periods=80, freq="MS"), "valeur": series_of(80)}
    )  # to August 2025
    seen = []
    told = refresh_landings(
        history, 2025, calendar=None, mode="core4", n_origins=2, progress=lambda f, text: seen.append((f, text))
    )
    assert list(told["mois"]) == list(pd.date_range("2024-12-01", "2025-07-01", freq="MS"))
    assert (told["bas_80"] < told["total"]).all()
    assert seen[-1][0] == 1.0
    then = history[history["mois"] <= "2025-03-01"]
    alone = forecast(then.assign(serie="A"), calendar=None, mode="core4", prophet=False, n_origins=2)
    expected = land(then, alone.table, rows=error_rows(alone.backtest, "A"))
    assert told.set_index("mois").loc["2025-03-01", "haut_80"] == pytest.approx(expected.haut_80)
    widths = told["haut_80"] - told["bas_80"]
    assert widths.iloc[-1] < widths.iloc[0]


def test_what_is_supposed_today_is_not_told_to_the_past(series_of):
    history = pd.DataFrame({"mois": pd.date_range("2021-01-01", periods=56, freq="MS"), "valeur": series_of(56)})
    step = {"evenement": "Palier", "debut": pd.Timestamp("2022-05-01"), "fin": pd.NaT, "forme": "palier", "serie": "A"}
    supposed = step | {"evenement": "À venir", "debut": pd.Timestamp("2025-10-01"), "effet": 0.5}
    past = pd.DataFrame([step])
    with_supposed = pd.DataFrame([step | {"effet": np.nan}, supposed])
    options = {"serie": "A", "calendar": None, "mode": "core4", "n_origins": 1}
    found = refresh_landings(history, 2025, events=with_supposed, **options)
    pd.testing.assert_frame_equal(found, refresh_landings(history, 2025, events=past, **options))


def test_a_year_not_begun_has_no_past(series_of):
    history = pd.DataFrame({"mois": pd.date_range("2023-01-01", periods=24, freq="MS"), "valeur": series_of(24)})
    assert refresh_landings(history, 2025).empty
    assert describe_past(past_landings(history.assign(serie="A"), pd.DataFrame(
        columns=["serie", "origine", "modele"])
    )) == ""  # fmt: skip
