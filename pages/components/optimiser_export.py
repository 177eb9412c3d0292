"""The plan taken away: played among the scenarios, as CSV, as a workbook, in the file of the scenarios."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import streamlit as st

from analytics.french import format_euros, format_number, format_percent
from analytics.prescriptive import reduce_actions
from analytics.prescriptive.plan import level_words
from charts.export import to_csv
from pages.components import figure
from pages.components.lab import Lab
from pages.components.optimiser_more import action_text, with_rises
from pages.components.optimiser_solve import Found
from pages.components.optimiser_words import NAMES, plan_rows, say_plan, say_prices, say_proof, secret_rows
from pages.components.scenario_export import file_of
from pages.components.sent_plan import NAME, PLAN, forget_plan, send_plan
from pages.components.sidebar import View
from reports.sheets import tables_to_xlsx

_FORMATS = {"Hausse": "+0.00%;-0.00%;0.00%", "Assurés": "#,##0", "Gardés": "#,##0", "Résultat (€)": "#,##0"}


def show_exports(view: View, lab: Lab, found: Found) -> None:
    """Buttons; each file is made on its click."""
    is_demo, stem = view.dataset.is_demo, "meilleur-plan"
    segments = lab.portfolio.table["segment"]
    secret = view.shared and bool(secret_rows(found.problem.table["beneficiaires"]).any())
    with st.container(horizontal=True):
        st.button(
            "Envoyer ce plan dans les scénarios", key="plan_envoyer", icon=":material/playlist_add:", type="primary",
            on_click=send_plan, args=(segments, found.rises()), disabled=secret,
            help="Il y est joué sur tous les futurs, à côté des autres." if not secret else
            "Mode partage : des segments comptent moins de 11 personnes.",
        )  # fmt: skip
        if st.query_params.get(PLAN):
            st.button("Retirer le plan des scénarios", key="plan_retirer", icon=":material/playlist_remove:",
                      on_click=forget_plan)  # fmt: skip
        st.download_button(
            "Plan (CSV)", lambda: to_csv(plan_frame(found, shared=view.shared), is_demo=is_demo), f"{stem}.csv",
            "text/csv", key="plan_csv", icon=":material/download:", on_click="ignore",
        )  # fmt: skip
        st.download_button(
            "Plan (Excel)", lambda: make_book(view, found), f"{stem}.xlsx",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", key="plan_xlsx",
            icon=":material/table_view:", on_click="ignore",
        )  # fmt: skip
        st.download_button(
            "Fichier de scénarios, plan compris", lambda: make_file(view, lab, found), f"{figure.slug(NAME)}.json",
            "application/json", key="plan_json", icon=":material/data_object:", on_click="ignore", disabled=secret,
        )  # fmt: skip


def plan_frame(found: Found, *, shared: bool) -> pd.DataFrame:
    """The plan with numbers as numbers."""
    rows = plan_rows(found, shared=shared)
    return pd.DataFrame(
        {
            "Segment": rows["segment"], "Hausse": rows["hausse"].round(6), "Assurés": rows["beneficiaires"].round(1),
            "Gardés": rows["retenus"].round(1), "Résultat (€)": rows["resultat"].round(2), "Pourquoi": rows["pourquoi"],
        }
    )  # fmt: skip


def make_book(view: View, found: Found) -> bytes:
    """The workbook of the plan."""
    sheets = {
        "Plan": plan_frame(found, shared=view.shared),
        "Contraintes": asked_frame(view, found),
        "Preuve": pd.DataFrame({"Texte": [say_plan(found), say_proof(found), *say_prices(found)]}),
    }
    if found.plan.goal != "pire_hausse":
        lines = action_text(view, found, reduce_actions(found.plan)).splitlines()
        sheets["Actions"] = pd.DataFrame({"Action": lines})
    return tables_to_xlsx(sheets, is_demo=view.dataset.is_demo, formats=_FORMATS)


def asked_frame(view: View, found: Found) -> pd.DataFrame:
    """What the plan had to respect, and where it stands."""
    totals = found.plan.totals()
    shown = {
        "Résultat": format_euros(totals["resultat"]), "P/C": format_percent(totals["pc"]),
        "Assurés gardés": format_number(totals["effectif"]),
        "Hausse moyenne": format_percent(totals["hausse_moyenne"], 2, signed=True),
    }  # fmt: skip
    rows = [("Obtenu", name, text) for name, text in shown.items()]
    for name, value in found.problem.constraints.given().items():
        label = NAMES.get(name, name)
        if isinstance(value, float):
            rows.append(("Demandé", label, level_words(name, value)))
        elif name == "facteurs":
            rows.append(("Demandé", "Facteurs", ", ".join(view.dataset.label(d) for d in value)))
        elif name == "grille":
            rows.append(("Demandé", label, f"{format_number(len(value))} pas"))
        else:
            rows.append(("Demandé", label, "oui"))
    return pd.DataFrame(rows, columns=["Rubrique", "Élément", "Valeur"])


def make_file(view: View, lab: Lab, found: Found) -> bytes:
    """The file of the scenarios with the plan among them, and the words of the plan."""
    levers = with_rises(lab, np.round(found.rises(), 10))
    file = file_of(view, replace(lab, scenarios={**lab.scenarios, NAME: levers}))
    file["notes"] = [*file["notes"], say_plan(found), say_proof(found)]
    return json.dumps(file, ensure_ascii=False, indent=1).encode()
