"""Levers of care, cover, network, prevention, recruiting and taxes: by hand, person by person, and their invariants."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.errors import ParameterError
from analytics.prescriptive.describe import describe_lever
from analytics.prescriptive.futures import futures_from_assumptions
from analytics.prescriptive.levers import LEVIERS, no_lever
from analytics.prescriptive.responses import REPONSES, adjust_responses, at_level, draw_responses, responses_table
from analytics.prescriptive.simulation import prepare, simulate
from analytics.prescriptive.taxes import Taxes, read_taxes

POSTES = ("dentaire", "optique")
FIXED = {r.key: r.valeur for r in REPONSES}


def book(n: int = 3, seed: int = 0) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A portfolio and its care by poste, everything known."""
    rng = np.random.default_rng(seed)
    amc = rng.gamma(4.0, 60.0, (n, 2))
    portfolio = pd.DataFrame(
        {
            "segment": [f"S{i}" for i in range(n)], "beneficiaires": rng.gamma(3.0, 300.0, n),
            "cotisation": amc.sum(axis=1) * 1.3, "prestation": amc.sum(axis=1), "chargement": 0.15,
            "retention": 0.92, "elasticite": 4.0,
        }
    )  # fmt: skip
    care = pd.MultiIndex.from_product([portfolio["segment"], POSTES], names=["segment", "poste"]).to_frame(index=False)
    care["prestation"] = amc.ravel()
    care["remboursement_amo"] = amc.ravel() * rng.uniform(0.2, 1.0, 2 * n)
    care["frais_reels"] = care["remboursement_amo"] + amc.ravel() * rng.uniform(1.1, 1.9, 2 * n)
    care["actes"] = rng.uniform(0.5, 2.0, 2 * n)
    for measure, part in (("actes", 0.3), ("prestation", 0.35), ("frais_reels", 0.2), ("remboursement_amo", 0.25)):
        care[f"{measure}_100"] = care[measure] * part
    return portfolio, care


def lever(*lines: tuple) -> pd.DataFrame:
    return pd.DataFrame([(*line, "*")[:4] for line in lines], columns=["segment", "levier", "valeur", "poste"])


def central(levers: pd.DataFrame, **options) -> dict[str, float]:
    portfolio, care = book()
    return prepare(portfolio, postes=care, draws=2, **options).central(levers)


def test_cover_cut_by_hand():
    """AMC falls, the reste à charge rises by as much, less the acts given up (arc elasticity)."""
    portfolio, care = book()
    after = simulate(portfolio, lever(("S1", "taux", -0.2, "optique")), postes=care, draws=2).table
    row = care[(care["segment"] == "S1") & (care["poste"] == "optique")].iloc[0]
    other = care[(care["segment"] == "S1") & (care["poste"] == "dentaire")].iloc[0]
    amc, frais, amo = row["prestation"], row["frais_reels"], row["remboursement_amo"]
    before, then = (frais - amo - amc) / frais, (frais - amo - 0.8 * amc) / frais
    x = (then - before) / (then + before)
    acts = (1 - 0.2 * x) / (1 + 0.2 * x)
    heads = after["retenus"].iloc[1]
    assert after["prestation"].iloc[1] == pytest.approx(heads * (0.8 * amc * acts + other["prestation"]))
    rest = other["frais_reels"] - other["remboursement_amo"] - other["prestation"]
    assert after["reste"].iloc[1] == pytest.approx(heads * ((frais - amo - 0.8 * amc) * acts + rest))
    assert 0 < acts < 1


def test_without_response_what_the_mutual_saves_the_member_pays():
    flat = adjust_responses({"reponse_frequence": 0.0})
    before, after = (central(levers, responses=flat) for levers in (no_lever(), lever(("*", "taux", -0.15, "optique"))))
    saved = before["prestation"] - after["prestation"]
    assert saved > 0
    assert (after["reste_a_charge"] - before["reste_a_charge"]) * after["effectif"] == pytest.approx(saved)


def test_cover_never_pays_more_than_what_is_left():
    portfolio, care = book()
    generous = simulate(portfolio, lever(("*", "taux", 9.0)), postes=care, draws=2)
    assert generous.value("reste_a_charge") == pytest.approx(0.0, abs=1e-9)


def test_ceiling_moves_the_share_that_is_paid_at_it():
    half = adjust_responses({"part_au_plafond": 0.5})
    ceiling = central(lever(("*", "plafond", -0.2)), responses=half)
    rate = central(lever(("*", "taux", -0.1)), responses=half)
    assert ceiling == pytest.approx(rate)


def test_basket_by_hand():
    """Ten points of the acts move: each changes by the mean of the basket less the mean of the others."""
    flat = adjust_responses({"reponse_frequence": 0.0})
    portfolio, care = book()
    after = simulate(portfolio, lever(("*", "sante100", 0.1, "optique")), postes=care, draws=2, responses=flat).table
    before = simulate(portfolio, no_lever(), postes=care, draws=2, responses=flat).table
    row = care[(care["segment"] == "S0") & (care["poste"] == "optique")].iloc[0]
    inside = row["prestation_100"] / row["actes_100"]
    outside = (row["prestation"] - row["prestation_100"]) / (row["actes"] - row["actes_100"])
    step = 0.1 * row["actes"] * (inside - outside)
    assert (after["prestation"] - before["prestation"]).iloc[0] == pytest.approx(after["retenus"].iloc[0] * step)


def test_basket_refused_where_nothing_is_known():
    portfolio, care = book()
    bare = care.drop(columns=[c for c in care.columns if c.endswith("_100")])
    with pytest.raises(ParameterError, match="panier"):
        simulate(portfolio, lever(("*", "sante100", 0.1, "optique")), postes=bare, draws=2)
    with pytest.raises(ParameterError, match="n’en reste"):
        simulate(portfolio, lever(("*", "sante100", 0.9, "optique")), postes=care, draws=2)


def test_network_shares_its_saving_as_the_price_was():
    flat = adjust_responses({"reponse_frequence": 0.0, "economie_reseau": 0.2})
    before, after = (central(levers, responses=flat) for levers in (no_lever(), lever(("*", "reseau", 0.5))))
    _, care = book()
    heads = after["effectif"]
    saved = sum((before[k] - after[k]) / scale for k, scale in (("prestation", heads), ("reste_a_charge", 1.0)))
    assert saved > 0
    assert after["prestation"] < before["prestation"]
    assert after["reste_a_charge"] < before["reste_a_charge"]
    portfolio, _ = book()
    kept = portfolio["beneficiaires"] * portfolio["retention"]
    fees = care.groupby("segment")["frais_reels"].sum().to_numpy()
    assert saved * heads == pytest.approx(0.1 * (kept * fees).sum())


def test_prevention_recruits_and_costs_by_hand():
    portfolio, care = book()
    answers = adjust_responses({"effet_prevention": 0.01, "cout_acquisition": 80.0, "pc_recrues": 0.9})
    asked = lever(("*", "prevention", 5.0), ("*", "acquisition", 0.1))
    outcome = simulate(portfolio, asked, postes=care, draws=2, responses=answers)
    heads, new = portfolio["beneficiaires"] * 0.92, portfolio["beneficiaires"] * 0.1
    claims = ((heads + 0.9 * new) * portfolio["prestation"] * (1 - 0.005)).sum()
    charges = (5.0 * (heads + new) + 80.0 * new).sum()
    premiums = ((heads + new) * portfolio["cotisation"]).sum()
    assert outcome.value("prestation") == pytest.approx(claims)
    assert outcome.value("charges") == pytest.approx(charges)
    assert outcome.value("resultat") == pytest.approx(0.85 * premiums - claims - charges)
    assert outcome.value("retention") == pytest.approx(0.92)


def test_taxes_by_hand():
    portfolio, _ = book()
    taxes = Taxes("TTC", 0.1327, 0.0205, "à confirmer", "Urssaf", "loi")
    idle = simulate(portfolio, no_lever(), draws=2, taxes=taxes)
    borne = simulate(portfolio, lever(("*", "contribution", 1.0)), draws=2, taxes=taxes)
    without_tax = portfolio["beneficiaires"] * 0.92 * portfolio["cotisation"] / 1.1327
    assert idle.value("resultat") - borne.value("resultat") == pytest.approx(0.0205 * without_tax.sum())
    assert borne.value("effectif") == idle.value("effectif")
    assert any("à confirmer" in w for w in borne.warnings)
    assert not any("à confirmer" in w for w in idle.warnings)
    passed = simulate(portfolio, lever(("*", "tsa", 0.01)), draws=2, taxes=taxes)
    rise = 0.01 / 1.1327
    kept = 1 / (1 + math.exp(4 * rise) * 0.08 / 0.92)
    assert passed.value("retention") == pytest.approx(kept)
    assert passed.value("charges") == 0
    with pytest.raises(ParameterError, match="taxe"):
        simulate(portfolio, lever(("*", "tsa", 0.01)), draws=2)


def test_taxes_of_the_references():
    table = pd.DataFrame(
        {
            "taxe": ["Taxe de solidarité additionnelle", "Contribution exceptionnelle 2026"],
            "contrat": ["responsable", "tous"], "taux": [0.1327, 0.0205],
            "debut": pd.to_datetime(["2016-01-01", "2026-01-01"]), "fin": pd.to_datetime([None, "2026-12-01"]),
            "statut": ["en vigueur", "à confirmer"], "source": ["a", "b"],
        }
    )  # fmt: skip
    taxes = read_taxes(table, pd.Timestamp("2026-03-01"), base="HT")
    assert (taxes.tsa, taxes.contribution, taxes.source_contribution) == (0.1327, 0.0205, "b")
    assert "à confirmer" in taxes.note
    with pytest.raises(ParameterError):
        read_taxes(table, pd.Timestamp("2026-03-01"), base="brut")


def test_person_by_person():
    """Four persons, some acts each: what the formulas say of the segment is what adding up persons and acts says."""
    acts = [  # frais réels, AMO, AMC by act of each person
        [(100.0, 30.0, 50.0)], [(80.0, 20.0, 40.0), (60.0, 20.0, 20.0)], [], [(200.0, 50.0, 100.0)],
    ]  # fmt: skip
    flat = [a for person in acts for a in person]
    portfolio = pd.DataFrame(
        {"segment": ["tous"], "beneficiaires": [4.0], "cotisation": [90.0], "prestation": [sum(a[2] for a in flat) / 4],
         "chargement": [0.1], "retention": [1.0], "elasticite": [0.0]}
    )  # fmt: skip
    care = pd.DataFrame(
        {"segment": ["tous"], "poste": ["optique"], "prestation": [sum(a[2] for a in flat) / 4],
         "frais_reels": [sum(a[0] for a in flat) / 4], "remboursement_amo": [sum(a[1] for a in flat) / 4],
         "actes": [1.0]}
    )  # fmt: skip
    answers = adjust_responses({"reponse_frequence": 0.0, "economie_reseau": 0.1})
    outcome = simulate(
        portfolio, lever(("*", "cout_moyen", 0.05), ("*", "taux", -0.3, "optique"), ("*", "hausse", 0.02)),
        postes=care, draws=2, responses=answers,
    )  # fmt: skip
    paid = sum(1.05 * amc * 0.7 for _, _, amc in flat)
    left = sum(1.05 * (frais - amo - amc * 0.7) for frais, amo, amc in flat)
    assert outcome.value("prestation") == pytest.approx(paid)
    assert outcome.value("reste_a_charge") * 4 == pytest.approx(left)
    assert outcome.value("resultat") == pytest.approx(0.9 * 4 * 90 * 1.02 - paid)


def test_draws_of_the_responses_are_those_of_their_interval():
    found = draw_responses(REPONSES, np.random.default_rng(0), 4000)
    for response in REPONSES:
        low, mid, high = np.quantile(found[response.key], [0.1, 0.5, 0.9])
        np.testing.assert_allclose([low, mid, high], [response.bas, response.valeur, response.haut], atol=0.02 * high)
        assert at_level(response, np.float64(0.1)) == pytest.approx(response.bas)
        assert (found[response.key] >= response.minimum).all()
        assert (found[response.key] <= response.maximum).all()


def test_drawn_responses_are_played_exactly():
    """Each world is played with its own response: the same as playing it alone, by hand, for the network."""
    portfolio, care = book()
    simulator = prepare(portfolio, postes=care, draws=40, responses=adjust_responses({
        "economie_reseau": (0.05, 0.1, 0.3), "reponse_frequence": 0.2}))  # fmt: skip
    asked = lever(("*", "reseau", 0.4, "optique"), ("*", "hausse", 0.03))
    drawn = simulator.totals(asked)["prestation"].to_numpy()
    for world in (0, 7, 39):
        saving = float(simulator.shocks.reponses["economie_reseau"][world])
        alone = prepare(portfolio, postes=care, draws=2, responses=adjust_responses({"economie_reseau": saving}))
        assert drawn[world] == pytest.approx(alone.central(asked)["prestation"], rel=1e-12)
    assert np.ptp(drawn) > 0


@settings(max_examples=25, deadline=None)
@given(st.permutations(range(6)), st.floats(-0.05, 0.2), st.integers(0, 50))
def test_order_of_the_segments_changes_nothing(order, rise, seed):
    portfolio, care = book(6)
    unsure = portfolio.assign(elasticite_bas=2.0, elasticite_haut=7.0, derive_sd=0.03)
    asked = lever(("*", "hausse", rise), ("S2", "taux", -0.1, "optique"))
    one = prepare(unsure, postes=care, draws=60, seed=seed).totals(asked)
    two = prepare(unsure.iloc[list(order)], postes=care, draws=60, seed=seed).totals(asked)
    np.testing.assert_allclose(two, one, rtol=1e-10)


@settings(max_examples=25, deadline=None)
@given(st.floats(0.0, 0.2), st.floats(-0.3, 0.0), st.floats(0.1, 0.9))
def test_two_halves_of_a_segment_are_the_segment(rise, rate, part):
    portfolio, care = book()
    fut = futures_from_assumptions({"dentaire": (0.02, 0.01), "optique": (0.05, 0.03)}, draws=50)
    halves = pd.concat([portfolio, portfolio.iloc[:1].assign(segment="S0 bis")], ignore_index=True)
    halves.loc[halves["segment"] == "S0", "beneficiaires"] *= part
    halves.loc[halves["segment"] == "S0 bis", "beneficiaires"] *= 1 - part
    again = pd.concat([care, care[care["segment"] == "S0"].assign(segment="S0 bis")], ignore_index=True)
    asked = lever(("*", "hausse", rise), ("*", "taux", rate, "optique"), ("*", "acquisition", 0.03))
    one = prepare(portfolio, postes=care, futures=fut, draws=50).totals(asked)
    two = prepare(halves, postes=again, futures=fut, draws=50).totals(asked)
    np.testing.assert_allclose(two, one, rtol=1e-10)


@settings(max_examples=20, deadline=None)
@given(st.sampled_from([k for k in LEVIERS if k not in ("tsa", "contribution")]))
def test_a_lever_at_zero_is_no_lever(key):
    portfolio, care = book()
    simulator = prepare(portfolio, postes=care, draws=30)
    pd.testing.assert_frame_equal(simulator.totals(lever(("*", key, 0.0))), simulator.totals(no_lever()))


def test_segments_answer_apart():
    """Levers on two segments add up in euros: each moves its own."""
    idle = central(no_lever())["resultat"]
    apart = [central(lever((s, "hausse", 0.05)))["resultat"] - idle for s in ("S0", "S2")]
    both = central(lever(("S0", "hausse", 0.05), ("S2", "hausse", 0.05)))["resultat"] - idle
    assert sum(apart) == pytest.approx(both)


def test_description_is_the_difference_of_two_runs():
    portfolio, care = book()
    simulator = prepare(portfolio.assign(derive_sd=0.02), postes=care, draws=200)
    told = describe_lever(simulator, "hausse")
    idle, moved = simulator.central(no_lever()), simulator.central(lever(("*", "hausse", 0.01)))
    effects = told.effets.set_index("indicateur")
    for key in ("cotisation", "effectif", "pc", "resultat"):
        assert effects.loc[key, "ecart"] == pytest.approx(moved[key] - idle[key])
    assert told.disponible
    assert "+1 point, hausse de cotisation" in told.phrase
    assert "adhérents" in told.phrase
    assert (effects["bas_80"] <= effects["haut_80"]).all()


def test_every_lever_is_described_or_says_what_it_lacks():
    portfolio, care = book()
    taxes = Taxes("HT", 0.1327, 0.0205, "à confirmer")
    whole = prepare(portfolio, postes=care, draws=20, taxes=taxes)
    bare = prepare(portfolio, draws=20)
    for key in LEVIERS:
        full = describe_lever(whole, key, poste="optique" if LEVIERS[key].par_poste else "*")
        assert full.disponible, full.phrase
        assert not full.manque
        assert full.effets["bouge"].any()
    missing = describe_lever(bare, "sante100")
    assert not missing.disponible
    assert {"panier", "actes", "frais_reels", "remboursement_amo", "poste"} == set(missing.manque)
    assert missing.effets["ecart"].isna().all()


def test_responses_refused_and_shown():
    with pytest.raises(ParameterError, match="inconnue"):
        adjust_responses({"magie": 1.0})
    with pytest.raises(ParameterError, match="intervalle"):
        adjust_responses({"economie_reseau": (0.3, 0.1, 0.2)})
    with pytest.raises(ParameterError, match="intervalle"):
        adjust_responses({"part_au_plafond": 1.5})
    table = responses_table()
    assert table["source"].str.startswith("hypothèse").all()
    assert adjust_responses({"pc_recrues": 1.1})[5].source == "saisie de l’utilisateur"
    assert FIXED["repercussion_contribution"] == 0.0


@pytest.mark.parametrize(
    ("line", "word"),
    [
        (("*", "taux", -0.1, "chiropraxie"), "Poste inconnu"),
        (("*", "hausse", 0.1, "optique"), "par poste"),
        (("*", "reseau", 1.2, "optique"), "100 %"),
        (("*", "prevention", -1.0, "*"), "zéro"),
    ],
)
def test_levers_refused(line, word):
    portfolio, care = book()
    with pytest.raises(ParameterError, match=word):
        simulate(portfolio, lever(line), postes=care, draws=2)


@pytest.mark.parametrize("fault", ["somme", "double", "segment", "colonne"])
def test_care_refused(fault):
    portfolio, care = book()
    wrong = {
        "somme": care.assign(prestation=care["prestation"] * 1.01), "double": pd.concat([care, care.head(1)]),
        "segment": care.assign(segment="ailleurs"), "colonne": care.drop(columns="poste"),
    }[fault]  # fmt: skip
    with pytest.raises(ParameterError):
        simulate(portfolio, no_lever(), postes=wrong, draws=2)
