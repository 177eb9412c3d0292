"""« Mode partage » on the Prescriptif page: no segment of fewer than 11 persons anywhere."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from analytics.disclosure import K, persons_of
from analytics.schema import Selection
from data import store
from pages.components import lab as lab_module
from pages.components.datasets import open_dataset
from pages.components.lab import segments_of
from pages.components.scenario_export import file_of, tables_of
from pages.components.sidebar import View, default_selection
from tests.pages.conftest import open_app, words
from tests.samples import make_dataset

SMALL = "Rare"


@pytest.fixture(scope="module")
def token(home):
    """A mutual split by formule too: every formule and every contrat is large, one crossing counts five persons."""
    sample = make_dataset(40, seed=5)

    def split(frame):
        parts = []
        for formule, share in (("Base", 0.7), (SMALL, 0.3)):
            part = frame.assign(formule=formule)
            tiny = (formule == SMALL) & (part["contrat"] == "collectif")
            numbers = [c for c in part.columns if part[c].dtype.kind in "fi"]
            part[numbers] = part[numbers].mul(np.where(tiny, 0.0014, share), axis=0)
            parts.append(part)
        return pd.concat(parts, ignore_index=True)

    return store.save(replace(sample, cotisation=split(sample.cotisation), prestation=split(sample.prestation)))


def view_of(token, *, shared):
    opened = open_dataset(token)
    return View(opened, default_selection(opened), None, shared)


def test_the_sample_has_one_small_crossing(token):
    counts = persons_of(view_of(token, shared=True).dataset, ("contrat", "formule"), Selection())
    assert (counts["beneficiaires"] < K).sum() == 1
    for by in ("contrat", "formule"):
        assert (persons_of(view_of(token, shared=True).dataset, (by,), Selection())["beneficiaires"] >= K).all()


def test_segments_are_only_as_fine_as_the_secrecy_allows(token):
    assert segments_of(view_of(token, shared=False)) == ("contrat", "formule")
    assert segments_of(view_of(token, shared=True)) == ("contrat",)


def test_nothing_of_a_small_segment_is_shown_nor_exported(token):
    found = []
    play = lab_module._play

    def spy(view, *rest):
        found.append((view, play(view, *rest)))
        return found[-1][1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lab_module, "_play", spy)
        app = open_app("prescriptive", d=token, partage="true", h_source="Saisie")
        assert not app.exception
        for key in ("recu", "redressement", "pas", "sobol"):
            app.session_state[key] = True
        app.run()
    assert not app.exception
    assert SMALL not in words(app)
    view, lab = found[-1]
    assert (lab.portfolio.table["beneficiaires"] >= K).all()
    assert SMALL not in str(file_of(view, lab))
    assert SMALL not in "".join(t.to_csv() for t in tables_of(view, lab).values())
    assert not [w for w in app.main.selectbox if SMALL in w.options]


def test_out_of_that_mode_the_crossing_is_there(token):
    app = open_app("prescriptive", d=token, h_source="Saisie", a_par="Formule")
    assert not app.exception
    assert any(SMALL in t.label for t in app.main.text_input)


def shrunk(dataset, rows, share):
    """Everything counted on some rows, times a share."""

    def small(frame):
        frame = frame.copy()
        numbers = [c for c in frame.columns if frame[c].dtype.kind in "fi"]
        frame[numbers] = frame[numbers].astype(float).mul(np.where(rows(frame), share, 1.0), axis=0)
        return frame

    return replace(dataset, cotisation=small(dataset.cotisation), prestation=small(dataset.prestation))


def test_an_old_view_does_not_play_a_last_year_of_a_few_persons(home):
    sample = make_dataset(40)
    months = sample.months
    few = store.save(shrunk(sample, lambda f: (f["region"] == "C") & (f["mois"] >= months[-12]), 2 / 1200))
    options = {"f_region": "C", "periode": "Mois au choix", "debut": "janv. 2020", "fin": "déc. 2020"}
    app = open_app("prescriptive", d=few, partage="true", h_source="Saisie", **options)
    assert not app.exception
    assert [h.value for h in app.main.header] == ["Décider et suivre"]
    assert any("moins de 11 personnes" in i.value for i in app.main.info)
    assert "Assurés" not in "".join(t.value.to_string() for t in app.main.table)
    opened = open_dataset(few)
    assert segments_of(View(opened, Selection(months[0], months[11], {"region": ("C",)}), None, True)) is None


def test_no_segment_is_found_by_difference_between_two_filters(home):
    """Contracts are large with and without region C; their difference would be its five persons."""
    sample = make_dataset(40)
    token = store.save(shrunk(sample, lambda f: (f["region"] == "C") & (f["contrat"] == "collectif"), 5 / 800))
    opened = open_dataset(token)
    chosen = default_selection(opened)
    whole = segments_of(View(opened, chosen, None, True))
    part = segments_of(View(opened, replace(chosen, filtres={"region": ("A", "B")}), None, True))
    assert not set(whole) & set(part or ())


def test_the_mean_of_the_months_counts_as_their_largest(home):
    """Thirty persons in the first month, none in the others: 2.5 heads in the portfolio."""
    sample = make_dataset(40)
    months, members = sample.months, sample.cotisation
    lone = (members["region"] == "C") & (members["contrat"] == "collectif")
    kept = members[~(lone & (members["mois"] > months[-12]))].copy()
    kept.loc[lone & (kept["mois"] == months[-12]), "beneficiaires"] = 30.0
    view_c = {"region": ("C",)}
    opened = open_dataset(store.save(replace(sample, cotisation=kept)))
    last = opened.complete_months
    assert segments_of(View(opened, Selection(last[-12], last[-1], view_c), None, True)) != ("contrat",)
