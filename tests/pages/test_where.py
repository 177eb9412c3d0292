"""Where: the map, the groups at equal structure and the funnel, drawn without a browser."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from streamlit.testing.v1 import AppTest

from analytics.descriptive.funnel import compute_funnel
from data import store
from tests.pages.conftest import UNWANTED, words
from tests.samples import make_dataset

REGIONS = {"A": "ILE DE FRANCE", "B": "Aquitaine", "C": "étranger"}


def page():
    """The section alone, under the sidebar."""
    from pages.components.indicator import choose_indicator
    from pages.components.sidebar import show_sidebar
    from pages.components.where import show_where

    view = show_sidebar()
    show_where(view, choose_indicator(view))


def open_where(**query):
    app = AppTest.from_function(page, default_timeout=90)
    for key, value in query.items():
        app.query_params[key] = value
    return app.run()


def aged(dataset, *, sexe=True):
    """The same mutual, its members and care shared out by age and sex: the old cost three times more."""
    strata = pd.DataFrame(
        [("0-39", "F", 0.3, 0.15), ("0-39", "H", 0.3, 0.15), ("40 et +", "F", 0.2, 0.35), ("40 et +", "H", 0.2, 0.35)],
        columns=["tranche_age", "sexe", "tetes", "soins"],
    )

    def split(frame, share):
        wide = frame.merge(strata, how="cross")
        numbers = [c for c in frame.columns if frame[c].dtype.kind in "fi"]
        wide[numbers] = wide[numbers].mul(wide[share], axis=0)
        return wide.drop(columns=["tetes", "soins"] if sexe else ["tetes", "soins", "sexe"])

    return replace(
        dataset, cotisation=split(dataset.cotisation, "tetes"), prestation=split(dataset.prestation, "soins")
    )


@pytest.fixture(scope="module")
def sample():
    base = make_dataset(40, seed=3)
    return replace(
        base,
        cotisation=base.cotisation.assign(region=base.cotisation["region"].map(REGIONS)),
        prestation=base.prestation.assign(region=base.prestation["region"].map(REGIONS)),
    )


@pytest.fixture(scope="module")
def held(sample, home):
    return store.save(aged(sample))


def charts(app):
    return b"".join(chart.proto.SerializeToString() for chart in app.main.get("vega_lite_chart"))


def tables(app):
    return "\n".join(t.value.to_csv() for t in app.main.get("table"))


def test_map_standardised_and_funnel_are_drawn_in_french(held):
    app = open_where(d=held)
    assert not app.exception
    assert not app.error
    text = words(app)
    assert not UNWANTED.search(text), UNWANTED.search(text)
    assert len(app.main.get("vega_lite_chart")) == 3
    drawn = charts(app)
    assert "Île-de-France".encode() in drawn
    assert b"Nouvelle-Aquitaine" in drawn
    assert b"Guadeloupe" in drawn


def test_old_names_are_flagged_and_what_is_no_region_is_listed(held):
    app = open_where(d=held)
    assert "ancienne région, comptée dans Nouvelle-Aquitaine" in words(app)
    assert "étranger" in tables(app)
    assert "Hors de la carte" in words(app)


def clicked():
    """A click on a tile, as the browser tells it, then the sidebar."""
    import streamlit as st

    from pages.components.region_map import MAP, keep_clicked
    from pages.components.sidebar import show_sidebar

    st.session_state[MAP] = {"selection": {"tuile": st.session_state.get("clics", [])}}
    keep_clicked({"75": ["Aquitaine"], "11": ["ILE DE FRANCE"]})
    show_sidebar()


def test_clicked_tiles_become_the_perimeter_and_none_clicked_frees_it(held):
    app = AppTest.from_function(clicked, default_timeout=90)
    app.query_params["d"] = held
    for clicks, kept in (
        (["75"], ["Aquitaine"]),
        (["75", "11"], ["Aquitaine", "ILE DE FRANCE"]),
        (["01"], []),  # a tile without data
        ([], []),
    ):
        app.session_state["clics"] = [{"code": code} for code in clicks]
        app.run()
        assert not app.exception
        assert app.multiselect(key="f_region").value == kept


def test_the_map_listens_to_clicks(held):
    chart = open_where(d=held).main.get("vega_lite_chart")[0]
    assert chart.proto.selection_mode == ["tuile"]


def test_the_map_keeps_every_region_when_one_is_filtered(held):
    app = open_where(d=held, f_region="Aquitaine")
    assert not app.exception
    assert "Île-de-France".encode() in charts(app)
    app.button(key="carte_toutes").click().run()
    assert not app.multiselect(key="f_region").value


def test_without_age_nor_sex_the_missing_columns_are_named(sample):
    app = open_where(d=store.save(sample))
    assert not app.exception
    assert "Tranche d’âge ou Sexe" in words(app)
    assert "Entonnoir" in words(app) or "groupes" in words(app)


def test_without_sex_the_other_is_used_and_the_lack_is_said(sample):
    app = open_where(d=store.save(aged(sample, sexe=False)))
    assert not app.exception
    assert "Il manque « Sexe »" in words(app)


def test_a_file_without_region_says_what_it_would_unlock(sample):
    bare = replace(
        sample,
        cotisation=sample.cotisation.drop(columns="region").groupby(["mois", "contrat"], as_index=False).sum(),
        prestation=sample.prestation.drop(columns="region").groupby(["mois", "contrat", "poste"], as_index=False).sum(),
    )
    app = open_where(d=store.save(bare))
    assert not app.exception
    assert "carte des régions" in words(app)


@pytest.fixture(scope="module")
def secretive(sample, home):
    """One more region, of four persons at most."""
    cover = sample.cotisation[sample.cotisation["region"] == "Aquitaine"].assign(region="Corse", beneficiaires=2.0)
    care = sample.prestation[sample.prestation["region"] == "Aquitaine"].assign(region="Corse")
    mixed = replace(
        sample,
        cotisation=pd.concat([sample.cotisation, cover], ignore_index=True),
        prestation=pd.concat([sample.prestation, care], ignore_index=True),
    )
    return store.save(aged(mixed))


def test_the_finding_is_said_in_plain_words():
    from pages.components.where import _refusal, _say_finding

    sizes = np.geomspace(1000, 100_000, 12)
    spread = 1 + np.where(np.arange(12) % 2, 4, -4) / np.sqrt(sizes)  # each four deviations away
    groups = pd.DataFrame({"groupe": list("abcdefghijkl"), "denominateur": sizes})
    told = _say_finding(compute_funnel(groups.assign(numerateur=sizes * spread)))
    assert told.startswith("Les écarts sont réels pour")
    assert told.endswith("mais aucun ne sort de la dispersion habituelle entre groupes.")
    assert "hasard" in _say_finding(compute_funnel(groups.assign(numerateur=sizes)))
    one = _say_finding(compute_funnel(groups.assign(numerateur=sizes * np.where(np.arange(12) == 0, 1.5, 1.0))))
    assert one == "1 groupe sur 12 s’écarte plus que le hasard ne l’explique."
    assert "secret" in _refusal(0)
    assert "moins de valeurs" in _refusal(5000)
    assert not _refusal(12)


def rows_of(app):
    """Rows given to the charts of the page."""
    drawn = app.main.get("vega_lite_chart")
    return [pa.ipc.open_stream(chart.proto.data.data).read_pandas() for chart in drawn]


def test_a_small_region_leaves_the_map_the_groups_and_the_funnel(secretive):
    seen, shared = open_where(d=secretive), open_where(d=secretive, partage="true")
    assert not shared.exception
    assert "Secret statistique" in words(shared)
    assert "Secret statistique" not in words(seen)
    tiles, groups, funnel = rows_of(seen)
    assert tiles.loc[tiles["nom"] == "Corse", "valeur"].notna().all()
    assert "Corse" in set(groups["groupe"])
    assert "Corse" in set(funnel["groupe"])
    tiles, *others = rows_of(shared)
    assert tiles.loc[tiles["nom"] == "Corse", "valeur"].isna().all()
    assert tiles["valeur"].notna().any()
    assert all("Corse" not in set(table["groupe"].dropna()) for table in others)
    assert "Corse" not in words(shared)
    hidden = float(funnel.loc[funnel["groupe"] == "Corse", "exposition"].item())
    assert all(table.get("exposition", pd.Series([np.inf])).min() > hidden for table in others)


def test_what_is_left_out_for_want_of_its_amount_is_said_unless_shared(sample):
    """Change that must turn this red: `shown.raison` or `_say_remarks` no longer drawn, or drawn in a shared screen."""
    whole = aged(sample)
    care = whole.prestation
    hole = care["region"].eq("étranger") & (care["mois"] == care["mois"].max())
    token = store.save(replace(whole, prestation=care.assign(prestation=care["prestation"].mask(hole))))
    left_out = r"étranger \: montant ou effectif inconnu certains mois"
    seen, shared = open_where(d=token), open_where(d=token, partage="true")
    assert not seen.exception
    assert not shared.exception
    assert words(seen).count(left_out) == 2  # under the rates and under the funnel
    assert left_out not in words(shared)
