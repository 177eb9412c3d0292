"""The forecast of the perimeter: asked for, computed apart, shown as a sentence and a fan."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import streamlit as st

from analytics.constat import describe_perimeter, in_sentence
from analytics.descriptive import compute_indicator
from analytics.french import format_month
from analytics.predictive import forecast
from analytics.predictive.completed import COLUMN
from analytics.predictive.estimated import estimated_months
from analytics.predictive.landing import describe_ahead
from analytics.predictive.questions import ENSUITE, TENDANCE
from analytics.predictive.reconciliation import WHOLE
from analytics.predictive.seen import describe_trust
from analytics.predictive.series import Series
from analytics.predictive.shown import Candidate
from analytics.schema import Selection
from charts.fan import chart_fan
from charts.picture import Picture
from pages.components import figure
from pages.components.cache import cached, digest
from pages.components.events import calendar_version, events_of
from pages.components.jobs import get_jobs, job_progress, node_memory, show_failure
from pages.components.messages import safe, told_in_french
from pages.components.outlook import HORIZON, Ask, Outlook
from pages.components.outlook_events import asked_events
from pages.components.outlook_series import (
    capital,
    choose_series,
    explain_parts,
    names_shown,
    part_values,
    perimeter_series,
)
from pages.components.outlook_steps import show_steps
from pages.components.sharing import hide_months
from pages.components.sidebar import View

HISTORY_SHOWN = 60
PATIENCE = 0.2
__all__ = [
    "choose_series", "explain_estimated", "names_shown", "other_outlook", "perimeter_series", "show_fan",
    "show_sentence", "start_forecast", "subject_of", "wait_forecast",
]  # fmt: skip
#: The other question as it is called beside the one that is asked.
OTHER_NAMES = {ENSUITE: "Avec les événements à venir", TENDANCE: "Si les tendances se poursuivent"}


def wait_forecast(view: View, series: Series, ask: Ask) -> Outlook | None:
    """The forecast asked for, or its progress, or why there is none."""
    key = start_forecast(view, series, ask)
    status = job_progress(key, patience=PATIENCE)
    if status.state == "fini":
        return Outlook(key, series, get_jobs().result(key), ask, asked_events(view, series, ask)[0])
    if status.state == "echec":
        show_failure(key, "La prévision a échoué")
    return None


def start_forecast(view: View, series: Series, ask: Ask | None = None, *, with_events: bool = True) -> str:
    """Ask for a forecast; the same series, events and cut are computed once for every session."""
    ask = ask or Ask(with_events=with_events)
    events, entering = asked_events(view, series, ask)
    key = digest(
        "forecast", view.key, view.selection.filtres, entering, ask.depuis, HORIZON, view.shared, series.by,
        series.parts, _sure(series),
    )  # fmt: skip
    if get_jobs().status(key).state == "absent":
        frame = series.frame if ask.depuis is None else series.frame[series.frame["mois"] >= ask.depuis]
        token = view.opened.token
        get_jobs().submit(
            key, forecast, frame, horizon=HORIZON, events=events, hierarchy=series.hierarchy or None, prophet=False,
            owner=token, memory=node_memory(token),
        )  # fmt: skip
    return key


def _sure(series: Series) -> list[list[str]]:
    """Standard errors that enter a forecast, as text: those of the months that are still an estimate."""
    if COLUMN not in series.frame:
        return []
    rows = series.frame.loc[series.frame[COLUMN] > 0, ["serie", "mois", COLUMN]]
    return rows.assign(**{COLUMN: rows[COLUMN].round(2)}).astype("str").to_numpy().tolist()


def other_outlook(view: View, outlook: Outlook) -> Outlook | None:
    """The answer to the other question, computed after the one asked; None when it is the same, or not ready."""
    ask = replace(outlook.ask, question=TENDANCE if outlook.ask.question == ENSUITE else ENSUITE)
    with told_in_french():
        key = start_forecast(view, outlook.series, ask)
        if key == outlook.key:
            st.caption(
                "Aucun événement à venir n’a d’effet supposé : les deux questions ont aujourd’hui la même réponse. "
                "Donnez une taille à un événement dans « Hypothèses » pour les séparer."
            )
            return None
        status = job_progress(key)
        if status.state == "echec":
            show_failure(key, "La réponse à l’autre question n’a pas pu être calculée")
        if status.state == "fini":
            events = asked_events(view, outlook.series, ask)[0]
            return Outlook(key, outlook.series, get_jobs().result(key), ask, events)
    return None


def subject_of(view: View, name: str) -> str:
    """The perimeter, or the part of it that is shown."""
    return describe_perimeter(view.selection, view.dataset) if name == WHOLE else capital(name)


def show_sentence(view: View, outlook: Outlook, name: str) -> None:
    """What comes and how sure it is, in one sentence."""
    measure = in_sentence(view.dataset.label(view.dataset.main_measure))

    def tell() -> str:
        said = describe_ahead(outlook.history(name), outlook.ahead(name), subject=subject_of(view, name),
                              measure=measure).text  # fmt: skip
        scores = outlook.forecast.candidates
        return f"{said.removesuffix('.')} ; {describe_trust(scores[scores['serie'] == name])}."

    st.markdown(safe(cached("outlook_sentence", view.key, tell, job=outlook.key, serie=name)))


def show_fan(
    view: View, outlook: Outlook, name: str, *, other: Outlook | None = None, candidate: Candidate | None = None
) -> None:
    """Fan chart, its remarks, its table; the other question and the candidate beside it when they are ready."""
    dataset = view.dataset

    def draw() -> Picture:
        measure = dataset.label(dataset.main_measure)
        return chart_fan(
            outlook.used(name).tail(HISTORY_SHOWN), outlook.ahead(name), title=f"{measure} : {subject_of(view, name)}",
            unit="EUR", candidate=None if candidate is None else candidate.table,
            other=None if other is None else other.ahead(name),
            other_name=OTHER_NAMES[TENDANCE if outlook.ask.question == ENSUITE else ENSUITE],
            estimated=_estimated(view, outlook.series, name), events=events_of(view), is_demo=dataset.is_demo,
        )  # fmt: skip

    picture = cached(
        "fan", view.key, draw, job=outlook.key, serie=name, calendrier=calendar_version(view), partage=view.shared,
        autre=None if other is None else other.key, prophet=candidate is not None, question=outlook.ask.question,
    )  # fmt: skip
    figure.show(picture, key="eventail", is_demo=dataset.is_demo)
    remarks = [w for w in outlook.forecast.warnings if "Série «" not in w or f"« {name} »" in w]
    for remark in remarks:
        st.caption(safe(remark.replace(f"Série « {WHOLE} » : ", "")))
    explain_parts(view, outlook.series)
    show_steps(view, outlook, name)


def _estimated(view: View, series: Series, name: str) -> pd.DataFrame | None:
    """Months of a series that are not all paid, with the interval of their ultimate."""
    opened, filters = view.opened, dict(view.selection.filtres)
    months = opened.maturity.loc[opened.maturity["statut"] != "complet", "mois"]
    if months.empty:
        return None
    if name != WHOLE:
        filters[series.by] = part_values(view, series.by, name)
        if not filters[series.by]:  # what the file does not name cannot be asked for
            return None
    scope = Selection(months.min(), months.max(), filters)
    values = compute_indicator(view.dataset, view.dataset.main_measure, selection=scope)[["mois", "valeur"]]
    values = hide_months(view, values, ["valeur"], filtres=filters)
    errors = None if opened.development is None else opened.development.by_month()
    return estimated_months(values, opened.maturity, errors)


def explain_estimated(view: View) -> None:
    """What the months apart are, under the fan."""
    opened = view.opened
    months = opened.maturity.loc[opened.maturity["statut"] != "complet", "mois"]
    if months.empty:
        return
    first = format_month(months.min(), short=False)
    if opened.development is None:
        st.caption(f"Points orange, dès {first} : payé à ce jour, incomplet ; la prévision reprend ces mois.")
        return
    st.caption(
        f"Points orange, dès {first} : soins pas encore tous payés, montrés à leur coût final estimé, avec sa "
        "fourchette (8 chances sur 10) ; les moins connus sont prévus comme les mois à venir."
    )
