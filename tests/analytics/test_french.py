import math

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.errors import ParameterError
from analytics.french import (
    format_euros,
    format_gap,
    format_month,
    format_number,
    format_percent,
    format_period,
    parse_number,
)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1234567.8, "1\u202f234\u202f568"),
        (-0.4, "0"),
        (-1500, "−1\u202f500"),
        (math.nan, "—"),
        (None, "—"),
        (math.inf, "—"),
    ],
)
def test_number(value, expected):
    assert format_number(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (56_189_000, "56,2\u202fM€"),
        (1_230_000_000, "1,23\u202fMd€"),
        (950, "950\u202f€"),
        (12.5, "12,50\u202f€"),
        (640_938.6, "640,9\u202fk€"),
        (-2_400_000, "−2,40\u202fM€"),
        (0, "0,00\u202f€"),
    ],
)
def test_euros(value, expected):
    assert format_euros(value) == expected


def test_rates_differ_by_points():
    assert format_percent(0.0694, signed=True) == "+6,9\u202f%"
    assert format_gap(-0.012, "taux") == "−1,2\u202fpt"


def test_period():
    month = pd.Timestamp
    assert format_month(month("2026-08-01")) == "août\u00a02026"
    assert format_period(month("2025-01-01"), month("2025-12-01")) == "2025"
    assert format_period(month("2025-03-01"), month("2025-03-01")) == "mars\u00a02025"


@pytest.mark.parametrize(
    ("text", "value"),
    [("12,5", 12.5), ("1 234,56 €", 1234.56), ("+5 %", 0.05), ("−3,2%", -0.032), ("1\u202f000", 1000.0), (".5", 0.5)],
)
def test_parse(text, value):
    assert parse_number(text) == pytest.approx(value)


@pytest.mark.parametrize("text", ["", "abc", "inf", "nan", "1,2,3", "12-3", "1e5", "--4"])
def test_parse_refuses(text):
    with pytest.raises(ParameterError, match="pas un nombre"):
        parse_number(text)


@given(st.floats(-1e12, 1e12, allow_nan=False), st.integers(0, 4))
def test_what_is_written_is_read_back(value, decimals):
    assert parse_number(format_number(value, decimals)) == pytest.approx(round(value, decimals), abs=10.0**-decimals)
