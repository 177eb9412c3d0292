"""Text or rows to a grid of text cells: every line is a row, rejected or left out, each with its number and reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from analytics.errors import ReadError
from data.readers.cutting import ODD, Lines, cut_lines, empty_table, find_lines
from data.readers.judging import Profile, profile_rows
from data.readers.layout import Layout
from data.readers.records import Dialect, join_lines, split

Entry = tuple[int, str, str, str]
_SHOWN = 120
_PROFILED = 500
BLANK = "ligne vide"
ABOVE = "texte au-dessus du tableau"
NOTE = "texte hors du tableau"
_TEXTS = ("colonne", "valeur", "raison")


@dataclass(frozen=True)
class Grid:
    """Cells of a file or of a sheet.

    Attributes
    ----------
    cells : pyarrow.Table
        One text column per column, named by ``layout.header``.
    lines : numpy.ndarray of int
        Physical line of each row.
    rejected, left_out : list of tuple
        (ligne, colonne, valeur, raison) of the lines that are not rows; header lines are in neither list.
    layout : Layout
        Where the table was found.
    unclosed : tuple of tuple
        (ligne, colonne, valeur) of the cells that keep a quote opened and never closed.
    """

    cells: pa.Table
    lines: np.ndarray
    rejected: list[Entry]
    left_out: list[Entry]
    layout: Layout
    unclosed: tuple[tuple[int, str, str], ...] = ()


def grid_from_rows(rows: Sequence[Sequence[str]], lines: Sequence[int], layout: Layout) -> Grid:
    """Grid of rows already cut, as those of a sheet.

    Parameters
    ----------
    rows : sequence of sequence of str
        Cells as text, "" for an empty one.
    lines : sequence of int
        Physical line of each row, increasing.
    layout : Layout
        What :func:`data.readers.layout.find_layout` said of these rows.
    """
    sorter = _Sorter(layout, profile_rows((r for r in rows if len(r) == layout.width), layout.width))
    for line, row in zip(lines, rows, strict=True):
        sorter.add(int(line), list(row), "\t".join(row))
    return sorter.grid(empty_table(list(layout.header)), np.empty(0, dtype=np.int64))


def read_grid(text: str, layout: Layout) -> Grid:
    """Cut a text whose lines end with a line feed."""
    dialect = Dialect(layout.separator, layout.quote, layout.escape)
    lines = find_lines(text, dialect)
    width = _physical_width(lines, layout)
    if _swallows(lines, layout, width):
        lines = find_lines(text, dialect, joined=False)
        width = _physical_width(lines, layout)
    regular = (lines.numbers >= layout.first_line) & (lines.quoting != ODD)
    good = regular & (lines.widths == width)
    missing = [""] * (layout.width - width)
    sample = (split(lines.text(at), dialect) + missing for at in np.flatnonzero(good)[:_PROFILED])
    sorter = _Sorter(layout, profile_rows(sample, layout.width))
    # Only lines of an unusual width, or short enough to hold nothing but separators, are looked at one by one.
    aside = np.flatnonzero(~good | (lines.ends - lines.starts <= 3 * width))
    _look(lines, aside, good, dialect, sorter, width)
    names = [*layout.header[:width], *(f"\0{i}" for i in range(width - layout.width))]
    cells = cut_lines(lines, good, names, dialect)
    if cells.num_rows != good.sum():
        raise ReadError(
            "Les lignes n’ont pas pu être découpées sans ambiguïté.", remede="Exportez le fichier sans guillemets."
        )
    for name in layout.header[width:]:
        cells = cells.append_column(name, pa.array([""] * cells.num_rows, pa.string()))
    spilled = _spilled(cells, layout.width)
    for at in np.flatnonzero(good)[spilled]:
        sorter.add(int(lines.numbers[at]), split(lines.text(at), dialect), lines.text(at))
    kept = cells.select(list(layout.header))
    if not spilled.any():
        return sorter.grid(kept, lines.numbers[good])
    return sorter.grid(kept.filter(pa.array(~spilled)), lines.numbers[good][~spilled])


def _swallows(lines: Lines, layout: Layout, width: int) -> bool:
    """True when a record over several lines is no row: a stray quote, under which no line may disappear."""
    after = lines.data.count(b"\n") + (not lines.data.endswith(b"\n")) + 1
    long = np.flatnonzero(np.diff(lines.numbers, append=after) > 1)
    if any("\n" in name for level in layout.levels for name in level):
        long = long[~np.isin(lines.numbers[long], layout.header_lines)]
    return bool((lines.numbers[long] < layout.first_line).any() or (lines.widths[long] != width).any())


def _spilled(cells: pa.Table, width: int) -> np.ndarray:
    """Rows that hold something beyond the columns of the table."""
    spilled = np.zeros(cells.num_rows, dtype=bool)
    for at in range(width, cells.num_columns):
        blank = pc.equal(pc.utf8_trim_whitespace(cells.column(at)), "")
        spilled |= ~blank.to_numpy().astype(bool)
    return spilled


def _look(lines: Lines, aside: np.ndarray, good: np.ndarray, dialect: Dialect, sorter: _Sorter, width: int) -> None:
    """Read one by one the records set aside; one that runs over the next takes them with it."""
    window = _Window(lines)
    until = 0
    for at in aside:
        if at < until:
            continue
        if good[at]:
            if lines.text(at).strip(f' \t\u00a0"{dialect.separator}'):
                continue
            good[at] = False
        if lines.numbers[at] in sorter.layout.header_lines:
            continue
        if lines.quoting[at] == ODD and lines.numbers[at] >= sorter.layout.first_line:
            cells, used = join_lines(window, at, dialect, sorter.fits)
        else:
            cells, used = split(lines.text(at), dialect), 1
        good[at : at + used] = False
        until = at + used
        sorter.add(int(lines.numbers[at]), cells, "\n".join(window[i] for i in range(at, until)))


class _Window:
    """Records read as text when they are asked for."""

    def __init__(self, lines: Lines) -> None:
        self.lines = lines

    def __len__(self) -> int:
        return len(self.lines.starts)

    def __getitem__(self, at: int) -> str:
        return self.lines.text(at)


class _Sorter:
    """Says of each record met whether it is a row, and keeps it."""

    def __init__(self, layout: Layout, profile: Profile) -> None:
        self.layout, self.profile = layout, profile
        self.rows: list[list[str]] = []
        self.lines: list[int] = []
        self.rejected: list[Entry] = []
        self.left_out: list[Entry] = []
        self.unclosed: list[tuple[int, str, str]] = []

    def fits(self, cells: Sequence[str]) -> bool:
        return self.profile.fits(self._trimmed(list(cells)))

    def _trimmed(self, cells: list[str]) -> list[str]:
        while len(cells) > self.layout.width and not cells[-1].strip():
            cells.pop()
        return cells

    def add(self, line: int, cells: list[str], shown: str) -> None:
        """Sort one record."""
        if line in self.layout.header_lines:
            return
        shown = shown[:_SHOWN]
        filled = sum(bool(c.strip()) for c in cells)
        if not filled:
            self.left_out.append((line, "", "", BLANK))
        elif line < self.layout.first_line:
            self.left_out.append((line, "", shown, ABOVE))
        else:
            self._sort(line, self._trimmed(cells), shown, filled)

    def _sort(self, line: int, cells: list[str], shown: str, filled: int) -> None:
        width = self.layout.width
        if len(cells) == width or self.profile.pads(cells):
            self.rows.append(cells + [""] * (width - len(cells)))
            self.lines.append(line)
            self._look_for_quotes(line, cells)
        elif filled == 1 and width > 2:
            self.left_out.append((line, "", shown, NOTE))
        else:
            plural = "s" if len(cells) > 1 else ""
            self.rejected.append((line, "", shown, f"{len(cells)} cellule{plural} au lieu de {width}"))

    def _look_for_quotes(self, line: int, cells: list[str]) -> None:
        quote = self.layout.quote
        if quote:
            named = zip(self.layout.header, cells, strict=False)
            odd = (pair for pair in named if pair[1].lstrip().startswith(quote) and pair[1].count(quote) % 2)
            self.unclosed += [(line, name, cell[:_SHOWN]) for name, cell in odd]

    def grid(self, cells: pa.Table, lines: np.ndarray) -> Grid:
        """Everything together, in the order of the file."""
        if self.rows:
            columns = zip(*self.rows, strict=True)
            extra = pa.table({n: pa.array(c, pa.string()) for n, c in zip(self.layout.header, columns, strict=True)})
            lines = np.concatenate([lines, np.array(self.lines, dtype=np.int64)])
            order = np.argsort(lines, kind="stable")
            cells, lines = pa.concat_tables([cells, extra]).take(pa.array(order)), lines[order]
        last = int(lines[-1]) if len(lines) else 0
        # A lone cell after the last row is a note; between two rows it is a broken line.
        inside = [e for e in self.left_out if e[3] == NOTE and e[0] < last]
        left_out = [e for e in self.left_out if e[3] != NOTE or e[0] >= last]
        reason = f"1 cellule au lieu de {self.layout.width}"
        rejected = self.rejected + [(*e[:3], reason) for e in inside]
        return Grid(cells, lines, rejected, left_out, self.layout, tuple(self.unclosed))


def _physical_width(lines: Lines, layout: Layout) -> int:
    """Cells per line: those of the table, more when most lines end with separators that hold nothing, fewer when the
    header names columns that no line reaches."""
    widths = lines.widths[(lines.numbers >= layout.first_line) & (lines.quoting != ODD)]
    counts = np.bincount(widths, minlength=layout.width + 1)
    usual = int(counts.argmax()) if len(widths) else layout.width
    return usual if usual > layout.width or (layout.doubts and not counts[layout.width]) else layout.width


def lines_frame(rows: list[Entry]) -> pd.DataFrame:
    """Lines not used as a frame: ligne, colonne, valeur, raison, in the order of the file."""
    rows = sorted(rows, key=lambda row: row[0])
    texts = {name: pd.array([row[at] for row in rows], dtype="str") for at, name in enumerate(_TEXTS, start=1)}
    return pd.DataFrame({"ligne": np.array([row[0] for row in rows], dtype=np.int64), **texts})
