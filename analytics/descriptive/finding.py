"""One finding: an indicator over a perimeter and a period, beside what it is compared with."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analytics.constat import Constat
from analytics.descriptive.compare import bounded, compare_periods
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
    row = compare_periods(dataset, key, selection=selection).iloc[0]
    ecart = float(row["valeur"]) - float(row["reference"])
    indicator = get_indicator(key, dataset)
    base = 1.0 if indicator.unit == "EUR" else float(row["denominateur"])
    euros = ecart * base if indicator.is_money else np.nan
    maturite = np.nan
    if known is not None:
        within = known[(known.index >= selection.debut) & (known.index <= selection.fin)]
        maturite = float(within.min()) if within.notna().any() else np.nan
    return Constat(
        key, selection, selection.fin, float(row["valeur"]), float(row["reference"]), ecart, euros, q_value, maturite
    )
