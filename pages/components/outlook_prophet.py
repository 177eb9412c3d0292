"""Prophet, for those who ask for it: computed apart because it is slow, drawn dotted, never counted."""

from __future__ import annotations

import streamlit as st

from analytics.predictive.shown import Candidate, run_prophet
from pages.components.cache import digest
from pages.components.jobs import get_jobs, job_progress, show_failure
from pages.components.messages import told_in_french
from pages.components.outlook import HORIZON, Outlook
from pages.components.sidebar import View


def choose_prophet() -> bool:
    """Whether Prophet is drawn too, kept in the link."""
    return st.toggle(
        "Montrer Prophet", key="prophet", bind="query-params",
        help="Même historique, mêmes jours ouvrés, mêmes événements. Une dizaine de secondes de calcul.",
    )  # fmt: skip


def wait_prophet(view: View, outlook: Outlook, name: str) -> Candidate | None:
    """Prophet on one series, once it is computed; its progress meanwhile."""
    key = digest("prophet", outlook.key, name)
    with told_in_french():
        if get_jobs().status(key).state == "absent":
            frame = outlook.used(name).assign(serie=name)
            token = view.opened.token
            get_jobs().submit(key, run_prophet, frame, horizon=HORIZON, events=outlook.events, owner=token)
        status = job_progress(key)
        if status.state == "fini":
            return get_jobs().result(key)
        if status.state == "echec":
            show_failure(key, "Prophet n’a pas pu être calculé")
    return None
