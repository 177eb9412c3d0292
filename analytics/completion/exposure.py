"""Lay the membership of the cotisation table on the cells and months of the triangles."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analytics.completion.triangle import Triangles, month_numbers
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
    summed = exposure.groupby(["mois", *keys], observed=True, dropna=False)["beneficiaires"].sum(min_count=1)
    flat = summed.reset_index()
    flat["position"] = month_numbers(flat["mois"]) - triangles.months[0]
    flat = flat[flat["position"].between(0, shape[1] - 1)]
    joined = triangles.cells.assign(cellule=range(shape[0]))
    joined = joined.merge(flat, on=keys) if keys else joined.merge(flat, how="cross")
    heads = np.full(shape, np.nan)
    heads[joined["cellule"], joined["position"]] = joined["beneficiaires"]
    late = int(flat["position"].max()) + 1 if len(flat) else shape[1]
    heads[:, late:] = heads[:, [late - 1]]
    missing = triangles.months[late:]
    notes = (f"Bénéficiaires repris du dernier mois connu : {list_months(missing)}.",) if len(missing) else ()
    return heads, notes
