"""Against what a place is looked for: a year before, or what the past announced, forecast apart."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from analytics.constat import Constat
from analytics.diagnostic.expected import Announced, announce, known_months
from analytics.diagnostic.explain import choose_split
from analytics.errors import InsufficientData
from analytics.predictive import forecast
from analytics.predictive.forecast import MAX_HORIZON
from analytics.predictive.reconciliation import WHOLE
from analytics.predictive.series import Series, build_series
from pages.components.cache import cached, digest
from pages.components.events import calendar_version, forecast_events
from pages.components.forecast import PATIENCE
from pages.components.jobs import get_jobs, job_progress, node_memory
from pages.components.messages import safe
from pages.components.sidebar import View

KEY = "attendu"
FORECAST = "contre la prévision"
BEFORE = {"N-1": "contre un an avant", "M-1": "contre la période précédente"}


def choose_expected(view: View, constat: Constat, measure: str) -> bool:
    """Ask what the period is compared with, kept in the link; whether it is the forecast."""
    first = BEFORE[constat.selection.comparaison]
    reason = _refusal(view, constat, measure)
    options = [first] if reason else [first, FORECAST]
    chosen = st.segmented_control(
        "Écart cherché", options, default=first, required=True, key=KEY, bind="query-params", disabled=bool(reason),
        help="La prévision est faite avec les seuls mois qui précèdent la période, et les événements alors connus.",
    )  # fmt: skip
    if reason:
        st.caption(f"Comparer à la prévision n’est pas possible : {safe(reason)}.")
    return chosen == FORECAST


def wait_announced(view: View, constat: Constat, measure: str) -> Announced | None:
    """What the months before a period announced for it; None while it is computed, the progress being shown."""
    scope = replace(view, selection=constat.selection)
    series, by = _series(scope, measure)
    key = _start(scope, measure, series, by)
    status = job_progress(key, patience=PATIENCE)
    if status.state == "fini":
        return cached("announced", view.key, lambda: _announced(scope, series, by, key), job=key)
    if status.state == "echec":
        st.error(f"La prévision a échoué : {safe(status.text)}", icon=":material/error:")
        st.button("Relancer", key="attendu_relancer", on_click=get_jobs().cancel, args=(key,))
    return None


def _refusal(view: View, constat: Constat, measure: str) -> str:
    """Why there is no forecast to compare with, in French; empty when there is."""
    if constat.indicator == "ratio_pc":
        return "la prévision porte sur des montants, pas sur un ratio"
    try:
        horizon = _horizon(view, constat)
        if horizon > MAX_HORIZON:
            return f"la période s’éloigne de plus de {MAX_HORIZON} mois du dernier mois connu"
    except InsufficientData as error:
        return error.message
    return "" if measure in view.dataset.prestation.columns else "le fichier n’a pas ce montant"


def _horizon(view: View, constat: Constat) -> int:
    """Months from the last one known before the period to its end."""
    last, end = known_months(view.opened.complete_months, constat.selection)[-1], constat.selection.fin
    return (end.year - last.year) * 12 + end.month - last.month


def _series(scope: View, measure: str) -> tuple[Series, str | None]:
    """Series before the period, and the dimension of their parts, None when there is none."""
    selection = scope.selection
    by = choose_split(scope.dataset, selection)
    values = scope.opened.values[by] if by else []
    if len({scope.dataset.value_label(by, v) for v in values}) < len(values):  # two codes under one name
        by = None

    def compute() -> Series:
        months = known_months(scope.opened.complete_months, selection)
        return build_series(scope.dataset, measure, months, dict(selection.filtres), by=by)

    series = cached("series", scope.key, compute, avant=selection.debut, filtres=selection.filtres, k=measure)
    return series, by if series.hierarchy else None


def _start(scope: View, measure: str, series: Series, by: str | None) -> str:
    """Ask for the forecast; asked again, or by somebody else, it is computed once."""
    selection = scope.selection
    last = series.frame["mois"].max()
    horizon = (selection.fin.year - last.year) * 12 + selection.fin.month - last.month
    key = digest(
        "announced", scope.key, selection.filtres, selection.debut, selection.fin, measure, calendar_version(scope)
    )
    if get_jobs().status(key).state == "absent":
        events = forecast_events(scope, series, by)
        token = scope.opened.token
        get_jobs().submit(
            key, forecast, series.frame, horizon=horizon, events=events[events["debut"] <= last],
            hierarchy=series.hierarchy or None, prophet=False, owner=token, memory=node_memory(token),
        )  # fmt: skip
    return key


def _announced(scope: View, series: Series, by: str | None, key: str) -> Announced:
    parts = set(series.hierarchy.get(WHOLE, ()))
    values = scope.opened.values.get(by, []) if by else []
    names = {label: v for v in values if (label := scope.dataset.value_label(by, v)) in parts}
    return announce(get_jobs().result(key).table, scope.selection, by, names)
