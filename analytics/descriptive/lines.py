"""The lines of a fact table inside a perimeter and a period, found on small integers computed once per table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from analytics.descriptive.memory import remember
from analytics.schema import MONTHS, Selection


def codes_of(frame: pd.DataFrame, column: str) -> tuple[np.ndarray, pd.api.extensions.ExtensionArray]:
    """Number of the value of each line, the one after the last for a missing value, and the values; months sorted."""
    return remember(frame, ("codes", column), lambda: _code(frame[column]))


def month_number(month: pd.Timestamp) -> int:
    """Months since January 1970."""
    return (month.year - 1970) * 12 + month.month - 1


def month_numbers(frame: pd.DataFrame) -> np.ndarray:
    """Number of each month met in a fact table, sorted, in the order of its codes."""
    return remember(frame, "month numbers", lambda: _months(frame).astype("datetime64[M]").astype(np.int64))


def bounds(months: np.ndarray, selection: Selection) -> slice:
    """Where the months of a selection are among sorted months."""
    first, last = selection.debut, selection.fin
    start = 0 if first is None else months.searchsorted(pd.Timestamp(first).to_datetime64())
    stop = len(months) if last is None else months.searchsorted(pd.Timestamp(last).to_datetime64(), side="right")
    return slice(start, max(start, stop))


def lines_of(frame: pd.DataFrame, selection: Selection) -> np.ndarray:
    """Places of the lines inside a selection, in order of month; a filter on a column that the table lacks is ignored.

    The same lines as :meth:`Selection.mask`, for a hundredth of the time once the table was met.
    """
    order, starts = remember(frame, "order", lambda: _order(frame))
    found = bounds(_months(frame), selection)
    return inside(frame, order[starts[found.start] : starts[found.stop]], selection.filtres)


def inside(frame: pd.DataFrame, lines: np.ndarray, filtres: Mapping[str, tuple[str, ...]]) -> np.ndarray:
    """Those of the lines that have the values asked for."""
    for dimension, wanted in filtres.items():
        if dimension in frame.columns:
            codes, _ = codes_of(frame, dimension)
            lines = lines[_among(frame, dimension, wanted)[codes[lines]]]
    return lines


def _among(frame: pd.DataFrame, dimension: str, wanted: Iterable[str]) -> np.ndarray:
    """For each code, that of a missing value last, whether its value is asked for."""
    ranks = remember(frame, ("ranks", dimension), lambda: _ranks(codes_of(frame, dimension)[1]))
    found = np.zeros(len(ranks) + 1, dtype=bool)
    for value in wanted:
        if pd.isna(value):
            found[-1] = True
        elif value in ranks:
            found[ranks[value]] = True
    return found


def _ranks(values: Iterable[object]) -> dict[object, int]:
    return {value: rank for rank, value in enumerate(values)}


def _months(frame: pd.DataFrame) -> np.ndarray:
    return codes_of(frame, "mois")[1].to_numpy()


def _order(frame: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Lines in order of month, those without month last, and where each month begins among them."""
    codes, values = codes_of(frame, "mois")
    counts = np.bincount(codes, minlength=len(values))[: len(values)]
    places = np.min_scalar_type(max(len(frame) - 1, 0))
    return np.argsort(codes, kind="stable").astype(places), np.concatenate([[0], np.cumsum(counts)])


def _code(column: pd.Series) -> tuple[np.ndarray, pd.api.extensions.ExtensionArray]:
    if isinstance(column.dtype, pd.CategoricalDtype):
        codes, values = column.cat.codes.to_numpy(), pd.Categorical(column.cat.categories, dtype=column.dtype)
    else:
        codes, found = pd.factorize(column, sort=column.name in MONTHS)
        values = pd.Series(found, dtype=column.dtype).array
    small = codes.astype(np.min_scalar_type(len(values) + 1))
    small[codes < 0] = len(values)
    return small, values
