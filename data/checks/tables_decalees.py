"""Actualité: tables that do not end together."""

from __future__ import annotations

from data.checks.facts import Facts
from data.findings import finding


def check_tables_decalees(facts: Facts) -> list[dict]:
    """Finding about premiums that stop before the claims, or the reverse."""
    dataset = facts.dataset
    if dataset.cotisation.empty or dataset.prestation.empty:
        return []
    premium, care = dataset.cotisation["mois"].max(), dataset.prestation["mois"].max()
    if premium == care:
        return []
    late, last = ("cotisation", premium) if premium < care else ("prestation", care)
    message = f"Les {late}s s’arrêtent en {last:%m/%Y}, avant l’autre table : pas de ratio P/C au-delà."
    remedy = "Complétez l’extraction, ou lisez le ratio P/C jusqu’à ce mois seulement."
    return [
        finding(
            "actualite.tables_decalees", "attention", message, table=late, colonne="mois", valeur=f"{last:%Y-%m}",
            remede=remedy,
        )
    ]  # fmt: skip
