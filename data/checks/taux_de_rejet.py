"""Conformité: share of the lines of the file that could not be read."""

from __future__ import annotations

from analytics.french import format_number
from data.checks.facts import Facts
from data.findings import finding

#: Shares above which the rejects are worth a look, then grave.
LOOK, GRAVE = 0.01, 0.05


def check_taux_de_rejet(facts: Facts) -> list[dict]:
    """Finding about rejected lines, when they are more than a few."""
    rejected, total = facts.dataset.rejected, facts.dataset.dialect.get("lignes")
    if not total or not len(rejected):
        return []
    share = len(rejected) / int(str(total))
    if share <= LOOK:
        return []
    return [
        finding(
            "conformite.taux_de_rejet",
            "grave" if share > GRAVE else "attention",
            f"{format_number(share * 100, 1)}\u00a0% des lignes du fichier ont été rejetées.",
            ligne=int(rejected["ligne"].iloc[0]),
            remede="Les totaux sont incomplets tant que ces lignes ne sont pas corrigées.",
        )
    ]
