"""Which rows are the header: those above the first row whose cells are of the kind of their column."""

from __future__ import annotations

from collections.abc import Sequence

from data.readers.kinds import TYPED, is_period, kind_of

#: A table of the field has at most this many header rows.
MAX_HEADER_ROWS = 5
_MAJORITY = 0.6
_NEARLY_ALL = 0.8

Row = Sequence[str]


def filled(row: Row) -> int:
    """Cells that hold something."""
    return sum(bool(c.strip()) for c in row)


def find_header(rows: Sequence[Row], lines: Sequence[int], width: int) -> tuple[int, int]:
    """Positions of the first header row and of the first row after it; equal when there is no header.

    Parameters
    ----------
    rows : sequence of sequence of str
        Rows that hold something.
    lines : sequence of int
        Physical line of each: two header rows follow each other.
    width : int
        Cells of most rows.
    """
    typed = _typed_columns(rows, width)
    bottom = _above_typed(rows, width, typed) if typed else _above_text(rows, width)
    if bottom is None:
        return _first_row(rows, width), _first_row(rows, width)
    first = bottom
    while first > 0 and bottom - first < MAX_HEADER_ROWS - 1 and lines[first - 1] == lines[first] - 1:
        if not _is_level(rows[first - 1], rows[first], typed, width):
            break
        first -= 1
    return first, bottom + 1


def _typed_columns(rows: Sequence[Row], width: int) -> dict[int, bool]:
    """Columns of numbers or dates in the lower rows, and whether most of their cells are years or dates."""
    regular = [row for row in rows if len(row) == width]
    lower = regular[min(len(regular) // 2, MAX_HEADER_ROWS + 1) :] if len(regular) > 2 else regular[1:] or regular
    typed = {}
    for j in range(width):
        kinds = [kind_of(row[j]) for row in lower]
        known = [k for k in kinds if k]
        if known and sum(k in TYPED for k in known) >= _MAJORITY * len(known):
            cells = [row[j] for row, kind in zip(lower, kinds, strict=True) if kind]
            typed[j] = sum(map(is_period, cells)) * 2 > len(cells)
    return typed


def _values(row: Row, typed: dict[int, bool]) -> tuple[int, int]:
    """Typed columns where the row holds a value, and where it holds a title (text, or a period above numbers)."""
    values = titles = 0
    for j, periods in typed.items():
        cell = row[j] if j < len(row) else ""
        kind = kind_of(cell)
        if kind in TYPED and (periods or not is_period(cell)):
            values += 1
        elif kind:
            titles += 1
    return values, titles


def _above_typed(rows: Sequence[Row], width: int, typed: dict[int, bool]) -> int | None:
    """Position of the last header row: the nearest with titles in the typed columns above the first row of values."""
    data = _first_values(rows, typed)
    if data and _numbered(rows, data - 1, typed):
        return data - 1
    for at in range(data - 1, -1, -1):
        values, titles = _values(rows[at], typed)
        if titles and not values and 2 * titles >= min(len(typed), 4) and _wide_enough(rows[at], width):
            return at
    # The row just above the values may name fewer columns than the rows have cells, or lack a typed one.
    if data and filled(rows[data - 1]) * 2 >= width and not _values(rows[data - 1], typed)[0]:
        return data - 1
    return None


def _first_values(rows: Sequence[Row], typed: dict[int, bool]) -> int:
    """First row with values in the typed columns; period titles above numbers are not values."""
    for at, row in enumerate(rows):
        values, titles = _values(row, typed)
        if values > titles and not _numbered(rows, at, typed):
            return at
    return len(rows)


def _numbered(rows: Sequence[Row], at: int, typed: dict[int, bool]) -> bool:
    """True for titles that only number the columns: 1, 2, 3… beside text, above rows that do not, under no titles."""
    cells = {j: rows[at][j].strip() for j in typed if j < len(rows[at])}
    digits = [j for j, cell in cells.items() if cell.isdigit()]
    if len(digits) < 3 or any(kind_of(cell) in TYPED for j, cell in cells.items() if j not in digits):
        return False
    numbers = [int(cells[j]) for j in digits]
    if at + 1 >= len(rows) or numbers[0] > 1 or numbers != list(range(numbers[0], numbers[0] + len(numbers))):
        return False
    # Under titles, values that happen to count up are still values.
    if any(_names(row, digits) for row in rows[:at]):
        return False
    below = [rows[at + 1][j].strip() for j in digits if j < len(rows[at + 1])]
    return below != [cells[j] for j in digits] and below[:1] != [str(numbers[0] + 1)]


def _names(row: Row, columns: Sequence[int]) -> bool:
    """True when a row gives a title to most of these columns; a title above several merged ones is one alone."""
    cells = [row[j] for j in columns if j < len(row)]
    return 2 * sum(kind_of(cell) == "text" or is_period(cell) for cell in cells) > len(columns)


def _wide_enough(row: Row, width: int) -> bool:
    return width == 1 or filled(row) >= 2


def _above_text(rows: Sequence[Row], width: int) -> int | None:
    """Without numbers nor dates, the first full row is the header unless its words come back below."""
    first = _first_row(rows, width)
    row, below = rows[first], rows[first + 1 :]
    if not below:
        return first if not any(kind_of(c) in TYPED for c in row) else None
    again = sum(
        bool(cell.strip()) and any(j < len(other) and other[j].strip() == cell.strip() for other in below)
        for j, cell in enumerate(row)
    )
    return None if again * 2 > filled(row) and below[0] != row else first


def _first_row(rows: Sequence[Row], width: int) -> int:
    """First row filled like the table."""
    counts = [filled(row) for row in rows]
    for need in (_NEARLY_ALL, 0.5):
        for at, row in enumerate(rows):
            if counts[at] >= max(need * width, min(width, 2)) and len(row) >= width - 1:
                return at
    return 0


def _is_level(upper: Row, lower: Row, typed: dict[int, bool], width: int) -> bool:
    """True when a row above a header row is one more level of it, not a title."""
    values, titles = _values(upper, typed)
    if values or filled(upper) < (2 if upper and upper[0].strip() else 1) or len(upper) < width - 1:
        return False
    # « Période : » names the value beside it, not a column.
    if upper and upper[0].rstrip().endswith(":"):
        return False
    if typed and titles >= _NEARLY_ALL * len(typed) and filled(upper) >= _NEARLY_ALL * width:
        return True
    holes = [j for j, c in enumerate(upper) if not c.strip() and j < len(lower) and lower[j].strip()]
    if not holes or holes[-1] < 1:
        return False
    groups = [j for j, c in enumerate(upper) if c.strip() and j > 0]
    stands_alone = [j for j, c in enumerate(upper) if c.strip() and not (j < len(lower) and lower[j].strip())]
    return bool(groups) and (not upper[0].strip() or bool(stands_alone) or len(groups) > 2)


def repeat_merged(header: Sequence[Row]) -> tuple[tuple[str, ...], ...]:
    """Header rows whose empty cells repeat the one on their left, where a lower row names the column."""
    levels: list[tuple[str, ...]] = []
    for depth, row in enumerate(header):
        cells = [c.strip() for c in row]
        for j in range(1, len(cells)):
            if not cells[j] and depth < len(header) - 1 and any(below[j].strip() for below in header[depth + 1 :]):
                cells[j] = cells[j - 1]
        levels.append(tuple(cells))
    return tuple(levels)
