"""Values to cells: numbers, dates and months as French software and French people write them."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from tests.french.spec import Column, Style
from tests.french.words import MONTHS, SHORT

NBSP, NNBSP = "\u00a0", "\u202f"
#: Characters that an encoding lacks, and what software writes instead.
LACKS = {
    "cp850": {"’": "'", "œ": "oe", "–": "-", "€": "euros", NNBSP: NBSP},
    "iso-8859-15": {"’": "'", "–": "-", NNBSP: NBSP},
    "cp1252": {NNBSP: NBSP},
    "mac_roman": {NNBSP: NBSP},
}


def fit(text: str, encoding: str) -> str:
    """The text with what the encoding cannot write replaced as software does."""
    for char, other in LACKS.get(encoding, {}).items():
        text = text.replace(char, other)
    return text


def group(digits: str, separator: str) -> str:
    """Thousands by three from the right."""
    return f"{int(digits):,}".replace(",", separator) if separator else digits


def write_number(value: Decimal, style: Style, *, decimals: int, unit: str = "") -> str:
    """An amount or a count under a style."""
    text = f"{abs(value):.{decimals}f}"
    if style.strip_zeros and "." in text:
        text = text.rstrip("0").rstrip(".")
    whole, _, rest = text.partition(".")
    text = group(whole, style.thousands) + (style.decimal + rest if rest else "") + unit
    return style.negative.format(text) if value < 0 else text


def write_month(day: dt.date, pattern: str) -> str:
    """A month: a strftime pattern, or one of the French spellings."""
    i = day.month - 1
    spellings = {
        "long": f"{MONTHS[i]} {day.year}",
        "Long": f"{MONTHS[i].capitalize()} {day.year}",
        "LONG": f"{MONTHS[i].upper()} {day.year}",
        "court": f"{SHORT[i]} {day.year}",
        "excel": f"{SHORT[i]}-{day:%y}",
        "sans point": f"{SHORT[i].rstrip('.')}-{day:%y}",
        "serie": str((day - dt.date(1899, 12, 30)).days),
    }
    return spellings[pattern] if pattern in spellings else day.strftime(pattern)


def write_date(day: dt.date, pattern: str) -> str:
    """A day: a strftime pattern or an Excel serial number."""
    return write_month(day, pattern)


def write_cell(kind: str, value: object, style: Style) -> str:
    """The text of one value."""
    if value is None:
        return style.missing if kind in ("nombre", "taux", "montant") else ""
    if kind == "mois":
        return write_month(value, style.mois)
    if kind == "date":
        return write_date(value, style.date)
    if kind == "montant":
        return write_number(value, style, decimals=2, unit=style.unit)
    if kind == "nombre":
        return write_number(value, style, decimals=0)
    if kind == "taux":
        return write_number(value * 100, style, decimals=1) + style.percent
    return str(value)


def write_columns(columns: tuple[Column, ...], style: Style) -> list[list[str]]:
    """Rows of cells."""
    written = [[write_cell(c.kind, v, style) for v in c.values] for c in columns]
    return [list(row) for row in zip(*written, strict=True)]
