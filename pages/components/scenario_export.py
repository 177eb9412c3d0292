"""The scenarios as files to take away: one that computes every number again, and tables for a spreadsheet."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from analytics.constat import describe_perimeter
from analytics.french import format_period
from analytics.prescriptive import IDLE, LEVIERS, export_scenario
from analytics.prescriptive.levers import ALL
from charts.export import to_csv
from charts.theme import SIMULATED
from pages.components import figure
from pages.components.lab import Lab
from pages.components.responses import told_responses
from pages.components.scenarios import label_of, tell_target, versus_of
from pages.components.sidebar import View
from pages.components.solidarity import ORDER, efforts_of
from reports.sheets import tables_to_xlsx

SEGMENT_HEADS = {
    "segment": "Segment", "hausse": "Hausse", "beneficiaires": "Assurés aujourd’hui", "effectif": "Assurés",
    "cotisation_avant": "Cotisations aujourd’hui", "cotisation": "Cotisations",
    "prestation_avant": "Prestations aujourd’hui", "prestation": "Prestations", "resultat": "Résultat technique",
    "pc": "P/C", "reste": "Reste à charge", "charges": "Coût des actions et des taxes",
}  # fmt: skip


def show_export(view: View, lab: Lab) -> None:
    """Three files made on a click."""
    with figure.folded("Emporter les scénarios", icon=":material/download:", key="emporter_sc") as is_open:
        if not is_open:
            return
        st.caption(
            "Le fichier de scénarios (JSON) contient les segments, les futurs tirés, les leviers et les hypothèses : "
            "chaque nombre de cette page se recalcule à partir de lui seul."
        )
        is_demo, stem = (
            view.dataset.is_demo,
            figure.slug(f"scénarios {describe_perimeter(view.selection, view.dataset)}"),
        )
        with st.container(horizontal=True):
            st.download_button(
                "Fichier de scénarios (JSON)", lambda: json.dumps(file_of(view, lab), ensure_ascii=False),
                f"{stem}.json", "application/json", key="sc_json", icon=":material/data_object:", on_click="ignore",
            )  # fmt: skip
            st.download_button(
                "Tableaux (XLSX)", lambda: tables_to_xlsx(tables_of(view, lab), is_demo=is_demo), f"{stem}.xlsx",
                "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", key="sc_xlsx",
                icon=":material/table_view:", on_click="ignore",
            )  # fmt: skip
            st.download_button(
                "Comparaison (CSV)", lambda: to_csv(comparison_of(view, lab), is_demo=is_demo), f"{stem}.csv",
                "text/csv", key="sc_csv", icon=":material/download:", on_click="ignore",
            )  # fmt: skip


def file_of(view: View, lab: Lab) -> dict[str, Any]:
    """The scenario file: what every number of the page is computed from."""
    notes = [*lab.notes, *([SIMULATED] if view.dataset.is_demo else [])]
    asked: Mapping[str, Any] = {
        "source": view.dataset.source,
        "perimetre": describe_perimeter(view.selection, view.dataset),
        "periode": format_period(lab.portfolio.debut, lab.portfolio.fin),
        "chance": lab.confiance,
        "base": view.dataset.base,
    }
    return export_scenario(lab.simulator, lab.scenarios, targets=lab.targets, notes=notes, asked=asked)


def tables_of(view: View, lab: Lab) -> dict[str, pd.DataFrame]:
    """Every table of the page with its numbers, by name of sheet."""
    found = {
        "Comparaison": comparison_of(view, lab),
        "Chances": chances_of(view, lab),
        "Leviers": levers_of(lab),
        "Segments": segments_of(view, lab),
    }
    for by in (d for d in ORDER if d in lab.portfolio.table.columns):
        label = view.dataset.label(by)
        efforts = efforts_of(view, lab, by)
        heads = {"scenario": "Scénario", "groupe": label, "effort": "Effort (€)", "hausse": "Hausse",
                 "part_effort": "Part de l’effort", "part_cotisation": "Part des cotisations",
                 "paye_recu_avant": "Payé / reçu aujourd’hui", "paye_recu": "Payé / reçu",
                 "transfert": "Transfert (€)", "reste_par_tete": "Reste à charge par tête (€)"}  # fmt: skip
        found[f"Qui paie, {label}"] = efforts[list(heads)].rename(columns=heads)
    found["Réponses"] = told_responses(lab.simulator.responses)
    found["Notes"] = pd.DataFrame({"Note": list(lab.notes)})
    return found


def comparison_of(view: View, lab: Lab) -> pd.DataFrame:
    """One row by scenario and indicator, numbers as they are computed."""
    table = versus_of(view, lab).table
    heads = {"scenario": "Scénario", "indicateur": "Indicateur", "valeur": "Valeur", "p10": "Bas (1 sur 10)",
             "p90": "Haut (1 sur 10)", "ecart_rien": f"Écart à « {IDLE} »", "verdict_rien": "Verdict",
             "hausse_uniforme": "Hausse uniforme de même résultat", "ecart_uniforme": "Écart à cette hausse",
             "verdict_uniforme": "Verdict face à elle"}  # fmt: skip
    shown = table.assign(indicateur=table["indicateur"].map(lambda k: label_of(view.dataset, k)))
    return shown[list(heads)].rename(columns=heads)


def chances_of(view: View, lab: Lab) -> pd.DataFrame:
    """Scénario, Cible, Chances."""
    table = versus_of(view, lab).targets
    words = [tell_target(t) for t in lab.targets]
    told = [words[i % len(words)] for i in range(len(table))]  # each scenario has every target, in their order
    return pd.DataFrame({"Scénario": table["scenario"], "Cible": told, "Chances": table["probabilite"]})


def levers_of(lab: Lab) -> pd.DataFrame:
    """Scénario, Segment, Levier, Poste, Valeur: what each scenario pulls."""
    parts = [frame.assign(scenario=name) for name, frame in lab.scenarios.items() if len(frame)]
    if not parts:
        return pd.DataFrame(columns=["Scénario", "Segment", "Levier", "Poste", "Valeur"])
    table = pd.concat(parts, ignore_index=True)
    return pd.DataFrame(
        {
            "Scénario": table["scenario"],
            "Segment": table["segment"].replace(ALL, "Tous"),
            "Levier": table["levier"].map(lambda key: LEVIERS[key].label),
            "Poste": table["poste"].replace(ALL, "Tous"),
            "Valeur": table["valeur"],
        }
    )


def segments_of(view: View, lab: Lab) -> pd.DataFrame:
    """Every segment of every scenario, at central assumptions."""
    parts = [o.table[list(SEGMENT_HEADS)].assign(scenario=name) for name, o in lab.outcomes.items()]
    table = pd.concat(parts, ignore_index=True)
    heads = {"scenario": "Scénario", **SEGMENT_HEADS, "pc": label_of(view.dataset, "pc")}
    return table[list(heads)].rename(columns=heads)
