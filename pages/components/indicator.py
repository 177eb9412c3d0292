"""One indicator of the user's choice: its finding, its history, the way to its causes."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from analytics.constat import describe
from analytics.indicators import Indicator, available_indicators, extra_measures, get_indicator, label_with_base
from charts.picture import Picture
from charts.trend import chart_trend
from pages.components import figure
from pages.components.cache import cached
from pages.components.cards import monthly
from pages.components.constat import measure, steps
from pages.components.event_calendar import show_events
from pages.components.events import calendar_version, events_of
from pages.components.messages import safe
from pages.components.sidebar import View


def choose_indicator(view: View) -> Indicator:
    """Select box of what the dataset can compute, its own measures included."""
    dataset = view.dataset
    options = [i.key for i in available_indicators(dataset)]
    options += extra_measures(dataset)
    main = dataset.main_measure or "cotisation"
    key = st.selectbox(
        "Indicateur",
        options,
        index=options.index(main) if main in options else 0,
        format_func=lambda k: get_indicator(k, dataset).label,
        key="indicateur",
        bind="query-params",
    )
    return get_indicator(key, dataset)


def show_indicator(view: View, indicator: Indicator) -> None:
    """The finding, its sentence, its series."""
    constat = measure(view.opened, indicator.key, view.selection)
    st.markdown(safe(describe(constat, view.dataset).text))
    st.caption(indicator.definition)
    table = monthly(view, indicator.key)
    if table["valeur"].isna().all():
        reason = next(filter(None, table["raison"]), "aucune valeur dans ce périmètre")
        st.info(f"{indicator.label} : {safe(reason)}.", icon=":material/info:")
        return
    picture = cached(
        "trend", view.key, lambda: _picture(view, indicator, table), key=indicator.key, selection=view.selection,
        shared=view.shared, calendrier=calendar_version(view),
    )  # fmt: skip
    figure.show(picture, key="serie", is_demo=view.dataset.is_demo)
    _explain_muted(view, table)
    show_events(view, table["mois"], key="descriptif")
    steps(constat, key="indicateur")


def _picture(view: View, indicator: Indicator, table: pd.DataFrame) -> Picture:
    """The series, a year before shown over the selection only."""
    compared = table["mois"].between(view.selection.debut, view.selection.fin) & (view.selection.comparaison == "N-1")
    return chart_trend(
        table.assign(reference=table["reference"].where(compared)), title=label_with_base(indicator, view.dataset),
        unit=indicator.unit, events=events_of(view), is_demo=view.dataset.is_demo,
    )  # fmt: skip


def _explain_muted(view: View, table: pd.DataFrame) -> None:
    if not (table["statut"] == "incomplet").any():
        return
    corrected = "mois_paiement" in view.opened.raw.prestation.columns
    why = (
        "leurs soins ne sont pas encore tous payés ; la valeur montrée est une estimation"
        if corrected
        else "leurs soins ne sont pas encore tous payés, et le fichier n’a pas de mois de paiement pour les estimer"
    )
    st.caption(f"Mois en pointillé orange : incomplets, {why}.")
