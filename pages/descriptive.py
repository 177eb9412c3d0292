"""Descriptif: what happened, how much, how often, where, and what deserves attention."""

from __future__ import annotations

import streamlit as st

from pages.components.alerts import show_decisions
from pages.components.breakdown import show_breakdown
from pages.components.cards import show_cards
from pages.components.header import show_header
from pages.components.indicator import choose_indicator, show_indicator
from pages.components.market import show_market
from pages.components.sidebar import current_view

view = current_view()
show_header(view, "Descriptif", "Que s’est-il passé, combien, à quelle fréquence, où ?", here="descriptif")
show_cards(view)

indicator = choose_indicator(view)
show_indicator(view, indicator)
show_breakdown(view, indicator)

st.header("Ce qui mérite attention")
show_decisions(view, limit=10)

st.header("Repères de marché")
show_market(view)
