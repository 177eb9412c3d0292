"""A large fact table summed to the few columns that a question needs, once for every question that needs the same.

A card, a map or a breakdown asks for a month and one or two dimensions: a few thousand cells stand for a million lines.
Sums of sums are the same sums, so nothing else has to know.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analytics.descriptive.lines import bounds, codes_of, lines_of
from analytics.descriptive.memory import remember
from analytics.schema import Selection, measures_of

#: Lines under which a table is read as it is.
SMALL = 10_000
#: Cells met for each line at most, and places for them, empty ones included: beyond, summing first would not pay.
MOST_CELLS, MOST_PLACES = 0.25, 2.0
#: Lines of all the sums kept of a table, in times its own.
MOST_HELD = 4
#: Perimeters whose months are remembered of one table, a few kilobytes each.
MOST_PERIMETERS = 2000


@dataclass(frozen=True)
class Monthly:
    """Every measure of a perimeter by month: any period is then a few additions.

    Attributes
    ----------
    mois : numpy.ndarray
        Months met in the perimeter, sorted.
    sums : mapping of str to numpy.ndarray
        For each measure, its sum by month; NaN where no line knows it.
    """

    mois: np.ndarray
    sums: Mapping[str, np.ndarray]

    def between(self, selection: Selection, measure: str) -> tuple[np.ndarray, np.ndarray]:
        """Months of a selection and their sums."""
        within = bounds(self.mois, selection)
        return self.mois[within], self.sums[measure][within]

    def total(self, selection: Selection, measure: str) -> float:
        """Sum over the months of a selection; NaN when none of them is known."""
        return add_known(self.between(selection, measure)[1])


def add_known(amounts: np.ndarray, axis: int | None = None) -> float | np.ndarray:
    """Sum of the amounts known, of all of them or along an axis; NaN where there is none."""
    known = ~np.isnan(amounts)
    return np.where(known.any(axis=axis), np.where(known, amounts, 0).sum(axis=axis), np.nan)[()]


class _Sums:
    """Sums of one table, the last ones made: together they have a bounded number of lines."""

    def __init__(self) -> None:
        self._tables: dict[tuple[str, ...], pd.DataFrame | None] = {}
        self._lock = threading.Lock()

    def get(
        self, keys: tuple[str, ...], compute: Callable[[], pd.DataFrame | None], *, most: int
    ) -> pd.DataFrame | None:
        found = self._tables.get(keys, self)
        if found is not self:
            return found
        found = compute()  # without the lock: what is computed may ask for other results of the same table
        with self._lock:
            if keys in self._tables:
                return self._tables[keys]
            while self._tables and self._lines() + (0 if found is None else len(found)) > most:
                del self._tables[next(iter(self._tables))]
            self._tables[keys] = found
            return found

    def _lines(self) -> int:
        return sum(len(table) for table in self._tables.values() if table is not None)


def reduced(frame: pd.DataFrame, columns: Iterable[str]) -> pd.DataFrame:
    """A fact table summed over every column but the care month and `columns`; the table itself when it is small.

    Where the sum would have nearly as many cells as lines, the table comes back whole, its texts as categories.

    Parameters
    ----------
    frame : pandas.DataFrame
        Fact table of the contract.
    columns : iterable of str
        Dimensions (and payment month) needed; one that the table lacks is ignored.

    Returns
    -------
    pandas.DataFrame
        `mois`, the columns asked for, then every measure, NaN where no line of the cell knows it. A missing value is a
        value of its own. The types of the table are kept.
    """
    if len(frame) < SMALL or not _is_plain(frame):
        return frame
    wanted = {"mois", *columns}
    keys = tuple(c for c in frame.columns if c in wanted)
    found = remember(frame, "sums", _Sums).get(keys, lambda: _sum_up(frame, keys), most=MOST_HELD * len(frame))
    return categorised(frame) if found is None else found


def categorised(frame: pd.DataFrame) -> pd.DataFrame:
    """A large table with its texts as categories, ten times quicker to filter and to group; a small one as it is."""
    if len(frame) < SMALL or not any(isinstance(dtype, pd.StringDtype) for dtype in frame.dtypes):
        return frame
    return remember(frame, "categories", lambda: _categorise(frame))


def monthly_of(frame: pd.DataFrame, filtres: Mapping[str, tuple[str, ...]]) -> Monthly:
    """Every measure of a perimeter by month.

    Parameters
    ----------
    frame : pandas.DataFrame
        Fact table.
    filtres : mapping of str to tuple of str
        Values kept for each dimension; a dimension that the table lacks is ignored.
    """
    met = remember(frame, "perimeters", dict)
    key = frozenset((d, frozenset(values)) for d, values in filtres.items() if d in frame.columns)
    found = met.get(key)
    if found is None:
        if len(met) >= MOST_PERIMETERS:
            met.clear()
        found = met[key] = _by_month(reduced(frame, filtres), Selection(filtres=filtres))
    return found


def months_of(frame: pd.DataFrame) -> frozenset[pd.Timestamp]:
    """Every month of a fact table."""
    return remember(frame, "months", lambda: frozenset(pd.DatetimeIndex(frame["mois"].unique())))


def _by_month(frame: pd.DataFrame, selection: Selection) -> Monthly:
    lines = lines_of(frame, selection)
    codes, months = codes_of(frame, "mois")
    place = codes[lines].astype(np.intp)
    met = np.flatnonzero(np.bincount(place, minlength=len(months)))
    sums = {m: _add(_amounts(frame[m])[lines], place, len(months))[met] for m in measures_of(frame)}
    return Monthly(months.to_numpy()[met], sums)


def _amounts(column: pd.Series) -> np.ndarray:
    """Numbers of a measure, those with their own missing value as floats."""
    if isinstance(column.dtype, np.dtype) and column.dtype.kind in "fiu":
        return column.to_numpy()
    return column.to_numpy(dtype=float, na_value=np.nan)


def _is_plain(frame: pd.DataFrame) -> bool:
    """Measures in numpy’s own numbers: the others have a missing value of their own, that a sum here would lose."""
    return remember(frame, "plain", lambda: all(
        isinstance(frame[m].dtype, np.dtype) and frame[m].dtype.kind in "fiu" for m in measures_of(frame)
    ))  # fmt: skip


def _sum_up(frame: pd.DataFrame, keys: tuple[str, ...]) -> pd.DataFrame | None:
    """None when the cells are too many; the frame itself, kept there, would never die."""
    codes = {c: codes_of(frame, c) for c in keys}
    sizes = [len(values) + 1 for _, values in codes.values()]
    cells = int(np.prod(sizes, dtype=object))
    if cells > MOST_PLACES * len(frame):
        return None
    place = np.zeros(len(frame), dtype=np.int64)
    for column, size in zip(keys, sizes, strict=True):
        place *= size
        place += codes[column][0]
    met = np.flatnonzero(np.bincount(place, minlength=cells))
    if len(met) > MOST_CELLS * len(frame):
        return None
    columns: dict[str, object] = {}
    for column, found in zip(keys, np.unravel_index(met, sizes), strict=True):
        found, values = found.astype(np.int64), codes[column][1]
        taken = values.take(np.where(found == len(values), -1, found), allow_fill=True)
        columns[column] = pd.Series(taken, dtype=frame[column].dtype)
    for measure in measures_of(frame):
        columns[measure] = _add(frame[measure].to_numpy(), place, cells)[met]
    return pd.DataFrame(columns)[[c for c in frame.columns if c in columns]]


def _categorise(frame: pd.DataFrame) -> pd.DataFrame:
    texts = [c for c in frame.columns if isinstance(frame[c].dtype, pd.StringDtype)]
    return frame.assign(**{name: _categories(frame, name) for name in texts})


def _categories(frame: pd.DataFrame, column: str) -> pd.Categorical:
    """From the codes, that other questions need too: pandas would look each text up again, ten times longer."""
    codes, values = codes_of(frame, column)
    order = values.argsort()
    ranks = np.full(len(values) + 1, -1)  # the code after the last is a missing value
    ranks[order] = np.arange(len(values))
    return pd.Categorical.from_codes(ranks[codes], pd.Index(values.take(order)))


def _add(amounts: np.ndarray, place: np.ndarray, cells: int) -> np.ndarray:
    whole = amounts.dtype.kind in "iu"
    missing = None if whole else np.isnan(amounts)
    if missing is None or not missing.any():
        sums = np.bincount(place, weights=amounts, minlength=cells)
        return sums.astype(np.int64 if whole else float, copy=False)  # of no line, numpy makes integers
    sums = np.bincount(place, weights=np.where(missing, 0.0, amounts), minlength=cells)
    return np.where(np.bincount(place[~missing], minlength=cells) > 0, sums, np.nan)
