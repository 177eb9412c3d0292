"""French typography for numbers, money, rates and months, and the way back from what a person typed."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterator

import pandas as pd

from analytics.errors import ParameterError

THIN = "\u202f"  # narrow no-break space: between groups of three digits and before a unit
MINUS = "\u2212"
MISSING = "—"
MONTHS = (
    "janvier",
    "février",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "août",
    "septembre",
    "octobre",
    "novembre",
    "décembre",
)
SHORT_MONTHS = ("janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.", "déc.")
_ROUNDS_UP = 0.99995  # 999 960 € would be written 1 000,0 k€: it is 1,00 M€
_SCALES = ((1e9, "Md€"), (1e6, "M€"), (1e3, "k€"), (1.0, "€"))


def is_missing(value: float | None) -> bool:
    """Whether there is no number to show."""
    return value is None or not math.isfinite(value)


def format_number(value: float | None, decimals: int = 0, *, signed: bool = False) -> str:
    """`1234567.8` as « 1 234 568 » with French separators; a missing value is a dash."""
    if is_missing(value):
        return MISSING
    rounded = round(float(value), decimals)
    text = f"{abs(rounded):,.{decimals}f}".replace(",", THIN).replace(".", ",")
    sign = MINUS if rounded < 0 else "+" if signed and rounded > 0 else ""
    return sign + text


def format_euros(value: float | None, *, signed: bool = False, compact: bool = True) -> str:
    """Money in the largest unit it reaches: « 1,23 M€ », « 456,7 k€ », « 12,50 € », « 950 € »."""
    if is_missing(value):
        return MISSING
    size = abs(float(value))
    if not compact:
        return f"{format_number(value, 2, signed=signed)}{THIN}€"
    scale, unit = next(((s, u) for s, u in _SCALES if size >= s * _ROUNDS_UP), _SCALES[-1])
    scaled = float(value) / scale
    fine = 100 if scale == 1 else 10
    decimals = 2 if abs(scaled) < fine else 0 if scale == 1 else 1
    return f"{format_number(scaled, decimals, signed=signed)}{THIN}{unit}"


def format_percent(value: float | None, decimals: int = 1, *, signed: bool = False) -> str:
    """A rate (`0.123`) as « 12,3 % »."""
    if is_missing(value):
        return MISSING
    return f"{format_number(100 * float(value), decimals, signed=signed)}{THIN}%"


def format_points(value: float | None, decimals: int = 1) -> str:
    """A difference of rates as « +1,2 pt »."""
    if is_missing(value):
        return MISSING
    return f"{format_number(100 * float(value), decimals, signed=True)}{THIN}pt"


def format_value(value: float | None, unit: str, *, signed: bool = False) -> str:
    """A value in the unit of its indicator: "EUR", "EUR/tete", "taux", "actes" or "nombre"."""
    if unit == "EUR":
        return format_euros(value, signed=signed)
    if unit == "EUR/unite":
        return format_euros(value, signed=signed, compact=False)
    if unit == "taux":
        return format_percent(value, signed=signed)
    return format_number(value, 2 if not is_missing(value) and abs(value) < 100 else 0, signed=signed)


def format_gap(gap: float | None, unit: str) -> str:
    """A signed difference; rates differ by points."""
    return format_points(gap) if unit == "taux" else format_value(gap, unit, signed=True)


def format_month(month: pd.Timestamp, *, short: bool = True) -> str:
    """« oct. 2026 » or « octobre 2026 »."""
    names = SHORT_MONTHS if short else MONTHS
    return f"{names[month.month - 1]}\u00a0{month.year}"


def format_period(debut: pd.Timestamp, fin: pd.Timestamp) -> str:
    """« oct. 2026 », « 2025 » or « nov. 2025 à oct. 2026 »."""
    if debut == fin:
        return format_month(fin, short=False)
    if debut.month == 1 and fin.month == 12 and debut.year == fin.year:
        return f"{debut.year}"
    return f"{format_month(debut)} à {format_month(fin)}"


def parse_number(text: str) -> float:
    """Number typed by a person: « 12,5 », « 1 234,56 € », « +5 % » (5 % gives 0.05).

    Raises
    ------
    ParameterError
        The text is not one finite number.
    """
    cleaned = re.sub(r"[\s\u00a0\u202f€]", "", text).replace(MINUS, "-").replace(",", ".")
    percent = cleaned.endswith("%")
    cleaned = cleaned.rstrip("%")
    if not re.fullmatch(r"[+-]?(\d+(\.\d*)?|\.\d+)", cleaned):
        raise ParameterError("Ce n’est pas un nombre.", valeur=text, remede="Écrivez par exemple 12,5 ou 1 234,56.")
    value = float(cleaned)
    return value / 100 if percent else value


def parse_in_unit(text: str, unit: str) -> float:
    """Number typed for an indicator: of a rate, « 80 » is 80 %.

    Raises
    ------
    ParameterError
        The text is not one finite number.
    """
    return parse_number(f"{text} %" if unit == "taux" and "%" not in text else text)


def cleaned(text: str) -> str:
    """A text of the data without what would break a page: control characters, changes of writing direction."""
    return "".join(_visible(text))


def _visible(text: str) -> Iterator[str]:
    for letter in text:
        kind = unicodedata.category(letter)
        if kind in ("Cc", "Cs", "Co", "Cn") or letter in "\u2028\u2029":
            yield " "
        elif kind != "Cf" or letter in "\u200b\u00ad":
            yield letter
