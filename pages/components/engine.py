"""The dataset of the engine that this server is told to ask: added up there, read again every hour, shared by all."""

from __future__ import annotations

import hashlib
import os
import threading
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import streamlit as st
from streamlit.logger import get_logger

from analytics.errors import MappingError, PaliersError, Question
from analytics.schema import Dataset
from data import store
from data.depot import Asked
from data.engine import VARIABLE, load_from_engine, open_engine
from pages.components.messages import safe, show_error
from pages.components.questions import ask_all

LOGGER = get_logger("paliers")


@dataclass(frozen=True)
class Loaded:
    """What the engine gave last.

    Attributes
    ----------
    dataset : Dataset or None
        None while it was never read.
    version : str
        When it was read, to the microsecond, UTC: what tells these data from those of another hour.
    questions : tuple of Question
        What must be answered before it can be read.
    error : PaliersError or None
        Why the last reading failed; the dataset is then that of an earlier one.
    """

    dataset: Dataset | None = None
    version: str = ""
    questions: tuple[Question, ...] = ()
    error: PaliersError | None = None


_LAST = Loaded()
_READING = threading.Lock()


def is_configured() -> bool:
    """Whether this server is told to ask an engine."""
    return bool(os.environ.get(VARIABLE))


def last_loaded() -> Loaded:
    """What the engine gave last, without asking it."""
    return _LAST


def refresh() -> Loaded:
    """Ask the engine again; what fails leaves the dataset of the last time in place."""
    global _LAST
    if not is_configured():
        return _LAST
    with _READING:
        try:
            with closing(open_engine()) as engine:
                dataset = load_from_engine(engine, store.recall_answers(_layout()))
            _LAST = Loaded(dataset, datetime.now(UTC).isoformat())
        except MappingError as error:
            _LAST = replace(_LAST, questions=error.questions, error=error)
        except PaliersError as error:
            LOGGER.warning("Le moteur de données n’a pas pu être lu (%s).", type(error).__name__)
            _LAST = replace(_LAST, questions=(), error=error)
    return _LAST


def show_engine() -> None:
    """What the engine gave, why it gave nothing, and its questions."""
    if not is_configured():
        return
    loaded = last_loaded()
    with st.container(border=True, key="moteur"):
        st.markdown("**Moteur de données**")
        if loaded.dataset is not None:
            when = datetime.fromisoformat(loaded.version).astimezone()
            st.caption(f"{safe(loaded.dataset.source)}, lu le {when:%d/%m/%Y à %H h %M}, relu chaque heure.")
        elif loaded.error is None:
            st.caption("Première lecture en cours ; la démonstration est montrée en attendant.")
        if loaded.error is not None:
            show_error(loaded.error)
        if loaded.questions:
            _ask(loaded.questions)


def _ask(questions: tuple[Question, ...]) -> None:
    known = store.recall_answers(_layout())
    asked = [Asked(q, blocking=True, answer=known.get(q.key)) for q in questions]
    answers = ask_all(asked, key="moteur", button="Lire avec ces réponses")
    if answers is not None:
        store.remember_answers(_layout(), answers)
        with st.spinner("Lecture du moteur de données…"):
            refresh()
        st.rerun()


def _layout() -> str:
    """Where its answers are kept; the address itself, which may hold a password, is not."""
    return "moteur-" + hashlib.sha256(os.environ[VARIABLE].encode()).hexdigest()
