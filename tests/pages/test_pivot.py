"""The crossed table and the research exercise on a page: link, click, files, shared screen, new data.

Change that must turn this red: `state.put(state.filter_key(…))` dropped in `pivot_table.filter_everything`, or
`missing_of` not called in `research.ask_again`.
"""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from analytics.descriptive.pivot import compute_grid
from analytics.descriptive.pivot_cube import MONTH, YEAR, build_cube
from analytics.descriptive.pivot_layout import lay_out
from analytics.indicators import get_indicator
from data import store
from pages.components.pivot_table import not_drawn, picture_of
from tests.pages.conftest import UNWANTED, words
from tests.samples import make_dataset, with_small_region

SMALL = "commune de quatre"


def page():
    """What a page that has the ad-hoc report does, and a button in the place of a click on its first line."""
    import streamlit as st

    from pages.components.header import show_header
    from pages.components.indicator import choose_indicator
    from pages.components.pivot import choose_axes, cube_of, pivot_of, show_pivot
    from pages.components.pivot_table import filter_everything
    from pages.components.research import show_research
    from pages.components.sidebar import show_sidebar

    view = show_sidebar()
    show_header(view, "Croisé", "Combien ?", here="descriptif")
    indicator = choose_indicator(view)
    if st.session_state.get("attaque"):
        pivot = pivot_of(view, indicator, choose_axes(view, cube_of(view)))
        cell = pivot.lines[0], pivot.columns[-2]
        st.button("clic", on_click=filter_everything, args=(view, *cell))
    else:
        show_pivot(view, indicator)
        show_research(view, indicator)


def opened(token, **query):
    app = AppTest.from_function(page, default_timeout=90)
    app.query_params["d"] = token
    for key, value in query.items():
        app.query_params[key] = value
    return app.run()


def everything(app):
    charts = b"".join(chart.proto.SerializeToString() for chart in app.main.get("vega_lite_chart"))
    frames = "\n".join(frame.value.to_csv() for frame in app.dataframe)
    return charts.decode("latin-1") + frames + words(app)


# --- crossed table ------------------------------------------------------------------------------------------------


def test_the_table_is_in_french_and_its_total_is_that_of_the_selection(token):
    app = opened(token, indicateur="Prestations", croise_lignes=["Région", "Poste"], croise_colonne="Année")
    assert not app.exception
    assert not app.error
    assert not UNWANTED.search(words(app)), UNWANTED.search(words(app))
    table = app.dataframe[0].value
    assert list(table.columns) == ["Région", "Poste", "2025", "Total"]
    care = store.load(token).prestation
    total = care.loc[care["mois"] >= "2025-01-01", "prestation"].sum()
    shown = table["Total"].iloc[-1].replace("\u202f", "").replace("€", "").replace(",", ".")
    assert float(shown) == pytest.approx(total, abs=0.005)
    assert len(app.main.get("vega_lite_chart")) == 1


def test_the_link_says_the_whole_table(token):
    app = opened(
        token, croise_lignes="Poste", croise_colonne="Région", croise_tri="B", croise_inverse="true",
        croise_garder="5 derniers",
    )  # fmt: skip
    assert not app.exception
    assert app.multiselect(key="croise_lignes").value == ["poste"]
    assert app.selectbox(key="croise_colonne").value == "region"
    assert app.selectbox(key="croise_tri").value == "B"
    assert app.toggle(key="croise_inverse").value is True
    assert app.selectbox(key="croise_garder").value == "5 derniers"
    assert list(app.dataframe[0].value["Poste"]) == ["optique", "pharmacie", "dentaire", "Total"]


def test_a_click_filters_every_page(token):
    app = opened(token, croise_lignes="Région", croise_colonne="Année")
    app.session_state["attaque"] = True
    app.run()
    app.button[0].click().run()
    assert not app.exception
    region = app.session_state["f_region"]
    assert len(region) == 1
    assert app.session_state["periode"] == "2025"
    app.session_state["attaque"] = False
    app.run()
    assert list(app.dataframe[0].value.iloc[:, 0]) == [*region, "Total"]


def test_a_click_on_a_quarter_chooses_its_months(token):
    app = opened(token, croise_lignes="Région", croise_colonne="Trimestre")
    app.session_state["attaque"] = True
    app.run()
    app.button[0].click().run()
    assert app.session_state["periode"] == "Mois au choix"
    assert app.session_state["debut"] == pd.Timestamp("2025-10-01")
    assert app.session_state["fin"] == pd.Timestamp("2025-12-01")


def test_a_formula_that_cannot_be_split_is_told(token):
    app = opened(token, indicateur="Ratio P/C", croise_lignes="Poste")
    assert not app.exception
    assert any("n’est pas ventilé" in e.value for e in app.error)


@pytest.mark.parametrize("columns", [("mois", "prestation"), ("mois", "poste", "frais_reels")], ids="+".join)
def test_a_poor_file_is_crossed_by_what_it_has(columns, home):
    sample = make_dataset(26)
    keys = [c for c in columns if c in ("mois", "poste")]
    care = sample.prestation[list(columns)].groupby(keys, as_index=False).sum()
    dataset = replace(sample, prestation=care, cotisation=pd.DataFrame({"mois": sample.months[:0]}), base=None)
    app = opened(store.save(dataset))
    assert not app.exception
    assert not UNWANTED.search(words(app)), UNWANTED.search(words(app))
    assert len(app.dataframe) == 1


def test_a_shared_screen_shows_no_small_region(home):
    held = store.save(with_small_region(SMALL))
    query = {"croise_lignes": "Région", "croise_colonne": "Contrat"}
    assert SMALL in everything(opened(held, **query))
    shared = opened(held, partage="true", **query)
    assert not shared.exception
    assert SMALL not in everything(shared)
    assert "Secret statistique : 2 groupes" in words(shared)


def test_no_unequal_years_side_by_side_unless_they_are_asked_for(token):
    chosen = {"periode": "Mois au choix", "debut": "sept.\u00a02025", "fin": "déc.\u00a02025"}
    app = opened(token, **chosen)
    assert not app.exception
    assert app.selectbox(key="croise_colonne").value == "aucune"
    app = opened(token, croise_colonne="Année", **chosen)
    assert "2025 (4 mois)" in app.dataframe[0].value.columns
    assert "2025 (4 mois)" in everything(app)
    assert "ne se compare pas" in words(app)
    whole = opened(token, periode="Tout l’historique")
    assert whole.selectbox(key="croise_colonne").value == "mois:annee"
    assert "ne se compare pas" not in words(whole)


def test_a_column_chosen_stays_when_the_period_changes(token):
    app = opened(token)
    app.selectbox(key="croise_colonne").set_value("region").run()
    app.selectbox(key="periode").set_value("Tout l’historique").run()
    assert not app.exception
    assert app.selectbox(key="croise_colonne").value == "region"


def test_the_picture_keeps_the_last_months_and_says_what_it_leaves_out():
    dataset = make_dataset(60)
    cube = build_cube(dataset)
    pivot = lay_out(compute_grid(cube, "prestation", ("region", MONTH)), colonne=True)
    drawn = list(dict.fromkeys(picture_of(pivot, cube, "Prestations").data["colonne"]))
    assert (len(drawn), drawn[0], drawn[-1]) == (48, "janv.\u00a02021", "déc.\u00a02024")
    assert not_drawn(pivot) == "Image : les 48 dernières colonnes sur 60 ; le tableau et les fichiers ont tout."
    assert not_drawn(lay_out(compute_grid(cube, "prestation", ("region", YEAR)), colonne=True)) == ""


def test_numbers_that_are_not_plain_counts_say_their_unit(token):
    assert "quence (actes par personne et par an) par poste" in everything(opened(token, indicateur="Fréquence"))
    assert get_indicator("beneficiaires").label == "Bénéficiaires (mois-personnes)"


# --- research exercise --------------------------------------------------------------------------------------------


def keep(app, question="La dentaire dérive-t-elle en B ?", **answers):
    app.text_input(key="recherche_question").set_value(question)
    app.text_input(key="recherche_hypothese").set_value("Le réseau B coûte *plus* cher")
    app.text_area(key="recherche_conclusion").set_value("Revoir la convention")
    for key, value in answers.items():
        widget = app.selectbox if key == "recherche_attendu" else app.text_input
        widget(key=key).set_value(value)
    return next(b for b in app.button if b.label == "Garder").click().run()


def test_a_question_is_kept_asked_again_and_forgotten(token):
    app = keep(opened(token, f_region="B", f_poste="dentaire", croise_lignes="Poste"))
    assert not app.exception
    (row,) = store.scenarios(token)
    assert row.content["filtres"] == {"poste": ["dentaire"], "region": ["B"]}
    assert row.content["lien"]["croise_lignes"] == ["poste"]
    text = words(app)
    assert "La dentaire dérive-t-elle en B ?" in text
    assert "· réponse inchangée" in text
    assert r"\*plus\*" in text  # the words of the user are never markup
    app = opened(token)
    next(b for b in app.button if b.label == "Rouvrir").click().run()
    assert not app.exception
    assert app.session_state["f_region"] == ["B"]
    assert app.session_state["croise_lignes"] == ["poste"]
    next(b for b in app.button if b.label == "Supprimer").click().run()
    assert store.scenarios(token) == ()


def test_new_data_confirm_it_or_ask_to_review_it(home):
    before = store.save(make_dataset(72, seed=3, drift=0.4))
    calm = store.save(make_dataset(72, seed=3, drift=-0.4))
    still = store.save(make_dataset(72, seed=5, drift=0.4))
    app = keep(opened(before, f_region="B", f_poste="dentaire"), recherche_attendu="hausse")
    assert not app.exception
    for token, verdict in ((calm, "réponse à revoir"), (still, "réponse inchangée")):
        app.session_state["d"] = token
        app.query_params["d"] = token
        app.run()
        assert not app.exception
        text = words(app)
        assert f"· {verdict} · gardée avec essai" in text
        assert "Alors" in text
        assert "Aujourd’hui" in text


def test_a_threshold_is_read_in_french(token):
    app = keep(opened(token, indicateur="Ratio P/C"), recherche_attendu="au_plus", recherche_seuil="95,5 %")
    assert not app.exception
    assert store.scenarios(token)[0].content["seuil"] == pytest.approx(0.955)
    app = keep(opened(token), question="Autre", recherche_attendu="au_plus", recherche_seuil="beaucoup")
    assert any("pas un nombre" in e.value for e in app.error)


def test_a_value_that_the_new_data_lack_is_said(home):
    first, second = store.save(make_dataset(40)), make_dataset(40)
    second = store.save(replace(second, prestation=second.prestation[second.prestation["poste"] != "optique"]))
    app = keep(opened(first, f_poste="optique"))
    app.session_state["d"] = second
    app.query_params["d"] = second
    app.run()
    assert not app.exception
    assert "n’est pas dans ces données" in words(app)
    assert "· sans réponse" in words(app)


def test_a_shared_screen_hides_the_result_of_a_small_group(home):
    held = store.save(with_small_region(SMALL))
    app = keep(opened(held, f_region=SMALL))
    figure = store.scenarios(held)[0].content["alors"][2]
    assert SMALL.capitalize() in words(app)
    shared = opened(held, partage="true")
    assert not shared.exception
    assert figure.split("(")[0] not in words(shared)
    assert "ne se montre pas en mode partage" in words(shared)


def test_the_demonstration_says_where_to_keep_a_question():
    app = AppTest.from_function(page, default_timeout=90).run()
    assert not app.exception
    assert "déposez le vôtre" in words(app)
    assert "simulées" in words(app)


def test_a_screen_made_ready_gives_streamlit_what_its_styler_gives():
    """Change that must turn this red: `made_ready` returning no style, or Streamlit reading more of a styler."""
    from streamlit.elements.lib.pandas_styler_utils import marshall_styler
    from streamlit.proto.ArrowData_pb2 import ArrowData

    from pages.components.pivot_table import made_ready

    def sent(styler):
        proto = ArrowData()
        marshall_styler(proto, styler, "essai")
        return proto.SerializeToString(deterministic=True)

    table = pd.DataFrame({"Région": ["A", "Total"], "2024": ["12 €", "secret"], "2025": ["—", "<b>3</b> €"]})
    shades = pd.DataFrame("", index=table.index, columns=table.columns)
    shades.iloc[0, 1], shades.iloc[1] = "background-color: rgba(47, 126, 188, 0.20)", "font-weight: bold"
    plain, ready = (table.style.apply(lambda _: shades, axis=None).set_uuid("essai") for _ in range(2))
    expected, ready = sent(plain), made_ready(ready)
    assert b"font-weight: bold" in expected
    assert sent(ready) == sent(ready) == expected
