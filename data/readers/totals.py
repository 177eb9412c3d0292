"""Columns and rows that add up the others, recognised by arithmetic so that nothing is counted twice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

#: More rows than this are a file of lines, not a table made by hand.
MOST_ROWS = 3000
_LEAST_COLUMNS = 3
_LEAST_VALUE = 10.0
_RELATIVE = 1e-9


def decimals_of(values: np.ndarray) -> int:
    """Decimals written in the cells, 6 at most."""
    filled = values[np.isfinite(values)]
    for count in range(6):
        if np.allclose(filled, np.round(filled, count), rtol=0, atol=1e-9):
            return count
    return 6


def adds_up(total: np.ndarray, parts: np.ndarray) -> bool | None:
    """Whether a column equals, row by row, the sum of its parts; None when no row can tell.

    Parameters
    ----------
    total : numpy.ndarray
        One value per row.
    parts : numpy.ndarray
        Rows × parts; a missing part counts for nothing.
    """
    known = np.isfinite(total) & np.isfinite(parts).any(axis=1)
    if not known.any() or not np.any(total[known] != 0):
        return None
    sums = np.nansum(parts[known], axis=1)
    rounding = 0.5 * 10.0 ** -decimals_of(total[known]) * (parts.shape[1] + 1)
    return bool((np.abs(total[known] - sums) <= rounding + _RELATIVE * np.abs(sums)).all())


def total_rows(values: np.ndarray) -> dict[int, tuple[int, int]]:
    """Rows equal, in every column, to the sum of the rows just above, or just below, without the other totals.

    Parameters
    ----------
    values : numpy.ndarray
        Rows × columns of a table made by hand.

    Returns
    -------
    dict
        Position of each total -> first and last positions of the rows that it adds up. Empty unless at least two rows
        are added up and three columns agree on amounts that are not tiny.
    """
    if not 3 <= len(values) <= MOST_ROWS or values.shape[1] < _LEAST_COLUMNS:
        return {}
    filled = np.nan_to_num(values)
    precise = 0.5 * 10.0 ** -decimals_of(values)
    below = _scan(filled, precise, range(len(values)), set())
    above = _scan(filled, precise, range(len(values) - 1, -1, -1), set(below))
    return below | above


def _scan(values: np.ndarray, precise: float, order: Sequence[int], known: set[int]) -> dict[int, tuple[int, int]]:
    """Totals met in an order, each adding up rows met just before it."""
    found: dict[int, tuple[int, int]] = {}
    rows: list[int] = []
    sums = np.zeros((len(values) + 1, values.shape[1]))
    for at in order:
        row = values[at]
        if at in known or not row.any():
            continue
        telling = (np.abs(row) >= _LEAST_VALUE).sum() >= _LEAST_COLUMNS
        start = _start(row, sums[: len(rows) + 1], precise) if telling else None
        if start is not None:
            found[at] = (min(rows[start:]), max(rows[start:]))
            continue
        rows.append(at)
        sums[len(rows)] = sums[len(rows) - 1] + row
    return found


def _start(row: np.ndarray, sums: np.ndarray, precise: float) -> int | None:
    """First of the rows added up, at least two of them, or None."""
    count = len(sums) - 1
    if count < 2:
        return None
    parts = count - np.arange(count - 1)
    slack = precise * (parts + 1)[:, None] + _RELATIVE * np.abs(row)
    agree = (np.abs(sums[count] - sums[: count - 1] - row) <= slack).all(axis=1)
    where = np.flatnonzero(agree)
    return int(where[-1]) if len(where) else None


def check_columns(
    values: Mapping[int, np.ndarray], totals: Mapping[int, tuple[int, ...]], groups: Sequence[Sequence[int]]
) -> dict[int, bool | None]:
    """For each column of total, whether it is the sum of its parts (of all, or of those of one amount).

    Parameters
    ----------
    values : mapping
        Position -> numbers of the column.
    totals : mapping
        Position of a total -> positions of its parts.
    groups : sequence of sequence of int
        Positions of the columns of each amount.
    """
    verdicts: dict[int, bool | None] = {}
    for at, parts in totals.items():
        tries = [list(parts), *([j for j in parts if j in group] for group in groups)]
        said = [adds_up(values[at], np.column_stack([values[j] for j in t])) for t in tries if t]
        verdicts[at] = True if True in said else None if None in said or not said else False
    return verdicts
