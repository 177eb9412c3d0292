"""The pictures of the Prescriptif page: marks, words, French figures, and a specification that Vega-Lite accepts."""

from __future__ import annotations

import json

import altair as alt
import numpy as np
import pandas as pd
import pytest

from charts.solidarity import chart_effort
from charts.tornado import chart_stability, chart_tornado, told_shares

INPUTS = pd.DataFrame(
    {
        "entree": ["derive", "elasticite"],
        "label": ["dérive des prestations", "élasticité des départs de tous les adhérents"],
        "valeur_p10": [3e6, 1.9e6],
        "valeur_p90": [-1e6, 2.1e6],
        "centre": [2e6, 2e6],
        "amplitude": [4e6, 2e5],
    }
)
EFFORTS = pd.DataFrame(
    {
        "scenario": ["A", "A", "B", "B"],
        "groupe": ["0-19", "75 et +", "0-19", "75 et +"],
        "effort": [1e5, 3e5, -2e5, 0.0],
        "hausse": [0.02, 0.05, -0.03, 0.0],
        "part_effort": [0.25, 0.75, 1.0, 0.0],
        "part_cotisation": [0.4, 0.6, 0.4, 0.6],
    }
)
ALONG = pd.DataFrame(
    {
        "niveau": np.repeat([0.1, 0.5, 0.9], 2),
        "elasticite": np.repeat([2.0, 4.0, 8.0], 2),
        "scenario": ["A", "B"] * 3,
        "valeur": [1e6, 2e6, 1.5e6, 1.6e6, 2e6, 1e6],
        "meilleur": [False, True, False, True, True, False],
    }
)


def made(**options):
    return {
        "tornado": chart_tornado(INPUTS, title="Résultat", unit="EUR", **options),
        "effort": chart_effort(EFFORTS, title="Qui paie", dimension="Tranche d’âge", **options),
        "stability": chart_stability(ALONG, title="Résultat", unit="EUR", **options),
    }


@pytest.mark.parametrize("name", ["tornado", "effort", "stability"])
def test_each_picture_is_drawable_and_tells_itself(name):
    picture = made()[name]
    alt.Chart.from_dict(picture.standalone())
    assert picture.alt.startswith(picture.title)
    assert "€" in picture.alt or name == "stability"
    assert len(picture.data) <= 2000
    assert len(picture.table)
    assert "nan" not in picture.table.to_csv().lower()


@pytest.mark.parametrize("name", ["tornado", "effort", "stability"])
def test_simulated_data_say_so(name):
    assert "Données simulées" in json.dumps(made(is_demo=True)[name].spec, ensure_ascii=False)
    assert "Données simulées" not in json.dumps(made()[name].spec, ensure_ascii=False)


def test_the_tornado_draws_both_ends_of_the_widest_first():
    picture = made()["tornado"]
    drift = picture.data[picture.data["label"] == "dérive des prestations"]
    assert sorted(drift["valeur"]) == [-1e6, 3e6]
    assert "dérive des prestations, de 3,00" in picture.alt
    assert picture.data["entree"].str.contains(r"\|").any()
    assert picture.table["Hypothèse"].tolist()[0] == "dérive des prestations"


def test_the_effort_names_who_pays_most_in_each_scenario():
    told = made()["effort"].alt
    assert "A, surtout 75 et + (+300" in told
    assert "B, surtout 75 et +" in told


def test_stability_tells_the_order_of_the_best():
    assert "le meilleur est B puis A" in made()["stability"].alt


def test_shares_are_sorted_by_their_whole_part():
    table = pd.DataFrame({"label": ["a", "b"], "premier": [0.1, 0.6], "premier_erreur": [0.01, 0.02],
                          "total": [0.3, 0.7], "total_erreur": [0.01, 0.02]})  # fmt: skip
    told = told_shares(table)
    assert told["Hypothèse"].tolist() == ["B", "A"]
    assert told["Part seule"].tolist()[0] == "60\u202f% (± 2\u202f%)"
