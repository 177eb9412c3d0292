"""Header cells that are periods: months, quarters and years, full or bare, alone or beside the name of a measure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from data.readers.dates import MONTH_NUMBER, month_numbers, parse_dates
from data.vocabulary import normalise

#: Initials of the twelve months, as narrow tables write them.
_INITIALS = tuple("jfmamjjasond")
_YEAR = re.compile(r"(?:annee |exercice |an )?((?:19|20)\d{2})(?: 0)?")
_BARE_QUARTER = re.compile(
    r"[tq] ?([1-4])|([1-4]) ?(?:er|e|eme|nd|re|ere)? ?(?:t|trim|trimestre)|(?:trim|trimestre) ([1-4])"
)
_QUARTER_SIGN = re.compile(r"(?<![a-z])[tq] ?[1-4](?!\d)|\d{4} ?[tq][1-4]|(?<!\d)[1-4] ?[tq](?![a-z])|trim")
_MONTH_WORD = r"[^\W\d_]{3,9}\.?"
_DATE_PART = (
    rf"(?:{_MONTH_WORD}[ .\-/_’']{{0,2}}\d{{2,4}}|\d{{4}}[-/ _]?(?:[MmTtQq]\d{{1,2}}|\d{{2}}(?:[-/]\d{{2}})?)"
    r"|(?:\d{1,2}/)?\d{1,2}[/\-.]\d{4}|[TtQq][1-4][ \-_]?\d{2,4}|[1-4](?:er|e|ème|eme)? trim(?:estre|\.)? \d{4})"
)
_SPLITS = (
    re.compile(rf"^(?P<rest>.*?)[\s_\-–:(/]+(?P<date>{_DATE_PART})\)?$"),
    re.compile(rf"^(?P<date>{_DATE_PART})[\s_\-–:/]+(?P<rest>.*)$"),
)
_LEAST = 3


@dataclass(frozen=True)
class Period:
    """A period read in a header cell.

    Attributes
    ----------
    kind : {"mois", "trimestre", "jour", "mois_nu", "trimestre_nu", "annee"}
        "nu": the year stands elsewhere.
    year, month, day : int
        0 where the cell does not say; the month of a quarter is its first.
    """

    kind: str
    year: int
    month: int = 0
    day: int = 1

    @property
    def dated(self) -> bool:
        """Whether the cell says the year and the month."""
        return self.kind in ("mois", "trimestre", "jour")


def read_periods(cells: Sequence[str], *, since_1904: bool = False) -> list[Period | None]:
    """Period of each cell, None for the others; a run of digits is a period only among its like."""
    texts = [c.strip() for c in cells]
    words = [normalise(t) for t in texts]
    found: list[Period | None] = [None] * len(texts)
    if any(word in MONTH_NUMBER for word in words):
        for i, number in enumerate(month_numbers(pd.Series(words, dtype="str"))):
            if number == number:
                found[i] = Period("mois_nu", 0, int(number))
    for i, word in enumerate(words):
        if (quarter := _BARE_QUARTER.fullmatch(word)) is not None:
            found[i] = Period("trimestre_nu", 0, 3 * int(next(g for g in quarter.groups() if g)) - 2)
        elif (year := _YEAR.fullmatch(word)) is not None:
            found[i] = Period("annee", int(year[1]))
    _read_dated(texts, found, since_1904)
    _read_runs(words, found)
    return found


def _read_dated(texts: list[str], found: list[Period | None], since_1904: bool) -> None:
    """Full dates: those with letters or signs one by one, whole numbers only when three of them agree."""
    left = [i for i, t in enumerate(texts) if found[i] is None and any(c.isdigit() for c in t)]
    whole = [i for i in left if re.fullmatch(r"\d{5,8}(?:\.0)?", texts[i])]
    signed = [i for i in left if i not in set(whole)]
    if signed:
        series = pd.Series([texts[i] for i in signed], dtype="str")
        _store(found, signed, [texts[i] for i in signed], parse_dates(series).values)
    if len(whole) >= _LEAST:
        series = pd.Series([texts[i].removesuffix(".0") for i in whole], dtype="str")
        values = parse_dates(series, named=True, since_1904=since_1904).values
        if not np.isnat(values).any() and len({v.astype("datetime64[D]").item().day for v in values}) == 1:
            _store(found, whole, list(series), values)


def _store(found: list[Period | None], where: list[int], texts: list[str], values: np.ndarray) -> None:
    for i, text, value in zip(where, texts, values, strict=True):
        if np.isnat(value):
            continue
        date = value.astype("datetime64[D]").item()
        quarter = _QUARTER_SIGN.search(normalise(text)) is not None
        found[i] = Period("trimestre" if quarter else "jour", date.year, date.month, date.day)
    dates = [found[i] for i in where if found[i] is not None]
    # All on the first, or all on the last day of their month: they name months.
    firsts = all(p.day == 1 for p in dates)
    lasts = all(p.day == pd.Period(f"{p.year}-{p.month:02d}").days_in_month for p in dates)
    for i in where:
        period = found[i]
        if period is not None and period.kind == "jour" and (firsts or lasts):
            found[i] = Period("mois", period.year, period.month)


def _read_runs(words: list[str], found: list[Period | None]) -> None:
    """Twelve cells in a row that read J F M … D, 1 … 12 or M1 … M12; from 0, or on to 13, they count something else."""
    plain = [w.removesuffix(" 0").removeprefix("m") for w in words]
    ranks = [int(w) if w.isascii() and w.isdigit() else -1 for w in plain]
    for start in range(len(words) - 11):
        run = words[start : start + 12]
        counted = ranks[start : start + 12] == list(range(1, 13))
        if counted and (ranks[start - 1 : start] == [0] or ranks[start + 12 : start + 13] == [13]):
            continue
        lettered = tuple(w[:1] for w in run) == _INITIALS and all(re.fullmatch(r"[a-z]( \d)?", w) for w in run)
        if not counted and not lettered:
            continue
        for i in range(12):
            found[start + i] = Period("mois_nu", 0, i + 1)


def split_period(cell: str) -> tuple[str, str] | None:
    """« Prestations janv. 2024 » as ("Prestations", "janv. 2024"); None when the cell is not a name and a period."""
    for pattern in _SPLITS:
        match = pattern.match(cell.strip())
        if match is None:
            continue
        rest, date = match["rest"].strip(" -–_:(/"), match["date"]
        words = normalise(rest).split()
        if not rest or any(w in MONTH_NUMBER for w in words) or re.search(r"\d", rest):
            continue
        compact = re.fullmatch(r"(19|20)\d{2}(0[1-9]|1[0-2])", date)
        period = read_periods([date])[0]
        if compact or (period is not None and period.dated):
            return rest, date
    return None
