"""The answer of a section, before its details: oui, non, on ne peut pas dire, and why in one sentence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd
import streamlit as st

from analytics.constat import Constat, in_sentence
from analytics.descriptive import comparison_period
from analytics.french import format_period, is_missing
from analytics.indicators import get_indicator
from analytics.schema import Dataset
from analytics.verdict import Reponse
from pages.components.messages import safe

WORDS = {"oui": "Oui", "non": "Non", "on ne peut pas dire": "On ne peut pas dire"}


@dataclass(frozen=True)
class Answer:
    """What a section answers; the sentence may hold names read from a file."""

    reponse: Reponse
    phrase: str

    @property
    def text(self) -> str:
        """The answer in Markdown."""
        return f"**{WORDS[self.reponse]}.** {safe(self.phrase)}"


def answer(reponse: Reponse, phrase: str) -> Answer:
    """Draw the answer of a section, and return it."""
    told = Answer(reponse, phrase)
    st.markdown(told.text)
    return told


def say_no_gap(constat: Constat, dataset: Dataset) -> Answer:
    """Draw the answer of a section about a change that has no value, with the period that it lacks."""
    now, before = constat.selection, comparison_period(constat.selection)
    label = in_sentence(get_indicator(constat.indicator, dataset).label)
    missing = [
        format_period(period.debut, period.fin)
        for period, value in ((before, constat.reference), (now, constat.valeur))
        if is_missing(value)
    ]
    where = " et ".join(missing)
    whole = pd.date_range(before.debut, before.fin, freq="MS").isin(dataset.months).all()
    if is_missing(constat.reference) and not whole:
        period = format_period(before.debut, before.fin)
        return answer("on ne peut pas dire", f"Le fichier n’a pas toute la période de comparaison ({period}).")
    return answer("on ne peut pas dire", f"Pas d’écart à expliquer : {label} sans valeur connue ({where}).")


def show_brief(told: Mapping[tuple[str, str], Answer | None]) -> None:
    """The answers of a page together, each with a link to its section, so that it is read in half a minute.

    Parameters
    ----------
    told : mapping of (str, str) to Answer or None
        Question in a few words and anchor of its section; a section without an answer is left out.
    """
    known = {place: found for place, found in told.items() if found is not None}
    if not known:
        return
    with st.container(border=True, key="en_bref"):
        for (question, anchor), found in known.items():
            st.markdown(f"[{question}](#{anchor}) {found.text}")
