"""Grid: no line of a file is ever lost, whatever its quotes and its widths."""

from __future__ import annotations

import csv
import io

from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.errors import ReadError
from data.readers.dialect import find_text_layout, unix_lines
from data.readers.grid import Grid, grid_from_rows, read_grid
from data.readers.layout import find_layout

HEADER = "mois;poste;montant"
LINES = [f"2024-{i % 12 + 1:02d};optique;{i},50" for i in range(1, 61)]


def grid_of(text: str) -> Grid:
    """The grid of a text."""
    return read_grid(unix_lines(text), find_text_layout(unix_lines(text)))


def grid_or_refusal(text: str) -> Grid | None:
    """The grid of a text, None when it is refused."""
    try:
        return grid_of(text)
    except ReadError:
        return None


def everything(grid: Grid) -> str:
    """All that the grid shows of a file: cells, entries and titles."""
    cells = [cell for column in grid.cells.columns for cell in column.to_pylist()]
    entries = [value for _, _, value, _ in grid.rejected + grid.left_out]
    return "\n".join([*cells, *entries, *grid.layout.header])


def accounted(grid: Grid) -> list[int]:
    """Every line spoken of."""
    entries = [line for line, *_ in grid.rejected + grid.left_out]
    return sorted([*grid.lines.tolist(), *entries, *grid.layout.header_lines])


PLAIN = st.sampled_from(["", "a", "12,5", "2024-01", "l’eau", " ", "total", "n.d.", "x y"])
ROW = st.lists(PLAIN, min_size=0, max_size=6).map(";".join)


@settings(max_examples=300, deadline=None)
@given(st.lists(ROW, min_size=1, max_size=25), st.sampled_from(["\n", "\r\n", "\r"]), st.booleans())
def test_without_quotes_every_line_is_spoken_of_once(rows, end, final):
    text = end.join(rows) + (end if final else "")
    grid = grid_or_refusal(text)
    if grid is None:
        return
    lines = unix_lines(text).split("\n")
    assert accounted(grid) == list(range(1, len(lines) + (bool(lines[-1]))))


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.lists(st.sampled_from(["a", "12,5", '"', '""', '"x"', '"y', 'z"', "", "'", "\\", '"u;v"']), max_size=5),
        min_size=1,
        max_size=20,
    )
)
def test_whatever_the_quotes_nothing_disappears(rows):
    tagged = [";".join([f"L{i}L", *cells]) for i, cells in enumerate(rows)]
    grid = grid_or_refusal("\n".join(tagged))
    if grid is None:
        return
    shown = everything(grid)
    assert [i for i in range(len(rows)) if f"L{i}L" not in shown] == []
    assert len(set(accounted(grid))) == len(accounted(grid))


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(1, 12).map(lambda m: f"2024-{m:02d}"),
            st.text(st.sampled_from('ab;", \né'), max_size=8),
            st.integers(0, 9999).map(str),
        ),
        min_size=3,
        max_size=30,
    )
)
def test_what_a_regular_writer_wrote_comes_back(rows):
    buffer = io.StringIO(newline="")
    csv.writer(buffer, delimiter=";", lineterminator="\n", quoting=csv.QUOTE_ALL).writerows([("m", "t", "n"), *rows])
    grid = grid_of(buffer.getvalue())
    assert list(zip(*(column.to_pylist() for column in grid.cells.columns), strict=True)) == rows
    assert grid.rejected == []


def test_a_quote_never_closed_does_not_swallow_the_lines_below():
    for broken in ('2024-01;"dentaire;6,50', '2024-01;dentaire;"6,50', '"2024-01;dentaire;6,50'):
        lines = [*LINES[:30], broken, *LINES[30:]]
        grid = grid_of("\n".join([HEADER, *lines]))
        assert accounted(grid) == list(range(1, len(lines) + 2))
        texts = dict(zip(grid.lines.tolist(), grid.cells.column("montant").to_pylist(), strict=True))
        assert all(texts[n] == line.split(";")[2] for n, line in enumerate(lines, start=2) if line != broken)


def test_a_cell_over_several_lines_is_one_row():
    grid = grid_of("\n".join([HEADER, *LINES[:5], '2024-06;"deux\nlignes";7,50', *LINES[5:9]]))
    assert grid.lines.tolist() == [*range(2, 8), *range(9, 13)]
    assert grid.cells.column("poste")[5].as_py() == "deux\nlignes"


def test_a_line_of_another_width_is_rejected_with_its_number():
    grid = grid_of("\n".join([HEADER, *LINES[:8], "2024-01;optique;1,50;9;9", *LINES[8:]]))
    assert [(line, reason) for line, _, _, reason in grid.rejected] == [(10, "5 cellules au lieu de 3")]
    assert len(grid.lines) == len(LINES)


def test_separators_at_the_end_of_the_rows_are_not_columns():
    grid = grid_of("\n".join([HEADER, *(f"{line};;" for line in LINES)]))
    assert grid.cells.column_names == ["mois", "poste", "montant"]
    assert grid.cells.num_rows == len(LINES)


def test_rows_of_a_sheet_follow_the_same_rules():
    rows = [["Titre", "", ""], *(line.split(";") for line in [HEADER, *LINES[:6]]), ["", "", ""]]
    lines = list(range(1, len(rows) + 1))
    grid = grid_from_rows(rows, lines, find_layout(rows, lines))
    assert accounted(grid) == lines
    assert grid.cells.num_rows == 6
