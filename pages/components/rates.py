"""A rate typed the French way, kept in the link, and told back when it cannot be read."""

from __future__ import annotations

import streamlit as st

from analytics.errors import ParameterError
from analytics.french import format_number, format_percent, parse_number
from pages.components.messages import safe

Bounds = tuple[float, float]
WIDE: Bounds = (-0.5, 1.0)


def rate_input(label: str, default: str, *, key: str, help: str | None = None, bounds: Bounds = WIDE) -> float:
    """Rate in percent: « 3 », « 3 % » and « 3,0 % » are the same; the default stands for what cannot be used."""
    text = st.text_input(label, value=default, key=key, bind="query-params", help=help)
    limits = [format_percent(bound, 0) for bound in bounds]
    return _read(_in_percent(text), _in_percent(default), bounds, limits)


def read_rate(text: str, bounds: Bounds = WIDE) -> float | None:
    """A rate as :func:`rate_input` reads it; None when it would refuse it."""
    try:
        value = parse_number(_in_percent(text))
    except ParameterError:
        return None
    return value if bounds[0] <= value <= bounds[1] else None


def number_input(label: str, default: str, *, key: str, help: str | None = None, bounds: Bounds) -> float:
    """Number typed the French way; the default stands for what cannot be used."""
    text = st.text_input(label, value=default, key=key, bind="query-params", help=help)
    return _read(text, default, bounds, [format_number(bound) for bound in bounds])


def _in_percent(text: str) -> str:
    return text if "%" in text else f"{text} %"


def _read(text: str, default: str, bounds: Bounds, limits: list[str]) -> float:
    try:
        value = parse_number(text)
        if bounds[0] <= value <= bounds[1]:
            return value
        reason = f"La valeur doit être entre {limits[0]} et {limits[1]}."
    except ParameterError as error:
        reason = f"{error.message} {error.remede}"
    st.warning(f"{safe(reason)} Valeur retenue : {safe(default)}.")
    return parse_number(default)
