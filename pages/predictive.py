"""Prédictif: what will happen next, and what if it goes on."""

from __future__ import annotations

import streamlit as st

from pages.components.forecast import choose_series, show_accuracy, show_fan, show_landing, wait_forecast
from pages.components.header import show_header
from pages.components.sidebar import current_view

view = current_view()
show_header(view, "Prédictif", "Que va-t-il se passer ensuite ? Et si ces tendances se poursuivent ?", here="predictif")

outlook = wait_forecast(view)
if outlook is not None:
    name = choose_series(view, outlook)
    show_fan(view, outlook, name)
    show_landing(view, outlook, name)
    st.header("Peut-on s’y fier ?")
    show_accuracy(view, outlook, name)
