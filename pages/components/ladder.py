"""The ladder: four levels, eight questions, each leading to the page that answers it."""

from __future__ import annotations

import streamlit as st

from analytics.french import THIN

LADDER = (
    ("1 · Descriptif", "pages/descriptive.py", (
        "Que s’est-il passé ?",
        "Combien, à quelle fréquence, où ?",
        "Où se situe exactement le problème ?",
        "Qu’est-ce qui nécessite une attention particulière ?",
    )),
    ("2 · Diagnostique", "pages/diagnostic.py", ("Pourquoi cela se produit-il ?",)),
    ("3 · Prédictif", "pages/predictive.py", (
        "Et si ces tendances se poursuivent ?",
        "Que va-t-il se passer ensuite ?",
    )),
    ("4 · Prescriptif", "pages/prescriptive.py", ("Quelle est la meilleure action à entreprendre ?",)),
)  # fmt: skip


def show_ladder() -> None:
    """Four rungs, each with its questions."""
    for level, page, questions in LADDER:
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{level}**", width=150)
            for question in questions:
                st.page_link(page, label=question.replace(" ?", f"{THIN}?"))
