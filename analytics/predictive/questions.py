"""Two questions kept apart: what comes next, events included, and what if these trends go on, with nothing new."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from analytics.descriptive.indicator import compute_indicator
from analytics.predictive.reconciliation import WHOLE
from analytics.predictive.series import CENT, UNNAMED, part_name
from analytics.schema import Dataset, Selection

ENSUITE, TENDANCE = "ensuite", "tendance"
#: A poste that no file has: a perimeter of nothing.
NOBODY = "\x00"
COLUMNS = ["evenement", "debut", "fin", "forme", "serie", "effet"]


def hold_trend(events: pd.DataFrame, last: pd.Timestamp) -> pd.DataFrame:
    """Events that leave their mark on the past and give the future nothing new.

    A lasting step stays in the level; a step or a shock under way stops being told apart from it (the step stays, the
    shock is over); a ramp under way is left to the trend, which goes on.

    Parameters
    ----------
    events : pandas.DataFrame
        evenement, debut, fin, forme, serie (missing = every series).
    last : pandas.Timestamp
        Last known month.

    Returns
    -------
    pandas.DataFrame
        Same columns; nothing begins after `last`, and no effect changes after it.
    """
    past = events[events["debut"] <= last]
    running = past["fin"] > last
    kept = past[~(running & (past["forme"] == "rampe"))].copy()
    running = running.reindex(kept.index)
    kept.loc[running & (kept["forme"] == "palier"), "fin"] = pd.NaT
    kept.loc[running & (kept["forme"] == "impulsion"), "fin"] = last
    return kept.reset_index(drop=True)


def plan(events: pd.DataFrame, planned: pd.DataFrame, last: pd.Timestamp) -> pd.DataFrame:
    """Events of the past, their effects left to be estimated, and those to come with their supposed effect.

    Parameters
    ----------
    events : pandas.DataFrame
        evenement, debut, fin, forme, serie.
    planned : pandas.DataFrame
        The same and effet, as :func:`spread` makes it.
    last : pandas.Timestamp
        Last known month: what begins after it counts only with a supposed effect.
    """
    past = events[events["debut"] <= last].reset_index(drop=True)
    if planned.empty:
        return past
    return pd.concat([past.assign(effet=np.nan), planned], ignore_index=True)[COLUMNS]


def spread(event: Mapping, effect: float, shares: Mapping[str, float]) -> pd.DataFrame:
    """One event to come as rows by series: its effect weighs by the share of the series that it touches.

    Parameters
    ----------
    event : mapping
        evenement, debut, fin, forme.
    effect : float
        Supposed effect on the postes touched (0.05 = +5 %).
    shares : mapping of str to float
        Series to the share of its amount that is touched, 0 to 1.

    Returns
    -------
    pandas.DataFrame
        evenement, debut, fin, forme, serie, effet; no row for a series that is not touched.
    """
    rows = [
        (event["evenement"], event["debut"], event["fin"], event["forme"], serie, effect * share)
        for serie, share in shares.items()
        if share > 0
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def shares_touched(
    dataset: Dataset, measure: str, selection: Selection, *, by: str | None, postes: Collection[str]
) -> dict[str, float]:
    """Share of the amounts of each series that some postes hold over a period.

    Parameters
    ----------
    dataset : Dataset
    measure : str
        Measure of `prestation` (EUR).
    selection : Selection
        Period and perimeter.
    by : str or None
        Dimension of the parts.
    postes : collection of str
        Values of `poste` touched; empty = every one.

    Returns
    -------
    dict of str to float
        `WHOLE`, each part, and `UNNAMED`: the rows without a value of `by`. Empty when the file has no poste to tell.
    """
    if postes and "poste" not in dataset.prestation.columns:
        return {}
    amounts = _amounts(dataset, measure, selection, by)
    inside = amounts if not postes else _amounts(dataset, measure, _only(selection, postes), by)
    return {name: _share(inside.get(name, 0.0), total) for name, total in amounts.items()}


def _only(selection: Selection, postes: Collection[str]) -> Selection:
    """The same perimeter, of some postes alone."""
    allowed = selection.filtres.get("poste") or postes
    kept = tuple(p for p in postes if p in set(allowed))
    return replace(selection, filtres={**selection.filtres, "poste": kept or (NOBODY,)})


def _amounts(dataset: Dataset, measure: str, selection: Selection, by: str | None) -> dict[str, float]:
    """Sum of the whole, of each part, and of what no part holds."""
    whole = float(compute_indicator(dataset, measure, selection=selection)["valeur"].sum())
    found = {WHOLE: whole}
    if by is None:
        return found
    table = compute_indicator(dataset, measure, by=(by,), selection=selection).dropna(subset=[by])
    sums = table.groupby([part_name(dataset, by, value) for value in table[by]])["valeur"].sum()
    rest = whole - float(sums.sum())
    return {**found, **sums.to_dict(), **({UNNAMED: rest} if abs(rest) > CENT else {})}


def _share(inside: float, total: float) -> float:
    return float(np.clip(inside / total, 0.0, 1.0)) if total > 0 else 0.0
