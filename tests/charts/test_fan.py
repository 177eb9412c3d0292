"""The fan with all that may be beside it, the errors by distance and the components."""

import pandas as pd
import pytest

from charts.fan import AHEAD, ESTIMATED, KNOWN, PAID, PROPHET, chart_fan
from charts.horizons import chart_horizons
from charts.parts import chart_contributions, chart_profile
from tests.charts.drawing import check_drawing, svg

PAST = pd.date_range("2024-01-01", periods=24, freq="MS")
NEXT = pd.date_range("2026-01-01", periods=12, freq="MS")
OTHER = "Si les tendances se poursuivent"


def parts():
    history = pd.DataFrame({"mois": PAST, "valeur": 1e6})
    ahead = pd.DataFrame({"mois": NEXT, "valeur": 1.1e6, "bas_80": 1.0e6, "haut_80": 1.2e6, "bas_95": 9e5,
                          "haut_95": 1.3e6})  # fmt: skip
    return history, ahead


def line(value):
    return pd.DataFrame({"mois": NEXT, "valeur": value})


def estimated(nature="estimé", low=0.95e6):
    months = pd.date_range("2025-11-01", periods=3, freq="MS")
    return pd.DataFrame({"mois": months, "valeur": 1.05e6, "bas_80": low, "haut_80": low and 1.15e6, "nature": nature})


def test_everything_beside_the_forecast_is_drawn_and_named():
    picture = chart_fan(*parts(), title="Prestations", unit="EUR", candidate=line(1.2e6), other=line(1.05e6),
                        other_name=OTHER, estimated=estimated(), is_demo=True)  # fmt: skip
    check_drawing(picture)
    drawing = svg(picture, 1000)
    for name in (KNOWN, AHEAD, OTHER, PROPHET, ESTIMATED):
        assert name in drawing
    assert picture.table[OTHER].tolist() == [1.05e6] * 12
    assert picture.table[PROPHET].tolist() == [1.2e6] * 12
    marked = picture.data[(picture.data["serie"] == ESTIMATED) & (picture.data["lien"] != 1)]
    assert len(marked) == 3
    assert "8 chances sur 10" in marked["texte"].iloc[0]


def test_the_thin_line_is_thinner_and_the_points_are_no_line():
    picture = chart_fan(*parts(), title="P", unit="EUR", other=line(1.05e6), other_name=OTHER, estimated=estimated())
    lines = [layer for layer in picture.spec["layer"] if layer["mark"]["type"] == "line"]
    lines = [layer for layer in lines if "lien" not in str(layer["transform"])]
    thin = next(layer for layer in lines if OTHER in str(layer["transform"]))
    others = [layer for layer in lines if layer is not thin]
    assert all(thin["mark"]["strokeWidth"] < layer["mark"]["strokeWidth"] for layer in others)
    assert not any(ESTIMATED in str(layer["transform"]) for layer in lines)


def test_what_is_still_an_estimate_is_not_drawn_as_known():
    picture = chart_fan(*parts(), title="P", unit="EUR", estimated=estimated())
    check_drawing(picture)
    rows = picture.data
    known = rows.loc[rows["serie"] == KNOWN, "mois"]
    assert known.max() == pd.Timestamp("2025-10-01")
    link = rows[rows["lien"] == 1]
    assert set(link["serie"]) == {ESTIMATED}
    assert link["mois"].tolist() == list(pd.date_range("2025-10-01", periods=3, freq="MS"))
    bridge = rows[(rows["serie"] == AHEAD) & rows["bas_80"].isna()]
    assert bridge["mois"].tolist() == [pd.Timestamp("2025-12-01")]


def test_months_that_are_only_paid_have_no_interval():
    picture = chart_fan(*parts(), title="P", unit="EUR", estimated=estimated("payé à ce jour", float("nan")))
    check_drawing(picture)
    rows = picture.data[picture.data["serie"] == PAID]
    assert len(rows) == 3
    assert "chances" not in rows["texte"].iloc[0]


def test_a_hidden_month_is_not_drawn():
    history, ahead = parts()
    history.loc[5, "valeur"] = None
    picture = chart_fan(history, ahead, title="P", unit="EUR")
    check_drawing(picture)
    assert (picture.data["serie"] == KNOWN).sum() == 23


def test_errors_by_distance():
    table = pd.DataFrame({
        "tranche": ["1 à 3 mois", "1 à 3 mois", "4 à 6 mois", "4 à 6 mois"], "modele": ["mediane", "naif"] * 2,
        "n": [9, 9, 6, 6], "wape": [0.02, 0.05, 0.03, 0.06],
    })  # fmt: skip
    picture = chart_horizons(table, ours="mediane", title="Erreur", is_demo=True)
    check_drawing(picture)
    assert "1 à 3 mois : 2,0\u202f% contre 5,0\u202f%" in picture.alt
    assert picture.table["Mois comparés"].tolist() == [9, 6]
    assert "Données simulées" in svg(picture)


def test_components():
    table = pd.DataFrame({
        "composante": ["Niveau et tendance", "Jours ouvrés"], "derniers": [None, 5.0], "prochains": [None, 9.0],
        "contribution": [1e6, -2e5], "nature": ["ce qui reste", "exact"],
    })  # fmt: skip
    picture = chart_contributions(table, title="Changement")
    check_drawing(picture)
    assert "+1,00\u202fM€" in picture.alt
    months = PAST.union(NEXT)
    profile = pd.concat([pd.DataFrame({"mois": months, "composante": n, "valeur": v})
                         for n, v in (("Tendance", 0.1), ("Saison", -0.2))])  # fmt: skip
    drawn = chart_profile(profile, last=PAST[-1], title="Mois par mois")
    check_drawing(drawn)
    assert len(drawn.table) == 36
    assert drawn.data.groupby("composante").size().tolist() == [37, 37]  # the last known month links the two


@pytest.mark.parametrize("width", [320, 1000])
def test_the_fan_is_drawn_at_every_width(width):
    check_drawing(chart_fan(*parts(), title="Prestations", unit="EUR", estimated=estimated()), width)
