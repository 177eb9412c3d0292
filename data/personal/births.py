"""Dates of birth, told from other dates by what a title says or by how years and days are spread."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data.personal.texts import matches

_TIME = r"(?:[ T]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?Z?)?$"
#: Years over which births spread at least; `n` dates drawn among that many meet about so many distinct years.
_YEARS = 42
#: Ways to write a whole date, with the order of its parts.
_FORMATS = (
    r"^(?P<d>\d{1,2})[/.\- ](?P<m>\d{1,2})[/.\- ](?P<y>\d{4})" + _TIME,
    r"^(?P<y>\d{4})[/.\- ](?P<m>\d{1,2})[/.\- ](?P<d>\d{1,2})" + _TIME,
    r"^(?P<y>19\d{2}|20[0-3]\d)(?P<m>\d{2})(?P<d>\d{2})$",
    r"^(?P<d>\d{2})(?P<m>\d{2})(?P<y>19\d{2}|20[0-3]\d)$",
    r"^(?P<d>\d{1,2})[/.\- ](?P<m>\d{1,2})[/.\- ](?P<y>\d{2})" + _TIME,
    r"^(?P<m>\d{1,2})[/.\-](?P<d>\d{1,2})[/.\-](?P<y>\d{4})" + _TIME,
    r"^(?P<d>\d{1,2})(?:er)? [A-Za-zéèûôÉÛ]{3,9}\.? (?P<y>\d{4})$",
)


def date_share(values: pa.Array) -> float:
    """Share of the values that are whole dates."""
    return max(len(_parse(values, pattern)[0]) for pattern in _FORMATS) / len(values) if len(values) else 0.0


def birth_share(values: pa.Array) -> float:
    """Share of dates in a column whose dates are spread as births: decades of years, every day of the month.

    Care and payments fall within a few recent years; contracts start on the first of a month, mostly since 1990.
    """
    for pattern in _FORMATS:
        years, days = _parse(values, pattern)
        if len(years) < 0.8 * len(values) or len(years) < 12:
            continue
        return len(years) / len(values) if _spread_like_births(years, days) else 0.0
    return 0.0


def _parse(values: pa.Array, pattern: str) -> tuple[np.ndarray, np.ndarray]:
    """Years and days of the month of the values that a pattern reads as a date that may be a birth."""
    parts = pc.extract_regex(values.filter(pa.array(matches(values, _plain(pattern)))), pattern)
    if len(parts) == 0:
        return np.array([], dtype=np.int64), np.array([], dtype=np.int64)
    year, day = (pc.cast(pc.struct_field(parts, f), pa.int64()).to_numpy() for f in "yd")
    written = "?P<m>" not in pattern  # the month is a word
    month = np.ones_like(day) if written else pc.cast(pc.struct_field(parts, "m"), pa.int64()).to_numpy()
    kept = (month >= 1) & (month <= 12) & (day >= 1) & (day <= 31) & ((year < 100) | ((year >= 1890) & (year < 2100)))
    return year[kept], day[kept]


def _plain(pattern: str) -> str:
    return pattern.replace("?P<d>", "").replace("?P<m>", "").replace("?P<y>", "")


def _spread_like_births(years: np.ndarray, days: np.ndarray) -> bool:
    n = len(years)
    daily = len(np.unique(days)) >= min(15, n // 3) and (days == 1).mean() < 0.3
    if not daily:
        return False
    if years.max() < 100:  # two digits: which century is not written, how many years there are is
        return len(np.unique(years)) >= _YEARS * (1 - np.exp(-n / _YEARS))
    low, middle, high = np.quantile(years, (0.05, 0.5, 0.95))
    return high - low >= 30 and low <= 1970 and middle <= 2000
