"""« Rejouer à une date » driven without a browser, date and perimeter in the link."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from analytics.schema import Dataset
from data import store
from tests.pages.conftest import UNWANTED, words

PAGE = """
from pages.components.indicator import choose_indicator
from pages.components.replay import show_replay
from pages.components.sidebar import show_sidebar

view = show_sidebar()
show_replay(view, choose_indicator(view))
"""
RHYTHM = (0.5, 0.35, 0.1, 0.05)


def month(k: int) -> pd.Timestamp:
    return (pd.Period("2021-01", "M") + int(k)).to_timestamp()


def make_file(n: int = 40, people: float = 500.0, **changes) -> Dataset:
    rng = np.random.default_rng(1)
    lines = pd.DataFrame(
        [
            {"mois": month(i), "mois_paiement": month(i + k), "poste": poste, "prestation": level * share * noise}
            for poste, level in (("optique", 1e4), ("dentaire", 3e4))
            for i in range(n)
            for noise in [rng.gamma(50, 0.02)]
            for k, share in enumerate(RHYTHM)
            if i + k < n
        ]
    )
    heads = pd.DataFrame({"mois": [month(k) for k in range(n)], "beneficiaires": people, "cotisation": 5e4})
    dataset = Dataset(heads, lines, date_basis="soins", as_of=month(n - 1), source="essai")
    return dataset if not changes else Dataset(heads, lines.drop(columns="mois_paiement"), source="essai", **changes)


def open_replay(dataset: Dataset, **query: str) -> AppTest:
    app = AppTest.from_string(PAGE, default_timeout=60)
    app.query_params["d"] = store.save(dataset)
    for key, value in query.items():
        app.query_params[key] = value
    return app.run()


def test_a_past_closing_is_told_in_french():
    app = open_replay(make_file())
    assert not app.exception
    text = words(app)
    assert "de ce qui est connu aujourd’hui" in text
    assert "8 sur 10 attendus" in text
    assert not UNWANTED.search(text)


def test_the_date_is_in_the_link():
    chosen = "févr.\u00a02023"
    app = open_replay(make_file(), rejouer=chosen)
    assert app.select_slider(key="rejouer").value == chosen
    assert re.search(rf"{chosen} .{{0,2}}: le payé d’alors", words(app))
    other = open_replay(make_file(), rejouer="févr.\u00a01999")
    assert not other.exception
    assert other.select_slider(key="rejouer").value == "oct.\u00a02023"


@pytest.mark.parametrize("key", ["cotisation", "ratio_pc", "consommation", "resultat_technique"])
def test_each_indicator_is_replayed(key):
    app = open_replay(make_file(), indicateur=key)
    assert not app.exception
    assert not UNWANTED.search(words(app))


@pytest.mark.parametrize(
    ("basis", "sentence"), [("soins", "non corrigeables"), ("paiement", "Vue comptable"), (None, "Date non précisée")]
)
def test_one_month_only_says_what_cannot_be_replayed(basis, sentence):
    app = open_replay(make_file(date_basis=basis))
    assert not app.exception
    assert sentence in words(app)


SAME = """
import pandas as pd
import streamlit as st

from analytics.completion import complete, replay
from analytics.descriptive import compute_indicator
from analytics.indicators import get_indicator
from analytics.schema import Selection
from pages.components.replay import replayed
from pages.components.sidebar import show_sidebar

view = show_sidebar()
perimeter, raw = Selection(filtres=view.selection.filtres), view.opened.raw
for key in ("prestation", "ratio_pc"):
    def series(dataset):
        return compute_indicator(dataset, key, selection=perimeter)
    for as_of in pd.to_datetime(["2022-06-01", "2023-10-01"]):
        plain = replay(raw, as_of, series, today=series(complete(raw)), postes=perimeter.filtres.get("poste"))
        pd.testing.assert_frame_equal(replayed(view, get_indicator(key), as_of).table, plain.table, rtol=1e-12)
st.text(f"mêmes chiffres : {sorted(perimeter.filtres)}")
"""


@pytest.mark.parametrize("query", [{}, {"f_poste": "optique"}])
def test_what_is_kept_of_a_closing_changes_no_figure(query):
    app = AppTest.from_string(SAME, default_timeout=60)
    app.query_params["d"] = store.save(make_file())
    for key, value in query.items():
        app.query_params[key] = value
    app.run()
    assert not app.exception
    assert app.text[0].value == f"mêmes chiffres : {['poste'] if query else []}"


def test_a_short_history_says_so():
    assert "plus d’un an" in words(open_replay(make_file(8)))


def test_sharing_hides_a_small_perimeter():
    app = open_replay(make_file(people=8.0), partage="true")
    assert "trop petit pour être rejoué" in words(app)
    assert not app.get("vega_lite_chart")
