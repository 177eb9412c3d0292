"""Two periods brought to the same leaf cells: sums per leaf, presence, and exposure taken once per exposure cell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analytics.errors import InsufficientData, ParameterError, SchemaError


@dataclass(frozen=True)
class Cells:
    """Leaf cells of two periods.

    Attributes
    ----------
    labels : pandas.DataFrame
        One row per leaf, the key columns.
    measures : dict of str to numpy.ndarray
        For each measure, an array (leaves, 2): NaN where rows exist and none is known, 0 where there is no row.
    present : numpy.ndarray
        (leaves, 2), True where the period has at least one row.
    cell : numpy.ndarray
        Exposure cell of each leaf.
    """

    labels: pd.DataFrame
    measures: dict[str, np.ndarray]
    present: np.ndarray
    cell: np.ndarray


@dataclass(frozen=True)
class Exposure:
    """Exposure of each exposure cell, arrays (cells, 2).

    Attributes
    ----------
    value : numpy.ndarray
        Largest exposure met on the leaves of the cell, NaN when unknown.
    present : numpy.ndarray
        True where the period has at least one row in the cell.
    uneven : int
        Cells whose leaves disagree on their exposure.
    """

    value: np.ndarray
    present: np.ndarray
    uneven: int


def check_keys(frames: Sequence[pd.DataFrame], keys: Sequence[str], measures: Sequence[str]) -> None:
    """Raise `SchemaError` when a frame lacks a key or a measure, or when a measure is not a number."""
    for frame in frames:
        for column in (*keys, *measures):
            if column not in frame.columns:
                raise SchemaError("Colonne absente de la comparaison.", colonne=column)
        for column in measures:
            if not pd.api.types.is_numeric_dtype(frame[column]):
                raise SchemaError("Cette colonne doit être numérique.", colonne=column)
    if not any(len(frame) for frame in frames):
        raise InsufficientData("Aucune ligne à comparer : les deux périodes sont vides.")


def check_exposure_keys(keys: Sequence[str], exposure_keys: Sequence[str] | None) -> tuple[str, ...]:
    """Keys of the exposure cells; None means that every leaf has its own exposure."""
    chosen = tuple(keys) if exposure_keys is None else tuple(exposure_keys)
    unknown = [key for key in chosen if key not in keys]
    if unknown:
        raise ParameterError("Une clé d’exposition doit faire partie des clés.", colonne=unknown[0])
    return chosen


def align(
    before: pd.DataFrame,
    after: pd.DataFrame,
    *,
    keys: Sequence[str],
    measures: Sequence[str],
    exposure_keys: Sequence[str],
) -> Cells:
    """Sum each period per leaf, in the sorted order of the keys, whatever the order of the rows."""
    keys = list(keys)
    stacked = pd.concat([before[keys], after[keys]], ignore_index=True)
    period = np.repeat([0, 1], [len(before), len(after)])
    leaf = number_rows(stacked, keys)
    _, first = np.unique(leaf, return_index=True)
    slot, shape = 2 * leaf + period, (len(first), 2)
    present = np.bincount(slot, minlength=2 * len(first)).reshape(shape) > 0
    values = {m: _sum(slot, _stack(before, after, m), present) for m in measures}
    cell = number_rows(stacked.iloc[first], list(exposure_keys))
    return Cells(stacked.iloc[first].reset_index(drop=True), values, present, cell)


def number_rows(frame: pd.DataFrame, keys: list[str]) -> np.ndarray:
    """Rank of each row's key among the sorted distinct keys; a missing key is a value like another."""
    if not keys:
        return np.zeros(len(frame), dtype=np.intp)
    return frame.groupby(keys, observed=True, dropna=False, sort=True).ngroup().to_numpy()


def _stack(before: pd.DataFrame, after: pd.DataFrame, measure: str) -> np.ndarray:
    return np.concatenate([frame[measure].to_numpy(dtype=float, na_value=np.nan) for frame in (before, after)])


#: A sum under this part of its terms is what rounding leaves, in some order of the rows, of amounts that cancel out.
ROUNDING = 1e-13


def _sum(slot: np.ndarray, values: np.ndarray, present: np.ndarray) -> np.ndarray:
    known = np.isfinite(values)
    slot, values = slot[known], values[known]
    counts = np.bincount(slot, minlength=present.size).reshape(present.shape)
    sums = np.bincount(slot, weights=values, minlength=present.size).reshape(present.shape)
    if (values < 0).any():
        sizes = np.bincount(slot, weights=np.abs(values), minlength=present.size).reshape(present.shape)
        sums[np.abs(sums) <= ROUNDING * sizes] = 0.0
    sums[present & (counts == 0)] = np.nan
    return sums


def exposure_of(cells: Cells, measure: str) -> Exposure:
    """Exposure of each exposure cell, counted once however many leaves repeat it."""
    number = int(cells.cell.max()) + 1
    high, low = np.full((number, 2), -np.inf), np.full((number, 2), np.inf)
    values = cells.measures[measure]
    usable = cells.present & np.isfinite(values)
    np.maximum.at(high, cells.cell, np.where(usable, values, -np.inf))
    np.minimum.at(low, cells.cell, np.where(usable, values, np.inf))
    present = np.zeros((number, 2), dtype=bool)
    np.logical_or.at(present, cells.cell, cells.present)
    known = np.isfinite(high)
    spread = np.where(known, high, 0.0) - np.where(known, low, 0.0)
    uneven = int(np.any(spread > 1e-9 * np.abs(np.where(known, high, 1.0)), axis=1).sum())
    return Exposure(np.where(known, high, np.nan), present, uneven)
