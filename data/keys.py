"""Several columns packed into one whole number per row: grouping and comparing rows at array speed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

_LIMIT = 1 << 62


def pack(frame: pd.DataFrame, columns: Sequence[str]) -> np.ndarray:
    """One int64 per row, equal when the rows agree on `columns` (missing equals missing) and in their order.

    Parameters
    ----------
    frame : pandas.DataFrame
        Any table; its dates are whole days.
    columns : sequence of str
        May be empty: every row then has the same key.
    """
    key, size = np.zeros(len(frame), dtype=np.int64), 1
    for name in columns:
        codes, count = _codes(frame[name])
        if size > _LIMIT // count:
            uniques, key = np.unique(key, return_inverse=True)
            size = len(uniques)
        key, size = key * count + codes, size * count
    return key


def _codes(values: pd.Series) -> tuple[np.ndarray, int]:
    """Codes from 0, missing last, in the order of the categories or dates; and how many there may be."""
    if isinstance(values.dtype, pd.CategoricalDtype):
        codes, count = values.cat.codes.to_numpy(dtype=np.int64), len(values.cat.categories)
    elif pd.api.types.is_datetime64_any_dtype(values):
        # Dates of our tables are whole days: the number of the day is a code, without any hashing.
        days, missing = values.to_numpy().astype("datetime64[D]").astype(np.int64), values.isna().to_numpy()
        first = days[~missing].min(initial=np.iinfo(np.int64).max) if len(days) else 0
        codes = np.where(missing, -1, days - first)
        count = int(codes.max(initial=-1)) + 1
    else:
        codes, uniques = pd.factorize(values)
        count = len(uniques)
    return (np.where(codes < 0, count, codes) if (codes < 0).any() else codes), count + 1


def sum_by(frame: pd.DataFrame, keys: Sequence[str], measures: Sequence[str]) -> pd.DataFrame:
    """Sums of `measures` by `keys`, in the order of the keys; a sum of nothing but missing is missing.

    Parameters
    ----------
    frame : pandas.DataFrame
        Any table; its dates are whole days.
    keys : sequence of str
        Columns to group by.
    measures : sequence of str
        Columns of numbers to add up.

    Returns
    -------
    pandas.DataFrame
        keys…, measures…, one row per combination met.
    """
    codes, uniques = pd.factorize(pack(frame, keys), sort=True)
    if not len(uniques):
        return frame[[*keys, *measures]].iloc[:0].reset_index(drop=True)
    first = np.empty(len(uniques), dtype=np.int64)
    first[codes[::-1]] = np.arange(len(frame) - 1, -1, -1)
    sums = frame[list(measures)].groupby(codes, sort=True).sum(min_count=1)
    heads = frame[list(keys)].iloc[first].reset_index(drop=True)
    return pd.concat([heads, sums.reset_index(drop=True)], axis=1)
