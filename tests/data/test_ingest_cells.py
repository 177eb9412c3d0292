"""Cells of a piece: what the form of a column accepts is read to its last decimal, nothing else is read at all."""

from __future__ import annotations

import re
from collections import Counter
from decimal import Decimal
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.ingest.cells import Sheet, read_cells
from data.ingest.forms import Form, number_form
from data.ingest.plan import Field
from data.ingest.stream import Unsuited
from data.ingest.sums import MAX_CELLS, Sums
from data.ingest.values import Values

AMOUNT = number_form(["1,50", "-3,25", "12"], ",")
WHOLE = number_form(["1", "20"], None)


def sheet(*fields: tuple[str, Form], digests: bool = True) -> Sheet:
    named = tuple(
        Field(f"c{i}", "nombre" if kind == "nombre" else "texte", "", form) for i, (kind, form) in enumerate(fields)
    )
    return Sheet(named, tuple(kind for kind, _ in fields), ";", utf8=False, digests=digests)


def read(rows: list[list[str]], layout: Sheet):
    return read_cells(pa.py_buffer("\n".join(";".join(row) for row in rows).encode("cp1252")), len(rows), layout)


@settings(max_examples=400, deadline=None)
@given(
    st.lists(st.text("0123456789,.-+eExX \xa0", max_size=7), min_size=1, max_size=4), st.sampled_from([AMOUNT, WHOLE])
)
def test_numbers_are_exact_or_not_read(cells, form):
    found = read([["x", cell] for cell in cells], sheet(("libre", Form()), ("nombre", form)))
    if not all(re.fullmatch(form.pattern, cell) for cell in cells):
        assert found is None
        return
    values, blank = found.numbers[1]
    for i, cell in enumerate(cells):
        assert (blank is not None and bool(blank[i])) == (cell == "")
        assert int(values[i]) == int(Decimal(cell.replace(",", ".") or 0).scaleb(form.scale))


@pytest.mark.parametrize(
    "cell", ["9" * 13, "0x1F", "1e3", "1.234", "12,345", "+5", ",5", "5,", "-,50", "--1", "1 2", "nan"]
)
def test_a_cell_that_only_a_cast_would_take(cell):
    layout = sheet(("nombre", AMOUNT), ("nombre", AMOUNT))
    assert read([["1,00", cell]], layout) is None
    assert read([["1,00", "2,00"], ["3,00", cell]], layout) is None


@pytest.mark.parametrize("row", [["1,00"], ["1,00", "2,00", "3,00"], [""]])
def test_a_line_of_another_width_is_not_read(row):
    assert read([["1,00", "2,00"], row], sheet(("nombre", AMOUNT), ("nombre", AMOUNT))) is None


words = st.text("abé €1", max_size=40)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(words, words, st.sampled_from(["", "1,00", "0,00", "2,00"])), min_size=2, max_size=30))
def test_digests_are_equal_on_equal_rows_only(rows):
    found = read([list(row) for row in rows], sheet(("libre", Form()), ("libre", Form()), ("nombre", AMOUNT)))
    alike = Counter(found.digests.tolist())
    same = Counter(rows)
    for row, digest in zip(rows, found.digests.tolist(), strict=True):
        assert alike[digest] >= same[row]
        if all(len(text.encode("cp1252")) <= 24 for text in row[:2]):
            assert alike[digest] == same[row]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.text("ab01é", max_size=8), min_size=2, max_size=8))
def test_ranks_are_in_the_order_of_the_bytes(texts):
    ranks = read([["1", text] for text in texts], sheet(("nombre", WHOLE), ("libre", Form()), digests=False)).ranks[1]
    encoded = [text.encode("cp1252") for text in texts]
    assert [int(a) < int(b) for a, b in pairwise(ranks)] == [a < b for a, b in pairwise(encoded)]


amounts = st.one_of(st.none(), st.integers(-(10**9), 10**9))
rows = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 40), amounts), min_size=1)


@given(st.lists(rows, min_size=1, max_size=5))
def test_sums_grow_and_stay_exact(pieces):
    sums = Sums(2, 1)
    for rows in pieces:
        one, two, amounts = (np.array(column, dtype=object) for column in zip(*rows, strict=True))
        blank = np.array([a is None for a in amounts])
        values = np.array([a or 0 for a in amounts], dtype=np.int64)
        sums.add([one.astype(np.int32), two.astype(np.int32)], [(values, blank if blank.any() else None)])
    every = [row for rows in pieces for row in rows]
    codes, *told = sums.found()
    told = (told[0], *told[1], *told[2])
    found = {(int(a), int(b)): (int(n), int(t), bool(e)) for a, b, n, t, e in zip(*codes, *told, strict=True)}
    expected = {}
    for key in {(a, b) for a, b, _ in every}:
        own = [amount for a, b, amount in every if (a, b) == key]
        known = [amount for amount in own if amount is not None]
        expected[key] = (len(own), sum(known), not known)
    assert found == expected


def test_too_many_combinations_and_too_large_sums_are_refused():
    with pytest.raises(Unsuited, match="combinaisons"):
        Sums(2, 0).add([np.array([MAX_CELLS]), np.array([1])], [])
    sums = Sums(1, 1)
    with pytest.raises(Unsuited, match="montants"):
        sums.add([np.zeros(5, dtype=np.int32)], [(np.full(5, 10**18), None)])


def test_values_keep_their_code_and_days_meet_in_their_month():
    days = Values(Form(r"\d\d/\d\d/\d{4}", order="jma"), "cp1252")
    codes = days.codes_of([b"05/01/2024", b"09/01/2024", b"01/02/2024", None], np.array([0, 1, 2, 0]))
    assert days.groups_of(codes).tolist() == [0, 0, 1, 0]
    assert list(days.groups) == ["01/01/2024", "01/02/2024"]
    again = days.codes_of([b"01/02/2024", None], np.array([0]))
    assert again.tolist() == [codes[2]]
    assert days.codes_of([b"hier", None], np.array([0])) is None
    assert days.codes_of([None], np.array([-1])) is None


def test_a_value_of_another_encoding_or_of_a_total():
    towns = Values(Form(), "cp1252")
    assert towns.codes_of(["Évry".encode("cp1252"), None], np.array([0, -1])).tolist() == [0, 1]
    assert towns.codes_of([b"TOTAL", None], np.array([0])) is None
    with pytest.raises(Unsuited, match="deux encodages"):
        towns.codes_of(["Évry".encode(), None], np.array([0]))
