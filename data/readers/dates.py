"""French dates, months and quarters, parsed once per distinct value: day first, month names, ISO, compact months."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from data.vocabulary import normalise

_MONTH_NAMES = (
    ("janvier", "janv", "jan", "january"),
    ("fevrier", "fevr", "fev", "feb", "february"),
    ("mars", "mar", "mrs", "march"),
    ("avril", "avr", "avri", "apr", "april"),
    ("mai", "may"),
    ("juin", "jun", "june"),
    ("juillet", "juil", "juill", "jul", "jlt", "july"),
    ("aout", "aou", "aug", "august"),
    ("septembre", "septe", "sept", "sep", "september"),
    ("octobre", "octo", "oct", "october"),
    ("novembre", "nove", "nov", "november"),
    ("decembre", "dece", "dec", "december"),
)
#: Month number of each French (or English) name or abbreviation, without accents.
MONTH_NUMBER = {name: i for i, names in enumerate(_MONTH_NAMES, start=1) for name in names}
#: « jui » is June beside July, July beside June, and nothing when it stands alone.
_UNSURE = "jui"

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
_WEEKDAY = r"(?:(?:lun|mar|mercre|jeu|vendre|same)di |dimanche )?"
_WORDS = rf"^{_WEEKDAY}(?:(?P<d>\d{{1,2}})(?:er)? )?(?P<w>[a-z]+) (?P<y>\d{{4}}|\d{{2}})$"
_WORDS_YEAR_FIRST = r"^(?P<y>\d{4}) (?P<w>[a-z]+)$"
_COMPACT_WORDS = r"^(?P<w>[a-z]+)(?P<y>\d{4}|\d{2})$"
_QUARTER = (
    r"(?:[tq] ?(?P<q>[1-4])|(?P<r>[1-4]) ?(?:er|e|eme|nd|re|ere)? ?(?:trim|trimestre)|(?:trim|trimestre) (?P<s>[1-4]))"
)
_QUARTERS = (
    rf"^(?P<y>\d{{4}}) ?{_QUARTER}$",
    rf"^{_QUARTER} (?P<y>\d{{4}}|\d{{2}})$",
    r"^(?P<q>[1-4])(?P<r>)(?P<s>) ?t ?(?P<y>\d{4}|\d{2})$",
)
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
    quarters : bool
        True when some values are quarters, given by their first day.
    """

    values: np.ndarray
    order: str = ""
    settled: bool = True
    monthly_american: bool = False
    serial: bool = False
    quarters: bool = False


def parse_dates(texts: pd.Series, *, named: bool = False, order: str | None = None, since_1904: bool = False) -> Dates:
    """Read distinct texts as dates.

    Parameters
    ----------
    texts : pandas.Series of str
        Distinct cells, trimmed.
    named : bool
        True when the header says that it is a date: whole numbers such as 202401, 20240131 or 45292 are then dates.
    order : {"jour_mois", "mois_jour"}, optional
        Order to impose on 03/04/2024.
    since_1904 : bool
        True for a workbook that counts its days from 1 January 1904.
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
    quarters = _read_words(texts, values)
    serial = _read_serials(texts, values, since_1904) if named else False
    return Dates(values, found_order, settled, american, serial, quarters)


def month_numbers(words: pd.Series) -> pd.Series:
    """Number of each month name or abbreviation (normalised), NaN for the rest; « jui » is read by its neighbours."""
    numbers = words.map(MONTH_NUMBER)
    found = set(numbers[words != _UNSURE].dropna())
    unsure = {6: 7, 7: 6}
    others = [unsure[n] for n in (6, 7) if n in found]
    return numbers.where(words != _UNSURE, others[0] if len(others) == 1 else np.nan)


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


def _read_words(texts: pd.Series, values: np.ndarray) -> bool:
    """Fill in place janv.-24, 1er mars 2024, 2024 mars, 2024-T1, 1er trimestre 2024; whether a quarter was met."""
    left = np.isnat(values) & texts.str.contains(r"[^\W\d_]", regex=True).to_numpy()
    if not left.any():
        return False
    words, target = texts[left].map(normalise), np.flatnonzero(left)
    for pattern in (_WORDS, _WORDS_YEAR_FIRST, _COMPACT_WORDS):
        parts = words.str.extract(pattern)
        month = month_numbers(parts["w"])
        rows = month.notna().to_numpy()
        if rows.any():
            values[target[rows]] = _assemble(parts.assign(m=month)[rows])
    quarters = False
    for pattern in _QUARTERS:
        parts = words.str.extract(pattern)
        rows = parts["y"].notna().to_numpy()
        if rows.any():
            quarter = parts["q"].fillna(parts["r"]).fillna(parts["s"])[rows].astype(int)
            values[target[rows]] = _assemble(pd.DataFrame({"y": parts["y"][rows], "m": 3 * quarter - 2}))
            quarters = True
    return quarters


def _read_serials(texts: pd.Series, values: np.ndarray, since_1904: bool) -> bool:
    """Fill in place the Excel day numbers (days since 30 December 1899, or 1 January 1904) from 1982 to 2064."""
    days = texts.str.extract(_SERIAL)["n"]
    rows = days.notna().to_numpy() & np.isnat(values)
    if rows.any():
        offset = days[rows].astype(int).to_numpy().astype("timedelta64[D]")
        first = np.datetime64("1904-01-01" if since_1904 else "1899-12-30")
        values[rows] = (first + offset).astype("datetime64[s]")
    return bool(rows.any())
