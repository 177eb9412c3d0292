"""« Partage » mode: nothing about fewer than 11 persons, nor what would give it back."""

from dataclasses import replace

import pandas as pd
import pytest

from analytics.schema import Dataset
from data import store
from pages.components import sharing
from tests.pages.conftest import PAGES, open_app, words
from tests.samples import with_small_region

SMALL = "commune de quatre"


@pytest.fixture(scope="module")
def sample():
    return with_small_region(SMALL, 48)


@pytest.fixture
def held(sample, home):
    return store.save(sample)


def by_region(page, token, key, **query):
    """A page split by region; the widget is on that page only, so the link of the first page cannot say it."""
    app = open_app(page, d=token, **query)
    app.session_state[key] = "region"
    return app.run()


def charts(app):
    return b"".join(chart.proto.SerializeToString() for chart in app.main.get("vega_lite_chart"))


def tables(app):
    return "\n".join(t.value.to_csv() for t in app.main.get("table"))


def test_a_small_group_and_one_more_leave_the_breakdown(held):
    open_ = by_region("descriptive", held, "dimension")
    shared = by_region("descriptive", held, "dimension", partage="true")
    assert not open_.exception
    assert not shared.exception
    assert "2 groupes de moins de 11 personnes" in words(shared)  # hiding one alone, the total would give it back
    assert "Secret statistique" not in words(open_)
    assert "mode partage" in words(shared)
    assert SMALL.encode() in charts(open_)
    assert SMALL.encode() not in charts(shared)


def test_a_perimeter_of_four_persons_shows_nothing(held):
    for page in set(PAGES) - {"donnees"}:
        app = open_app(page, d=held, partage="true", f_region=SMALL)
        assert not app.exception
        assert "ce périmètre compte moins de 11 personnes" in words(app), page
        assert not app.main.get("metric"), page
        assert not app.main.get("vega_lite_chart"), page


def test_the_rest_of_a_small_group_shows_nothing_either(held):
    """All the regions but the small one: the difference with the whole is four persons."""
    app = open_app("accueil", d=held, partage="true", f_region=["A", "B", "C"])
    assert "par différence" in words(app)
    assert not app.main.get("metric")


def test_without_insured_persons_nothing_is_shared(sample):
    blind = replace(sample, cotisation=sample.cotisation.drop(columns="beneficiaires"))
    app = open_app("accueil", d=store.save(blind), partage="true")
    assert "nombre d’assurés n’est pas dans le fichier" in words(app)
    assert not app.main.get("metric")


def test_the_data_page_shows_no_line(held):
    app = open_app("donnees", d=held, partage="true")
    assert not app.exception
    assert not app.main.get("table")
    assert "ne se montrent pas" in words(app)


def test_the_bridge_and_the_causes_name_no_small_group(held):
    assert SMALL in tables(by_region("diagnostic", held, "detail_pont"))
    app = by_region("diagnostic", held, "detail_pont", partage="true")
    assert not app.exception
    assert SMALL not in words(app)
    assert SMALL not in tables(app)


def test_outside_the_mode_everything_is_shown(held):
    view = type("View", (), {"shared": False})()
    assert sharing.may_show(view, None)
    assert sharing.hidden_values(view, "region", None) == frozenset()


def test_a_month_of_few_persons_is_hidden_with_another_that_would_give_it_back():
    months = pd.date_range("2023-01-01", periods=6, freq="MS")
    members = pd.DataFrame({"mois": months, "contrat": "A", "beneficiaires": [40.0, 40.0, 5.0, 38.0, 40.0, 41.0]})
    care = pd.DataFrame({"mois": months, "contrat": "A", "prestation": 100.0})
    dataset = Dataset(members, care)
    assert sharing.small_months(dataset, {}) == {months[2], months[3]}
    assert sharing.small_months(dataset, {"contrat": ("A",)}) == {months[2], months[3]}
    assert sharing.small_months(Dataset(members.assign(beneficiaires=50.0), care), {}) == frozenset()
    assert sharing.small_months(Dataset(members[["mois", "beneficiaires"]], care), {"contrat": ("A",)}) == set(months)
