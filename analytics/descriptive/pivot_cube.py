"""The two fact tables as whole numbers, so that any pivot of a million lines is a few counts.

Each dimension becomes small integers, each amount whole cents and what is left of a cent. Whole numbers add exactly in
any order: a total is then the sum of its parts to the cent, whatever the level, the filter and the order of the lines.
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analytics.errors import ParameterError
from analytics.french import format_month
from analytics.indicators import table_of
from analytics.schema import Dataset, Selection, dimensions_of, measures_of

MONTH, QUARTER, YEAR = "mois", "mois:trimestre", "mois:annee"
TIME: Mapping[str, str] = {MONTH: "Mois", QUARTER: "Trimestre", YEAR: "Année"}
#: What the values that a file leaves empty are called.
UNKNOWN = "Non renseigné"
_WHOLE: Mapping[str, int] = {QUARTER: 3, YEAR: 12}  # months
_BUCKETS: Mapping[str, Callable[[pd.Timestamp], str]] = {
    MONTH: lambda m: f"{m:%Y-%m}",
    QUARTER: lambda m: f"{m.year}-T{m.quarter}",
    YEAR: lambda m: str(m.year),
}
#: Cells of a pivot beyond which it is refused: some 32 Mo by measure.
MOST_CELLS = 4_000_000
_CENTS = 100
#: Of a cent, and of the largest amount: what binary fractions leave of amounts in cents.
_NOISE, _SHARE = 1e-3, 1e-6


@dataclass(frozen=True)
class Amounts:
    """One measure: whole cents, what is left of a cent (None when nothing is), lines where it is known (None = all)."""

    whole: np.ndarray
    rest: np.ndarray | None
    known: np.ndarray | None


@dataclass(frozen=True)
class Facts:
    """One fact table: the code of each line on each axis, and its measures."""

    size: int
    codes: Mapping[str, np.ndarray]
    amounts: Mapping[str, Amounts]

    @functools.cached_property
    def months(self) -> np.ndarray:
        """Codes of the months that the table has lines for."""
        return np.flatnonzero(np.bincount(self.codes[MONTH])) if self.size else np.zeros(0, dtype=np.int64)


@dataclass(frozen=True)
class Cube:
    """A dataset ready to be crossed.

    Attributes
    ----------
    dataset : Dataset
        What it was made of.
    prestation, cotisation : Facts
        The two tables.
    levels : mapping of str to tuple
        For each axis, the value of each code; None is the value that the file leaves empty.
    months : pandas.DatetimeIndex
        Months of both tables.
    """

    dataset: Dataset
    prestation: Facts
    cotisation: Facts
    levels: Mapping[str, tuple[str | None, ...]]
    months: pd.DatetimeIndex

    @property
    def axes(self) -> tuple[str, ...]:
        """Every axis: the dimensions of the file, then those of time."""
        return (*self.dataset.dimensions, *TIME)

    def label(self, axis: str) -> str:
        """French name of an axis."""
        return TIME.get(axis) or self.dataset.label(axis)

    def months_of(self, measures: Iterable[str], selection: Selection) -> pd.DatetimeIndex:
        """Months of a selection that every table of some measures has."""
        tables = {id(facts): facts for facts in map(self.facts_of, measures) if facts.size}
        months = self.months
        for facts in tables.values():
            months = months.intersection(self.months[facts.months])
        if selection.debut is not None:
            months = months[months >= selection.debut]
        return months if selection.fin is None else months[months <= selection.fin]

    def value_labels(self, axis: str, months: pd.DatetimeIndex | None = None) -> tuple[str, ...]:
        """French name of each value of an axis, told apart by its code when two have the same.

        With `months`, those that are shown: « 2025 (4 mois) » for a year or a quarter that they do not fill.
        """
        names, values = self._names[axis], self.levels[axis]
        if axis not in _WHOLE or months is None:
            return names
        met = Counter(map(_BUCKETS[axis], months))
        return tuple(
            name if met[value] in (0, _WHOLE[axis]) else f"{name} ({met[value]} mois)"
            for name, value in zip(names, values, strict=True)
        )

    @functools.cached_property
    def _names(self) -> dict[str, tuple[str, ...]]:
        return {axis: self._told_apart(axis) for axis in self.axes}

    def _told_apart(self, axis: str) -> tuple[str, ...]:
        names = [self._value_label(axis, value) for value in self.levels[axis]]
        met = Counter(names)
        return tuple(
            f"{name} ({value})" if met[name] > 1 and value is not None else name
            for name, value in zip(names, self.levels[axis], strict=True)
        )

    def _value_label(self, axis: str, value: str | None) -> str:
        if value is None:
            return UNKNOWN
        if axis == MONTH:
            return format_month(pd.Timestamp(f"{value}-01"))
        if axis == QUARTER:
            return f"{value[-2:]} {value[:4]}"
        return value if axis == YEAR else self.dataset.value_label(axis, value)

    def facts_of(self, measure: str) -> Facts:
        """The table that holds a measure."""
        return self.cotisation if table_of(measure, self.dataset) is self.dataset.cotisation else self.prestation

    def lines(self, facts: Facts, selection: Selection) -> np.ndarray | None:
        """Numbers of the lines inside a selection, None when all of them are."""
        kept: np.ndarray | None = None
        for axis, wanted in self._wanted(facts, selection).items():
            inside = wanted[facts.codes[axis]]
            kept = inside if kept is None else kept & inside
        return None if kept is None or kept.all() else np.flatnonzero(kept)

    def _wanted(self, facts: Facts, selection: Selection) -> dict[str, np.ndarray]:
        """For each axis that the selection restricts, whether each code is kept."""
        wanted = {}
        if selection.debut is not None or selection.fin is not None:
            inside = np.ones(len(self.months), dtype=bool)
            if selection.debut is not None:
                inside &= self.months >= selection.debut
            if selection.fin is not None:
                inside &= self.months <= selection.fin
            wanted[MONTH] = inside
        for axis, values in selection.filtres.items():
            if axis in facts.codes:
                chosen = {str(v) for v in values}
                wanted[axis] = np.array([value in chosen for value in self.levels[axis]])
        return {axis: inside for axis, inside in wanted.items() if axis in facts.codes}


def build_cube(dataset: Dataset) -> Cube:
    """Code the tables of a dataset once; every pivot is then made from the codes.

    Parameters
    ----------
    dataset : Dataset
        Its measures are in euros or counts, its months are the first of the month.
    """
    months = dataset.months
    levels = {d: _levels(d, dataset) for d in dataset.dimensions} | _time_levels(months)
    tables = (_facts(table, levels, months) for table in (dataset.prestation, dataset.cotisation))
    return Cube(dataset, *tables, levels, months)


def add_up(cube: Cube, facts: Facts, measure: str | None, axes: Sequence[str], lines: np.ndarray | None) -> np.ndarray:
    """Sums of a measure by axes, in cents: whole and what is left of them; lines counted when there is no measure.

    Returns
    -------
    numpy.ndarray
        Shape (2, size of each axis…): the sums in cents, and the lines where the measure is known.

    Raises
    ------
    ParameterError
        Too many cells.
    """
    shape = tuple(len(cube.levels[a]) for a in axes)
    size = int(np.prod(shape, dtype=object)) if shape else 1
    if size > MOST_CELLS:
        raise ParameterError(
            "Ce tableau croisé est trop fin.", valeur=f"{size} cases", remede="Retirez une dimension ou filtrez."
        )
    place = _places(facts, axes, shape, lines)
    if measure is None:
        counted = np.bincount(place, minlength=size).astype(float)
        return np.stack([counted, counted]).reshape(2, *shape)
    amounts = facts.amounts[measure]
    sums = np.bincount(place, weights=_take(amounts.whole, lines), minlength=size)
    if amounts.rest is not None:
        sums += np.bincount(place, weights=_take(amounts.rest, lines), minlength=size)
    known = None if amounts.known is None else _take(amounts.known, lines).astype(float)
    counted = np.bincount(place, weights=known, minlength=size).astype(float)
    return np.stack([sums, counted]).reshape(2, *shape)


def to_euros(cents: np.ndarray) -> np.ndarray:
    """Back to the unit of the file."""
    return cents / _CENTS


def _places(facts: Facts, axes: Sequence[str], shape: tuple[int, ...], lines: np.ndarray | None) -> np.ndarray:
    place = np.zeros(facts.size if lines is None else len(lines), dtype=np.int64)
    for axis, length in zip(axes, shape, strict=True):
        place *= length
        place += _take(facts.codes[axis], lines)
    return place


def _take(values: np.ndarray, lines: np.ndarray | None) -> np.ndarray:
    return values if lines is None else values[lines]


def _levels(dimension: str, dataset: Dataset) -> tuple[str | None, ...]:
    """Values of a dimension in the order a reader expects, the empty one last."""
    columns = [t[dimension] for t in (dataset.prestation, dataset.cotisation) if dimension in t.columns]
    found = {str(v) for c in columns for v in c.dropna().unique()}
    ordered = sorted(found, key=lambda x: (len(x) if x.isdigit() else 0, x))
    return (*ordered, None) if any(c.isna().any() for c in columns) else tuple(ordered)


def _time_levels(months: pd.DatetimeIndex) -> dict[str, tuple[str, ...]]:
    return {axis: tuple(dict.fromkeys(map(name, months))) for axis, name in _BUCKETS.items()}


def _facts(table: pd.DataFrame, levels: Mapping[str, tuple], months: pd.DatetimeIndex) -> Facts:
    codes = {d: _codes(table[d], levels[d]) for d in dimensions_of(table)} if len(table) else {}
    if len(table):
        month = months.get_indexer(table["mois"])
        codes[MONTH] = _small(month, len(months))
        for axis in (QUARTER, YEAR):
            rank = {value: i for i, value in enumerate(levels[axis])}
            codes[axis] = _small(np.array([rank[_BUCKETS[axis](m)] for m in months])[month], len(rank))
    else:
        codes = dict.fromkeys((*dimensions_of(table), *TIME), np.zeros(0, dtype=np.uint8))
    return Facts(len(table), codes, {m: _amounts(table[m]) for m in measures_of(table)})


def _codes(column: pd.Series, values: tuple[str | None, ...]) -> np.ndarray:
    rank = {value: i for i, value in enumerate(values)}
    numbers, met = (
        (column.cat.codes.to_numpy(), column.cat.categories)
        if isinstance(column.dtype, pd.CategoricalDtype)
        else pd.factorize(column)
    )
    # A category that no line uses has no rank; the last place, met by the code -1, is that of an empty value.
    places = np.array([*(rank.get(str(v), 0) for v in met), rank.get(None, 0)])
    return _small(places[numbers], len(values))


def _small(codes: np.ndarray, values: int) -> np.ndarray:
    return codes.astype(np.min_scalar_type(max(values, 1)))


def _amounts(column: pd.Series) -> Amounts:
    cents = column.to_numpy(dtype=float, na_value=np.nan) * _CENTS
    known = ~np.isnan(cents)
    cents = np.where(known, cents, 0.0)
    whole = np.round(cents)
    rest = cents - whole
    most = np.abs(rest).max(initial=0.0)
    noise = most < _NOISE and most <= _SHARE * np.abs(cents).max(initial=0.0)
    return Amounts(whole, None if noise else rest, None if known.all() else known)
