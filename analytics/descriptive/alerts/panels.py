"""The series that are watched: every segment large enough, month by month, per covered person where that is known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analytics.descriptive.alerts.cube import Lines, cube_of
from analytics.descriptive.reduced import add_known
from analytics.indicators import INDICATORS, missing_measures
from analytics.schema import CARE_DIMENSIONS, Dataset, Selection

YEAR = 12
MIN_MONTHS = 36  # one year to judge, one to compare with, one to know the noise
MAX_VALUES = 40
POSTE = "poste"
MIN_SHARE = 0.002  # a segment under 0.2 % of the whole is not worth an executive's minute


@dataclass(frozen=True)
class Panel:
    """The segments of one grouping.

    Attributes
    ----------
    by : tuple of str
        Dimensions of the grouping; none for the whole.
    amounts : pandas.DataFrame
        Months × segments, EUR.
    series : pandas.DataFrame
        The same per covered person and month where exposure is known by those dimensions, else the amounts.
    growth_of_parents : pandas.DataFrame
        Yearly growth (log) of what each segment belongs to: its poste, or the whole; empty for the whole.
    """

    by: tuple[str, ...]
    amounts: pd.DataFrame
    series: pd.DataFrame
    growth_of_parents: pd.DataFrame

    def filters(self, segment: object) -> dict[str, tuple[str, ...]]:
        """Conditions that name a segment."""
        values = segment if isinstance(segment, tuple) else (segment,)
        return {d: (str(v),) for d, v in zip(self.by, values, strict=True)} if self.by else {}


def mature_months(table: pd.DataFrame, selection: Selection) -> pd.DatetimeIndex:
    """Every month of the calendar up to the last mature one, holes included: a year is twelve rows, always."""
    months = pd.DatetimeIndex(table.loc[table["statut"] != "incomplet", "mois"])
    months = months[months <= selection.fin] if selection.fin is not None else months
    return pd.date_range(months.min(), months.max(), freq="MS") if len(months) else months


def last_settled(table: pd.DataFrame) -> pd.Timestamp:
    """Last month that is no longer an estimate: a single developed month is too uncertain to raise an alarm on."""
    return table.loc[table["statut"] == "complet", "mois"].max()


def build_panels(dataset: Dataset, months: pd.DatetimeIndex, selection: Selection | None = None) -> Iterator[Panel]:
    """The whole, each dimension alone, then poste crossed with each other one.

    Parameters
    ----------
    dataset : Dataset
        Completed data.
    months : pandas.DatetimeIndex
        Months of the panels, in a row.
    selection : Selection, optional
        Perimeter and months on which the weight of a segment is judged.
    """
    scope = _Scope(dataset, months, selection or Selection())
    growth: dict[tuple[str, ...], np.ndarray] = {}  # the whole, then the postes, come before what they contain
    for by in scope.groupings():
        amounts = scope.amounts(by)
        series = amounts / scope.exposure(by) if scope.is_exposed(by) else amounts
        growth[by] = yearly_growth(series)
        large = np.nansum(amounts[-YEAR:], axis=0) >= MIN_SHARE * scope.yearly
        large &= ~np.isnan(amounts).all(axis=0)  # a segment is met
        if not large.any():
            continue
        places = scope.in_order(by, np.flatnonzero(large))
        names = scope.names(by, places)
        parents = pd.DataFrame(index=months)
        if by:
            within = places // scope.sizes[by[1]] if len(by) == 2 else 0 * places  # places of the postes, or the whole
            parents = pd.DataFrame(growth[by[:-1]][:, within], months, names)
        yield Panel(
            by, pd.DataFrame(amounts[:, places], months, names), pd.DataFrame(series[:, places], months, names), parents
        )


def yearly_growth(values: np.ndarray) -> np.ndarray:
    """Logarithm of each month (rows) less that of the same month a year before; NaN where either is not positive."""
    logs = np.log(np.where(values > 0, values, np.nan))
    growth = np.full_like(logs, np.nan)
    growth[YEAR:] = logs[YEAR:] - logs[:-YEAR]
    return growth


class _Scope:
    """The sums of a perimeter over a calendar, months × segments: those of a crossing give those of its parts."""

    def __init__(self, dataset: Dataset, months: pd.DatetimeIndex, selection: Selection) -> None:
        self.care = cube_of(dataset.prestation, dataset.main_measure)
        rows = np.flatnonzero(self.care.inside(selection))
        self.yearly = self.care.amounts[rows].sum() * YEAR / len(months)
        self.dimensions = [d for d in dataset.dimensions if d in self.care.codes and self._is_readable(d, rows)]
        self.sizes = {d: len(self.care.values[d]) for d in self.dimensions}
        self.lines = Lines(self.care, rows, months)
        self.members = _members(dataset, months, selection)
        self._sums: dict[tuple[str, ...], np.ndarray] = {}

    def groupings(self) -> list[tuple[str, ...]]:
        """What is watched, the whole first."""
        pairs = [(POSTE, d) for d in self.dimensions if d != POSTE] if POSTE in self.dimensions else []
        return [(), *((d,) for d in self.dimensions), *pairs]

    def amounts(self, by: tuple[str, ...]) -> np.ndarray:
        """Amounts of the segments of a grouping, NaN where no line knows one."""
        sums = self._summed(by)
        return sums[(slice(None), *(slice(-1) for _ in by))].reshape(len(sums), -1)  # a missing value is no segment

    def _summed(self, by: tuple[str, ...]) -> np.ndarray:
        if by not in self._sums:
            self._sums[by] = self._sum(by)
        return self._sums[by]

    def _sum(self, by: tuple[str, ...]) -> np.ndarray:
        """A dimension from its crossing with the postes, the whole from a dimension: fewer passes over the lines."""
        if not by and self.dimensions:
            return add_known(self._summed((self.dimensions[0],)), axis=1)
        if len(by) == 1 and POSTE in self.dimensions and len(self.dimensions) > 1:
            if by[0] != POSTE:
                return add_known(self._summed((POSTE, *by)), axis=1)
            other = next(d for d in self.dimensions if d != POSTE)
            return add_known(self._summed((POSTE, other)), axis=2)
        return self.lines.sums(*by)

    def is_exposed(self, by: tuple[str, ...]) -> bool:
        """Whether who is covered is known by those dimensions."""
        return self.members is not None and all(d in self.members.cube.codes or d in CARE_DIMENSIONS for d in by)

    def exposure(self, by: tuple[str, ...]) -> np.ndarray:
        """Members and months of each segment, to divide by: NaN where there is none, repeated over what is of care."""
        own = tuple(d for d in by if d not in CARE_DIMENSIONS)
        key = ("beneficiaires", *own)
        if key not in self._sums:
            sums = self.members.sums(*own)
            for axis, dimension in enumerate(own, start=1):
                places = self.members.cube.values[dimension].get_indexer(self.care.values[dimension])
                sums = np.where(places >= 0, np.take(sums, places, axis=axis), np.nan)
            self._sums[key] = np.where(sums != 0, sums, np.nan)
        sums = self._sums[key]
        shape = [len(sums), *(self.sizes[d] if d in own else 1 for d in by)]
        full = [len(sums), *(self.sizes[d] for d in by)]
        return np.broadcast_to(sums.reshape(shape), full).reshape(len(sums), -1)

    def in_order(self, by: tuple[str, ...], places: np.ndarray) -> np.ndarray:
        """Places of segments, those of one dimension in the order of their text."""
        if len(by) != 1:
            return places
        return np.array(sorted(places, key=lambda i: str(self.care.values[by[0]][i])), dtype=places.dtype)

    def names(self, by: tuple[str, ...], places: np.ndarray) -> pd.Index:
        """Names of segments, from their places."""
        if not by:
            return pd.Index(["ensemble"])
        values = [self.care.values[d] for d in by]
        numbers = np.unravel_index(places, [len(v) for v in values])
        named = [v[n] for v, n in zip(values, numbers, strict=True)]
        return named[0] if len(by) == 1 else pd.Index(list(zip(*named, strict=True)), tupleize_cols=False)

    def _is_readable(self, dimension: str, rows: np.ndarray) -> bool:
        size = len(self.care.values[dimension])
        met = np.bincount(self.care.codes[dimension][rows], minlength=size + 1)[:size]
        return 1 < np.count_nonzero(met) <= MAX_VALUES


def _members(dataset: Dataset, months: pd.DatetimeIndex, selection: Selection) -> Lines | None:
    """Who is covered inside a selection, as :meth:`Dataset.filtered` keeps them; None where it is not known."""
    if dataset.main_measure != "prestation" or missing_measures(INDICATORS["consommation"], dataset):
        return None
    cube = cube_of(dataset.cotisation, "beneficiaires")
    kept = cube.inside(selection)
    if POSTE in cube.codes:  # premiums shared out by poste: the members have rows of their own
        kept |= cube.unnamed(POSTE) & cube.inside(selection, care=frozenset(CARE_DIMENSIONS))
    return Lines(cube, np.flatnonzero(kept), months)
