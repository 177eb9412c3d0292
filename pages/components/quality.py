"""Quality of the dataset in use: six pillars, every finding, every line left aside, every column that would help."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from analytics.french import format_euros, format_month, format_percent, is_missing
from analytics.schema import LABELS
from charts.export import to_csv
from data.checks import run_checks, score, unlocks
from pages.components import figure
from pages.components.cache import cached
from pages.components.cards import freshness
from pages.components.sidebar import View

SEVERITIES = {"grave": "Grave", "attention": "À regarder", "info": "Information"}


def findings_of(view: View) -> pd.DataFrame:
    """Findings of the reading and of the six checks, gravest first."""
    return cached("checks", view.token, lambda: run_checks(view.opened.raw), as_of=str(view.dataset.as_of))


def show_quality(view: View) -> None:
    """Score of each pillar, then the findings."""
    findings = findings_of(view)
    with st.grid(6, min_column_width=140, key="piliers"):
        for row in score(findings).itertuples():
            st.metric(row.pilier, f"{row.note:.0f}", delta_description="sur 100", help=row.phrase, border=True)
    st.caption(freshness(view))
    if findings.empty:
        st.success("Aucune anomalie trouvée.", icon=":material/check_circle:")
        return
    shown = pd.DataFrame(
        {
            "Gravité": findings["severite"].map(SEVERITIES),
            "Constat": findings["message"],
            "Remède": findings["remede"],
            "Enjeu": [format_euros(e) if not is_missing(e) else "" for e in findings["euros"].astype(float)],
        }
    )
    figure.show_table(shown)


def show_unlocks(view: View) -> None:
    """What each missing column would make possible."""
    table = unlocks(view.opened.raw)
    if table.empty:
        return
    with st.expander("Ce que d’autres colonnes débloqueraient", icon=":material/lock_open:"):
        table = table.assign(colonne=[LABELS.get(c, c.replace("_", " ").capitalize()) for c in table["colonne"]])
        figure.show_table(table.rename(columns={"colonne": "Colonne", "debloque": "Ce qu’elle débloque"}))


def show_reading(view: View) -> None:
    """How the file was read, how known each month is, and the lines that are not used."""
    raw = view.opened.raw
    with st.expander("Mois par mois : ce qui est déjà connu", icon=":material/calendar_month:"):
        table = view.opened.maturity.tail(24).iloc[::-1]
        figure.show_table(
            pd.DataFrame(
                {
                    "Mois": table["mois"].map(format_month),
                    "État": table["statut"].str.capitalize(),
                    "Part connue": table["part_connue"].map(format_percent),
                }
            )
        )
    unused = pd.concat([raw.rejected.assign(sort="rejetée"), raw.left_out.assign(sort="laissée de côté")])
    if len(unused) and "ligne" in unused.columns:
        names = {"ligne": "Ligne", "sort": "Sort", "colonne": "Colonne", "valeur": "Valeur", "raison": "Raison"}
        shown = unused.reindex(columns=list(names)).rename(columns=names)
        with st.expander(f"Lignes non utilisées : {len(shown)}", icon=":material/rule:"):
            figure.show_table(shown.head(500))
            st.download_button(
                "Toutes les lignes non utilisées (CSV)", lambda: to_csv(shown), "lignes-non-utilisees.csv", "text/csv",
                key="rejets_csv", icon=":material/download:", on_click="ignore",
            )  # fmt: skip
