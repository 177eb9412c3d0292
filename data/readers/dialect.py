"""Signs of a delimited text: the ones under which the first lines are most regular and most typed."""

from __future__ import annotations

import functools
import re
from collections import Counter

from analytics.errors import ReadError
from data.readers.kinds import TYPED, kind_of
from data.readers.layout import Layout, find_layout, usual_width
from data.readers.records import Dialect, read_records, split

#: Separators tried, most usual first (the first wins a tie).
SEPARATORS = (";", "\t", "|", ",", ", ", "; ", " ", "^", "~", "§", "\x1f")
_SAMPLE_LINES = 300
_SAMPLE_CHARS = 1 << 20
_ONE_COLUMN = 0.02


def find_text_layout(text: str, *, header_rows: int | None = None) -> Layout:
    """Signs, header and columns of a text whose lines end with a line feed.

    Parameters
    ----------
    text : str
        The text.
    header_rows : int, optional
        Number of header rows when the user said it.

    Raises
    ------
    ReadError
        Not one line holds anything.
    """
    sample, whole = _sample(text)
    dialect = _best(sample, whole)
    records = _complete(list(read_records(sample, dialect)), whole)
    width = usual_width([cells for _, _, cells in records if any(c.strip() for c in cells)] or [[""]])
    if dialect.quote and dialect.quote in sample:
        # Once the width is known, a stray quote no longer swallows the lines below.
        fits = functools.partial(_has_width, width=width)
        records = _complete(list(read_records(sample, dialect, fits=fits)), whole)
    rows, lines = [r for _, _, r in records], [line for line, _, _ in records]
    layout = find_layout(_same_signs(rows, dialect, width), lines, header_rows=header_rows)
    _refuse_decimal_commas(layout, rows, dialect)
    _refuse_prose(layout, sample, rows, dialect)
    return layout.written(separator=dialect.separator, quote=dialect.quote, escape=dialect.escape)


def _has_width(cells: list[str], width: int) -> bool:
    return len(cells) == width


def _same_signs(rows: list[list[str]], dialect: Dialect, width: int) -> list[list[str]]:
    """Rows, with one above the table cut by another separator when that gives as many cells: a header written apart."""
    first = next((i for i, row in enumerate(rows) if len(row) == width), 0)
    if width < 3 or not 0 < first <= 5 or len(rows[first - 1]) != 1:
        return rows
    if not any(kind_of(cell) in TYPED for cell in rows[first]):
        return rows
    for separator in (s for s in SEPARATORS if s.strip() or s == "\t"):
        cells = split(rows[first - 1][0], Dialect(separator, dialect.quote, dialect.escape))
        if len(cells) == width and all(c.strip() and kind_of(c) == "text" for c in cells):
            return [*rows[: first - 1], cells, *rows[first:]]
    return rows


def _refuse_decimal_commas(layout: Layout, rows: list[list[str]], dialect: Dialect) -> None:
    """A comma that separates both cells and decimals makes one cell too many on every row: nothing can be trusted."""
    if dialect.separator != "," or not layout.header_lines or not layout.doubts:
        return
    named = max(i + 1 for i, name in enumerate(layout.named) if name)
    wide = [row for row in rows if len(row) == layout.width]
    pairs = [
        all(re.fullmatch(r"\s*[-+]?\d+", row[j]) and re.fullmatch(r"\d{1,2}\s*[€%]?\s*", row[j + 1]) for row in wide)
        for j in range(layout.width - 1)
    ]
    if any(pairs) and wide:
        raise ReadError(
            f"L’en-tête nomme {named} colonnes mais les lignes ont {layout.width} cellules.",
            ligne=layout.header_lines[0],
            remede="Si les décimales sont des virgules, exportez avec le point-virgule comme séparateur.",
        )


def _refuse_prose(layout: Layout, sample: str, rows: list[list[str]], dialect: Dialect) -> None:
    """A letter or a message: sentences, without a column of numbers or dates, cut only by what prose has of signs."""
    if dialect.separator.strip() not in ("", ","):
        return
    cells = [cell for row in rows for cell in row]
    if sum(kind_of(cell) in TYPED for cell in cells) * 10 > len(cells):
        return
    ends = ".!?:" if dialect.separator.strip() else ".!?:,"
    lines = [line.rstrip() for line in sample.split("\n") if line.strip()]
    if sum(line[-1] in ends for line in lines) * 5 >= 2 * len(lines):
        raise ReadError(
            "C’est un texte, pas une table : aucun séparateur n’y forme de colonnes.",
            ligne=layout.header_lines[0] if layout.header_lines else 1,
            remede="Déposez l’export lui-même (CSV, Excel ou Parquet), pas la lettre ou le message qui l’accompagne.",
        )


def find_dialect(text: str) -> Dialect:
    """Separator, quote and escape of a text whose lines end with a line feed."""
    return _best(*_sample(text))


def _sample(text: str) -> tuple[str, bool]:
    """First lines, and True when they are the whole text."""
    at, blank = 0, 0
    for count in range(_SAMPLE_LINES + 2_000):
        end = text.find("\n", at)
        if end < 0:
            return text, True
        blank += not text[at:end].strip(' \t;,|"')
        at = end + 1
        if at > _SAMPLE_CHARS or count - blank >= _SAMPLE_LINES:
            break
    return text[:at], at >= len(text)


def _complete(records: list[tuple[int, int, list[str]]], whole: bool) -> list[tuple[int, int, list[str]]]:
    """Without the last record of a sample cut before the end, which may be cut too."""
    return records if whole or len(records) < 2 else records[:-1]


def _best(sample: str, whole: bool) -> Dialect:
    scored = [(_score(_complete(list(read_records(sample, d)), whole), d), d) for d in _candidates(sample)]
    return max(scored, key=lambda pair: pair[0])[1]


def _candidates(sample: str) -> list[Dialect]:
    lines = [line for line in sample.split("\n") if line.strip()]
    found = []
    for separator in SEPARATORS:
        if sum(separator in line for line in lines) * 4 >= len(lines):
            found += _quotings(separator, sample)
    return found + _quotings("", sample)


def _quotings(separator: str, sample: str) -> list[Dialect]:
    found = []
    for quote in ('"', "'"):
        if quote == '"' or (separator and f"{separator}{quote}" in sample and f"{quote}{separator}" in sample):
            found.append(Dialect(separator, quote))
            if f"\\{quote}" in sample:
                found.append(Dialect(separator, quote, "\\"))
    return found


def _score(records: list[tuple[int, int, list[str]]], dialect: Dialect) -> float:
    """Share of the records that have the usual width, times the share of their cells that are numbers or dates."""
    rows = [r for _, _, r in records if any(c.strip() for c in r)]
    if not rows:
        return 0.0
    widths = Counter(map(len, rows))
    width = max(widths, key=lambda w: (w > 1, widths[w], w))
    if not dialect.separator:
        width = 1
    elif width < 2:
        return 0.0
    regular = [r for r in rows if len(r) == width]
    cells = [c for r in (regular[1:] or regular) for c in r]
    typed = sum(_merit(c) for c in cells) / len(cells)
    share = len(regular) / len(rows)
    if width == 1:
        return _ONE_COLUMN + 0.5 * typed * share if typed > 0.8 else _ONE_COLUMN
    head = 1.0 if len(rows[0]) == width else 0.7
    return 0.0 if share < 0.3 else share * (0.2 + typed) * head * (1.0 + 0.01 * min(width, 20))


def _merit(cell: str) -> float:
    """What a cell says for the signs that cut it: a number or a date for; quotes left around it, or what looks like
    several cells left together, against."""
    text = cell.strip()
    if "\t" in text or text.count(";") > 1 or text.count("|") > 1:
        return -0.5
    if len(text) > 1 and text[0] in ('"', "'") and text[-1] == text[0]:
        return -0.5
    return (0.0 if kind_of(cell) == "text" else 1.0) - 0.1 * cell.startswith(" ")


def unix_lines(text: str) -> str:
    """One end of line only; a lone carriage return inside a Windows file is a space."""
    if "\r" not in text:
        return text
    text = text.replace("\r\n", "\n")
    return text.replace("\r", " " if "\n" in text else "\n")


def signs(layout: Layout) -> Dialect:
    """Signs kept in a layout."""
    return Dialect(layout.separator, layout.quote, layout.escape)
