"""Regular lines of a delimited text cut all at once; the others are left to the forgiving parser."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.csv

from data.readers.records import Dialect

_NEWLINE = 10
#: How the quotes of a line are read: none that matters, regular ones, or one by one.
PLAIN, QUOTED, ODD = 0, 1, 2


@dataclass(frozen=True)
class Lines:
    """Records of a text, before they are cut.

    Attributes
    ----------
    data : bytes
        The text in UTF-8.
    starts, ends : numpy.ndarray of int
        Bytes of each record, without its end of line.
    numbers : numpy.ndarray of int
        Physical line where each record begins.
    quoting : numpy.ndarray of int
        :data:`PLAIN`, :data:`QUOTED` or :data:`ODD` for each record.
    widths : numpy.ndarray of int
        Cells of each record; meaningless for odd ones.
    """

    data: bytes
    starts: np.ndarray
    ends: np.ndarray
    numbers: np.ndarray
    quoting: np.ndarray
    widths: np.ndarray

    def text(self, at: int) -> str:
        """Text of one record."""
        return self.data[self.starts[at] : self.ends[at]].decode("utf-8")


def find_lines(text: str, dialect: Dialect, *, joined: bool = True) -> Lines:
    """Records of a text and how each must be cut; each line apart, unless `joined` and all the quotes are regular."""
    data = text.encode("utf-8")
    buffer = np.frombuffer(data, dtype=np.uint8)
    newlines = np.flatnonzero(buffer == _NEWLINE)
    quotes = np.flatnonzero(buffer == ord(dialect.quote)) if dialect.quote else np.empty(0, dtype=np.int64)
    separator = ord(dialect.separator) if len(dialect.separator) == 1 and dialect.separator.isascii() else -1
    if len(dialect.separator) > 1 or (dialect.separator and separator < 0):
        starts, ends = _bounds(newlines, len(data))
        odd = np.full(len(starts), ODD, dtype=np.int8)
        return Lines(data, starts, ends, np.arange(1, len(starts) + 1), odd, np.zeros(len(starts), dtype=np.int64))
    found = np.flatnonzero(buffer == separator) if separator >= 0 else np.empty(0, dtype=np.int64)
    if joined and len(quotes) and _all_regular(buffer, quotes, separator):
        records = newlines[~_inside(quotes, newlines)]
        found = found[~_inside(quotes, found)]
        starts, ends = _bounds(records, len(data))
        quoting = np.where(_count(quotes, starts, ends) > 0, QUOTED, PLAIN).astype(np.int8)
    else:
        starts, ends = _bounds(newlines, len(data))
        quoting = _quoting(buffer, quotes, starts, ends, separator)
        regular = quotes[(quoting == QUOTED)[np.searchsorted(ends, quotes)]] if len(quotes) else quotes
        found = found[~_inside(regular, found)]
    if dialect.escape:
        marks = np.flatnonzero(buffer == ord(dialect.escape))
        quoting[_count(marks, starts, ends) > 0] = ODD
    numbers = np.searchsorted(newlines, starts) + 1
    return Lines(data, starts, ends, numbers, quoting, _count(found, starts, ends) + 1)


def _bounds(newlines: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    ends = newlines if len(newlines) and newlines[-1] == size - 1 else np.append(newlines, size)
    return np.concatenate(([0], ends[:-1] + 1)), ends


def _count(positions: np.ndarray, starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
    return np.searchsorted(positions, ends) - np.searchsorted(positions, starts)


def _inside(quotes: np.ndarray, positions: np.ndarray) -> np.ndarray:
    """True between an odd quote and the next: inside a quoted cell when all the quotes are regular."""
    return np.searchsorted(quotes, positions) % 2 == 1


def _edges(buffer: np.ndarray, quotes: np.ndarray, separator: int) -> tuple[np.ndarray, np.ndarray]:
    """Bytes before and after each quote, ends of the text counted as ends of line."""
    before = np.where(quotes > 0, buffer[quotes - 1], _NEWLINE)
    after = np.where(quotes + 1 < len(buffer), buffer[np.minimum(quotes + 1, len(buffer) - 1)], _NEWLINE)
    return before, after


def _all_regular(buffer: np.ndarray, quotes: np.ndarray, separator: int) -> bool:
    if len(quotes) % 2:
        return False
    before, after = _edges(buffer, quotes, separator)
    edge = np.array([separator if separator >= 0 else _NEWLINE, _NEWLINE, buffer[quotes[0]]], dtype=np.uint8)
    return bool(np.isin(before[0::2], edge).all() and np.isin(after[1::2], edge).all())


def _quoting(
    buffer: np.ndarray, quotes: np.ndarray, starts: np.ndarray, ends: np.ndarray, separator: int
) -> np.ndarray:
    """For each physical line, whether its quotes open and close where they should."""
    quoting = np.full(len(starts), PLAIN, dtype=np.int8)
    if not len(quotes):
        return quoting
    line = np.searchsorted(ends, quotes)
    before, after = _edges(buffer, quotes, separator)
    rank = np.arange(len(quotes)) - np.searchsorted(quotes, starts)[line]
    sign = buffer[quotes[0]]
    limits = np.array([separator if separator >= 0 else _NEWLINE, _NEWLINE], dtype=np.uint8)
    opens = np.isin(before, limits)
    good = np.where(rank % 2 == 0, opens | (before == sign), np.isin(after, limits) | (after == sign))
    # A line where no cell begins with a quote has only ordinary ones: 24" or l'eau.
    spaced = (before == 32) & (separator != 32)
    starting = np.bincount(line, weights=opens | spaced, minlength=len(starts)) > 0
    wrong = np.bincount(line, weights=~good, minlength=len(starts)) > 0
    odd = np.bincount(line, minlength=len(starts)) % 2 == 1
    quoting[starting] = np.where(wrong | odd, ODD, QUOTED)[starting]
    return quoting


def cut_lines(lines: Lines, chosen: np.ndarray, names: list[str], dialect: Dialect) -> pa.Table:
    """Cells of the chosen records (none of them odd), in their order."""
    pieces, places = [], []
    for quoting in (PLAIN, QUOTED):
        mask = chosen & (lines.quoting == quoting)
        if mask.any():
            pieces.append(_cut(_kept(lines, mask), names, dialect, quoted=quoting == QUOTED))
            places.append(np.flatnonzero(mask))
    if not pieces:
        return empty_table(names)
    if len(pieces) == 1:
        return pieces[0]
    order = np.argsort(np.concatenate(places), kind="stable")
    return pa.concat_tables(pieces).take(pa.array(order))


def empty_table(names: list[str]) -> pa.Table:
    """A table of text columns without rows."""
    return pa.table({name: pa.array([], pa.string()) for name in names})


def _kept(lines: Lines, mask: np.ndarray) -> bytes:
    """Bytes of the records kept; runs of neighbours are copied in one piece."""
    edges = np.diff(np.concatenate(([False], mask, [False])).astype(np.int8))
    first, last = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1) - 1
    return b"\n".join([lines.data[lines.starts[a] : lines.ends[b]] for a, b in zip(first, last, strict=True)])


def _cut(clean: bytes, names: list[str], dialect: Dialect, *, quoted: bool) -> pa.Table:
    return pyarrow.csv.read_csv(
        pa.BufferReader(clean),
        read_options=pyarrow.csv.ReadOptions(column_names=names, block_size=16 << 20),
        parse_options=pyarrow.csv.ParseOptions(
            delimiter=dialect.separator or "\x1f",
            quote_char=dialect.quote if quoted else False,
            newlines_in_values=quoted,
            ignore_empty_lines=False,
        ),
        convert_options=pyarrow.csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
        ),
    )
