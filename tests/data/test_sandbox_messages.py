"""What a confined process says is bounded and typed, or refused."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.errors import InsufficientData, PaliersError, ParameterError, ReadError
from data.sandbox.messages import MAX_LINE, clean, error_fields, error_of, parse

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
kinds = st.sampled_from(["progress", "result", "started", "limit", "unexpected", "error", "ready", "autre"])
names = st.sampled_from(
    ["fraction", "text", "result", "applied", "limit", "place", "code", "message", "ligne", "colonne", "questions"]
)


@given(kind=kinds, fields=st.dictionaries(names, json_values))
def test_a_message_is_bounded_and_typed_or_refused(kind, fields):
    line = json.dumps({"kind": kind, **fields}).encode() + b"\n"
    try:
        message = parse(line)
    except (ValueError, TypeError):
        return
    assert 0.0 <= message.fraction <= 1.0
    assert isinstance(message.result, dict)
    assert len(message.text) <= 200
    assert message.error is None or isinstance(message.error, PaliersError)


@given(line=st.binary())
def test_any_other_bytes_are_refused(line):
    with pytest.raises((ValueError, TypeError)):
        parse(line)


def test_a_line_too_long_or_cut_is_refused():
    with pytest.raises(ValueError, match="too long or cut"):
        parse(b'{"kind": "ready"}')
    with pytest.raises(ValueError, match="too long or cut"):
        parse(b" " * MAX_LINE + b"\n")


def test_texts_lose_what_turns_a_line_around():
    assert clean("a\u202eb\x00c\x1b[31md\ne") == "abc[31md\ne"
    assert clean("x" * 10, 3) == "xxx"


@pytest.mark.parametrize("kind", [ReadError, InsufficientData, ParameterError])
def test_an_error_survives_its_json(kind):
    error = kind("Message.", ligne=2, colonne="c", valeur=3.5, remede="R.")
    back = error_of(json.loads(json.dumps(error_fields(error))))
    assert type(back) is kind
    assert str(back) == str(error)
