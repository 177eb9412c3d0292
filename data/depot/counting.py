"""Lines of a file against what became of them: counted from both ends, so that a lost line is noticed."""

from __future__ import annotations

from collections.abc import Set as AbstractSet

import numpy as np
import pandas as pd

from analytics.errors import ReadError
from analytics.schema import Dataset
from data.readers import Table

#: Lines read, or how many lines were written, or nothing that tells.
Used = AbstractSet[int] | int | None


def count_lines(table: Table) -> dict[str, int]:
    """Lines of a table under its titles, and those accepted, rejected and left out: every line once.

    Raises
    ------
    ReadError
        A line of the file is nowhere, or one that the file does not have is somewhere.
    """
    refused, set_aside = _unused(table.rejected, table.left_out)
    read = set(map(int, pd.unique(table.lines)))
    titles = set(map(int, table.dialect["header_rows"]))
    last, met = int(table.dialect["lignes"]), read | refused | set_aside | titles
    continued = _continued(table, met, titles | refused | set_aside, last)
    total = last - len(titles) - len(continued)
    counts = {
        "lines": total,
        "accepted": len(read - refused - set_aside),
        "rejected": len(refused),
        "left_out": len(set_aside - refused),
    }
    return _agreed(counts)


def count_dataset(dataset: Dataset, lines: int | None, used: Used) -> dict[str, int]:
    """The same once the lines are added up: some have no month, others add up their month.

    Parameters
    ----------
    dataset : Dataset
    lines : int or None
        Lines under the titles; None for a large file, counted while it was read.
    used : set of int, int or None
        Lines read, or how many lines of a large file were written; None when none were.

    Raises
    ------
    ReadError
        The counts disagree.
    """
    refused, set_aside = _unused(dataset.rejected, dataset.left_out)
    if lines is None:
        lines = int(dataset.dialect["lignes"]) - len(dataset.dialect["header_rows"])
    if used is None:
        accepted = lines - len(refused | set_aside)
    else:
        accepted = used if isinstance(used, int) else len(used - refused - set_aside)
    counts = {"lines": lines, "accepted": accepted, "rejected": len(refused), "left_out": len(set_aside - refused)}
    return _agreed(counts)


def _unused(rejected: pd.DataFrame, left_out: pd.DataFrame) -> tuple[set[int], set[int]]:
    return set(map(int, rejected.get("ligne", ()))), set(map(int, left_out.get("ligne", ())))


def _continued(table: Table, met: set[int], others: set[int], last: int) -> set[int]:
    """Lines that go on a cell of the line before them: written between quotes, a cell may hold line breaks."""
    if len(met) >= last:
        return set()
    several = table.frame.apply(lambda cells: cells.str.count("\n")).sum(axis=1).to_numpy()
    each = np.flatnonzero(several)
    first = table.lines.drop_duplicates().to_numpy()
    found = {int(first[at]) + k for at in each if at < len(first) for k in range(1, int(several[at]) + 1)}
    for line in sorted(set(range(1, last + 1)) - met):
        if line - 1 in others or line - 1 in found:  # a line of titles, or one not used, may go on too
            found.add(line)
            others = others | {line}
    return found - met


def _agreed(counts: dict[str, int]) -> dict[str, int]:
    lost = counts["lines"] - counts["accepted"] - counts["rejected"] - counts["left_out"]
    if lost or min(counts.values()) < 0:
        gap = f"{abs(lost)} {'de moins' if lost > 0 else 'de trop'}"
        raise ReadError(
            f"Le compte des lignes ne tombe pas juste : {gap} après lecture.",
            remede="Rien n’a été gardé. Exportez le fichier sans retour à la ligne dans ses cellules, et signalez-le.",
        )
    return counts
