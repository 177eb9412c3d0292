"""Months of the lines: from a date, from 202401, from a year and a month; months that hold nothing but zeros."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from data.readers import Table
from data.readers.dates import month_numbers
from data.vocabulary import normalise

#: Share of the months that must hold something for an empty one to be doubtful.
_MOSTLY_FILLED = 0.5
#: Canonical names of the parts of a year -> how many there are.
PARTS = {"mois_numero": 12, "trimestre_numero": 4}
_QUARTER = r"^(?:t|q|trim|trimestre)? ?([1-4])(?: ?(?:er|e|eme|nd))?(?: ?(?:t|trim|trimestre))?$"


def first_of_month(dates: pd.Series) -> pd.Series:
    """First day of the month of each date (datetime64[us], the unit that Parquet keeps), NaT kept."""
    return pd.Series(dates.to_numpy().astype("datetime64[M]").astype("datetime64[us]"), index=dates.index)


def as_month(values: pd.Series) -> pd.Series:
    """First day of the month of dates, or of numbers and texts such as 202401; NaT when it is neither."""
    if pd.api.types.is_datetime64_any_dtype(values):
        return first_of_month(values)
    numbers = pd.to_numeric(
        values.astype("str") if isinstance(values.dtype, pd.CategoricalDtype) else values, errors="coerce"
    )
    return _from_parts(numbers // 100, numbers % 100)


def months_of(table: Table, header_of: Callable[[str], str | None]) -> pd.Series:
    """Month of each row of `tidy`.

    Parameters
    ----------
    table : Table
    header_of : callable
        Title of a canonical column ("mois", or "annee" with "mois_numero" or "trimestre_numero"), None when it has
        none.
    """
    header = header_of("mois")
    if header is not None:
        return as_month(table.tidy[header])
    part = "mois_numero" if header_of("mois_numero") is not None else "trimestre_numero"
    number = parts_of(table.tidy[header_of(part)], part)
    year = parts_of(table.tidy[header_of("annee")], "mois_numero")
    return _from_parts(year, number if part == "mois_numero" else 3 * number - 2)


def parts_of(column: pd.Series, part: str) -> pd.Series:
    """Number of the month ("mois_numero": 3, mars) or of the quarter ("trimestre_numero": 1, T1), NaN for neither.

    A column of codes such as « 0000 », which is text, gives its numbers.
    """
    if pd.api.types.is_numeric_dtype(column):
        return column.astype("float64")
    if pd.api.types.is_datetime64_any_dtype(column):
        return pd.Series(np.nan, index=column.index)
    if not isinstance(column.dtype, pd.CategoricalDtype):
        column = column.astype("str").astype("category")
    words = pd.Series([normalise(str(v)) for v in column.cat.categories], dtype="str")
    if part == "trimestre_numero":
        numbers = pd.to_numeric(words.str.extract(_QUARTER)[0]).to_numpy(dtype="float64")
    else:
        numbers = pd.to_numeric(words, errors="coerce").fillna(month_numbers(words)).to_numpy(dtype="float64")
    codes = column.cat.codes.to_numpy()
    return pd.Series(np.append(numbers, np.nan)[codes], index=column.index)


def empty_months(months: pd.Series, numbers: pd.DataFrame) -> list[pd.Timestamp]:
    """Months whose every amount is a written zero, when most other months hold something.

    Parameters
    ----------
    months : pandas.Series of datetime64
        Month of each row; NaT is no month.
    numbers : pandas.DataFrame
        Measures, same rows.

    Returns
    -------
    list of pandas.Timestamp
        Sorted; empty when nothing is doubtful.
    """
    if numbers.empty or not numbers.shape[1]:
        return []
    values = numbers.to_numpy(dtype="float64")
    zero = (values == 0).any(axis=1)
    filled = (np.nan_to_num(values) != 0).any(axis=1)
    by_month = pd.DataFrame({"zero": zero, "filled": filled}).groupby(months.to_numpy())
    table, lines = by_month.any(), by_month.size()
    # A missing month written as zeros has as many lines as the others; a stray old month has not.
    doubtful = table["zero"] & ~table["filled"] & (lines >= lines[table["filled"]].median() / 2)
    if not doubtful.any() or table["filled"].mean() < _MOSTLY_FILLED:
        return []
    return [pd.Timestamp(m) for m in table.index[doubtful]]


def _from_parts(year: pd.Series, month: pd.Series) -> pd.Series:
    parts = pd.DataFrame({"year": year, "month": month, "day": 1})
    return first_of_month(pd.to_datetime(parts, errors="coerce"))
