"""Actualité: care paid years later, months written long before all the others."""

from __future__ import annotations

import pandas as pd

from analytics.french import format_month, format_number, format_percent
from data.checks.facts import Facts, split_strays
from data.findings import euros, finding

#: Months between care and payment above which the care is old (claims lapse after two years), or its date doubtful.
OLD, DOUBTFUL = 36, 120
#: Share of the amounts above which old care is worth a look.
_OFTEN = 0.01


def check_dates_anciennes(facts: Facts) -> list[dict]:
    """Findings about care far in the past."""
    rows = []
    for name in ("prestation", "cotisation"):
        frame = getattr(facts, name)
        if frame.empty:
            continue
        if "mois_paiement" in frame.columns and frame["mois_paiement"].notna().any():
            rows += _old_care(facts, frame)
        else:
            rows += _strays(frame, name)
    return rows


def _old_care(facts: Facts, frame: pd.DataFrame) -> list[dict]:
    measure = facts.dataset.main_measure
    months = frame[["mois", "mois_paiement"]].apply(lambda c: c.dt.year * 12 + c.dt.month)
    delay = months["mois_paiement"] - months["mois"]
    old = delay > OLD
    if measure is None or not old.any():
        return []
    amount, whole = float(frame.loc[old, measure].sum()), float(frame[measure].abs().sum())
    share = abs(amount) / whole if whole else 0.0
    first = frame.loc[old, "mois"].min()
    message = (
        f"Soins payés plus de {OLD} mois après leur date, depuis {format_month(first)} : {euros(amount)}, "
        f"soit {format_percent(share)} des montants."
    )
    severity = "attention" if share > _OFTEN or (delay > DOUBTFUL).any() else "info"
    return [
        finding(
            "actualite.soins_anciens", severity, message, table="prestation", colonne="mois", valeur=f"{first:%Y-%m}",
            remede="Vérifiez ces dates de soins ; les calculs de rythme de paiement n’en dépendent presque pas.",
            euros=amount,
        )
    ]  # fmt: skip


def _strays(frame: pd.DataFrame, table: str) -> list[dict]:
    _, before, _ = split_strays(pd.DatetimeIndex(sorted(frame["mois"].unique())))
    if before.empty:
        return []
    shown = ", ".join(format_month(m) for m in before)
    message = f"Lignes datées de {shown}, des années avant toutes les autres : {format_number(len(before))} mois."
    return [
        finding(
            "actualite.dates_anciennes", "grave", message, table=table, colonne="mois",
            valeur=", ".join(f"{m:%Y-%m}" for m in before),
            remede="Corrigez ces dates à la source : elles étirent toutes les séries.",
        )
    ]  # fmt: skip
