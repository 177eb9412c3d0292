"""A rate typed the French way, kept in the link, and told back when it cannot be read."""

from __future__ import annotations

import streamlit as st

from analytics.errors import ParameterError
from analytics.french import parse_number
from pages.components.messages import safe


def rate_input(label: str, default: str, *, key: str, help: str | None = None) -> float:
    """Rate in percent: « 3 », « 3 % » and « 3,0 % » are the same; the default stands for what cannot be read."""
    text = st.text_input(label, value=default, key=key, bind="query-params", help=help)
    return _read(text if "%" in text else f"{text} %", f"{default} %" if "%" not in default else default)


def number_input(label: str, default: str, *, key: str, help: str | None = None) -> float:
    """Number typed the French way; the default stands for what cannot be read."""
    return _read(st.text_input(label, value=default, key=key, bind="query-params", help=help), default)


def _read(text: str, default: str) -> float:
    try:
        return parse_number(text)
    except ParameterError as error:
        st.warning(f"{safe(error.message)} {safe(error.remede)} Valeur retenue : {safe(default)}.")
        return parse_number(default)
