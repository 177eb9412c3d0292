"""Care of one head by segment and poste, measured from the claims, and what a missing column would unlock."""

from __future__ import annotations

import pandas as pd

from analytics.prescriptive.assumptions import YEAR
from analytics.schema import Dataset

CARE = ("prestation", "frais_reels", "remboursement_amo", "actes")
#: A panier of that name, spaces and case aside, leaves nothing to pay.
BASKET = "100%santé"
UNLOCKED = {
    "poste": "leviers par poste (plafonds, taux, 100 % Santé, réseau) et dérive par poste",
    "frais_reels": "reste à charge et réponse de la fréquence aux garanties",
    "remboursement_amo": "reste à charge et réponse de la fréquence aux garanties",
    "actes": "levier 100 % Santé",
    "panier": "levier 100 % Santé",
}


def measure_postes(
    dataset: Dataset, portfolio: pd.DataFrame, sums: pd.DataFrame, keys: list[str],
    period: tuple[pd.Timestamp, pd.Timestamp], months: int,
) -> tuple[pd.DataFrame | None, tuple[str, ...]]:  # fmt: skip
    """Yearly care of one head of each segment, by poste.

    Parameters
    ----------
    dataset : Dataset
        Completed.
    portfolio, sums : pandas.DataFrame
        Segments kept and their sums, row by row; both have the columns of `keys`.
    keys : list of str
        Dimensions of a segment.
    period : (pandas.Timestamp, pandas.Timestamp)
        First and last month.
    months : int
        Length of it.

    Returns
    -------
    tuple of (pandas.DataFrame or None, tuple of str)
        segment, poste, prestation, frais_reels, remboursement_amo, actes (EUR and acts per head and year; a measure
        that the file lacks is absent, one that a cell lacks is NaN), and the same of the acts of the 100 % Santé
        basket, followed by _100. None without poste. French notes.
    """
    absent = [c for c in UNLOCKED if c not in dataset.prestation.columns]
    notes = tuple(f"Sans « {c} » : pas de {UNLOCKED[c]}." for c in absent if c != "remboursement_amo")
    if "poste" in absent:
        return None, notes
    claims = dataset.prestation[dataset.prestation["mois"].between(*period)]
    if claims["poste"].isna().any():
        claims = claims.assign(poste=claims["poste"].astype(object).where(claims["poste"].notna(), "non renseigné"))
    measures = [m for m in CARE if m in claims.columns]
    cells = _sum_known(claims, [*keys, "poste"], measures)
    if {"panier", "actes"} <= set(claims.columns):
        inside = claims["panier"].astype(str).str.replace(r"\s", "", regex=True).str.lower() == BASKET
        basket = _sum_known(claims[inside], [*keys, "poste"], measures).rename(
            columns={m: f"{m}_100" for m in measures}
        )
        cells = cells.merge(basket, on=[*keys, "poste"], how="left")
        extra = [f"{m}_100" for m in measures]
        cells[extra] = cells[extra].where(cells["actes_100"].notna(), 0.0)
    heads = pd.DataFrame({"segment": portfolio["segment"], **{k: sums[k] for k in keys}})
    heads["personnes_mois"] = sums["beneficiaires"]
    found = heads.merge(cells, on=keys, how="inner") if keys else heads.merge(cells, how="cross")
    named = [c for c in found.columns if c in CARE or c.endswith("_100")]
    found[named] = found[named].mul(YEAR / found["personnes_mois"], axis=0)
    return found[["segment", "poste", *named]].assign(poste=found["poste"].astype(str)), notes


def _sum_known(claims: pd.DataFrame, keys: list[str], measures: list[str]) -> pd.DataFrame:
    """Sums by cell; a sum with a line that does not tell the measure is not known."""
    groups = claims.groupby(keys, observed=True, dropna=False)
    sums = groups[measures].sum(min_count=1)
    care = [m for m in measures if m != "prestation"]
    holes = claims[care].isna().groupby([claims[k] for k in keys], observed=True, dropna=False).any()
    sums[care] = sums[care].mask(holes.reindex(sums.index))
    return sums.reset_index()
