"""Accueil: what moved, is it serious, what do we decide."""

from __future__ import annotations

import streamlit as st

from pages.components.alerts import show_decisions
from pages.components.cards import freshness, missing_cards, show_cards
from pages.components.decisions import show_due
from pages.components.header import show_header
from pages.components.ladder import show_ladder
from pages.components.messages import show_unlocks
from pages.components.sidebar import current_view
from pages.components.summary import show_summary

view = current_view()
show_header(view, "Accueil", "Qu’est-ce qui a bougé, est-ce grave, que décide-t-on ?", here="accueil")
show_summary(view)
show_cards(view)
show_unlocks(missing_cards(view.dataset))

st.header("À décider")
show_due(view)
show_decisions(view, limit=5)

st.header("Monter les paliers")
show_ladder()
st.caption(freshness(view))
