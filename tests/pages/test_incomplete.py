"""Last months that may not be wholly paid: held back by default, or as many as the user says."""

from dataclasses import replace

import pytest

from data import store
from tests.pages.conftest import open_app, words
from tests.samples import make_dataset


@pytest.fixture(scope="module")
def sample():
    return make_dataset(48)


def held(app):
    return [s for s in app.sidebar.selectbox if s.key == "incomplets"]


@pytest.mark.parametrize("basis", ["soins", None])
def test_without_a_payment_month_two_months_are_held_back_unless_told(sample, basis, home):
    token = store.save(replace(sample, date_basis=basis))
    app = open_app("accueil", d=token)
    assert not app.exception
    assert held(app)[0].value == 2
    assert "Encore incomplets, donc hors des comparaisons : nov. 2023, déc. 2023" in words(app).replace("\u00a0", " ")
    told = open_app("accueil", d=token, incomplets="0")
    assert held(told)[0].value == 0
    assert "Encore incomplets" not in words(told)
    other = open_app("descriptive", d=token, incomplets="3")
    assert not other.exception
    assert held(other)[0].value == 3


def test_an_accounting_view_has_nothing_to_hold_back(sample, home):
    assert not held(open_app("accueil", d=store.save(sample)))
