"""A large fact table summed to the few columns that a question needs, once for every question that needs the same.

A card, a map or a breakdown asks for a month and one or two dimensions: a few thousand cells stand for a million lines.
Sums of sums are the same sums, so nothing else has to know.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from analytics.schema import MONTHS, Selection, measures_of

#: Lines under which a table is read as it is.
SMALL = 10_000
#: Cells met for each line at most, and places for them, empty ones included: beyond, summing first would not pay.
MOST_CELLS, MOST_PLACES = 0.25, 2.0
#: Monthly series remembered of one table, a kilobyte each.
MOST_SERIES = 5000


@dataclass
class _Kept:
    """What is remembered of one table, as long as it lives and is not changed.

    `held` shares its columns: whoever writes in the table then writes in a new column, whose place gives it away.
    """

    held: pd.DataFrame
    places: tuple[int, ...]
    codes: dict[str, tuple[np.ndarray, pd.api.extensions.ExtensionArray]] = field(default_factory=dict)
    sums: dict[tuple[str, ...], pd.DataFrame | None] = field(default_factory=dict)
    monthly: dict[tuple[object, ...], pd.Series] = field(default_factory=dict)
    plain: bool | None = None
    months: frozenset[pd.Timestamp] | None = None
    whole: pd.DataFrame | None = None
    lock: threading.RLock = field(default_factory=threading.RLock)


_TABLES: dict[int, _Kept] = {}


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
    if len(frame) < SMALL:
        return frame
    wanted = {"mois", *columns}
    keys = tuple(c for c in frame.columns if c in wanted)
    kept = _kept(frame)
    with kept.lock:
        if kept.plain is None:
            kept.plain = _is_plain(frame)
        if not kept.plain:
            return frame
        if keys not in kept.sums:
            kept.sums[keys] = _sum_up(frame, keys, kept)
        found = kept.sums[keys]
    return categorised(frame) if found is None else found


def categorised(frame: pd.DataFrame) -> pd.DataFrame:
    """A large table with its texts as categories, ten times quicker to filter and to group; a small one as it is."""
    if len(frame) < SMALL:
        return frame
    kept = _kept(frame)
    with kept.lock:
        if kept.whole is None:
            texts = {c: frame[c] for c in frame.columns if isinstance(frame[c].dtype, pd.StringDtype)}
            kept.whole = frame.assign(**{name: _categories(values) for name, values in texts.items()})
        return kept.whole


def monthly_sums(frame: pd.DataFrame, measure: str, filtres: Mapping[str, tuple[str, ...]]) -> pd.Series:
    """A measure of a perimeter by month: any period is then a few additions.

    Parameters
    ----------
    frame : pandas.DataFrame
        Fact table.
    measure : str
        One of its measures.
    filtres : mapping of str to tuple of str
        Values kept for each dimension; a dimension that the table lacks is ignored.

    Returns
    -------
    pandas.Series
        By `mois`, sorted, months met in the perimeter; NaN where no line knows the measure. Not to be changed.
    """
    if len(frame) < SMALL:
        return _by_month(frame, measure, filtres)
    kept = _kept(frame)
    key = (measure, *sorted((d, tuple(values)) for d, values in filtres.items()))
    found = kept.monthly.get(key)
    if found is None:
        if len(kept.monthly) >= MOST_SERIES:
            kept.monthly.clear()
        found = kept.monthly[key] = _by_month(reduced(frame, filtres), measure, filtres)
    return found


def _by_month(frame: pd.DataFrame, measure: str, filtres: Mapping[str, tuple[str, ...]]) -> pd.Series:
    rows = frame[Selection(filtres=filtres).mask(frame)] if filtres else frame
    return rows.groupby("mois", sort=True)[measure].sum(min_count=1)


def months_of(frame: pd.DataFrame) -> frozenset[pd.Timestamp]:
    """Every month of a fact table."""
    if len(frame) < SMALL:
        return frozenset(pd.DatetimeIndex(frame["mois"].unique()))
    kept = _kept(frame)
    if kept.months is None:
        kept.months = frozenset(pd.DatetimeIndex(frame["mois"].unique()))
    return kept.months


def _kept(frame: pd.DataFrame) -> _Kept:
    """By identity: a frame has no hash, and the memory goes with the frame, or when it is changed in place."""
    number, places = id(frame), _places(frame)
    found = _TABLES.get(number)
    if found is None:
        weakref.finalize(frame, _TABLES.pop, number, None)
    if found is None or found.places != places:
        found = _TABLES[number] = _Kept(frame.copy(deep=False), places)
    return found


def _places(frame: pd.DataFrame) -> tuple[int, ...]:
    """Where each column is in memory."""
    return tuple(_place(frame[name].array) for name in frame.columns)


def _place(values: pd.api.extensions.ExtensionArray) -> int:
    if isinstance(values, pd.Categorical):
        return values.codes.__array_interface__["data"][0]
    arrow = getattr(values, "_pa_array", None)  # a text column; its Arrow data are replaced, never written in
    return id(arrow) if arrow is not None else np.asarray(values).__array_interface__["data"][0]


def _is_plain(frame: pd.DataFrame) -> bool:
    """Measures in numpy’s own numbers: the others have a missing value of their own, that a sum here would lose."""
    return all(isinstance(frame[m].dtype, np.dtype) and frame[m].dtype.kind in "fiu" for m in measures_of(frame))


def _sum_up(frame: pd.DataFrame, keys: tuple[str, ...], kept: _Kept) -> pd.DataFrame | None:
    """None when the cells are too many; the frame itself, kept there, would never die."""
    for column in keys:
        if column not in kept.codes:
            kept.codes[column] = _code(frame[column])
    sizes = [len(kept.codes[c][1]) + 1 for c in keys]
    cells = int(np.prod(sizes, dtype=object))
    if cells > MOST_PLACES * len(frame):
        return None
    place = np.zeros(len(frame), dtype=np.int64)
    for column, size in zip(keys, sizes, strict=True):
        place *= size
        place += kept.codes[column][0]
    met = np.flatnonzero(np.bincount(place, minlength=cells))
    if len(met) > MOST_CELLS * len(frame):
        return None
    columns: dict[str, object] = {}
    for column, codes in zip(keys, np.unravel_index(met, sizes), strict=True):
        codes, values = codes.astype(np.int64), kept.codes[column][1]
        taken = values.take(np.where(codes == len(values), -1, codes), allow_fill=True)
        columns[column] = pd.Series(taken, dtype=frame[column].dtype)
    for measure in measures_of(frame):
        columns[measure] = _add(frame[measure].to_numpy(), place, cells)[met]
    return pd.DataFrame(columns)[[c for c in frame.columns if c in columns]]


def _categories(column: pd.Series) -> pd.Series:
    return column.astype(pd.CategoricalDtype(np.sort(column.dropna().unique())))


def _code(column: pd.Series) -> tuple[np.ndarray, pd.api.extensions.ExtensionArray]:
    """Number of the value of each line, the one after the last for a missing value, and the values."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        codes, values = column.cat.codes.to_numpy(), pd.Categorical(column.cat.categories, dtype=column.dtype)
    else:
        codes, found = pd.factorize(column, sort=column.name in MONTHS)
        values = pd.Series(found, dtype=column.dtype).array
    small = codes.astype(np.min_scalar_type(len(values) + 1))
    small[codes < 0] = len(values)
    return small, values


def _add(amounts: np.ndarray, place: np.ndarray, cells: int) -> np.ndarray:
    whole = amounts.dtype.kind in "iu"
    missing = None if whole else np.isnan(amounts)
    if missing is None or not missing.any():
        sums = np.bincount(place, weights=amounts, minlength=cells)
        return sums.astype(amounts.dtype) if whole else sums
    sums = np.bincount(place, weights=np.where(missing, 0.0, amounts), minlength=cells)
    return np.where(np.bincount(place[~missing], minlength=cells) > 0, sums, np.nan)
