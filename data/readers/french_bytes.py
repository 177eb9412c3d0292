"""How likely a character is where it stands in French: what tells one single-byte encoding from another."""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import lru_cache

import numpy as np

#: Single-byte encodings French software writes, most likely first (the first wins a tie).
CANDIDATES = ("cp1252", "iso-8859-15", "mac_roman", "cp850")
#: Logarithm (base 10) of the share of each character in French text; the rest is at :data:`_STRANGE`.
_SHARES = {
    "é": -1.7, "à": -2.3, "è": -2.5, "ê": -2.7, "ç": -3.1, "â": -3.3, "î": -3.3, "ô": -3.3, "û": -3.2, "ù": -3.2,
    "ë": -3.9, "ï": -3.9, "œ": -3.5, "ü": -4.4, "ö": -4.5, "ä": -4.6, "æ": -4.8, "ÿ": -5.0, "ñ": -4.8, "É": -2.9,
    "È": -3.6, "À": -3.5, "Ê": -3.9, "Ç": -4.0, "Î": -4.0, "Ô": -4.0, "Â": -4.0, "Û": -4.3, "Œ": -4.4, "Ë": -4.4,
    "Ï": -4.5, "Ù": -4.6, "Ü": -4.6, "Ö": -4.8, "Ä": -4.9, "Ÿ": -5.0, "Æ": -5.0, "’": -2.3, "€": -2.5, "\xa0": -2.6,
    "«": -3.2, "»": -3.2, "–": -3.2, "—": -3.8, "°": -3.0, "…": -3.6, "²": -3.9, "³": -4.2, "“": -3.9, "”": -3.9,
    "‘": -4.2, "½": -4.4, "·": -4.3, "•": -4.1, "±": -4.4, "×": -4.5, "§": -4.4, "µ": -4.4, "£": -4.6, "®": -4.7,
    "©": -4.8, "™": -4.8, "≤": -4.6, "≥": -4.6, "÷": -4.9,
}  # fmt: skip
_STRANGE = -6.5
_NEWLINE = 10
_ODD = -2.5
_VOWELS = frozenset("aeiouyAEIOUY")


def likelihood(triples: Iterable[tuple[str, str, str, int]]) -> float:
    """Logarithm of the likelihood of characters, each with its neighbours and how often they are met together."""
    return sum(_merit(*neighbours) * (1.0 + math.log(count)) for *neighbours, count in triples)


def byte_triples(data: bytes) -> np.ndarray:
    """Distinct (byte before, byte over 127, byte after) and their count, one per row."""
    codes = np.frombuffer(data, dtype=np.uint8)
    high = np.flatnonzero(codes.view(np.int8) < 0)
    before = np.where(high > 0, codes[high - 1], _NEWLINE).astype(np.int32)
    after = np.where(high + 1 < len(codes), codes[np.minimum(high + 1, len(codes) - 1)], _NEWLINE)
    distinct, counts = np.unique(before << 16 | codes[high].astype(np.int32) << 8 | after, return_counts=True)
    return np.column_stack([distinct >> 16, distinct >> 8 & 255, distinct & 255, counts])


def may_hold_utf8(triples: np.ndarray) -> bool:
    """Whether a byte that begins a character of UTF-8 is ever followed by one that goes on with it."""
    _, code, after, _ = triples.T
    return bool(((code >= 0xC2) & (code <= 0xEF) & (after >= 0x80) & (after <= 0xBF)).any())


def vote(triples: np.ndarray) -> tuple[str, float]:
    """The candidate under which bytes, given by :func:`byte_triples`, are the most likely French; its likelihood."""
    triples = triples.tolist()
    scores = {encoding: _score(triples, encoding) for encoding in CANDIDATES}
    best = max(CANDIDATES, key=lambda encoding: scores[encoding])
    return best, scores[best]


def _score(triples: list[list[int]], encoding: str) -> float:
    chars = _characters(encoding)
    if any(chars[code] == "\ufffd" for _, code, _, _ in triples):
        return -math.inf
    return likelihood((chars[a], chars[b], chars[c], count) for a, b, c, count in triples)


@lru_cache
def _characters(encoding: str) -> tuple[str, ...]:
    return tuple(bytes([code]).decode(encoding, errors="replace") for code in range(256))


@lru_cache(maxsize=1 << 16)
def _merit(before: str, char: str, after: str) -> float:
    """Logarithm of the share of a character, lower where French does not put it."""
    if char not in _SHARES:
        return _STRANGE
    if char.islower():
        place = _as_small(before, char, after)
    elif char.isupper():
        place = _as_capital(before, char, after)
    else:
        place = _as_sign(before, char, after)
    return max(_SHARES[char] + place, _STRANGE)


def _as_small(before: str, char: str, after: str) -> float:
    """Cost of the place of a small letter."""
    if (before.isupper() and not after.islower()) or before.isdigit() or after.isdigit():
        return _ODD
    if not before.isalpha():
        if char == "à":
            return _ODD if after.isalpha() else 0.5
        starts = {"é": -0.3, "ê": -0.6, "œ": -0.3, "î": -1.0, "â": -0.2 if after == "g" else -1.8}
        return starts.get(char, _ODD) if after.islower() else _ODD
    if char in "àù":
        return _ODD if after.isalpha() or before.isupper() else 0.0
    if char == "ç":
        return 0.0 if after in ("a", "o", "u") else _ODD
    if char in "ëï":
        return 0.0 if before in _VOWELS or before in "éûö" else -2.0
    if char in "èêâôîïœ" and not after.isalpha():
        return _ODD
    if char in "êâô":
        return -1.5 if before in _VOWELS else 0.0
    return _ODD if after.isupper() else 0.0


def _as_capital(before: str, char: str, after: str) -> float:
    """Cost of the place of a capital."""
    if before.islower() or before.isdigit():
        return _ODD - 1.0
    if before.isupper():
        return -2.0 if after.islower() else 0.0
    if not after.isalpha():
        return 0.0 if char == "À" else _ODD
    return 0.0 if char in "ÉÎÊÂÔŒÀ" else -2.0


def _as_sign(before: str, char: str, after: str) -> float:
    """Cost of the place of a sign."""
    inside = before.isalpha() and after.isalpha()
    if char == "’":
        return 0.0 if inside else _ODD
    if char == "€":
        return 0.0 if not after.isalpha() and (not before.isalpha() or before in "kMdK") else _ODD
    if char == "°":
        return 0.0 if before in "nN" or before.isdigit() else _ODD
    if char in "²³":
        return 0.0 if before.isalpha() and not after.isalpha() else _ODD
    if char == "½":
        return 0.0 if not inside and (before.isdigit() or before.isspace()) else _ODD
    if char == "…":
        return _ODD if after.isalpha() else 0.0
    if char in "\xa0«»–—“”‘•·":
        return _ODD if inside and char != "\xa0" else (-2.0 if inside else 0.0)
    return _ODD if inside else 0.0
