"""Each picture is drawn by a real Vega engine, and its French words are looked for in the drawing."""

import json

import pandas as pd
import pytest
import vl_convert

from charts import picture as picture_module
from charts.breakdown import chart_breakdown
from charts.export import to_csv, to_png
from charts.fan import chart_fan
from charts.picture import check_marks
from charts.scenarios import chart_scenarios
from charts.theme import MAX_MARKS
from charts.trend import chart_trend
from charts.waterfall import chart_waterfall
from tests.charts.drawing import check_drawing, svg

MONTHS = pd.date_range("2024-01-01", periods=24, freq="MS")


def series():
    values = [1e6 * (10 + i % 12) for i in range(24)]
    states = ["complet"] * 22 + ["incomplet"] * 2
    return pd.DataFrame({"mois": MONTHS, "valeur": values, "reference": [None] * 12 + values[:12], "statut": states})


def trend(**options):
    return chart_trend(series(), title="Prestations", unit="EUR", **options)


def breakdown(**options):
    table = pd.DataFrame(
        {"groupe": ["Dentaire", "Optique"], "valeur": [5e6, 2e6], "reference": [4e6, 2.1e6],
         "ecart": [1e6, -1e5], "evolution": [0.25, -0.0476]}
    )  # fmt: skip
    return chart_breakdown(table, group="Poste", title="Prestations par poste", unit="EUR", **options)


def waterfall(**options):
    effects = pd.DataFrame({"effet": ["Effectif", "Coût moyen"], "montant": [2e5, -5e4]})
    return chart_waterfall(
        effects, start=1e6, start_label="2023", end_label="2024", title="Écart", unit="EUR", **options
    )


def fan(**options):
    history = series()[["mois", "valeur"]]
    months = pd.date_range("2026-01-01", periods=6, freq="MS")
    ahead = pd.DataFrame({"mois": months, "valeur": 1.2e7})
    for name, factor in (("bas_80", 0.95), ("haut_80", 1.05), ("bas_95", 0.9), ("haut_95", 1.1)):
        ahead[name] = ahead["valeur"] * factor
    return chart_fan(history, ahead, title="Prévision", unit="EUR", **options)


def scenarios(**options):
    table = pd.DataFrame(
        {"scenario": ["Ne rien faire", "A"], "p10": [0.8, 0.75], "p50": [0.82, 0.78], "p90": [0.85, 0.8]}
    )
    return chart_scenarios(table, title="Ratio P/C", unit="taux", target=0.8, **options)


PICTURES = {"trend": trend, "breakdown": breakdown, "waterfall": waterfall, "fan": fan, "scenarios": scenarios}


@pytest.mark.parametrize("name", PICTURES)
def test_the_specification_is_valid_and_draws(name):
    check_drawing(PICTURES[name]())


@pytest.mark.parametrize("name", PICTURES)
def test_simulated_data_say_so(name):
    assert "Données simulées" in svg(PICTURES[name](is_demo=True))
    assert "Données simulées" not in svg(PICTURES[name](is_demo=False))


def test_numbers_and_months_are_french():
    drawing = svg(trend())
    assert "\u202fM€" in drawing
    assert "janv." in drawing
    assert "Jan" not in drawing.replace("janv", "")
    assert "7,5" in svg(scenarios()) or "78,0" in svg(scenarios())


def test_incomplete_months_are_drawn_apart():
    data = trend().data
    apart = data[data["serie"] == "Mois incomplet"]
    assert list(apart["mois"].dt.month) == [10, 11, 12]  # the last complete month links the two lines
    assert data.loc[data["serie"] == "Mois par mois", "mois"].max() == pd.Timestamp("2025-10-01")


def test_a_single_month_is_a_point_under_its_year():
    one = series().iloc[[5]]
    picture = chart_trend(one, title="Prestations", unit="EUR")
    assert list(picture.data["seul"]) == [True]
    assert svg(picture).count('aria-roledescription="point"') == 1
    assert "2024" in svg(picture)
    assert svg(trend()).count('aria-roledescription="point"') == 0


def test_the_year_is_said_by_a_series_without_january():
    assert "2024" in svg(chart_trend(series().iloc[3:8], title="Prestations", unit="EUR"))


def test_bars_without_reference_speak_of_none_and_labels_clear_the_tick():
    data = breakdown().data
    assert (data["ancre"] >= data[["valeur", "reference"]].max(axis=1)).all()
    assert "Trait gris" in svg(breakdown())
    table = pd.DataFrame({"groupe": ["A"], "valeur": [5e6], "reference": [float("nan")]}).assign(
        ecart=float("nan"), evolution=float("nan")
    )
    assert "Trait gris" not in svg(chart_breakdown(table, group="Poste", title="Prestations", unit="EUR"))


def test_an_axis_of_positive_amounts_starts_at_zero_even_when_narrow():
    drawing = vl_convert.vegalite_to_svg(json.dumps({**breakdown().standalone(), "width": 200}))
    assert ">\u22125" not in drawing
    assert "+25,0\u202f%<" in drawing
    assert "M€ (+25,0" not in drawing.split("aria-label")[-1]


def test_waterfall_ends_where_the_effects_lead():
    data = waterfall().data
    assert data["haut"].iloc[-1] == pytest.approx(1e6 + 2e5 - 5e4)
    assert data["texte"].iloc[1] == "+200,0\u202fk€"


def test_too_many_marks_are_refused():
    with pytest.raises(ValueError, match="aggregate"):
        check_marks(pd.DataFrame({"x": range(MAX_MARKS + 1)}))


def test_png_and_csv():
    assert to_png(breakdown()).startswith(b"\x89PNG")
    table = pd.DataFrame({"Poste": ["=1+1", "Optique"], "Montant": [1234.5, None], "Mois": MONTHS[:2]})
    text = to_csv(table, is_demo=True).decode("utf-8-sig").splitlines()
    assert text[0] == "Poste;Montant;Mois;Origine"
    assert text[1] == "'=1+1;1234,5;01/2024;Données simulées"
    assert text[2] == "Optique;;02/2024;Données simulées"


def test_no_text_of_a_csv_is_a_formula_and_numbers_stay_numbers():
    table = pd.DataFrame({'=HYPERLINK("http://x")': ["=1+1", "-12,5", "+33 1", "@x", "-2.5", "texte"]})
    title, *cells = to_csv(table).decode("utf-8-sig").splitlines()
    assert title.startswith("\"'=HYPERLINK")
    assert cells == ["'=1+1", "-12,5", "+33 1", "'@x", "-2.5", "texte"]


def test_specifications_are_forgotten_with_the_data():
    trend()
    assert any(made.cache_info().currsize for made in picture_module._KEPT)
    picture_module.forget_specs()
    assert not any(made.cache_info().currsize for made in picture_module._KEPT)
