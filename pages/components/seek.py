"""The smallest move of one lever that holds a target with the chance asked."""

from __future__ import annotations

import streamlit as st

from analytics.prescriptive import IDLE, LEVIERS, Seek, seek
from pages.components.cache import cached
from pages.components.lab import Lab
from pages.components.messages import safe, told_in_french
from pages.components.scenarios import tell_target
from pages.components.sidebar import View

#: Lever to the first and last value tried; None: the increases allowed to every segment.
SEARCHED: dict[str, tuple[float, float] | None] = {
    "hausse": None,
    "taux": (0.0, -0.5),
    "plafond": (0.0, -0.8),
    "reseau": (0.0, 0.8),
    "chargement": (0.0, -0.1),
    "prevention": (0.0, 200.0),
}


def show_seek(view: View, lab: Lab) -> None:
    """Target, lever and starting point, then the answer in one sentence."""
    with told_in_french():
        columns = st.columns(3)
        with columns[0]:
            target = st.selectbox(
                "Cible à tenir", range(len(lab.targets)), key="s_cible", bind="query-params",
                format_func=lambda i: tell_target(lab.targets[i]),
            )  # fmt: skip
        with columns[1]:
            lever = st.selectbox(
                "Levier cherché", list(SEARCHED), key="s_levier", bind="query-params",
                format_func=lambda key: LEVIERS[key].label[:1].upper() + LEVIERS[key].label[1:].partition(",")[0],
            )  # fmt: skip
        with columns[2]:
            names = list(lab.scenarios)
            start = st.selectbox(
                "En partant de", range(len(names)), key="s_depart", bind="query-params",
                format_func=lambda i: safe(names[i]),
            )  # fmt: skip
        found = find(view, lab, target or 0, lever or "hausse", names[start or 0])
        sentence = (
            safe(found.phrase)
            if names[start or 0] == IDLE
            else f"En plus de « {safe(names[start])} » : {safe(found.phrase)}"
        )
        if found.status == "atteint":
            st.success(sentence, icon=":material/check_circle:")
        else:
            st.warning(sentence, icon=":material/block:")


def find(view: View, lab: Lab, target: int, lever: str, start: str) -> Seek:
    """The answer to one question, computed once."""
    aim = lab.targets[target]
    return cached(
        "seek", view.key,
        lambda: seek(
            lab.simulator, lab.scenarios[start], levier=lever, indicator=aim.indicateur, target=aim.seuil,
            probability=lab.confiance, sens=aim.sens, bounds=SEARCHED[lever],
        ),
        depart=lab.names[start], cible=aim, levier=lever, chance=lab.confiance,
    )  # fmt: skip
