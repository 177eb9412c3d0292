"""Calibration and relativities, drawn by a real Vega engine."""

import numpy as np
import pandas as pd
import pytest

from charts.calibration import chart_calibration
from charts.relativities import chart_relativities
from tests.charts.drawing import check_drawing, svg


def calibration(**options):
    expected = np.linspace(250.0, 1000.0, 10)
    table = pd.DataFrame({"groupe": np.arange(1, 11), "beneficiaires": 1200.4, "attendu": expected,
                          "observe": expected * 1.02})  # fmt: skip
    table.loc[3, "observe"] = expected[3] * 1.2
    table = table.assign(bas=table["observe"] * 0.97, haut=table["observe"] * 1.03)
    table["rapport"] = table["observe"] / table["attendu"]
    return chart_calibration(table, title="Attendue et observée, 2025", **options)


def relativities(**options):
    rows = [("0-19", 10.0, 0.55, 0.5, 0.6), ("40-59", 20.2, 1.0, 1.0, 1.0), ("75 et +", 5.0, 1.73, 1.7, 1.76)]
    table = pd.DataFrame(rows, columns=["groupe", "beneficiaires", "relativite", "bas", "haut"])
    table = table.assign(**options.pop("columns", {}))
    options = {"group": "Tranche d’âge", "reference": "40-59", "title": "Consommation relative"} | options
    return chart_relativities(table, **options)


PICTURES = {"calibration": calibration, "relativities": relativities}


@pytest.mark.parametrize("name", PICTURES)
def test_the_specification_is_valid_and_draws(name):
    check_drawing(PICTURES[name]())
    check_drawing(PICTURES[name](), width=280)


@pytest.mark.parametrize("name", PICTURES)
def test_simulated_data_say_so(name):
    assert "Données simulées" in svg(PICTURES[name](is_demo=True))
    assert "Données simulées" not in svg(PICTURES[name]())


def test_the_words_name_the_worst_group_and_the_ends():
    words = calibration().alt
    assert "10 groupes" in words
    assert "groupe 4, en consomme 1,20 fois" in words
    assert "255\u202f€ par tête observés pour 250\u202f€ attendus dans le groupe le moins cher" in words
    assert "de 0,55 fois 40-59 (0-19) à 1,73 fois (75 et +)" in relativities().alt


def test_the_diagonal_runs_over_all_the_points_and_is_no_group():
    picture = calibration()
    line = picture.data.dropna(subset=["diagonale"])
    assert (line["attendu"] == line["diagonale"]).all()
    assert line["attendu"].min() == pytest.approx(250 * 1.02 * 0.97)
    assert line["attendu"].max() == pytest.approx(1000 * 1.02 * 1.03)
    drawing = svg(picture)
    assert drawing.count('aria-roledescription="point"') == 10
    assert drawing.count('aria-roledescription="rule mark"') == 10
    assert len(picture.table) == 10
    assert list(picture.table["Personnes"]) == [1200.0] * 10


def test_what_has_no_interval_is_drawn_without():
    missing = relativities(columns={"bas": np.nan, "haut": np.nan})
    assert svg(missing).count('aria-roledescription="rule mark"') == 1  # the reference
    assert "intervalle" not in svg(missing)
    nothing = relativities(columns={"relativite": np.nan, "bas": np.nan, "haut": np.nan})
    assert nothing.alt.endswith("rien n’a été dépensé.")
