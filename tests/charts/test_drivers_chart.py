"""The picture of an association: one effect per lag, with its interval."""

import pandas as pd
import pytest

from charts.drivers import chart_lags
from tests.charts.drawing import check_drawing, svg

LAGS = range(13)


def picture(**options):
    effect = [0.003 if lag == 2 else 0.0005 for lag in LAGS]
    tested = pd.DataFrame({"decalage": list(LAGS), "effet": effect})
    tested = tested.assign(bas=tested["effet"] - 0.002, haut=tested["effet"] + 0.002)
    title = "Prestations après « Adhésions »"
    return chart_lags(tested, chosen=2, title=title, note="Effet pour 1 % de plus", unit="taux", **options)


@pytest.mark.parametrize("width", [700, 320])
def test_it_draws(width):
    check_drawing(picture(), width)
    assert "Mois de décalage" in svg(picture(), width)


def test_every_lag_has_its_point_and_its_interval():
    drawing = svg(picture())
    assert drawing.count('aria-roledescription="point"') == 13
    assert picture().table["Mois de décalage"].tolist() == list(LAGS)


def test_the_lag_told_stands_out_and_is_in_the_words():
    assert "à 2 mois de décalage" in picture().alt
    assert "+0,3" in picture().alt
    assert picture().data["retenu"].sum() == 1


def test_simulated_data_say_so():
    assert "Données simulées" in svg(picture(is_demo=True))
