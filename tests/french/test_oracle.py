"""The oracle itself: its files say what its truths say, and it sees a cell that moves."""

from __future__ import annotations

import csv
import io

import pandas as pd
import pytest

from tests.french.compare import compare
from tests.french.corpus import SHARES, make_corpus, make_file
from tests.french.spec import READ, Case
from tests.french.textfile import DATA

TYPES = {"mois": "datetime64[s]", "date": "datetime64[s]", "nombre": "float64"}


def frame_of(case: Case, which: int = 0) -> pd.DataFrame:
    """The truth as a frame that a perfect reader would give."""
    columns = case.truths[which].columns
    return pd.DataFrame({c.title: pd.Series(list(c.values), dtype=TYPES.get(c.kind, "object")) for c in columns})


def readable(count: int, seed: int) -> list[Case]:
    """Files that must be read."""
    return [case for case in make_corpus(count, seed) if case.expected == READ]


@pytest.mark.parametrize("famille", sorted(SHARES))
def test_a_recipe_makes_the_same_file_again(famille):
    one, two = make_file(famille, 5), make_file(famille, 5)
    assert one.spec == two.spec
    assert one.truths == two.truths
    if one.name.rsplit(".", 1)[-1] not in ("xlsx", "ods"):  # a workbook keeps the hour of its making
        assert one.content == two.content


def test_another_seed_makes_other_files():
    assert not {c.content for c in readable(60, 1)} & {c.content for c in readable(60, 2)}


def test_the_truth_agrees_with_itself_and_sees_one_cell_that_moves():
    seen = set()
    for case in readable(140, 3):
        lines = case.truths[0].lines or None
        frame = frame_of(case)
        assert compare(frame, lines, case.truths).exact, case.spec
        for column in case.truths[0].columns:
            place = next(i for i, v in enumerate(column.values) if v is not None)
            moved = frame.copy()
            moved[column.title] = move(frame[column.title], place, column.kind)
            if not moved[column.title].equals(frame[column.title]):
                assert not compare(moved, lines, case.truths).exact, f"{case.spec} {column.title}"
                seen.add(column.kind)
    assert seen >= {"mois", "date", "nombre", "texte", "code"}


def move(series: pd.Series, place: int, kind: str) -> pd.Series:
    """One cell changed as a careless reader would."""
    values = series.copy()
    if kind == "nombre":
        values.iloc[place] = values.iloc[place] * 1000 + 1
    elif kind in ("mois", "date"):
        values.iloc[place] = values.iloc[place] + pd.Timedelta(days=40)
    else:
        values.iloc[place] = str(values.iloc[place]).lstrip("0") + "?"
    return values


def test_a_number_left_as_text_and_a_code_read_as_a_number_are_seen():
    case = next(c for c in readable(200, 4) if any(col.kind == "code" for col in c.truths[0].columns))
    frame = frame_of(case)
    for column in case.truths[0].columns:
        if column.kind == "nombre":
            text = frame.assign(**{column.title: frame[column.title].astype(str)})
            assert not compare(text, case.truths[0].lines, case.truths).exact
    code = next(c.title for c in case.truths[0].columns if c.kind == "code")
    number = frame.assign(**{code: range(len(frame))})
    assert not compare(number, case.truths[0].lines, case.truths).exact


def test_the_text_files_are_what_their_style_says():
    """Read again by the standard library with every parameter given, the data lines are the cells as written."""
    checked = 0
    for case in readable(160, 6):
        style = case.spec.style
        if style is None or style.pack or not case.frame:
            continue
        text = case.content.decode(style.encoding)
        quoting = csv.QUOTE_NONE if style.quoting == "none" else csv.QUOTE_MINIMAL
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=style.separator, quoting=quoting))
        cells = [tuple(row[: len(case.frame[0])]) for row in rows]
        missing = [row for row in case.frame if row not in cells]
        assert not missing, f"{case.spec} {missing[:1]}"
        starts = set(case.records or ())
        assert len(rows) == len(starts), case.spec
        checked += 1
    assert checked > 80
    assert DATA == "donnee"
