"""Données: upload, questions, quality, and what one more column would unlock."""

from __future__ import annotations

import streamlit as st

from pages.components.engine import show_engine
from pages.components.header import show_header
from pages.components.history import show_changes, show_delete, show_deposits, show_undo
from pages.components.quality import show_quality, show_reading, show_unlocks
from pages.components.sidebar import current_view
from pages.components.upload import show_upload

view = current_view()
show_header(view, "Données", "Mon fichier est-il bien lu, et qu’y a-t-il à corriger ?", here="donnees")
if view.shared:
    st.info(
        "Mode partage : les lignes, les valeurs et les constats du fichier ne se montrent pas. Quittez ce mode pour "
        "déposer un fichier ou le corriger.",
        icon=":material/shield_lock:",
    )
    st.stop()
show_undo(view)
show_engine()
show_upload(view)

st.header("Qualité des données utilisées")
show_quality(view)
show_unlocks(view)
show_reading(view)
show_changes(view)
show_deposits(view)
show_delete(view)
