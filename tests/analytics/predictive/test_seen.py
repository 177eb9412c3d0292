"""Error by distance and bands as they held, recomputed by hand."""

import numpy as np
import pandas as pd
import pytest

from analytics.predictive.menu import COMBINED, NAIVE
from analytics.predictive.seen import coverage_seen, describe_trust, error_by_horizon, judge_band
from analytics.predictive.shown import run_prophet


def backtest(origins=3, serie="E"):
    rng = np.random.default_rng(2)
    rows = []
    for o in range(origins):
        start = pd.Timestamp("2022-01-01") + pd.DateOffset(months=6 * o)
        for h in range(1, 13):
            real = 100 + rng.normal(0, 5)
            for model, error in ((COMBINED, 2.0), (NAIVE, 5.0), ("theta", 3.0)):
                value = real + error * rng.normal()
                rows.append((serie, start, start + pd.DateOffset(months=h), h, model, value, real, value - 3, value + 3,
                             value - 8, value + 8))  # fmt: skip
    columns = [
        "serie",
        "origine",
        "mois",
        "horizon",
        "modele",
        "valeur",
        "reel",
        "bas_80",
        "haut_80",
        "bas_95",
        "haut_95",
    ]
    return pd.DataFrame(rows, columns=columns)


def test_the_error_of_each_distance_is_a_ratio_of_sums():
    table = backtest()
    found = error_by_horizon(table, "E").set_index(["tranche", "modele"])
    for (tranche, model), row in found.iterrows():
        first, last = (int(w) for w in tranche.removesuffix(" mois").split(" à "))
        mine = [r for r in table.itertuples() if r.modele == model and first <= r.horizon <= last]
        assert row["wape"] == pytest.approx(sum(abs(r.valeur - r.reel) for r in mine) / sum(r.reel for r in mine))
        assert (row["n"], row["origines"]) == (9, 3)
    assert len(found) == 8


def test_only_months_where_both_were_tried_are_compared():
    table = backtest()
    lost = (table["modele"] == NAIVE) & (table["origine"] == table["origine"].min())
    found = error_by_horizon(table[~lost], "E")
    assert set(found["n"]) == {6}
    assert error_by_horizon(table, "absente").empty


def test_the_bands_are_counted_one_month_at_a_time():
    table = backtest()
    own = table[table["modele"] == COMBINED]
    found = coverage_seen(table, "E").set_index("niveau")
    for level in (80, 95):
        inside = [r[f"bas_{level}"] <= r["reel"] <= r[f"haut_{level}"] for _, r in own.iterrows()]
        assert found.loc[level, "vue"] == pytest.approx(np.mean(inside))
    hidden = table.assign(bas_95=np.nan)
    assert np.isnan(coverage_seen(hidden, "E").set_index("niveau").loc[95, "vue"])


@pytest.mark.parametrize(
    ("seen", "nominal", "months", "word"),
    [(0.8, 0.8, 72, "tient"), (0.5, 0.8, 72, "étroite"), (1.0, 0.8, 72, "prudente"), (0.5, 0.8, 12, "trop peu"),
     (np.nan, 0.8, 0, "pas d’essai"), (0.93, 0.95, 10_000, "tient"), (0.91, 0.95, 10_000, "étroite")],
)  # fmt: skip
def test_a_band_is_judged_beyond_chance(seen, nominal, months, word):
    assert word in judge_band(seen, nominal, months)


def test_trust_prints_the_scores():
    scores = pd.DataFrame({"modele": [COMBINED, "theta"], "wape": [0.0234, 0.5], "couverture_80": [0.7917, 0.1]})
    text = describe_trust(scores)
    assert "2,3\u202f%" in text
    assert "79\u202f%" in text
    assert "aucun essai" in describe_trust(scores.assign(wape=np.nan))


def test_prophet_is_compared_where_it_was_tried():
    months = pd.date_range("2020-01-01", periods=54, freq="MS")
    rng = np.random.default_rng(0)
    y = 100 * (1 + 0.1 * np.sin(np.arange(54) * np.pi / 6)) + rng.normal(0, 1, 54)
    found = run_prophet(pd.DataFrame({"serie": "E", "mois": months, "valeur": y}), calendar=None)
    assert found.raison == ""
    assert len(found.table) == 12
    assert found.table["mois"].iloc[0] == pd.Timestamp("2024-07-01")
    assert 0 < found.wape < 0.2
    assert 0 < found.reference < 0.2
    short = run_prophet(pd.DataFrame({"serie": "E", "mois": months[:15], "valeur": y[:15]}), calendar=None)
    assert short.table.empty
    assert "18 mois" in short.raison
