"""Données: upload, questions, quality, and what one more column would unlock."""

from __future__ import annotations

import streamlit as st

from pages.components.header import show_header
from pages.components.quality import show_quality, show_reading, show_unlocks
from pages.components.sidebar import current_view
from pages.components.upload import show_delete, show_upload

view = current_view()
show_header(view, "Données", "Mon fichier est-il bien lu, et qu’y a-t-il à corriger ?", here="donnees")
show_upload()

st.header("Qualité des données utilisées")
show_quality(view)
show_unlocks(view)
show_reading(view)
show_delete(view)
