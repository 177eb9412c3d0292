"""Personal data hidden in what is shown or kept about lines that were not used."""

from __future__ import annotations

import re

import pandas as pd

from data.personal.identifiers import ADDRESS, EMAIL
from data.personal.names import hide_names

_GAP = r"[ .\-\u00a0\u202f]?"
_PAIR = rf"{_GAP}\d{{2}}"
_NIR = rf"[1-478]{_PAIR}{_PAIR}{_GAP}(?:\d{{2}}|2[AaBb]){_GAP}\d{{3}}{_GAP}\d{{3}}(?:{_PAIR})?"
_IBAN = r"[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?"
_PHONE = rf"(?:(?:\+|00)\d{{2}} ?(?:\(0\))?{_GAP}|0)[1-9](?:{_PAIR}){{4}}"
#: Whole dates before 2010: births, rarely care; a birth of two digits is told by its year.
_OLD = r"(?:19\d{2}|200\d)"
_MONTH_DAY = r"(?:0?[1-9]|1[0-2])[/.\-](?:0?[1-9]|[12]\d|3[01])"
_DAY_MONTH = r"(?:0?[1-9]|[12]\d|3[01])[/.\-](?:0?[1-9]|1[0-2])"
_BIRTH = (
    rf"{_DAY_MONTH}[/.\-](?:{_OLD}|[3-9]\d)|{_OLD}[/.\-]{_MONTH_DAY}|{_OLD}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])"
)
_ANYWHERE = re.compile(
    rf"{EMAIL}|(?<![A-Za-z0-9])(?:{_NIR}|{_IBAN}|{_PHONE}|{_BIRTH})(?![A-Za-z0-9])|(?i:{ADDRESS}[^;,\t|]*)"
)
_LETTER = re.compile(r"[^\W\d_]")
_DIGIT = re.compile(r"\d")


def masked(texts: pd.Series) -> pd.Series:
    """Texts where anything that looks like personal data is replaced by « … ».

    Numbers, electronic and postal addresses, telephones, dates before 2010 and names that the lists know. A rare name
    stays readable: for whole lines of a file that has personal columns, use :func:`outline`.
    """
    return texts.map(lambda text: hide_names(_ANYWHERE.sub("…", text)) if isinstance(text, str) else text)


def outline(texts: pd.Series) -> pd.Series:
    """Texts whose letters became « x » and digits « 9 »: the fault stays readable, the person does not."""
    return texts.map(lambda text: _DIGIT.sub("9", _LETTER.sub("x", text)) if isinstance(text, str) else text)
