"""The finding being followed: its banner on every page, and the steps that carry it up the ladder."""

from __future__ import annotations

import streamlit as st

from analytics.constat import Constat, describe, from_param, same_finding, to_param, with_dataset
from analytics.descriptive import build_constat
from analytics.descriptive.memory import remember
from analytics.errors import ParameterError
from analytics.french import format_percent, is_missing
from analytics.schema import Dataset, Selection
from pages.components import state
from pages.components.cache import cached
from pages.components.datasets import Opened
from pages.components.messages import safe, show_error

SMALLEST_RISK = 0.001
STEPS = {
    "diagnostic": ("Pourquoi ?", "pages/diagnostic.py", ":material/search:"),
    "predictif": ("Et ensuite ?", "pages/predictive.py", ":material/trending_up:"),
    "prescriptif": ("Que faire ?", "pages/prescriptive.py", ":material/checklist:"),
}


def measure(opened: Opened, key: str, selection: Selection, *, q_value: float = float("nan")) -> Constat:
    """The finding of an indicator over a selection, computed once for every page."""

    def compute() -> Constat:
        table = opened.maturity
        known = remember(table, "share known", lambda: table.set_index("mois")["part_connue"])
        return build_constat(opened.completed, key, selection, q_value=q_value, known=known)

    found = cached("constat", opened.key, compute, key=key, selection=selection, q_value=q_value)
    return with_dataset(found, opened.token)


def followed(opened: Opened) -> Constat | None:
    """The finding named by the link, measured again on the data; None when there is none."""
    word = state.mirror(state.CONSTAT)
    if not word:
        return None
    try:
        carried = from_param(word)
        if carried.dataset_id != opened.token:
            raise ParameterError(
                "Ce constat vient d’un autre jeu de données.",
                remede="Ouvrez ce jeu, ou partez d’un constat de celui-ci.",
            )
        return measure(opened, carried.indicator, carried.selection, q_value=carried.q_value)
    except ParameterError as error:
        state.keep(state.CONSTAT, None)
        show_error(error)
        return None


def follow(constat: Constat, page: str) -> None:
    """Carry a finding to another page: the selection of the sidebar becomes its own."""
    state.put(state.PERIOD, state.CHOSEN_MONTHS)
    state.put(state.FIRST_MONTH, constat.selection.debut)
    state.put(state.LAST_MONTH, constat.selection.fin)
    state.put(state.COMPARISON, constat.selection.comparaison)
    for key in [k for k in st.session_state if str(k).startswith(state.FILTER_PREFIX)]:
        state.put(key, [])
    for dimension, values in constat.selection.filtres.items():
        state.put(state.filter_key(dimension), list(values))
    state.put(state.CONSTAT, to_param(constat))
    state.put(state.GO, page)


def steps(constat: Constat, *, key: str, only: tuple[str, ...] = tuple(STEPS)) -> None:
    """Buttons that carry a finding to the next steps."""
    with st.container(horizontal=True):
        for step in only:
            label, page, icon = STEPS[step]
            st.button(label, key=f"{key}_{step}", icon=icon, on_click=follow, args=(constat, page))


def banner(opened: Opened, constat: Constat | None, selection: Selection, *, here: str) -> None:
    """The finding being followed, with its figure, and the way to the other steps."""
    if constat is None:
        return
    with st.container(border=True, key="constat"):
        st.markdown(f":material/flag: **Constat suivi**  \n{safe(describe(constat, opened.completed).text)}")
        st.caption(reliability(constat, opened.completed))
        if not same_finding(constat, measure(opened, constat.indicator, selection)):
            st.caption("Vous avez changé la sélection : les sections ci-dessous ne portent plus sur ce constat.")
        with st.container(horizontal=True):
            steps(constat, key=f"banner_{here}", only=tuple(s for s in STEPS if s != here))
            st.button("Quitter le constat", key="constat_leave", icon=":material/close:", type="tertiary",
                      on_click=state.put, args=(state.LEAVE, True))  # fmt: skip


def reliability(constat: Constat, dataset: Dataset) -> str:
    """How sure the finding is, in words."""
    parts = []
    if not is_missing(constat.q_value):
        parts.append(f"risque de fausse alerte : {format_risk(constat.q_value)}")
    if dataset.date_basis == "paiement":
        parts.append("vue comptable : mois complets, dérive vue avec retard")
    elif is_missing(constat.maturite):
        parts.append("part déjà connue des dépenses : non mesurable avec ce fichier")
    else:
        parts.append(f"mois le moins connu de la période : {format_percent(constat.maturite)} des dépenses")
    return " · ".join(parts).capitalize() + "."


def format_risk(q_value: float) -> str:
    """A false-discovery rate in words; a tiny one is not zero."""
    return f"moins de {format_percent(SMALLEST_RISK)}" if q_value < SMALLEST_RISK else format_percent(q_value)


def travel() -> None:
    """Carry out what a button of a finding asked for, before anything is drawn."""
    if state.get(state.LEAVE):
        state.put(state.LEAVE, False)
        state.keep(state.CONSTAT, None)
    page = state.get(state.GO)
    if page:
        state.put(state.GO, None)
        st.switch_page(
            page, query_params={k: v for k, v in st.session_state.items() if k in (state.DATASET, state.CONSTAT) and v}
        )
