"""Exactitude: reimbursements larger than what was charged."""

from __future__ import annotations

import numpy as np

from analytics.french import format_number
from data.checks.facts import Facts
from data.findings import euros, finding

#: Gap below which it is only rounding (EUR, then relative).
_CENT, _RELATIVE = 0.01, 1e-9
_OFTEN = 0.001


def check_plafond(facts: Facts) -> list[dict]:
    """Findings about rows where the mutual alone, or with the compulsory scheme, pays more than the amount charged."""
    frame = facts.dataset.prestation
    if frame.empty or not {"frais_reels", "prestation"} <= set(frame.columns):
        return []
    charged, paid = frame["frais_reels"].to_numpy(), frame["prestation"].to_numpy()
    if "remboursement_amo" in frame.columns:
        whole = paid + frame["remboursement_amo"].to_numpy()
        return _told("exactitude.reste_negatif", "AMO et mutuelle remboursent plus que les frais réels", charged, whole)
    return _told("exactitude.prestation_superieure", "la prestation dépasse les frais réels", charged, paid)


def _told(code: str, what: str, charged: np.ndarray, paid: np.ndarray) -> list[dict]:
    gap = charged - paid
    wrong = (gap < -_CENT - _RELATIVE * np.abs(charged)) & (charged >= 0)
    if not wrong.any():
        return []
    lost = float(-gap[wrong].sum())
    message = f"Lignes où {what} : {format_number(int(wrong.sum()))}, {euros(lost)} de trop au total."
    severity = "attention" if wrong.mean() > _OFTEN else "info"
    remedy = "Vérifiez que les frais réels sont complets, et que les colonnes ne sont pas interverties."
    return [
        finding(code, severity, message, table="prestation", colonne="frais_reels", remede=remedy, euros=lost)
    ]  # fmt: skip
