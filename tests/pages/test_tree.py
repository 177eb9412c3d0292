"""The tree that the reader drives, without a browser."""

import re
from dataclasses import replace

import pandas as pd
import pyarrow as pa
import pytest
from streamlit.testing.v1 import AppTest

from analytics.descriptive import build_constat
from analytics.french import format_gap
from analytics.schema import Selection
from data import store
from tests.pages.conftest import UNWANTED, words
from tests.samples import make_dataset, with_small_region


def page():
    """The section alone, under the sidebar; the indicator of the finding may be chosen by the test."""
    import streamlit as st

    from pages.components.bridge import subject_of
    from pages.components.constat import measure
    from pages.components.sidebar import show_sidebar
    from pages.components.tree import show_tree

    view = show_sidebar()
    key = st.session_state.get("indicateur")
    show_tree(view, measure(view.opened, key, view.selection) if key else subject_of(view))


def open_tree(arbre=None, *, indicateur=None, is_open=True, **query):
    app = AppTest.from_function(page, default_timeout=90)
    for key, value in {**query, **({"arbre": arbre} if arbre else {})}.items():
        app.query_params[key] = value
    if indicateur:
        app.session_state["indicateur"] = indicateur
    if is_open:
        app.session_state["arbre_ouvert"] = True
    return app.run()


@pytest.fixture(scope="module")
def sample():
    return make_dataset(72, seed=3, drift=0.4)


@pytest.fixture(scope="module")
def held(sample, home):
    return store.save(sample)


def buttons(app):
    return {b.key: b for b in app.main.get("button")}


def rows(app):
    (chart,) = app.main.get("vega_lite_chart")
    return pa.ipc.open_stream(chart.proto.data.data).read_pandas()


def link(app):
    found = app.query_params.get("arbre", "")
    return found[0] if isinstance(found, list) else found


def change(dataset, **filters):
    """Change over the last twelve months, as the finding of that selection tells it."""
    months = dataset.months
    selection = Selection(months[-12], months[-1], {d: (v,) for d, v in filters.items()})
    return build_constat(dataset, "prestation", selection)


def test_it_is_folded_until_asked_for_and_costs_nothing(held, monkeypatch):
    from pages.components import tree

    monkeypatch.setattr(tree, "tree_of", lambda *_: pytest.fail("made before it is asked for"))
    app = open_tree(d=held, is_open=False)
    assert not app.exception
    assert not buttons(app).keys() & {"arbre_hausse", "arbre_baisse"}


def test_a_link_with_a_path_is_open_where_it_stands(held, sample):
    app = open_tree("poste:dentaire~region:B", d=held, is_open=False)
    assert not app.exception
    assert not app.error
    text = words(app)
    assert not UNWANTED.search(text), UNWANTED.search(text)
    found = change(sample, poste="dentaire", region="B")
    told = format_gap(found.ecart, "EUR")
    assert text.count(told) >= 3  # the path, the sentence, the finding that climbs
    assert format_gap(change(sample, poste="dentaire").ecart, "EUR") in buttons(app)["arbre_niveau_1"].label
    assert format_gap(change(sample).ecart, "EUR") in buttons(app)["arbre_niveau_0"].label


def test_bars_are_the_changes_of_the_same_selections_to_the_cent(held, sample):
    app = open_tree("poste:dentaire~region", d=held)
    table = rows(app).set_index("code")
    assert set(table.index) == {"A", "B", "C"}
    for value, row in table.iterrows():
        assert row["montant"] == pytest.approx(change(sample, poste="dentaire", region=value).ecart, abs=0.005)
    assert table["montant"].sum() == pytest.approx(change(sample, poste="dentaire").ecart, abs=0.005)


def test_the_planted_drift_is_two_clicks_away_then_back_and_again(held):
    app = open_tree(d=held)
    buttons(app)["arbre_hausse"].click().run()
    buttons(app)["arbre_hausse"].click().run()
    assert not app.exception
    assert set(link(app).split("~")) == {"poste:dentaire", "region:B"}
    first = link(app).split("~")[0]
    buttons(app)["arbre_niveau_1"].click().run()
    assert link(app) == first
    buttons(app)["arbre_debut"].click().run()
    assert not link(app)
    assert "arbre_debut" not in buttons(app)


def test_the_keyboard_does_what_a_click_does(held):
    app = open_tree(d=held)
    app.segmented_control(key="arbre_par_0").set_value("contrat").run()
    assert link(app) == "contrat"
    into = next(s for s in app.main.get("selectbox") if s.key.startswith("arbre_vers"))
    assert any(o.startswith("collectif (") for o in into.options)
    into.set_value("collectif").run()
    assert link(app) == "contrat:collectif"
    assert not app.segmented_control(key="arbre_par_2").options.count("Contrat")


def clicked():
    """A click on a row, as the browser tells it."""
    import streamlit as st

    from pages.components.tree import _follow_bar

    st.session_state["image"] = {"selection": {"branche": st.session_state.get("clics", [])}}
    _follow_bar("image", (("poste", "dentaire"),), "region", frozenset({"A", "B"}))


def test_a_click_on_a_bar_goes_down_and_on_the_others_nowhere(home):
    for clicks, expected in (([{"code": "B"}], "poste:dentaire~region:B"), ([{"code": ""}], ""), ([], ""),
                             ([{"code": "Z"}], "")):  # fmt: skip
        app = AppTest.from_function(clicked, default_timeout=90)
        app.session_state["clics"] = clicks
        app.run()
        assert not app.exception
        assert link(app) == expected


def test_the_chart_listens_to_clicks(held):
    (chart,) = open_tree(d=held).main.get("vega_lite_chart")
    assert chart.proto.selection_mode == ["branche"]


def test_what_the_link_does_not_know_is_told_and_left_out(held):
    app = open_tree("poste:dentaire~region:<b>Z</b>~autre:1", d=held)
    assert not app.exception
    text = words(app)
    assert "ignorée" in text
    assert "<b>" not in text
    assert "dentaire" in text
    for word in ("~~~", ":", "%%%", "poste:" * 40, "x" * 5000):
        assert not open_tree(word, d=held).exception


def test_the_end_of_the_path_is_said_and_still_climbs(held, sample):
    app = open_tree("poste:dentaire~region:B~contrat:collectif", d=held)
    assert "Le bout du chemin" in words(app)
    assert not app.main.get("vega_lite_chart")
    found = change(sample, poste="dentaire", region="B", contrat="collectif")
    assert format_gap(found.ecart, "EUR") in words(app)
    assert {"arbre_diagnostic", "arbre_predictif", "arbre_prescriptif"} <= buttons(app).keys()


def test_a_ratio_is_split_in_points_and_climbs_as_euros(held):
    app = open_tree("poste:dentaire", indicateur="ratio_pc", d=held)
    assert not app.exception
    text = words(app)
    assert re.search(r"Poste \\: dentaire \\: \\\+[\d,]+\u202fpt", text)
    assert "prestations de" in text


def test_without_a_period_to_compare_there_is_no_tree(sample, home):
    short = replace(
        sample,
        cotisation=sample.cotisation[sample.cotisation["mois"] >= sample.months[-6]],
        prestation=sample.prestation[sample.prestation["mois"] >= sample.months[-6]],
    )
    app = open_tree("poste:dentaire", d=store.save(short))
    assert not app.exception
    assert not buttons(app).keys() & {"arbre_hausse"}


SMALL = "commune de quatre"


@pytest.fixture(scope="module")
def secretive(home):
    return store.save(with_small_region(SMALL, 48))


def test_a_shared_tree_neither_shows_nor_proposes_nor_enters_a_small_region(secretive):
    seen = open_tree("region", d=secretive)
    shared = open_tree("region", d=secretive, partage="true")
    assert SMALL in set(rows(seen)["code"])
    assert SMALL not in set(rows(shared)["code"])
    assert SMALL not in words(shared)
    assert "Secret statistique" in words(shared)
    assert list(rows(shared)["valeur"])[-1] == "Autres (2)"  # alone, it would be the difference to the whole
    entered = open_tree(f"region:{SMALL}", d=secretive, partage="true")
    assert not entered.exception
    assert "Mode partage" in words(entered)
    assert "arbre_debut" not in buttons(entered)
    into = next(s for s in shared.main.get("selectbox") if s.key.startswith("arbre_vers"))
    assert not any(SMALL in o for o in into.options)


def test_what_the_file_leaves_blank_is_split_but_does_not_climb(sample, home):
    care = sample.prestation.assign(poste=sample.prestation["poste"].where(sample.prestation["poste"] != "optique"))
    token = store.save(replace(sample, prestation=care))
    app = open_tree("poste:non précisé", d=token)
    assert not app.exception
    assert "ne se filtre pas" in words(app)
    assert "arbre_diagnostic" not in buttons(app)
    hidden = open_tree("poste", d=token, partage="true")
    assert "non précisé" not in set(rows(hidden)["code"])


def test_the_path_waits_for_the_reader_to_come_back(held):
    app = open_tree("poste:dentaire", d=held)
    app.query_params.pop("arbre")
    app.run()
    assert link(app) == "poste:dentaire"
    app.multiselect(key="f_region").set_value(["A"])
    app.query_params.pop("arbre")
    app.run()
    assert not link(app)  # another finding


def test_many_values_are_eight_bars_and_the_others(home):
    base = make_dataset(30, seed=1)
    parts = [(f"commune {i:02d}", 0.02 + 0.004 * i) for i in range(12)]
    split = pd.DataFrame(parts, columns=["commune", "poids"])

    def spread(frame):
        wide = frame.merge(split, how="cross")
        numbers = [c for c in frame.columns if frame[c].dtype.kind in "fi"]
        wide[numbers] = wide[numbers].mul(wide["poids"], axis=0)
        return wide.drop(columns="poids")

    token = store.save(replace(base, cotisation=spread(base.cotisation), prestation=spread(base.prestation)))
    table = rows(open_tree("commune", d=token))
    assert len(table) == 9
    assert table["valeur"].iloc[-1] == "Autres (4)"
    months = pd.DatetimeIndex(sorted(base.months))
    whole = build_constat(base, "prestation", Selection(months[-12], months[-1])).ecart * split["poids"].sum()
    assert table["montant"].sum() == pytest.approx(whole)
