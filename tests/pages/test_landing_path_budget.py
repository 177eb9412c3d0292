"""The landing, the road of the P/C and the budget on a page of their own."""

from __future__ import annotations

import time

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from analytics.errors import PaliersError
from data import store
from pages.components.budget import KEPT, Kept, read_file
from tests.pages.conftest import UNWANTED, words
from tests.samples import make_dataset, with_small_region

PARTS = {"dentaire": "dentaire", "optique": "optique", "pharmacie": "pharmacie"}
SECONDS = 60


def _page():
    import streamlit as st

    from pages.components.budget import show_budget
    from pages.components.forecast import choose_series, perimeter_series, wait_forecast
    from pages.components.landing import show_landing
    from pages.components.messages import told_in_french
    from pages.components.outlook import Ask
    from pages.components.path import show_path
    from pages.components.sharing import stop_if_secret
    from pages.components.sidebar import show_sidebar

    view = show_sidebar()
    stop_if_secret(view)
    with told_in_french():
        series = perimeter_series(view)
        name = choose_series(view, series)
        outlook = wait_forecast(view, series, Ask())
        if outlook is not None:
            show_landing(view, outlook, name)
            show_path(view, outlook)
            show_budget(view, outlook, name)
            st.caption("fin de page")


def drawn(app: AppTest) -> AppTest:
    """The page once its computations, the forecast of the premiums included, have ended."""
    until = time.monotonic() + SECONDS
    app.run()
    while time.monotonic() < until and not _is_over(app):
        time.sleep(0.2)
        app.run()
    return app


def _is_over(app: AppTest) -> bool:
    text = words(app)
    if "Mode partage :" in text:
        return True
    return "fin de page" in text and ("P/C calculé" in text or "ne se calcule pas" in text)


def open_page(**query: str) -> AppTest:
    app = AppTest.from_function(_page, default_timeout=90)
    for key, value in query.items():
        app.query_params[key] = value
    return drawn(app)


def plain(app: AppTest) -> str:
    return words(app).replace("\\", "").replace("\u202f", " ").replace("\u00a0", " ")


@pytest.fixture(scope="module")
def held(home):
    return store.save(make_dataset(68, seed=3))  # to August 2025


def test_the_year_lands_and_its_parts_add_up(held):
    app = open_page(d=held)
    assert not app.exception
    text = plain(app)
    assert "Atterrissage 2025" in text
    assert "8 mois connus" in text
    assert "4 mois prévus" in text
    assert "dans la fourchette" in text
    assert "P/C des 12 derniers mois connus" in text
    assert "Année 2025 (8 mois connus)" in text
    assert "Tapez un montant" in text
    assert not UNWANTED.search(text)


def test_a_typed_target_and_a_typed_budget(held):
    app = open_page(d=held, cible="300 %", budget_annuel="1 000 €")
    text = plain(app)
    assert not app.exception
    assert "plus de 99 %" in text
    assert "entre 10 % et 200 %" in text  # refused, and the default stands
    wrong = open_page(d=held, budget_annuel="beaucoup")
    assert "Ce n’est pas un nombre" in "".join(e.value for e in wrong.error)


def test_a_budget_file_is_compared_by_poste(held):
    months = pd.date_range("2025-01-01", periods=12, freq="MS")
    lines = ["Mois;Poste;Budget"]
    lines += [f"{m:%d/%m/%Y};{p};{v}" for m in months for p, v in (("Dentaire", "90 000,50"), ("Optique", "50 000,00"))]
    budget = read_file("\n".join(lines).encode("cp1252"), "budget.csv", PARTS)
    assert budget.of("dentaire")["valeur"].sum() == pytest.approx(12 * 90_000.5)
    app = AppTest.from_function(_page, default_timeout=90)
    app.query_params["d"] = held
    app.query_params["budget_source"] = "Fichier"
    app.session_state[KEPT] = Kept(held, "budget.csv", "x", budget)
    drawn(app)
    text = plain(app)
    assert not app.exception
    assert "Budget lu : budget.csv" in text
    assert "absents du budget : pharmacie" in text
    assert "Écart à l’atterrissage" in text
    assert "Par poste, le plus fort dépassement" in text


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"Mois;Budget\njanvier;12\n", "colonne de mois|ne peut pas|mois"),
        (b"\x00\x01\x02", "."),
        (b"a;b\n", "."),
    ],
)
def test_a_file_that_is_no_budget_is_refused_in_french(content, message):
    with pytest.raises(PaliersError, match=message):
        read_file(content, "b.csv", PARTS)


def test_a_wide_budget_is_read():
    text = "Poste;janv. 2025;févr. 2025;mars 2025\nDentaire;10;20;30\nOptique;1;2;3\n"
    budget = read_file(text.encode(), "budget.csv", PARTS)
    assert budget.of("dentaire")["valeur"].tolist() == [10, 20, 30]
    assert budget.of("Ensemble")["valeur"].tolist() == [11, 22, 33]


def test_a_perimeter_of_one_poste_has_no_ratio(held):
    app = open_page(d=held, f_poste="dentaire")
    assert not app.exception
    assert "ne se calcule pas sur ce périmètre" in plain(app)
    assert "Atterrissage 2025" in plain(app)


def test_small_groups_are_not_shown_in_shared_mode(home):
    small = "commune de quatre"
    token = store.save(with_small_region(small, 44))
    app = open_page(d=token, f_region=small, partage="true")
    assert not app.exception
    assert "Atterrissage" not in plain(app)
