"""Lines of a text taken at its beginning, along it and at its end, with their numbers."""

from __future__ import annotations

import bisect
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from data.ingest.stream import Unsuited
from data.ingest.transcode import Transcoded

_HEAD = 640 << 10
_INSIDE = 96 << 10
_PLACES = 10
_TAIL = 320 << 10
#: A line longer than this is left to the readers.
_LONGEST = 1 << 16
_LINE = ord("\n")


@dataclass(frozen=True)
class Peek:
    """Some lines of a text whose numbers are not known yet.

    Attributes
    ----------
    lines : dict of int to str
        The lines, in order, under their rank; it is their number for those of the beginning.
    starts : tuple of (int, int)
        Where in the file each run of lines begins, and the rank of its first line.
    """

    lines: dict[int, str]
    starts: tuple[tuple[int, int], ...]

    def numbers(self, text: Transcoded) -> np.ndarray:
        """Number of each line by rank, once the file has been read to its end; 0 for rank 0."""
        numbers = np.zeros(len(self.lines) + 1, dtype=np.int64)
        known = dict(text.marks)
        ends = [*(rank for _, rank in self.starts[1:]), len(self.lines) + 1]
        for (start, rank), end in zip(self.starts, ends, strict=True):
            first = known.get(start, text.lines - (end - rank) + 1)
            numbers[rank:end] = np.arange(first, first + end - rank)
        return numbers


def peek(path: Path, encoding: str, piece: int) -> Peek:
    """The lines that `sample_lines` would take, before the file is read: pieces of `piece` bytes begin some of them."""
    size = path.stat().st_size
    lines: dict[int, str] = {}
    starts: list[tuple[int, int]] = []
    end = 0
    places = [_HEAD + (size - _HEAD - _TAIL) * place // (_PLACES + 1) for place in range(1, _PLACES + 1)]
    inside = sorted({at for p in places if size - _TAIL - _INSIDE > (at := -(-p // piece) * piece)})
    for at, length in [(0, _HEAD), *((at, _INSIDE) for at in inside), (max(size - _TAIL, 0), _TAIL)]:
        if starts and at < end:
            at, length = end, size - end
        run = lines_from(path, at, length)
        start, data = run.start, run.text
        rows = _cut(data, to_end=True, encoding=encoding)
        if rows:
            starts.append((start, len(lines) + 1))
            lines |= dict(enumerate(rows, start=len(lines) + 1))
        end = max(end, start + len(data))
    return Peek(lines, tuple(starts))


@dataclass(frozen=True)
class Run:
    """Whole lines of a file, inside bytes read in one go.

    Attributes
    ----------
    data : bytes
    first, last : int
        Where the lines begin and end in `data`.
    start : int
        Where they begin in the file.
    """

    data: bytes
    first: int
    last: int
    start: int

    @property
    def text(self) -> bytes:
        """The lines alone."""
        return self.data[self.first : self.last]

    def after(self, line: int) -> Run:
        """The same lines from one of them on, the first being 1."""
        at = self.first
        for _ in range(line - 1):
            at = self.data.find(b"\n", at, self.last) + 1 or self.last
        return Run(self.data, at, self.last, self.start + at - self.first)

    @property
    def count(self) -> int:
        """How many they are, the last one without an end included."""
        ended = self.last == self.first or self.data[self.last - 1] == _LINE
        lines = np.frombuffer(self.data, np.uint8, self.last - self.first, self.first) == _LINE
        return int(np.count_nonzero(lines)) + (not ended)


def lines_from(path: Path, at: int, length: int) -> Run:
    """The lines that begin in some bytes of a file.

    Raises
    ------
    Unsuited
        A line that never ends.
    """
    before = min(at, 1)
    with path.open("rb") as file:
        file.seek(at - before)
        data = file.read(before + length + _LONGEST)
    first = _next_line(data, 0) if before else 0
    last = _next_line(data, before + length - 1) if len(data) > before + length else len(data)
    return Run(data, first, max(first, last), at - before + first)


def _next_line(data: bytes, at: int) -> int:
    """Where the line after the one that holds the byte `at` begins, or the end."""
    found = data.find(b"\n", at)
    if found < 0 and len(data) - at >= _LONGEST:
        raise Unsuited("lignes sans fin")
    return found + 1 or len(data)


def sample_lines(text: Transcoded, places: int = _PLACES) -> dict[int, str]:
    """Some lines of the text by number, in order: the first ones, some at places along the file, the last ones."""
    size = text.path.stat().st_size
    found = _lines_at(text, 0, _HEAD, 1)
    starts = [position for position, _ in text.marks]
    for place in range(1, places + 1):
        at = bisect.bisect_left(starts, _HEAD + (size - _HEAD - _TAIL) * place // (places + 1))
        if at < len(starts):
            found |= _lines_at(text, *_range(text.marks[at], _INSIDE))
    return dict(sorted((found | _tail(text, size)).items()))


def _range(mark: tuple[int, int], length: int) -> tuple[int, int, int]:
    return mark[0], length, mark[1]


def _tail(text: Transcoded, size: int) -> dict[int, str]:
    """The last lines: counted from the end."""
    with text.path.open("rb") as file:
        file.seek(max(0, size - _TAIL))
        data = file.read()
    if size > _TAIL:
        data = data[data.find(b"\n") + 1 :]
    rows = _cut(data, to_end=True, encoding=text.charset)
    return {text.lines - len(rows) + 1 + i: row for i, row in enumerate(rows)}


def _lines_at(text: Transcoded, start: int, length: int, number: int) -> dict[int, str]:
    with text.path.open("rb") as file:
        file.seek(start)
        data = file.read(length)
        to_end = not file.read(1)
    return dict(enumerate(_cut(data, to_end=to_end, encoding=text.charset), start=number))


def _cut(data: bytes, *, to_end: bool, encoding: str) -> list[str]:
    """Whole lines only, unless the data goes to the end of the file."""
    if not to_end:
        data = data[: data.rfind(b"\n") + 1]
    rows = data.decode(encoding).split("\n")
    if rows[-1] == "":
        rows.pop()
    return [row.removesuffix("\r") for row in rows]


def read_lines_numbered(text: Transcoded, numbers: Sequence[int]) -> dict[int, str]:
    """Lines of a text by number, in order; each block of the file that holds one is read once."""
    wanted = sorted(numbers)
    found: dict[int, str] = {}
    edges = [*text.marks[1:], (text.path.stat().st_size, None)]
    with text.path.open("rb") as file:
        for (start, first), (end, after) in zip(text.marks, edges, strict=True):
            low = bisect.bisect_left(wanted, first)
            high = len(wanted) if after is None else bisect.bisect_left(wanted, after)
            if low == high:
                continue
            file.seek(start)
            rows = _cut(file.read(end - start), to_end=True, encoding=text.charset)
            found |= {number: rows[number - first] for number in wanted[low:high]}
    return found
