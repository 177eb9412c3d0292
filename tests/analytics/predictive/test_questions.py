"""Two questions: what is kept of the events by each, and how a supposed effect reaches the series."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from analytics.predictive import forecast
from analytics.predictive.calendar import build_regressors, check_events
from analytics.predictive.questions import COLUMNS, hold_trend, plan, shares_touched, spread
from analytics.predictive.series import UNNAMED
from analytics.schema import Selection

LAST = pd.Timestamp("2024-12-01")
MONTHS = pd.date_range("2019-01-01", periods=84, freq="MS")
N = 72


def calendar():
    rows = [
        ("palier passé", "2021-01-01", None, "palier"),
        ("palier qui finirait", "2023-01-01", "2025-06-01", "palier"),
        ("choc en cours", "2024-11-01", "2025-03-01", "impulsion"),
        ("rampe en cours", "2024-01-01", "2025-12-01", "rampe"),
        ("rampe finie", "2022-01-01", "2022-12-01", "rampe"),
        ("à venir", "2025-02-01", None, "palier"),
    ]
    frame = pd.DataFrame(rows, columns=["evenement", "debut", "fin", "forme"]).assign(serie=None)
    return frame.astype({"debut": "datetime64[us]", "fin": "datetime64[us]"})


def test_a_trend_held_meets_nothing_new():
    held = hold_trend(calendar(), LAST)
    assert set(held["evenement"]) == {"palier passé", "palier qui finirait", "choc en cours", "rampe finie"}
    for r in build_regressors(MONTHS, N, "x", events=check_events(held), calendar=None):
        after = r.column[N:]
        steady = 0.0 if "choc" in r.name else r.column[N - 1]
        np.testing.assert_array_equal(after, np.full(len(after), steady), err_msg=r.name)


def test_what_comes_next_counts_only_the_events_given_a_size():
    planned = spread(calendar().iloc[-1].to_dict(), 0.1, {"Ensemble": 0.25, "Dentaire": 1.0, "Optique": 0.0})
    assert dict(zip(planned["serie"], planned["effet"], strict=True)) == {"Ensemble": 0.025, "Dentaire": 0.1}
    found = plan(calendar(), planned, LAST)
    assert list(found.columns) == COLUMNS
    assert found[found["evenement"] == "à venir"]["effet"].tolist() == [0.025, 0.1]
    assert found[found["evenement"] != "à venir"]["effet"].isna().all()
    assert "à venir" not in set(plan(calendar(), pd.DataFrame(), LAST)["evenement"])


def test_the_share_touched_is_that_of_the_amounts(small):
    last = small.months[-1]
    scope = Selection(last - pd.DateOffset(months=11), last)
    care = small.prestation[small.prestation["mois"] >= scope.debut]
    whole = care["prestation"].sum()
    dental = care[care["poste"] == "dentaire"]
    by_poste = shares_touched(small, "prestation", scope, by="poste", postes=("dentaire",))
    assert by_poste["Ensemble"] == pytest.approx(dental["prestation"].sum() / whole)
    named = {small.value_label("poste", p): p for p in care["poste"].unique()}
    assert {named[s]: v for s, v in by_poste.items() if s != "Ensemble"} == {
        "dentaire": 1.0, "optique": 0.0, "pharmacie": 0.0
    }  # fmt: skip
    by_region = shares_touched(small, "prestation", scope, by="region", postes=("dentaire",))
    mine = care[care["region"] == "A"]
    expected = mine.loc[mine["poste"] == "dentaire", "prestation"].sum() / mine["prestation"].sum()
    assert by_region[small.value_label("region", "A")] == pytest.approx(expected)
    assert set(shares_touched(small, "prestation", scope, by=None, postes=()).values()) == {1.0}


def test_a_supposed_effect_moves_the_forecast_by_its_size():
    rng = np.random.default_rng(5)
    y = 100 * np.exp(0.002 * np.arange(N) + 0.1 * np.sin(np.arange(N) * np.pi / 6) + rng.normal(0, 0.01, N))
    frame = pd.DataFrame({"serie": "Ensemble", "mois": MONTHS[:N], "valeur": y})
    planned = spread(calendar().iloc[-1].to_dict(), 0.2, {"Ensemble": 0.5})
    next_ = plan(calendar().head(1), planned, LAST)
    held = hold_trend(calendar(), LAST).head(1)
    tables = [forecast(frame, events=e, mode="core4", prophet=False, n_origins=0).table for e in (next_, held)]
    ratio = tables[0]["valeur"].to_numpy() / tables[1]["valeur"].to_numpy()
    np.testing.assert_allclose(ratio, [1.0] + [1.1] * 11, rtol=1e-9)


def test_rows_without_a_value_share_an_effect_like_the_others(small):
    scope = Selection(small.months[-12], small.months[-1])
    care = small.prestation.assign(region=small.prestation["region"].astype(object))
    care.loc[care.index % 10 == 0, "region"] = None
    found = shares_touched(replace(small, prestation=care), "prestation", scope, by="region", postes=("dentaire",))
    mine = care[(care["mois"] >= scope.debut) & care["region"].isna()]
    expected = mine.loc[mine["poste"] == "dentaire", "prestation"].sum() / mine["prestation"].sum()
    assert found[UNNAMED] == pytest.approx(expected)
    whole = care[care["mois"] >= scope.debut]
    dental = whole.loc[whole["poste"] == "dentaire", "prestation"].sum()
    assert found["Ensemble"] == pytest.approx(dental / whole["prestation"].sum())
    narrow = Selection(scope.debut, scope.fin, {"poste": ("optique",)})
    assert set(shares_touched(small, "prestation", narrow, by="region", postes=("dentaire",)).values()) == {0.0}


@pytest.mark.parametrize("effect", [0.1, -0.1])
def test_a_supposed_effect_on_a_signed_series_is_a_share_of_its_last_year(effect):
    """Ten percent of what is paid now, not of the mean of a growing history."""
    rng = np.random.default_rng(1)
    y = 100 * 1.15 ** (np.arange(N) / 12) * (1 + 0.01 * rng.normal(size=N))
    y[::9] = -5.0
    frame = pd.DataFrame({"serie": "Ensemble", "mois": MONTHS[:N], "valeur": y})
    planned = spread(calendar().iloc[-1].to_dict(), effect, {"Ensemble": 1.0})
    options = {"mode": "core4", "prophet": False, "n_origins": 0}
    with_it = forecast(frame, events=planned, **options).table["valeur"]
    change = with_it - forecast(frame, **options).table["valeur"]
    np.testing.assert_allclose(change, [0.0] + [effect * y[-12:].mean()] * 11, rtol=1e-9, atol=1e-9)
