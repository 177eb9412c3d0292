"""French dates, months and quarters, parsed once per distinct value: day first, month names, ISO, compact months."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

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
_SERIAL = r"^(?P<n>[3-5]\d{4})(?:[.,]\d+)?$"
_WEEKDAY = r"(?:(?:lun|mar|mercre|jeu|vendre|same)di |dimanche )?"
_WORDS = rf"^{_WEEKDAY}(?:(?P<d>\d{{1,2}})(?:er)? )?(?P<w>[a-z]+) (?P<y>\d{{4}}|\d{{2}})$"
_WORDS_YEAR_FIRST = r"^(?P<y>\d{4}) (?P<w>[a-z]+)$"
_DAY_WORDS = r"^(?P<d>\d{1,2})(?P<w>[a-z]+)(?P<y>\d{4}|\d{2})(?: \d{1,2} \d{2}(?: \d{2})?)?$"
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
    order : {"jour_mois", "mois_jour", "annee_mois_jour", ""}
        Order used for dates such as 03/04/2024 or 24-03-04; "" when none is met.
    settled : bool
        False when every such date could be read both ways.
    monthly_american : bool
        True when those dates would be the first of each month if the month came first: a sign of an American file.
    serial : bool
        True when some values are Excel day numbers.
    quarters : bool
        True when some values are quarters, given by their first day.
    example : str
        A date such as 24-01-15 when nothing says whether it begins with its year; "" otherwise.
    """

    values: np.ndarray
    order: str = ""
    settled: bool = True
    monthly_american: bool = False
    serial: bool = False
    quarters: bool = False
    example: str = ""


def parse_dates(
    texts: pd.Series | pa.Array, *, named: bool = False, order: str | None = None, since_1904: bool = False
) -> Dates:
    """Read distinct texts as dates.

    Parameters
    ----------
    texts : pandas.Series or pyarrow.Array of str
        Distinct cells, trimmed.
    named : bool
        True when the header says that it is a date: whole numbers such as 202401, 20240131 or 45292 are then dates.
    order : {"jour_mois", "mois_jour", "annee_mois_jour"}, optional
        Order to impose on 03/04/2024 or 24-03-04.
    since_1904 : bool
        True for a workbook that counts its days from 1 January 1904.
    """
    cells = texts if isinstance(texts, pa.Array) else pa.array(texts, pa.string())
    values = np.full(len(cells), "NaT", dtype="datetime64[s]")
    shapes = _SHAPES | _COMPACT if named or _all_compact(cells) else _SHAPES
    found_order, settled, american, example = order or "", True, False, ""
    for shape, pattern in shapes.items():
        rows, parts = _extract(cells, pattern)
        if not rows.any():
            continue
        if shape == "jour":
            year_first = _year_first(parts, order)
            if year_first:
                found_order, parts = "annee_mois_jour", {"y": parts["a"], "m": parts["b"], "d": parts["y"]}
            else:
                found_order, settled, american = _order_of(parts["a"], parts["b"], order)
                day, month = ("a", "b") if found_order == "jour_mois" else ("b", "a")
                parts = {"y": parts["y"], "m": parts[month], "d": parts[day]}
            if year_first is None:
                settled, example = False, cells[int(np.argmax(rows))].as_py()
        values[rows] = _assemble(**parts)
    quarters = _read_words(cells, values)
    serial = _read_serials(cells, values, since_1904) if named else False
    return Dates(values, found_order, settled, american, serial, quarters, example)


def _extract(texts: pa.Array, pattern: str) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Which texts have a shape, and the numbers it holds in these: the month of a name, 0 for none, 1 for no day."""
    parts = pc.extract_regex(texts, pattern)
    rows = parts.is_valid().to_numpy(zero_copy_only=False).astype(bool)
    if not rows.any():
        return rows, {}
    found = parts.drop_null()
    columns = {kind.name: column for kind, column in zip(found.type, found.flatten(), strict=True)}
    return rows, {name: _numbers(name, column) for name, column in columns.items()}


def _numbers(name: str, texts: pa.Array) -> np.ndarray:
    if name == "w":
        return month_numbers(pd.Series(texts.to_pylist(), dtype="str")).fillna(0).to_numpy(dtype=np.int64)
    absent = "1" if name == "d" else "0"
    return pc.cast(pc.if_else(pc.equal(texts, ""), absent, texts), pa.int64()).to_numpy()


def month_numbers(words: pd.Series) -> pd.Series:
    """Number of each month name or abbreviation (normalised), NaN for the rest; « jui » is read by its neighbours."""
    numbers = words.map(MONTH_NUMBER)
    found = set(numbers[words != _UNSURE].dropna())
    unsure = {6: 7, 7: 6}
    others = [unsure[n] for n in (6, 7) if n in found]
    return numbers.where(words != _UNSURE, others[0] if len(others) == 1 else np.nan)


def _all_compact(texts: pa.Array) -> bool:
    """Whether whole numbers can only be months: 201901, 201902, … and at least three of them."""
    if len(texts) < 3 or len(texts[0].as_py() or "") != 6:
        return False
    return bool(pc.all(pc.match_substring_regex(texts, r"^(?:19|20)\d{2}(?:0[1-9]|1[0-2])$"), min_count=0).as_py())


#: Share of the distinct dates that must have a day over 12 in second place for the month to come first: daily American
#: dates have 60 %, a wrong date among French ones far less, and it alone is then rejected.
_AMERICAN = 0.1


#: Years that two digits may mean when the year comes first; a day of 31 is never one.
_SHORT_YEARS = (10, 30)
#: Distinct values from which parts are days: a file seldom has so many years.
_DAYS = 8


def _year_first(parts: dict[str, np.ndarray], imposed: str | None) -> bool | None:
    """Whether dates of two-digit years begin with the year: 24-01-15; None when nothing says it."""
    if imposed:
        return imposed == "annee_mois_jour"
    first, month, last = parts["a"], parts["b"], parts["y"]
    fits = (month >= 1) & (month <= 12) & (last >= 1) & (last <= 31)
    if (last >= 100).any() or not _short_years(first) or fits.mean() < 1 - _AMERICAN:
        return False
    days = np.unique(last)
    firsts, lasts = len(np.unique(first)), len(days)
    if max(firsts, lasts) >= max(_DAYS, 2 * min(firsts, lasts)):
        return lasts > firsts
    # The first of each month, a 31, or years that do not follow each other: the last part is a day.
    sure = days.tolist() == [1] or days[-1] > _SHORT_YEARS[1] or days[-1] - days[0] >= lasts
    return True if sure and not _short_years(last) else None


def _short_years(numbers: np.ndarray) -> bool:
    return bool(((numbers >= _SHORT_YEARS[0]) & (numbers <= _SHORT_YEARS[1])).all())


def _order_of(first: np.ndarray, second: np.ndarray, imposed: str | None) -> tuple[str, bool, bool]:
    monthly = bool((second == 1).all() and first.min() < first.max() <= 12)
    if imposed:
        return imposed, True, False
    if (second > 12).mean() >= _AMERICAN and not (first > 12).any():
        return "mois_jour", True, False
    french_months = bool((first == 1).all())  # the first of the month: how a month is written here
    return "jour_mois", bool((first > 12).any() or (first == second).all()) or french_months, monthly


def _assemble(y: np.ndarray, m: np.ndarray, d: np.ndarray | None = None) -> np.ndarray:
    """Dates from numbers, the first of the month without day; an impossible one (31/02, month 13) is NaT."""
    year = np.where(y >= 100, y, y + np.where(y < 70, 2000, 1900))
    day = np.ones_like(y) if d is None else d
    possible = (year >= _FIRST_YEAR) & (year <= _LAST_YEAR) & (m >= 1) & (m <= 12) & (day >= 1)
    month = (np.where(possible, (year - 1970) * 12 + m - 1, 0)).astype("datetime64[M]")
    dates = month.astype("datetime64[D]") + (day - 1).astype("timedelta64[D]")
    return np.where(possible & (dates.astype("datetime64[M]") == month), dates, np.datetime64("NaT", "D")).astype(
        "datetime64[s]"
    )


def _read_words(texts: pa.Array, values: np.ndarray) -> bool:
    """Fill in place janv.-24, 1er mars 2024, 2024 mars, 2024-T1, 1er trimestre 2024; whether a quarter was met."""
    worded = pc.match_substring_regex(texts, r"\pL.*\d|\d.*\pL").to_numpy(zero_copy_only=False).astype(bool)
    target = np.flatnonzero(np.isnat(values) & worded)
    if not len(target):
        return False
    words = pa.array([normalise(t) for t in texts.take(pa.array(target)).to_pylist()], pa.string())
    for pattern in (_WORDS, _WORDS_YEAR_FIRST, _DAY_WORDS, _COMPACT_WORDS):
        rows, parts = _extract(words, pattern)
        if rows.any():
            dates = _assemble(parts["y"], parts["w"], parts.get("d"))
            values[target[rows]] = np.where(np.isnat(dates), values[target[rows]], dates)
    quarters = False
    for pattern in _QUARTERS:
        rows, parts = _extract(words, pattern)
        if rows.any():
            quarter = parts["q"] + parts["r"] + parts["s"]
            values[target[rows]] = _assemble(parts["y"], 3 * quarter - 2)
            quarters = True
    return quarters


def _read_serials(texts: pa.Array, values: np.ndarray, since_1904: bool) -> bool:
    """Fill in place the Excel day numbers (days since 30 December 1899, or 1 January 1904) from 1982 to 2064."""
    rows, parts = _extract(texts, _SERIAL)
    if rows.any():
        first = np.datetime64("1904-01-01" if since_1904 else "1899-12-30")
        days = (first + parts["n"].astype("timedelta64[D]")).astype("datetime64[s]")
        values[rows] = np.where(np.isnat(values[rows]), days, values[rows])
    return bool(rows.any())
