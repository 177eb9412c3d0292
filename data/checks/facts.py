"""What several checks need of a dataset, added up once: small tables of a few thousand rows."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from analytics.schema import Dataset, dimensions_of, measures_of
from data.keys import pack, sum_by

#: Dimensions kept in the summary of each table: enough to tell where a fault is, few enough to stay small.
KEPT = {"prestation": ("poste", "region"), "cotisation": ("contrat", "region")}
#: A table without both of them keeps others of few values in their place.
_KEPT_LABELS = 30
#: A dimension with more values than this is not searched value by value.
MAX_LABELS = 200
_MAX_MONTHS = 1200
#: A few months (at most so many) farther than this from all the others are slips of the pen.
_FAR, _FEW = 24, 3
#: Packed keys up to this number are counted in place, beyond it they are sorted.
_DENSE = 4_000_000
#: What says that the figures are those of quarters.
_QUARTERLY = "accessibilite.trimestres"


@dataclass(frozen=True)
class Cells:
    """Amounts of one dimension, value by value and month by month.

    Attributes
    ----------
    labels : tuple of str, or of pairs of str
    months : pandas.DatetimeIndex
        Every month from the first to the last.
    amounts : numpy.ndarray
        One row per label, one column per month; 0 where there is nothing.
    """

    labels: tuple[str, ...] | tuple[tuple[str, str], ...]
    months: pd.DatetimeIndex
    amounts: np.ndarray


@dataclass(frozen=True)
class Facts:
    """A dataset and its summaries, made when first asked for.

    Attributes
    ----------
    dataset : Dataset
    today : pandas.Timestamp or None
        Day of the check; None when the check must not depend on it.
    """

    dataset: Dataset
    today: pd.Timestamp | None = None
    _known: dict[str, Cells | None] = field(default_factory=dict, init=False, repr=False, compare=False)
    _sums: dict[tuple, pd.DataFrame] = field(default_factory=dict, init=False, repr=False, compare=False)

    @functools.cached_property
    def prestation(self) -> pd.DataFrame:
        """Table of prestations by month, month of payment and :data:`KEPT`."""
        return _summary(self.dataset.prestation, kept_dimensions(self.dataset.prestation, KEPT["prestation"]))

    @functools.cached_property
    def cotisation(self) -> pd.DataFrame:
        """Table of premiums by month and :data:`KEPT`."""
        return _summary(self.dataset.cotisation, kept_dimensions(self.dataset.cotisation, KEPT["cotisation"]))

    @functools.cached_property
    def step(self) -> int:
        """Months from a figure to the next: 3 for a file of quarters, 1 otherwise."""
        findings = self.dataset.findings
        return 3 if len(findings) and (findings["code"] == _QUARTERLY).any() else 1

    @property
    def frequency(self) -> str:
        """The same, as pandas names it."""
        return "QS" if self.step == 3 else "MS"

    @functools.cached_property
    def axis(self) -> str:
        """Month by which batches arrive: that of payment when it is known."""
        return "mois_paiement" if "mois_paiement" in self.dataset.prestation.columns else "mois"

    @functools.cached_property
    def open_months(self) -> int:
        """Months at the end of the axis that are not complete yet: care months whose payments are still coming."""
        return 0 if self.axis == "mois_paiement" or self.dataset.date_basis == "paiement" else 2

    @functools.cached_property
    def by_care(self) -> Facts:
        """The same facts by month of care, whatever is known of the payments."""
        if self.axis == "mois":
            return self
        dataset = self.dataset
        unpaid = replace(dataset, prestation=dataset.prestation.drop(columns="mois_paiement"), date_basis="soins")
        return Facts(unpaid, self.today)

    @functools.cached_property
    def months(self) -> pd.DatetimeIndex:
        """Every month of the axis, from the first to the last, empty ones included."""
        seen = self.dataset.prestation[self.axis].dropna()
        return pd.date_range(seen.min(), seen.max(), freq=self.frequency) if len(seen) else pd.DatetimeIndex([])

    @functools.cached_property
    def totals(self) -> pd.Series:
        """Main measure by month of the axis; 0 for a month without a line."""
        measure = self.dataset.main_measure
        if measure is None or not len(self.months):
            return pd.Series(dtype="float64")
        return self.prestation.groupby(self.axis)[measure].sum().reindex(self.months, fill_value=0.0)

    @functools.cached_property
    def dimensions(self) -> tuple[str, ...]:
        """Dimensions of the prestations with few enough values to be searched one by one."""
        frame = self.dataset.prestation
        known = (d for d in dimensions_of(frame) if isinstance(frame[d].dtype, pd.CategoricalDtype))
        return tuple(d for d in known if 1 < len(frame[d].cat.categories) <= MAX_LABELS)

    def sums(self, table: str, dimensions: tuple[str, ...]) -> pd.DataFrame:
        """Main measure and number of acts, or every measure of the summary, by both months and some dimensions."""
        small = getattr(self, table)
        if set(dimensions) <= set(small.columns):
            return small
        if (table, dimensions) not in self._sums:
            frame = getattr(self.dataset, table)
            keys = [c for c in ("mois", "mois_paiement", *dimensions) if c in frame.columns]
            measures = [m for m in measures_of(frame) if m in (self.dataset.main_measure, "actes")]
            self._sums[table, dimensions] = sum_quickly(frame, keys, measures)
        return self._sums[table, dimensions]

    def cells(self, dimension: str) -> Cells | None:
        """Main measure by value of a dimension and month; None when there is nothing to add up."""
        if dimension not in self._known:
            self._known[dimension] = self._cells(dimension)
        return self._known[dimension]

    def pair_cells(self) -> Cells | None:
        """The same by pair of values of the dimensions of the summary: its labels are pairs of texts."""
        measure, months = self.dataset.main_measure, self.months
        pair = [d for d in dimensions_of(self.prestation) if d in self.dimensions]
        if measure is None or not 2 <= len(months) <= _MAX_MONTHS or len(pair) != 2:
            return None
        table = self.prestation.pivot_table(
            index=pair, columns=self.axis, values=measure, aggfunc="sum", observed=True
        ).reindex(columns=months)
        labels = tuple((str(one), str(other)) for one, other in table.index)
        return Cells(labels, months, table.fillna(0.0).to_numpy(dtype=float))

    def _cells(self, dimension: str) -> Cells | None:
        measure, months = self.dataset.main_measure, self.months
        if measure is None or not 2 <= len(months) <= _MAX_MONTHS:
            return None
        small = "prestation" in vars(self) and dimension in self.prestation.columns  # when it is made already
        frame, at = (self.prestation, self._small_at) if small else (self.dataset.prestation, self._full_at)
        column, values = frame[dimension], frame[measure].to_numpy(dtype="float64")
        codes, size = column.cat.codes.to_numpy(), len(column.cat.categories)
        # One more row and column hold what has no value or no month: they are cut off.
        flat = np.where(codes < 0, size, codes).astype(np.int64) * (len(months) + 1) + at
        amounts = np.bincount(flat, np.nan_to_num(values), (size + 1) * (len(months) + 1))
        amounts = amounts.reshape(size + 1, len(months) + 1)[:size, : len(months)]
        return Cells(tuple(map(str, column.cat.categories)), months, amounts)

    @functools.cached_property
    def _small_at(self) -> np.ndarray:
        return _position(self.prestation[self.axis], self.months, self.step)

    @functools.cached_property
    def _full_at(self) -> np.ndarray:
        return _position(self.dataset.prestation[self.axis], self.months, self.step)


def kept_dimensions(frame: pd.DataFrame, usual: tuple[str, ...]) -> tuple[str, ...]:
    """Two dimensions that tell where a fault is: the usual ones, else others with few values."""
    kept = [d for d in usual if d in frame.columns]
    for name in dimensions_of(frame):
        few = isinstance(frame[name].dtype, pd.CategoricalDtype) and 1 < len(frame[name].cat.categories) <= _KEPT_LABELS
        if len(kept) < len(usual) and name not in kept and few:
            kept.append(name)
    return tuple(kept)


def split_strays(months: pd.DatetimeIndex) -> tuple[pd.DatetimeIndex, pd.DatetimeIndex, pd.DatetimeIndex]:
    """Sorted months that follow each other, then the few that stand years before, and years after, all of them."""
    if len(months) < 2:
        return months, months[:0], months[:0]
    numbers = (months.year * 12 + months.month).to_numpy()
    groups = np.cumsum(np.r_[0, np.diff(numbers) >= _FAR])
    sizes = np.bincount(groups)
    main = int(sizes.argmax())
    if len(sizes) == 1 or (np.delete(sizes, main) > _FEW).any() or sizes[main] <= _FEW:
        return months, months[:0], months[:0]
    return months[groups == main], months[groups < main], months[groups > main]


def sum_quickly(frame: pd.DataFrame, keys: Sequence[str], measures: Sequence[str]) -> pd.DataFrame:
    """Sums of `measures` by `keys`, as :func:`data.keys.sum_by` but for a sum of nothing, that is 0 here."""
    key = pack(pd.DataFrame({k: _by_month(frame[k]) for k in keys}, index=frame.index), keys)
    size = int(key.max(initial=-1)) + 1
    if size > _DENSE:
        return sum_by(frame, keys, measures)
    first = np.full(size, -1, dtype=np.int64)
    first[key[::-1]] = np.arange(len(frame) - 1, -1, -1)
    used = np.flatnonzero(first >= 0)
    heads = frame[list(keys)].iloc[first[used]].reset_index(drop=True)
    amounts = {m: np.nan_to_num(frame[m].to_numpy(dtype=float, na_value=np.nan)) for m in measures}
    return heads.assign(**{m: np.bincount(key, values, size)[used] for m, values in amounts.items()})


def _by_month(column: pd.Series) -> pd.Series | pd.Categorical:
    """Dates as codes of months, that are thirty times fewer than those of days."""
    if not pd.api.types.is_datetime64_any_dtype(column) or column.isna().all():
        return column
    months = column.to_numpy().astype("datetime64[M]").astype(np.int64)
    missing = column.isna().to_numpy()
    first = months[~missing].min()
    codes = np.where(missing, -1, months - first)
    return pd.Categorical.from_codes(codes, categories=range(int(codes.max()) + 1))


def _position(dates: pd.Series, months: pd.DatetimeIndex, step: int) -> np.ndarray:
    """Number of periods since the first one; that of no month at all for no date."""
    first = months[0].to_datetime64().astype("datetime64[M]").astype(np.int64)
    position = (dates.to_numpy().astype("datetime64[M]").astype(np.int64) - first) // step
    return np.where(dates.isna().to_numpy(), len(months), position)


def _summary(frame: pd.DataFrame, dimensions: tuple[str, ...]) -> pd.DataFrame:
    if frame.empty:
        return frame
    keys = [c for c in ("mois", "mois_paiement", *dimensions) if c in frame.columns]
    return sum_by(frame, keys, list(measures_of(frame)))


def labels_of(column: pd.Series) -> list[str]:
    """Values that a column of texts holds, in the order of its categories; those that no row has are left aside."""
    if not isinstance(column.dtype, pd.CategoricalDtype):
        return [str(v) for v in column.dropna().unique()]
    codes = column.cat.codes.to_numpy()
    used = np.bincount(codes[codes >= 0] if (codes < 0).any() else codes, minlength=len(column.cat.categories)) > 0
    return [str(v) for v in column.cat.categories[used]]
