"""French working days by month: the one calendar behind forecasts and fair comparisons."""

from __future__ import annotations

import functools

import holidays
import numpy as np
import pandas as pd


@functools.lru_cache(maxsize=8)
def _public_holidays(first: int, last: int) -> np.ndarray:
    """Public holidays of metropolitan France, as numpy days."""
    days = sorted(holidays.country_holidays("FR", years=range(first, last + 1)))
    return np.array(days, dtype="datetime64[D]")


def working_days(months: pd.DatetimeIndex, *, saturday: float = 0.0) -> np.ndarray:
    """Monday-to-Friday days of each month less French public holidays, Saturdays counted for `saturday`.

    Parameters
    ----------
    months : pandas.DatetimeIndex
        First days of months.
    saturday : float
        Weight of an open Saturday, between 0 and 1.

    Returns
    -------
    numpy.ndarray
        Days, one per month.
    """
    first = months.to_numpy().astype("datetime64[M]")
    start, stop = first.astype("datetime64[D]"), (first + np.timedelta64(1, "M")).astype("datetime64[D]")
    off = _public_holidays(int(months.year.min()), int(months.year.max()))
    days = np.busday_count(start, stop, holidays=off).astype(float)
    if saturday:
        days += saturday * np.busday_count(start, stop, weekmask="Sat", holidays=off)
    return days
