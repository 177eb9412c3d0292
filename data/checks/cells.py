"""Cells (values of dimensions × month) that are wrong in the same way: searched everywhere, told once, together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from analytics.french import format_month
from analytics.schema import Dataset
from data.checks.facts import Facts, kept_dimensions

#: A month, or a value, is wrong as a whole when its wrong cells usually hold this share of it.
_WHOLE = 0.9
#: Dimensions searched besides those of the summary.
_MOST_DIMENSIONS = 6


@dataclass(frozen=True)
class Place:
    """Where cells are wrong in the same way.

    Attributes
    ----------
    filtres : dict of str to str
        Value of each dimension that they share; empty for the whole month.
    axis : {"mois", "mois_paiement"}
    months : tuple of pandas.Timestamp
        Months that follow each other.
    """

    filtres: dict[str, str]
    axis: str
    months: tuple[pd.Timestamp, ...]

    def mask(self, frame: pd.DataFrame) -> np.ndarray:
        """Rows of a table that are there."""
        kept = frame[self.axis].isin(list(self.months)).to_numpy()
        for dimension, value in self.filtres.items():
            kept = kept & (frame[dimension] == value).to_numpy()
        return kept

    def words(self, dataset: Dataset) -> str:
        """The place and the months in French."""
        parts = [f"{dataset.label(d)} : {dataset.value_label(d, v)}" for d, v in self.filtres.items()]
        first, last = self.months[0], self.months[-1]
        when = format_month(first) if first == last else f"de {format_month(first)} à {format_month(last)}"
        paid = " (mois de paiement)" if self.axis == "mois_paiement" else ""
        return f"{', '.join(parts) or 'Toutes les lignes'}, {when}{paid}"

    @property
    def valeur(self) -> str:
        """The same as a finding names it."""
        return " | ".join([*self.filtres.values(), ", ".join(f"{m:%Y-%m}" for m in self.months)])

    @property
    def lists(self) -> dict[str, tuple[str, ...]]:
        """The filters as those of a selection."""
        return {d: (v,) for d, v in self.filtres.items()}


def axes_of(frame: pd.DataFrame) -> list[str]:
    """Months by which a batch may be wrong: those of care, then those of payment."""
    return [a for a in ("mois", "mois_paiement") if a in frame.columns and frame[a].notna().any()]


def searches(facts: Facts, usual: tuple[str, ...]) -> Iterator[list[str]]:
    """Dimensions of the cells to compare: the usual pair, then the first of it with each other dimension."""
    pair = list(kept_dimensions(facts.dataset.prestation, usual))
    yield pair
    for other in [d for d in facts.dimensions if d not in pair][:_MOST_DIMENSIONS]:
        yield [*pair[:1], other]


def find_places(
    facts: Facts, table: str, groups: Iterable[Sequence[str]], find: Callable, told: list[Place]
) -> Iterator[tuple[Place, Any, np.ndarray]]:
    """Places found in a table by month of care then of payment, cell after cell; a row is told once.

    Parameters
    ----------
    facts : Facts
    table : {"prestation", "cotisation"}
    groups : iterable of sequence of str
        Dimensions of the cells to search, one after the other.
    find : callable
        Of (rows or their sums, groups, axis): pairs (place, detail).
    told : list of Place
        What is told of the table already; what is found is added to it.

    Yields
    ------
    Place, detail, numpy.ndarray of bool
        The rows of the table that are there.
    """
    frame = getattr(facts.dataset, table)
    tries = []
    for dimensions in map(list, groups):
        sums = facts.sums(table, tuple(dimensions))
        found = [(axis, find(sums, dimensions, axis)) for axis in axes_of(sums)]
        tries += [(dimensions, axis, places, sums) for axis, places in found if places]
    # The dimensions that tell it with the fewest places are those of the fault.
    for dimensions, axis, places, sums in sorted(tries, key=lambda one: len(one[2])):
        left = places
        if told:  # what is told already must not be found again
            small = all({p.axis, *p.filtres} <= set(sums.columns) for p in told)
            left = find(_without(sums if small else frame, told), dimensions, axis)
        for where, detail in left:
            there = where.mask(frame) & ~_any(frame, told)
            told.append(where)
            yield where, detail, there


def _any(frame: pd.DataFrame, places: list[Place]) -> np.ndarray:
    return np.logical_or.reduce([np.zeros(len(frame), dtype=bool), *(p.mask(frame) for p in places)])


def _without(frame: pd.DataFrame, places: list[Place]) -> pd.DataFrame:
    return frame[~_any(frame, places)]


def merge_cells(
    cells: pd.DataFrame, wrong: np.ndarray, usual: np.ndarray, groups: Sequence[str], axis: str, *, step: int = 1
) -> list[Place]:
    """Wrong cells as the fewest places: a whole month, else a whole value, else a cell; months in a row together.

    Parameters
    ----------
    cells : pandas.DataFrame
        groups…, `axis`; one row per cell.
    wrong : array of bool
    usual : array
        What each cell usually holds.
    groups, axis : str
        Dimensions and month of the cells.
    step : int
        Months from a figure to the next.
    """
    found: dict[tuple, list[pd.Timestamp]] = {}
    weights = np.nan_to_num(np.abs(np.asarray(usual, dtype=float)))
    months = cells[axis].to_numpy()
    for month in np.unique(months[wrong]):
        here = months == month
        for filtres in _places(cells.loc[here, list(groups)].astype("str"), wrong[here], weights[here]):
            found.setdefault(tuple(filtres.items()), []).append(pd.Timestamp(month))
    return [Place(dict(filtres), axis, run) for filtres, told in found.items() for run in _runs(told, step)]


def _places(values: pd.DataFrame, wrong: np.ndarray, weights: np.ndarray) -> Iterator[dict[str, str]]:
    if not len(values.columns) or (wrong.sum() > 1 and weights[wrong].sum() >= _WHOLE * weights.sum()):
        yield {}
        return
    left = wrong.copy()
    for dimension in values.columns:
        column = values[dimension].to_numpy()
        for value in dict.fromkeys(column[left]):
            here = column == value
            if (here & left).sum() > 1 and weights[here & wrong].sum() >= _WHOLE * weights[here].sum():
                left &= ~here
                yield {dimension: value}
    for row in values[left].itertuples(index=False):
        yield dict(zip(values.columns, row, strict=True))


def _runs(months: list[pd.Timestamp], step: int) -> Iterator[tuple[pd.Timestamp, ...]]:
    numbers = np.array([m.year * 12 + m.month for m in months])
    for part in np.split(np.arange(len(months)), np.flatnonzero(np.diff(numbers) > step) + 1):
        yield tuple(months[i] for i in part)
