"""Axes of a table: its dimensions, those that say the same thing (a code and its label) taken as one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from data.keys import pack
from data.vocabulary import says_subtotal, says_total

#: Value of a dimension where the cell is empty: kept, so that the parts sum to the whole.
NOT_GIVEN = "Non renseigné"
#: What a value says of itself: it is one value, all the others, some of the others; "" for an empty cell.
GIVEN, WHOLE, PART = "valeur", "total", "sous-total"


@dataclass(frozen=True)
class Axis:
    """One axis.

    Attributes
    ----------
    title : str
        Title of the column shown for it.
    codes : numpy.ndarray of int
        Value of each line.
    labels : tuple of str
        Label of each value.
    kinds : numpy.ndarray of str
        What each value says of itself.
    """

    title: str
    codes: np.ndarray
    labels: tuple[str, ...]
    kinds: np.ndarray


def find_axes(frame: pd.DataFrame, titles: Mapping[str, str]) -> list[Axis]:
    """Axes of canonical lines.

    Parameters
    ----------
    frame : pandas.DataFrame
        Its dimensions are categories.
    titles : mapping
        Dimension -> title of its column.
    """
    used = {d: int(np.count_nonzero(np.bincount(_codes(frame[d])))) for d in titles}
    axes: list[tuple[str, ...]] = []
    for dimension in titles:
        same = next((a for a in axes if used[a[0]] == used[dimension] and _say_the_same(frame, a[0], dimension)), None)
        if same is None:
            axes.append((dimension,))
        else:
            axes[axes.index(same)] = (*same, dimension)
    return [_axis(frame, titles, dimensions) for dimensions in axes]


def _codes(column: pd.Series) -> np.ndarray:
    return column.cat.codes.to_numpy(dtype=np.int64)


def _say_the_same(frame: pd.DataFrame, one: str, other: str) -> bool:
    """Whether each value of a dimension is always beside the same value of the other."""
    together = len(np.unique(pack(frame, [one, other])))
    return 1 < together == len(np.unique(_codes(frame[one])))


def _axis(frame: pd.DataFrame, titles: Mapping[str, str], dimensions: tuple[str, ...]) -> Axis:
    """Values of an axis: the column whose labels say most stands for it."""
    told = {d: np.array([_kind(str(v)) for v in frame[d].cat.categories]) for d in dimensions}
    best = max(dimensions, key=lambda d: int(np.isin(told[d], (WHOLE, PART)).sum()))
    return Axis(titles[best], _codes(frame[best]), tuple(map(str, frame[best].cat.categories)), told[best])


def _kind(label: str) -> str:
    if label == NOT_GIVEN:
        return ""
    if says_subtotal(label):
        return PART
    return WHOLE if says_total(label) else GIVEN
