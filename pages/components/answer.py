"""The answer of a section, before its details: oui, non, on ne peut pas dire, and why in one sentence."""

from __future__ import annotations

import streamlit as st

from analytics.verdict import Reponse
from pages.components.messages import safe

WORDS = {"oui": "Oui", "non": "Non", "on ne peut pas dire": "On ne peut pas dire"}


def answer(reponse: Reponse, phrase: str) -> None:
    """Draw the answer; the sentence may hold names read from a file."""
    st.markdown(f"**{WORDS[reponse]}.** {safe(phrase)}")
