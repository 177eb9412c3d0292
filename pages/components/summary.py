"""The three sentences of the first screen."""

from __future__ import annotations

import streamlit as st

from analytics.constat import Sentence
from analytics.descriptive import summarise
from pages.components.cache import cached
from pages.components.messages import safe, told_in_french
from pages.components.sharing import hidden_values
from pages.components.sidebar import View


def summary_of(view: View) -> tuple[Sentence, ...]:
    """The sentences of the selection, computed once."""
    secret = any(hidden_values(view, d, view.selection) for d in view.opened.readable_dimensions)
    return cached(
        "summary", view.key, lambda: summarise(view.dataset, view.selection, segments=not secret),
        selection=view.selection, secret=secret,
    )  # fmt: skip


def show_summary(view: View) -> None:
    """Three deterministic sentences on the selection."""
    with told_in_french(), st.container(key="resume"):
        st.markdown("\n".join(f"- {safe(sentence.text)}" for sentence in summary_of(view)))
