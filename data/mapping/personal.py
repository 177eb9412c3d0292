"""Columns that identify people: found by name or by content, never stored."""

from __future__ import annotations

import re

import pandas as pd

from data.vocabulary import guess

#: Cells looked at, spread over the whole column.
_SAMPLE = 5000
_EMAIL = r"[^@\s;,]+@[^@\s;,]+\.[A-Za-z]{2,}"
_NIR = r"[1-478]\s?\d{2}\s?(?:0[1-9]|1[0-2]|[2-9]\d)\s?(?:\d{2}|2[AB])\s?\d{3}\s?\d{3}(?:\s?\d{2})?"
_IBAN = r"[A-Z]{2}\d{2}(?:\s?[A-Z0-9]{4}){3,7}(?:\s?[A-Z0-9]{1,3})?"
_PHONE = r"(?:\+33\s?|0033\s?|0)[1-9](?:[\s.-]?\d{2}){4}"
#: What is looked for -> pattern and share of the distinct values that must match.
_CONTENT = (
    ("adresses électroniques", _EMAIL, 0.2),
    ("numéros de sécurité sociale", _NIR, 0.8),
    ("IBAN", _IBAN, 0.8),
    ("numéros de téléphone", _PHONE, 0.8),
)
_ANYWHERE = re.compile(f"{_EMAIL}|\\b{_NIR}\\b|\\b{_IBAN}\\b|\\b{_PHONE}\\b")


def personal_content(header: str, texts: pd.Series) -> str:
    """What personal data a column holds, in French plural; "" for none.

    Parameters
    ----------
    header : str
        Title of the column.
    texts : pandas.Series of str
        Its cells.
    """
    named = guess(header)
    if named is not None and named.kind == "personal":
        return "données personnelles"
    values = texts.iloc[:: max(1, len(texts) // _SAMPLE)].str.strip()
    values = values[values != ""].drop_duplicates()
    if len(values) == 0:
        return ""
    for label, pattern, share in _CONTENT:
        if values.str.fullmatch(pattern).mean() >= share:
            return label
    return ""


def masked(texts: pd.Series) -> pd.Series:
    """Texts where anything that looks like personal data is replaced by "…"."""
    return texts.str.replace(_ANYWHERE, "…", regex=True)
