"""Exactitude: months whose total is out of proportion with their neighbours."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analytics.french import format_month, format_number
from data.checks.facts import Facts
from data.checks.places import place
from data.findings import finding

#: A month is out of proportion below the first and above the second of these, times its neighbours' median.
LOW, HIGH = 0.4, 2.5
#: Months looked at on each side.
_SIDE = 6
_MIN_MONTHS = 12
#: A season explains a month whose ratio is so many times, or less, its usual one in the other years.
_SEASON = 2.0
#: … and so does a month that is out of proportion in this share of the other years.
_HALF = 0.5
#: Beyond this many months out of proportion, and this share of them, the series is irregular: none of them is odd.
_FEW, _IRREGULAR = 3, 0.1
#: Payments of the first months of a file are only beginning.
_WARM_UP = 3
_SHOWN = 5


def check_mois_atypiques(facts: Facts) -> list[dict]:
    """Findings about whole months, all cells together; a missing month is told by another check."""
    totals = facts.totals
    if len(totals) < _MIN_MONTHS:
        return []
    ratio = ratio_to_neighbours(totals.to_numpy())
    told = np.arange(len(totals))
    start = _WARM_UP if facts.axis == "mois_paiement" else 0
    odd = ((ratio < LOW) | (ratio > HIGH)) & (totals.to_numpy() != 0)
    if odd.sum() > max(_FEW, _IRREGULAR * len(odd)):
        return []
    odd &= ~is_seasonal(ratio, 12 // facts.step)
    odd &= (told >= start) & (told < len(totals) - facts.open_months)
    return [_finding(facts, totals.index[i], ratio[i]) for i in np.flatnonzero(odd)[:_SHOWN]]


def ratio_to_neighbours(values: np.ndarray) -> np.ndarray:
    """Each value over the median of the six before and the six after; NaN when that median is not above zero."""
    ratio = np.full(len(values), np.nan)
    for i in range(len(values)):
        around = np.r_[values[max(0, i - _SIDE) : i], values[i + 1 : i + 1 + _SIDE]]
        around = around[around != 0]
        middle = np.median(around) if len(around) >= _SIDE else 0.0
        if middle > 0:
            ratio[i] = values[i] / middle
    return ratio


def is_seasonal(ratio: np.ndarray, periods: int) -> np.ndarray:
    """Whether the same month of the other years is as far from its neighbours; False when there is no other year."""
    seasonal = np.zeros(len(ratio), dtype=bool)
    for i in np.flatnonzero(np.isfinite(ratio)):
        others = np.r_[ratio[i % periods : i : periods], ratio[i + periods :: periods]]
        others = others[np.isfinite(others)]
        if not len(others):
            continue
        usual, far = np.median(others), (others < LOW) | (others > HIGH)
        seasonal[i] = (usual > 0 and 1 / _SEASON <= ratio[i] / usual <= _SEASON) or far.mean() >= _HALF
    return seasonal


def _finding(facts: Facts, month: pd.Timestamp, ratio: float) -> dict:
    if ratio < 0:
        size = "négatif"
    elif ratio < 1:
        size = f"à {format_number(ratio * 100)}\u00a0% du niveau des mois voisins"
    else:
        size = f"à {format_number(ratio, 1)} fois le niveau des mois voisins"
    measure = facts.dataset.main_measure
    rows = facts.prestation[(facts.prestation[facts.axis] == month).to_numpy()]
    excess = rows[measure].to_numpy(dtype=float) * (1 - 1 / ratio)
    return finding(
        "exactitude.mois_atypique",
        "attention",
        f"Le total de {format_month(month)} est {size}.",
        table="prestation",
        colonne=measure,
        valeur=f"{month:%Y-%m}",
        remede="Vérifiez que ce mois est entier et compté une seule fois, avant d’y chercher une cause.",
        euros=float(np.nansum(excess)),
        **place(rows, excess),
    )
