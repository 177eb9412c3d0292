"""Prescriptif: what an action would change, and with what probability."""

from __future__ import annotations

import streamlit as st

from pages.components.decisions import show_decisions
from pages.components.header import show_header
from pages.components.lab import wait_lab
from pages.components.optimiser import show_optimiser
from pages.components.redress import show_redressement
from pages.components.scenario_export import show_export
from pages.components.scenarios import show_answer, show_comparison, show_notes
from pages.components.seek import show_seek
from pages.components.sensitivity import show_sensitivity
from pages.components.sidebar import current_view
from pages.components.solidarity import show_solidarity

view = current_view()
show_header(view, "Prescriptif", "Quelle est la meilleure action à entreprendre ?", here="prescriptif")

top = st.container()  # the answer is read before what it rests on
lab = wait_lab(view)
if lab is not None:
    with top:
        show_answer(view, lab)
        st.header("Les scénarios côte à côte")
        show_comparison(view, lab)
    st.header("Qui paie\u202f?")
    show_solidarity(view, lab)
    st.header("Quelle hausse pour tenir la cible\u202f?")
    show_seek(view, lab)
    show_redressement(view, lab)
    st.header("Qu’est-ce qui pèse le plus\u202f?")
    show_sensitivity(view, lab)
    st.header("Quel est le meilleur plan\u202f?")
    show_optimiser(view, lab)
    show_export(view, lab)
    show_notes(lab)
st.header("Décider et suivre")
show_decisions(view, lab)
