"""Public figures beside the user's own, drawn without a browser."""

from dataclasses import replace

import pandas as pd
import pyarrow as pa
import pytest
from streamlit.testing.v1 import AppTest

from data import store
from tests.pages.conftest import UNWANTED, words
from tests.samples import make_dataset

CONVERT = "TTC, contrats responsables"


def page():
    """The section alone, under the sidebar."""
    from pages.components.market import show_market
    from pages.components.sidebar import show_sidebar

    show_market(show_sidebar())


def open_market(**query):
    app = AppTest.from_function(page, default_timeout=90)
    for key, value in query.items():
        app.query_params[key] = value
    return app.run()


def rows_of(app):
    """Rows of each chart: P/C, management, growth, shares of benefits, shares financed."""
    return [pa.ipc.open_stream(c.proto.data.data).read_pandas() for c in app.main.get("vega_lite_chart")]


def own_ratio(app):
    """The user's own bar of the P/C chart; None when it is not drawn."""
    table = rows_of(app)[0]
    mine = table.loc[table["qui"] == "Vous", "valeur"]
    return mine.item() if len(mine) else None


@pytest.fixture(scope="module")
def sample():
    return make_dataset(60, seed=2)  # 2020 to 2024


def ratio(dataset, year):
    care = dataset.prestation[dataset.prestation["mois"].dt.year == year]["prestation"].sum()
    return care / dataset.cotisation[dataset.cotisation["mois"].dt.year == year]["cotisation"].sum()


def test_the_demonstration_is_compared_on_every_figure():
    app = open_market()
    assert not app.exception
    assert not app.error
    text = words(app)
    assert not UNWANTED.search(text), UNWANTED.search(text)
    families, costs, growth, part, financed = rows_of(app)
    assert {"Mutuelles", "Institutions de prévoyance", "Sociétés d’assurance", "Vous"} <= set(families["repere"])
    assert "Vous" in set(costs["repere"])
    assert growth.loc[growth["qui"] == "Vous", "valeur"].notna().all()
    assert part["vous"].notna().all()
    assert list(financed["marche"].round(2)) == [0.73, 0.41, 0.13, 0.16]
    assert "2023" in text
    assert "DREES" in text


def test_premiums_without_tax_are_compared_on_the_same_year(sample):
    app = open_market(d=store.save(sample))
    assert own_ratio(app) == pytest.approx(ratio(sample, 2023))
    app.segmented_control(key="marche_retour_sur_cotisations").set_value("2022").run()
    assert own_ratio(app) == pytest.approx(ratio(sample, 2022))


def test_taxed_premiums_wait_for_the_conversion_that_is_offered(sample):
    app = open_market(d=store.save(replace(sample, base="TTC")))
    assert own_ratio(app) is None
    assert "TTC, celles du marché hors taxes" in words(app)
    app.segmented_control(key="marche_base").set_value(CONVERT).run()
    assert own_ratio(app) == pytest.approx(ratio(sample, 2023) * 1.1327)
    assert "13,27" in words(app)
    assert "Urssaf" in words(app)


def test_premiums_of_untold_base_are_compared_once_told(sample):
    app = open_market(d=store.save(replace(sample, base=None)))
    assert own_ratio(app) is None
    assert "n’est pas précisée" in words(app)
    app.segmented_control(key="marche_base").set_value("Déjà hors taxes").run()
    assert own_ratio(app) == pytest.approx(ratio(sample, 2023))
    net = open_market(d=store.save(replace(sample, base="nette")))
    assert own_ratio(net) is None
    assert "ne se convertissent pas" in words(net)


def test_a_poor_file_still_has_the_market_and_says_what_is_missing(sample):
    care = sample.prestation[["mois", "region", "frais_reels"]]
    poor = replace(sample, prestation=care, cotisation=pd.DataFrame({"mois": sample.months[:0]}), base=None)
    app = open_market(d=store.save(poor))
    assert not app.exception
    text = words(app)
    assert not UNWANTED.search(text), UNWANTED.search(text)
    assert len(rows_of(app)) == 0
    assert "Il manque « Prestations » et « Cotisations »" in text
    assert "Sans équivalent dans votre fichier : prestations ÷ cotisations" in text
    assert "« Poste »" in text
    app.session_state["marche_publies"] = True
    assert len(rows_of(app.run())) == 5
    assert not app.exception


def test_only_what_the_file_has_nothing_to_set_beside_is_folded(sample):
    app = open_market(d=store.save(sample))  # no management costs
    assert not app.exception
    assert len(rows_of(app)) == 4
    assert "(il manque « Frais de gestion »)" in words(app)


def test_nothing_of_a_few_persons_is_compared_in_shared_mode(sample):
    few = replace(sample, cotisation=sample.cotisation.assign(beneficiaires=1.0))
    token = store.save(few)
    assert own_ratio(open_market(d=token)) is not None
    app = open_market(d=token, partage="true")
    assert not app.exception
    assert own_ratio(app) is None
    _, growth, part, _ = rows_of(app)
    assert growth.loc[growth["qui"] == "Vous", "valeur"].isna().all()
    assert part["vous"].isna().all()
    assert "secret statistique" in words(app)


def test_years_without_a_figure_are_said_in_one_sentence():
    from pages.components.market_facts import by_years

    whole = [f"vos données n’ont pas toute l’année {year}" for year in (2019, 2017, 2018)]
    late = [f"les derniers mois de {year} ne sont pas encore assez connus" for year in (2022, 2024)]
    assert by_years([*whole, *late, "il manque la colonne « Prestations 2020 »"]) == [
        "vos données n’ont pas en entier les années 2017 à 2019",
        "les derniers mois de 2022 et 2024 ne sont pas encore assez connus",
        "il manque la colonne « Prestations 2020 »",
    ]
    assert by_years(whole[:1]) == whole[:1]
