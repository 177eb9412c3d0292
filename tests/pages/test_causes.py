"""« Un endroit précis ? »: what it is compared with, its answer, its account."""

from __future__ import annotations

import time

import pandas as pd
import pytest

from analytics.schema import Dataset
from data import store
from pages.components.places import describe_place
from tests.pages.conftest import UNWANTED, open_app, words
from tests.samples import make_dataset

FORECAST = "contre la prévision"


def control(app):
    return next(c for c in app.main.get("button_group") if c.label == "Écart cherché")


def account(app):
    return next(t.value for t in app.main.table if "Ce qui fait l’écart" in t.value.columns)


def euros(cell):
    digits = "".join(c for c in cell if c.isdigit() or c == "−")
    return int(digits.replace("−", "-"))


def check_sum(table):
    amounts = [euros(v) for v in table["Montant"]]
    assert sum(amounts[:-1]) == amounts[-1]


def wait_for(app, text, seconds=60):
    end = time.monotonic() + seconds
    while text not in words(app) and time.monotonic() < end:
        time.sleep(0.3)
        app.run()
    return words(app)


def test_the_account_sums_to_the_gap(token):
    app = open_app("diagnostic", d=token)
    assert not app.exception
    text = words(app)
    assert "combinaisons de critères essayées" in text
    check_sum(account(app))
    assert not UNWANTED.search(text)


def test_few_cells_cannot_tell(token):
    """Most of the gap is in one poste of one region, which eighteen cells do not prove."""
    assert "18 cellules sont trop peu" in words(open_app("diagnostic", d=token))


def test_the_forecast_is_computed_apart_and_its_account_is_whole(token):
    app = open_app("diagnostic", d=token, attendu=FORECAST)
    text = wait_for(app, "Dans la marge d’erreur")
    assert not app.exception
    assert "Dans la marge d’erreur de la prévision" in text
    assert account(app)["Ce qui fait l’écart"].iloc[-1] == "Écart à la prévision"
    check_sum(account(app))


def test_a_short_file_says_why_it_has_no_forecast(home):
    app = open_app("diagnostic", d=store.save(make_dataset(40)), attendu=FORECAST)
    assert not app.exception
    assert "36 mois complets avant la période" in words(app)
    check_sum(account(app))


def test_a_ratio_is_searched_in_euros(home):
    from analytics.constat import to_param, with_dataset
    from analytics.descriptive import build_constat
    from analytics.schema import Selection

    dataset = make_dataset(48)
    token = store.save(dataset)
    period = Selection(dataset.months[36], dataset.months[47])
    found = with_dataset(build_constat(dataset, "ratio_pc", period), token)
    text = words(open_app("diagnostic", d=token, constat=to_param(found)))
    assert "prestations, moins le ratio" in text
    assert "la prévision porte sur des montants" in text


def test_without_dimension_it_cannot_be_told(home):
    dataset = make_dataset(48)
    care = dataset.prestation.groupby("mois", as_index=False)[["actes", "prestation"]].sum()
    app = open_app("diagnostic", d=store.save(Dataset(pd.DataFrame({"mois": care["mois"][:0]}), care,
                                                      date_basis="paiement", source="essai")))  # fmt: skip
    assert not app.exception
    assert "pas de dimension à parcourir" in words(app)


@pytest.mark.parametrize(
    ("conditions", "phrase"),
    [
        ({"region": "Occitanie", "poste": "dentaire"}, "Dentaire, en Occitanie"),
        ({"region": "Hauts-de-France", "panier": "100 % Santé"}, "Panier 100 % Santé, dans les Hauts-de-France"),
        ({"tranche_age": "40-59", "contrat": "individuel"}, "Contrat individuel, 40 à 59 ans"),
        ({"tranche_age": "75 et +"}, "75 ans et plus"),
        ({"region": "R1", "zone": "x"}, "Région R1, zone : x"),
        ({"panier": "sans panier"}, "Sans panier"),
    ],
)
def test_a_place_in_plain_words(conditions, phrase):
    assert describe_place(conditions, make_dataset(12)) == phrase
