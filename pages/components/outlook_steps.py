"""A recent change of level that no event explains is told, with one click to put it in the calendar."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from analytics.errors import PaliersError
from analytics.french import format_month, format_percent
from analytics.predictive.reconciliation import MAX_SERIES, WHOLE
from analytics.predictive.steps import Step, find_step
from data.store import KeptEvent
from pages.components import state
from pages.components.cache import cached, digest
from pages.components.events import calendar_version, events_of, first_day, keep_event
from pages.components.messages import safe
from pages.components.outlook import Outlook
from pages.components.outlook_series import capital, names_shown, part_values
from pages.components.sidebar import View

#: Months between a step and an event that may be its cause; most steps told.
NEAR, MOST = 2, 3
SOURCE = "repéré sur la série"


def show_steps(view: View, outlook: Outlook, name: str) -> None:
    """Each unexplained step of the last year: what it may do to the forecast, and the event to add."""
    names = names_shown(view, outlook.series)
    names = names if len(names) <= MAX_SERIES + 1 else list(dict.fromkeys((WHOLE, name)))
    found = cached(
        "cuts", view.key, lambda: _find(view, outlook, names), quoi="paliers", job=outlook.key, noms=names,
        calendrier=calendar_version(view),
    )  # fmt: skip
    for step in found[:MOST]:
        _show(view, outlook, step)


def _find(view: View, outlook: Outlook, names: list[str]) -> list[Step]:
    """Steps without an event near them, the surest first; that of the whole gives way to that of a part."""
    effects = outlook.forecast.effects
    kept = effects[effects["retenu"]].groupby("serie")["effet"].agg(frozenset)
    every = [
        find_step(outlook.used(name), serie=name, events=outlook.events, kept=kept.get(name, frozenset()))
        for name in names
    ]
    alone = [step for step in every if step is not None and not _explained(view, step)]
    parts = [step.mois for step in alone if step.serie != WHOLE]
    alone = [s for s in alone if s.serie != WHOLE or all(_gap(s.mois, month) > NEAR for month in parts)]
    return sorted(alone, key=lambda step: -step.t)


def _explained(view: View, step: Step) -> bool:
    events = events_of(view)
    return any(_gap(step.mois, month) <= NEAR for month in (*events["debut"], *events["fin"].dropna()))


def _gap(one: pd.Timestamp, other: pd.Timestamp) -> int:
    return abs((one.year - other.year) * 12 + one.month - other.month)


def _show(view: View, outlook: Outlook, step: Step) -> None:
    subject = "l’ensemble" if step.serie == WHOLE else f"« {capital(step.serie)} »"
    month = format_month(step.mois, short=False)
    st.warning(
        f"Changement de niveau repéré sur {safe(subject)} en {month} ({format_percent(step.variation, signed=True)}), "
        "sans événement au calendrier : la prévision peut en faire une tendance. Si la cause est connue et durable, "
        "ajoutez-la au calendrier : son effet sera estimé, puis tenu constant.",
        icon=":material/stairs:",
    )
    by = outlook.series.by
    if view.shared or (step.serie != WHOLE and by != "poste"):
        return  # the calendar is read only in this mode, and knows nothing of regions
    postes = part_values(view, by, step.serie) if step.serie != WHOLE else view.selection.filtres.get("poste", ())
    named = "" if step.serie == WHOLE else f"{step.serie}, "
    event = KeptEvent(f"Changement de niveau, {named}{month}", first_day(step.mois), None, "palier", postes, SOURCE)
    st.button(
        f"Ajouter au calendrier : {safe(event.name)}", key=f"palier_{digest(view.token, event.name)[:12]}",
        icon=":material/add:", on_click=_add, args=(view, event),
    )  # fmt: skip


def _add(view: View, event: KeptEvent) -> None:
    """Put the step in the calendar; a refusal is told at the top of the page."""
    try:
        keep_event(view, event)
    except PaliersError as error:
        state.leave_notice("error", f"{safe(error.message)} {safe(error.remede)}")
