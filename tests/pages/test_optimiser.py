"""The best plan on its page: what is asked, what is found, what is told, masked and taken away."""

from __future__ import annotations

import io
import itertools
import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook
from streamlit.testing.v1 import AppTest

from analytics.errors import ParameterError
from analytics.prescriptive import (
    IDLE,
    Portfolio,
    Target,
    Taxes,
    check_file,
    no_lever,
    optimise,
    prepare,
    reduce_actions,
)
from charts.theme import SIMULATED
from pages.components import optimiser_solve
from pages.components.lab import Lab
from pages.components.optimiser_export import asked_frame, make_book, make_file, plan_frame
from pages.components.optimiser_more import action_text, say_fresh, scenario_rises, with_rises
from pages.components.optimiser_rules import (
    FALLING,
    RISING,
    Ask,
    enough_rise,
    group_leavers,
    order_pairs,
    sort_values,
)
from pages.components.optimiser_solve import (
    Found,
    central_portfolio,
    left_aside,
    state_problem,
    steps_between,
    what_to_relax,
)
from pages.components.optimiser_words import plan_rows, say_plan, say_prices, say_proof, secret_rows
from pages.components.sent_plan import NAME, read_plan, sent_plan, write_plan
from tests.pages.conftest import words
from tests.samples import make_dataset

DIMENSIONS = ("contrat", "formule", "tranche_age")
FACTORS = {"facteurs": DIMENSIONS}


def make_lab(*, small: float = 800.0) -> Lab:
    """Twelve segments; `small` persons in the last one."""
    cells = list(itertools.product(("collectif", "individuel"), ("Confort", "Base"), ("60-74", "5-19", "20-39")))
    rng = np.random.default_rng(4)
    table = pd.DataFrame(cells, columns=DIMENSIONS)
    table.insert(0, "segment", table.agg(" · ".join, axis=1))
    premium = np.where(table["formule"] == "Confort", 900.0, 500.0) * rng.uniform(0.9, 1.1, 12)
    table = table.assign(
        beneficiaires=[*rng.uniform(300, 3000, 11), small], cotisation=premium,
        prestation=premium * rng.uniform(0.6, 0.95, 12), chargement=0.15, retention=0.95, elasticite=4.0,
        elasticite_bas=2.0, elasticite_haut=8.0, derive=0.03, derive_sd=0.02, hausse_min=-0.05, hausse_max=0.15,
    )  # fmt: skip
    simulator = prepare(table)
    scenarios = {
        IDLE: no_lever(),
        "Tous à 3 %": pd.DataFrame({"segment": ["*"], "levier": ["hausse"], "valeur": [0.03]}),
    }
    outcomes = {name: simulator.play(levers) for name, levers in scenarios.items()}
    month = pd.Timestamp("2026-01-01")
    return Lab(Portfolio(table, (), month, month), simulator, scenarios, outcomes, {}, (Target("pc", 0.8, "au_plus"),),
               "cle", {name: name for name in scenarios})  # fmt: skip


def view_of(*, shared: bool = False) -> SimpleNamespace:
    return SimpleNamespace(shared=shared, dataset=make_dataset(24), key="essai")


def solve(lab: Lab, **asked: object) -> Found:
    return optimiser_solve._solve(state_problem(lab, Ask(**{**FACTORS, **asked})))


@pytest.fixture(scope="module")
def lab() -> Lab:
    return make_lab()


@pytest.fixture(scope="module")
def found(lab) -> Found:
    return solve(lab, limites={"pc_max": 0.8, "hausse_moyenne_max": 0.05})


# --- the same numbers as the simulation -------------------------------------------------------------------------------


def test_doing_nothing_and_the_plan_count_as_in_the_simulation(lab, found):
    """Two engines, one number: what the plan promises is what its scenario gives."""
    idle = lab.outcomes[IDLE]
    played = lab.simulator.central(with_rises(lab, found.rises()))
    totals = found.plan.totals()
    for key in ("resultat", "pc", "effectif", "hausse_moyenne", "retention"):
        assert totals[key] == pytest.approx(played[key], rel=1e-9), key
        assert found.idle[key] == pytest.approx(idle.value(key), rel=1e-9, abs=1e-12), key


def test_drift_is_in_the_claims_not_twice(lab):
    table = central_portfolio(lab)
    assert (table["derive"] == 0).all()
    np.testing.assert_allclose(table["prestation"], lab.portfolio.table["prestation"] * 1.03, rtol=1e-9)


def test_the_plan_beats_the_uniform_rise_and_respects_what_is_asked(found):
    totals = found.plan.totals()
    assert found.feasible
    assert totals["pc"] <= 0.8 + 1e-9
    assert totals["hausse_moyenne"] <= 0.05 + 1e-9
    assert found.uniform["hausse_moyenne"] <= 0.05 + 1e-9
    assert totals["resultat"] > found.uniform["resultat"] + 1.0


# --- what is asked ----------------------------------------------------------------------------------------------------


def test_a_factor_left_out_does_not_move_the_rise(lab):
    found = solve(lab, facteurs=("contrat",), limites={"hausse_moyenne_max": 0.05})
    rises = pd.Series(found.rises()).groupby(lab.portfolio.table["contrat"]).agg(["min", "max"])
    assert (rises["min"] == rises["max"]).all()
    assert len(found.problem.table) == 2
    assert found.problem.table["beneficiaires"].sum() == pytest.approx(lab.portfolio.table["beneficiaires"].sum())
    # Retention and elasticity are the same everywhere: the grouping is exact.
    played = lab.simulator.central(with_rises(lab, found.rises()))
    assert found.plan.totals()["resultat"] == pytest.approx(played["resultat"], rel=1e-9)
    whole = solve(lab, facteurs=(), limites={"hausse_moyenne_max": 0.05})
    assert len(set(whole.rises())) == 1


@pytest.mark.parametrize("factor", ["sexe", "Sexe", "ald", "état de santé"])
def test_sex_and_health_are_refused_by_the_law(lab, factor):
    with pytest.raises(ParameterError, match="L112-1"):
        state_problem(lab, Ask(facteurs=("contrat", factor)))


def test_orders_follow_the_age_and_the_price(lab):
    table = central_portfolio(lab)
    assert sort_values(table, "tranche_age") == ["5-19", "20-39", "60-74"]
    assert sort_values(table, "formule") == ["Base", "Confort"]
    pairs = order_pairs(table, (("tranche_age", RISING),), list(DIMENSIONS))
    assert ("collectif · Base · 5-19", "collectif · Base · 20-39") in pairs
    assert len(pairs) == 8
    falling = order_pairs(table, (("tranche_age", FALLING),), list(DIMENSIONS))
    assert {(b, a) for a, b in falling} == set(pairs)
    found = solve(lab, ordres=(("tranche_age", RISING),), limites={"hausse_moyenne_max": 0.04})
    rises = dict(zip(found.plan.table["segment"], found.plan.table["hausse"], strict=True))
    assert all(rises[a] <= rises[b] + 1e-9 for a, b in pairs)


def test_bounds_of_a_value_steps_and_freeze(lab):
    found = solve(lab, bornes=(("formule", "Base", 0.0, 0.02),))
    base = lab.portfolio.table["formule"].eq("Base").to_numpy()
    assert found.rises()[base].max() <= 0.02 + 1e-12
    assert found.rises()[~base].max() > 0.02
    assert steps_between(-0.012, 0.011, 0.005) == (-0.01, -0.005, 0.0, 0.005, 0.01)
    steps = solve(lab, pas=0.01, limites={"hausse_moyenne_max": 0.05})
    np.testing.assert_allclose(steps.rises() * 100, np.rint(steps.rises() * 100), atol=1e-9)
    assert solve(lab, gel=True).rises().max() <= 1e-12
    careful = solve(lab, pas=0.01, prudence=0.95, limites={"hausse_moyenne_max": 0.05})
    assert "plus mauvais futurs" in say_proof(careful)


def test_the_cap_proposed_is_what_the_target_takes(lab):
    level = lab.outcomes[IDLE].value("pc")
    cap = enough_rise(lab, 0.8)
    assert level / (1 + cap) <= 0.8
    assert cap - (level / 0.8 - 1) <= 0.0101
    assert enough_rise(lab, None) == enough_rise(lab, 5.0) == 0.05


# --- words ------------------------------------------------------------------------------------------------------------


def test_the_sentence_the_proof_and_the_prices(found):
    said = say_plan(found)
    assert "face à « ne rien faire »" in said
    assert "la meilleure hausse uniforme" in said
    assert "de plus de un euro" not in say_proof(found)
    assert "d’un euro" in say_proof(found)
    assert any(line.startswith("Un point de hausse moyenne en moins coûte") for line in say_prices(found))


def test_what_blocks_and_what_to_give_up(lab):
    found = solve(lab, limites={"pc_max": 0.6, "hausse_moyenne_max": 0.03})
    assert not found.feasible
    assert found.plan.phrase.startswith("Infaisable")
    assert what_to_relax(found.problem, "pc_max") == ()
    loose = solve(lab, limites={"pc_max": 0.75, "hausse_moyenne_max": 0.0})
    assert not loose.feasible
    assert "hausse_moyenne_max" in what_to_relax(loose.problem, "pc_max")


def test_fresh_futures_have_another_seed_and_compare_to_both(lab, found):
    lines = say_fresh(lab, found)
    assert len(lines) == 2
    assert "ne rien faire" in lines[0]
    assert "hausse uniforme" in lines[1]


def test_a_plan_counts_as_the_scenarios_when_a_tax_moves():
    """The member pays (1 + rise)·(1 + tax passed on): the simulator itself is the oracle."""
    own = make_lab()
    taxed = pd.DataFrame({"segment": ["*"], "levier": ["tsa"], "poste": ["*"], "valeur": [0.05]})
    simulator = prepare(own.portfolio.table, taxes=Taxes(tsa=0.1327))
    assert simulator.plan(simulator.resolve(taxed)).hausse_payee.any()
    lab = replace(own, simulator=simulator, scenarios={IDLE: taxed}, outcomes={IDLE: simulator.play(taxed)})
    rises = np.linspace(-0.05, 0.15, 12)
    plan = optimise(central_portfolio(lab).assign(hausse_min=rises, hausse_max=rises))
    truth = simulator.central(with_rises(lab, rises))
    for name in ("resultat", "effectif", "pc"):
        assert plan.totals()[name] == pytest.approx(truth[name], rel=1e-9)


def test_rules_not_applied_are_said_and_stop_nothing(lab):
    asked = {"ordres": (("tranche_age", RISING),), "limites": {"ecart_max": 0.05, "hausse_moyenne_max": 0.05}}
    careful = solve(lab, prudence=0.95, pas=0.01, **asked)
    assert careful.feasible
    assert any("ne connaît pas ces règles" in line for line in left_aside(careful.problem, str))
    assert left_aside(state_problem(lab, Ask(**FACTORS, **asked)), str) == ()
    region = state_problem(lab, Ask(facteurs=("contrat", "region")))
    assert "region" in left_aside(region, str)[0]


def test_a_prudent_plan_is_compared_at_its_central_value(lab):
    careful = solve(lab, prudence=0.95, pas=0.01, limites={"hausse_moyenne_max": 0.06})
    actions = reduce_actions(careful.plan)
    assert actions.part <= 1.02
    gained = careful.plan.totals()["resultat"] - careful.idle["resultat"]
    assert actions.perte == pytest.approx((1 - actions.part) * gained)


@pytest.mark.parametrize("count", [3, 9, 40])
def test_no_leaver_is_left_without_its_cap(count):
    names = [f"Évin · {i}" for i in range(count)]
    product = ["Base" if i % 2 else "Confort" for i in range(count)]
    table = pd.DataFrame({"segment": names, "formule": product, "beneficiaires": 10.0, "cotisation": 500.0})
    groups = group_leavers(table, names)
    assert sorted(s for inside in groups.values() for s in inside) == sorted(names)
    assert len(groups) <= 8
    assert len(group_leavers(table.drop(columns="formule"), names)) == count


def test_words_of_a_plan_that_raises_nothing(lab):
    still = solve(lab, gel=True, bornes=(("contrat", "collectif", 0.0, 0.0), ("contrat", "individuel", 0.0, 0.0)))
    assert say_plan(still).startswith("Ne rien augmenter donne un résultat")
    worst = solve(lab, but="pire_hausse", limites={"pc_max": 0.75})
    assert "aucune répartition" not in say_plan(worst)


def test_rises_of_a_scenario(lab, found):
    rises = scenario_rises(lab, found, "Tous à 3 %")
    assert set(rises) == set(found.problem.table["segment"])
    np.testing.assert_allclose(list(rises.values()), 0.03, rtol=1e-9)


# --- mode partage -----------------------------------------------------------------------------------------------------


@given(st.lists(st.floats(0.0, 50.0), min_size=1, max_size=12))
def test_what_is_hidden_tells_of_nobody(persons):
    counts = pd.Series(persons)
    hidden = secret_rows(counts)
    assert hidden[(counts < 11).to_numpy()].all()
    if hidden.any() and not hidden.all():
        assert hidden.sum() >= 2
        assert counts[hidden].sum() >= 11


def test_small_segments_are_one_row_with_others():
    small = make_lab(small=4.0)
    found = solve(small, limites={"hausse_moyenne_max": 0.05})
    secret = small.portfolio.table["segment"].iloc[-1]
    whole, shared = plan_rows(found), plan_rows(found, shared=True)
    assert secret in set(whole["segment"])
    assert secret not in set(shared["segment"])
    assert len(shared) == len(whole) - 1
    for column in ("beneficiaires", "retenus", "resultat"):
        assert shared[column].sum() == pytest.approx(whole[column].sum())
    assert (shared["beneficiaires"] >= 11).all()
    text = action_text(view_of(shared=True), found, reduce_actions(found.plan))
    assert secret not in text
    assert "personnes" not in text
    assert "€" not in text
    assert secret not in plan_frame(found, shared=True).to_csv()


# --- taken away -------------------------------------------------------------------------------------------------------


@given(st.lists(st.integers(-5_000, 10_000), min_size=1, max_size=30))
def test_a_plan_goes_through_the_link(steps):
    segments = pd.Series([f"S{i}" for i in range(len(steps))])
    rises = np.array(steps) / 1e4
    word = write_plan(segments, rises)
    assert word.isalnum()
    np.testing.assert_allclose(read_plan(word, segments), rises, atol=1e-9)
    assert read_plan(word, segments + "x") is None
    assert read_plan(word[:-1], segments) is None
    assert read_plan(word[:-1] + "é", segments) is None
    assert read_plan("", segments) is None


def test_the_scenario_file_holds_the_plan_and_computes_it_again(lab, found):
    dataset = make_dataset(24)
    view = SimpleNamespace(dataset=replace(dataset, is_demo=True), selection=SimpleNamespace(filtres={}), key="essai")
    file = json.loads(make_file(view, lab, found))
    assert SIMULATED in file["notes"]
    assert say_plan(found) in file["notes"]
    assert file["demandes"]["base"] == dataset.base
    checked = check_file(file)
    assert checked["egal"].all()
    told = checked[(checked["scenario"] == NAME) & (checked["nombre"] == "total/resultat/valeur")]["ecrit"].item()
    assert told == pytest.approx(found.plan.totals()["resultat"], rel=1e-8)


def test_the_workbook_has_numbers_and_the_words(found):
    book = load_workbook(io.BytesIO(make_book(view_of(), found)))
    assert book.sheetnames == ["Plan", "Contraintes", "Preuve", "Actions"]
    rows = list(book["Plan"].iter_rows(values_only=True))
    assert rows[0][:3] == ("Segment", "Hausse", "Assurés")
    assert isinstance(rows[1][1], float)
    assert sum(r[4] for r in rows[1:]) == pytest.approx(found.plan.totals()["resultat"], abs=0.1)
    assert "le P/C maximal" in set(asked_frame(view_of(), found)["Élément"])


# --- on a page --------------------------------------------------------------------------------------------------------


def _page():
    import streamlit as st

    from pages.components.lab import wait_lab
    from pages.components.optimiser import show_optimiser
    from pages.components.sidebar import show_sidebar

    view = show_sidebar()
    lab = wait_lab(view)
    if lab is not None:
        show_optimiser(view, lab)
        st.caption("fin de page")


def open_page(**query: str) -> AppTest:
    app = AppTest.from_function(_page, default_timeout=90)
    for key, value in query.items():
        app.query_params[key] = value
    return app.run()


def test_an_impossible_target_says_how_far_one_can_go_and_takes_it(token):
    app = open_page(d=token, h_source="Saisie", h_derive="3 %", o_pc_max_v="15")
    text = words(app)
    assert "Infaisable" in text
    assert "le mieux atteignable" in text
    app.button(key="o_accepter").click().run()
    assert "Infaisable" not in words(app)
    assert not app.exception


def test_everything_open(token):
    app = open_page(d=token, h_source="Saisie", h_derive="3 %")
    for key in ("frontiere", "robustesse", "plan_table"):
        app.session_state[key] = True
    app.run()
    assert not app.exception
    text = words(app)
    assert "face à « ne rien faire »" in text
    assert "tirés à neuf" in text
    assert "Sur tout l’intervalle d’élasticité" in text
    for goal in ("Assurés gardés", "Pire hausse la plus basse"):
        app.session_state["o_but"] = goal
        app.run()
        assert not app.exception
        assert "Preuve" in words(app)


def test_the_plan_of_the_link_is_levers(lab, monkeypatch):
    segments = lab.portfolio.table["segment"]
    monkeypatch.setattr("pages.components.sent_plan.state.mirror", lambda key: write_plan(segments, np.full(12, 0.02)))
    sent = sent_plan(segments)
    assert list(sent) == [NAME]
    assert sent[NAME][0] == (segments.iloc[0], "hausse", "*", 0.02)
