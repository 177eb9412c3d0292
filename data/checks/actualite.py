"""Actualité: months missing in the middle, tables that do not end together, last months not yet complete."""

from __future__ import annotations

import pandas as pd

from analytics.french import format_number
from analytics.schema import Dataset
from data.findings import finding

#: The last month is far below the others under this share of their median.
LOW_SHARE = 0.8


def check_actualite(dataset: Dataset) -> list[dict]:
    """Findings about the months covered."""
    rows = [row for name in ("cotisation", "prestation") for row in _holes(getattr(dataset, name), name)]
    return [*rows, *_late_table(dataset), *_last_months(dataset)]


def _holes(frame: pd.DataFrame, table: str) -> list[dict]:
    if frame.empty:
        return []
    seen = pd.DatetimeIndex(frame["mois"].unique())
    missing = pd.date_range(seen.min(), seen.max(), freq="MS").difference(seen)
    if missing.empty:
        return []
    shown = ", ".join(f"{m:%m/%Y}" for m in missing[:6]) + ("…" if len(missing) > 6 else "")
    message = f"Mois sans aucune ligne au milieu de la période ({len(missing)}) : {shown}."
    remedy = "Redemandez ces mois : ils sont manquants, pas nuls."
    return [
        finding("actualite.mois_manquants", "grave", message, table=table, colonne="mois", valeur=shown, remede=remedy)
    ]


def _late_table(dataset: Dataset) -> list[dict]:
    if dataset.cotisation.empty or dataset.prestation.empty:
        return []
    premium, care = dataset.cotisation["mois"].max(), dataset.prestation["mois"].max()
    if premium == care:
        return []
    late, last = ("cotisation", premium) if premium < care else ("prestation", care)
    message = f"Les {late}s s’arrêtent en {last:%m/%Y}, avant l’autre table : pas de ratio P/C au-delà."
    return [
        finding("actualite.tables_decalees", "attention", message, table=late, colonne="mois", valeur=f"{last:%Y-%m}")
    ]


def _last_months(dataset: Dataset) -> list[dict]:
    measure = dataset.main_measure
    if measure is None or dataset.prestation.empty or dataset.date_basis == "paiement":
        return []
    if "mois_paiement" in dataset.prestation.columns:
        message = (
            "Les derniers mois de soins ne sont pas entièrement payés : le rythme de paiement permet de les compléter."
        )
        return [finding("actualite.derniers_mois", "info", message, table="prestation", colonne="mois")]
    totals = dataset.prestation.groupby("mois")[measure].sum(min_count=1)
    usual = totals.iloc[-13:-1].median()
    if len(totals) < 6 or not totals.iloc[-1] < LOW_SHARE * usual:
        return []
    fall = format_number((1 - totals.iloc[-1] / usual) * 100)
    return [
        finding(
            "actualite.derniers_mois",
            "attention",
            f"Le dernier mois est {fall}\u00a0% sous les douze précédents : sans doute des soins pas encore payés.",
            table="prestation",
            colonne="mois",
            valeur=f"{totals.index[-1]:%Y-%m}",
            remede="Ne lisez pas ce mois comme une baisse. Avec le mois de paiement, il pourrait être complété.",
        )
    ]
