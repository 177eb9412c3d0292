"""Which rows belong to the table: what its columns hold, and whether a row of another width still fits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from data.readers.kinds import kind_of

_TYPED = ("number", "date")
_SHARE = 0.9
_SAMPLE = 2_000


@dataclass(frozen=True)
class Profile:
    """What each column holds in the rows of the right width.

    Attributes
    ----------
    kinds : tuple of str
        "number", "date" or "text" of each column; "text" when it is mixed, "" when it is empty.
    optional : tuple of bool
        True where some row leaves the cell empty.
    """

    kinds: tuple[str, ...]
    optional: tuple[bool, ...]

    @property
    def width(self) -> int:
        """Number of columns."""
        return len(self.kinds)

    def fits(self, cells: Sequence[str]) -> bool:
        """True when cells make a row of the table: the right number, each of the kind of its column."""
        return len(cells) == self.width and self._agrees(cells)

    def _agrees(self, cells: Sequence[str]) -> bool:
        return all(kind not in _TYPED or kind_of(c) in (kind, "") for c, kind in zip(cells, self.kinds, strict=False))

    def pads(self, cells: Sequence[str]) -> bool:
        """True when a short row lacks only cells at its end, that others leave empty too, and nothing else is amiss."""
        return (
            1 < len(cells) < self.width
            and all(self.optional[len(cells) :])
            and self._agrees(cells)
            and any(kind in _TYPED and kind_of(c) == kind for c, kind in list(zip(cells, self.kinds, strict=False))[1:])
        )


def profile_rows(rows: Iterable[Sequence[str]], width: int) -> Profile:
    """Profile of the columns, on rows of the right width."""
    counts = [Counter() for _ in range(width)]
    for row, _ in zip(rows, range(_SAMPLE), strict=False):
        for counter, cell in zip(counts, row, strict=False):
            counter[kind_of(cell)] += 1
    return Profile(tuple(_kind(c) for c in counts), tuple(c[""] > 0 for c in counts))


def _kind(counter: Counter) -> str:
    filled = sum(n for kind, n in counter.items() if kind)
    if not filled:
        return ""
    kind = max(("number", "date", "text"), key=lambda k: counter[k])
    return kind if counter[kind] >= _SHARE * filled else "text"
