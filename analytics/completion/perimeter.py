"""The lines of a perimeter summed to what a replay reads of them, on cells numbered once for every perimeter."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analytics.completion.triangle import encode_cells, sum_known

KEYS = ("mois", "mois_paiement", "poste")


@dataclass(frozen=True)
class Payments:
    """A table of care, its lines told apart by care month, payment month and poste only.

    Attributes
    ----------
    prestation : pandas.DataFrame
        The table.
    number : ndarray of int, shape (lines,)
        Cell of each line.
    cells : pandas.DataFrame
        One row per cell: those of mois, mois_paiement and poste that the table has.
    """

    prestation: pd.DataFrame
    number: NDArray[np.int32]
    cells: pd.DataFrame

    def within(
        self, lines: NDArray[np.integer], filtres: Mapping[str, tuple[str, ...]], measures: Iterable[str]
    ) -> pd.DataFrame:
        """Sums of a perimeter: one row per cell met.

        Parameters
        ----------
        lines : ndarray of int
            Places of its lines.
        filtres : mapping of str to tuple of str
            Its filters: each filtered dimension keeps its column, where one of the values kept stands for them all.
        measures : iterable of str
            Measures wanted; one that the table lacks is ignored.
        """
        number = self.number[lines].astype(np.intp)
        met = np.flatnonzero(np.bincount(number, minlength=len(self.cells)))
        columns: dict[str, object] = {name: self.cells[name].array.take(met) for name in self.cells.columns}
        for dimension, values in filtres.items():
            if dimension in self.prestation.columns and dimension not in columns:
                columns[dimension] = pd.Categorical.from_codes(np.zeros(len(met), dtype=np.int8), list(values[:1]))
        for measure in measures:
            if measure in self.prestation.columns:
                amounts = self.prestation[measure].to_numpy(dtype=float, na_value=np.nan)[lines]
                columns[measure] = sum_known(amounts, number, len(self.cells))[met]
        return pd.DataFrame(columns)


def number_payments(prestation: pd.DataFrame) -> Payments:
    """Number the cells of a table of care, whatever will be asked of it."""
    number, cells = encode_cells(prestation, [key for key in KEYS if key in prestation.columns])
    return Payments(prestation, number.astype(np.int32), cells)
