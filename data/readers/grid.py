"""Text to a grid of text cells: every line is kept, rejected or left out, each with its number and reason."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv

from analytics.errors import ReadError
from data.readers.dialect import Layout, split

_NEWLINE, _QUOTE, _RETURN = 10, 34, 13
_SHOWN = 120
_NOTE = "texte hors du tableau"


@dataclass(frozen=True)
class Grid:
    """Cells of a text file.

    Attributes
    ----------
    cells : pyarrow.Table
        One text column per column of the file.
    lines : numpy.ndarray of int
        Line of the file of each row (the header is at ``layout.header_line``).
    rejected, left_out : list of tuple
        (ligne, colonne, valeur, raison) of the lines that are not rows.
    """

    cells: pa.Table
    lines: np.ndarray
    rejected: list[tuple[int, str, str, str]]
    left_out: list[tuple[int, str, str, str]]


def read_grid(text: str, layout: Layout) -> Grid:
    """Cut the text into cells.

    Raises
    ------
    ReadError
        A quote that is never closed.
    """
    data = text.encode("utf-8")
    buffer = np.frombuffer(data, dtype=np.uint8)
    quoted = _inside_quotes(buffer, ord(layout.separator))
    if quoted is None:
        return _read_slowly(text, layout)
    return _read_fast(data, buffer, quoted, layout)


def _inside_quotes(buffer: np.ndarray, separator: int) -> np.ndarray | None:
    """True between quotes; None when a quote stands in the middle of a cell, which needs a real parser."""
    quotes = np.flatnonzero(buffer == _QUOTE)
    if not len(quotes):
        return np.zeros(0, dtype=bool)
    if len(quotes) % 2:
        return None
    padded = np.concatenate(([_NEWLINE], buffer, [_NEWLINE]))
    opening, closing = quotes[0::2], quotes[1::2]
    before, after = padded[opening], padded[closing + 2]
    edges = np.array([separator, _NEWLINE, _QUOTE, _RETURN], dtype=np.uint8)
    if not (np.isin(before, edges).all() and np.isin(after, edges).all()):
        return None
    flips = np.zeros(len(buffer) + 1, dtype=np.int8)
    flips[opening], flips[closing] = 1, -1
    return np.cumsum(flips[:-1], dtype=np.int8).astype(bool)


def _positions(buffer: np.ndarray, quoted: np.ndarray, byte: int) -> np.ndarray:
    found = np.flatnonzero(buffer == byte)
    return found[~quoted[found]] if len(quoted) else found


def _read_fast(data: bytes, buffer: np.ndarray, quoted: np.ndarray, layout: Layout) -> Grid:
    """Count the separators of every line at once, then let Arrow cut the lines that have the right number."""
    newlines = _positions(buffer, quoted, _NEWLINE)
    ends = newlines if len(newlines) and newlines[-1] == len(data) - 1 else np.append(newlines, len(data))
    starts = np.concatenate(([0], ends[:-1] + 1))
    raw_newlines = np.flatnonzero(buffer == _NEWLINE) if len(quoted) else newlines
    numbers = np.searchsorted(raw_newlines, starts) + 1
    separators = _positions(buffer, quoted, ord(layout.separator))
    counts = np.searchsorted(separators, ends) - np.searchsorted(separators, starts)
    body = numbers > layout.header_line
    width = _physical_width(counts[body] + 1, len(layout.header))
    good = body & (counts + 1 == width)
    rejected, left_out = [], []
    # Only lines of an unusual width, or short enough to hold nothing but separators, are looked at one by one.
    for row in np.flatnonzero(~good | (ends - starts <= width)):
        line = data[starts[row] : ends[row]].decode("utf-8")
        if numbers[row] == layout.header_line:
            continue
        verdict = _judge(line, int(numbers[row]), layout, width, row_before_header=not body[row])
        if verdict is None:
            continue
        good[row] = False
        (left_out if verdict[0] else rejected).append(verdict[1])
    _inside_is_rejected(rejected, left_out, numbers[good], width)
    cells = _cut(_keep(data, starts, ends, good), layout, width)
    if cells.num_rows != good.sum():
        raise ReadError(
            "Les lignes n’ont pas pu être découpées sans ambiguïté.", remede="Exportez le fichier sans guillemets."
        )
    return Grid(cells, numbers[good], rejected, left_out)


def _inside_is_rejected(rejected: list, left_out: list, good: np.ndarray, width: int) -> None:
    """A lone cell after the last row is a note; between two rows it is a broken line."""
    last = int(good[-1]) if len(good) else 0
    inside = [e for e in left_out if e[3] == _NOTE and e[0] < last]
    left_out[:] = [e for e in left_out if e[3] != _NOTE or e[0] >= last]
    rejected += [(*e[:3], f"1 cellule au lieu de {width}") for e in inside]


def _physical_width(widths: np.ndarray, named: int) -> int:
    """Cells per line: the header's, or more when most lines end with separators that name nothing."""
    if not len(widths):
        return named
    usual = int(np.bincount(widths).argmax())
    return usual if usual > named else named


def _judge(
    line: str, number: int, layout: Layout, width: int, *, row_before_header: bool
) -> tuple[bool, tuple[int, str, str, str]] | None:
    """Why a line is not a row: (True, …) left out, (False, …) rejected, None when it is a row after all."""
    line = line.rstrip("\r")
    if not line.strip(f' \t\u00a0"{layout.separator}'):
        return True, (number, "", "", "ligne vide")
    shown = line[:_SHOWN]
    if row_before_header:
        return True, (number, "", shown, "texte au-dessus du tableau")
    cells = split(line, layout.separator)
    while len(cells) > width and not cells[-1].strip():
        cells.pop()
    filled = [c for c in cells if c.strip()]
    if len(cells) == width and line.count(layout.separator) == width - 1:
        return None
    if len(filled) == 1 and width > 2:
        return True, (number, "", shown, _NOTE)
    return False, (number, "", shown, f"{len(cells)} cellules au lieu de {width}")


def _keep(data: bytes, starts: np.ndarray, ends: np.ndarray, good: np.ndarray) -> bytes:
    """Bytes of the good lines; runs of neighbours are copied in one piece."""
    flags = np.concatenate(([False], good, [False])).astype(np.int8)
    edges = np.diff(flags)
    first, last = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1) - 1
    pieces = [data[starts[a] : ends[b]] for a, b in zip(first, last, strict=True)]
    return b"\n".join(pieces)


def _cut(clean: bytes, layout: Layout, width: int) -> pa.Table:
    names = [*layout.header, *(f"\x00{i}" for i in range(width - len(layout.header)))]
    if not clean:
        return pa.table({n: pa.array([], pa.string()) for n in layout.header})
    table = pyarrow.csv.read_csv(
        pa.BufferReader(clean),
        read_options=pyarrow.csv.ReadOptions(column_names=names, block_size=16 << 20),
        parse_options=pyarrow.csv.ParseOptions(
            delimiter=layout.separator, newlines_in_values=b'"' in clean, ignore_empty_lines=False
        ),
        convert_options=pyarrow.csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
        ),
    )
    return table.select(list(layout.header))


def _read_slowly(text: str, layout: Layout) -> Grid:
    """The same rules with Python's parser, for files whose quotes are irregular."""
    rows: list[list[str]] = []
    numbers: list[int] = []
    rejected: list[tuple[int, str, str, str]] = []
    left_out: list[tuple[int, str, str, str]] = []
    width = len(layout.header)
    for number, cells in _records(text, layout):
        if number == layout.header_line:
            continue
        while len(cells) > width and not cells[-1].strip():
            cells.pop()
        filled = [c for c in cells if c.strip()]
        shown = layout.separator.join(cells)[:_SHOWN]
        if not filled:
            left_out.append((number, "", "", "ligne vide"))
        elif number < layout.header_line:
            left_out.append((number, "", shown, "texte au-dessus du tableau"))
        elif len(cells) == width:
            rows.append(cells)
            numbers.append(number)
        elif len(filled) == 1 and width > 2:
            left_out.append((number, "", shown, _NOTE))
        else:
            rejected.append((number, "", shown, f"{len(cells)} cellules au lieu de {width}"))
    _inside_is_rejected(rejected, left_out, np.array(numbers), width)
    columns = list(zip(*rows, strict=True)) if rows else [()] * width
    table = pa.table({n: pa.array(c, pa.string()) for n, c in zip(layout.header, columns, strict=True)})
    return Grid(table, np.array(numbers, dtype=np.int64), rejected, left_out)


def _records(text: str, layout: Layout) -> list[tuple[int, list[str]]]:
    """Records and the line where each begins."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=layout.separator)
    found: list[tuple[int, list[str]]] = []
    line = 1
    try:
        for cells in reader:
            found.append((line, cells))
            line = reader.line_num + 1
    except csv.Error as error:
        raise _unclosed(line) from error
    last = found[-1][1] if found else []
    if last and "\n" in last[-1] and not (len(last) == len(layout.header) and text.rstrip().endswith('"')):
        raise _unclosed(found[-1][0])
    return found


def _unclosed(line: int) -> ReadError:
    return ReadError(
        "Un guillemet ouvert n’est jamais refermé : la suite du fichier ne peut pas être découpée.",
        ligne=line,
        remede="Corrigez ce guillemet, ou exportez le fichier sans guillemets.",
    )


def lines_frame(rows: list[tuple[int, str, str, str]]) -> pd.DataFrame:
    """Lines not used as a frame: ligne, colonne, valeur, raison, in the order of the file."""
    frame = pd.DataFrame(rows, columns=["ligne", "colonne", "valeur", "raison"])
    frame = frame.astype({"ligne": "int64", "colonne": "str", "valeur": "str", "raison": "str"})
    return frame.sort_values("ligne", ignore_index=True)
