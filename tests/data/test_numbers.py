"""Numbers: the French spellings, the refusals, and the ambiguities that must not be settled in silence."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.readers.numbers import MISSING, parse_numbers


def read(*texts: str, decimal: str | None = None):
    return parse_numbers(pa.array(texts, pa.string()), np.ones(len(texts), dtype=int), decimal=decimal)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12", 12),
        ("12,5", 12.5),
        ("-12,50", -12.5),
        ("−12,50", -12.5),
        ("12,50-", -12.5),
        ("(12,50)", -12.5),
        ("( 1 234,50 € )", -1234.5),
        ("(1 234,50) €", -1234.5),
        ("+7,1", 7.1),
        ("- 7,1", -7.1),
        ("1 234,5", 1234.5),
        ("1\u00a0234\u00a0567,89", 1234567.89),
        ("1\u202f234,50", 1234.5),
        ("1’234,50", 1234.5),
        ("1.234.567,89", 1234567.89),
        ("12,50 €", 12.5),
        ("€ 12,50", 12.5),
        ("12,50 EUR", 12.5),
        ("12 euros", 12),
        (",5", 0.5),
        ("  3,14  ", 3.14),
    ],
)
def test_reads_french_spellings(text, value):
    assert read(text, "0,25").values[0] == value


@pytest.mark.parametrize(
    "text",
    [
        "abc",
        "inf",
        "-inf",
        "Infinity",
        "nan",
        "NaN",
        "1e5",
        "1E+05",
        "12 34",
        "1 23,4",
        "1,2,3",
        "12€50",
        "--5",
        "5,",
        "0x1F",
        "1_000",
        "１２",
        "12,5,",
        "1.23.456",
        "12345678901234567890",
        "5 €€",
        "(5",
        "5)",
    ],
)
def test_refuses_what_is_not_an_amount(text):
    numbers = read(text, "0,25", "3,5")
    assert numbers.bad[0]
    assert np.isnan(numbers.values[0])


@pytest.mark.parametrize("text", [*MISSING, "N/A", "ND", " - "])
def test_missing_is_missing_and_not_zero(text):
    numbers = read(text, "0,25")
    assert numbers.missing[0]
    assert not numbers.bad[0]
    assert np.isnan(numbers.values[0])


@pytest.mark.parametrize(
    "texts", [("1.234",), ("1.234", "850"), ("12.500", "2.000"), ("1,234",), ("1.5", "2,5"), ("1,234", "1.234")]
)
def test_what_can_be_read_two_ways_is_not_read(texts):
    numbers = read(*texts)
    assert numbers.undecided
    assert np.isnan(numbers.values).all()


@pytest.mark.parametrize(
    ("texts", "values"),
    [
        (("1.234", "12,5"), (1234, 12.5)),
        (("1.234", "1.234.567"), (1234, 1234567)),
        (("1.234", "12.5"), (1.234, 12.5)),
        (("1,234.56", "1,234"), (1234.56, 1234)),
        (("0.123", "0.500"), (0.123, 0.5)),
        (("1234.567", "1.234"), (1234.567, 1.234)),
    ],
)
def test_one_certain_cell_settles_the_column(texts, values):
    assert tuple(read(*texts).values) == values


def test_a_stray_spelling_is_outvoted_and_refused():
    numbers = read(*(f"{i},5" for i in range(60)), "7.5")
    assert numbers.decimal == ","
    assert numbers.bad.tolist() == [False] * 60 + [True]


def test_an_imposed_sign_reads_what_was_ambiguous():
    assert read("1.234", decimal=",").values[0] == 1234
    assert read("1.234", decimal=".").values[0] == 1.234
    both = read("1.5", "2,5", "1.234", decimal="both")
    assert both.values[:2].tolist() == [1.5, 2.5]
    assert both.bad[2]


def test_percentages_are_divided_and_a_bare_number_among_them_is_refused():
    numbers = read("12,5 %", "3 %", "4")
    assert numbers.percent
    assert numbers.values[:2].tolist() == [0.125, 0.03]
    assert numbers.bad[2]


def spell(cents: int, thousands: str, decimal: str, negative: str, currency: str) -> str:
    whole, rest = divmod(abs(cents), 100)
    text = f"{whole:,}".replace(",", thousands) + f"{decimal}{rest:02d}{currency}"
    if cents >= 0:
        return text
    return {"minus": f"-{text}", "parentheses": f"({text})"}[negative]


@settings(deadline=None)
@given(
    st.lists(st.integers(-(10**12), 10**12), min_size=1, max_size=20),
    st.sampled_from(
        [("", ","), (" ", ","), ("\u00a0", ","), ("\u202f", ","), (".", ","), ("", "."), (" ", "."), (",", ".")]
    ),
    st.sampled_from(["minus", "parentheses"]),
    st.sampled_from(["", " €", "\u00a0€", " EUR"]),
)
def test_round_trip_to_the_cent(amounts, signs, negative, currency):
    thousands, decimal = signs
    numbers = read(*(spell(a, thousands, decimal, negative, currency) for a in amounts))
    assert not numbers.bad.any()
    assert np.rint(numbers.values * 100).astype(np.int64).tolist() == amounts


@settings(deadline=None)
@given(st.lists(st.text(max_size=12), min_size=1, max_size=8))
def test_no_text_ever_becomes_an_infinite_or_unexplained_amount(texts):
    numbers = read(*texts)
    assert not np.isinf(numbers.values).any()
    unread = np.isnan(numbers.values)
    assert (unread == (numbers.missing | numbers.bad)).all()
