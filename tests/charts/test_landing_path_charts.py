"""The landing, the budget and the road of the P/C, drawn by a real Vega engine."""

import numpy as np
import pandas as pd
import pytest

from charts.landing import chart_budget, chart_landing
from charts.path import chart_crossing, chart_path
from tests.charts.drawing import check_drawing, svg


def landing(**options):
    months = pd.date_range("2025-12-01", periods=9, freq="MS")
    told = pd.DataFrame({"mois": months, "total": 6.7e7, "bas_80": 6.6e7, "haut_80": 6.8e7})
    return chart_landing(told, title="Atterrissage 2026 : ensemble", **options)


def budget(**options):
    months = pd.date_range("2026-01-01", periods=12, freq="MS")
    table = pd.DataFrame({"mois": months, "budget": 5e6, "valeur": 5.5e6, "prevu": [False] * 8 + [True] * 4})
    table["ecart"] = table["valeur"] - table["budget"]
    return chart_budget(table.assign(cumul=table["ecart"].cumsum()), title="Prestations et budget 2026", **options)


def path(**options):
    months = pd.date_range("2025-01-01", periods=24, freq="MS")
    table = pd.DataFrame({"mois": months, "prevu": [False] * 12 + [True] * 12, "mensuel": 0.8, "glissant": 0.81})
    table["bas_80"] = np.where(table["prevu"], 0.79, np.nan)
    table["haut_80"] = np.where(table["prevu"], 0.83, np.nan)
    return chart_path(table, target=0.82, title="P/C des 12 derniers mois", **options)


def crossing(**options):
    months = pd.date_range("2026-01-01", periods=12, freq="MS")
    table = pd.DataFrame({"mois": months, "au_dessus": np.linspace(0.1, 0.6, 12), "franchi": np.linspace(0.1, 0.7, 12)})
    return chart_crossing(table, title="Chances d’avoir dépassé 82 %", **options)


PICTURES = {"landing": landing, "budget": budget, "path": path, "crossing": crossing}


@pytest.mark.parametrize("name", PICTURES)
def test_the_specification_is_valid_and_draws(name):
    check_drawing(PICTURES[name]())


@pytest.mark.parametrize("name", PICTURES)
def test_simulated_data_say_so(name):
    assert "Données simulées" in svg(PICTURES[name](is_demo=True))
    assert "Données simulées" not in svg(PICTURES[name]())


def test_the_words_print_the_figures():
    assert "67,0\u202fM€" in landing().alt
    assert "+6,00\u202fM€" in budget().alt
    assert "81,0\u202f%" in path().alt
    assert "70\u202f% de chances au plus tard en déc.\u00a02026" in crossing().alt


def test_known_and_forecast_are_told_apart():
    data = budget().data
    assert list(data["serie"].value_counts()[["Budget", "Réalisé", "Prévision"]]) == [12, 8, 4]
    assert list(budget().table["État"]) == ["Réalisé"] * 8 + ["Prévision"] * 4
    drawn = path().data
    joined = drawn[drawn["serie"] == "12 mois, prévus"]
    assert joined["mois"].iloc[0] == pd.Timestamp("2025-12-01")  # the last known month links the two lines
    assert joined["bas_80"].iloc[0] == pytest.approx(0.81)
    assert svg(path()).count('aria-roledescription="rule mark"') == 1
