"""A file dropped, read apart, questioned, then accepted: the dataset in use stays until that last click."""

from __future__ import annotations

import streamlit as st

from analytics.errors import ReadError
from analytics.french import THIN, format_number
from data.depot import Status
from pages.components import state
from pages.components.depots import DEPOT
from pages.components.messages import safe, show_error
from pages.components.reading import held_by, leave, show_report
from pages.components.sidebar import View

UPLOADS = "_depots"
QUICK_SECONDS = 2.5  # a file read within this time shows no progress
POLL_SECONDS = 0.5


def show_upload(view: View) -> None:
    """Uploader; or the upload under way, what was understood of it, and the button that accepts it."""
    token = state.mirror(state.UPLOAD)
    with st.container(border=True, key="depot"):
        st.markdown("**Déposer un fichier**")
        if token is None:
            _show_uploader(view)
            return
        try:
            _follow(view, token)
        except ReadError as error:
            show_error(error)
            st.button("Déposer un autre fichier", on_click=state.keep, args=(state.UPLOAD, None))


def _show_uploader(view: View) -> None:
    st.caption(
        "CSV ou texte, même compressé (.gz, .zip), classeur Excel ou LibreOffice, Parquet : avec au moins une date et "
        "un montant. Séparateur, encodage, décimales, dates à la française, totaux et mois en colonnes sont reconnus."
    )
    # Not in the caption: its pale ink would make the link hard to read.
    st.markdown(f"Plus de 200{THIN}Mo : [déposez un gros fichier](/depot/{_same_dataset(view)}).")
    with st.container(key="fichier"):
        uploaded = st.file_uploader(
            "Fichier de données", key=f"depot_{state.get(UPLOADS, 0)}", label_visibility="collapsed"
        )  # any type: what is no table is refused in French, with the reason
    if uploaded is None:
        return
    try:
        with st.spinner("Réception du fichier…"):
            token = DEPOT.receive(uploaded.getbuffer(), uploaded.name)
            DEPOT.start(token, held=held_by(view))
    except ReadError as error:
        show_error(error)
        return
    state.put(UPLOADS, state.get(UPLOADS, 0) + 1)  # a new, empty uploader: the bytes leave the memory of the server
    state.keep(state.UPLOAD, token)
    st.rerun()


def _same_dataset(view: View) -> str:
    return "" if view.dataset.is_demo else f"?d={view.token}"


def _follow(view: View, token: str) -> None:
    status = DEPOT.wait(token, seconds=QUICK_SECONDS)
    if status.state == "recu":  # it came by the route of the large files
        DEPOT.start(token, held=held_by(view))
        status = DEPOT.wait(token, seconds=QUICK_SECONDS)
    if status.running:
        _show_progress(token)
    elif status.state in ("annule", "interrompu"):
        st.info(f"{status.text}. Le fichier est encore là.", icon=":material/pause_circle:")
        with st.container(horizontal=True):
            again = {"held": held_by(view)}
            st.button("Reprendre la lecture", type="primary", on_click=DEPOT.start, args=(token,), kwargs=again)
            st.button("Retirer ce fichier", icon=":material/close:", on_click=leave, args=(token,))
    else:
        show_report(view, token, status.state)


@st.fragment(run_every=POLL_SECONDS)
def _show_progress(token: str) -> None:
    status = DEPOT.status(token)
    if not status.running:
        st.rerun()
    st.progress(status.fraction, text=_progress_text(status))
    st.caption("Vous pouvez continuer à consulter les autres pages : les données en cours restent en place.")
    st.button("Annuler la lecture", icon=":material/close:", on_click=DEPOT.cancel, args=(token,))


def _progress_text(status: Status) -> str:
    parts = [safe(status.text)]
    if status.lines_per_second:
        parts.append(f"{format_number(status.lines_per_second)} lignes par seconde")
    if status.seconds_left is not None:
        parts.append(f"encore {_duration(status.seconds_left)}")
    return ", ".join(parts)


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{format_number(max(seconds, 1))}{THIN}s"
    return f"{format_number(seconds / 60)}{THIN}min"
