"""Exactitude: payments dated before the care."""

from __future__ import annotations

from analytics.french import format_number
from data.checks.facts import Facts
from data.findings import euros, finding

#: Share of the rows above which the two columns are likely to have been swapped.
_OFTEN = 0.05


def check_paiement_avant_soins(facts: Facts) -> list[dict]:
    """Finding about rows whose month of payment is before that of care."""
    frame, measure = facts.dataset.prestation, facts.dataset.main_measure
    if frame.empty or "mois_paiement" not in frame.columns:
        return []
    early = frame["mois_paiement"] < frame["mois"]
    if not early.any():
        return []
    amount = None if measure is None else float(frame.loc[early, measure].sum())
    size = "" if amount is None else f", {euros(amount)}"
    return [
        finding(
            "exactitude.paiement_avant_soins",
            "grave" if early.mean() > _OFTEN else "attention",
            f"Lignes payées avant le mois des soins : {format_number(int(early.sum()))}{size}.",
            table="prestation",
            colonne="mois_paiement",
            valeur=f"{frame.loc[early, 'mois_paiement'].min():%Y-%m}",
            remede="Vérifiez que les deux colonnes de date ne sont pas inversées.",
            euros=amount,
        )
    ]
