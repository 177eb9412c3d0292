"""Each page, on the demonstration and on a file, without a browser."""

from dataclasses import replace

import pandas as pd
import pytest

from analytics.constat import describe, from_param, to_param, with_dataset
from analytics.descriptive import build_constat
from analytics.french import format_gap
from analytics.indicators import get_indicator
from analytics.schema import Selection
from data import store
from pages.components.datasets import open_dataset
from pages.components.jobs import get_jobs
from tests.pages.conftest import PAGES, UNWANTED, open_app, words
from tests.samples import make_dataset


def wait(app):
    """Let the forecast of the page end, then draw it."""
    jobs = get_jobs()
    for key in list(jobs._jobs):
        jobs.wait(key, 60)
    return app.run()


@pytest.mark.parametrize("page", PAGES)
def test_the_demonstration_is_drawn_in_french(page):
    app = open_app(page)
    if page == "predictive":
        app = wait(app)
    assert not app.exception
    text = words(app)
    assert not UNWANTED.search(text), UNWANTED.search(text)
    assert "données simulées" in text
    assert not app.error


@pytest.mark.parametrize("page", PAGES)
def test_a_file_is_drawn_in_french(page, token):
    app = open_app(page, d=token)
    if page == "predictive":
        app = wait(app)
    assert not app.exception
    text = words(app)
    assert not UNWANTED.search(text), UNWANTED.search(text)
    assert "données simulées" not in text


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize(
    "columns",
    [("mois", "poste", "prestation"), ("mois", "prestation"), ("mois", "region", "frais_reels")],
    ids=lambda c: "+".join(c),
)
def test_a_poor_file_says_what_would_unlock(page, columns):
    sample = make_dataset(40)
    keys = [c for c in columns if c in ("mois", "poste", "region")]
    care = sample.prestation[list(columns)].groupby(keys, as_index=False).sum()
    dataset = replace(sample, prestation=care, cotisation=pd.DataFrame({"mois": sample.months[:0]}), base=None)
    app = open_app(page, d=store.save(dataset))
    if page == "predictive":
        app = wait(app)
    assert not app.exception
    text = words(app)
    assert not UNWANTED.search(text), UNWANTED.search(text)
    if page in ("accueil", "prescriptive"):
        assert "Cotisations" in text


@pytest.mark.parametrize("page", PAGES)
def test_premiums_alone(page):
    sample = make_dataset(40)
    dataset = replace(sample, prestation=pd.DataFrame({"mois": sample.months[:0]}))
    app = open_app(page, d=store.save(dataset))
    assert not app.exception
    assert not UNWANTED.search(words(app))


@pytest.mark.parametrize("page", PAGES)
def test_six_months_are_enough_to_be_drawn(page):
    app = open_app(page, d=store.save(make_dataset(6)))
    if page == "predictive":
        app = wait(app)
    assert not app.exception
    assert not UNWANTED.search(words(app))


def test_a_perimeter_and_a_period_of_the_link(token):
    app = open_app("accueil", d=token, f_poste="optique", f_region="A", periode="2020")
    assert not app.exception
    assert "Optique · A" in words(app)
    assert "sans période de comparaison" in words(app)


def test_a_deleted_dataset_is_said_and_the_demonstration_shown(token):
    assert "essai" in words(open_app("accueil", d=token))  # its results are in the caches
    store.delete(token)
    app = open_app("accueil", d=token)
    assert not app.exception
    assert any("supprimé" in w.value for w in app.warning)
    assert "données simulées" in words(app)


@pytest.mark.parametrize("word", ["x", "e30", "../../etc/passwd", "<script>"])
def test_a_forged_constat_is_refused(word):
    app = open_app("accueil", constat=word)
    assert not app.exception
    assert any("illisible" in e.value for e in app.error)


def climb(token, page):
    """Press the button of a step on the first alert, and open the link that it makes.

    The simulated application does not follow the change of page by itself; the browser tests do.
    """
    buttons = {"diagnostic": "Pourquoi ?", "predictive": "Et ensuite ?", "prescriptive": "Que faire ?"}
    app = open_app("accueil", d=token)
    next(b for b in app.button if b.label == buttons[page]).click().run()
    return open_app(page, d=token, constat=app.session_state["constat"], f_poste="dentaire", f_region="B")


def test_a_constat_shows_the_same_number_on_four_pages(token):
    app = open_app("accueil", d=token)
    sentence = next(m.value for m in app.markdown if m.value.startswith("**Dentaire")).strip("*")
    for page in ("diagnostic", "predictive", "prescriptive"):
        app = climb(token, page)
        assert not app.exception
        assert any(sentence in m.value for m in app.markdown), page
        carried = from_param(app.session_state["constat"])
        plain = describe(carried, store.load(token)).text
        assert plain.replace(".", "") in sentence.replace("\\", "").replace(".", "")
        assert "Vous avez changé la sélection" not in words(app)


def test_the_bridge_sums_to_the_constat(token):
    app = climb(token, "diagnostic")
    carried = from_param(app.session_state["constat"])
    assert any(format_gap(carried.ecart, "EUR") in c.value for c in app.caption if "somme des barres" in c.value)


@pytest.mark.parametrize("key", ["cotisation", "consommation", "frequence", "cout_moyen", "actes", "ratio_pc"])
def test_whatever_the_constat_the_bridge_says_what_it_sums(key, token):
    opened = open_dataset(token)
    selection = Selection(pd.Timestamp("2025-01-01"), pd.Timestamp("2025-12-01"))
    found = with_dataset(build_constat(opened.completed, key, selection), token)
    app = open_app("diagnostic", d=token, constat=to_param(found))
    assert not app.exception
    if key == "ratio_pc":
        shown = found
    else:
        assert any("ne se décompose pas" in i.value for i in app.info)
        shown = build_constat(opened.completed, "prestation", selection)
    gap = format_gap(shown.ecart, "taux" if key == "ratio_pc" else "EUR")
    assert any(gap in c.value for c in app.caption if "somme des barres" in c.value)


@pytest.mark.parametrize("key", ["ratio_pc", "beneficiaires", "reste_a_charge_moyen", "frequence"])
def test_each_indicator_is_drawn(key, token):
    app = open_app("descriptive", d=token, indicateur=get_indicator(key).label)
    assert not app.exception
    assert get_indicator(key).definition in words(app)


def test_too_little_history_is_not_called_normal():
    app = open_app("accueil", d=store.save(make_dataset(20)))
    assert not app.success
    assert any("16 mois complets de plus" in i.value for i in app.info)
