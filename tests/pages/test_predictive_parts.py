"""Parts of the forecast: which dimension, which names, what is hidden, what is still an estimate, what is told."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from analytics.predictive.completed import COLUMN
from analytics.predictive.reconciliation import WHOLE
from analytics.predictive.series import UNNAMED, Series
from data import store
from data.store import KeptEvent
from pages.components.datasets import DEMO
from pages.components.events import forecast_events, keep_event
from pages.components.forecast import names_shown, perimeter_series, start_forecast
from pages.components.jobs import get_jobs
from pages.components.outlook import Outlook
from pages.components.outlook_export import figures_of, tell_effect
from pages.components.outlook_secret import hidden_parts
from pages.components.outlook_series import HIDDEN, MANY, month_errors, split_of
from tests.pages.conftest import open_app, words
from tests.pages.test_predictive import ask_for, drawn, finish, view_of
from tests.samples import make_dataset

REGION = "region"


def by_region(sample):
    """One row by month and region: the only dimension that splits it."""
    care = sample.prestation.groupby(["mois", REGION], as_index=False)[["actes", "prestation"]].sum()
    members = sample.cotisation.groupby(["mois", REGION], as_index=False)[["beneficiaires", "cotisation"]].sum()
    return replace(sample, prestation=care, cotisation=members)


def with_heads(sample, region, months, heads):
    members = sample.cotisation.copy()
    few = (members[REGION] == region) & members["mois"].isin(months)
    members.loc[few, "beneficiaires"] = heads
    return replace(sample, cotisation=members)


@pytest.mark.parametrize("months", [slice(0, 24), slice(10, 11), slice(45, 48)])
def test_a_part_with_one_month_of_few_persons_is_hidden_with_another(home, months):
    base = by_region(make_dataset(48))
    token = store.save(replace(with_heads(base, "C", base.months[months], 4.0), source=f"peu {months}"))
    assert names_shown(view_of(token), perimeter_series(view_of(token))) == [WHOLE, "A", "B", "C"]
    view = view_of(token, shared=True)
    series = perimeter_series(view)
    assert names_shown(view, series) == [WHOLE, "A"]
    assert hidden_parts(view, series) == {"B", "C"}


def test_what_is_hidden_is_together_many_enough(home):
    """B and C have 4 and 5 persons in the same month: the whole less A would speak of nine."""
    base = by_region(make_dataset(48))
    base = with_heads(with_heads(base, "C", base.months[[7]], 4.0), "B", base.months[[7]], 5.0)
    view = view_of(store.save(replace(base, source="neuf")), shared=True)
    assert names_shown(view, perimeter_series(view)) == [WHOLE]


def test_in_shared_mode_the_link_shows_no_month_of_four_persons(home):
    base = by_region(make_dataset(48))
    token = store.save(replace(with_heads(base, "C", base.months[:24], 4.0), source="lien"))
    app = finish(open_app("predictive", d=token, partage="true", serie="C"))
    assert not app.exception
    assert app.main.selectbox(key="serie").value == WHOLE
    assert "2 groupes de moins de 11 personnes" in words(app)
    view = view_of(token, shared=True)
    outlook = ask_for(view)
    assert set(figures_of(outlook, names_shown(view, outlook.series))["Série"]) == {WHOLE, "A"}


def test_what_the_file_does_not_name_is_hidden_in_shared_mode(home):
    base = by_region(make_dataset(36))
    care = base.prestation.astype({REGION: object})
    rows = care[care[REGION] == "A"].assign(**{REGION: None, "prestation": 50.0})
    token = store.save(replace(base, prestation=pd.concat([care, rows], ignore_index=True), source="sans région"))
    view, shared = view_of(token), view_of(token, shared=True)
    shown, hidden = names_shown(view, perimeter_series(view)), hidden_parts(shared, perimeter_series(shared))
    rest = set(shown) - {WHOLE, "A", "B", "C"}
    assert len(rest) == 1
    assert rest < hidden  # and one more, that the difference would give back
    assert len(hidden) == 2


def test_a_secret_month_of_the_whole_leaves_no_part_and_says_so(home):
    base = by_region(make_dataset(36))
    for region in "ABC":
        base = with_heads(base, region, base.months[[4]], 2.0)
    view = view_of(store.save(replace(base, source="mois secret")), shared=True)
    series = perimeter_series(view)
    assert (series.parts, series.by, series.raison) == ((), None, HIDDEN)
    assert series.frame["valeur"].isna().sum() == 2


def many_postes(count):
    base = make_dataset(40)
    care = base.prestation[base.prestation["poste"] == "optique"]
    parts = [care.assign(poste=f"P{i:03d}") for i in range(count)]
    return replace(base, prestation=pd.concat(parts, ignore_index=True), source=f"{count} postes")


def test_too_many_postes_give_the_next_dimension_and_the_reason(home):
    view = view_of(store.save(many_postes(20)))
    series = perimeter_series(view)
    assert series.by == split_of(view) != "poste"
    assert len(series.parts) in (2, 3)
    assert "poste : 20 valeurs, 14 au plus" in series.raison


def test_the_dimension_of_the_parts_is_in_the_link(home):
    token = store.save(many_postes(20))

    def script(token):
        import streamlit as st

        from pages.components.forecast import choose_series, perimeter_series
        from tests.pages.test_predictive import view_of

        view = view_of(token)
        series = perimeter_series(view)
        st.text(choose_series(view, series))
        st.text(f"{series.by} {len(series.parts)} {series.raison}")

    app = AppTest.from_function(script, args=(token,))
    app.query_params["parties"] = "Poste"
    app.run()
    assert not app.exception
    assert app.text[1].value.strip() == "poste 20"
    assert app.selectbox(key="parties").options == ["Automatique", "Poste", "Contrat", "Région"]
    app.selectbox(key="parties").set_value("Région")
    assert app.run().text[1].value.strip() == "region 3"
    app.query_params["parties"] = "n’importe quoi"
    assert not app.run().exception
    assert MANY > 100


def test_a_poste_called_like_the_whole_does_not_stop_the_page(home):
    base = make_dataset(36)
    care = base.prestation.assign(poste=base.prestation["poste"].replace({"pharmacie": WHOLE}))
    app = drawn(store.save(replace(base, prestation=care, source="un poste Ensemble")))
    assert not app.error
    assert "Ensemble (poste)" in app.main.selectbox(key="serie").options


def test_months_still_estimated_carry_their_error_and_their_name(home, monkeypatch):
    view = view_of(DEMO)
    series = perimeter_series(view)
    table = view.opened.maturity
    assert set(series.estimes) == set(table.loc[table["statut"] == "provisoire", "mois"])
    unsure = series.frame[series.frame[COLUMN] > 0]
    assert set(unsure["mois"]) == set(series.estimes)
    assert set(unsure["serie"]) == {WHOLE, *series.parts}
    whole = unsure[unsure["serie"] == WHOLE].set_index("mois")
    told = view.opened.development.by_month().set_index("mois").loc[whole.index]
    assert (whole[COLUMN] / whole["valeur"]).to_numpy() == pytest.approx((told["se"] / told["ultime"]).to_numpy())
    sent = {}
    monkeypatch.setattr(
        type(get_jobs()), "submit", lambda self, key, function, frame, **options: sent.setdefault(key, frame)
    )
    one = start_forecast(view, series)
    other = start_forecast(view, replace(series, frame=series.frame.assign(**{COLUMN: 2 * series.frame[COLUMN]})))
    assert one != other
    assert all(COLUMN in frame for frame in sent.values())


def test_the_export_says_which_months_are_estimated():
    months = pd.date_range("2024-01-01", periods=6, freq="MS")
    frame = pd.DataFrame({"serie": WHOLE, "mois": months, "valeur": 1.0})
    ahead = frame.tail(1).assign(bas_80=0.0, haut_80=2.0, bas_95=0.0, haut_95=2.0, modele="m")
    forecast = type("Forecast", (), {"table": ahead})()
    outlook = Outlook("k", Series(frame, {}, estimes=tuple(months[-2:])), forecast)
    assert figures_of(outlook, [WHOLE])["Nature"].tolist() == ["réalisé"] * 4 + ["estimé"] * 2 + ["prévision"]


def test_the_part_without_a_name_has_the_errors_of_the_perimeter(home):
    view = view_of(DEMO)
    history = perimeter_series(view).frame.query("serie == @WHOLE")
    own, rest = (month_errors(view, history, by="poste", name=name) for name in (WHOLE, UNNAMED))
    pd.testing.assert_frame_equal(own, rest)


def test_an_event_of_a_poste_reaches_the_series_that_hold_it(home):
    token = store.save(replace(make_dataset(40), source="événement"))
    keep_event(view_of(token), KeptEvent("Grille", date(2022, 1, 1), None, "palier", ("dentaire",), "x"))

    def touched(view, by):
        series = perimeter_series(view)
        given = series if by == series.by else Series(series.frame, {})
        events = forecast_events(view, given, by)
        return events.loc[events["evenement"] == "Grille", "serie"].tolist()

    assert touched(view_of(token), "poste") == ["dentaire"]
    assert [pd.isna(s) for s in touched(view_of(token), None)] == [True]  # felt by the whole, its effect estimated
    assert touched(view_of(token, poste=("optique",)), None) == []


def effects(*rows):
    return pd.DataFrame(rows, columns=["serie", "effet", "retenu", "raison"])


def test_what_is_said_of_an_event_is_what_became_of_it():
    found = effects(
        ("A", "Réforme", True, ""), ("B", "Réforme", False, "trop faible"), ("A", "Choc (2020-03)", True, ""),
        ("A", "Choc (2020-04)", False, "trop faible"), ("A", "Grille", False, "historique trop court"),
    )  # fmt: skip
    assert tell_effect(found, "Réforme") == "effet estimé sur l’historique : A"
    assert tell_effect(found, "Choc") == "effet estimé sur l’historique : A"
    assert tell_effect(found, "Grille") == "non retenu : historique trop court"
    assert tell_effect(found, "Autre") == "sans effet sur les séries montrées"
    assert tell_effect(found, "Cho") == "sans effet sur les séries montrées"


def test_an_unknown_step_is_told_and_one_click_puts_it_in_the_calendar(home):
    base = make_dataset(60, seed=2)
    care = base.prestation.copy()
    hit = (care["poste"] == "pharmacie") & (care["mois"] >= base.months[-6])
    care.loc[hit, "prestation"] *= 1.2
    token = store.save(replace(base, prestation=care, source="palier"))
    app = drawn(token)
    told = next(w.value for w in app.main.warning if "Changement de niveau" in w.value)
    assert "« Pharmacie » en juillet" in told
    shared = finish(open_app("predictive", d=token, partage="true"))
    assert any("Changement de niveau" in w.value for w in shared.main.warning)
    assert not any("Changement de niveau" in b.label for b in shared.main.button)  # the calendar is read only there
    next(b for b in app.main.button if "Changement de niveau" in b.label).click()
    app = finish(app.run())
    assert not app.exception
    assert not any("Changement de niveau" in w.value for w in app.main.warning)
    outlook = ask_for(view_of(token))
    own = outlook.forecast.effects
    size = own[own["effet"].astype("str").str.startswith("Changement") & (own["serie"] == "pharmacie")]
    assert size["variation"].tolist() == pytest.approx([0.2], abs=0.03)
    ahead = outlook.ahead("pharmacie")["valeur"].to_numpy()
    before = care[(care["poste"] == "pharmacie") & ~hit].groupby("mois")["prestation"].sum().tail(12)
    assert ahead.mean() / before.mean() == pytest.approx(1.2, abs=0.06)
    assert np.ptp(ahead[[0, -1]]) / ahead.mean() < 0.2
