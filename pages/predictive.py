"""Prédictif: what will happen next, and what if it goes on."""

from __future__ import annotations

import streamlit as st

from pages.components.accuracy import show_accuracy, show_verdict
from pages.components.assumptions import choose_assumptions, choose_question
from pages.components.budget import show_budget
from pages.components.consumption import show_consumption
from pages.components.forecast import (
    choose_series,
    explain_estimated,
    other_outlook,
    perimeter_series,
    show_fan,
    show_sentence,
    wait_forecast,
)
from pages.components.header import show_header
from pages.components.landing import show_landing
from pages.components.messages import show_unlocks, told_in_french
from pages.components.outlook_export import show_export
from pages.components.outlook_parts import show_parts
from pages.components.outlook_prophet import choose_prophet, wait_prophet
from pages.components.path import show_path
from pages.components.sidebar import current_view

view = current_view()
show_header(view, "Prédictif", "Que va-t-il se passer ensuite ? Et si ces tendances se poursuivent ?", here="predictif")

if view.dataset.main_measure is None:
    show_unlocks({"Prestations": ["prévision"]})
    st.stop()

with told_in_french():
    series = perimeter_series(view)
    question = choose_question()
    first, then = st.container(), st.container()  # the assumptions are read before what they change is drawn
    with then:
        ask = choose_assumptions(view, series, question)
    with first:
        outlook = wait_forecast(view, series, ask)
        if outlook is not None:
            sentence, picture, choices, progress = (st.container() for _ in range(4))
            with choices, st.container(horizontal=True, vertical_alignment="bottom"):
                name = choose_series(view, series)
                with_prophet = choose_prophet()
            with progress:
                other = other_outlook(view, outlook)
                candidate = wait_prophet(view, outlook, name) if with_prophet else None
            with sentence:
                show_sentence(view, outlook, name)
            with picture:
                show_fan(view, outlook, name, other=other, candidate=candidate)
                explain_estimated(view)
            show_verdict(outlook, name)
            show_landing(view, outlook, name)
    if outlook is not None:
        show_accuracy(view, outlook, name, candidate)
        show_parts(view, outlook, name)
        show_path(view, outlook)
        show_budget(view, outlook, name)
        show_export(view, outlook)
        show_consumption(view)
