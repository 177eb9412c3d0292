"""The picture of an event: what happened, what was expected, the date between the two."""

import pandas as pd
import pytest

from charts.impact import chart_impact
from tests.charts.drawing import check_drawing, svg

MONTHS = pd.date_range("2024-01-01", periods=30, freq="MS")


def picture(*, effect=5e4, **options):
    values = [1e6 + 1e4 * (i % 12) for i in range(30)]
    history = pd.DataFrame({"mois": MONTHS[:24], "valeur": values[:24]})
    after = pd.DataFrame({"date": MONTHS[24:], "valeur": values[24:], "attendu": [v - effect for v in values[24:]]})
    after = after.assign(
        bas=after["attendu"] - 3e4, haut=after["attendu"] + 3e4, effet=after["valeur"] - after["attendu"]
    )
    return chart_impact(history, after, event="Réforme X", title="Prestations", unit="EUR", **options)


@pytest.mark.parametrize("width", [700, 320])
def test_it_draws(width):
    check_drawing(picture(), width)
    drawing = svg(picture(), width)
    for word in ("Réalisé", "Attendu sans l’événement", "Réforme X"):
        assert word in drawing


def test_the_date_of_the_event_is_one_line():
    assert svg(picture()).count('aria-roledescription="rule mark"') == 1


def test_its_words_are_those_of_its_table():
    shown = picture()
    assert "+50,0" in shown.alt or "+50" in shown.alt
    assert len(shown.table) == 6
    assert shown.table["Écart"].tolist() == pytest.approx([5e4] * 6)


def test_simulated_data_say_so():
    assert "Données simulées" in svg(picture(is_demo=True))
    assert "Données simulées" not in svg(picture())
