"""A tax that nobody chooses is in doing nothing, in each scenario, and under the uniform increase."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analytics.prescriptive import IDLE, Taxes, compare, match_uniform, no_lever, play_scenarios, prepare, uniform_rise
from analytics.prescriptive.outcome import chance_of_better

PORTFOLIO = pd.DataFrame(
    {
        "segment": ["a", "b"], "beneficiaires": [1000.0, 500.0], "cotisation": [600.0, 900.0],
        "prestation": [480.0, 800.0], "chargement": [0.15, 0.15], "retention": [0.95, 0.9], "elasticite": [3.0, 5.0],
        "elasticite_bas": [1.0, 2.0], "elasticite_haut": [5.0, 9.0], "derive": [0.03, 0.04], "derive_sd": [0.02, 0.02],
    }
)  # fmt: skip
TAX = pd.DataFrame({"segment": ["*"], "levier": ["contribution"], "valeur": [1.0]})


@pytest.fixture
def simulator():
    return prepare(PORTFOLIO, taxes=Taxes("HT", 0.1327, 0.0205, "à confirmer"), draws=400)


def test_doing_nothing_bears_the_tax(simulator):
    outcomes = play_scenarios(simulator, {"A": pd.concat([TAX, uniform_rise(0.02)])}, idle=TAX)
    paid = outcomes[IDLE].value("cotisation") * 0.0205
    assert outcomes[IDLE].value("charges") == pytest.approx(paid)
    assert play_scenarios(simulator, {})[IDLE].value("charges") == 0.0


def test_the_uniform_increase_has_the_result_of_the_scenario_tax_included(simulator):
    scenario = simulator.play(pd.concat([TAX, uniform_rise(0.05)], ignore_index=True))
    found = match_uniform(simulator, scenario, idle=TAX)
    assert found.hausse == pytest.approx(0.05, abs=1e-9)
    assert found.outcome.value("resultat") == pytest.approx(scenario.value("resultat"))
    bare = match_uniform(simulator, scenario)
    assert bare.hausse < 0.05
    assert bare.outcome.value("resultat") == pytest.approx(scenario.value("resultat"))


@pytest.mark.parametrize("rise", [-0.04, 0.0, 0.003, 0.12])
def test_the_uniform_increase_is_found_again(simulator, rise):
    assert match_uniform(simulator, simulator.play(uniform_rise(rise))).hausse == pytest.approx(rise, abs=1e-9)


def test_the_chance_is_the_one_of_the_comparison(simulator):
    pair = {"rien": simulator.play(no_lever()), "A": simulator.play(uniform_rise(0.05))}
    table = compare(pair, indicators=("resultat", "effectif", "pc"))
    for row in table[table["scenario"] == "A"].itertuples():
        told = chance_of_better(pair["A"], pair["rien"], row.indicateur)
        gap = pair["A"].draws[row.indicateur] - pair["rien"].draws[row.indicateur]
        tied = gap.abs() <= 1e-9
        better = ((gap < 0) if row.indicateur == "pc" else (gap > 0)) & ~tied
        assert told == row.probabilite == pytest.approx(float(np.mean(better) + np.mean(tied) / 2))
