"""Accessibilité: what a reader must know to understand the figures and that the file does not say."""

from __future__ import annotations

from analytics.schema import Dataset
from data.findings import finding


def check_accessibilite(dataset: Dataset) -> list[dict]:
    """Findings about what is not stated: kind of date, base of the premiums."""
    rows = []
    if dataset.date_basis is None and len(dataset.prestation):
        rows.append(
            finding(
                "accessibilite.type_de_date",
                "attention",
                "Le fichier ne dit pas si le mois est celui des soins ou du paiement : « date non précisée ».",
                table="prestation",
                colonne="mois",
                remede="Dites-le : aucun total n’en dépend, mais la lecture des derniers mois, oui.",
            )
        )
    if dataset.base is None and "cotisation" in dataset.cotisation.columns:
        rows.append(
            finding(
                "accessibilite.base",
                "attention",
                "La base des cotisations n’est pas précisée (TTC, HT ou nette).",
                table="cotisation",
                colonne="cotisation",
                remede="Dites-la : le ratio P/C s’écrit toujours avec elle.",
            )
        )
    return rows
