"""Loading, retention and the other assumptions of a portfolio: measured when the file allows it, else told."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analytics.errors import InsufficientData
from analytics.french import format_number, format_percent

YEAR = 12
#: A segment with fewer heads, or without any departure, takes the retention of the whole portfolio.
MIN_HEADS = 100


def count_segments(n: int) -> str:
    """« 1 segment », « 3 segments »."""
    return "1 segment" if n == 1 else f"{n} segments"


def describe_assumptions(
    elasticite: tuple[float, float, float], derive: tuple[float, float], hausse: tuple[float, float]
) -> tuple[str, ...]:
    """French notes on what the user assumes."""
    low, centre, high = (format_number(e, 2) for e in elasticite)
    drift, spread = format_percent(derive[0], signed=True), format_percent(derive[1])
    least, most = (format_percent(h, signed=True) for h in hausse)
    return (
        f"Hypothèse : élasticité {centre} ({low} à {high}).",
        f"Hypothèse : dérive des prestations {drift} (écart-type {spread}).",
        f"Hypothèse : hausses de {least} à {most}.",
    )


def measure_loading(sums: pd.DataFrame, given: float | None) -> tuple[pd.Series, str]:
    """Rate of loading by segment: measured where the file has frais_gestion, else the one given."""
    if "frais_gestion" in sums.columns and sums["frais_gestion"].notna().all():
        total = format_percent(sums["frais_gestion"].sum() / sums["cotisation"].sum())
        note = f"Mesuré : chargement, frais de gestion / cotisations ({total})."
        return sums["frais_gestion"] / sums["cotisation"], note
    if given is None:
        raise InsufficientData(
            "Le taux de chargement n’est pas connu.",
            colonne="frais_gestion",
            remede="Ajoutez la colonne « frais_gestion » au fichier ou indiquez un taux.",
        )
    return pd.Series(float(given), index=sums.index), f"Hypothèse : chargement {format_percent(given)} partout."


def measure_retention(sums: pd.DataFrame, months: int, given: float | None) -> tuple[pd.Series, str]:
    """Share of members kept in a year by segment: measured where the file has resiliations, else the one given."""
    heads = sums["beneficiaires"] / months
    if "resiliations" in sums.columns and sums["resiliations"].notna().all():
        yearly = sums["resiliations"] * YEAR / months
        everyone = float(np.clip(1.0 - yearly.sum() / heads.sum(), 0.0, 1.0))
        small = (heads < MIN_HEADS) | (yearly <= 0) | (yearly >= heads)
        note = (
            f"Mesuré : maintien, 1 − résiliations / effectif moyen ({format_percent(everyone)}), "
            "effet des hausses passées compris"
        )
        borrowed = (
            f" ; taux d’ensemble pour {count_segments(int(small.sum()))} sans assez de recul." if small.any() else "."
        )
        return (1.0 - yearly / heads).mask(small, everyone), note + borrowed
    if given is None:
        raise InsufficientData(
            "Le taux de maintien des adhérents n’est pas connu.",
            colonne="resiliations",
            remede="Ajoutez la colonne « resiliations » au fichier ou indiquez un taux.",
        )
    return pd.Series(float(given), index=sums.index), f"Hypothèse : maintien {format_percent(given)} partout."
