"""Decisions on the page: written down, followed in a later deposit, joined from a file, hidden, erased."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from analytics.prescriptive import build_portfolio, no_lever, prepare
from analytics.prescriptive.follow_file import export_decision, to_plain
from analytics.prescriptive.follow_record import Engagement, commit
from analytics.schema import Selection
from data import store
from data.depot.keeping import remember
from pages.components import decisions
from pages.components.decisions_kept import Kept, decision_key
from tests.pages.conftest import UNWANTED, words
from tests.samples import make_dataset, with_small_region

#: The application with the section of the decisions alone, on a small laboratory.
SCRIPT = """
from types import SimpleNamespace
import pandas as pd
import streamlit as st
from analytics.prescriptive import IDLE, build_portfolio, no_lever, prepare
from pages.components.decisions import show_decisions, show_due
from pages.components.sidebar import show_sidebar
from pages.components.state import take_notice

st.page_link = lambda path, label, **_: st.caption(label)  # a script of one page knows no other
view = show_sidebar()
st.markdown(str(take_notice() or ""))
lab = None
if st.query_params.get("lab"):
    portfolio = build_portfolio(view.dataset, elasticite=(2, 4, 6), by=("region",), chargement=0.1, retention=0.95,
                                maturity_table=view.opened.maturity)
    sim = prepare(portfolio.table, draws=200)
    levers = pd.DataFrame({"segment": ["*"], "levier": ["hausse"], "valeur": [0.03]})
    frames = {IDLE: no_lever(), "Scénario A": levers, "Plan optimisé": levers.assign(valeur=0.02)}
    lab = SimpleNamespace(portfolio=portfolio, simulator=sim, scenarios=frames, notes=("Hypothèse : une.",),
                          outcomes={n: sim.play(f) for n, f in frames.items()})
show_due(view)
show_decisions(view, lab)
"""


def open_decisions(**query: str) -> AppTest:
    app = AppTest.from_string(SCRIPT, default_timeout=120)
    for key, value in query.items():
        app.query_params[key] = value
    return app.run()


def press(app: AppTest, label: str) -> AppTest:
    next(b for b in app.button if b.label == label).click()
    return app.run()


def unfold(app: AppTest, *keys: str) -> AppTest:
    for key in keys:
        app.session_state[key] = True
    return app.run()


def folded(token: str) -> str:
    """Key of the section that holds the follow-up of the first decision of some data."""
    found = store.decisions(token)[0]
    return f"suivre_{decision_key(found.who, found.why, found.content)}"


def engaged(dataset, *, filtres=None, decided=date(2023, 12, 5), review=date(2024, 6, 1), name="Plan A") -> Engagement:
    portfolio = build_portfolio(dataset, elasticite=(2.0, 4.0, 6.0), by=("region",), chargement=0.1, retention=0.95)
    simulator = prepare(portfolio.table, draws=200)
    levers = pd.DataFrame({"segment": ["*"], "levier": ["hausse"], "valeur": [0.03]})
    return commit(
        dataset, portfolio, simulator.play(levers), nom=name, effet=portfolio.fin + pd.DateOffset(months=1),
        decide_le=decided, a_revoir_le=review, dimensions=("region",), filtres=filtres,
        idle=simulator.play(no_lever()), levers=levers, hypotheses=portfolio.notes,
    )  # fmt: skip


WHY = "le P/C dépasse 90 % depuis deux ans"


@pytest.fixture(scope="module")
def base():
    return make_dataset(48, seed=2)


def test_a_decision_is_written_down_and_found_by_another_visit(base):
    token = store.save(base)
    app = unfold(open_decisions(d=token, lab="1"), "decider")
    assert not app.exception
    assert app.text_input(key="decision_qui").value == "Direction technique"
    assert app.selectbox(key="decision_scenario").options == ["Scénario A", "Plan optimisé", "Ne rien faire"]
    press(app, "Noter la décision")
    assert any("Il manque la raison" in e.value for e in app.error)
    app.text_area(key="decision_pourquoi").set_value(WHY)
    app.selectbox(key="decision_scenario").set_value("Scénario A")
    press(app, "Noter la décision")
    assert not app.exception
    kept = store.decisions(token)
    assert [(d.who, d.why) for d in kept] == [("Direction technique", WHY)]
    assert "résultat technique" in kept[0].expected
    fresh = open_decisions(d=token)
    assert not fresh.exception
    assert "« Scénario A »" in words(fresh)
    assert "Aucun mois complet n’est encore connu" in words(fresh)
    assert not UNWANTED.search(words(fresh))


def test_a_plan_can_be_decided(base):
    token = store.save(base)
    app = unfold(open_decisions(d=token, lab="1"), "decider")
    app.text_area(key="decision_pourquoi").set_value(WHY)
    app.selectbox(key="decision_scenario").set_value("Plan optimisé")
    press(app, "Noter la décision")
    content = store.decisions(token)[0].content
    assert (content["nom"], content["segments"]["hausse"][0]) == ("Plan optimisé", 0.02)


def test_a_later_deposit_of_the_source_follows_the_decision(base):
    after = make_dataset(56, seed=2)
    first, later, stranger = store.save(base), store.save(after), store.save(after)
    for token, dataset, held in ((first, base, ()), (later, after, (first,)), (stranger, after, ())):
        remember(token, dataset, "presentation", {}, held)  # what an accepted deposit does
    engagement = engaged(base)
    store.record_decision(first, "Direction technique", WHY, engagement.phrase(), to_plain(engagement))
    app = open_decisions(d=later)
    assert not app.exception
    assert "Prise sur un dépôt précédent." in words(app)
    assert "L’effet attendu est-il là" in words(app)
    assert "sur 8 mois observés" in words(app)
    app = unfold(app, folded(first))
    assert not app.exception
    assert "La somme des barres est exactement l’écart" in words(app)
    assert "Résultat technique" in words(app)
    assert not UNWANTED.search(words(app))
    assert "Plan A" not in words(open_decisions(d=stranger))
    store.delete(first)
    assert "Plan A" not in words(open_decisions(d=later))


def test_a_decision_of_a_file_is_joined_once_and_a_bad_file_is_refused(base):
    token, raw = store.save(make_dataset(56, seed=2)), export_decision("Bureau", WHY, engaged(base))
    app = unfold(open_decisions(d=token), "joindre")
    for content, said in ((b"{}", "n’est pas une décision"), (b"PK\x03", "pas lisible"), (raw, None), (raw, "déjà")):
        app = unfold(open_decisions(d=token), "joindre")
        app.file_uploader[0].upload("decision.json", content, "application/json")
        app.run()
        press(app, "Joindre à ces données")
        assert not app.exception
        told = " ".join(e.value for e in app.error)
        assert (said in told) if said else not told
    assert [d.who for d in store.decisions(token)] == ["Bureau"]
    assert store.decisions(token)[0].content["nom"] == "Plan A"


def test_erasing_the_data_erases_the_decisions(base):
    token = store.save(base)
    store.record_decision(token, "x", WHY, "", to_plain(engaged(base)))
    assert store.delete(token).rows["decisions"] == 1
    assert "Plan A" not in words(open_decisions(d=token))


def test_sharing_writes_nothing_and_names_nobody(base):
    token = store.save(make_dataset(56, seed=2))
    store.record_decision(token, "Madame X", WHY + " selon Madame Y", "", to_plain(engaged(base, name="Plan Z")))
    app = open_decisions(d=token, lab="1", partage="true")
    assert not app.exception
    told = words(app)
    assert not any(word in told for word in ("Madame", "Plan Z", "Hypothèses de la décision"))
    assert "L’effet attendu est-il là" in told
    assert not [b for b in app.button if b.label in ("Noter la décision", "Joindre à ces données")]
    assert not app.get("download_button")
    app = unfold(app, folded(token))
    assert "La somme des barres" in words(app)


def test_sharing_hides_what_covers_a_few_persons():
    base, later = with_small_region("Île", 36), with_small_region("Île", 48)
    token = store.save(later)
    days = {"decided": date(2022, 12, 5), "review": date(2023, 6, 1)}
    small = engaged(base.filtered(_only("Île")), filtres={"region": ("Île",)}, name="Petit", **days)
    store.record_decision(token, "", WHY, "", to_plain(small))
    assert "résultat technique" in words(open_decisions(d=token))
    hidden = words(open_decisions(d=token, partage="true"))
    assert "moins de 11 personnes" in hidden
    assert "résultat technique" not in hidden
    whole = store.save(later)
    store.record_decision(whole, "", WHY, "", to_plain(engaged(base, **days)))
    app = open_decisions(d=whole, partage="true")
    assert "résultat technique" in words(app)
    app = unfold(app, folded(whole))
    assert "La somme des barres" not in words(app)
    assert "un segment compte moins de 11 personnes" in words(app)
    assert "Premier effet" not in words(app)


def test_what_everybody_shares_is_only_decided_for_the_visit(base):
    app = unfold(open_decisions(), "joindre")
    app.file_uploader[0].upload("d.json", export_decision("Bureau", WHY, engaged(base)), "application/json")
    app.run()
    press(app, "Joindre à ces données")
    assert "« Plan A »" in words(app)
    assert "que le temps de cette visite" in words(app)
    assert "Plan A" not in words(open_decisions())


def test_a_decision_that_cannot_be_read_is_told_and_the_rest_is_kept(base):
    token = store.save(base)
    store.record_decision(token, "", "ancienne", "", {"hausse": 0.03})
    store.record_decision(token, "", WHY, "", to_plain(engaged(base)))
    app = open_decisions(d=token)
    assert not app.exception
    assert any("n’est pas une décision de cette version" in e.value for e in app.error)
    assert "« Plan A »" in words(app)


def test_text_of_a_file_is_harmless(base):
    content = json.loads(export_decision("**gras** [x](http://a)", WHY, engaged(base)))
    raw = json.dumps(content | {"nom": "<script>alert(1)</script> **P**"}).encode()
    token = store.save(base)
    app = unfold(open_decisions(d=token), "joindre")
    app.file_uploader[0].upload("d.json", raw, "application/json")
    app.run()
    press(app, "Joindre à ces données")
    assert r"\<script\>" in words(app)
    assert r"\*\*gras\*\*" in words(app)


def test_follow_up_is_due_from_its_day_until_the_year_is_long_over(base):
    kept = Kept("k", pd.Timestamp("2023-12-05").to_pydatetime(), "", WHY, engaged(base))
    days = {"2024-05-31": 0, "2024-06-01": 1, "2025-06-30": 1, "2025-07-01": 0}
    assert {d: len(decisions.due((kept,), date.fromisoformat(d))) for d in days} == days


def test_the_first_page_says_what_is_due():
    base = make_dataset(48, seed=2)
    shift = (pd.Timestamp.today().to_period("M") - base.as_of.to_period("M")).n - 2
    moved = {n: getattr(base, n).assign(mois=lambda t: t["mois"] + pd.DateOffset(months=shift)) for n in
             ("cotisation", "prestation")}  # fmt: skip
    now = replace(base, **moved, as_of=base.as_of + pd.DateOffset(months=shift))
    token = store.save(now)
    store.record_decision(token, "", WHY, "", to_plain(engaged(now)))
    assert "À revoir depuis le 01/06/2024" in words(open_decisions(d=token))


def _only(region: str):
    return Selection(filtres={"region": (region,)})
