"""Actualité: last months whose care is not entirely paid yet."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analytics.french import format_number
from data.checks.facts import Facts
from data.checks.places import place
from data.findings import finding

#: The last month is far below the others under this share of their median, and of the same month a year before.
LOW_SHARE = 0.8
_MIN_MONTHS = 6


def check_derniers_mois(facts: Facts) -> list[dict]:
    """Finding about the end of the care months; none for months of payment, which are complete."""
    dataset = facts.dataset
    measure = dataset.main_measure
    if measure is None or dataset.prestation.empty or dataset.date_basis == "paiement":
        return []
    if "mois_paiement" in dataset.prestation.columns:
        message = (
            "Les derniers mois de soins ne sont pas entièrement payés : le rythme de paiement permet de les compléter."
        )
        return [finding("actualite.derniers_mois", "info", message, table="prestation", colonne="mois")]
    totals = facts.prestation.groupby("mois")[measure].sum(min_count=1)
    fall = fall_of_last(totals)
    if fall is None:
        return []
    last = facts.prestation[(facts.prestation["mois"] == totals.index[-1]).to_numpy()]
    short = last[measure].to_numpy(dtype=float) * (1 - 1 / (1 - fall)) if fall < 1 else None
    return [
        finding(
            "actualite.derniers_mois",
            "attention",
            f"Le dernier mois est {format_number(fall * 100)}\u00a0% sous les douze précédents : sans doute des soins "
            "pas encore payés.",
            table="prestation",
            colonne="mois",
            valeur=f"{totals.index[-1]:%Y-%m}",
            remede="Ne lisez pas ce mois comme une baisse. Avec le mois de paiement, il pourrait être complété.",
            euros=None if short is None else float(np.nansum(short)),
            **place(last, short),
        )
    ]


def fall_of_last(totals: pd.Series) -> float | None:
    """How far the last month is under the twelve before, when a season does not explain it; None otherwise."""
    usual = totals.iloc[-13:-1].median()
    if len(totals) < _MIN_MONTHS or not usual > 0 or not totals.iloc[-1] < LOW_SHARE * usual:
        return None
    before = totals.get(totals.index[-1] - pd.DateOffset(years=1))
    if before is not None and before > 0 and not totals.iloc[-1] < LOW_SHARE * before:
        return None
    return 1 - totals.iloc[-1] / usual
