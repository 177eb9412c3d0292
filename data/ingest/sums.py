"""Exact sums by combination of codes, grown as new values are met."""

from __future__ import annotations

import numpy as np

from data.ingest.stream import Unsuited

#: More possible combinations of months and dimensions than this are left to a query.
MAX_CELLS = 1 << 21
_MAX_SUM = 1 << 62


class Sums:
    """Rows and amounts of each combination of codes.

    Parameters
    ----------
    keys, measures : int
        Number of coded columns and of amounts.
    """

    def __init__(self, keys: int, measures: int) -> None:
        self._shape = (1,) * keys
        self._rows = np.zeros(1, dtype=np.int64)
        self._amounts = [np.zeros(1, dtype=np.int64) for _ in range(measures)]
        self._blanks = [np.zeros(1, dtype=np.int64) for _ in range(measures)]
        self._bound = 0

    def add(self, codes: list[np.ndarray], amounts: list[tuple[np.ndarray, np.ndarray | None]]) -> None:
        """Add rows: their code in each column, their amounts in whole units and where there is none.

        Raises
        ------
        Unsuited
            Too many combinations, or sums too large to be exact.
        """
        if not len(codes[0]):
            return
        self._grow(tuple(int(column.max()) + 1 for column in codes))
        at = np.zeros(len(codes[0]), dtype=np.int64)
        for size, column in zip(self._shape, codes, strict=True):
            at = at * size + column
        np.add.at(self._rows, at, 1)
        for total, missing, (values, blank) in zip(self._amounts, self._blanks, amounts, strict=True):
            self._bound += len(values) * max(int(values.max()), -int(values.min()))
            np.add.at(total, at, values)
            if blank is not None:
                np.add.at(missing, at[blank], 1)
        if self._bound >= _MAX_SUM:
            raise Unsuited("montants trop grands")

    def _grow(self, needed: tuple[int, ...]) -> None:
        if all(n <= size for n, size in zip(needed, self._shape, strict=True)):
            return
        # Twice the room for a column that grows, so that growing stays rare.
        shape = tuple(size if n <= size else max(n, 2 * size) for n, size in zip(needed, self._shape, strict=True))
        if np.prod(shape, dtype=np.float64) > MAX_CELLS:
            raise Unsuited("trop de combinaisons de dimensions")
        corner = tuple(slice(size) for size in self._shape)

        def moved(values: np.ndarray) -> np.ndarray:
            room = np.zeros(shape, dtype=np.int64)
            room[corner] = values.reshape(self._shape)
            return room.ravel()

        self._rows = moved(self._rows)
        self._amounts = [moved(values) for values in self._amounts]
        self._blanks = [moved(values) for values in self._blanks]
        self._shape = shape

    def found(self) -> tuple[tuple[np.ndarray, ...], np.ndarray, list[np.ndarray], list[np.ndarray]]:
        """Codes of the combinations met, their rows, their sums, and where no row holds an amount."""
        at = np.flatnonzero(self._rows)
        rows = self._rows[at]
        empty = [missing[at] == rows for missing in self._blanks]
        return np.unravel_index(at, self._shape), rows, [values[at] for values in self._amounts], empty
