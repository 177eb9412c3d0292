"""« Et si la population change ? » on a page of its own."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from data import store
from tests.analytics.predictive.test_consumption import simulated
from tests.pages.conftest import UNWANTED, words
from tests.samples import make_dataset, with_small_region


def _page():
    from pages.components.consumption import show_consumption
    from pages.components.sharing import stop_if_secret
    from pages.components.sidebar import show_sidebar

    view = show_sidebar()
    stop_if_secret(view)
    show_consumption(view)


def open_page(**query: str | list[str]) -> AppTest:
    app = AppTest.from_function(_page, default_timeout=90)
    for key, value in query.items():
        app.query_params[key] = value
    return app.run()


def plain(app: AppTest) -> str:
    return words(app).replace("\\", "").replace("\u202f", " ").replace("\u00a0", " ")


def effects(app: AppTest) -> pd.DataFrame:
    return app.main.get("table")[-1].value


@pytest.fixture(scope="module")
def held(home):
    return store.save(replace(simulated(), date_basis="paiement"))


def test_the_section_answers_in_one_screen(held):
    app = open_page(d=held)
    assert not app.exception
    text = plain(app)
    assert "Et si la population change ?" in text
    assert "Oui, le modèle retrouve les groupes qu’il n’avait pas vus" in text
    assert "n’est pas un tarif" in text
    assert "article L112-1" in text
    assert "Avec +5,0 points de « 60-79 »" in text
    assert "par tête" in text
    assert not UNWANTED.search(text)
    assert len(app.get("vega_lite_chart")) == 2
    table = effects(app)
    assert list(table.iloc[:, 0]) == ["Dentaire", "Pharmacie", "Ensemble"]


def test_the_change_is_in_the_link(held):
    app = open_page(d=held, cp_dimension="Formule", cp_geste="Des personnes changent de groupe", cp_vers_formule="Plus",
                    cp_depuis_formule="Base", cp_points="3", cp_effectif="2 %")  # fmt: skip
    assert not app.exception
    text = plain(app)
    assert "Avec +3,0 points de « Plus » venus de « Base », effectif +2,0 %" in text
    assert "Consommation relative" not in text  # the chart says it, the text does not repeat it
    app = open_page(d=held, cp_geste="Tous vieillissent", cp_annees="2")
    assert "Avec 2 ans de plus pour tous" in plain(app)


def test_no_point_is_no_effect(held):
    app = open_page(d=held, cp_points="0")
    assert not app.exception
    text = plain(app)
    assert "population inchangée" in text
    assert "0,00 € par tête" in text


def test_what_cannot_be_reached_is_told_and_the_rest_stays(held):
    app = open_page(d=held, cp_points="99")
    assert not app.exception
    assert any("ne peut pas devenir" in e.value for e in app.error)
    assert len(app.get("vega_lite_chart")) == 2


def test_a_perimeter_of_one_poste(held):
    app = open_page(d=held, f_poste="dentaire")
    assert not app.exception
    assert list(effects(app).iloc[:, 0]) == ["Dentaire", "Ensemble"]


def test_a_wrong_link_is_harmless(held):
    app = open_page(d=held, cp_dimension="<b>", cp_geste="x", cp_valeurs_tranche_age="zéro", cp_points="beaucoup")
    assert not app.exception
    assert "Avec" in plain(app)


@pytest.mark.parametrize("months", [20, 0])
def test_too_short_a_history_says_so(home, months):
    dataset = simulated(months=max(months, 1))
    app = open_page(d=store.save(replace(dataset, date_basis="paiement")))
    assert not app.exception
    assert "24 mois complets" in plain(app)


def test_without_members_the_column_is_named(home):
    dataset = make_dataset(48)
    token = store.save(replace(dataset, cotisation=dataset.cotisation.drop(columns="beneficiaires")))
    app = open_page(d=token)
    assert not app.exception
    assert "Bénéficiaires" in plain(app)


def test_small_groups_are_not_shown_in_shared_mode(home):
    small = "commune de quatre"
    token = store.save(with_small_region(small, 44))
    shown = open_page(d=token, cp_dimension="Région")
    assert small in str([s.options for s in shown.multiselect])
    app = open_page(d=token, cp_dimension="Région", partage="true")
    assert not app.exception
    assert "Secret statistique" in plain(app)
    section = [m for m in app.multiselect if str(m.key).startswith("cp_")]
    assert section
    assert small not in str([m.options for m in section])
    charts = "".join(str(c.proto) for c in app.get("vega_lite_chart"))
    assert small not in charts
    forced = open_page(d=token, cp_dimension="Région", cp_valeurs_region=small, partage="true")
    assert not forced.exception
    assert f"« {small} »" not in plain(forced)
