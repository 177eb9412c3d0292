"""One level of the decomposition tree, drawn by a real Vega engine."""

import numpy as np
import pandas as pd
import pytest

from charts.theme import BLUE, ORANGE
from charts.tree import FIELD, SELECTION, chart_tree
from tests.charts.drawing import check_drawing, svg

ROWS = pd.DataFrame(
    {
        "code": ["dent", "opt", ""],
        "valeur": ["Dentaire", "Optique", "Autres (4)"],
        "montant": [1_290_000.0, -57_000.0, 310_000.0],
        "part": [0.836, -0.037, 0.201],
        "attendu": [874_000.0, 120_000.0, 549_000.0],
        "ecart": [416_000.0, -177_000.0, -239_000.0],
    }
)


def tree(table=ROWS, unit="EUR", **options):
    return chart_tree(table, group="Poste", level="Occitanie", title="Occitanie, par poste", unit=unit, **options)


@pytest.mark.parametrize("width", [1000, 700, 320])
def test_the_specification_is_valid_and_draws(width):
    check_drawing(tree(), width)


def test_each_row_says_its_value_its_change_its_share_and_its_gap():
    picture = tree()
    for drawing in (svg(picture, 900), svg(picture, 330)):
        for word in ("Dentaire", "+1,29 M€", "84\u202f%", "+416,0\u202fk€", "Autres (4)", "−177,0\u202fk€"):
            assert word.replace(" ", "\u202f") in drawing or word in drawing
        assert ORANGE in drawing
        assert BLUE in drawing
    assert list(picture.table["Écart"]) == ["+1,29\u202fM€", "−57,0\u202fk€", "+310,0\u202fk€"]
    assert next(iter(picture.table.columns)) == "Poste"
    assert "Dentaire" in picture.alt
    assert "+416,0\u202fk€" in picture.alt


def test_a_ratio_is_told_in_points():
    table = ROWS.assign(montant=[0.004, -0.001, 0.002], attendu=[0.002, 0.001, 0.002], ecart=[0.002, -0.002, 0.0])
    assert "+0,4\u202fpt" in svg(tree(table, unit="taux"))


def test_a_click_gives_the_value_wherever_it_falls_on_the_row():
    picture = tree()
    (param,) = picture.spec["params"]
    assert param["name"] == SELECTION
    assert param["select"]["fields"] == [FIELD]
    row = picture.spec["layer"][0]["encoding"]
    assert (row["x"]["value"], row["x2"]["value"]) == (0, "width")
    assert list(picture.data[FIELD]) == ["dent", "opt", ""]


def test_two_values_of_one_name_stay_two_rows():
    table = ROWS.assign(valeur=["Divers", "Divers", "Autres (4)"])
    assert svg(tree(table), 900).count(">Divers<") == 2


def test_without_a_pace_there_is_no_tick_nor_gap():
    picture = tree(ROWS.assign(attendu=np.nan, ecart=np.nan, part=np.nan))
    drawing = svg(picture)
    assert "Trait gris" not in drawing
    assert "NaN" not in drawing
    assert "rythme" not in picture.alt
    assert "Trait gris" in svg(tree())


def test_simulated_data_say_so():
    assert "Données simulées" in svg(tree(is_demo=True))
    assert "Données simulées" not in svg(tree())


def test_only_the_others_and_one_value_alone_are_told():
    assert "aucune valeur" in tree(ROWS.tail(1)).alt
    assert "une valeur" in tree(ROWS.head(1)).alt
