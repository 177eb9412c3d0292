"""Two questions: what is kept of the events by each, and how a supposed effect reaches the series."""

import numpy as np
import pandas as pd
import pytest

from analytics.predictive import forecast
from analytics.predictive.calendar import build_regressors, check_events
from analytics.predictive.questions import COLUMNS, hold_trend, plan, shares_touched, spread
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
