"""Every durable key of a session and of a link: nobody else spells one.

A bound widget keeps itself in the link; `d` (dataset), `depot` (upload) and `constat` are kept by `mirror`.
"""

from __future__ import annotations

import streamlit as st

DATASET, UPLOAD, CONSTAT = "d", "depot", "constat"
PERIOD, FIRST_MONTH, LAST_MONTH, COMPARISON = "periode", "debut", "fin", "comparaison"
FILTER_PREFIX = "f_"
SHARE = "partage"
INCOMPLETE, RUBRIC = "incomplets", "rubrique"
BUDGET, ALERT_NOTES = "budget", "_notes_alertes"  # of alerts: false ones accepted a year; what is kept for the visit
VIEW, NOTICE, OPENED, UNDO = "_view", "_notice", "_opened", "_undo"
GO, LEAVE = "_go", "_leave"
CHOSEN_MONTHS = "Mois au choix"  # the period that takes its months from FIRST_MONTH and LAST_MONTH


def mirror(key: str) -> str | None:
    """Value of a key that lives both in the link and in the session; the link wins."""
    if key in st.query_params:
        st.session_state[key] = st.query_params[key]
    elif st.session_state.get(key):
        st.query_params[key] = st.session_state[key]
    return st.session_state.get(key)


def keep(key: str, value: str | None) -> None:
    """Set, or forget with None, a key that lives both in the link and in the session."""
    if value is None:
        st.session_state.pop(key, None)
        st.query_params.pop(key, None)
    else:
        st.session_state[key] = value
        st.query_params[key] = value


def filter_key(dimension: str) -> str:
    """Key of the perimeter widget of a dimension."""
    return f"{FILTER_PREFIX}{dimension}"


def remember_opened(token: str) -> None:
    """Keep the list of datasets opened in this session, most recent first."""
    opened = [t for t in st.session_state.get(OPENED, []) if t != token]
    st.session_state[OPENED] = [token, *opened]


def opened() -> list[str]:
    """Identifiers of the datasets opened in this session."""
    return list(st.session_state.get(OPENED, []))


def forget_opened(token: str) -> None:
    """Take a deleted dataset out of the session."""
    st.session_state[OPENED] = [t for t in opened() if t != token]


def leave_notice(kind: str, text: str) -> None:
    """A message to show once, on the next screen."""
    st.session_state[NOTICE] = (kind, text)


def take_notice() -> tuple[str, str] | None:
    """The message left for this screen, forgotten once read."""
    return st.session_state.pop(NOTICE, None)


def get(key: str, default=None):
    """Value of a widget of the page."""
    return st.session_state.get(key, default)


def put(key: str, value) -> None:
    """Set a value; for a widget, only before it is drawn or in a callback."""
    st.session_state[key] = value
