"""Pseudonyms: the same value gives the same pseudonym under the same key, and nothing without the key."""

from __future__ import annotations

import hmac
import unicodedata
from typing import TypeVar

import pandas as pd
import pyarrow as pa

Values = TypeVar("Values", pd.Series, pa.Array, pa.ChunkedArray)
#: 96 bits: among 10 million values, the chance that two share a pseudonym is below 1 in 10^15.
_HEX = 24
_IGNORED = str.maketrans("", "", " .-/\u00a0\u202f")


def pseudonyms(values: Values, key: bytes, kind: str = "") -> Values:
    """Keyed pseudonyms (HMAC-SHA-256, truncated) of a column; a missing or empty cell stays missing.

    Parameters
    ----------
    values : pandas.Series, pyarrow.Array or pyarrow.ChunkedArray
        Cells; each distinct one is hashed once.
    key : bytes
        From :func:`data.personal.load_key`; another key gives other pseudonyms.
    kind : str, optional
        Key of :data:`data.personal.KINDS`. For "nir" and "nia" the number alone counts, with or without its key, so
        that two files of the same mutual meet.

    Returns
    -------
    Same type as `values`
        « p » then 24 hexadecimal digits: no spreadsheet takes them for a number.

    Notes
    -----
    Without a key a NIR is found by trying them all (2.4 × 10^11 values, minutes of computing). HMAC: RFC 2104,
    truncation: RFC 2104 section 5 (not under half of the hash, nor under 80 bits, when it authenticates; here it only
    names).
    """
    if len(key) < 16:
        raise ValueError("key: at least 16 bytes")
    if isinstance(values, pd.Series):
        plain = values if isinstance(values.dtype, pd.StringDtype) else values.astype("str")
        hashed = pseudonyms(pa.array(plain, type=pa.string(), from_pandas=True), key, kind)
        return pd.Series(hashed.to_pandas().to_numpy(), index=values.index, name=values.name, dtype="str")
    if isinstance(values, pa.ChunkedArray):
        # One dictionary for all chunks: a value repeated in several is hashed once.
        encoded = values.cast(pa.string()).dictionary_encode().unify_dictionaries()
        names = _hash(encoded.chunk(0).dictionary, key, kind) if encoded.num_chunks else pa.array([], pa.string())
        return pa.chunked_array([names.take(c.indices) for c in encoded.chunks], type=pa.string())
    encoded = values.cast(pa.string()).dictionary_encode()
    return _hash(encoded.dictionary, key, kind).take(encoded.indices)


def _hash(values: pa.Array, key: bytes, kind: str) -> pa.Array:
    return pa.array([_pseudonym(text, key, kind) for text in values.to_pylist()], type=pa.string())


def _pseudonym(text: str, key: bytes, kind: str) -> str | None:
    plain = unicodedata.normalize("NFKC", text).strip().upper()
    if kind in ("nir", "nia", "iban", "telephone"):
        plain = plain.translate(_IGNORED)
    if kind in ("nir", "nia") and len(plain) == 15:
        plain = plain[:13]
    return f"p{hmac.digest(key, plain.encode(), 'sha256').hex()[:_HEX]}" if plain else None
