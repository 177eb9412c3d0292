"""Exactitude: numbers of members or of acts, and premiums, below zero."""

from __future__ import annotations

from analytics.french import format_number
from data.checks.facts import Facts
from data.checks.places import place
from data.findings import finding

_COLUMNS = {"prestation": ("actes",), "cotisation": ("beneficiaires", "cotisation")}


def check_effectifs_negatifs(facts: Facts) -> list[dict]:
    """Findings about cells (month × the dimensions of the summary) that cannot be below zero."""
    rows = []
    for table, columns in _COLUMNS.items():
        frame = getattr(facts, table)
        for column in (c for c in columns if c in frame.columns and len(frame)):
            negative = frame[column] < 0
            if not negative.any():
                continue
            count, first = format_number(int(negative.sum())), frame.loc[negative, "mois"].min()
            premium = column == "cotisation"
            what = "à cotisation négative (régularisations ?)" if premium else "où un effectif ou un nombre est négatif"
            details = {
                "table": table,
                "colonne": column,
                "valeur": f"{first:%Y-%m}",
                "remede": "Vérifiez le sens de ces lignes à la source. Rien n’a été modifié.",
                "euros": float(frame.loc[negative, column].sum()) if premium else None,
                **place(frame[negative], 2 * frame.loc[negative, column] if premium else None),
            }
            rows.append(finding("exactitude.signe", "attention", f"Totaux mensuels {what} : {count}.", **details))
    return rows
