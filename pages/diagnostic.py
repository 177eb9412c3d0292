"""Diagnostic: why it happens, and where exactly."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import streamlit as st

from analytics.constat import Constat
from analytics.french import THIN
from pages.components.answer import Answer, show_brief
from pages.components.bridge import show_bridge, subject_of
from pages.components.causes import show_causes
from pages.components.constat import steps
from pages.components.data_errors import say_data_errors
from pages.components.drivers import show_drivers
from pages.components.header import show_header
from pages.components.impact import show_impact
from pages.components.sharing import stop_if_secret
from pages.components.sidebar import View, current_view
from pages.components.tree import show_tree

Show = Callable[[View, Constat], Answer | None]


def _show_where(view: View, constat: Constat) -> Answer | None:
    told = show_causes(view, constat)
    show_tree(view, constat)
    return told


#: Question of a section, the same in a few words, its anchor, what shows it.
SECTIONS: tuple[tuple[str, str, str, Show], ...] = (
    ("Une erreur de données, d’abord ?", "Une erreur de données ?", "erreur", say_data_errors),
    ("De quoi est fait l’écart ?", "Un effet domine ?", "ecart", show_bridge),
    ("Un endroit précis ?", "Un endroit précis ?", "endroit", _show_where),
    ("Un événement y est-il pour quelque chose ?", "Un événement ?", "evenement", show_impact),
    ("Qu’est-ce qui évolue avec ?", "Une série qui évolue avec ?", "series", show_drivers),
)

view = current_view()
show_header(view, "Diagnostic", "Pourquoi cela se produit-il, et où exactement ?", here="diagnostic")
constat = subject_of(view)
stop_if_secret(replace(view, selection=constat.selection))

brief, told = st.container(), {}
for title, question, anchor, show in SECTIONS:
    st.header(title.replace(" ?", f"{THIN}?"), anchor=anchor)  # a question mark alone on its line is a bug
    told[question, anchor] = show(view, constat)
with brief:
    show_brief(told)

if view.constat is None:
    steps(constat, key="diagnostic", only=("predictif", "prescriptif"))
