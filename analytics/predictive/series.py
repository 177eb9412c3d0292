"""From a dataset to the monthly series that are forecast."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from analytics.descriptive.indicator import compute_indicator
from analytics.errors import InsufficientData
from analytics.predictive.reconciliation import MAX_SERIES, WHOLE
from analytics.schema import Dataset, Selection


@dataclass(frozen=True)
class Series:
    """Monthly series of a perimeter.

    Attributes
    ----------
    frame : pandas.DataFrame
        serie, mois, valeur (EUR): the whole, then its parts when it has some.
    hierarchy : dict of str to tuple of str
        The whole to its parts; empty without parts.
    """

    frame: pd.DataFrame
    hierarchy: dict[str, tuple[str, ...]]


def build_series(
    dataset: Dataset, measure: str, months: pd.DatetimeIndex, filtres: dict[str, tuple[str, ...]], *, by: str | None
) -> Series:
    """The whole of a perimeter and its parts by one dimension, over complete months.

    Parameters
    ----------
    dataset : Dataset
        Completed data.
    measure : str
        Measure of `prestation` (EUR).
    months : pandas.DatetimeIndex
        Complete months.
    filtres : dict
        Perimeter.
    by : str or None
        Dimension of the parts; ignored when it has a single value or more than fourteen in the perimeter, or when a
        part has a month without any row.

    Raises
    ------
    InsufficientData
        The perimeter has no amount at all.
    """
    if not len(months):
        raise InsufficientData("Aucun mois complet : il n’y a rien à prévoir.")
    selection = Selection(months[0], months[-1], filtres)
    whole = compute_indicator(dataset, measure, selection=selection)[["mois", "valeur"]]
    if whole["valeur"].notna().sum() == 0:
        raise InsufficientData(
            "Ce périmètre n’a aucun montant.", remede="Élargissez le périmètre dans le volet de gauche."
        )
    frame = whole.assign(serie=WHOLE)
    parts = _parts(dataset, measure, selection, by, len(whole)) if by else pd.DataFrame()
    if parts.empty:
        return Series(frame[["serie", "mois", "valeur"]], {})
    names = tuple(parts["serie"].drop_duplicates())
    return Series(pd.concat([frame, parts], ignore_index=True)[["serie", "mois", "valeur"]], {WHOLE: names})


def _parts(dataset: Dataset, measure: str, selection: Selection, by: str, n_months: int) -> pd.DataFrame:
    table = compute_indicator(dataset, measure, by=(by,), selection=selection).dropna(subset=["valeur"])
    counts = table.groupby(by)["mois"].nunique()
    if not 1 < len(counts) <= MAX_SERIES or (counts < n_months).any():
        return pd.DataFrame()
    return table.assign(serie=table[by].map(lambda v: dataset.value_label(by, v)))[["serie", "mois", "valeur"]]
