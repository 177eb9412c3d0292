"""What a month, or a batch, that is missing should have held: the amounts around it, moved to where it should be."""

from __future__ import annotations

import numpy as np
import pandas as pd

from data.checks.facts import Facts

#: Months before that tell what is usual.
HISTORY = 6


def expected_batch(
    facts: Facts, month: pd.Timestamp, amount: float, filtres: dict[str, str] | None = None
) -> tuple[pd.DataFrame, np.ndarray]:
    """Lines that a batch should have, by month of care, and their euros, `amount` together.

    They are those of the six months before, moved forward: payments of care of the month before stay so.

    Parameters
    ----------
    facts : Facts
    month : pandas.Timestamp
        Month of the axis of the batches in which it is missing.
    amount : float
        EUR that it should hold.
    filtres : dict, optional
        Values of the dimensions of the batch.
    """
    frame, measure = facts.prestation, facts.dataset.main_measure
    if filtres and not set(filtres) <= set(frame.columns):
        keys = [c for c in ("mois", "mois_paiement", *filtres) if c in facts.dataset.prestation.columns]
        frame = facts.dataset.prestation[[*keys, measure]]
    past = (month.year * 12 + month.month) - _number(frame[facts.axis])
    kept = (past > 0) & (past <= HISTORY * facts.step)
    for dimension, value in (filtres or {}).items():
        kept = kept & (frame[dimension] == value).to_numpy()
    rows, shift = frame[kept], past[kept]
    weights = rows[measure].to_numpy(dtype=float)
    moved = (_number(rows["mois"]) + shift - 1).astype(np.int64)
    dates = (moved - 1970 * 12).astype("datetime64[M]").astype("datetime64[ns]")
    total = np.nansum(weights)
    return rows.assign(mois=dates), weights * (amount / total if total else np.nan)


def expected_month(table: pd.DataFrame, measure: str, month: pd.Timestamp) -> tuple[pd.DataFrame, np.ndarray]:
    """Lines that a month of care should have, and their euros: those of its two neighbours, with its usual season.

    Parameters
    ----------
    table : pandas.DataFrame
        mois, dimensions and `measure`.
    month : pandas.Timestamp
        A month that it does not have.
    """
    totals = table.groupby("mois")[measure].sum()
    before, after = totals.index[totals.index < month].max(), totals.index[totals.index > month].min()
    around = [m for m in (before, after) if pd.notna(m)]
    rows = table[table["mois"].isin(around).to_numpy()]
    keys = ["poste"] if "poste" in table.columns else []
    season = _season(table, measure, month, around, keys)
    factor = rows[keys[0]].astype("str").map(season).astype("float64").fillna(1.0) if keys else season.get("", 1.0)
    return rows.assign(mois=month), rows[measure].to_numpy(dtype=float) / len(around) * np.asarray(factor)


def _season(
    table: pd.DataFrame, measure: str, month: pd.Timestamp, around: list[pd.Timestamp], keys: list[str]
) -> dict[str, float]:
    """Over the other years, what the month held over the mean of its two neighbours, value by value."""
    cells = table.assign(cle=table[keys[0]].astype("str") if keys else "").groupby(["cle", "mois"])[measure].sum()
    wide = cells.unstack("mois")
    ratios = {}
    for years in range(-10, 11):
        moved = [m + pd.DateOffset(years=years) for m in (month, *around)]
        if years and all(m in wide.columns for m in moved):
            ratios[years] = wide[moved[0]] / wide[moved[1:]].mean(axis=1)
    return pd.DataFrame(ratios).median(axis=1).to_dict() if ratios else {}


def _number(months: pd.Series) -> np.ndarray:
    dates = pd.DatetimeIndex(months)
    return (dates.year * 12 + dates.month).to_numpy(dtype=float)
