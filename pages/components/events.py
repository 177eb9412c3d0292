"""The dated events that may explain a series: reforms, lockdowns, rates."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from analytics.french import format_period
from analytics.predictive.series import WHOLE, Series
from data.references import load_events
from data.references.market import recognise_postes
from pages.components.cache import cached
from pages.components.figure import folded, show_table
from pages.components.messages import safe
from pages.components.sidebar import View


@st.cache_resource(show_spinner=False)
def _calendar() -> pd.DataFrame:
    return load_events()


def events_of(view: View) -> pd.DataFrame:
    """Events that touch the postes of the perimeter."""
    calendar = _calendar()
    postes = view.selection.filtres.get("poste")
    if not postes:
        return calendar
    named = {*postes, *recognise_postes(postes).values()}  # the calendar has its own words for them
    return calendar[calendar["postes"].map(lambda touched: not touched or bool(set(touched) & named))]


def show_events(view: View, months: pd.Series) -> None:
    """The events of the series in words: shocks first, which no one should take for a trend."""
    first, last = months.min(), months.max()
    shocks, within = cached(
        "events", view.key, lambda: _told(events_of(view), first, last), first=first, last=last,
        postes=view.selection.filtres.get("poste"),
    )  # fmt: skip
    if shocks:
        st.caption(shocks)
    if len(within):
        label = "Événements datés (traits verticaux) et leurs sources"
        with folded(label, icon=":material/event:", key="evenements_dates") as is_open:
            if is_open:
                show_table(within)


def _told(events: pd.DataFrame, first: pd.Timestamp, last: pd.Timestamp) -> tuple[str, pd.DataFrame]:
    """The shocks of a period in one sentence, and the table of its events."""
    within = events[(events["debut"] <= last) & (events["fin"].fillna(last) >= first)]
    shocks = within[within["forme"] == "impulsion"]
    named = " ; ".join(f"{e.evenement}, {format_period(e.debut, e.fin)}" for e in shocks.itertuples())
    words = f":material/coronavirus: Choc connu, à ne pas lire comme une tendance : {safe(named)}." if named else ""
    names = {"debut": "Début", "evenement": "Événement", "source": "Source"}
    return words, within[list(names)].rename(columns=names)


def forecast_events(view: View, series: Series) -> pd.DataFrame:
    """Events as a forecast takes them: one row by event and series touched; the whole feels those of every poste."""
    names = list(series.frame["serie"].drop_duplicates())
    first = series.frame["mois"].min()
    calendar = _calendar()
    rows = []
    for event in calendar[calendar["fin"].fillna(calendar["debut"]) > first].itertuples():
        touched = [n for n in names if n in event.postes] if event.postes else [None]
        if event.postes and not touched and _inside(view, event.postes):
            touched = [WHOLE]
        rows.extend((event.evenement, event.debut, event.fin, event.forme, name) for name in touched)
    return pd.DataFrame(rows, columns=["evenement", "debut", "fin", "forme", "serie"])


def _inside(view: View, postes: tuple[str, ...]) -> bool:
    chosen = view.selection.filtres.get("poste", ())
    return len(chosen) == 1 and chosen[0] in postes
