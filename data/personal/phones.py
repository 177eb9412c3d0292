"""Telephone numbers, French or foreign, written in any way, among them those whose first 0 a spreadsheet took off."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from stdnum import luhn

from data.personal.texts import SOME, compact, enough, matches, sample

_WRITTEN = r"\b0[1-9](?:[ .-]?\d{2}){4}\b"
#: A number beside words, or two numbers in one cell.
_INSIDE = rf"[A-Za-z].*{_WRITTEN}|{_WRITTEN}.*[A-Za-z]{{3}}|{_WRITTEN}.+{_WRITTEN}"


def phone_share(values: pa.Array) -> float:
    """Share of telephone numbers, French or written with a country code."""
    texts = compact(pc.replace_substring_regex(values, r"\(0\)", ""))
    french = matches(texts, r"^(?:\+33|0033)0?[1-9]\d{8}$") | matches(texts, r"^\+\d{9,14}$")
    ten = matches(texts, r"^0[1-9]\d{8}$")
    written = french | (ten & matches(values, r"^0\d(?:[ .\-/_]\d{2}){4}$"))
    if written.any():
        return enough(written | ten, 0.3)
    inside = matches(values, _INSIDE)
    if inside.sum() >= 3:
        return enough(inside, SOME)
    share = _shortened_share(texts)
    if share:
        return share
    return enough(ten, 0.8) if _dialled(texts.filter(pa.array(ten))) else 0.0


def _dialled(texts: pa.Array) -> bool:
    """Whether ten-digit numbers vary as telephones do, and not as references that share their first digits."""
    if len(texts) < 2:
        return False
    zones = pc.unique(pc.utf8_slice_codeunits(texts, 0, 2)).to_pylist()
    blocks = len(pc.unique(pc.utf8_slice_codeunits(texts, 2, 6)))
    mobile = set(zones) <= {"06", "07"}
    return blocks >= 0.5 * min(len(texts), 200) and (mobile or len(zones) >= min(3, len(texts)))


def _shortened_share(texts: pa.Array) -> float:
    """Share of mobile numbers without their 0; firms (SIREN) have a key, references share their first digits."""
    nine = matches(texts, r"^[67]\d{8}$")
    if len(texts) < 20 or nine.mean() < 0.95:
        return 0.0
    kept = texts.filter(pa.array(nine))
    zones = len(pc.unique(pc.utf8_slice_codeunits(kept, 0, 2)))
    firms = float(np.mean([luhn.is_valid(text) for text in sample(kept, 300)]))
    varied = zones >= 8 and _dialled(pc.binary_join_element_wise("0", kept, ""))
    return float(nine.mean()) if varied and firms < 0.5 else 0.0
