"""Descriptif: what happened, how much, how often, where, and what deserves attention."""

from __future__ import annotations

import streamlit as st

from pages.components import state
from pages.components.account import show_account
from pages.components.alerts import show_alerts
from pages.components.bases import show_bases
from pages.components.breakdown import show_breakdown
from pages.components.cards import show_cards
from pages.components.dictionary import show_dictionary
from pages.components.header import show_header
from pages.components.indicator import choose_indicator, show_indicator
from pages.components.market import show_market
from pages.components.pivot import show_pivot
from pages.components.replay import show_replay
from pages.components.research import show_research
from pages.components.sidebar import current_view
from pages.components.where import show_where

ESSENTIAL, WHERE, PIVOT, ACCOUNT = "L’essentiel", "Où", "À la carte", "Compte technique"
REPLAY, MARKET = "Rejouer à une date", "Repères"

view = current_view()
show_header(view, "Descriptif", "Que s’est-il passé, combien, à quelle fréquence, où ?", here="descriptif")
rubric = st.segmented_control(
    "Rubrique", (ESSENTIAL, WHERE, PIVOT, ACCOUNT, REPLAY, MARKET), default=ESSENTIAL, required=True,
    key=state.RUBRIC, bind="query-params", label_visibility="collapsed",
)  # fmt: skip

if rubric == WHERE:
    show_where(view, choose_indicator(view))
elif rubric == PIVOT:
    indicator = choose_indicator(view)
    show_pivot(view, indicator)
    st.header("Exercice de recherche")
    show_research(view, indicator)
elif rubric == ACCOUNT:
    show_account(view)
    show_bases(view)
elif rubric == REPLAY:
    show_replay(view, choose_indicator(view))
elif rubric == MARKET:
    show_market(view)
    show_dictionary(view)
else:
    show_cards(view)
    st.header("Ce qui mérite attention")
    show_alerts(view)
    st.header("Un indicateur de près")
    indicator = choose_indicator(view)
    show_indicator(view, indicator)
    show_breakdown(view, indicator)
