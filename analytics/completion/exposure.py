"""Lay the membership of the cotisation table on the cells and months of the triangles."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analytics.completion.triangle import Triangles, encode_cells, month_numbers, sum_known
from analytics.completion.words import list_months
from analytics.errors import SchemaError


def spread_exposure(
    exposure: pd.DataFrame | None, by: tuple[str, ...], triangles: Triangles
) -> tuple[NDArray[np.float64], tuple[str, ...]]:
    """Bénéficiaires of each cell and month, shape (G, M), ones without exposure; and what had to be assumed.

    An exposure without one of the dimensions (poste, say) is the same for all its values.

    Raises
    ------
    SchemaError
        The exposure has no month or no bénéficiaires.
    """
    shape = triangles.paid.shape
    if exposure is None or exposure.empty:
        return np.ones(shape), ("Sans bénéficiaires, le niveau attendu des derniers mois est un niveau en euros.",)
    for column in ("mois", "beneficiaires"):
        if column not in exposure.columns:
            raise SchemaError("Cette colonne manque à l’exposition.", colonne=column)
    keys = [b for b in by if b in exposure.columns]
    position = month_numbers(exposure["mois"]) - triangles.months[0]
    inside = (position >= 0) & (position < shape[1])
    groups, summed = _sum_by_month(exposure[inside], keys, position[inside], shape[1])
    heads = np.full(shape, np.nan)
    if keys:
        cells = triangles.cells.assign(cellule=range(shape[0])).merge(groups.assign(groupe=range(len(groups))), on=keys)
        heads[cells["cellule"]] = summed[cells["groupe"]]
    elif inside.any():
        heads[:] = summed
    late = int(position[inside].max()) + 1 if inside.any() else shape[1]
    heads[:, late:] = heads[:, [late - 1]]
    missing = triangles.months[late:]
    notes = (f"Bénéficiaires repris du dernier mois connu : {list_months(missing)}.",) if len(missing) else ()
    return heads, notes


def _sum_by_month(
    exposure: pd.DataFrame, keys: list[str], position: NDArray[np.int64], n_months: int
) -> tuple[pd.DataFrame, NDArray[np.float64]]:
    """Groups of an exposure, and their bénéficiaires by month, NaN where no line knows them."""
    numbers, groups = encode_cells(exposure, keys)
    heads = exposure["beneficiaires"].to_numpy(dtype=float, na_value=np.nan)
    place, size = numbers * n_months + position, len(groups) * n_months
    return groups, sum_known(heads, place, size).reshape(-1, n_months)
