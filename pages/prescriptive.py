"""Prescriptif: what an action would change, and with what probability."""

from __future__ import annotations

import streamlit as st

from pages.components.header import show_header
from pages.components.scenarios import (
    choose_assumptions,
    choose_scenarios,
    show_comparison,
    show_notes,
    show_seek,
    wait_portfolio,
)
from pages.components.sidebar import current_view

view = current_view()
show_header(view, "Prescriptif", "Quelle est la meilleure action à entreprendre ?", here="prescriptif")

assumptions = choose_assumptions(view)
portfolio = wait_portfolio(view, assumptions)
if portfolio is not None:
    scenarios = choose_scenarios(view, portfolio)
    st.header("Les scénarios côte à côte")
    show_comparison(view, portfolio, assumptions, scenarios)
    st.header("Quelle hausse pour tenir la cible ?")
    show_seek(view, portfolio, assumptions)
    show_notes(portfolio)
