"""A picture, or its figures, as a file: PNG, and CSV that a French spreadsheet opens as it is."""

from __future__ import annotations

import json
import re

import pandas as pd

from analytics.french import cleaned
from charts.picture import Picture
from charts.theme import SIMULATED

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_NUMBER = re.compile(r"[+-]?\d[\d \u00a0\u202f]*([.,]\d+)?")


def to_png(picture: Picture, *, scale: float = 2) -> bytes:
    """PNG of a picture, on white."""
    import vl_convert  # 84 MB that only an export needs

    spec = clean_texts({**picture.standalone(), "width": 760, "background": "white", "padding": 16})
    return vl_convert.vegalite_to_png(json.dumps(spec), scale=scale)


def clean_texts(part: object) -> object:
    """The same values, texts cleaned: a control character in a label ends the whole process inside vl-convert."""
    if isinstance(part, dict):
        return {cleaned(key): clean_texts(value) for key, value in part.items()}
    if isinstance(part, (list, tuple)):
        return [clean_texts(value) for value in part]
    return cleaned(part) if isinstance(part, str) else part


def to_csv(table: pd.DataFrame, *, is_demo: bool = False) -> bytes:
    """CSV with `;`, decimal comma and a byte-order mark; simulated figures say so in a column.

    A text that a spreadsheet would run as a formula is preceded by an apostrophe, a title too; a number is not.
    """
    shown = table.rename(columns=_harmless)
    for column in shown.columns:
        if pd.api.types.is_datetime64_any_dtype(shown[column]):
            shown[column] = shown[column].dt.strftime("%m/%Y")
        elif not pd.api.types.is_numeric_dtype(shown[column]):
            shown[column] = shown[column].map(_harmless, na_action="ignore")
    if is_demo:
        shown["Origine"] = SIMULATED
    return shown.to_csv(sep=";", decimal=",", index=False).encode("utf-8-sig")


def _harmless(cell: object) -> str:
    text = str(cell)
    return f"'{text}" if text.startswith(_FORMULA) and not _NUMBER.fullmatch(text) else text
