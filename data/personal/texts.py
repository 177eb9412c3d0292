"""Distinct cells of a column, ready for the recognisers."""

from __future__ import annotations

import unicodedata

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

#: Distinct values looked at, spread evenly over those of the column: a share is then known within half a point.
SAMPLE = 50_000
#: Evidence that chance does not give (a key, an arobase): this share of a column is enough to call it personal.
SOME = 0.05
_SPACES = r"[\s\x{00A0}\x{202F}\x{2009}]+"


def distinct(texts: pd.Series | pa.Array | pa.ChunkedArray) -> pa.Array:
    """Non-empty distinct cells without spaces around, at most :data:`SAMPLE` of them."""
    if isinstance(texts, pd.Series):
        plain = texts if isinstance(texts.dtype, pd.StringDtype) else texts.dropna().astype("str")
        texts = pa.array(plain, type=pa.string(), from_pandas=True)
    # Twice: once to shorten what is cleaned, once because cleaning makes equals.
    values = _spread(pc.unique(texts).drop_null())
    values = pc.unique(pc.utf8_trim_whitespace(pc.replace_substring_regex(values, _SPACES, " ")))
    return values.filter(pc.greater(pc.utf8_length(values), 0))


def _spread(values: pa.Array, limit: int = SAMPLE) -> pa.Array:
    if len(values) <= limit:
        return values
    return values.take(pa.array(np.linspace(0, len(values) - 1, limit).astype(np.int64)))


def sample(values: pa.Array, limit: int) -> list[str]:
    """At most `limit` of the values, spread evenly, as Python strings."""
    return _spread(values, limit).to_pylist()


def matches(values: pa.Array, pattern: str) -> np.ndarray:
    """Which values hold a regular expression (RE2)."""
    return pc.match_substring_regex(values, pattern).to_numpy(zero_copy_only=False)


def enough(found: np.ndarray, share: float, least: int = 2) -> float:
    """Share found, or 0 when it is less than asked or rests on fewer than `least` values of a longer column."""
    count = int(found.sum())
    believed = len(found) and count / len(found) >= share and (count >= least or count == len(found))
    return count / len(found) if believed else 0.0


def compact(values: pa.Array) -> pa.Array:
    """Values in upper case without spaces nor punctuation; the « .0 » that a spreadsheet adds is taken off."""
    whole = pc.replace_substring_regex(values, r"^(\d{9,15})[.,]0+$", r"\1")
    return pc.utf8_upper(pc.replace_substring_regex(whole, r"[ .\-/_'’()]", ""))


def flat(text: str) -> str:
    """Upper case without accents."""
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c)).upper()
