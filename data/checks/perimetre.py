"""Exhaustivité: the population covered changes at once."""

from __future__ import annotations

from analytics.french import format_month, format_number
from data.checks.facts import Facts
from data.findings import finding

#: Change of the number of members from a month to the next that is no ordinary life.
JUMP = 0.15
_MIN_MONTHS = 6
_SHOWN = 5


def check_perimetre(facts: Facts) -> list[dict]:
    """Findings about jumps of the number of members from a month to the next."""
    frame = facts.cotisation
    if frame.empty or "beneficiaires" not in frame.columns:
        return []
    members = frame.groupby("mois")["beneficiaires"].sum(min_count=1).dropna()
    members = members[members > 0]
    if len(members) < _MIN_MONTHS:
        return []
    change = members.pct_change()
    rows = []
    for month in change.index[change.abs() > JUMP][:_SHOWN]:
        sign = "+" if change[month] > 0 else "−"
        message = (
            f"Les bénéficiaires changent de {sign}{format_number(abs(change[month]) * 100)}\u00a0% en un mois, "
            f"en {format_month(month)} : le périmètre n’est plus le même."
        )
        rows.append(
            finding(
                "exhaustivite.perimetre", "attention", message, table="cotisation", colonne="beneficiaires",
                valeur=f"{month:%Y-%m}",
                remede="Dites s’il s’agit d’une reprise ou d’une perte de portefeuille, ou d’un fichier incomplet.",
            )
        )  # fmt: skip
    return rows
