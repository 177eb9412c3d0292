"""Exhaustivité: cells that say nothing, measure by measure and dimension by dimension."""

from __future__ import annotations

import pandas as pd

from analytics.french import format_number
from analytics.schema import Dataset, dimensions_of, measures_of
from data.checks.facts import Facts
from data.findings import finding
from data.mapping.lines import NOT_GIVEN

#: Shares of empty cells above which they are worth a look, then grave.
LOOK, GRAVE = 0.05, 0.5


def check_valeurs_manquantes(facts: Facts) -> list[dict]:
    """Findings about empty cells."""
    rows, dataset = [], facts.dataset
    for name in ("prestation", "cotisation"):
        frame = getattr(dataset, name)
        if len(frame):
            rows += [*_missing_values(dataset, frame, name), *_missing_dimensions(dataset, frame, name)]
    return rows


def _missing_values(dataset: Dataset, frame: pd.DataFrame, table: str) -> list[dict]:
    rows = []
    for column in measures_of(frame):
        share = float(frame[column].isna().mean())
        # Stacked tables (members without poste, premiums by poste) hold each measure on its own rows.
        if 0 < share < 1 and not (table == "cotisation" and "poste" in frame.columns):
            rows.append(_missing(dataset, table, column, share))
    if "mois_paiement" in frame.columns and frame["mois_paiement"].isna().any():
        rows.append(_missing(dataset, table, "mois_paiement", float(frame["mois_paiement"].isna().mean())))
    return rows


def _missing_dimensions(dataset: Dataset, frame: pd.DataFrame, table: str) -> list[dict]:
    rows = []
    for column in dimensions_of(frame):
        share = float((frame[column] == NOT_GIVEN).mean())
        if share > 0:
            rows.append(_missing(dataset, table, column, share))
    return rows


def _missing(dataset: Dataset, table: str, column: str, share: float) -> dict:
    percent = format_number(share * 100, 1) if share >= 0.001 else "moins de 0,1"
    message = f"« {dataset.label(column)} » est vide sur {percent}\u00a0% des lignes."
    severity = "grave" if share > GRAVE else "attention" if share > LOOK else "info"
    remedy = "Complétez cette colonne à la source : ces lignes restent comptées dans les totaux."
    details = {"table": table, "colonne": column, "remede": remedy}
    return finding("exhaustivite.valeurs_manquantes", severity, message, **details)
