"""What one text cell looks like, before its column is typed: a number, a date, a period, nothing or text."""

from __future__ import annotations

import re
from functools import lru_cache

from data.readers.numbers import MISSING

#: Kinds that tell a value from a title.
TYPED = ("number", "date")
_NUMBER = re.compile(
    r"[(<>~≈+\-−]?\s?(?:[€$£]|EUR)?\s?[+\-−]?(\d[\d \u00a0\u202f.,’']*|[.,]\d+)([eE][+\-]?\d+)?"
    r"\s?([€$£%]|EUR)?\)?-?",
    re.ASCII,
)
_YYYY, _MM, _DD = r"(?:19|20|21)\d\d", r"(?:0[1-9]|1[0-2])", r"(?:0[1-9]|[12]\d|3[01])"
_MONTH = (
    r"(?:janv?(?:ier)?|f[eé]vr?(?:ier)?|mars?|avri?l?|mai|juin|jui|juill?(?:et)?|ao[uû]t?|sept?(?:embre)?|oct(?:obre)?"
    r"|nov(?:embre)?|d[eé]c(?:embre)?|feb(?:ruary)?|march|apr(?:il)?|may|june?|july?|aug(?:ust)?|september|october"
    r"|december|january)\.?"
)
_DATE = re.compile(
    rf"(?:{_YYYY}{_MM}(?:{_DD})?|{_YYYY}[-/]{_MM}|{_YYYY}[-/.](?:{_MM}|[1-9])[-/.](?:{_DD}|[1-9]))"
    r"([T ]\d{1,2}:\d\d(:\d\d([.,]\d+)?)?.{0,6})?"
    rf"|\d{{1,2}}[-/. ](\d{{1,2}}|{_MONTH})[-/. ]\d{{2,4}}( \d{{1,2}}[:h]\d\d(:\d\d)?( ?[AaPp][Mm])?)?"
    rf"|\d{{1,2}}[-/]\d{{4}}|\d{{4}}[- ]?[TtQqSs][1-4]|[TtQqSs][1-4][- ]?\d{{4}}|{_MONTH}[-/ .]?\d{{2,4}}"
    rf"|\d{{1,2}}{_MONTH}\d{{2,4}}(:\d\d:\d\d(:\d\d)?)?"
    rf"|\d{{1,2}}[:h]\d\d(:\d\d([.,]\d+)?)?( ?[AaPp][Mm])?",
    re.IGNORECASE,
)
_YEAR = re.compile(r"(19|20)\d\d")
_MISSING = frozenset({*MISSING, "--", "nan", "?"})
_LONGEST = 40


@lru_cache(maxsize=1 << 16)
def kind_of(cell: str) -> str:
    """Kind of a cell: "number", "date" (a time or a period too) or "text"; "" when it is empty or missing."""
    text = cell.strip()
    if text.startswith('="') and text.endswith('"'):
        text = text[2:-1].strip()
    if not text or text.lower() in _MISSING:
        return ""
    if len(text) > _LONGEST:
        return "text"
    if _DATE.fullmatch(text):
        return "date"
    return "number" if _NUMBER.fullmatch(text) else "text"


def is_period(cell: str) -> bool:
    """True for a year, a month, a quarter or a date: what a header may hold above numbers."""
    return _YEAR.fullmatch(cell.strip()) is not None or kind_of(cell) == "date"
