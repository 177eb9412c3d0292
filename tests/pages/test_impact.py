"""The effect of an event on the page: found where it was planted, refused where nothing can be said."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest

from analytics.constat import to_param, with_dataset
from analytics.descriptive import build_constat
from analytics.schema import Dataset, Selection
from data import store
from pages.components.impact import Event, _label_events
from pages.components.sharing import secret_months
from tests.pages.conftest import UNWANTED, open_app, words
from tests.samples import make_dataset, with_small_region

REFORM = "Dentaire : remboursement AMO de 70 % à 60 %"


def from_2019(dataset, *, lift=1.0):
    """The small mutual moved to 2019, its dentaire paid `lift` times as much from the reform of October 2023 on."""
    shift = pd.DateOffset(years=-1)
    tables = {
        n: getattr(dataset, n).assign(mois=getattr(dataset, n)["mois"] + shift) for n in ("cotisation", "prestation")
    }
    care = tables["prestation"]
    touched = (care["poste"] == "dentaire") & (care["mois"] >= "2023-10-01")
    tables["prestation"] = care.assign(prestation=care["prestation"] * np.where(touched, lift, 1.0))
    return replace(dataset, **tables, as_of=dataset.as_of + shift)


@pytest.fixture(scope="module")
def lifted(home):
    return store.save(from_2019(make_dataset(70, seed=3), lift=1.3))


def test_a_planted_reform_is_measured(lifted):
    app = open_app("diagnostic", d=lifted, f_poste="dentaire", evenement_juge=REFORM)
    assert not app.exception
    text = words(app)
    assert "Un événement y est-il pour quelque chose" in text
    assert "**Oui.**" in text
    plain = text.replace("\\", "").replace("\u00a0", " ")
    assert "Rupture de niveau ou de tendance repérée : octobre 2023 (près de : Dentaire" in plain
    assert not UNWANTED.search(text)


def test_another_poste_did_not_move(lifted):
    months = {"evenement_juge": "Une autre date…", "mois_juge": "octobre\u00a02023"}
    app = open_app("diagnostic", d=lifted, f_poste="pharmacie", **months)
    assert not app.exception
    assert "**Non.**" in words(app)


def test_a_short_file_is_told_what_is_missing(home):
    app = open_app("diagnostic", d=store.save(make_dataset(20)))
    assert not app.exception
    assert "Il faut 27 mois complets" in words(app)


def test_small_groups_are_not_judged_in_shared_mode(home):
    small = "commune de quatre"
    held = store.save(with_small_region(small, 48))
    app = open_app("diagnostic", d=held, f_region=small, partage="true")
    assert not app.exception
    assert "par mois (" not in words(app)


def test_a_finding_on_too_few_persons_stops_the_page_in_shared_mode(home):
    small = "commune de quatre"
    dataset = with_small_region(small, 48)
    selection = Selection(dataset.months[36], dataset.months[47], {"region": (small,)})
    found = build_constat(dataset, "prestation", selection)
    token = store.save(dataset)
    link = {"d": token, "constat": to_param(with_dataset(found, token)), "partage": "true"}
    shown = words(open_app("diagnostic", **link))
    assert "De quoi est fait" not in shown
    assert "moins de 11 personnes" in shown
    del link["partage"]
    assert "De quoi est fait" in words(open_app("diagnostic", **link))


def test_a_year_that_gives_few_persons_back_by_difference_is_hidden():
    months = pd.date_range("2021-01-01", periods=24, freq="MS")
    small = np.where(months.year == 2021, 5.0, 50.0)
    cover = pd.concat([
        pd.DataFrame({"mois": months, "region": "A", "beneficiaires": 1000.0, "cotisation": 9e4}),
        pd.DataFrame({"mois": months, "region": "D", "beneficiaires": small, "cotisation": small * 90}),
    ])  # fmt: skip
    care = cover.drop(columns=["cotisation", "beneficiaires"]).assign(prestation=cover["beneficiaires"] * 60)
    dataset = Dataset(cover, care, base="HT", date_basis="paiement", as_of=months[-1], source="essai")
    assert secret_months(dataset, {}) == frozenset()
    assert secret_months(dataset, {"region": ("A",)}) == frozenset(months[:12])


def test_a_poste_spelt_otherwise_has_its_events(home):
    dataset = make_dataset(60)
    care = dataset.prestation.assign(poste=dataset.prestation["poste"].str.upper())
    app = open_app("diagnostic", d=store.save(replace(dataset, prestation=care)), f_poste="DENTAIRE")
    assert REFORM in next(s for s in app.main.selectbox if s.label == "Événement").options


def events(app):
    return next(s for s in app.main.selectbox if s.label == "Événement")


@pytest.fixture
def stepped(home):
    """No lasting event of the calendar can be judged; the last months stand out."""
    dataset = make_dataset(40, seed=5)
    care = dataset.prestation
    late = care["mois"] >= dataset.months[-3]
    return store.save(replace(dataset, prestation=care.assign(prestation=care["prestation"] * np.where(late, 1.6, 1))))


def test_nobody_chose_a_date_and_nothing_is_judged(stepped):
    app = open_app("diagnostic", d=stepped)
    assert events(app).value is None
    assert "Aucun événement durable du calendrier dans cette période" in words(app)
    assert "Depuis cette date" not in words(app)
    asked = open_app("diagnostic", d=stepped, evenement_juge="Une autre date…")
    assert "Aucun mois n’est choisi" in words(asked)
    chosen = open_app("diagnostic", d=stepped, evenement_juge="Une autre date…", mois_juge="février\u00a02023")
    assert not chosen.exception
    assert "Depuis cette date" in words(chosen)
    assert "Une date choisie sur la courbe fait trouver plus que le hasard" in words(chosen)


def test_an_event_called_as_the_free_date_does_not_hide_it(stepped):
    store.keep_event(stepped, store.KeptEvent("Une autre date…", date(2022, 11, 1), None, "palier", (), "", True))
    app = open_app("diagnostic", d=stepped)
    assert not app.exception
    assert [o.replace("\u00a0", " ") for o in events(app).options] == [
        "Une autre date… (novembre 2022)", "Une autre date…"]  # fmt: skip
    asked = open_app("diagnostic", d=stepped, evenement_juge="Une autre date…")
    assert "Aucun mois n’est choisi" in words(asked)


def test_two_events_of_one_month_and_name_have_two_labels():
    month = pd.Timestamp("2023-01-01")
    labels = _label_events([Event("X", month), Event("X", month), Event("Y", month)])
    assert len(set(labels)) == 3
    assert labels[2] == "Y"
