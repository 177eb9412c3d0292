"""The rises of a plan and the frontier, drawn by a real Vega engine."""

import numpy as np
import pandas as pd
import pytest

from charts.frontier import chart_frontier
from charts.plan import MOST, chart_plan
from tests.charts.drawing import check_drawing, svg


def plan(n: int = 5, **options):
    table = pd.DataFrame(
        {
            "segment": [f"Segment {i}" for i in range(n)],
            "hausse": np.linspace(-0.05, 0.1, n),
            "beneficiaires": np.linspace(1000.0, 20.0, n),
        }
    )
    return chart_plan(table, title="Hausse par segment", mean=0.031, **options)


def frontier(**options):
    curve = pd.DataFrame({"effectif": [9000.0, 9500.0, 9800.0], "resultat": [2.0e6, 1.6e6, 0.5e6]})
    points = pd.DataFrame(
        {"nom": ["Ce plan", "Ne rien faire"], "effectif": [9500.0, 9900.0], "resultat": [1.6e6, -1e5]}
    )
    return chart_frontier(curve, points, title="Résultat et assurés gardés", **options)


PICTURES = {"plan": plan, "frontier": frontier}


@pytest.mark.parametrize("name", PICTURES)
@pytest.mark.parametrize("width", [320, 700])
def test_the_specification_is_valid_and_draws(name, width):
    check_drawing(PICTURES[name](), width)


@pytest.mark.parametrize("name", PICTURES)
def test_simulated_data_say_so(name):
    assert "Données simulées" in svg(PICTURES[name](is_demo=True))
    assert "Données simulées" not in svg(PICTURES[name]())


def test_the_words_print_the_finding():
    assert "+3,1\u202f% en moyenne, de −5,0\u202f% (Segment 0) à +10,0\u202f% (Segment 4)" in plan().alt
    assert "garder 800 assurés de plus coûte 1,50\u202fM€" in frontier().alt
    assert "Ne rien faire : −100,0\u202fk€ et 9\u202f900 assurés" in frontier().alt


def test_many_segments_keep_those_of_most_members():
    picture = plan(60)
    assert len(picture.table) == MOST
    assert picture.table["Personnes"].min() > plan(60).data["beneficiaires"].min() - 1
    assert "Segment 59" not in set(picture.data["segment"])
    assert f"Les {MOST} segments" in svg(picture)


def test_the_plan_is_the_orange_point_and_the_line_is_in_order():
    data = frontier().data
    assert list(data.loc[data["serie"] == "Frontière", "rang"]) == [0, 1, 2]
    assert data.loc[(data["serie"] == "Plans") & (data["rang"] == 0), "nom"].item() == "Ce plan"
    assert "#D9822B" in svg(frontier())
