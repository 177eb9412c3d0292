"""One finding: an indicator over a perimeter and a period, beside what it is compared with."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analytics.constat import Constat
from analytics.descriptive.compare import bounded, compare_total
from analytics.indicators import get_indicator
from analytics.schema import Dataset, Selection


def build_constat(
    dataset: Dataset, key: str, selection: Selection, *, q_value: float = np.nan, known: pd.Series | None = None
) -> Constat:
    """The finding of one indicator over one perimeter and period, compared as the selection says.

    Parameters
    ----------
    dataset : Dataset
        Completed data.
    key : str
        Indicator or measure.
    selection : Selection
        Perimeter and period.
    q_value : float
        False-discovery rate, when a test found it.
    known : pandas.Series, optional
        Share known by month; the least known month of the period gives the maturity.
    """
    selection = bounded(selection, dataset)
    found = compare_total(dataset, key, selection=selection)
    valeur, reference, ecart = float(found.valeur), float(found.reference), float(found.ecart)
    indicator = get_indicator(key, dataset)
    base = 1.0 if indicator.unit == "EUR" else float(found.denominateur)
    euros = ecart * base if indicator.is_money else np.nan
    maturite = np.nan if known is None else _least(known, selection)
    return Constat(key, selection, selection.fin, valeur, reference, ecart, euros, q_value, maturite)


def _least(known: pd.Series, selection: Selection) -> float:
    months = known.index
    within = known.to_numpy(dtype=float)[(months >= selection.debut) & (months <= selection.fin)]
    return float(np.nanmin(within)) if not np.isnan(within).all() else np.nan
