"""Spellings of cells that SQL reads exactly as :mod:`data.readers` does; every other cell is left to the readers."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from data.readers.numbers import MISSING

#: One character of a cell that may hold anything.
FREE = "[^\x1f]"
_SPACES = (" ", "\u00a0", "\u202f")
_MOST_DECIMALS = 4
_DAY = (
    r"(?:(?:0[1-9]|1[0-9]|2[0-8]){s}(?:0[1-9]|1[0-2])|(?:29|30){s}(?:0[13-9]|1[0-2])|31{s}(?:0[13578]|1[02]))"
    r"{s}(?:19|20)[0-9][0-9]"
)
_ISO_DAY = (
    r"(?:19|20)[0-9][0-9]{s}(?:(?:0[1-9]|1[0-2]){s}(?:0[1-9]|1[0-9]|2[0-8])|(?:0[13-9]|1[0-2]){s}(?:29|30)"
    r"|(?:0[13578]|1[02]){s}31)"
)
_TIME = r"(?:[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2})?)?"
_LEAP = "|".join(str(year) for year in range(1904, 2100, 4))


@dataclass(frozen=True)
class Form:
    """How the cells of one column are written.

    Attributes
    ----------
    pattern : str
        Regular expression (RE2) of the whole cell; "" when any text will do.
    removed : tuple of str
        Signs to remove from a number before its decimal sign becomes a point.
    decimal : str
        Decimal sign, "" when there is none.
    scale : int
        Decimals kept.
    order : {"", "jma", "amj"}
        Order of the day, month and year; "" when the cell is kept as it is.
    plain : bool
        True for numbers made of digits, a minus and a decimal sign only: they are cast while they are read.
    """

    pattern: str = ""
    removed: tuple[str, ...] = ()
    decimal: str = ""
    scale: int = 0
    order: str = ""
    plain: bool = False

    @property
    def key(self) -> str:
        """SQL over `{c}` that gives a date of the same month, "" for an empty cell; the cell itself without order."""
        day = {"jma": "'01' || substr({c}, 3, 8)", "amj": "substr({c}, 1, 7) || substr({c}, 5, 1) || '01'"}
        return f"CASE WHEN {{c}} <> '' THEN {day[self.order]} ELSE '' END" if self.order else "{c}"

    def first_day(self, cell: str) -> str:
        """What `key` gives, of one cell."""
        if not cell or not self.order:
            return cell
        return "01" + cell[2:10] if self.order == "jma" else f"{cell[:7]}{cell[4]}01"


def number_form(texts: Iterable[str], decimal: str | None) -> Form:
    """Form of a column of numbers, from distinct cells of a sample.

    Parameters
    ----------
    texts : iterable of str
        Cells, as written.
    decimal : {",", "."} or None
        Decimal sign found by the readers.
    """
    cells = list(texts)
    other = {",": ".", ".": ","}.get(decimal or "", "")
    thousands = [
        s for s in (*_SPACES, *other) if _any(rf"-?\d{{1,3}}(?:{re.escape(s)}\d{{3}})+(?:[,.]\d+)?", cells, with_=s)
    ]
    euro = _any(r"-?\d[\d\s.,]*\s?€", cells, with_="€")
    padded = any(c != c.strip(" ") for c in cells)
    sign = re.escape(decimal or "")
    written = re.compile(rf"\s*-?\d[\d\s.]*{sign}(\d+)\s?€?\s*")
    found = {len(m[1]) for c in cells if decimal and decimal in c and (m := written.fullmatch(c))}
    scale = min(max(found, default=0), _MOST_DECIMALS)
    # One decimal more than seen would be read as well, two are the usual cents.
    scale = max(scale, 2) if scale else 0
    whole = "|".join(["[0-9]{1,12}", *(f"[0-9]{{1,3}}(?:{re.escape(s)}[0-9]{{3}}){{1,3}}" for s in thousands)])
    body = f"-?(?:{whole})" + (f"(?:{sign}[0-9]{{1,{scale}}})?" if scale else "")
    body += "(?:[ \u00a0\u202f]?€)?" if euro else ""
    blanks = {c.strip(" ") for c in cells if c.strip(" ").lower() in MISSING and c.strip(" ")}
    body = f"(?:{'|'.join([body, *map(re.escape, sorted(blanks))])})?"
    removed = (*thousands, *(("€", *_SPACES) if euro else ()))
    plain = not (removed or padded or blanks)
    return Form(_padded(body, padded), tuple(dict.fromkeys(removed)), decimal or "", scale, plain=plain)


def date_form(texts: Iterable[str], months: Iterable[np.datetime64], *, needed: bool) -> Form | None:
    """Form of a column of days, from distinct cells of a sample and their months; None when they are not plain days.

    Parameters
    ----------
    texts : iterable of str
        Filled cells.
    months : iterable of numpy.datetime64
        Date read in each.
    needed : bool
        True when the cell may not be empty.
    """
    cells, read = list(texts), list(months)
    for shape, order in ((r"\d\d([-/.])\d\d\1\d{4}", "jma"), (r"\d{4}([-/])\d\d\1\d\d.*", "amj")):
        fitting = [(m[1], c, d) for c, d in zip(cells, read, strict=True) if (m := re.fullmatch(shape, c))]
        signs = {sign for sign, _, _ in fitting}
        if len(signs) != 1 or len(fitting) < 0.9 * len(cells):
            continue
        sign = signs.pop()
        first = (3, 6) if order == "jma" else (5, 0)
        if any(
            not np.isnat(d) and str(d)[:7] != f"{c[first[1] : first[1] + 4]}-{c[first[0] : first[0] + 2]}"
            for _, c, d in fitting
        ):
            return None
        mark = re.escape(sign)
        if order == "jma":
            pattern = f"{_DAY.replace('{s}', mark)}|29{mark}02{mark}(?:{_LEAP})"
        else:
            pattern = f"(?:{_ISO_DAY.replace('{s}', mark)}|(?:{_LEAP}){mark}02{mark}29){_TIME}"
        return Form(f"(?:{pattern}){'' if needed else '?'}", order=order)
    return None


def blank_form() -> Form:
    """Form of a column that was empty in the sample."""
    return Form(" *")


def distinct(cells: pd.Series) -> list[str]:
    """Distinct cells of a sample."""
    return [str(c) for c in pd.unique(cells)]


def _any(pattern: str, cells: list[str], *, with_: str) -> bool:
    """True when a cell that holds a sign has the whole of a pattern."""
    whole = re.compile(rf"\s*{pattern}\s*€?\s*")
    return any(with_ in c and whole.fullmatch(c) for c in cells)


def _padded(pattern: str, padded: bool) -> str:
    return f" *{pattern} *" if padded else pattern
