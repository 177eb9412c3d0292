"""Where the table is among rows of text cells: titles above, one or several header rows, first data row, columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from analytics.errors import ReadError
from data.readers.titles import filled, find_header, repeat_merged

#: Rows looked at; more bring nothing new.
SAMPLE_ROWS = 200


@dataclass(frozen=True)
class Layout:
    """Where the table is and how its cells are cut.

    Attributes
    ----------
    separator, quote, escape : str
        Signs of a delimited text; `escape` is "" when quotes are doubled, all are "" for a workbook,
        `separator` is "" for a text of one column.
    header_lines : tuple of int
        Physical lines of the header rows, 1 for the first line; () when the file has no header.
    header : tuple of str
        One flat name per column, never empty and never twice the same.
    levels : tuple of tuple of str
        Cells of each header row, merged cells repeated from their left; () without header.
    first_line : int
        Physical line of the first data row (the line after the header when there is none).
    width : int
        Number of columns.
    named : tuple of bool
        False where the file gave no name to the column.
    doubts : tuple of str
        What the file does not settle about its columns, in French; to be shown, or refused, by the caller.
    """

    separator: str
    quote: str
    escape: str
    header_lines: tuple[int, ...]
    header: tuple[str, ...]
    levels: tuple[tuple[str, ...], ...]
    first_line: int
    width: int
    named: tuple[bool, ...]
    doubts: tuple[str, ...] = ()

    def written(self, *, separator: str, quote: str, escape: str) -> Layout:
        """The same layout with the signs of a delimited text."""
        return replace(self, separator=separator, quote=quote, escape=escape)


def find_layout(rows: Sequence[Sequence[str]], lines: Sequence[int], *, header_rows: int | None = None) -> Layout:
    """Find the header rows and the columns.

    Parameters
    ----------
    rows : sequence of sequence of str
        First rows of the file or of the sheet, cells as text ("" for an empty one, also for those a merge covers).
    lines : sequence of int
        Physical line of each row.
    header_rows : int, optional
        Number of header rows when the user said it; 0 for a table without header.

    Raises
    ------
    ReadError
        Not one row holds anything.
    """
    kept = [(tuple(row), line) for row, line in zip(rows, lines, strict=True) if any(c.strip() for c in row)]
    kept = kept[:SAMPLE_ROWS]
    if not kept:
        remedy = "Vérifiez l’export et déposez une table qui a des lignes."
        raise ReadError("Le tableau est vide.", ligne=1, remede=remedy)
    cells, numbers = [row for row, _ in kept], [line for _, line in kept]
    width = usual_width(cells)
    first, last = find_header(cells, numbers, width) if header_rows is None else _given(cells, width, header_rows)
    header = _without_gaps(cells[first:last], cells[last:], width)
    wide, doubts = _settle_width(header, cells[last:], width)
    levels = repeat_merged([_padded(row, wide) for row in header])
    if wide > width and _row_names(header, cells[last:], wide):
        levels = tuple(("", *level[:-1]) for level in levels)
        doubts = ()
    names, named = _flat_names(levels, wide)
    after = numbers[last] if last < len(kept) else numbers[-1] + 1
    return Layout("", "", "", tuple(numbers[first:last]), names, levels, after, wide, named, doubts)


def _given(cells: list[tuple[str, ...]], width: int, header_rows: int) -> tuple[int, int]:
    """Header rows as the user counts them, from the first row that is filled like the table."""
    start = next((i for i, row in enumerate(cells) if filled(row) * 2 >= width), 0)
    return start, min(start + header_rows, len(cells))


def usual_width(rows: Sequence[Sequence[str]]) -> int:
    """Cells of most rows, the wider on a tie; more than one when any row has more."""
    spans = [len(row) for row in rows]
    return max(set(spans), key=lambda w: (w > 1, spans.count(w), w))


def _without_gaps(header: list[tuple[str, ...]], body: list[tuple[str, ...]], width: int) -> list[tuple[str, ...]]:
    """A header that has as many empty cells as it has too many cells names the columns once they are gone."""
    if len(header) != 1 or any(len(row) > width for row in body) or not body:
        return header
    named = tuple(c for c in header[0] if c.strip())
    return [named] if _span(header[0]) > width == len(named) else header


def _settle_width(
    header: list[tuple[str, ...]], body: list[tuple[str, ...]], width: int
) -> tuple[int, tuple[str, ...]]:
    """Columns of the table: those of the rows, without the last ones that have neither name nor value."""
    if not header:
        return width, ()
    regular = [row for row in body if len(row) == width] or body
    used = max((_span(row) for row in regular), default=0)
    named = max(_span(row) for row in header)
    if named < used and body:
        doubt = f"L’en-tête nomme {named} colonnes mais les lignes ont {used} cellules."
        return used, () if len(header[-1]) >= used else (doubt,)
    if body and named > max(width, used) and not any(_span(row) > width for row in body):
        lines = f"L’en-tête nomme {named} colonnes mais les lignes n’ont que {width} cellules."
        return named, (lines,)
    return max(named, 1), ()


def _row_names(header: list[tuple[str, ...]], body: list[tuple[str, ...]], width: int) -> bool:
    """True when the header lacks one name and the first column numbers or names the rows."""
    if len(header) != 1 or _span(header[0]) != width - 1:
        return False
    first = [row[0].strip() for row in body if len(row) == width]
    return len(first) > 1 and len(set(first)) == len(first) and (first[0] in ("0", "1") or not first[0].isdigit())


def _padded(row: tuple[str, ...], width: int) -> tuple[str, ...]:
    return tuple(row[:width]) + ("",) * (width - len(row))


def _span(row: Sequence[str]) -> int:
    return max((i + 1 for i, c in enumerate(row) if c.strip()), default=0)


def _flat_names(levels: tuple[tuple[str, ...], ...], width: int) -> tuple[tuple[str, ...], tuple[bool, ...]]:
    """One name per column: levels joined, unnamed columns numbered, repeated names counted."""
    raw = [" / ".join(level[j] for level in levels if level[j]) for j in range(width)]
    names: list[str] = []
    taken = set(raw)
    for j, name in enumerate(raw, start=1):
        base = candidate = name or f"Colonne {j}"
        count = 1
        while candidate in names or (candidate in taken and candidate != name):
            count += 1
            candidate = f"{base} ({count})"
        names.append(candidate)
    return tuple(names), tuple(bool(name) for name in raw)
