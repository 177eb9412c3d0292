"""Columns that add up others of the same line, recognised by arithmetic: never counted beside their parts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from data.vocabulary import holds_total

#: Lines compared, spread over the whole table.
_SAMPLE = 5_000
#: Fewer lines than this prove nothing.
MIN_LINES = 5
#: Columns beyond which only neighbours and the whole are tried as parts.
_MAX_FREE = 8
#: Share of the lines under which a column does not add up the others.
NEARLY = 0.9


@dataclass(frozen=True)
class Sum:
    """A column that is the sum of others.

    Attributes
    ----------
    header : str
        Title of the column.
    parts : tuple of str
        Titles of what it adds up, two at least.
    exact : bool
        On every line, to the cent; otherwise on most lines.
    """

    header: str
    parts: tuple[str, ...]
    exact: bool


def find_sums(numbers: pd.DataFrame) -> list[Sum]:
    """Columns of numbers that add up two others or more, line by line.

    Parameters
    ----------
    numbers : pandas.DataFrame
        Measures of the table, one column each; a missing cell counts for nothing in a sum.

    Returns
    -------
    list of Sum
        At most one per column, in the order of the columns; a column titled « total » may be so nearly.
    """
    table = numbers.iloc[:: max(1, len(numbers) // _SAMPLE)]
    values = table.to_numpy(dtype="float64")
    headers = list(table.columns)
    if len(headers) < 3:
        return []
    found: list[Sum] = []
    taken: set[str] = set()
    for at in sorted(range(len(headers)), key=lambda i: not holds_total(headers[i])):
        known = _sum_of(at, values, headers, taken)
        if known is not None:
            taken.add(known.header)
            found.append(known)
    return sorted(found, key=lambda s: headers.index(s.header))


def _sum_of(at: int, values: np.ndarray, headers: list[str], taken: set[str]) -> Sum | None:
    # A column that adds up is not itself a part: two totals of the same parts would otherwise explain each other.
    others = [i for i in range(len(headers)) if i != at and headers[i] not in taken]
    total = values[:, at]
    for parts in _candidates(at, others):
        share = _share(total, values[:, parts])
        if share == 1.0:
            return Sum(headers[at], tuple(headers[i] for i in parts), True)
        if share >= NEARLY and holds_total(headers[at]):
            return Sum(headers[at], tuple(headers[i] for i in parts), False)
    return None


def _candidates(at: int, others: Sequence[int]) -> Iterator[list[int]]:
    """Sets of columns that may be the parts: all, those just before, those just after, then any when they are few."""
    yield list(others) if len(others) >= 2 else []
    before, after = [i for i in others if i < at], [i for i in others if i > at]
    for size in range(2, len(before) + 1):
        yield before[-size:]
    for size in range(2, len(after) + 1):
        yield after[:size]
    if len(others) <= _MAX_FREE:
        for size in range(2, len(others)):
            for parts in combinations(others, size):
                yield list(parts)


def _share(total: np.ndarray, parts: np.ndarray) -> float:
    """Share of the lines where the parts make the total; 0 when too few lines, or too few kinds of them, could tell."""
    if parts.shape[1] < 2:
        return 0.0
    filled = ~np.isnan(total) & ~np.isnan(parts).all(axis=1)
    # Each part must play, else « total = a + nothing » would name any copy of a column a total.
    plays = (np.nan_to_num(parts[filled]) != 0).sum(axis=0) >= MIN_LINES
    telling = filled & ((np.nan_to_num(parts) != 0).sum(axis=1) >= 2)
    if not plays.all() or telling.sum() < MIN_LINES or len(np.unique(total[telling])) < 3:
        return 0.0
    gap = np.abs(total[filled] - np.nansum(parts[filled], axis=1))
    close = gap <= 0.011 * parts.shape[1] + 1e-9 * np.abs(total[filled])
    return float(close.mean())
