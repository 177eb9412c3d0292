"""Lines of a text taken at its beginning, along it and at its end, with their numbers."""

from __future__ import annotations

import bisect
from collections.abc import Sequence
from pathlib import Path

from data.ingest.transcode import Transcoded

_HEAD = 640 << 10
_INSIDE = 96 << 10
_PLACES = 10
_TAIL = 320 << 10


def sample_lines(text: Transcoded, places: int = _PLACES) -> dict[int, str]:
    """Some lines of the text by number, in order: the first ones, some at places along the file, the last ones."""
    size = text.path.stat().st_size
    found = _lines_at(text.path, 0, _HEAD, 1)
    starts = [position for position, _ in text.marks]
    for place in range(1, places + 1):
        at = bisect.bisect_left(starts, _HEAD + (size - _HEAD - _TAIL) * place // (places + 1))
        if at < len(starts):
            found |= _lines_at(text.path, *_range(text.marks[at], _INSIDE))
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
    rows = _cut(data, to_end=True)
    return {text.lines - len(rows) + 1 + i: row for i, row in enumerate(rows)}


def _lines_at(path: Path, start: int, length: int, number: int) -> dict[int, str]:
    with path.open("rb") as file:
        file.seek(start)
        data = file.read(length)
        to_end = not file.read(1)
    return dict(enumerate(_cut(data, to_end=to_end), start=number))


def _cut(data: bytes, *, to_end: bool) -> list[str]:
    """Whole lines only, unless the data goes to the end of the file."""
    if not to_end:
        data = data[: data.rfind(b"\n") + 1]
    rows = data.decode("utf-8").split("\n")
    if rows[-1] == "":
        rows.pop()
    return [row.removesuffix("\r") for row in rows]


def read_lines_numbered(path: Path, numbers: Sequence[int], marks: tuple[tuple[int, int], ...]) -> dict[int, str]:
    """Lines of a text by number, in order; each block of the file that holds one is read once."""
    wanted = sorted(numbers)
    found: dict[int, str] = {}
    edges = [*marks[1:], (path.stat().st_size, None)]
    with path.open("rb") as file:
        for (start, first), (end, after) in zip(marks, edges, strict=True):
            low = bisect.bisect_left(wanted, first)
            high = len(wanted) if after is None else bisect.bisect_left(wanted, after)
            if low == high:
                continue
            file.seek(start)
            rows = _cut(file.read(end - start), to_end=True)
            found |= {number: rows[number - first] for number in wanted[low:high]}
    return found
