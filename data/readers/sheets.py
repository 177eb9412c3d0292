"""Sheets of a workbook that have the same titles, read one under the other as one table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data.readers.columns import Hints
from data.readers.grid import Entry, Grid
from data.readers.source import Source
from data.readers.stacked import REPEATED

#: Answer to the question "feuille" that reads every sheet of the same titles.
ALL = "toutes"
#: Key of the dialect: name of each sheet read -> lines of the table above its first one.
SHEETS = "feuilles"


def stack_sheets(sources: Sequence[Source]) -> Source:
    """One table from several sheets; the line of a cell is its line in its sheet plus those of the sheets before.

    Parameters
    ----------
    sources : sequence of Source
        Sheets with as many columns, of the same titles.
    """
    starts, above = [], 0
    for source in sources:
        starts.append(above)
        above += int(source.dialect["lignes"])
    first = sources[0].grid
    names = first.cells.column_names
    grids = [s.grid for s in sources]
    moved = [(_moved(g, at, again=at > 0), at) for g, at in zip(grids, starts, strict=True)]
    grid = Grid(
        pa.concat_tables([g.cells.rename_columns(names) for g in grids]),
        np.concatenate([g.lines + at for g, at in zip(grids, starts, strict=True)]),
        [e for (rejected, _), _ in moved for e in rejected],
        [e for (_, left_out), _ in moved for e in left_out],
        first.layout,
    )
    sheets = {str(s.dialect["sheet"]): at for s, at in zip(sources, starts, strict=True)}
    notes = [
        note | {"ligne": note["ligne"] and note["ligne"] + at}
        for source, at in zip(sources, starts, strict=True)
        for note in source.findings
    ]
    return replace(
        sources[0],
        grid=grid,
        dialect={**sources[0].dialect, "sheet": ", ".join(sheets), "lignes": above, SHEETS: sheets},
        hints=Hints(_decimals(sources), sources[0].hints.since_1904),
        titles=tuple(sheets),
        findings=tuple(notes),
    )


def placed(entries: Sequence[Entry], sheets: Mapping[str, int] | None) -> list[Entry]:
    """Lines that are not used, with the sheet and the line where each is when several sheets were read."""
    if not sheets:
        return list(entries)
    names, starts = list(sheets), list(sheets.values())
    found = []
    for line, column, value, reason in entries:
        at = int(np.searchsorted(starts, line)) - 1
        found.append((line, column, value, f"{reason} (feuille « {names[at]} », ligne {line - starts[at]})"))
    return found


def _moved(grid: Grid, at: int, *, again: bool) -> tuple[list[Entry], list[Entry]]:
    """Rejected and left out lines under their number in the whole; titles printed again are left out."""
    titles = [(line, "", " ; ".join(grid.layout.header), REPEATED) for line in grid.layout.header_lines if again]
    return [(e[0] + at, *e[1:]) for e in grid.rejected], [(e[0] + at, *e[1:]) for e in (*grid.left_out, *titles)]


def _decimals(sources: Sequence[Source]) -> dict[str, str]:
    """Columns that hold real numbers in every sheet where they are filled."""
    signs = {}
    for at, name in enumerate(sources[0].grid.cells.column_names):
        said = {s.hints.decimals.get(s.grid.cells.column_names[at]) for s in sources if _filled(s, at)}
        if len(said) == 1 and None not in said:
            signs[name] = said.pop()
    return signs


def _filled(source: Source, at: int) -> bool:
    return bool(pc.any(pc.not_equal(pc.utf8_trim_whitespace(source.grid.cells.column(at)), "")).as_py())
