"""Diagnostic: why it happens, and where exactly."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from pages.components.alerts import say_data_errors
from pages.components.bridge import show_bridge, subject_of
from pages.components.causes import show_causes
from pages.components.constat import steps
from pages.components.header import show_header
from pages.components.impact import show_impact
from pages.components.sharing import stop_if_secret
from pages.components.sidebar import current_view

view = current_view()
show_header(view, "Diagnostic", "Pourquoi cela se produit-il, et où exactement ?", here="diagnostic")

st.header("Une erreur de données, d’abord ?")
say_data_errors(view)

constat = subject_of(view)
stop_if_secret(replace(view, selection=constat.selection))
st.header("De quoi est fait l’écart ?")
show_bridge(view, constat)

st.header("Un endroit précis ?")
show_causes(view, constat)

st.header("Un événement y est-il pour quelque chose ?")
show_impact(view, constat)

if view.constat is None:
    steps(constat, key="diagnostic", only=("predictif", "prescriptif"))
