"""Conformité: amounts below zero, usually regularisations."""

from __future__ import annotations

import numpy as np

from analytics.french import format_number, format_percent
from data.checks.facts import Facts
from data.findings import euros, finding

_MONEY = ("prestation", "frais_reels", "remboursement_amo")
#: Shares of the amounts, and of the rows, above which the negative ones are worth a look.
_MUCH, _OFTEN = 0.01, 0.1


def check_montants_negatifs(facts: Facts) -> list[dict]:
    """Findings about negative amounts, measure by measure."""
    rows, frame = [], facts.dataset.prestation
    for column in (c for c in _MONEY if c in frame.columns):
        values = frame[column].to_numpy()
        negative = values < 0
        if not negative.any():
            continue
        amount = float(values[negative].sum())
        share = -amount / float(np.nansum(np.abs(values)))
        message = (
            f"Montants négatifs (régularisations ?) : {format_number(int(negative.sum()))} lignes, {euros(amount)}, "
            f"soit {format_percent(share)} des montants."
        )
        details = {
            "table": "prestation",
            "colonne": column,
            "remede": "Rien à faire s’il s’agit d’annulations ; sinon, vérifiez le sens de ces lignes.",
            "euros": amount,
        }
        severity = "attention" if share > _MUCH or negative.mean() > _OFTEN else "info"
        rows.append(finding("conformite.montants_negatifs", severity, message, **details))
    return rows
