"""The calendar of events on the screen: what is taken into account, and the form that adds or changes one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import streamlit as st

from analytics.errors import PaliersError
from analytics.french import format_month, format_period
from charts.events import tell_dates
from data.calendar import ADDED, AS_PUBLISHED, CHANGED, months_allowed
from data.store import KeptEvent
from data.store.events import LONGEST_SOURCE
from pages.components import figure, state
from pages.components.cache import cached, digest
from pages.components.events import (
    calendar_of,
    calendar_version,
    events_of,
    first_day,
    forget_event,
    keep_event,
    switch_event,
)
from pages.components.messages import safe, show_error
from pages.components.sidebar import View

LABEL = "Calendrier des événements"
_OPEN = "_calendrier_ouvert"
NEW = ""  # what the form is open on, when it is no event of the calendar
SHAPES = {
    "palier": "Change le niveau durablement",
    "impulsion": "Choc passager",
    "rampe": "Monte peu à peu",
}
NO_SOURCE = "source non indiquée"


def show_events(view: View, months: pd.Series, *, key: str) -> None:
    """The shocks of the months drawn, which no one should take for a trend, then the calendar."""
    first, last = months.min(), months.max()
    shocks = cached(
        "events", view.key, lambda: _shocks(events_of(view), first, last), what="chocs", first=first, last=last,
        postes=view.selection.filtres.get("poste"), calendrier=calendar_version(view),
    )  # fmt: skip
    if shocks:
        st.caption(shocks)
    show_calendar(view, key=key)


def show_calendar(view: View, *, key: str) -> None:
    """Every event of the dataset, folded; read only in « partage » mode.

    Parameters
    ----------
    view : View
    key : str
        Name of the page: the same calendar is on several.
    """
    with figure.folded(LABEL, icon=":material/event:", key=f"calendrier_{key}") as is_open:
        if not is_open:
            return
        calendar = calendar_of(view)
        st.caption("Traits verticaux sur les graphiques ; pris en compte dans les causes possibles et les prévisions.")
        if view.shared:
            figure.show_table(_table(view, calendar))
            st.caption("Le calendrier se change hors du mode partage.")
            return
        _show_list(view, calendar, key)
        if not view.opened.is_held:
            st.caption("Ces données sont à tout le monde : vos changements ne vivent que le temps de cette visite.")


def _shocks(events: pd.DataFrame, first: pd.Timestamp, last: pd.Timestamp) -> str:
    """The shocks of a period in one sentence; empty without any."""
    shocks = events[events["forme"] == "impulsion"]
    end = shocks["fin"].fillna(shocks["debut"])
    within = shocks[(shocks["debut"] <= last) & (end >= first)]
    named = " ; ".join(f"{e.evenement}, {format_period(e.debut, _end(e))}" for e in within.itertuples())
    return f":material/coronavirus: Choc connu, à ne pas lire comme une tendance : {safe(named)}." if named else ""


def _end(event: Any) -> pd.Timestamp:
    return event.debut if pd.isna(event.fin) else event.fin


def _table(view: View, calendar: pd.DataFrame) -> pd.DataFrame:
    """The calendar as it is read without being changed."""
    return pd.DataFrame({
        "Événement": calendar["evenement"],
        "Début": calendar["debut"],
        "Fin": calendar["fin"],
        "Effet": calendar["forme"].map(SHAPES),
        "Postes": [_postes(view, postes) for postes in calendar["postes"]],
        "Pris en compte": calendar["actif"].map({True: "oui", False: "non"}),
        "Source": [_origin(event) for event in calendar.itertuples()],
    })  # fmt: skip


def _postes(view: View, postes: tuple[str, ...]) -> str:
    return ", ".join(view.dataset.value_label("poste", p) for p in postes) if postes else "tous les postes"


def _origin(event: Any) -> str:
    """Whose the event is and where it comes from."""
    source = event.source or NO_SOURCE
    return f"{event.etat} ; {source}" if event.etat != AS_PUBLISHED else source


def _show_list(view: View, calendar: pd.DataFrame, key: str) -> None:
    """Every event, the form under the one that is being changed, or under all of them for a new one."""
    asked = state.get(f"{_OPEN}_{key}")
    with st.container(gap="small"):
        for event in calendar.itertuples():
            _show_event(view, event, key)
            if event.evenement == asked:
                _show_form(view, event, key)
    if asked == NEW:
        _show_form(view, None, key)
    else:
        st.button("Ajouter un événement", key=f"calendrier_ajouter_{key}", icon=":material/add:", on_click=_open,
                  args=(key, NEW))  # fmt: skip


def _show_event(view: View, event: Any, key: str) -> None:
    """One event: whether it counts, what it is, and what can be done of it."""
    name, row = event.evenement, f"{key}_{digest(event.evenement)[:16]}"
    switch = f"calendrier_actif_{row}"
    state.put(switch, event.actif)  # the calendar decides, whatever another page or visit has changed
    badge = f" :orange-badge[{event.etat}]" if event.etat != AS_PUBLISHED else ""
    left, right = st.columns([5, 2], gap="small")
    with left.container(gap=None):
        st.toggle(f"{safe(name)}{badge}", key=switch, on_change=_do,
                  args=(lambda: switch_event(view, name, active=bool(state.get(switch))),))  # fmt: skip
        parts = (tell_dates(event), SHAPES[event.forme].lower(), _postes(view, event.postes), event.source or NO_SOURCE)
        st.caption(" · ".join(safe(part) for part in parts))
    with right.container(horizontal=True, horizontal_alignment="right"):
        st.button("Modifier", key=f"calendrier_modifier_{row}", icon=":material/edit:", type="tertiary",
                  on_click=_open, args=(key, name))  # fmt: skip
        back = {ADDED: ("Supprimer", ":material/delete:"), CHANGED: ("Revenir à la référence", ":material/undo:")}
        if event.etat in back:
            word, icon = back[event.etat]
            st.button(word, key=f"calendrier_oublier_{row}", icon=icon, type="tertiary", on_click=_do,
                      args=(lambda: forget_event(view, name),))  # fmt: skip


def _do(act: Callable[[], None]) -> None:
    """A change asked by a click; a refusal is told at the top of the page."""
    try:
        act()
    except PaliersError as error:
        state.leave_notice("error", f"{safe(error.message)} {safe(error.remede)}")


def _open(key: str, name: str | None) -> None:
    """Open the form of a page on an event, on a new one, or on none."""
    state.put(f"{_OPEN}_{key}", name)


def _show_form(view: View, event: Any, key: str) -> None:
    """The form that adds an event, or changes one of the calendar."""
    of_all = event is not None and event.etat != ADDED
    form = f"calendrier_form_{key}_{digest(NEW if event is None else event.evenement)[:16]}"
    with st.form(form):
        st.markdown(f"**{'Ajouter un événement' if event is None else safe(event.evenement)}**")
        typed = _dates(view, event, form) if of_all else _whole(view, event, form)
        with st.container(horizontal=True):
            sent = st.form_submit_button("Enregistrer", icon=":material/save:", type="primary")
            st.form_submit_button("Fermer", on_click=_open, args=(key, None))
    if not sent:
        return
    try:
        keep_event(view, typed, instead_of=None if event is None else event.evenement)
    except PaliersError as error:
        show_error(error)
        return
    _open(key, None)
    st.rerun()


def _whole(view: View, event: Any, form: str) -> KeptEvent:
    """Every field of an event of the reader."""
    name = st.text_input("Nom", value="" if event is None else event.evenement, key=f"{form}_nom",
                         placeholder="Nouvelle grille optique")  # fmt: skip
    shape = st.selectbox(
        "Effet", list(SHAPES), index=0 if event is None else list(SHAPES).index(event.forme),
        format_func=SHAPES.get, key=f"{form}_forme",
    )  # fmt: skip
    debut, fin = _months(view, event, form)
    postes = view.opened.values.get("poste", [])
    known = [] if event is None else [p for p in event.postes if p in postes]
    touched = st.multiselect(
        "Postes touchés", postes, default=known, format_func=lambda p: view.dataset.value_label("poste", p),
        placeholder="Tous les postes", key=f"{form}_postes",
    ) if postes else []  # fmt: skip
    source = st.text_input(
        "Source", value="" if event is None else event.source, key=f"{form}_source", max_chars=LONGEST_SOURCE,
        placeholder="Note du 12 mars, service technique", help="D’où vient l’information, ou quel service l’a ajoutée.",
    )  # fmt: skip
    active = True if event is None else event.actif
    return KeptEvent(name, first_day(debut), first_day(fin), shape, tuple(touched), source, active)


def _dates(view: View, event: Any, form: str) -> KeptEvent:
    """An event of everybody: its dates alone can be changed."""
    st.caption("Événement de référence : seules ses dates se changent, pour ces données.")
    debut, fin = _months(view, event, form)
    return KeptEvent(event.evenement, first_day(debut), first_day(fin), active=event.actif, of_all=True)


def _months(view: View, event: Any, form: str) -> tuple[pd.Timestamp | None, pd.Timestamp | None]:
    """First and last month, chosen among those of the file and the two years that follow."""
    own = () if event is None else (m for m in (event.debut, event.fin) if pd.notna(m))
    months = sorted({*months_allowed(view.dataset.months), *own})
    chosen = []
    fields = (("Mois de début", "debut", "Choisir un mois"), ("Mois de fin", "fin", "Sans fin"))
    for column, (name, field, empty) in zip(st.columns(2), fields, strict=True):
        value = None if event is None else getattr(event, field)
        chosen.append(column.selectbox(
            name, months, index=None if pd.isna(value) else months.index(value), placeholder=empty,
            format_func=lambda m: format_month(m, short=False), key=f"{form}_{field}",
        ))  # fmt: skip
    return chosen[0], chosen[1]
