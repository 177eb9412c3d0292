"""How members and care answer a lever, and the taxes: visible inputs with their interval and their source."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from analytics.french import format_number, format_percent
from analytics.prescriptive import REPONSES, Reponse, Taxes, adjust_responses, responses_table
from analytics.prescriptive.levers import ALL
from pages.components import figure
from pages.components.messages import safe
from pages.components.rates import rate_input
from pages.components.typed import interval_input

#: Key of each response in the link.
SHORT = {
    "reponse_frequence": "r_frequence", "part_au_plafond": "r_plafond", "economie_reseau": "r_reseau",
    "effet_prevention": "r_prevention", "cout_acquisition": "r_acquisition", "pc_recrues": "r_recrues",
    "repercussion_tsa": "r_tsa", "repercussion_contribution": "r_contribution",
}  # fmt: skip
MOST = 1e5
TYPED = "votre saisie"


def choose_responses() -> tuple[Reponse, ...]:
    """Each response typed over its default, then all of them in a table with their source."""
    with st.expander("Réponses supposées des adhérents et des soins", icon=":material/tune:", key="reponses"):
        st.caption(
            "Ce ne sont pas des mesures de votre population. Écrivez la valeur, puis son intervalle à 80 % entre "
            "parenthèses."
        )
        columns = st.columns(2)
        typed = {}
        for rank, response in enumerate(REPONSES):
            with columns[rank % 2]:
                given = _ask(response)
            if given != (response.bas, response.valeur, response.haut):
                typed[response.key] = given
        found = adjust_responses(typed, source=TYPED)
        figure.show_table(told_responses(found))
    return found


def _ask(response: Reponse) -> tuple[float, float, float]:
    unit = unit_of(response)
    # The default is told with all its digits, so that what is not typed over stays what the library holds.
    default = f"{_plain(response.valeur, unit)} ({_plain(response.bas, unit)} à {_plain(response.haut, unit)})"
    return interval_input(
        response.label[:1].upper() + response.label[1:], default, key=SHORT[response.key], unit=unit,
        bounds=(response.minimum, min(response.maximum, MOST)), help=safe(response.source),
    )  # fmt: skip


def unit_of(response: Reponse) -> str:
    """« taux » for a share, typed and told in percent; « nombre » for the others."""
    return "taux" if response.unite.startswith("part") else "nombre"


def _plain(value: float, unit: str) -> str:
    text = f"{value * 100:.10g} %" if unit == "taux" else f"{value:.10g}"
    return text.replace(".", ",")


def told_responses(responses: tuple[Reponse, ...]) -> pd.DataFrame:
    """Hypothèse, Valeur, Bas, Haut, Source of each response, in French."""
    table, rows = responses_table(responses), []
    for response, row in zip(responses, table.itertuples(), strict=True):
        unit = unit_of(response)
        cells = [_told(v, unit) for v in (row.valeur, row.bas, row.haut)]
        rows.append((row.label[:1].upper() + row.label[1:], *cells, "" if unit == "taux" else row.unite, row.source))
    return pd.DataFrame(rows, columns=["Hypothèse", "Valeur", "Bas", "Haut", "Unité", "Source"])


def _told(value: float, unit: str) -> str:
    return format_percent(value) if unit == "taux" else format_number(value, 0 if value >= 10 else 2)


def choose_taxes(taxes: Taxes, columns: Sequence[DeltaGenerator]) -> pd.DataFrame:
    """Levers of the taxes, which befall every scenario, doing nothing included.

    Parameters
    ----------
    taxes : Taxes
    columns : sequence
        Two places to draw in.

    Returns
    -------
    pandas.DataFrame
        segment, levier, valeur: empty when no tax moves.
    """
    rows = []
    with columns[0]:
        points = 0.0
        if pd.notna(taxes.tsa):
            points = rate_input(
                "Points de taxe de solidarité en plus", "0 %", key="h_tsa", bounds=(-0.5, 0.5),
                help=f"Aujourd’hui {format_percent(taxes.tsa, 2)} de la cotisation HT ({safe(taxes.source_tsa)}). "
                "Compte pour tous les scénarios, « Ne rien faire » compris.",
            )  # fmt: skip
        else:
            st.caption("Taxe de solidarité : son taux n’est pas connu pour cette année.")
    with columns[1]:
        asked = pd.notna(taxes.contribution) and st.toggle(
            f"Contribution 2026 ({format_percent(taxes.contribution, 2)})", key="h_contribution",
            bind="query-params", help=safe(taxes.note) or None,
        )  # fmt: skip
    if asked and taxes.note:
        st.warning(safe(taxes.note), icon=":material/gavel:")
    if points:
        rows.append((ALL, "tsa", points))
    if asked:
        rows.append((ALL, "contribution", 1.0))
    return pd.DataFrame(rows, columns=["segment", "levier", "valeur"])
