"""Amounts and intervals typed the French way."""

from __future__ import annotations

import pytest

from analytics.errors import ParameterError
from analytics.prescriptive import REPONSES
from pages.components.responses import _plain, unit_of
from pages.components.typed import parse_amount, parse_interval


@pytest.mark.parametrize(
    ("text", "value"),
    [("1,2 M€", 1.2e6), ("350 k€", 350e3), ("350k", 350e3), ("1 200 000", 1.2e6), ("−2 Md€", -2e9), ("12,50 €", 12.5)],
)
def test_amounts(text, value):
    assert parse_amount(text) == pytest.approx(value)


@pytest.mark.parametrize("text", ["", "M€", "beaucoup", "1 M€ 2", "1e9", "12 M M"])
def test_what_is_not_an_amount_is_refused(text):
    with pytest.raises(ParameterError):
        parse_amount(text)


@pytest.mark.parametrize(
    ("text", "unit", "found"),
    [
        ("0,2 (0 à 0,3)", "nombre", (0.0, 0.2, 0.3)),
        ("4", "nombre", (4.0, 4.0, 4.0)),
        ("50 % (20 % à 80 %)", "taux", (0.2, 0.5, 0.8)),
        ("50 (20 à 80)", "taux", (0.2, 0.5, 0.8)),
        ("0 % (−5 % à 15 %)", "taux", (-0.05, 0.0, 0.15)),
        ("4 [2 ; 8]", "nombre", (2.0, 4.0, 8.0)),
        ("4 (de 2 à 8)", "nombre", (2.0, 4.0, 8.0)),
    ],
)
def test_intervals(text, unit, found):
    assert parse_interval(text, unit) == pytest.approx(found)


@pytest.mark.parametrize("text", ["4 (8 à 2)", "9 (2 à 8)", "x (1 à 2)", "1 (2 à", "", "(1 à 2)", "1 (2)"])
def test_what_is_not_an_interval_is_refused(text):
    with pytest.raises(ParameterError):
        parse_interval(text, "nombre")


@pytest.mark.parametrize("response", REPONSES, ids=lambda r: r.key)
def test_each_response_left_alone_is_read_as_it_is_held(response):
    unit = unit_of(response)
    text = "{} ({} à {})".format(*(_plain(v, unit) for v in (response.valeur, response.bas, response.haut)))
    assert parse_interval(text, unit) == (response.bas, response.valeur, response.haut)
