"""What moves with the series, on the page: never a cause, always a risk, nothing about few persons."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from data import store
from tests.conftest import ROOT
from tests.pages.conftest import UNWANTED, words
from tests.samples import make_dataset, with_small_region

SCRIPT = """
from pages.components.bridge import subject_of
from pages.components.drivers import show_drivers
from pages.components.sidebar import show_sidebar
import streamlit as st
view = show_sidebar()
st.header("Qu’est-ce qui évolue avec ?")
show_drivers(view, subject_of(view))
"""


def open_section(**query: str) -> AppTest:
    app = AppTest.from_string(f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{SCRIPT}", default_timeout=90)
    for key, value in query.items():
        app.query_params[key] = value
    return app.run()


def with_link(months=84, lag=2, effect=0.6):
    """Adhésions that come two months before the prestations of dentaire."""
    dataset = make_dataset(months, seed=4)
    rng = np.random.default_rng(2)
    moves = rng.normal(size=months + lag).cumsum() * 0.05
    calendar = list(dataset.months)
    entries = dict(zip(calendar, np.exp(moves[lag:]), strict=True))
    lifted = dict(zip(calendar, np.exp(effect * moves[:months]), strict=True))
    members = dataset.cotisation.assign(adhesions=1000 * dataset.cotisation["mois"].map(entries).astype(float))
    care = dataset.prestation
    touched = care["poste"] == "dentaire"
    care = care.assign(prestation=care["prestation"] * np.where(touched, care["mois"].map(lifted).astype(float), 1.0))
    return replace(dataset, cotisation=members, prestation=care)


@pytest.fixture(scope="module")
def held(home):
    return store.save(with_link())


def test_a_planted_association_is_told_with_its_lag_and_its_interval(held):
    app = open_section(d=held, f_poste="dentaire")
    assert not app.exception
    text = words(app).replace("\\", "").replace("\u00a0", " ")
    assert "**Oui.** La série « Adhésions » est associée à « Prestations »" in text
    assert "monte de 1 %" in text
    assert "deux mois plus tard" in text
    assert "95 fois sur 100" in text
    assert "associations essayées" in text
    assert not UNWANTED.search(text)


def test_no_word_of_cause(held):
    text = words(open_section(d=held, f_poste="dentaire")).lower()
    for word in ("causé", "cause par", "explique", "à cause", "grâce"):
        assert word not in text


def test_another_series_may_be_looked_at_by_a_link(held):
    app = open_section(d=held, f_poste="dentaire", serie_associee="Jours ouvrés")
    assert not app.exception
    assert "Lien non retenu" in words(app)


def test_where_nothing_is_linked_the_answer_is_no(home):
    app = open_section(d=store.save(make_dataset(72, seed=8)), f_poste="optique")
    assert not app.exception
    assert "**Non.**" in words(app)


def test_a_short_file_cannot_tell(home):
    app = open_section(d=store.save(make_dataset(30)))
    assert not app.exception
    text = words(app)
    assert "**On ne peut pas dire.**" in text
    assert "48 mois" in text


def test_few_persons_tell_nothing_in_shared_mode(home):
    token = store.save(with_small_region("commune de quatre", 60))
    hidden = words(open_section(d=token, f_region="commune de quatre", partage="true"))
    assert "**On ne peut pas dire.**" in hidden
    assert "associations essayées" not in hidden
    assert "associations essayées" in words(open_section(d=token, f_region="commune de quatre"))
