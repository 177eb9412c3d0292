"""Side by side, who pays, tornado, Sobol, stability, and the file from which every number is computed again."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from analytics.errors import ParameterError
from analytics.prescriptive.futures import futures_from_assumptions
from analytics.prescriptive.levers import no_lever
from analytics.prescriptive.outcome import format_chance
from analytics.prescriptive.responses import adjust_responses
from analytics.prescriptive.scenario_file import check_file, export_scenario, replay
from analytics.prescriptive.seek import seek
from analytics.prescriptive.simulation import prepare
from analytics.prescriptive.simulator import Simulator
from analytics.prescriptive.sobol import sobol_indices
from analytics.prescriptive.solidarity import share_effort
from analytics.prescriptive.taxes import Taxes
from analytics.prescriptive.tornado import explain_variance, find_stability, tornado
from analytics.prescriptive.versus import (
    IDLE,
    Target,
    match_uniform,
    name_winner,
    play_scenarios,
    set_side_by_side,
    uniform_rise,
)

POSTES = ("dentaire", "optique")


def make(**changes) -> Simulator:
    rng = np.random.default_rng(2)
    amc = rng.gamma(4.0, 60.0, (6, 2))
    frame = pd.DataFrame(
        {
            "segment": [f"S{i}" for i in range(6)], "tranche_age": ["20-39", "40-59", "60+"] * 2,
            "contrat": ["individuel"] * 3 + ["collectif"] * 3, "beneficiaires": rng.gamma(3.0, 300.0, 6),
            "cotisation": amc.sum(axis=1) * 1.25, "prestation": amc.sum(axis=1), "chargement": 0.15,
            "retention": 0.92, "elasticite": 4.0, "elasticite_bas": 2.0, "elasticite_haut": 7.0,
            "hausse_max": np.inf,
        }
    )  # fmt: skip
    care = pd.MultiIndex.from_product([frame["segment"], POSTES], names=["segment", "poste"]).to_frame(index=False)
    care = care.assign(prestation=amc.ravel(), remboursement_amo=amc.ravel() * 0.4, frais_reels=amc.ravel() * 1.7)
    care.loc[3, "frais_reels"] = np.nan
    drift = futures_from_assumptions({"dentaire": (0.03, 0.01), "optique": (0.05, 0.05)}, draws=400)
    options = {"postes": care, "draws": 400, "taxes": Taxes("HT", 0.1327, 0.0205, "à confirmer"), "futures": drift}
    return prepare(frame.assign(**changes.pop("columns", {})), **(options | changes))


def lever(*lines: tuple) -> pd.DataFrame:
    return pd.DataFrame([(*line, "*")[:4] for line in lines], columns=["segment", "levier", "valeur", "poste"])


SCENARIOS = {
    "Hausse": lever(("*", "hausse", 0.04)),
    "Réseau": lever(("*", "hausse", 0.02), ("*", "reseau", 0.3, "optique"), ("*", "prevention", 2.0)),
    "Garanties": lever(("S0", "plafond", -0.2, "dentaire"), ("*", "contribution", 1.0), ("S1", "acquisition", 0.05)),
}


def test_side_by_side():
    simulator = make()
    outcomes = play_scenarios(simulator, SCENARIOS)
    uniforms = {name: match_uniform(simulator, o) for name, o in outcomes.items() if name != IDLE}
    versus = set_side_by_side(outcomes, uniforms, targets=[Target("pc", 0.85), Target("effectif", 1000.0)])
    table = versus.table.set_index(["scenario", "indicateur"])
    assert list(outcomes) == [IDLE, *SCENARIOS]
    gap = outcomes["Réseau"].value("resultat") - outcomes[IDLE].value("resultat")
    assert table.loc[("Réseau", "resultat"), "ecart_rien"] == pytest.approx(gap)
    for name, uniform in uniforms.items():
        assert uniform.outcome.value("resultat") == pytest.approx(outcomes[name].value("resultat"), rel=1e-7)
        assert table.loc[(name, "resultat"), "ecart_uniforme"] == pytest.approx(0.0, abs=1e-2)
    assert uniforms["Hausse"].hausse == pytest.approx(0.04, abs=1e-7)
    assert table.loc[(IDLE, "pc"), "verdict_rien"] == "référence"
    chance = versus.targets.set_index(["scenario", "indicateur"])["probabilite"]
    assert chance["Hausse", "pc"] == outcomes["Hausse"].probability("pc", 0.85)


def test_no_winner_in_the_noise():
    simulator = make()
    close = {"A": uniform_rise(0.05), "B": lever(("*", "hausse", 0.05), ("*", "reseau", 1e-9, "optique"))}
    outcomes = play_scenarios(simulator, {"A": close["A"], "A bis": close["A"]})
    assert name_winner(outcomes)[0] is None
    assert "bruit" in name_winner(outcomes)[1]
    clear = play_scenarios(simulator, {"moins": lever(("*", "prestation", -0.1))})
    assert name_winner(clear)[0] == "moins"


def test_unreachable_result_has_no_uniform_equal():
    simulator = make()
    rich = simulator.play(lever(("*", "prestation", -0.95), ("*", "effectif", 40.0)))
    found = match_uniform(simulator, rich)
    assert np.isnan(found.hausse)
    assert found.outcome is None
    table = set_side_by_side({IDLE: simulator.play(no_lever()), "rêve": rich}, {"rêve": found}).table
    assert (table.loc[table["scenario"] == "rêve", "verdict_uniforme"] == "inconnu").all()


def test_five_scenarios_are_too_many():
    with pytest.raises(ParameterError, match="Quatre"):
        play_scenarios(make(), {str(i): no_lever() for i in range(5)})
    with pytest.raises(ParameterError):
        play_scenarios(make(), {IDLE: no_lever()})


def test_who_pays_by_hand():
    simulator = make()
    outcome = simulator.play(lever(("S2", "hausse", 0.10), ("S5", "hausse", 0.05)))
    table = share_effort(outcome, simulator.portfolio, by="tranche_age").set_index("tranche_age")
    assert table.loc["60+", "part_effort"] == pytest.approx(1.0)
    assert table["part_cotisation"].sum() == pytest.approx(1.0)
    assert table["transfert"].sum() == pytest.approx(0.0, abs=1e-6)
    assert table["cotisation"].sum() == pytest.approx(outcome.value("cotisation"))
    own = outcome.table.set_index("segment")
    kept = own["retenus"] * simulator.portfolio.set_index("segment")["cotisation"]
    expected = (kept["S2"] * 0.10 + kept["S5"] * 0.05) / (kept["S2"] + kept["S5"])
    assert table.loc["60+", "hausse"] == pytest.approx(expected)
    assert table.loc["40-59", "paye_recu"] == pytest.approx(
        own.loc[["S1", "S4"], "cotisation"].sum() / own.loc[["S1", "S4"], "prestation"].sum()
    )
    assert np.isnan(table.loc["40-59", "reste_par_tete"])  # one poste of S1 does not tell its fees
    idle = share_effort(simulator.play(no_lever()), simulator.portfolio, by="contrat")
    assert idle["part_effort"].isna().all()
    with pytest.raises(ParameterError, match="region"):
        share_effort(outcome, simulator.portfolio, by="region")


def test_tornado_against_moving_each_input_by_hand():
    simulator = make()
    table = tornado(simulator, SCENARIOS["Réseau"]).set_index("entree")
    assert set(table.index) == {"elasticite", "derive:dentaire", "derive:optique", "economie_reseau",
                                "effet_prevention", "reponse_frequence"}  # fmt: skip
    assert table["amplitude"].is_monotonic_decreasing
    low = make(columns={"elasticite": 2.0, "elasticite_bas": 2.0, "elasticite_haut": 2.0})
    assert table.loc["elasticite", "valeur_p10"] == pytest.approx(low.central(SCENARIOS["Réseau"])["resultat"])
    saving = make(responses=adjust_responses({"economie_reseau": 0.2}))
    assert table.loc["economie_reseau", "valeur_p90"] == pytest.approx(saving.central(SCENARIOS["Réseau"])["resultat"])
    p90 = np.quantile(simulator.futures.growth[:, 1], 0.9)
    drift = futures_from_assumptions({"dentaire": (0.03, 0.0), "optique": (p90 - 1, 0.0)}, draws=400)
    assert table.loc["derive:optique", "valeur_p90"] == pytest.approx(
        make(futures=drift).central(SCENARIOS["Réseau"])["resultat"]
    )
    assert list(tornado(simulator, no_lever())["entree"]) == ["derive:optique", "derive:dentaire"]


def test_sobol_of_ishigami():
    """Known indices of the function of Ishigami and Homma (1990), a = 7, b = 0.1."""

    def ishigami(points: np.ndarray) -> np.ndarray:
        x = np.pi * (2 * points - 1)
        return np.sin(x[:, 0]) + 7 * np.sin(x[:, 1]) ** 2 + 0.1 * x[:, 2] ** 4 * np.sin(x[:, 0])

    table = sobol_indices(ishigami, 3, n=4096)
    np.testing.assert_allclose(table["premier"], [0.3139, 0.4424, 0.0], atol=0.02)
    np.testing.assert_allclose(table["total"], [0.5576, 0.4424, 0.2437], atol=0.02)
    assert (np.abs(table["premier"] - [0.3139, 0.4424, 0.0]) < 4 * table["premier_erreur"]).all()
    assert sobol_indices(lambda points: np.ones(len(points)), 2, n=8)["premier"].isna().all()
    with pytest.raises(ParameterError):
        sobol_indices(ishigami, 3, n=1000)


def test_sobol_of_a_scenario_is_the_analytic_share():
    """Without any lever the claims are linear in the two drifts: shares are those of their variances."""
    simulator = make()
    table = explain_variance(simulator, no_lever(), indicator="prestation", n=512).set_index("entree")
    amounts = simulator.base.beneficiaires @ simulator.cover.prestation
    parts = (amounts * simulator.futures.growth.std(axis=0)) ** 2
    np.testing.assert_allclose(
        table.loc[["derive:dentaire", "derive:optique"], "premier"], parts / parts.sum(), atol=0.03
    )
    np.testing.assert_allclose(table["total"], table["premier"], atol=0.05)


def test_stability():
    simulator = make()
    fragile = {"prudent": uniform_rise(0.0), "fort": uniform_rise(0.15)}
    told = find_stability(simulator, fragile, indicator="effectif")
    assert told.stable
    assert "prudent" in told.phrase
    turning = make(columns={"elasticite_bas": 0.0, "elasticite": 10.0, "elasticite_haut": 40.0})
    rivals = {"rien": no_lever(), "hausse": uniform_rise(0.15)}
    found = find_stability(turning, rivals)
    by_level = found.table.pivot(index="niveau", columns="scenario", values="valeur")
    best = by_level.idxmax(axis=1)
    assert found.table.query("meilleur")["scenario"].tolist() == best.tolist()
    assert not found.stable  # without departures the increase is the best; with many of them, doing nothing is
    assert (found.table.groupby("niveau")["meilleur"].sum() == 1).all()
    with pytest.raises(ParameterError):
        find_stability(simulator, {"seul": no_lever()})


def test_scenarios_that_give_the_same_are_tied():
    simulator = make()
    twins = {"un": uniform_rise(0.03), "deux": uniform_rise(0.03), "rien": no_lever()}
    told = find_stability(simulator, twins, indicator="charges")  # no action, no tax: nothing anywhere
    assert told.stable
    assert told.table["meilleur"].all()
    assert "« un », « deux » et « rien » à égalité" in told.phrase
    unknown = find_stability(make(postes=None, futures=None), twins, indicator="reste_a_charge")
    assert not unknown.table["meilleur"].any()
    assert "ne se calcule pas" in unknown.phrase
    best = find_stability(make(columns={"elasticite_bas": 0.0, "elasticite_haut": 4.0}), twins)
    assert best.phrase.startswith("Pas de meilleur scénario : « un » et « deux » à égalité")
    assert (best.table.groupby("niveau")["meilleur"].sum() == 2).all()


@pytest.mark.parametrize(
    ("share", "told"),
    [(1.0, "plus de 99"), (0.9995, "plus de 99"), (0.99, "99"), (0.8, "80"), (0.01, "1"), (0.0, "moins de 1")],
)
def test_a_chance_is_never_told_as_certain(share, told):
    assert format_chance(share) == f"{told}\u202f%"


def test_every_number_is_computed_again_from_the_file():
    simulator = make()
    scenarios = {IDLE: no_lever(), **SCENARIOS}
    targets = [Target("pc", 0.85), Target("reste_a_charge", 100.0, "au_plus")]
    file = json.loads(json.dumps(export_scenario(simulator, scenarios, targets=targets, notes=["Mesuré"])))
    outcomes = replay(file)
    for name, levers in scenarios.items():
        mine = simulator.play(levers)
        for frame in ("table", "total", "quantiles", "draws"):
            pd.testing.assert_frame_equal(
                getattr(outcomes[name], frame), getattr(mine, frame), check_exact=True, check_dtype=False
            )
    checked = check_file(file)
    assert checked["egal"].all()
    assert set(checked["scenario"]) == set(scenarios)
    file["leviers"]["Hausse"]["valeur"] = [0.05]
    assert not check_file(file).query("scenario == 'Hausse'")["egal"].all()


def test_file_of_something_else():
    with pytest.raises(ParameterError, match="fichier de scénarios"):
        replay({"format": "autre"})


def test_error_of_the_mean_is_the_one_seen_over_other_seeds():
    """Responses are stratified: neither their whole spread nor nothing at all is an error of the mean."""
    rows = []
    for seed in range(40):
        drift = futures_from_assumptions({"dentaire": (0.03, 0.01), "optique": (0.05, 0.05)}, draws=400, seed=seed)
        row = make(futures=drift, seed=seed).play(SCENARIOS["Réseau"]).quantiles.set_index("indicateur").loc["resultat"]
        rows.append((row["moyenne"], row["erreur"]))
    means, errors = np.array(rows).T
    assert 0.6 < errors.mean() / means.std(ddof=1) < 1.6


def test_goal_on_the_reste_a_charge_by_poste():
    simulator = make(postes=make().postes.assign(frais_reels=lambda f: f["prestation"] * 1.7))
    before = simulator.play(no_lever()).value("reste_a_charge")
    found = seek(
        simulator, levier="taux", poste="optique", indicator="reste_a_charge", target=before * 0.99, probability=0.5,
        bounds=(0.0, 0.5),
    )  # fmt: skip
    assert found.status == "atteint"
    assert 0 < found.valeur < 0.5
    assert "optique" in found.phrase
    assert "reste à charge" in found.phrase
    with pytest.raises(ParameterError, match="déjà tirés"):
        seek(simulator, draws=10)
    with pytest.raises(ParameterError, match="par poste"):
        seek(simulator, levier="hausse", poste="optique")
