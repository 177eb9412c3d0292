"""Actualité: months without a single line in the middle of the period."""

from __future__ import annotations

import pandas as pd

from data.checks.facts import Facts, split_strays
from data.findings import finding

_SHOWN = 6


def check_mois_manquants(facts: Facts) -> list[dict]:
    """Findings about holes, table by table; a month far from all the others is told by another check."""
    rows = []
    for name in ("cotisation", "prestation"):
        missing = missing_months(facts, getattr(facts.dataset, name))
        if missing.empty:
            continue
        shown = ", ".join(f"{m:%m/%Y}" for m in missing[:_SHOWN]) + ("…" if len(missing) > _SHOWN else "")
        period = "Trimestres" if facts.step == 3 else "Mois"
        message = f"{period} sans aucune ligne au milieu de la période ({len(missing)}) : {shown}."
        remedy = "Redemandez ces mois : ils sont manquants, pas nuls."
        details = {"table": name, "colonne": "mois", "valeur": shown, "remede": remedy}
        rows.append(finding("actualite.mois_manquants", "grave", message, **details))
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
