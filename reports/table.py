"""A crossed table as CSV: `;`, decimal comma, byte-order mark; amounts to the cent, which still add up."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analytics.descriptive.pivot_layout import Pivot
from analytics.disclosure import REASON
from charts.export import to_csv
from reports.cents import amounts_of

#: Decimals kept of what is not an amount.
_DECIMALS = {"nombre": 6, "EUR/unite": 6, "taux": 6}


def pivot_to_csv(pivot: Pivot, heads: tuple[str, ...], *, is_demo: bool = False) -> bytes:
    """The table as it is laid out, one line of the file by line.

    Parameters
    ----------
    pivot : Pivot
    heads : tuple of str
        French names of the axes of the lines.
    is_demo : bool
        Simulated figures say so in a column.

    Notes
    -----
    An amount has two decimals, a rate is a number (0,82 for 82 %) with six; a masked cell is « secret statistique », a
    cell without value is empty. A text that a spreadsheet would run as a formula is made harmless.
    """
    table = {}
    for rank, head in enumerate(heads):
        table[_unique(head, table)] = [line.labels[rank] for line in pivot.lines]
    figures = amounts_of(pivot) if pivot.indicator.unit == "EUR" else pivot.valeur
    for rank, column in enumerate(pivot.columns):
        cells = zip(figures[:, rank], pivot.masque[:, rank], strict=True)
        table[_unique(column.labels[0], table)] = [_cell(v, m, pivot.indicator.unit) for v, m in cells]
    return to_csv(pd.DataFrame(table), is_demo=is_demo)


def _cell(value: float, masked: bool, unit: str) -> str:
    if masked:
        return REASON
    if np.isnan(value):
        return ""
    if unit == "EUR":
        return f"{value + 0.0:.2f}".replace(".", ",")
    return np.format_float_positional(value, precision=_DECIMALS[unit], trim="-").replace(".", ",")


def _unique(head: str, table: dict) -> str:
    """A title that no other column has."""
    rank = sum(1 for known in table if known == head or known.startswith(f"{head} ("))
    return head if head not in table else f"{head} ({rank + 1})"
