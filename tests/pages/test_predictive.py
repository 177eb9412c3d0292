"""The Prédictif page: two questions, assumptions in the link, a cut, what it was worth, files to take away."""

from __future__ import annotations

import json
from datetime import date

import pandas as pd
import pytest

from data import store
from data.store import KeptEvent
from pages.components.assumptions import QUESTIONS, WHOLE_HISTORY
from pages.components.cache import digest
from pages.components.datasets import open_dataset
from pages.components.events import keep_event
from pages.components.forecast import names_shown, perimeter_series, start_forecast
from pages.components.jobs import get_jobs
from pages.components.outlook import Ask, Outlook
from pages.components.outlook_events import asked_events, split_of
from pages.components.outlook_export import assumptions_of, figures_of
from pages.components.sidebar import View, default_selection
from tests.pages.conftest import UNWANTED, open_app, words
from tests.samples import make_dataset, with_small_region

PLANNED = KeptEvent("Grille dentaire", date(2026, 3, 1), None, "palier", ("dentaire",), "Note interne")
AHEAD, TREND = QUESTIONS


@pytest.fixture(scope="module")
def held(home):
    """Six years to December 2025, and a dental step three months later."""
    token = store.save(make_dataset(72, seed=3))
    keep_event(view_of(token), PLANNED)
    return token


def view_of(token, *, shared=False, **filters):
    opened = open_dataset(token)
    base = default_selection(opened)
    return View(opened, type(base)(base.debut, base.fin, filters), None, shared)


def finish(app):
    """Let every job that the page asked for end, and those that follow them."""
    for _ in range(3):
        for key in list(get_jobs()._jobs):
            get_jobs().wait(key, 90)
        app.run()
    return app


def drawn(token, **query):
    app = finish(open_app("predictive", d=token, **query))
    assert not app.exception
    assert not UNWANTED.search(words(app)), UNWANTED.search(words(app))
    return app


def size_key(token):
    return f"effet_{digest(token, PLANNED.name)[:10]}"


def fan(app):
    """Specification of the fan, as text."""
    found = next(e.proto for e in app.main if e.type == "vega_lite_chart" and "attendus en" in e.proto.alt)
    return json.dumps(json.loads(found.spec), ensure_ascii=False)


def ask_for(view, **options):
    series = perimeter_series(view)
    ask = Ask(**options)
    key = start_forecast(view, series, ask)
    get_jobs().wait(key, 90)
    return Outlook(key, series, get_jobs().result(key), ask, asked_events(view, series, ask)[0])


def test_without_a_size_both_questions_have_one_answer_and_one_job(held):
    app = drawn(held)
    text = words(app)
    assert "les deux questions ont aujourd’hui la même réponse" in text
    assert "Grille dentaire" in text
    assert "Bat le naïf saisonnier" in text
    assert app.main.segmented_control(key="question").value == AHEAD


def test_a_supposed_effect_is_in_the_link_and_separates_the_questions(held):
    app = drawn(held, **{size_key(held): "10"})
    assert "la même réponse" not in words(app)
    assert app.main.text_input(key=size_key(held)).value == "10"
    assert "Si les tendances se poursuivent" in fan(app)
    next_, held_trend = (ask_for(view_of(held), question=q, sizes=(("Grille dentaire", 0.1),))
                         for q in ("ensuite", "tendance"))  # fmt: skip
    assert next_.key != held_trend.key
    dental = [o.ahead("Dentaire")["valeur"].to_numpy() if "Dentaire" in o.series.hierarchy["Ensemble"] else None
              for o in (next_, held_trend)]  # fmt: skip
    whole = [o.ahead("Ensemble")["valeur"].to_numpy() for o in (next_, held_trend)]
    assert whole[0][:2] == pytest.approx(whole[1][:2], rel=1e-3)
    assert (whole[0][2:] > whole[1][2:] * 1.005).all()
    assert dental[0] is None or dental[0][2:] == pytest.approx(1.1 * dental[1][2:], rel=0.02)


def test_the_other_question_is_the_one_that_is_asked(held):
    app = drawn(held, question=TREND, **{size_key(held): "10"})
    assert app.main.segmented_control(key="question").value == TREND
    assert "Avec les événements à venir" in fan(app)
    assert "aucun événement à venir n’est compté" in words(app)


@pytest.mark.parametrize("typed", ["abc", "-95", "1e9"])
def test_a_size_that_cannot_be_used_is_told_and_not_counted(held, typed):
    app = drawn(held, **{size_key(held): typed})
    assert any("n’est pas compté" in w.value for w in app.main.warning)
    assert "la même réponse" in words(app)


def test_a_dental_event_weighs_by_the_share_of_dental_in_each_series(held):
    view = view_of(held)
    series = perimeter_series(view)
    ask = Ask(sizes=(("Grille dentaire", 0.1),))
    events = asked_events(view, series, ask)[0]
    planned = events[events["effet"].notna()].set_index("serie")["effet"]
    care = view.dataset.prestation
    year = care[care["mois"] > care["mois"].max() - pd.DateOffset(months=12)]
    share = year.loc[year["poste"] == "dentaire", "prestation"].sum() / year["prestation"].sum()
    assert planned["Ensemble"] == pytest.approx(0.1 * share)
    by = split_of(view)
    for value, mine in year.groupby(by):
        own = mine.loc[mine["poste"] == "dentaire", "prestation"].sum() / mine["prestation"].sum()
        assert planned.get(view.dataset.value_label(by, value), 0) == pytest.approx(0.1 * own)
    narrow = view_of(held, poste=("optique",))
    assert asked_events(narrow, perimeter_series(narrow), ask)[0].get("effet", pd.Series()).notna().sum() == 0


def test_events_off_and_a_cut_are_other_forecasts(held):
    view = view_of(held)
    keys = {start_forecast(view, perimeter_series(view), a) for a in (
        Ask(), Ask(with_events=False), Ask(depuis=pd.Timestamp("2022-01-01")))}  # fmt: skip
    assert len(keys) == 3
    cut = ask_for(view, depuis=pd.Timestamp("2022-01-01"))
    assert cut.used("Ensemble")["mois"].min() == pd.Timestamp("2022-01-01")
    assert cut.history("Ensemble")["mois"].min() == pd.Timestamp("2020-01-01")
    assert cut.forecast.backtest["origine"].min() >= pd.Timestamp("2023-01-01")


def test_a_recoded_history_may_be_cut_and_the_page_says_what_it_loses(home):
    sample = make_dataset(72, seed=6)
    level = sample.prestation["mois"].ge("2023-01-01").map({True: 2.0, False: 1.0})
    sample.prestation["prestation"] *= level
    token = store.save(sample)
    app = drawn(token)
    choice = app.main.selectbox(key="depuis")
    assert choice.value == WHOLE_HISTORY
    assert "janvier 2023" in choice.options
    cut = drawn(token, depuis="janvier 2023")
    told = next(i.value for i in cut.main.info if "laissés de côté" in i.value)
    assert "36 mois laissés" in told
    assert "en reste 36" in told


def test_the_sections_open_on_what_it_was_worth(held):
    app = open_app("predictive", d=held)
    for key in ("fiabilite", "composantes", "emporter"):
        app.session_state[key] = True
    app = finish(app)
    assert not app.exception
    text = words(app)
    assert not UNWANTED.search(text), UNWANTED.search(text)
    for word in ("Couverture annoncée", "Couverture vue", "Modèles essayés", "dans la combinaison", "Arrêtées au",
                 "La somme des barres est exactement ce changement"):  # fmt: skip
        assert word in text, word
    charts = [e.proto.alt for e in app.main if e.type == "vega_lite_chart"]
    assert any("1 à 3 mois" in a and "10 à 12 mois" in a for a in charts)
    assert any("Niveau et tendance" in a for a in charts)


def test_the_files_hold_what_is_needed_to_read_the_forecast(held):
    view = view_of(held)
    outlook = ask_for(view, sizes=(("Grille dentaire", 0.1),))
    names = names_shown(view, outlook.series)
    figures = figures_of(outlook, names)
    assert set(figures["Nature"]) == {"réalisé", "prévision"}
    ahead = figures[(figures["Série"] == "Ensemble") & (figures["Nature"] == "prévision")]
    assert ahead["Montant (€)"].to_numpy() == pytest.approx(outlook.ahead("Ensemble")["valeur"].to_numpy(), abs=0.006)
    table = assumptions_of(view, outlook, names)
    told = " | ".join(f"{r.Rubrique} : {r.Élément} = {r.Valeur}" for r in table.itertuples())
    for word in ("essai", "2025", "Que va-t-il se passer", "Grille dentaire", "hypothèse",
                 "+10,0\u202f%", "Moyenne sans les extrêmes de", "couverture vue", "Bat le naïf"):  # fmt: skip
        assert word in told, word
    assert "simulées" not in told


def test_in_shared_mode_nothing_of_a_small_group_is_shown_nor_exported(home):
    token = store.save(with_small_region("Petite", months=48))
    view = view_of(token, shared=True)
    series = perimeter_series(view)
    assert "Petite" not in names_shown(view, series)
    outlook = ask_for(view)
    assert "Petite" not in set(figures_of(outlook, names_shown(view, series))["Série"])
    app = finish(open_app("predictive", d=token, partage="true"))
    assert not app.exception
    assert "Petite" not in words(app)


def test_prophet_is_asked_for_apart(held, monkeypatch):
    asked = []
    real = type(get_jobs()).submit

    def submit(self, key, function, *args, **options):
        asked.append(function.__name__)
        return real(self, key, function, *args, **options)

    monkeypatch.setattr(type(get_jobs()), "submit", submit)
    drawn(held)
    assert "run_prophet" not in asked
    app = drawn(held, prophet="true")
    assert "run_prophet" in asked
    assert "Prophet (pour comparaison)" in fan(app)


def test_one_series_needs_no_choice(home):
    view = view_of(store.save(make_dataset(40)), region=("A",), contrat=("individuel",), poste=("optique",))
    assert names_shown(view, perimeter_series(view)) == ["Ensemble"]
