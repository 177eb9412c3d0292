"""Alerts on the page: classified with a reason, reopened, thresholds set and crossed, the budget in the link."""

import pytest
from streamlit.testing.v1 import AppTest

from data import store
from tests.pages.conftest import UNWANTED, words
from tests.samples import make_dataset

#: The application with the section of the alerts alone on each page.
SCRIPT = """
import streamlit as st
from pages.components.alerts import show_alerts
from pages.components.sidebar import show_sidebar

view = show_sidebar()
def alerts():
    show_alerts(view)

st.page_link = lambda path, label, **_: st.caption(label)  # a script of one page knows no other
alerts()
"""


def open_alerts(**query):
    app = AppTest.from_string(SCRIPT, default_timeout=120)
    for key, value in query.items():
        app.query_params[key] = value
    return app.run()


def press(app, label):
    next(b for b in app.button if b.label == label).click()
    return app.run()


def test_an_alert_seen_leaves_the_list_and_comes_back(token):
    app = open_alerts(d=token)
    assert not app.exception
    assert "Dentaire · B" in words(app)
    assert "Le hasard seul" in words(app)
    assert not UNWANTED.search(words(app))
    press(app, "Classer")
    assert any("Il manque la raison" in e.value for e in app.error)
    app = open_alerts(d=token)
    app.text_input(key="vu_alerte_0_raison").set_value("négociation en cours")
    press(app, "Classer")
    kept = store.alerts(token)
    assert [a.reason for a in kept] == ["négociation en cours"]
    fresh = open_alerts(d=token)  # another visit
    assert not fresh.exception
    assert "parce que : négociation en cours" in words(fresh)
    assert not [c for c in fresh.text_input if c.key == "vu_alerte_0_raison"]
    press(fresh, "Rouvrir")
    assert store.alerts(token) == ()
    assert [c for c in open_alerts(d=token).text_input if c.key == "vu_alerte_0_raison"]


def test_a_threshold_is_kept_crossed_classified_and_removed(token):
    app = open_alerts(d=token)
    app.selectbox(key="seuil_indicateur").set_value("Ratio P/C")
    app.text_input(key="seuil_valeur").set_value("beaucoup")
    press(app, "Poser le seuil")
    assert any("Ce n’est pas un nombre" in e.value for e in app.error)
    app.selectbox(key="seuil_indicateur").set_value("Ratio P/C")
    app.text_input(key="seuil_valeur").set_value("1")
    press(app, "Poser le seuil")
    assert store.alerts(token)[0].content["valeur"] == pytest.approx(0.01)
    app = open_alerts(d=token)
    assert "Ratio P/C au-dessus de 1,0" in words(app)
    assert "franchi" in words(app)
    app.text_input(key="vu_seuil_0_raison").set_value("attendu")
    press(app, "Classer")
    assert store.alerts(token)[0].reason == "attendu"
    press(open_alerts(d=token), "Supprimer")
    assert store.alerts(token) == ()


def test_what_everybody_shares_is_only_noted_for_the_visit():
    app = open_alerts()
    app.selectbox(key="seuil_indicateur").set_value("Ratio P/C")
    app.text_input(key="seuil_valeur").set_value("1 %")
    press(app, "Poser le seuil")
    assert not app.exception
    assert "Ratio P/C au-dessus de 1,0" in words(app)
    assert "que le temps de cette visite" in words(app)
    assert "Ratio P/C au-dessus" not in words(open_alerts())


def test_the_budget_is_read_in_the_link(token):
    assert open_alerts(d=token, budget="12").session_state["budget"] == "12"
    assert open_alerts(d=token).session_state["budget"] == "2"


def test_sharing_hides_the_log_and_the_reasons(token):
    app = open_alerts(d=token)
    app.text_input(key="vu_alerte_0_raison").set_value("voir Madame X")
    press(app, "Classer")
    shared = open_alerts(d=token, partage="true")
    assert not shared.exception
    assert "Madame X" not in words(shared)
    assert "hors du mode partage" in words(shared)
    assert not [b for b in shared.button if b.label == "Classer"]


def test_too_short_a_history_says_what_is_missing():
    assert any("16 mois complets de plus" in i.value for i in open_alerts(d=store.save(make_dataset(20))).info)


def test_what_cannot_be_read_is_told_and_the_rest_is_kept(token):
    app = open_alerts(d=token)
    app.selectbox(key="seuil_indicateur").set_value("Ratio P/C")
    app.text_input(key="seuil_valeur").set_value("1")
    press(app, "Poser le seuil")
    store.set_alert(token, {"genre": "seuil", "indicateur": "ratio_pc", "filtres": 3}, key="seuil-casse")
    store.set_alert(token, {"genre": "constat", "constat": "cassé"}, key="constat-casse")
    store.note_alert(token, "constat-casse", "vu")
    app = open_alerts(d=token)
    assert not app.exception
    assert sorted(e.value.split("**")[1] for e in app.error) == [
        "Ce seuil est illisible.", "Une alerte classée est illisible.",
    ]  # fmt: skip
    assert "Ratio P/C au-dessus de 1,0" in words(app)
    assert not open_alerts(d=token, partage="true").error
    for _ in range(3):
        press(open_alerts(d=token), "Supprimer")
    app = open_alerts(d=token)
    assert store.alerts(token) == ()
    assert not app.error
    assert not app.exception
