"""French dates and months, parsed once per distinct value: day first, month names, ISO, compact months."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from data.vocabulary import normalise

_MONTH_NAMES = (
    ("janvier", "janv", "jan", "january"),
    ("fevrier", "fevr", "fev", "feb", "february"),
    ("mars", "mar", "march"),
    ("avril", "avr", "apr", "april"),
    ("mai", "may"),
    ("juin", "jun", "june"),
    ("juillet", "juil", "jul", "july"),
    ("aout", "aou", "aug", "august"),
    ("septembre", "sept", "sep", "september"),
    ("octobre", "oct", "october"),
    ("novembre", "nov", "november"),
    ("decembre", "dec", "december"),
)
#: Month number of each French (or English) name or abbreviation, without accents.
MONTH_NUMBER = {name: i for i, names in enumerate(_MONTH_NAMES, start=1) for name in names}

_TIME = r"(?:[T ]\d{1,2}[:h]\d{2}(?::\d{2}(?:[.,]\d+)?)?\s*(?:Z|[+-]\d{2}:?\d{2})?)?"
#: Shape of a date -> pattern with named groups y, m, d (first and second when the order is to be settled).
_SHAPES = {
    "iso": rf"^(?P<y>\d{{4}})[-/.](?P<m>\d{{1,2}})[-/.](?P<d>\d{{1,2}}){_TIME}$",
    "mois_iso": r"^(?P<y>\d{4})[-/](?P<m>\d{1,2})$",
    "mois_francais": r"^(?P<m>\d{1,2})[-/](?P<y>\d{4})$",
    "mois_m": r"^(?P<y>\d{4})-?[mM](?P<m>\d{2})$",
    "jour": rf"^(?P<a>\d{{1,2}})[-/.](?P<b>\d{{1,2}})[-/.](?P<y>\d{{4}}|\d{{2}}){_TIME}$",
}
_COMPACT = {"mois_compact": r"^(?P<y>\d{4})(?P<m>\d{2})$", "jour_compact": r"^(?P<y>\d{4})(?P<m>\d{2})(?P<d>\d{2})$"}
_SERIAL = r"^(?P<n>[3-5]\d{4})(?:[.,]0+)?$"
_WORDS = r"^(?:(?P<d>\d{1,2})(?:er)? )?(?P<w>[a-z]+) (?P<y>\d{4}|\d{2})$"
_WORDS_YEAR_FIRST = r"^(?P<y>\d{4}) (?P<w>[a-z]+)$"
_FIRST_YEAR, _LAST_YEAR = 1900, 2100


@dataclass(frozen=True)
class Dates:
    """Distinct values of a column read as dates.

    Attributes
    ----------
    values : numpy.ndarray of datetime64[s]
        One date per distinct text, NaT where missing or unreadable.
    order : {"jour_mois", "mois_jour", ""}
        Order used for dates such as 03/04/2024; "" when none is met.
    settled : bool
        False when every such date could be read both ways.
    monthly_american : bool
        True when those dates would be the first of each month if the month came first: a sign of an American file.
    serial : bool
        True when some values are Excel day numbers.
    """

    values: np.ndarray
    order: str = ""
    settled: bool = True
    monthly_american: bool = False
    serial: bool = False


def parse_dates(texts: pd.Series, *, named: bool = False, order: str | None = None) -> Dates:
    """Read distinct texts as dates.

    Parameters
    ----------
    texts : pandas.Series of str
        Distinct cells, trimmed.
    named : bool
        True when the header says that it is a date: whole numbers such as 202401, 20240131 or 45292 are then dates.
    order : {"jour_mois", "mois_jour"}, optional
        Order to impose on 03/04/2024.
    """
    values = np.full(len(texts), "NaT", dtype="datetime64[s]")
    shapes = _SHAPES | _COMPACT if named or _all_compact(texts) else _SHAPES
    found_order, settled, american = order or "", True, False
    for shape, pattern in shapes.items():
        parts = texts.str.extract(pattern)
        rows = parts["y"].notna().to_numpy()
        if not rows.any():
            continue
        if shape == "jour":
            found_order, settled, american = _order_of(parts[rows], order)
            parts = _ordered(parts, found_order)
        values[rows] = _assemble(parts[rows])
    _read_words(texts, values)
    serial = _read_serials(texts, values) if named else False
    return Dates(values, found_order, settled, american, serial)


def _all_compact(texts: pd.Series) -> bool:
    """Whether whole numbers can only be months: 201901, 201902, … and at least three of them."""
    return len(texts) >= 3 and bool(texts.str.fullmatch(r"(?:19|20)\d{2}(?:0[1-9]|1[0-2])").all())


#: Share of the distinct dates that must have a day over 12 in second place for the month to come first: daily American
#: dates have 60 %, a wrong date among French ones far less, and it alone is then rejected.
_AMERICAN = 0.1


def _order_of(parts: pd.DataFrame, imposed: str | None) -> tuple[str, bool, bool]:
    first, second = parts["a"].astype(int), parts["b"].astype(int)
    monthly = bool((second == 1).all() and first.min() < first.max() and first.max() <= 12)
    if imposed:
        return imposed, True, False
    if (second > 12).mean() >= _AMERICAN and not (first > 12).any():
        return "mois_jour", True, False
    french_months = bool((first == 1).all() and second.min() < second.max())
    return "jour_mois", bool((first > 12).any() or (first == second).all()) or french_months, monthly


def _ordered(parts: pd.DataFrame, order: str) -> pd.DataFrame:
    day, month = ("a", "b") if order == "jour_mois" else ("b", "a")
    return pd.DataFrame({"y": parts["y"], "m": parts[month], "d": parts[day]})


def _assemble(parts: pd.DataFrame) -> np.ndarray:
    """Dates from columns of digits; an impossible one (31/02, month 13) is NaT."""
    year = parts["y"].astype(int)
    year = year.where(year >= 100, year + np.where(year < 70, 2000, 1900))
    frame = pd.DataFrame({"year": year, "month": parts["m"].astype(int), "day": 1})
    if "d" in parts:
        frame["day"] = parts["d"].fillna("1").astype(int)
    dates = pd.to_datetime(frame.where(year.between(_FIRST_YEAR, _LAST_YEAR), other=0), errors="coerce")
    return dates.to_numpy().astype("datetime64[s]")


def _read_words(texts: pd.Series, values: np.ndarray) -> None:
    """Fill in place the dates written with a month name: janv.-24, janvier 2024, 1er mars 2024, 2024 mars."""
    left = np.isnat(values) & texts.str.contains(r"[^\W\d_]{3}", regex=True).to_numpy()
    if not left.any():
        return
    words = texts[left].map(normalise)
    for pattern in (_WORDS, _WORDS_YEAR_FIRST):
        parts = words.str.extract(pattern)
        month = parts["w"].map(MONTH_NUMBER)
        rows = month.notna().to_numpy()
        if rows.any():
            target = np.flatnonzero(left)[rows]
            values[target] = _assemble(parts.assign(m=month)[rows])


def _read_serials(texts: pd.Series, values: np.ndarray) -> bool:
    """Fill in place the Excel day numbers (days since 30 December 1899) from 1982 to 2064."""
    days = texts.str.extract(_SERIAL)["n"]
    rows = days.notna().to_numpy() & np.isnat(values)
    if rows.any():
        offset = days[rows].astype(int).to_numpy().astype("timedelta64[D]")
        values[rows] = (np.datetime64("1899-12-30") + offset).astype("datetime64[s]")
    return bool(rows.any())
