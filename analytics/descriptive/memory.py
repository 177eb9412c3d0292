"""What was computed from a fact table, remembered as long as the table lives and is not changed."""

from __future__ import annotations

import itertools
import threading
import weakref
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import TypeVar

import pandas as pd

Result = TypeVar("Result")
_NUMBERS = itertools.count(1)


@dataclass(frozen=True)
class _Kept:
    """Results of one state of a table; no other state of any table has its number.

    `held` shares its columns: whoever writes in the table then writes in a new array, which gives it away.
    """

    held: pd.DataFrame
    names: pd.Index
    index: pd.Index
    arrays: list[object]
    number: int = field(default_factory=lambda: next(_NUMBERS))
    results: dict[Hashable, tuple[int, object]] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def holds(self, frame: pd.DataFrame) -> bool:
        """Whether the table still is what it was."""
        arrays = _arrays(frame)
        same = frame.columns is self.names and frame.index is self.index and len(arrays) == len(self.arrays)
        return same and all(a is b for a, b in zip(arrays, self.arrays, strict=True))


_TABLES: dict[int, _Kept] = {}
_MEETING = threading.Lock()


def remember(
    frame: pd.DataFrame, key: Hashable, compute: Callable[[], Result], *, beside: pd.DataFrame | None = None
) -> Result:
    """Result of `compute`, run once for this table and key, and again when the table was changed in place.

    Parameters
    ----------
    frame : pandas.DataFrame
        Table that the result comes from.
    key : hashable
        What is computed.
    compute : callable
        Computation without argument; its result is shared and must not be changed. A result that held the table
        itself would never let it die.
    beside : pandas.DataFrame, optional
        Another table that the result comes from: only the result of the last one is kept.
    """
    kept, state = _kept(frame), 0 if beside is None else _kept(beside).number
    found = kept.results.get(key)
    if found is not None and found[0] == state:
        return found[1]
    with kept.lock:
        found = kept.results.get(key)
        if found is None or found[0] != state:
            found = kept.results[key] = state, compute()
        return found[1]


def _kept(frame: pd.DataFrame) -> _Kept:
    """By identity: a frame has no hash, and the memory goes with the frame, or when it is changed in place."""
    place = id(frame)
    found = _TABLES.get(place)
    if found is not None and found.holds(frame):
        return found
    with _MEETING:  # two sessions that meet a table must share its lock
        found = _TABLES.get(place)
        if found is None:
            weakref.finalize(frame, _TABLES.pop, place, None)
        if found is None or not found.holds(frame):
            found = _TABLES[place] = _Kept(frame.copy(deep=False), frame.columns, frame.index, _arrays(frame))
        return found


def _arrays(frame: pd.DataFrame) -> list[object]:
    """What holds the columns in memory; asking for each column would take fifty times longer."""
    return frame._mgr.arrays
