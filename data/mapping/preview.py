"""The first lines of a file before and after its mapping, without personal data."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from data.mapping.lines import canonical_lines
from data.mapping.propose import Mapping
from data.personal import masked
from data.readers import Table

_HIDDEN = "…"


def preview(table: Table, mapping: Mapping, n: int = 8) -> tuple[pd.DataFrame, pd.DataFrame]:
    """First lines of a file as written, and what they become.

    Parameters
    ----------
    table : Table
        What was read.
    mapping : Mapping
        What its columns are taken for; a question may still be open, but the month must be known.
    n : int
        Lines of the file shown.

    Returns
    -------
    tuple of pandas.DataFrame
        `ligne` then the cells as written, those of personal columns hidden; `ligne` then the canonical columns, in
        which a line of a wide file may have several rows.
    """
    lines = table.lines.drop_duplicates().head(n)
    rows = table.lines.isin(lines).to_numpy()
    wide = len(table.frame) != len(table.tidy)
    cells = table.frame.head(len(lines)) if wide else table.frame[rows]
    before = _without_persons(cells.reset_index(drop=True), mapping)
    before.insert(0, "ligne", lines.to_numpy()[: len(before)])
    head = replace(
        table,
        frame=table.frame if wide else _cut(table.frame, rows),
        tidy=_cut(table.tidy, rows),
        lines=table.lines[rows].reset_index(drop=True),
    )
    found = canonical_lines(head, mapping)
    after = found.frame.copy()
    after.insert(0, "ligne", found.numbers.to_numpy())
    return before, after


def _cut(frame: pd.DataFrame, rows) -> pd.DataFrame:
    return frame[rows].reset_index(drop=True)


def _without_persons(cells: pd.DataFrame, mapping: Mapping) -> pd.DataFrame:
    personal = mapping.findings["code"] == "conformite.donnees_personnelles"
    hidden = set(mapping.findings.loc[personal, "colonne"])
    shown = {
        name: pd.Series(_HIDDEN, index=cells.index, dtype="str") if name in hidden else masked(cells[name])
        for name in cells.columns
    }
    return pd.DataFrame(shown)
