"""Dated events on every picture of months: one rule by month, their names and dates in the words."""

from __future__ import annotations

import pandas as pd
import pytest

from charts.development import chart_development
from charts.events import EVENT, name_events, with_events
from charts.fan import chart_fan
from charts.impact import chart_impact
from charts.theme import MAX_MARKS
from charts.trend import chart_trend
from tests.charts.drawing import check_drawing, svg

MONTHS = pd.date_range("2024-01-01", periods=24, freq="MS")
VALUES = [1e6 * (10 + i % 12) for i in range(24)]
EVENTS = pd.DataFrame({
    "evenement": ["Avant", "Réforme A", "Choc <b>B</b>", "=HYPERLINK(1)", "Après"],
    "debut": pd.to_datetime(["2023-12-01", "2024-05-01", "2024-05-01", "2025-02-01", "2030-01-01"]),
    "fin": pd.to_datetime([None, None, "2024-07-01", "2025-02-01", None]),
    "source": ["x", "Journal officiel", "Direction", "", "x"],
})  # fmt: skip


def trend(events):
    table = pd.DataFrame({"mois": MONTHS, "valeur": VALUES, "reference": None, "statut": "complet"})
    return chart_trend(table, title="Prestations", unit="EUR", events=events)


def fan(events):
    known, ahead = pd.DataFrame({"mois": MONTHS, "valeur": VALUES})[:12], pd.DataFrame({"mois": MONTHS[12:]})
    for name, factor in (("valeur", 1), ("bas_80", 0.95), ("haut_80", 1.05), ("bas_95", 0.9), ("haut_95", 1.1)):
        ahead[name] = 1.2e7 * factor
    return chart_fan(known, ahead, title="Prestations", unit="EUR", events=events)


def impact(events):
    history = pd.DataFrame({"mois": MONTHS, "valeur": VALUES})[:12]
    after = pd.DataFrame({"date": MONTHS[12:], "valeur": VALUES[12:], "attendu": 1.1e7})
    after = after.assign(bas=1e7, haut=1.2e7, effet=after["valeur"] - 1.1e7)
    return chart_impact(history, after, event="Réforme X", title="Prestations", unit="EUR", events=events)


def development(events):
    table = pd.DataFrame({
        "mois": MONTHS, "paye": VALUES, "ultime": VALUES, "bas_80": None, "haut_80": None, "aujourd_hui": VALUES
    })  # fmt: skip
    table = table.astype({"bas_80": float, "haut_80": float})
    return chart_development(table, as_of=MONTHS[-1], title="Prestations", unit="EUR", events=events)


PICTURES = {"trend": trend, "fan": fan, "impact": impact, "development": development}
RULE = 'aria-roledescription="rule mark"'


@pytest.mark.parametrize("name", PICTURES)
def test_each_month_with_an_event_has_one_rule(name):
    draw = PICTURES[name]
    check_drawing(draw(EVENTS))
    check_drawing(draw(EVENTS), 320)
    assert svg(draw(EVENTS)).count(RULE) - svg(draw(None)).count(RULE) == 2
    rows = draw(EVENTS).data.query("serie == @EVENT")
    assert list(rows["mois"]) == [pd.Timestamp("2024-05-01"), pd.Timestamp("2025-02-01")]
    assert list(rows["source"]) == ["Journal officiel ; Direction", ""]
    assert rows["texte"].iloc[0] == "Réforme A (dès mai\u00a02024) ; Choc <b>B</b> (mai\u00a02024 à juil.\u00a02024)"
    assert len(draw(EVENTS).data) <= MAX_MARKS


@pytest.mark.parametrize("name", PICTURES)
def test_its_words_name_the_events_of_the_months_drawn(name):
    words = PICTURES[name](EVENTS).alt
    for told in ("Réforme A (dès mai\u00a02024)", "Choc <b>B</b>", "=HYPERLINK(1) (février\u00a02025)"):
        assert told in words
    assert "Avant" not in words
    assert "Après" not in words


@pytest.mark.parametrize("name", PICTURES)
def test_without_event_the_picture_is_as_before(name):
    draw = PICTURES[name]
    for none in (None, EVENTS.iloc[:0], EVENTS.iloc[[0, 4]]):
        picture = draw(none)
        assert (picture.spec, picture.alt) == (draw(None).spec, draw(None).alt)
        pd.testing.assert_frame_equal(picture.data, draw(None).data)


@pytest.mark.parametrize("name", PICTURES)
def test_the_lines_do_not_pass_through_an_event(name):
    drawn, bare = svg(PICTURES[name](EVENTS)), svg(PICTURES[name](None))
    for kind in ('aria-roledescription="line mark"', 'class="role-axis-label"'):
        assert drawn.count(kind) == bare.count(kind)
    assert EVENT not in drawn  # neither in the legend


def test_the_event_judged_has_its_own_rule_only():
    judged = pd.DataFrame({"evenement": ["Réforme X"], "debut": [MONTHS[12]], "fin": [pd.NaT], "source": ["s"]})
    assert svg(impact(judged)).count(RULE) == svg(impact(None)).count(RULE) == 1
    other = judged.assign(evenement="Une autre")
    assert svg(impact(other)).count(RULE) == 2


def test_a_crowd_is_counted():
    rows = pd.DataFrame({"serie": EVENT, "noms": [f"n{i} (mai 2024)" for i in range(8)]})
    assert name_events(rows).endswith("n5 (mai 2024) et 2 autres.")
    assert name_events(rows[:0]) == ""


def test_a_name_with_a_semicolon_is_one_event():
    month = pd.Timestamp("2024-05-01")
    events = pd.DataFrame({"evenement": ["A ; B", "C"], "debut": month, "fin": pd.NaT, "source": ["s", "s"]})
    data = with_events(pd.DataFrame({"mois": [month], "serie": ["x"]}), events, month, month)
    assert name_events(data) == " Événements marqués : A ; B (dès mai\u00a02024) ; C (dès mai\u00a02024)."
    crowd = pd.concat([events.iloc[[0]]] * 7)
    assert name_events(with_events(data[:1], crowd, month, month)).endswith("et 1 autre.")
