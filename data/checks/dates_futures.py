"""Actualité: care dated after the last payment, months in the future, months long after all the others."""

from __future__ import annotations

import pandas as pd

from analytics.french import format_month, format_number
from data.checks.facts import Facts, split_strays
from data.findings import finding


def check_dates_futures(facts: Facts) -> list[dict]:
    """Findings about months that cannot be."""
    rows = []
    for name in ("prestation", "cotisation"):
        frame = getattr(facts.dataset, name)
        if frame.empty:
            continue
        limit, reason = _limit(facts, frame)
        if limit is None:
            continue
        late = frame["mois"] > limit
        if late.any():
            months = sorted(frame.loc[late, "mois"].unique())
            shown = ", ".join(format_month(pd.Timestamp(m)) for m in months[:4]) + ("…" if len(months) > 4 else "")
            message = f"Lignes datées de {shown}, {reason} : {format_number(int(late.sum()))}."
            values = ", ".join(f"{pd.Timestamp(m):%Y-%m}" for m in months[:4])
            remedy = "Corrigez ces dates à la source : elles étirent toutes les séries."
            details = {"table": name, "colonne": "mois", "valeur": values, "remede": remedy}
            rows.append(finding("actualite.dates_futures", "grave", message, **details))
    return rows


def _limit(facts: Facts, frame: pd.DataFrame) -> tuple[pd.Timestamp | None, str]:
    """Last month that can be, and why."""
    if "mois_paiement" in frame.columns and frame["mois_paiement"].notna().any():
        return frame["mois_paiement"].max(), "après le dernier paiement"
    months = pd.DatetimeIndex(sorted(frame["mois"].unique()))
    if facts.today is not None and months[-1] > facts.today:
        return facts.today, "dans le futur"
    kept, _, after = split_strays(months)
    return (kept[-1], "des années après toutes les autres") if len(after) else (None, "")
