"""The dated events that may explain a series: reforms, lockdowns, rates."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from analytics.predictive.series import WHOLE, Series
from data.references import load_events
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
    return calendar[calendar["postes"].map(lambda touched: not touched or bool(set(touched) & set(postes)))]


def covid_months() -> pd.DatetimeIndex:
    """Months of the lockdowns, which no comparison should take for a trend."""
    calendar = _calendar()
    spans = calendar[calendar["forme"] == "impulsion"]
    months = [m for r in spans.itertuples() for m in pd.date_range(r.debut, r.fin, freq="MS")]
    return pd.DatetimeIndex(sorted(set(months)))


def forecast_events(view: View, series: Series) -> pd.DataFrame:
    """Events as a forecast takes them: one row by event and series touched; the whole feels those of every poste."""
    names = list(series.frame["serie"].drop_duplicates())
    rows = []
    for event in _calendar().itertuples():
        touched = [n for n in names if n in event.postes] if event.postes else [None]
        if event.postes and not touched and _inside(view, event.postes):
            touched = [WHOLE]
        rows.extend((event.evenement, event.debut, event.fin, event.forme, name) for name in touched)
    return pd.DataFrame(rows, columns=["evenement", "debut", "fin", "forme", "serie"])


def _inside(view: View, postes: tuple[str, ...]) -> bool:
    chosen = view.selection.filtres.get("poste", ())
    return len(chosen) == 1 and chosen[0] in postes
