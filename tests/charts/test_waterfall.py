"""The waterfall with its intervals and its clickable bars, drawn by a real Vega engine."""

import numpy as np
import pandas as pd
import pytest

from charts.waterfall import FIELD, SELECTION, chart_waterfall
from tests.charts.drawing import check_drawing, svg


def waterfall(**options):
    effects = pd.DataFrame(
        {"effet": ["Effectif", "Fréquence"], "montant": [2e5, -5e4], "bas": [np.nan, -9e4], "haut": [np.nan, 1e4]}
    )
    return chart_waterfall(
        effects, start=1e6, start_label="2023", end_label="2024", title="Écart", unit="EUR", **options
    )


def test_intervals_stand_around_the_end_of_their_bar():
    picture = waterfall()
    check_drawing(picture)
    data = picture.data.set_index("etape")
    assert data.loc["Fréquence", ["de", "a"]].tolist() == pytest.approx([1.11e6, 1.21e6])
    assert data.loc["Effectif", "de"] != data.loc["Effectif", "de"]
    assert data.loc["Fréquence", "sommet"] == pytest.approx(1.21e6)  # the words clear the interval
    assert svg(picture).count('aria-roledescription="rule mark"') == 0 or "intervalle" in svg(picture)
    assert "trait sombre" in svg(picture).lower()
    assert picture.table["Intervalle à 80 %"].tolist() == ["", "", "de −90,0\u202fk€ à +10,0\u202fk€", ""]


def test_the_alternative_text_tells_the_interval_of_the_first_effect():
    effects = pd.DataFrame({"effet": ["Fréquence"], "montant": [5e4], "bas": [1e4], "haut": [9e4]})
    picture = chart_waterfall(effects, start=1e6, start_label="a", end_label="b", title="Écart", unit="EUR")
    assert "(de +10,0\u202fk€ à +90,0\u202fk€, 8 fois sur 10)" in picture.alt


def test_without_interval_nothing_speaks_of_one():
    effects = pd.DataFrame({"effet": ["Effectif"], "montant": [2e5]})
    picture = chart_waterfall(effects, start=1e6, start_label="a", end_label="b", title="Écart", unit="EUR")
    check_drawing(picture)
    assert "ntervalle" not in svg(picture)
    assert list(picture.table.columns) == ["Étape", "Montant"]


def test_bars_are_clicked_by_name_and_the_chosen_one_is_framed():
    spec = waterfall(clickable=True).spec
    params = [p for layer in (spec, *spec["layer"]) for p in layer.get("params", [])]
    assert [(p["name"], p["select"]["fields"]) for p in params] == [(SELECTION, [FIELD])]
    assert waterfall(chosen="Fréquence").data["choisie"].tolist() == [False, False, True, False]
    check_drawing(waterfall(chosen="Fréquence", clickable=True))
    assert not any("params" in layer for layer in waterfall().spec["layer"])


def test_the_axis_leaves_room_for_what_goes_below():
    effects = pd.DataFrame({"effet": ["Fréquence"], "montant": [1e4], "bas": [-3e5], "haut": [3e5]})
    picture = chart_waterfall(effects, start=1e6, start_label="a", end_label="b", title="Écart", unit="EUR")
    assert picture.data["bas"].iloc[0] < 7e5
