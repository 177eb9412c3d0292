"""Answers, deposits, scenarios, decisions, alerts, journal: kept as given, bounded, gone with their dataset."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analytics.errors import ParameterError, ReadError
from data import store
from data.store.content import as_json, as_text

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@pytest.fixture
def token(paliers_home, dataset):
    return store.save(dataset)


@given(st.dictionaries(st.text(), JSON, max_size=4))
def test_plain_values_come_back_as_they_are(content):
    assert as_json(content) == content


@given(st.text(st.characters(codec=None, exclude_categories=())))
def test_a_text_kept_can_be_written_in_any_database(text):
    clean = as_text(text, limit=10_000, name="x")
    assert "\0" not in clean
    assert clean.encode("utf-8").decode("utf-8") == clean


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.dictionaries(st.text(), JSON, max_size=4), name=st.text(max_size=50))
def test_a_scenario_comes_back_from_the_database(token, content, name):
    kept = f"n{name}"
    store.keep_scenario(token, kept, content)
    found = {s.name: s.content for s in store.scenarios(token)}
    assert found[as_text(kept, limit=100, name="x")] == content


def test_only_plain_values_are_kept(token):
    for content in ({"x": {1, 2}}, {"x": b"1"}, {"x": float("nan")}, {1: "x"}, ["x"], None, "x"):
        with pytest.raises(ParameterError):
            store.keep_scenario(token, "essai", content)
    assert store.scenarios(token) == ()


def test_sizes_are_bounded(token, monkeypatch):
    with pytest.raises(ParameterError, match="trop gros"):
        store.keep_scenario(token, "essai", {"x": "y" * 300_000})
    with pytest.raises(ParameterError, match="trop long"):
        store.keep_scenario(token, "n" * 201, {})
    monkeypatch.setattr("data.store.notes.MOST", 2)
    for name in "aba":
        store.keep_scenario(token, name, {})
    with pytest.raises(ParameterError, match="déjà 2"):
        store.keep_scenario(token, "c", {})
    assert [s.name for s in store.scenarios(token)] == ["a", "b"]


def test_a_scenario_replaces_the_one_of_its_name_and_can_be_forgotten(token):
    store.keep_scenario(token, "hausse", {"taux": 0.02})
    store.keep_scenario(token, "hausse", {"taux": 0.03})
    store.keep_scenario(token, "gel", {"taux": 0})
    assert [(s.name, s.content) for s in store.scenarios(token)] == [("hausse", {"taux": 0.03}), ("gel", {"taux": 0})]
    store.forget_scenario(token, "hausse")
    store.forget_scenario(token, "hausse")
    assert [s.name for s in store.scenarios(token)] == ["gel"]


def test_answers_are_remembered_by_layout(paliers_home):
    assert store.recall_answers("mise en page") == {}
    store.remember_answers("mise en page", {"date_basis": "soins", "base": "HT"})
    store.remember_answers("mise en page", {"base": "TTC"})
    store.remember_answers("une autre", {"base": "nette"})
    assert store.recall_answers("mise en page") == {"date_basis": "soins", "base": "TTC"}
    store.remember_answers("mise en page", {"base": None})
    assert store.recall_answers("mise en page") == {"date_basis": "soins"}
    assert store.recall_answers("une autre") == {"base": "nette"}


def test_quality_is_followed_from_one_deposit_of_a_source_to_the_next(paliers_home, dataset):
    tokens = [store.save(dataset) for _ in range(4)]
    for rank, (token, source) in enumerate(zip(tokens, "abab", strict=True)):
        store.record_deposit(token, source, {"score": rank})
    assert [d.summary["score"] for d in store.quality_history("a")] == [0, 2]
    assert [d.token for d in store.history()] == tokens[::-1]
    assert store.previous_deposit(tokens[3]).token == tokens[1]
    assert store.previous_deposit(tokens[1]) is None
    assert store.deposit_of(tokens[1]).summary == {"score": 1}
    assert store.deposit_of("a" * 22) is None
    store.record_deposit(tokens[2], "a", {"score": 9})
    assert [d.summary["score"] for d in store.quality_history("a")] == [0, 9]
    store.delete(tokens[1])
    assert store.previous_deposit(tokens[3]) is None
    with pytest.raises(ReadError):
        store.record_deposit(tokens[1], "b", {})


def test_a_decision_is_written_down_and_never_changed(token):
    store.record_decision(token, "la directrice", "le P/C dépasse 90 %", "P/C à 85 % fin 2027", {"hausse": 0.03})
    store.record_decision(token, "", "autre", "", {})
    first, second = store.decisions(token)
    assert (first.who, first.why, first.expected) == ("la directrice", "le P/C dépasse 90 %", "P/C à 85 % fin 2027")
    assert first.content == {"hausse": 0.03}
    assert first.made_at < second.made_at
    with pytest.raises(ParameterError, match="pourquoi"):
        store.record_decision(token, "x", "  ", "", {})


def test_decisions_follow_the_deposits_of_their_source(paliers_home, dataset):
    tokens = [store.save(dataset) for _ in range(5)]
    for token, source in zip(tokens[:4], "abaa", strict=True):
        store.record_deposit(token, source, {})
    for rank, token in enumerate(tokens):
        store.record_decision(token, "", f"raison {rank}", "", {"n": rank})

    def earlier(token):
        return [d.content["n"] for d in store.earlier_decisions(token)]

    assert [earlier(t) for t in tokens] == [[], [], [0], [0, 2], []]
    store.delete(tokens[0])
    assert earlier(tokens[3]) == [2]
    with pytest.raises(ReadError):
        store.earlier_decisions(tokens[0])
    store.delete(tokens[3])
    assert [d.content["n"] for d in store.decisions(tokens[2])] == [2]


def test_an_alert_seen_says_why_until_it_is_set_again(token):
    key = store.set_alert(token, {"indicateur": "ratio_pc", "seuil": 0.9})
    assert store.set_alert(token, {"seuil": 0.9, "indicateur": "ratio_pc"}) == key
    named = store.set_alert(token, {"seuil": 1}, key="constat-1")
    store.note_alert(token, key, "régularisation de mars")
    first, second = store.alerts(token)
    assert (first.key, first.reason, first.seen_at is not None) == (key, "régularisation de mars", True)
    assert (second.key, second.reason, second.seen_at) == (named, "", None)
    store.set_alert(token, {"indicateur": "ratio_pc", "seuil": 0.9})
    assert store.alerts(token)[0].seen_at is None
    store.forget_alert(token, named)
    with pytest.raises(ParameterError, match="n’existe pas"):
        store.note_alert(token, named, "vu")


def test_one_dataset_does_not_see_the_notes_of_another(token, dataset):
    other = store.save(dataset)
    store.keep_scenario(token, "x", {"n": 1})
    store.set_alert(token, {"n": 1}, key="k")
    store.record_decision(token, "", "y", "", {})
    assert (store.scenarios(other), store.alerts(other), store.decisions(other)) == ((), (), ())
    with pytest.raises(ParameterError):
        store.note_alert(other, "k", "vu")
    store.forget_scenario(other, "x")
    assert len(store.scenarios(token)) == 1


def test_the_journal_says_who_did_what_and_opens_nothing(token):
    store.log("export du tableau", token, who="Ana", lignes=12)
    store.delete(token)
    entries = store.audit()
    assert [e.action for e in entries] == ["suppression", "export du tableau", "enregistrement"]
    assert entries[1].who == "Ana"
    assert entries[1].counts == {"lignes": 12}
    assert len({e.trace for e in entries}) == 1
    assert token not in repr(entries)
    assert store.audit(limit=1) == entries[:1]


def test_the_journal_refuses_what_could_carry_a_value(paliers_home):
    counts = ({"nir": "1850575"}, {"montant": 12.5}, {"vu": True}, {"lignes": 2**70}, {"Dupont": 1})
    for action, said in [*(("export", c) for c in counts), ("export 1850575", {}), ("", {})]:
        with pytest.raises(ParameterError):
            store.log(action, **said)
    assert store.audit() == ()
