"""The dated events that may explain a series: reforms, lockdowns, rates, and those that the reader adds.

A dataset dropped by somebody keeps its changes in the store; those of every visitor (demonstration, engine) keep them
for the session only, and the page says so.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import date

import pandas as pd
import streamlit as st

from analytics.errors import PaliersError, ParameterError
from analytics.predictive.series import Series, part_name
from data import store
from data.calendar import check_event, merge_calendar
from data.references import load_events
from data.references.market import recognise_postes
from data.store import KeptEvent
from pages.components import state
from pages.components.cache import cached, digest
from pages.components.messages import show_error
from pages.components.sidebar import View

#: In the session: changes on a dataset of every visitor; what the store answered in this run.
_CHANGES, _READ = "_calendrier", "_calendrier_lu"


@st.cache_resource(show_spinner=False)
def _reference() -> pd.DataFrame:
    return load_events()


def kept_events(view: View) -> tuple[KeptEvent, ...]:
    """What was changed of the calendar for the dataset: asked once a run of the store, whose failure is told."""
    return _read(view)[0]


def calendar_version(view: View) -> str:
    """What tells one state of the calendar of the dataset from another, for whatever is computed from it."""
    return _read(view)[1]


def calendar_of(view: View) -> pd.DataFrame:
    """Every event of the dataset, those switched off included, as :func:`data.calendar.merge_calendar`."""
    kept = kept_events(view)
    return cached(
        "events", view.key, lambda: merge_calendar(_reference(), kept), what="calendrier",
        calendrier=calendar_version(view),
    )  # fmt: skip


def events_of(view: View) -> pd.DataFrame:
    """Events taken into account that touch the postes of the perimeter."""
    calendar, postes = calendar_of(view), view.selection.filtres.get("poste")
    return cached(
        "events", view.key, lambda: _touching(calendar, postes), what="périmètre", postes=postes,
        calendrier=calendar_version(view),
    )  # fmt: skip


def forecast_events(view: View, series: Series, by: str | None) -> pd.DataFrame:
    """Events as a forecast takes them: one row by event and series touched.

    An event of some postes is that of their series; without series by poste, it is that of every one, where its effect
    is estimated like the others.

    Parameters
    ----------
    view : View
    series : Series
        The whole of the perimeter and its parts.
    by : str or None
        Dimension of the parts.

    Returns
    -------
    pandas.DataFrame
        evenement, debut, fin, forme, serie (missing = every series).
    """
    calendar = calendar_of(view)
    return cached(
        "events", view.key, lambda: _of_series(view, calendar, series, by), what="prévision",
        filtres=view.selection.filtres, by=by, calendrier=calendar_version(view),
        parties=series.parts, premier=series.frame["mois"].min(),
    )  # fmt: skip


def keep_event(view: View, event: KeptEvent, *, instead_of: str | None = None) -> None:
    """Add an event, or change the one named `instead_of`.

    Raises
    ------
    ParameterError
        Something is wrong with it: see :func:`data.calendar.check_event`.
    StoreError
        The database cannot be written.
    """
    checked = check_event(event, calendar_of(view), view.dataset.months, instead_of=instead_of)
    _keep(view, checked, instead_of)


def switch_event(view: View, name: str, *, active: bool) -> None:
    """Take an event into account, or leave it out.

    Raises
    ------
    ParameterError
        No event of the calendar has this name any more.
    StoreError
        The database cannot be written.
    """
    known = {e.name: e for e in kept_events(view)}
    if name not in known and name not in set(_reference()["evenement"]):
        raise ParameterError("Cet événement n’est plus dans le calendrier.", valeur=name)
    event = known.get(name, KeptEvent(name, of_all=True))
    if event.of_all and event.debut is None and active:
        forget_event(view, name)  # as published again: there is nothing to keep
    else:
        _keep(view, KeptEvent(**{**asdict(event), "active": active}), name)


def forget_event(view: View, name: str) -> None:
    """Delete an event that was added, or bring one of everybody back to what is published.

    Raises
    ------
    StoreError
        The database cannot be written.
    """
    state.put(_READ, None)
    if view.opened.is_held:
        store.forget_event(view.token, name)
    else:
        _session(view).pop(name, None)


def first_day(month: pd.Timestamp | None) -> date | None:
    """A month of a list as it is kept."""
    return None if pd.isna(month) else month.date()


def _read(view: View) -> tuple[tuple[KeptEvent, ...], str]:
    """What is kept, and its digest: read once in a run, whatever the number of charts."""
    run = state.get(state.VIEW)
    read_in, token, *found = state.get(_READ) or (None, None)
    if run is not None and run is read_in and token == view.token:
        return tuple(found)
    kept = _ask(view)
    version = digest([asdict(event) for event in kept]) if kept else ""
    state.put(_READ, (run, view.token, kept, version))
    return kept, version


def _ask(view: View) -> tuple[KeptEvent, ...]:
    if not view.opened.is_held:
        return tuple(_session(view).values())
    try:
        return store.kept_events(view.token)
    except PaliersError as error:
        show_error(error)
        return ()


def _keep(view: View, event: KeptEvent, instead_of: str | None) -> None:
    state.put(_READ, None)
    if view.opened.is_held:
        store.keep_event(view.token, event, instead_of=instead_of)
        return
    others = [e for name, e in _session(view).items() if name not in (event.name, instead_of)]
    _session(view).clear()
    _session(view).update({e.name: e for e in [*others, event]})


def _session(view: View) -> dict[str, KeptEvent]:
    """Changes of this session on a dataset of every visitor."""
    every = state.get(_CHANGES) or {}
    state.put(_CHANGES, every)
    return every.setdefault(view.token, {})


def _touching(calendar: pd.DataFrame, postes: tuple[str, ...] | None) -> pd.DataFrame:
    active = calendar[calendar["actif"]]
    if not postes:
        return active
    named = _known_names(postes)
    return active[active["postes"].map(lambda touched: not touched or bool(set(touched) & named))]


def _known_names(postes: tuple[str, ...]) -> set[str]:
    """Postes of a file and the words that the calendar has for them."""
    return {*postes, *recognise_postes(postes).values()}


def _of_series(view: View, calendar: pd.DataFrame, series: Series, by: str | None) -> pd.DataFrame:
    first = series.frame["mois"].min()
    lived = calendar[calendar["actif"] & (calendar["fin"].fillna(calendar["debut"]) > first)]
    rows = [
        (event.evenement, event.debut, event.fin, event.forme, name)
        for event in lived.itertuples()
        for name in _touched(view, event.postes, series, by)
    ]
    return pd.DataFrame(rows, columns=["evenement", "debut", "fin", "forme", "serie"])


def _touched(view: View, postes: tuple[str, ...], series: Series, by: str | None) -> list[str | None]:
    """Series that an event of these postes touches; None = every one, the whole first."""
    inside = view.selection.filtres.get("poste") or view.opened.values.get("poste", ())
    mine = [p for p in inside if _known_names((p,)) & set(postes)]
    if not postes or not inside or len(mine) == len(inside):
        return [None]
    if by != "poste" or not series.parts:  # no series of these postes alone: what the others feel of it is estimated
        return [None] if mine else []
    names = {part_name(view.dataset, "poste", p) for p in mine}
    return [name for name in series.parts if name in names]
