"""The sum of the bars is the gap of the finding, whatever is unknown, and every section answers."""

import json
import re
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from analytics.constat import Constat, to_param, with_dataset
from analytics.descriptive import build_constat, comparison_period
from analytics.diagnostic import explain_change
from analytics.diagnostic.bounds import Bounds
from analytics.diagnostic.gap import Gap, explain_gap
from analytics.schema import Selection
from data import store
from pages.components.bridge_words import judge, list_bars
from pages.components.causes import _share, _still_open, find_unread
from tests.pages.conftest import open_app, words
from tests.samples import make_dataset

UNKNOWN = "Montants inconnus sur une des périodes"
QUESTIONS = ("Un effet domine ?", "Un endroit précis ?", "Un événement ?")


def changed(dataset, column, where, value):
    care = dataset.prestation
    return replace(dataset, prestation=care.assign(**{column: care[column].mask(where(care), value)}))


def last_year(dataset):
    return lambda rows: rows["mois"] >= dataset.months[-12]


@pytest.fixture(scope="module")
def base():
    return make_dataset(40)


@pytest.fixture(scope="module")
def blank(base):
    late = last_year(base)
    return changed(base, "prestation", lambda rows: late(rows) & (rows["poste"] == "optique"), np.nan)


def plain(app):
    return words(app).replace("\\", "").replace("\u00a0", " ").replace("\u202f", " ")


def steps(app):
    chart = app.main.get("vega_lite_chart")[0].proto
    return pa.ipc.open_stream(chart.data.data).read_pandas() if chart.data.data else json.loads(chart.spec)


def bars_of(dataset, key="prestation"):
    months = dataset.months
    selection = Selection(months[-12], months[-1])
    gap = explain_gap(dataset, key, selection, comparison_period(selection))
    constat = build_constat(dataset, key, selection)
    groups = {effect: effect for effect in [*gap.table["effet"].unique(), "inconnu"]}
    return constat, gap, groups, list_bars(constat, gap, groups, shared=False)


@pytest.mark.parametrize("key", ["prestation", "ratio_pc"])
def test_amounts_unknown_in_a_period_have_their_bar(blank, key):
    constat, gap, groups, bars = bars_of(blank, key)
    assert bars["montant"].sum() == pytest.approx(constat.ecart)
    assert UNKNOWN in set(bars["effet"])
    reponse, phrase = judge(constat, gap, bars, groups, "EUR")
    assert reponse == "on ne peut pas dire"
    assert "inconnus" in phrase


@pytest.mark.parametrize("query", [{}, {"partage": "true"}])
def test_the_page_sums_to_the_figure_of_the_descriptive_page(blank, home, query):
    app = open_app("diagnostic", d=store.save(blank), detail_pont="Poste", **query)
    assert not app.exception
    text = plain(app)
    gap = re.search(r"un an avant \((.+?), [−+]", text).group(1)
    assert f"La somme des barres est exactement l’écart : {gap}." in text
    table = next(t.value for t in app.main.get("table") if "Poste" in t.value.columns)
    assert table.set_index("Poste").loc["optique", UNKNOWN] == table.set_index("Poste").loc["optique", "Total"]
    assert "tient d’abord à des montants inconnus" in text  # nor is it a place
    drawn = steps(app)
    value = float(build_constat(blank, "prestation", Selection(blank.months[-12], blank.months[-1])).valeur)
    assert drawn["haut"].iloc[-1] == pytest.approx(value)


def test_a_premium_that_is_not_there_closes_its_segment(base, home):
    cover = base.cotisation
    gone = replace(base, cotisation=cover[(cover["region"] != "A") | ~last_year(base)(cover)])
    constat, gap, _, bars = bars_of(gone, "ratio_pc")
    assert gap.bridge.total == pytest.approx(constat.ecart)
    assert UNKNOWN not in set(bars["effet"])
    assert abs(bars.set_index("cle").loc["fermeture", "montant"]) > 0.3
    unknown = cover["cotisation"].mask((cover["region"] == "A") & last_year(base)(cover))
    constat, _, _, bars = bars_of(replace(base, cotisation=cover.assign(cotisation=unknown)), "ratio_pc")
    assert bars["montant"].sum() == pytest.approx(constat.ecart)
    assert UNKNOWN in set(bars["effet"])


def test_what_rounding_leaves_is_no_gap(base):
    constat, gap, groups, _ = bars_of(base)
    dust = replace(constat, ecart=6e-13, valeur=constat.reference)
    assert judge(dust, gap, list_bars(constat, gap, groups, shared=False)[:0], groups, "EUR")[0] == "non"
    bridge = gap.bridge
    even = replace(bridge, table=bridge.table.assign(montant=1e-13), total=6e-13)
    bars = list_bars(dust, Gap(even, Bounds()), groups, shared=False)
    assert bars.empty
    assert judge(dust, Gap(even, Bounds()), bars, groups, "EUR") == ("non", "Il n’y a pas d’écart à expliquer.")


def test_an_unmeasured_error_leaves_the_answer_open():
    dataset = make_dataset(40, drift=0.4)
    constat, gap, groups, bars = bars_of(dataset)
    assert judge(constat, gap, bars, groups, "EUR")[0] == "oui"
    selection = constat.selection
    bridge = explain_change(dataset, "prestation", selection, comparison_period(selection))
    blind = Gap(bridge, Bounds(("frequence", "cout_moyen"), np.zeros((2, 1)), True))
    reponse, phrase = judge(constat, blind, bars, groups, "EUR")
    assert reponse == "on ne peut pas dire"
    assert "ne se mesure pas" in phrase


def test_what_is_still_open_is_unknown_rather_than_zero():
    known = SimpleNamespace(part=0.9, bas=0.8, paye=90.0, ultime=100.0)
    assert _still_open(known, paid=False) == pytest.approx(12.5)
    assert _still_open(known, paid=True) == 0.0
    assert np.isnan(_still_open(SimpleNamespace(part=0.9, bas=np.nan, paye=90.0, ultime=100.0), paid=False))
    assert _still_open(SimpleNamespace(part=1.0, bas=np.nan, paye=100.0, ultime=100.0), paid=False) == 0.0
    assert np.isnan(_still_open(SimpleNamespace(part=np.nan, bas=np.nan, paye=np.nan, ultime=np.nan), paid=False))


def test_a_part_of_no_gap_is_not_against_it():
    row = SimpleNamespace(ecart=5.0)
    assert _share(SimpleNamespace(total=0.0, genre="effectif"), row) == "sans écart total"
    assert _share(SimpleNamespace(total=-10.0, genre="effectif"), row) == "à rebours de l’écart total"
    assert _share(SimpleNamespace(total=10.0, genre="marge"), row).endswith("de l’écart à la prévision")


@pytest.mark.parametrize("months", [1, 2, 13])
def test_without_a_period_to_compare_every_section_says_so(home, months):
    app = open_app("diagnostic", d=store.save(make_dataset(months)))
    assert not app.exception
    brief = plain(app)
    for question in QUESTIONS:
        line = next(text for text in brief.splitlines() if f"[{question}]" in text.replace("\u202f", " "))
        assert "On ne peut pas dire" in line
    assert "n’a pas toute la période de comparaison" in brief


@pytest.mark.parametrize("late", [True, False])
def test_a_period_without_a_value_is_named(base, home, late):
    end, middle = last_year(base), base.months[-24]
    empty = changed(
        base, "prestation", end if late else lambda r: ~end(r) & (r["mois"] >= middle), np.nan
    )  # fmt: skip
    text = plain(open_app("diagnostic", d=store.save(empty)))
    period = "mai 2022 à avr. 2023" if late else "mai 2021 à avr. 2022"
    assert f"prestations sans valeur connue ({period})" in text
    assert "La somme des barres" not in text


def test_identical_periods_have_no_gap(home):
    base = make_dataset(24)
    first = base.prestation[base.prestation["mois"] < base.months[12]]
    twice = pd.concat([first, first.assign(mois=first["mois"] + pd.DateOffset(years=1))], ignore_index=True)
    text = plain(open_app("diagnostic", d=store.save(replace(base, prestation=twice))))
    assert text.count("Il n’y a pas d’écart à expliquer.") == 4  # two sections, and the brief
    assert "0,00 € de plus ou de moins" not in text


def test_the_cost_without_charges_in_a_period_stays_whole(base, home):
    end = last_year(base)
    token = store.save(changed(base, "frais_reels", lambda rows: ~end(rows), np.nan))
    app = open_app("diagnostic", d=token, cout_detaille="true")
    assert not app.exception
    assert not app.error
    text = plain(app)
    assert "Le coût moyen ne se détaille pas ici" in text
    assert "La somme des barres est exactement" in text


def test_a_place_left_blank_does_not_climb(base):
    view = SimpleNamespace(opened=SimpleNamespace(values={"region": ["A", "B"]}), dataset=base)
    assert find_unread(view, {"region": "A"}) == ""
    assert "ne se filtre pas" in find_unread(view, {"region": "non précisé"})


def test_a_followed_ratio_keeps_its_figure(blank, home):
    token = store.save(blank)
    months = blank.months
    found: Constat = with_dataset(build_constat(blank, "ratio_pc", Selection(months[-12], months[-1])), token)
    for query in ({}, {"partage": "true"}):
        text = plain(open_app("diagnostic", d=token, constat=to_param(found), **query))
        gap = re.search(r"un an avant \((.+?)\)", text).group(1)
        assert f"La somme des barres est exactement l’écart : {gap}." in text
