"""The calendar of events as a reader changes it: on every page, kept with the data, read only when it is shared."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pandas as pd
import pytest

from analytics.predictive.series import Series
from analytics.schema import Selection
from data import store
from data.store import KeptEvent
from pages.components import forecast
from pages.components.datasets import open_dataset
from pages.components.events import calendar_of, events_of, forecast_events, keep_event, switch_event
from pages.components.outlook import Ask
from pages.components.outlook_events import asked_events
from pages.components.sidebar import View
from tests.pages.conftest import UNWANTED, open_app, words
from tests.samples import make_dataset

COVID = "Premier confinement (Covid-19)"
OWN = KeptEvent("Grille maison", date(2023, 3, 1), None, "palier", ("dentaire",), "Note du 12 mars")
NAME = "=Grille *maison* <b>"


PAGES = {"descriptive": "descriptif", "diagnostic": "diagnostic"}


@pytest.fixture(scope="module")
def kept_for_all(home):
    return store.save(make_dataset(60, seed=3))


@pytest.fixture
def held(kept_for_all):
    """The same dataset for every test, its calendar as published."""
    yield kept_for_all
    for event in store.kept_events(kept_for_all):
        store.forget_event(kept_for_all, event.name)


def view_of(token, **filters):
    opened = open_dataset(token)
    months = opened.completed.months
    return View(opened, Selection(months[-12], months[-1], filters), None)


def opened_on(page, token, **query):
    app = open_app(page, **({} if token is None else {"d": token}), **query)
    app.session_state[f"calendrier_{PAGES[page]}"] = True
    return app.run()


def button(app, label, rank=0):
    return [b for b in app.main.button if b.label == label][rank]


def add(app, **typed):
    """Fill the form that is open, and send it."""
    for kind in (app.main.text_input, app.main.selectbox, app.main.multiselect):
        for widget in kind:
            field = (widget.key or "").rpartition("_")[2]
            if "calendrier_form" in (widget.key or "") and field in typed:
                widget.set_value(typed[field])
    return button(app, "Enregistrer").click().run()


def alt(app):
    return next(e.proto.alt for e in app.main if e.type == "vega_lite_chart" and "Événements marqués" in e.proto.alt)


def test_an_event_added_is_everywhere_and_outlives_the_visit(held):
    app = opened_on("descriptive", held)
    assert not app.exception
    assert NAME not in alt(app)
    button(app, "Ajouter un événement").click().run()
    add(app, nom=NAME, debut=pd.Timestamp("2020-02-01"), postes=["dentaire"], source="Note")
    assert not app.exception
    assert f"{NAME} (dès février\u00a02020)" in alt(app)
    label = next(t.label for t in app.main.toggle if "maison" in t.label)
    assert "\\*maison\\*" in label
    assert "\\<b\\>" in label
    assert "ajouté" in label
    assert store.kept_events(held) == (KeptEvent(NAME, date(2020, 2, 1), None, "palier", ("dentaire",), "Note"),)
    again = open_app("descriptive", d=held)
    assert NAME in alt(again)
    assert not UNWANTED.search(words(again))


def test_a_recent_event_is_offered_to_the_diagnostic_and_to_the_forecast(held):
    keep_event(view_of(held), OWN)
    app = open_app("diagnostic", d=held)
    assert not app.exception
    assert "Grille maison" in next(s for s in app.main.selectbox if s.label == "Événement").options
    judged = open_app("diagnostic", d=held, evenement_juge="Grille maison", f_poste="dentaire")
    assert not judged.exception
    other = open_app("diagnostic", d=held, f_poste="optique")
    assert "Grille maison" not in next(s for s in other.main.selectbox if s.label == "Événement").options


def test_the_event_judged_is_switched_off_while_it_is_judged(held):
    keep_event(view_of(held), OWN)
    app = opened_on("diagnostic", held, evenement_juge="Grille maison")
    assert next(s for s in app.main.selectbox if s.label == "Événement").value == "Grille maison"
    next(t for t in app.main.toggle if t.label.startswith("Grille")).set_value(False).run()
    assert not app.exception
    choice = next(s for s in app.main.selectbox if s.label == "Événement")
    assert "Grille maison" not in [*choice.options, choice.value]


def test_an_event_switched_off_leaves_every_page(held):
    app = opened_on("descriptive", held)
    assert "confinement" in words(app)
    assert COVID in alt(app)
    toggle = next(t for t in app.main.toggle if "Premier confinement" in t.label)
    toggle.set_value(False).run()
    assert not app.exception
    assert COVID not in alt(app)
    assert "Premier confinement" not in "".join(c.value for c in app.main.caption)
    assert next(t for t in app.main.toggle if "Premier confinement" in t.label).value is False
    assert store.kept_events(held) == (KeptEvent(COVID, active=False, of_all=True),)
    view = view_of(held)
    assert COVID not in set(events_of(view)["evenement"])
    assert COVID not in set(forecast_events(view, series(), None)["evenement"])
    switch_event(view, COVID, active=True)
    assert store.kept_events(held) == ()  # nothing is kept of what is as published


def test_an_event_of_everybody_is_dated_otherwise_and_brought_back(held):
    app = opened_on("descriptive", held)
    labels = [t.label for t in app.main.toggle if "calendrier_actif" in t.key]
    rank = next(i for i, label in enumerate(labels) if label.startswith("Premier"))
    button(app, "Modifier", rank).click().run()
    assert not [t for t in app.main.text_input if "calendrier_form" in (t.key or "")]  # its dates alone
    add(app, debut=pd.Timestamp("2020-04-01"), fin=pd.Timestamp("2020-06-01"))
    assert "modifié" in next(t.label for t in app.main.toggle if "Premier" in t.label)
    assert "avr.\u00a02020 à juin\u00a02020" in alt(app)
    button(app, "Revenir à la référence").click().run()
    assert "modifié" not in next(t.label for t in app.main.toggle if "Premier" in t.label)
    assert store.kept_events(held) == ()


def test_an_event_is_changed_renamed_and_deleted(held):
    keep_event(view_of(held), OWN)
    app = opened_on("descriptive", held)
    labels = [t.label for t in app.main.toggle if "calendrier_actif" in t.key]
    button(app, "Modifier", next(i for i, label in enumerate(labels) if "Grille" in label)).click().run()
    add(app, nom="Grille 2023", forme="rampe", fin=pd.Timestamp("2023-08-01"))
    kept = KeptEvent("Grille 2023", date(2023, 3, 1), date(2023, 8, 1), "rampe", ("dentaire",), "Note du 12 mars")
    assert store.kept_events(held) == (kept,)
    button(app, "Supprimer").click().run()
    assert store.kept_events(held) == ()
    assert not app.exception
    assert "Grille" not in alt(app)


def test_what_is_wrong_is_said_beside_the_form_and_nothing_is_kept(held):
    app = opened_on("descriptive", held)
    button(app, "Ajouter un événement").click().run()
    add(app, nom="")
    assert "Nom : il est vide" in app.main.error[0].value.replace("\\", "")
    march, february = pd.Timestamp("2023-03-01"), pd.Timestamp("2023-02-01")
    add(app, nom="x", debut=march, fin=february)
    assert "précède" in app.main.error[0].value
    assert "Que faire" in app.main.error[0].value
    assert store.kept_events(held) == ()
    button(app, "Fermer").click().run()
    assert not app.main.error


def test_the_calendar_shared_is_read_only(held):
    keep_event(view_of(held), OWN)
    app = opened_on("descriptive", held, partage="true")
    assert not app.exception
    text = words(app).replace("\\", "")
    assert "Grille maison" in text
    assert "Note du 12 mars" in text
    assert not [t for t in app.main.toggle if "calendrier" in (t.key or "")]
    assert not [b for b in app.main.button if b.label in ("Modifier", "Supprimer", "Ajouter un événement")]


def test_the_demonstration_is_changed_for_the_visit_only(home):
    app = opened_on("descriptive", None)
    assert "le temps de cette visite" in words(app)
    next(t for t in app.main.toggle if "deuxième" in t.label and "calendrier" in t.key).set_value(False).run()
    assert not app.exception
    off = [t.label for t in app.main.toggle if "calendrier" in (t.key or "") and not t.value]
    assert len(off) == 1
    other = opened_on("descriptive", None)
    assert all(t.value for t in other.main.toggle if "calendrier" in (t.key or ""))


@pytest.mark.parametrize("page", ["diagnostic", "descriptive"])
def test_the_calendar_is_on_the_page(held, page):
    app = opened_on(page, held)
    assert not app.exception
    assert sum("calendrier_actif" in (t.key or "") for t in app.main.toggle) == len(calendar_of(view_of(held)))


def test_the_store_is_asked_once_a_run(held, monkeypatch):
    keep_event(view_of(held), OWN)
    asked = []
    real = store.kept_events
    monkeypatch.setattr(store, "kept_events", lambda token: asked.append(token) or real(token))
    app = opened_on("descriptive", held)
    asked.clear()
    app.run()
    assert len(asked) == 1


def test_a_store_that_does_not_answer_leaves_the_published_events(held, monkeypatch):
    def fail(token):
        raise store.StoreError("La base ne répond pas.")

    monkeypatch.setattr(store, "kept_events", fail)
    app = open_app("descriptive", d=held)
    assert not app.exception
    assert "La base ne répond pas" in "".join(e.value for e in app.main.error)
    assert COVID in alt(app)


def series(*parts):
    months = pd.date_range("2020-01-01", periods=48, freq="MS")
    names = ("Ensemble", *parts)
    frame = pd.concat([pd.DataFrame({"serie": n, "mois": months, "valeur": 1.0}) for n in names])
    return Series(frame, {"Ensemble": parts} if parts else {})


def touched(view, by, *parts):
    found = forecast_events(view, series(*parts), by)
    return [None if pd.isna(s) else s for s in found.loc[found["evenement"] == "Grille maison", "serie"]]


def test_a_forecast_gives_an_event_to_the_series_that_it_touches(held):
    keep_event(view_of(held), OWN)
    postes, view = ("dentaire", "optique", "pharmacie"), view_of(held)
    assert touched(view, "poste", *postes) == ["dentaire"]
    assert touched(view, "region", "A", "dentaire") == [None]  # every region, not the one named like a poste
    assert touched(view_of(held, poste=("dentaire",)), "region", "A", "B") == [None]
    assert touched(view_of(held, poste=("dentaire", "optique")), "poste", "dentaire", "optique") == ["dentaire"]
    assert touched(view_of(held, poste=("optique",)), "region", "A", "B") == []
    keep_event(view, replace(OWN, postes=postes), instead_of=OWN.name)
    assert touched(view, "region", "A", "B") == [None]
    switch_event(view, OWN.name, active=False)
    assert touched(view, "poste", *postes) == []


def test_the_series_of_one_page_do_not_answer_for_those_of_another(held):
    keep_event(view_of(held), OWN)
    view, shorter = view_of(held), series("dentaire", "optique")
    assert touched(view, "poste") == [None]  # the whole file has no parts that add up: the whole feels it
    assert touched(view, "poste", "dentaire", "optique") == ["dentaire"]  # before its last poste began, it has
    late = shorter.frame["mois"] >= pd.Timestamp("2021-01-01")
    assert COVID in set(forecast_events(view, shorter, "poste")["evenement"])
    cut = Series(shorter.frame[late], shorter.hierarchy)
    assert COVID not in set(forecast_events(view, cut, "poste")["evenement"])  # over before its first month
    assert COVID not in set(asked_events(view, cut, Ask())[0]["evenement"])
    assert COVID in set(asked_events(view, shorter, Ask())[0]["evenement"])


def test_a_changed_calendar_gives_a_new_forecast_and_the_same_one_is_reused(held, monkeypatch):
    asked = {}

    class Recorder:
        def status(self, key):
            return type("Status", (), {"state": "fini" if key in asked else "absent"})

        def submit(self, key, function, *args, events, **options):
            asked[key] = events

    monkeypatch.setattr(forecast, "get_jobs", Recorder)
    view = view_of(held)
    start = lambda shown=True: forecast.start_forecast(view, series("dentaire", "optique"), with_events=shown)  # noqa: E731
    first = start()
    assert start() == first
    keep_event(view, OWN)
    second = start()
    assert second != first
    assert "Grille maison" in set(asked[second]["evenement"])
    keep_event(view, replace(OWN, source="une autre source"), instead_of=OWN.name)
    assert start() == second  # what does not enter the model does not start it again
    switch_event(view, OWN.name, active=False)
    assert start() == first
    assert len(asked) == 2
    assert start(False) not in (first, second)


def test_the_calendar_of_one_dataset_is_not_that_of_another_and_is_erased_with_it(held):
    other = store.save(make_dataset(60, seed=4))
    keep_event(view_of(other), OWN)
    assert "Grille maison" in set(events_of(view_of(other))["evenement"])
    assert "Grille maison" not in set(calendar_of(view_of(held))["evenement"])
    proof = store.delete(other)
    assert (proof.rows["events"], proof.remaining) == (1, 0)
