"""Long computations of the pages: followed by every session that asks the same thing, stopped, taken up again.

A job is named by the digest of its inputs: asking twice, from two sessions or after a reload of the page, follows the
same computation. What it remembers on the disk makes a second run, or one with a month more, a matter of seconds.
"""

from __future__ import annotations

import secrets

import streamlit as st

from data.store.nodes import open_nodes
from pages.components.job_queue import Jobs, Status, shutdown_all
from pages.components.messages import safe
from pages.components.node_store import NodeStore
from pages.components.worker import JobFailed

__all__ = ["JobFailed", "Jobs", "Status", "get_jobs", "job_progress", "node_memory", "show_failure", "shutdown_all"]

POLL_SECONDS = 0.5
_LEFT, _ME = "calculs_quittes", "calculs_session"


@st.cache_resource(show_spinner=False)
def get_jobs() -> Jobs:
    """The jobs of this server, shared by all its sessions."""
    return Jobs()


def node_memory(token: str) -> NodeStore:
    """What the computations of a dataset remember from one run to the next, to be given to one as an argument."""
    return NodeStore(open_nodes(token))


def job_progress(key: str, *, patience: float = 0.0) -> Status:
    """Show how far a job is, and rerun the page once when it ends; shows nothing for a job that is over.

    It can be stopped from there; one that was stopped offers to be taken up again.

    Parameters
    ----------
    key : str
        Key given to :meth:`Jobs.submit`.
    patience : float
        Seconds to wait for the end first: a quick job then shows no bar.

    Returns
    -------
    Status
        The status on which the page decides what to draw: "fini" → ``get_jobs().result(key)``.
    """
    jobs = get_jobs()
    status = jobs.wait(key, patience) if patience > 0 else jobs.status(key)
    if status.state == "arrete":
        _offer_to_resume(key, status)
    elif status.running and key in _left():
        _look_on(key)
    elif status.running:
        _follow(key)
    return status


def show_failure(key: str, sentence: str) -> None:
    """Why a job failed, and the way to start it again.

    Parameters
    ----------
    key : str
        Key of the job; its page asks for it again once it is forgotten.
    sentence : str
        What could not be computed, in French, without a final stop.
    """
    jobs = get_jobs()
    st.error(f"{sentence} : {safe(jobs.status(key).text)}", icon=":material/error:")
    st.button("Relancer", key=f"relancer_{key}", icon=":material/refresh:", on_click=jobs.cancel, args=(key,))


@st.fragment(run_every=POLL_SECONDS)
def _follow(key: str) -> None:
    if key in _left():  # a session that left does not count among those that wait
        st.rerun()
    status = get_jobs().follow(key, _session())
    if not status.running:
        st.rerun()
    with st.container(horizontal=True, vertical_alignment="center"):
        st.progress(status.fraction, text=status.words)
        st.button("Arrêter", key=f"arreter_{key}", icon=":material/stop:", on_click=_stop, args=(key,))


@st.fragment(run_every=4 * POLL_SECONDS)
def _look_on(key: str) -> None:
    """A job left to others: it may stop after all, when they turn out to be nobody."""
    status = get_jobs().status(key)
    if not status.running:
        st.rerun()
    _offer_to_resume(key, status)


def _offer_to_resume(key: str, status: Status) -> None:
    elsewhere = "Vous ne suivez plus ce calcul : il continue pour une autre personne."
    text = elsewhere if status.running else f"{status.text}. Ce qui est déjà fait est gardé."
    with st.container(horizontal=True, vertical_alignment="center"):
        st.info(text, icon=":material/pause_circle:")
        st.button("Reprendre", key=f"reprendre_{key}", icon=":material/play_arrow:", on_click=_resume, args=(key,))


def _stop(key: str) -> None:
    if not get_jobs().stop(key, _session()):
        _left().add(key)


def _resume(key: str) -> None:
    _left().discard(key)
    if get_jobs().status(key).state == "arrete":
        get_jobs().cancel(key)  # the page asks for it again


def _left() -> set[str]:
    """Jobs that this session asked to stop while another one waited for them."""
    return st.session_state.setdefault(_LEFT, set())


def _session() -> str:
    """Name of this session among those that wait."""
    return st.session_state.setdefault(_ME, secrets.token_hex(8))
