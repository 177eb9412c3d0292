"""Events as a forecast is given them: those of the past, those to come with their supposed effect, or none to come."""

from __future__ import annotations

import pandas as pd

from analytics.predictive.questions import TENDANCE, hold_trend, plan, shares_touched, spread
from analytics.predictive.reconciliation import WHOLE
from analytics.predictive.series import Series
from analytics.schema import Selection
from data.references.market import recognise_postes
from pages.components.cache import cached
from pages.components.events import calendar_version, events_of, forecast_events
from pages.components.outlook import HORIZON, Ask
from pages.components.outlook_series import split_of
from pages.components.sidebar import View

YEAR = 12
__all__ = ["asked_events", "planned_events", "shares_of", "split_of"]
Asked = tuple[pd.DataFrame | None, list]


def planned_events(view: View, series: Series) -> pd.DataFrame:
    """Events taken into account that begin after the last known month, within the forecast."""
    last = series.frame["mois"].max()
    return cached(
        "planned_events", view.key, lambda: _within(events_of(view), last),
        postes=view.selection.filtres.get("poste"), calendrier=calendar_version(view), dernier=last,
    )  # fmt: skip


def _within(events: pd.DataFrame, last: pd.Timestamp) -> pd.DataFrame:
    end = last + pd.DateOffset(months=HORIZON)
    return events[(events["debut"] > last) & (events["debut"] <= end)].reset_index(drop=True)


def shares_of(view: View, series: Series, event) -> dict[str, float]:
    """Share of the amounts of each series that an event touches, over the last twelve known months."""
    by, last = series.by, series.frame["mois"].max()
    first = last - pd.DateOffset(months=YEAR - 1)
    selection = Selection(first, last, view.selection.filtres)
    inside = view.opened.values.get("poste", [])
    named = {p for p in inside if {p, *recognise_postes((p,)).values()} & set(event.postes)}
    touched = tuple(sorted(named)) if event.postes else ()
    if event.postes and not touched:
        return {}
    known = {WHOLE, *series.parts}
    found = cached(
        "planned_shares", view.key,
        lambda: shares_touched(view.dataset, view.dataset.main_measure, selection, by=by, postes=touched),
        selection=selection, par=by, postes=touched,
    )  # fmt: skip
    return {serie: share for serie, share in found.items() if serie in known}


def asked_events(view: View, series: Series, ask: Ask) -> Asked:
    """The events given to a forecast, and their text, which tells two forecasts apart; (None, []) without any."""
    if not ask.with_events:
        return None, []
    return cached(
        "asked_events", view.key, lambda: _asked(view, series, ask), ask=ask, filtres=view.selection.filtres,
        calendrier=calendar_version(view), parties=series.hierarchy.get(WHOLE, ()),
        premier=series.frame["mois"].min(), dernier=series.frame["mois"].max(),
    )  # fmt: skip


def _asked(view: View, series: Series, ask: Ask) -> Asked:
    last = series.frame["mois"].max()
    events = forecast_events(view, series, series.by)
    if ask.depuis is not None:
        events = events[events["fin"].fillna(events["debut"]) > ask.depuis]
    if ask.question == TENDANCE:
        found = hold_trend(events, last)
    else:
        sizes = dict(ask.sizes)
        rows = [
            spread(event._asdict(), sizes[event.evenement], shares_of(view, series, event))
            for event in planned_events(view, series).itertuples(index=False)
            if event.evenement in sizes
        ]
        found = plan(events, pd.concat(rows, ignore_index=True) if rows else pd.DataFrame(), last)
    return found, found.astype("str").to_numpy().tolist()
