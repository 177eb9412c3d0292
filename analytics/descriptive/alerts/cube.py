"""A fact table in numbers, kept from one perimeter to the next: a filter is a choice of lines, a grouping one sum."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from analytics.descriptive.lines import month_number
from analytics.descriptive.memory import remember
from analytics.descriptive.reduced import reduced
from analytics.schema import Selection, dimensions_of


@dataclass(frozen=True)
class Cube:
    """The months, the dimensions and one measure of a fact table, line by line.

    Attributes
    ----------
    months : numpy.ndarray
        Number of the month (since 1970) of each line.
    codes : dict of str to numpy.ndarray
        By dimension, the number of the value of each line; the one after the last for a missing value.
    values : dict of str to pandas.Index
        By dimension, its values, in their own order.
    amounts : numpy.ndarray
        The measure, 0 where it is not known.
    known : numpy.ndarray or None
        Whether it is known; None when it always is.
    """

    months: np.ndarray
    codes: Mapping[str, np.ndarray]
    values: Mapping[str, pd.Index]
    amounts: np.ndarray
    known: np.ndarray | None
    _places: dict[tuple[str, ...], tuple[int, tuple[int, ...], np.ndarray]] = field(default_factory=dict)

    def inside(self, selection: Selection, *, care: frozenset[str] = frozenset()) -> np.ndarray:
        """Whether each line is in a selection, filters on the dimensions of `care` being left out."""
        kept = np.ones(len(self.months), dtype=bool)
        if selection.debut is not None:
            kept &= self.months >= month_number(selection.debut)
        if selection.fin is not None:
            kept &= self.months <= month_number(selection.fin)
        for dimension, wanted in selection.filtres.items():
            if dimension in self.codes and dimension not in care:
                kept &= self._among(dimension, wanted)
        return kept

    def places(self, by: tuple[str, ...]) -> tuple[int, tuple[int, ...], np.ndarray]:
        """First month, shape (months × values of each dimension of `by`) and place of each line in it, kept."""
        if by not in self._places:
            first, last = (int(self.months.min()), int(self.months.max())) if len(self.months) else (0, -1)
            shape = (last - first + 1, *(len(self.values[d]) + 1 for d in by))
            codes = (self.months - first, *(self.codes[d] for d in by))
            place = np.zeros(len(self.months), dtype=np.int64)
            for code, size in zip(codes, shape, strict=True):
                place *= size
                place += code
            self._places[by] = first, shape, place.astype(np.min_scalar_type(int(np.prod(shape))))
        return self._places[by]

    def unnamed(self, dimension: str) -> np.ndarray:
        """Whether each line has no value of a dimension."""
        return self.codes[dimension] == len(self.values[dimension])

    def _among(self, dimension: str, wanted: tuple[str, ...]) -> np.ndarray:
        codes = self.codes[dimension]
        found = np.zeros(len(codes), dtype=bool)
        for code in np.flatnonzero(self.values[dimension].isin(list(wanted))):
            found |= codes == code
        return found


class Lines:
    """Some lines of a cube (their numbers), over a calendar of months in a row."""

    def __init__(self, cube: Cube, rows: np.ndarray, months: pd.DatetimeIndex) -> None:
        self.cube, self.rows = cube, rows
        self._first, self._count = month_number(months[0]), len(months)
        self._amounts = cube.amounts[rows]
        self._known = None if cube.known is None else cube.known[rows]

    def sums(self, *by: str) -> np.ndarray:
        """Months × values of each dimension of `by`, the missing value last: NaN where no line knows the measure."""
        first, shape, places = self.cube.places(by)
        place, cells = places[self.rows].astype(np.intp), int(np.prod(shape))
        sums = np.bincount(place, weights=self._amounts, minlength=cells)
        met = np.zeros(cells, dtype=bool)
        met[place if self._known is None else place[self._known]] = True
        found = np.full((self._count, *shape[1:]), np.nan)
        start, stop = max(self._first, first), min(self._first + self._count, first + shape[0])
        if start < stop:  # months of the calendar that the cube has
            found[start - self._first : stop - self._first] = np.where(met, sums, np.nan).reshape(shape)[
                start - first : stop - first
            ]
        return found


def cube_of(frame: pd.DataFrame, measure: str) -> Cube:
    """The cube of a fact table, made once for a large one."""
    table = reduced(frame, dimensions_of(frame))
    if table is frame:  # small, or of types that cannot be summed first: it may be changed by whoever holds it
        return _code(table, measure)
    return remember(table, ("cube", measure), lambda: _code(table, measure))


def _code(table: pd.DataFrame, measure: str) -> Cube:
    coded = {dimension: _code_values(table[dimension]) for dimension in dimensions_of(table)}
    amounts = table[measure].to_numpy(float, na_value=np.nan)
    missing = np.isnan(amounts)
    return Cube(
        table["mois"].to_numpy().astype("datetime64[M]").astype(np.int32),
        {dimension: codes for dimension, (codes, _) in coded.items()},
        {dimension: values for dimension, (_, values) in coded.items()},
        np.where(missing, 0.0, amounts),
        ~missing if missing.any() else None,
    )


def _code_values(column: pd.Series) -> tuple[np.ndarray, pd.Index]:
    categories = column.astype("category").cat
    values, codes = categories.categories, categories.codes.to_numpy()
    small = codes.astype(np.min_scalar_type(len(values) + 1))
    small[codes < 0] = len(values)
    return small, pd.Index(values, dtype=object)
