"""The Prescriptif page: targets, levers and scenarios in the link, and what each lever would move."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from analytics.constat import to_param, with_dataset
from analytics.descriptive import build_constat
from analytics.schema import Selection
from data import store
from pages.components.datasets import open_dataset
from pages.components.jobs import get_jobs
from pages.components.sent_plan import write_plan
from tests.pages.conftest import UNWANTED, open_app, words
from tests.samples import make_dataset

#: The forecast has its own tests: the drift is typed.
TYPED = {"h_source": "Saisie"}
PC = "Ratio P/C \\(base HT\\)"


@pytest.fixture(scope="module")
def held(home):
    return store.save(make_dataset(48, seed=3))


def drawn(token, **query):
    app = open_app("prescriptive", d=token, **(TYPED | query))
    assert not app.exception
    assert not UNWANTED.search(words(app)), UNWANTED.search(words(app))
    return app


def compared(app):
    """The table of the comparison."""
    return next(t.value for t in app.main.table if "Indicateur" in t.value.columns)


def test_the_answer_is_first_then_the_sections(held):
    app = drawn(held)
    first = next(m.value for m in app.main.markdown if m.value.startswith("**"))
    assert "Quelle est la meilleure" in first
    answer = [m.value for m in app.main.markdown if m.value.startswith("**")][1]
    assert "Scénario" in answer or "gagnant" in answer
    assert "chances d’un P/C ≤ 80,0" in answer
    assert [h.value for h in app.main.header] == [
        "Les scénarios côte à côte", "Leviers", "Hypothèses", "Qui paie\u202f?",
        "Quelle hausse pour tenir la cible\u202f?", "Qu’est-ce qui pèse le plus\u202f?",
        "Quel est le meilleur plan\u202f?", "Décider et suivre",
    ]  # fmt: skip


def test_two_equal_scenarios_have_no_winner(held):
    app = drawn(held, a_c0="0", a_c1="0", b_c0="0", b_c1="0")
    assert any("Pas de gagnant" in m.value for m in app.main.markdown)
    uniform = next(t.value for t in app.main.table if "Hausse uniforme" in t.value.columns)
    assert uniform["Assurés"].str.contains("≈").all()


def test_levers_are_read_the_french_way(held):
    app = drawn(held)
    before = compared(app)
    app.text_input(key="a_c0").set_value("4,5").run()
    assert not app.exception
    assert not [w for w in app.warning if "nombre" in w.value]
    assert not compared(app).equals(before)
    app.text_input(key="a_c0").set_value("beaucoup").run()
    assert any("Ce n’est pas un nombre" in w.value and "Valeur retenue" in w.value for w in app.warning)


def test_up_to_four_named_scenarios_live_in_the_link(held):
    app = drawn(held, nb="4", a_nom="Prudent", d_nom="Prudent", d_pv="10", c_par="Tous", c_h="2,5")
    assert list(compared(app).columns) == ["Indicateur", "Ne rien faire", "Prudent", "Scénario B", "Scénario C",
                                           "Prudent \\(2\\)"]  # fmt: skip
    rises = compared(app).set_index("Indicateur").loc["Hausse moyenne"]
    assert rises["Scénario C"].startswith("2,5")
    assert rises["Ne rien faire"].startswith("0,0")


def test_each_lever_says_what_it_moves_before_it_is_touched(held):
    app = drawn(held)
    captions = [c.value for c in app.main.caption]
    assert any("−1 %" in c.replace("\u202f", " ") and "reste à charge" in c for c in captions)
    assert any("100 % Santé" in c and "il manque" in c and "Panier" in c for c in captions)
    app.session_state["pas"] = True
    app.run()
    table = next(t.value for t in app.main.table if "Un pas" in t.value.columns).set_index("Levier")
    assert table.loc["Actes passés au 100 % Santé, dentaire", "P/C"] == "–" or "Panier" in table.to_csv()
    assert "pt" in table.loc["Hausse de cotisation", "P/C"]
    assert table.loc["Chargement", "Assurés"] == "="


def test_the_targets_are_typed_and_their_chances_shown(held):
    app = drawn(held, h_resultat="1,2 M€", h_gardes="90", h_moyenne="4 %")
    table = compared(app)["Indicateur"].tolist()
    assert any("résultat ≥ 1,20" in line for line in table)
    assert any("assurés gardés ≥ 90,0" in line for line in table)
    assert any("hausse moyenne ≤ 4,0" in line for line in table)


@pytest.mark.parametrize(
    "query",
    [
        {"h_cible": "<b>", "h_resultat": "beaucoup", "h_gardes": "150", "h_moyenne": "1e999"},
        {"h_elasticite": "8 (9 à 2)", "h_bornes": "x (y à z)", "r_plafond": "50 (60 à 70)", "r_reseau": "-5"},
        {"nb": "99", "a_par": "=1+1", "a_nom": "Ne rien faire", "b_nom": "", "a_pl": "-300", "a_plp": "???"},
        {"sc_ind": "x", "sol_par": "y", "s_cible": "12", "s_levier": "rien", "s_depart": "-4", "t_sc": "7"},
        {"a_pl": "nan", "a_pv": "inf", "a_ac": "1e400", "h_tsa": "[]", "h_contribution": "peut-être", "h_source": "?"},
        {"h_derive": "-200", "h_ecart": "-1", "h_confiance": "0"},
    ],
)  # fmt: skip
def test_garbage_in_the_link_never_breaks_the_page(held, query):
    app = drawn(held, **query)
    assert not app.error
    assert "nan" not in compared(app).to_csv().lower()


def test_the_contribution_is_a_switch_that_says_its_status(held):
    app = drawn(held, h_contribution="true", a_par="Tous", a_h="0")
    assert any("à confirmer" in w.value and "pas une prévision" in w.value for w in app.main.warning)
    row = compared(app).set_index("Indicateur").loc["Coût des actions et des taxes"]
    assert row["Ne rien faire"] not in ("0,00\u202f€", "–")
    assert row["Scénario A"].startswith(row["Ne rien faire"])


def test_a_response_typed_over_is_told_as_typed(held):
    app = drawn(held, r_plafond="60 % (50 % à 70 %)")
    table = next(t.value for t in app.main.table if "Source" in t.value.columns)
    row = table[table["Hypothèse"].str.contains("plafond")].iloc[0]
    assert (row["Valeur"], row["Bas"], row["Haut"]) == ("60,0\u202f%", "50,0\u202f%", "70,0\u202f%")
    assert row["Source"] == "votre saisie"
    others = table[~table["Hypothèse"].str.contains("Part des prestations")]
    assert others["Source"].str.startswith("hypothèse").all()


def test_the_worked_example_by_hand(held):
    app = open_app("prescriptive", d=held, **TYPED)
    app.session_state["redressement"] = True
    app.run()
    for key, value in (("rd_sp", "110,33"), ("rd_d", "1")):
        app.text_input(key=key).set_value(value)
    app.run()
    assert any("\\+11,43" in m.value or "+11,43" in m.value for m in app.main.markdown)
    table = next(t.value for t in app.main.table if "Redressement" in t.value.columns)
    assert table["Catégorie"].tolist()[-1] == "Ensemble"
    assert set(table["S/P projeté"]) == {"80,00\u202f%"}


def test_goal_seek_answers_or_says_what_comes_closest(held):
    app = drawn(held, h_cible="150")
    assert any("avec une probabilité" in s.value for s in app.main.success)
    app = drawn(held, h_cible="20")
    assert any("hors d’atteinte" in w.value for w in app.main.warning)


def test_shares_of_the_variance_are_made_on_demand(held):
    app = open_app("prescriptive", d=held, **TYPED)
    assert not any("Part seule" in t.value.columns for t in app.main.table)
    app.session_state["sobol"] = True
    app.run()
    assert not app.exception
    assert any("Part seule" in t.value.columns for t in app.main.table)


def test_the_drift_is_that_of_the_forecast_once_it_is_ready(held):
    app = open_app("prescriptive", d=held)
    assert not app.exception
    told = [c.value for c in app.main.caption if c.value.startswith("Dérive utilisée")]
    assert len(told) == 1
    for key in list(get_jobs()._jobs):
        get_jobs().wait(key, 90)
    app.run()
    assert not app.exception
    told = [c.value for c in app.main.caption if c.value.startswith("Dérive utilisée")]
    assert "la prévision du Prédictif" in told[0]
    assert "8 fois sur 10" in told[0]
    assert not UNWANTED.search(words(app)), UNWANTED.search(words(app))


def test_the_finding_followed_may_be_absorbed(home):
    token = store.save(make_dataset(72, seed=3, drift=0.4))
    opened = open_dataset(token)
    selection = Selection(opened.complete_months[-12], opened.complete_months[-1],
                          {"poste": ("dentaire",), "region": ("B",)})  # fmt: skip
    found = with_dataset(build_constat(opened.completed, "prestation", selection), token)
    app = drawn(token, constat=to_param(found), f_poste="dentaire", f_region="B")
    assert app.text_input(key="a_constat").value == "50 %"
    before = compared(app).set_index("Indicateur").loc[PC, "Scénario A"]
    app.text_input(key="a_constat").set_value("100").run()
    assert compared(app).set_index("Indicateur").loc[PC, "Scénario A"] != before


def test_values_that_look_alike_have_their_own_levers(home):
    sample = make_dataset(40)
    names = {"individuel": "Confort", "collectif": "Confort +"}
    care = sample.prestation.assign(contrat=sample.prestation["contrat"].map(names))
    members = sample.cotisation.assign(contrat=sample.cotisation["contrat"].map(names))
    app = drawn(store.save(replace(sample, prestation=care, cotisation=members)), a_c0="10", a_c1="0")
    rise = compared(app).set_index("Indicateur").loc["Hausse moyenne", "Scénario A"]
    assert not rise.startswith(("0,0", "10,0"))


def test_without_postes_the_page_still_answers(home):
    sample = make_dataset(40)
    keys = ["mois", "region", "contrat"]
    care = sample.prestation.groupby(keys)[["prestation"]].sum().reset_index()
    app = drawn(store.save(replace(sample, prestation=care)))
    assert any("100 % Santé" in c.value and "Poste" in c.value for c in app.main.caption)
    assert len(compared(app))


def test_the_best_plan_is_played_among_four_scenarios(held):
    app = drawn(held, nb="4")
    app.button(key="plan_envoyer").click()
    app.run()
    assert not app.exception
    assert "Plan optimisé" in compared(app).columns
    assert "Scénario D" in compared(app).columns
    assert app.query_params["plan"]
    app.button(key="plan_retirer").click()
    app.run()
    assert "Plan optimisé" not in compared(app).columns


@pytest.mark.parametrize("rise", [-1.0, -0.51, 1.01, 3.66])
def test_a_plan_out_of_bounds_never_closes_the_page(held, rise):
    segments = pd.Series(["collectif", "individuel"])
    app = drawn(held, plan=write_plan(segments, [rise, 0.0]))
    assert not app.error
    assert "Plan optimisé" not in compared(app).columns
    app.button(key="plan_refuse").click()
    app.run()
    assert "plan" not in app.query_params
    assert not [b for b in app.main.button if b.key == "plan_refuse"]


def test_a_plan_does_not_take_the_place_of_a_scenario_of_its_name(held):
    word = write_plan(pd.Series(["collectif", "individuel"]), [0.01, 0.01])
    table = compared(drawn(held, plan=word, a_nom="Plan optimisé", a_c0="9", a_c1="9")).set_index("Indicateur")
    rises = table.loc["Hausse moyenne"]
    assert rises["Plan optimisé"].startswith("9,0")
    assert rises["Plan optimisé \\(2\\)"].startswith("1,0")


def test_the_stability_is_that_of_the_indicator_shown(held):
    same = {"a_c0": "3", "a_c1": "3", "b_c0": "5", "b_c1": "5"}
    tied = next(m.value for m in drawn(held, t_ind="Reste à charge par tête", **same).main.markdown
                if "Les autres hypothèses au centre" in m.value)  # fmt: skip
    assert "à égalité" in tied
    assert "reste le meilleur" not in tied
    heads = next(m.value for m in drawn(held, t_ind="Assurés", **same).main.markdown
                 if "Les autres hypothèses au centre" in m.value)  # fmt: skip
    assert "Ne rien faire" in heads
    assert "bruit" not in heads


def test_a_missing_contract_is_a_segment_like_another(home):
    sample = make_dataset(40)

    def lost(frame):
        return frame.assign(contrat=frame["contrat"].where(frame["region"] != "A"))

    app = drawn(store.save(replace(sample, prestation=lost(sample.prestation), cotisation=lost(sample.cotisation))))
    assert not app.error
    assert any("non renseigné" in t.label for t in app.text_input)
    assert PC in compared(app)["Indicateur"].tolist()


def test_the_euros_left_out_are_told_before_the_answer(home):
    sample = make_dataset(40)
    named = sample.prestation["contrat"].where(sample.prestation["region"] != "A", "perdu")
    stray = sample.prestation.assign(contrat=named)
    app = drawn(store.save(replace(sample, prestation=stray)))
    assert any("Laissé de côté" in w.value for w in app.main.warning)
    assert not any("Laissé de côté" in w.value for w in drawn(store.save(sample)).main.warning)
