"""The top of every page: what it answers, on which perimeter and period, and from which data."""

from __future__ import annotations

import streamlit as st

from analytics.constat import describe_perimeter
from analytics.french import THIN, format_period
from pages.components import state
from pages.components.constat import banner
from pages.components.messages import safe
from pages.components.sharing import may_show, stop_if_secret
from pages.components.sidebar import View

DATE_WORDS = {"soins": "en mois de soins", "paiement": "en mois de paiement (vue comptable)", None: "date non précisée"}


def show_header(view: View, title: str, question: str, *, here: str) -> None:
    """Title, question, perimeter, then the finding being followed."""
    st.title(title)
    st.markdown(f"**{question}**".replace(" ?", f"{THIN}?"))
    dataset = view.dataset
    parts = [
        safe(describe_perimeter(view.selection, dataset)),
        format_period(view.selection.debut, view.selection.fin),
        DATE_WORDS[dataset.date_basis],
    ]
    if view.shared:
        parts.append(":material/shield_lock: **mode partage**")
    if dataset.is_demo:
        parts.append(":material/science: **données simulées**")
    else:
        parts.append(safe(dataset.source))
    st.caption(" · ".join(parts))
    notice = state.take_notice()
    if notice:
        {"success": st.success, "warning": st.warning, "error": st.error}[notice[0]](notice[1])
    if here != "donnees":
        stop_if_secret(view)
    if view.constat is None or may_show(view, view.constat.selection):
        banner(view.opened, view.constat, view.selection, here=here)
