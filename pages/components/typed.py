"""Amounts and intervals typed the French way: « 1,2 M€ », « 0,2 (0 à 0,3) », kept in the link."""

from __future__ import annotations

import re

import streamlit as st

from analytics.errors import ParameterError
from analytics.french import parse_in_unit, parse_number
from pages.components.messages import safe

Interval = tuple[float, float, float]
Bounds = tuple[float, float]
_SCALES = {"k": 1e3, "m": 1e6, "md": 1e9}
_AMOUNT = re.compile(r"(.*?)\s*(md|m|k)\s*€?", re.IGNORECASE | re.DOTALL)
_INTERVAL = re.compile(r"([^()\[\]]+?)\s*[(\[]\s*(?:de\s+)?(.+?)\s*(?:à|;|\ba\b)\s*(.+?)\s*[)\]]", re.IGNORECASE)
MOST_LETTERS = 60


def parse_amount(text: str) -> float:
    """Euros: « 1,2 M€ », « 350 k€ », « 1 200 000 ».

    Raises
    ------
    ParameterError
        The text is not one amount.
    """
    scaled = _AMOUNT.fullmatch(text.strip())
    return parse_number(scaled[1]) * _SCALES[scaled[2].lower()] if scaled else parse_number(text)


def parse_interval(text: str, unit: str) -> Interval:
    """A value and the two ends of its interval: « 0,2 (0 à 0,3) »; a lone value has no interval.

    Parameters
    ----------
    text : str
    unit : str
        Of :func:`analytics.french.parse_in_unit`: of a rate, « 50 » is 50 %.

    Returns
    -------
    tuple of float
        Low end, value, high end.

    Raises
    ------
    ParameterError
        Not numbers, or not in order.
    """
    found = _INTERVAL.fullmatch(text.strip())
    parts = found.groups() if found else (text, text, text)
    value, low, high = (parse_in_unit(part.strip(), unit) for part in parts)
    if not low <= value <= high:
        raise ParameterError("L’intervalle n’entoure pas la valeur.", valeur=text,
                             remede="Écrivez par exemple 0,2 (0 à 0,3).")  # fmt: skip
    return low, value, high


def interval_input(
    label: str, default: str, *, key: str, unit: str, bounds: Bounds, help: str | None = None
) -> Interval:
    """A value and its interval; the default stands for what cannot be used, and the screen says so."""
    text = st.text_input(label, value=default, key=key, bind="query-params", help=help, max_chars=MOST_LETTERS)
    try:
        low, value, high = parse_interval(text, unit)
        if bounds[0] <= low and high <= bounds[1]:
            return low, value, high
        reason = "L’intervalle sort de ce qui est possible."
    except ParameterError as error:
        reason = f"{error.message} {error.remede}"
    st.warning(f"{safe(reason)} Valeur retenue : {safe(default)}.")
    return parse_interval(default, unit)


def optional_input(label: str, *, key: str, unit: str, bounds: Bounds, help: str | None = None) -> float | None:
    """A number, or nothing; what cannot be used is told and counts for nothing."""
    text = st.text_input(
        label, value="", key=key, bind="query-params", help=help, placeholder="Sans", max_chars=MOST_LETTERS
    )
    if not (text or "").strip():
        return None
    try:
        value = parse_amount(text) if unit == "EUR" else parse_in_unit(text, unit)
        if bounds[0] <= value <= bounds[1]:
            return value
        reason = "La valeur sort de ce qui est possible."
    except ParameterError as error:
        reason = f"{error.message} {error.remede}"
    st.warning(f"{safe(reason)} Elle n’est pas comptée.")
    return None
