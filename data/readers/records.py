"""Text cut into records of cells, one line at a time, forgiving quotes that are not where they should be."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

Mode = Literal["doubled", "bare", "literal"]
#: A cell that runs over more lines than this is a quote that was never closed.
MAX_LINES = 200


@dataclass(frozen=True)
class Dialect:
    """Signs of a delimited text.

    Attributes
    ----------
    separator : str
        Between two cells; "" for a text of one column.
    quote : str
        Around a cell; "" for none.
    escape : str
        Before a quote inside a quoted cell; "" when it is doubled.
    """

    separator: str
    quote: str = '"'
    escape: str = ""


def split(line: str, dialect: Dialect) -> list[str]:
    """Cells of one line; a quote that is never closed is an ordinary character."""
    cells, closed = cut(line, dialect)
    return cells if closed else cut(line, dialect, "literal")[0]


def cut(line: str, dialect: Dialect, mode: Mode = "doubled") -> tuple[list[str], bool]:
    """Cells of a record, and False when its last quote is still open.

    Parameters
    ----------
    line : str
        The record, possibly over several lines.
    dialect : Dialect
        Signs of the text.
    mode : {"doubled", "bare", "literal"}
        What a quote inside a quoted cell is: doubled (or escaped); bare, when only a quote before a separator closes;
        literal, when a quote that does not close its own cell is an ordinary character.
    """
    separator, quote = dialect.separator, dialect.quote
    if not quote or quote not in line:
        cells = line.split(separator) if separator else [line]
        return (cells if not dialect.escape else [_unescaped(c, dialect) for c in cells]), True
    cells, at, size = [], 0, len(line)
    while True:
        start = at
        while separator != " " and start < size and line[start] == " ":
            start += 1
        if start < size and line[start] == quote:
            end, text = _quoted(line, start + 1, dialect, doubled=mode != "bare")
            if end < 0 and mode != "literal":
                return [*cells, text], False
            if end >= 0 and (mode != "literal" or separator + quote not in text):
                cells.append(text)
                if end >= size:
                    return cells, True
                at = end + len(separator)
                continue
        end = line.find(separator, at) if separator else -1
        cells.append(_unescaped(line[at:] if end < 0 else line[at:end], dialect))
        if end < 0:
            return cells, True
        at = end + len(separator)


def _unescaped(cell: str, dialect: Dialect) -> str:
    escape = dialect.escape
    return cell.replace(escape + dialect.quote, dialect.quote) if escape and escape in cell else cell


def _quoted(line: str, at: int, dialect: Dialect, *, doubled: bool) -> tuple[int, str]:
    """End of a quoted cell (position of its separator or of the end, -1 when never closed) and its text."""
    separator, quote, escape = dialect.separator, dialect.quote, dialect.escape
    size, parts, start = len(line), [], at
    while True:
        found = line.find(quote, at)
        if found < 0:
            return -1, "".join([*parts, line[start:]])
        after = found + 1
        if escape and found > start and line[found - 1] == escape:
            parts += [line[start : found - 1], quote]
            at = start = after
        elif doubled and not escape and line.startswith(quote, after):
            parts += [line[start:found], quote]
            at = start = after + 1
        else:
            rest = after
            while rest < size and line[rest] == " " and separator != " ":
                rest += 1
            if rest >= size or line[rest] == "\n" or (separator and line.startswith(separator, rest)):
                return rest, "".join([*parts, line[start:found]])
            at = after


def read_records(
    text: str, dialect: Dialect, *, fits: Callable[[list[str]], bool] | None = None, limit: int | None = None
) -> Iterator[tuple[int, int, list[str]]]:
    """Line, number of lines and cells of each record.

    Parameters
    ----------
    text : str
        Text whose lines end with a line feed.
    dialect : Dialect
        Signs of the text.
    fits : callable, optional
        True when cells make a row of the table; a line that makes one alone is never joined to the next.
    limit : int, optional
        Records wanted at most.
    """
    lines = text.split("\n")
    if lines and not lines[-1]:
        lines.pop()
    at, given = 0, 0
    while at < len(lines) and (limit is None or given < limit):
        cells, used = join_lines(lines, at, dialect, fits)
        yield at + 1, used, cells
        at += used
        given += 1


def join_lines(
    lines: Sequence[str], at: int, dialect: Dialect, fits: Callable[[list[str]], bool] | None = None
) -> tuple[list[str], int]:
    """Cells of the record that begins on a line, and how many lines it takes.

    Without `fits` a quote still open joins the next lines; with it, the first reading that makes a row of the table
    wins: the line as it is, with bare or stray quotes, then with the lines below unless they are rows too.
    """
    cells, closed = cut(lines[at], dialect)
    if closed and (fits is None or dialect.quote not in lines[at] or fits(cells)):
        return cells, 1
    joined = None if closed else _joined(lines, at, dialect, fits)
    if fits is not None:
        alone = _alone(lines[at], dialect, fits)
        # A cell over several lines may begin like a row: it is one when its other lines are rows as well.
        if alone and (not joined or all(_alone(lines[i], dialect, fits) for i in range(at + 1, at + joined[1]))):
            return alone, 1
    if closed:
        return cells, 1
    return joined or (cut(lines[at], dialect, "literal")[0], 1)


def _alone(line: str, dialect: Dialect, fits: Callable[[list[str]], bool]) -> list[str] | None:
    """Cells of a line that makes a row of the table by itself, whatever its quotes; None when it makes none."""
    for mode in ("doubled", "bare", "literal"):
        cells, whole = cut(line, dialect, mode)
        if whole and fits(cells):
            return cells
    return None


def _joined(
    lines: Sequence[str], at: int, dialect: Dialect, fits: Callable[[list[str]], bool] | None
) -> tuple[list[str], int] | None:
    """The record over several lines, None when its quote is never closed or when it makes no row of the table."""
    record = lines[at]
    for used in range(2, min(MAX_LINES, len(lines) - at) + 1):
        line = lines[at + used - 1]
        record = f"{record}\n{line}"
        if _may_close(line, dialect):
            cells, closed = cut(record, dialect)
            if closed:
                return (cells, used) if fits is None or fits(cells) else None
    return None


def _may_close(line: str, dialect: Dialect) -> bool:
    """Whether a quote of a line stands before a separator or at its end; cutting again at every quote is too slow."""
    at = line.find(dialect.quote) + 1
    while at > 0:
        rest = at
        while rest < len(line) and line[rest] == " " and dialect.separator != " ":
            rest += 1
        if rest == len(line) or (dialect.separator and line.startswith(dialect.separator, rest)):
            return True
        at = line.find(dialect.quote, at) + 1
    return False
