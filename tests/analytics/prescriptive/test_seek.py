"""Goal-seek against closed forms and exhaustive search."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analytics.errors import ParameterError
from analytics.prescriptive import seek, simulate


def portfolio(**columns: object) -> pd.DataFrame:
    frame = pd.DataFrame(
        {
            "segment": ["A", "B", "C"],
            "beneficiaires": [1000.0, 5000, 300],
            "cotisation": [800.0, 900, 1200],
            "prestation": [700.0, 760, 990],
            "chargement": 0.15,
            "retention": [0.95, 0.9, 0.85],
            "elasticite": 4.0,
            "elasticite_bas": 2.0,
            "elasticite_haut": 7.0,
            "derive": 0.03,
            "derive_sd": 0.015,
            "hausse_min": -0.05,
            "hausse_max": 0.15,
        }
    )
    return frame.assign(**columns)


def rise(value: float) -> pd.DataFrame:
    return pd.DataFrame({"segment": ["*"], "levier": ["hausse"], "valeur": [value]})


def test_without_noise_it_is_the_redressement_formula():
    one = portfolio(derive_sd=0.0, elasticite_bas=4.0, elasticite_haut=4.0).head(1)
    found = seek(one, indicator="pc", target=0.85)
    assert found.status == "atteint"
    assert found.valeur == pytest.approx(700 * 1.03 / 800 / 0.85 - 1, abs=2e-6)


def test_smallest_rise_that_holds_the_pc_with_the_probability():
    found = seek(portfolio(), indicator="pc", target=0.85, probability=0.8)
    assert found.status == "atteint"
    assert found.probabilite >= 0.8
    assert simulate(portfolio(), rise(found.valeur - 1e-5)).probability("pc", 0.85) < 0.8
    grid = [h for h in np.arange(-0.05, 0.15, 0.001) if simulate(portfolio(), rise(h)).probability("pc", 0.85) >= 0.8]
    assert grid[0] - 0.001 <= found.valeur <= grid[0]
    assert "85,0" in found.phrase
    assert found.outcome.probability("pc", 0.85) == found.probabilite


def test_a_surer_answer_costs_more():
    values = [seek(portfolio(), target=0.85, probability=p).valeur for p in (0.5, 0.8, 0.95)]
    assert values == sorted(values)
    assert values[0] < values[-1]


def test_other_levers_come_on_top():
    network = pd.DataFrame({"segment": ["*"], "levier": ["prestation"], "valeur": [-0.02]})
    assert seek(portfolio(), network).valeur < seek(portfolio()).valeur


def test_infeasible_says_the_best_reachable():
    found = seek(portfolio(), indicator="pc", target=0.6, probability=0.8)
    assert found.status == "infaisable"
    assert found.valeur == pytest.approx(0.15)
    assert found.probabilite == 0
    best = simulate(portfolio(), rise(0.15))
    assert best.probability("pc", found.niveau) >= 0.8
    assert found.niveau == pytest.approx(np.quantile(best.draws["pc"], 0.8), rel=1e-3)
    assert "hors d’atteinte" in found.phrase


def test_result_has_a_summit():
    """With very sensitive members the result rises then falls: the best reachable is inside the bounds."""
    fragile = portfolio(elasticite=25.0, elasticite_bas=25.0, elasticite_haut=25.0, prestation=400.0, derive_sd=0.0)
    found = seek(fragile, indicator="resultat", target=1e9, bounds=(-0.1, 0.5))
    tried = [simulate(fragile, rise(h)).value("resultat") for h in np.linspace(-0.1, 0.5, 121)]
    assert -0.1 < found.valeur < 0.5
    assert found.niveau == pytest.approx(max(tried), rel=1e-2)


def test_already_met_stops_at_the_lowest_value():
    found = seek(portfolio(), target=2.0)
    assert found.status == "atteint"
    assert found.valeur == pytest.approx(-0.05)


def test_already_met_is_told():
    """The lowest value searched is no answer by itself: doing nothing already holds."""
    far = seek(portfolio(), target=2.0)
    assert far.phrase.startswith("Déjà tenu sans hausse : avec le levier « hausse de cotisation » à −5,00")
    assert "plus de 99" in far.phrase
    still = seek(portfolio(), target=2.0, bounds=(0.0, 0.1))
    assert still.valeur == 0
    assert still.phrase.startswith("Déjà tenu sans hausse : le ratio P/C est d’au plus 200,0")
    other = seek(portfolio(), target=2.0, levier="prestation", bounds=(0.0, -0.2))
    assert other.phrase.startswith("Déjà tenu sans ce levier : le ratio P/C")
    needed = seek(portfolio())
    assert needed.valeur > 0
    assert "Déjà" not in needed.phrase


def test_smallest_fall_of_claims():
    found = seek(portfolio(), levier="prestation", target=0.80, bounds=(0.0, -0.3))
    assert found.status == "atteint"
    assert -0.3 < found.valeur < 0
    less = pd.DataFrame({"segment": ["*"], "levier": ["prestation"], "valeur": [found.valeur + 1e-5]})
    assert simulate(portfolio(), less).probability("pc", 0.80) < 0.8


def test_refused():
    with pytest.raises(ParameterError, match="bornes"):
        seek(portfolio(), levier="prestation")
    with pytest.raises(ParameterError, match="bornes"):
        seek(portfolio().drop(columns="hausse_max"))
    with pytest.raises(ParameterError):
        seek(portfolio(), probability=1.0)
    with pytest.raises(ParameterError):
        seek(portfolio(), indicator="marge")
    with pytest.raises(ParameterError):
        seek(portfolio(), levier="prix")
    with pytest.raises(ParameterError, match="à la fois"):
        seek(portfolio(hausse_min=[0.1, 0.0, 0.0], hausse_max=[0.2, 0.05, 0.1]))
