"""Actualité: months without a single line in the middle of the period."""

from __future__ import annotations

import numpy as np
import pandas as pd

from data.checks.facts import Facts, split_strays
from data.checks.places import place
from data.checks.shortfall import expected_batch, expected_month
from data.findings import finding

_SHOWN = 6
#: More months of payment than this, and this share of them, without a line: payments are not monthly.
_FEW, _RARE = 3, 0.1


def check_mois_manquants(facts: Facts) -> list[dict]:
    """Findings about holes, table by table; a month far from all the others is told by another check."""
    rows = []
    for name in ("cotisation", "prestation"):
        missing = missing_months(facts, getattr(facts.dataset, name))
        if len(missing):
            rows.append(_finding(facts, missing, name, "mois", _expected(facts, name, missing)))
    unpaid = missing_payments(facts)
    if len(unpaid):
        batches = [expected_batch(facts, m, _level(facts, m)) for m in unpaid]
        rows.append(_finding(facts, unpaid, "prestation", "mois_paiement", batches))
    return rows


def missing_months(facts: Facts, frame: pd.DataFrame) -> pd.DatetimeIndex:
    """Months without a line between the first and the last; care paid late leaves natural holes before the payments."""
    seen = pd.DatetimeIndex(sorted(frame["mois"].unique())) if len(frame) else pd.DatetimeIndex([])
    if "mois_paiement" in frame.columns and frame["mois_paiement"].notna().any():
        seen = seen[seen >= frame["mois_paiement"].min()]
    kept, _, _ = split_strays(seen)
    if len(kept) < 2:
        return pd.DatetimeIndex([])
    return pd.date_range(kept.min(), kept.max(), freq=facts.frequency).difference(kept)


def missing_payments(facts: Facts) -> pd.DatetimeIndex:
    """Months in which nothing was paid, when payments are monthly: a whole batch is not there."""
    if facts.axis != "mois_paiement" or facts.dataset.main_measure is None:
        return pd.DatetimeIndex([])
    kept, _, _ = split_strays(pd.DatetimeIndex(sorted(facts.prestation["mois_paiement"].dropna().unique())))
    if len(kept) < 2:
        return pd.DatetimeIndex([])
    missing = pd.date_range(kept.min(), kept.max(), freq=facts.frequency).difference(kept)
    return missing if len(missing) <= max(_FEW, _RARE * len(kept)) else missing[:0]


def _level(facts: Facts, month: pd.Timestamp) -> float:
    """Euros usually paid, minus: the median of the twelve months around, those without a payment aside."""
    at = facts.months.get_loc(month)
    around = facts.totals.iloc[max(0, at - 6) : at + 7]
    return -float(around[around != 0].median())


def _expected(facts: Facts, name: str, missing: pd.DatetimeIndex) -> list[tuple[pd.DataFrame, np.ndarray]]:
    table = getattr(facts, name)
    measure = facts.dataset.main_measure if name == "prestation" else "cotisation"
    if measure is None or measure not in table.columns:
        return []
    found = [expected_month(table, measure, m) for m in missing]
    return [(rows, -amounts) for rows, amounts in found]


def _finding(
    facts: Facts, missing: pd.DatetimeIndex, name: str, axis: str, expected: list[tuple[pd.DataFrame, np.ndarray]]
) -> dict:
    shown = ", ".join(f"{m:%m/%Y}" for m in missing[:_SHOWN]) + ("…" if len(missing) > _SHOWN else "")
    period = "Trimestres" if facts.step == 3 else "Mois"
    paid = " de paiement" if axis == "mois_paiement" else ""
    if expected:
        rows = pd.concat([rows for rows, _ in expected], ignore_index=True)
        amounts = np.concatenate([amounts for _, amounts in expected])
    else:
        rows, amounts = pd.DataFrame({"mois": missing}), None
    return finding(
        "actualite.mois_manquants",
        "grave",
        f"{period}{paid} sans aucune ligne au milieu de la période ({len(missing)}) : {shown}.",
        table=name,
        colonne=axis,
        valeur=shown,
        remede="Redemandez ces mois : ils sont manquants, pas nuls.",
        euros=None if amounts is None else float(np.nansum(amounts)),
        **place(rows, amounts),
    )
