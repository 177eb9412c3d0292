"""The bridge section, drawn without a browser: intervals, effects, the way down and up, and what is not shown."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from analytics.constat import to_param
from analytics.descriptive import build_constat
from analytics.schema import Selection
from data import store
from tests.pages.conftest import UNWANTED, words
from tests.samples import make_dataset, with_small_region


def page():
    """The section alone, under the sidebar."""
    from pages.components.bridge import show_bridge, subject_of
    from pages.components.sidebar import show_sidebar

    view = show_sidebar()
    show_bridge(view, subject_of(view))


def open_bridge(**query):
    app = AppTest.from_function(page, default_timeout=90)
    for key, value in query.items():
        app.query_params[key] = value
    return app.run()


def paid_late(dataset, seed=5):
    """The same mutual with its payment months: half the month after care, the rest over three more, a noisy rhythm."""
    rng, care, parts = np.random.default_rng(seed), dataset.prestation, []
    numbers = [c for c in care.columns if care[c].dtype.kind in "fi"]
    months = pd.DatetimeIndex(sorted(care["mois"].unique()))
    pace = pd.DataFrame(rng.dirichlet([15, 9, 4, 2], len(months)), index=months)
    for lag in range(4):
        paid = care["mois"] + pd.DateOffset(months=lag)
        share = pace[lag].reindex(care["mois"]).to_numpy()
        parts.append(care.assign(mois_paiement=paid, **{n: care[n] * share for n in numbers}))
    lines = pd.concat(parts, ignore_index=True)
    return replace(dataset, prestation=lines[lines["mois_paiement"] <= months[-1]], date_basis="soins")


@pytest.fixture(scope="module")
def late(home):
    return store.save(paid_late(make_dataset(42, seed=3)))


@pytest.fixture(scope="module")
def paid(home):
    return store.save(make_dataset(42, seed=3, drift=0.4))


def spec_of(app):
    return json.loads(app.main.get("vega_lite_chart")[0].proto.spec)


def tables(app):
    return [t.value for t in app.main.get("table")]


def test_the_account_of_a_paid_file(paid):
    app = open_bridge(d=paid)
    assert not app.exception
    text = words(app)
    assert not UNWANTED.search(text), UNWANTED.search(text)
    assert "**Oui.** Un effet domine \\: coût moyen par acte" in text
    assert "Prestations = assurés × composition × actes par assuré × coût par acte" in text
    assert "La somme des barres est exactement l’écart" in text
    assert "ntervalle" not in text
    assert app.main.get("vega_lite_chart")[0].proto.selection_mode == ["barre"]


def test_unpaid_months_give_intervals_and_their_part(late):
    app = open_bridge(d=late, periode="Mois au choix", debut="juin\u00a02023", fin="juin\u00a02023")
    assert not app.exception
    text = words(app)
    assert not UNWANTED.search(text), UNWANTED.search(text)
    assert "8 fois sur 10" in text
    assert "estimés, pas encore payés \\(part connue" in text
    assert "Intervalles dus aux mois pas encore tous payés" in text
    assert "ntervalle" in json.dumps(spec_of(app), ensure_ascii=False)


def test_the_cost_is_detailed_on_demand_and_in_the_link(paid):
    app = open_bridge(d=paid)
    app.toggle(key="cout_detaille").set_value(True).run()
    assert not app.exception
    text = words(app)
    assert "frais réels par acte × part remboursée" in text
    assert "Frais réels par acte" in tables(app)[0].columns
    again = open_bridge(d=paid, cout_detaille="true")
    assert again.toggle(key="cout_detaille").value is True
    bare = make_dataset(42, seed=3)
    without = open_bridge(d=store.save(replace(bare, prestation=bare.prestation.drop(columns="frais_reels"))))
    assert not [t for t in without.toggle if t.key == "cout_detaille"]


def test_an_effect_is_chosen_by_keyboard_or_click_and_kept_in_the_link(paid):
    app = open_bridge(d=paid)
    assert list(tables(app)[0].columns)[-1] == "Total"
    app.segmented_control(key="effet_pont").set_value("cout_moyen").run()
    assert not app.exception
    columns = list(tables(app)[0].columns)
    assert columns[1:] == ["Coût moyen par acte", "Part de la barre", "Tous effets réunis"]
    linked = open_bridge(d=paid, effet_pont="Coût moyen par acte")
    assert list(tables(linked)[0].columns) == columns
    strange = open_bridge(d=paid, effet_pont="autre")
    assert not strange.exception


def clicked():
    """A click on a bar, as the browser tells it, then the section."""
    import streamlit as st

    from pages.components.bridge import BRIDGE, keep_clicked, show_bridge, subject_of
    from pages.components.sidebar import show_sidebar

    st.session_state[BRIDGE] = {"selection": {"barre": st.session_state.get("clics", [])}}
    keep_clicked({"Fréquence des actes": "frequence"})
    del st.session_state[BRIDGE]
    view = show_sidebar()
    show_bridge(view, subject_of(view))


def test_a_clicked_bar_is_the_effect_detailed(paid):
    app = AppTest.from_function(clicked, default_timeout=90)
    app.query_params["d"] = paid
    for clicks, kept in (([], "tous"), (["Fréquence des actes"], "frequence"), (["2023"], "tous")):
        app.session_state["clics"] = [{"etape": name} for name in clicks]
        app.run()
        assert not app.exception
        assert app.segmented_control(key="effet_pont").value == kept


def test_a_line_becomes_the_perimeter_and_is_left_again(paid):
    app = open_bridge(d=paid, detail_pont="Poste")
    app.selectbox(key="pont_ligne").set_value("dentaire").run()
    assert not app.exception
    assert app.multiselect(key="f_poste").value == ["dentaire"]
    assert "Dentaire \\: prestations" in words(app)
    assert app.selectbox(key="pont_ligne").value is None
    app.button(key="pont_sans_poste").click().run()
    assert app.multiselect(key="f_poste").value == []
    assert "Ensemble \\: prestations" in words(app)


def test_a_ratio_is_told_as_rate_then_frequency_cost_and_premium(paid):
    dataset = store.load(paid)
    selection = Selection(pd.Timestamp("2022-07-01"), pd.Timestamp("2023-06-01"))
    constat = build_constat(dataset, "ratio_pc", selection)
    app = open_bridge(d=paid, constat=to_param(replace(constat, dataset_id=paid)))
    assert not app.exception
    text = words(app)
    assert not UNWANTED.search(text), UNWANTED.search(text)
    assert "puis composition" in text
    assert "Niveau propre aux segments, toutes barres réunies hors composition" in text
    assert {"Coût moyen par acte", "Cotisation par assuré"} <= set(tables(app)[0].columns) | {"Cotisation par assuré"}


def test_a_followed_finding_goes_down_with_its_period(paid):
    dataset = store.load(paid)
    selection = Selection(pd.Timestamp("2022-01-01"), pd.Timestamp("2022-12-01"))
    constat = replace(build_constat(dataset, "frais_reels", selection), dataset_id=paid)
    app = open_bridge(d=paid, constat=to_param(constat))
    assert not app.exception
    app.segmented_control(key="detail_pont").set_value("poste").run()
    app.selectbox(key="pont_ligne").set_value("optique").run()
    assert not app.exception
    text = words(app)
    assert "Optique \\: frais réels" in text
    assert "2022" in text


def test_sharing_shows_nothing_of_a_few_persons(home):
    token = store.save(with_small_region("Corse", months=36))
    whole, shared = open_bridge(d=token), open_bridge(d=token, partage="true")
    assert not shared.exception
    assert "Corse" in whole.selectbox(key="pont_ligne").options or "Corse" in words(
        open_bridge(d=token, detail_pont="Région")
    )
    region = open_bridge(d=token, partage="true", detail_pont="Région")
    told = words(region) + "".join(t.to_csv() for t in tables(region)) + str(region.selectbox(key="pont_ligne").options)
    assert "Corse" not in told
    assert "Secret statistique" in told


def test_in_sharing_what_arrives_and_leaves_is_not_told_apart(home):
    base = make_dataset(42, seed=3)
    start = pd.Timestamp("2023-01-01")
    new = base.prestation[base.prestation["mois"] >= start].assign(contrat="nouveau")
    heads = base.cotisation[base.cotisation["mois"] >= start].assign(contrat="nouveau", beneficiaires=1.0)
    mixed = replace(
        base,
        cotisation=pd.concat([base.cotisation, heads], ignore_index=True),
        prestation=pd.concat([base.prestation, new], ignore_index=True),
    )
    token = store.save(mixed)
    assert "Segments nouveaux" in str(open_bridge(d=token).segmented_control(key="effet_pont").options)
    names = words(open_bridge(d=token, partage="true"))
    assert "Segments nouveaux" not in names
    assert "Composition, mouvements" not in names  # it would be the amount of the three persons alone
    assert "les effets ne se montrent que réunis" in names
