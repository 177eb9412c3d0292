"""The first answer of a diagnosis: errors of the data in the comparison, with their euros; elsewhere, one line."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from analytics.diagnostic.data_errors import touching_errors
from analytics.diagnostic.data_verdict import DataVerdict
from analytics.french import format_percent
from analytics.schema import Selection
from data import store
from data.checks import run_checks
from pages.components.data_errors import checked_table
from tests.pages.conftest import UNWANTED, words
from tests.samples import make_dataset

#: The application with this section alone.
SCRIPT = """
import streamlit as st
from pages.components.bridge import subject_of
from pages.components.data_errors import errors_of, say_data_errors
from pages.components.sidebar import show_sidebar

view = show_sidebar()
def section():
    say_data_errors(view, subject_of(view))
    st.caption(f"{len(errors_of(view, view.selection))} ici")

st.page_link = lambda path, label, **_: st.caption(label)  # a script of one page knows no other
section()
"""


def show(token: str, **query: str) -> AppTest:
    app = AppTest.from_string(SCRIPT, default_timeout=120)
    for key, value in {"d": token, **query}.items():
        app.query_params[key] = value
    app.run()
    assert not app.exception
    return app


def in_cents(basis: str = "paiement"):
    """Six years until December 2025; pharmacy of region B in centimes in March 2025."""
    base = make_dataset(72, seed=3)
    frame = base.prestation
    cell = (frame["mois"] == "2025-03-01") & (frame["region"] == "B") & (frame["poste"] == "pharmacie")
    money = {m: np.where(cell, frame[m] * 100, frame[m]) for m in ("prestation", "frais_reels", "remboursement_amo")}
    return replace(base, prestation=frame.assign(**money), date_basis=basis)


@pytest.fixture
def cents():
    return store.save(in_cents())


def test_an_error_in_the_comparison_is_named_with_its_euros_and_its_direction(cents):
    app = show(cents)
    text = words(app)
    assert "Ce qui a été vérifié" in [e.label for e in app.expander]
    assert "**Oui.** Une anomalie touche cette comparaison" in text
    assert "Unités" in text
    assert "mars\u00a02025" in text
    assert "Gonfle la période" in text
    assert "Sans elle, l’écart serait de" in text
    assert "1 ici" in text
    assert not UNWANTED.search(text)


def test_a_poste_left_empty_is_no_fall_of_its_amounts(home):
    base = make_dataset(40)
    frame = base.prestation
    gone = (frame["poste"] == "optique") & (frame["mois"] >= base.months[-12])
    app = show(store.save(replace(base, prestation=frame.assign(prestation=frame["prestation"].mask(gone)))))
    text = words(app).replace("\\", "")
    assert "**Oui.** Une anomalie touche cette comparaison" in text
    assert "est vide sur 10,0" in text
    told = text.split("l’écart serait d’environ ")[1].split("%")[0]
    assert abs(float(told.replace(",", ".").replace("−", "-").strip())) < 3  # and not a quarter less
    assert "Aucune erreur" not in text


def test_the_change_without_the_error_is_that_of_the_right_file(cents):
    def change(token: str) -> str:
        view = words(show(token))
        return view.split("l’écart serait de ")[1].split(" au lieu")[0].replace("\\", "")

    frame = make_dataset(72, seed=3).prestation
    year = frame.groupby(frame["mois"].dt.year)["prestation"].sum()
    assert change(cents) == format_percent(year[2025] / year[2024] - 1, signed=True)


def test_another_period_or_perimeter_is_only_told_quietly(cents):
    for query in ({"periode": "2023"}, {"f_region": "A"}):
        text = words(show(cents, **query))
        assert "**Non.** Aucune erreur de données ne touche cette comparaison" in text, query
        assert "Une anomalie grave ailleurs dans le fichier" in text
        assert "Gonfle" not in text
        assert "0 ici" in text


def test_a_shared_page_tells_numbers_of_errors_and_nothing_else(cents):
    text = words(show(cents, partage="true"))
    assert "**Oui.** Une anomalie touche cette comparaison" in text
    assert "à vérifier avant de chercher une cause" in text
    assert "pharmacie" not in text
    assert "en jeu" not in text


def test_a_file_that_cannot_tell_says_why():
    base = make_dataset(72, seed=3)
    text = words(show(store.save(replace(base, date_basis="soins"))))
    assert "**On ne peut pas dire.**" in text
    assert "sans mois de paiement" in text
    short = make_dataset(18, seed=3)
    assert "moins de 24 mois" in words(show(store.save(short)))


def test_the_list_of_what_was_tested_has_the_six_families():
    findings = run_checks(in_cents())
    period = Selection(pd.Timestamp("2025-01-01"), pd.Timestamp("2025-12-01"))
    before = Selection(pd.Timestamp("2024-01-01"), pd.Timestamp("2024-12-01"))
    verdict = DataVerdict("oui", touching_errors(findings, period, before), 0, 1.0, 1.0, True, {"lots": "faute de"})
    table = checked_table(findings, verdict, shared=False)
    assert table["Contrôle"].tolist() == [
        "Doublons", "Unités", "Lots manquants ou tardifs", "Signes", "Postes recodés", "Périmètre",
    ]  # fmt: skip
    assert table["Résultat"].tolist()[:3] == [
        "Rien dans cette comparaison.", "Une anomalie dans cette comparaison.", "Non vérifié : faute de.",
    ]  # fmt: skip
    assert "€" in table["En jeu"][1]
    assert set(checked_table(findings, verdict, shared=True)["En jeu"]) == {""}
