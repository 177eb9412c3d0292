"""The last months, whose care is not all paid yet: their ultimate and how sure it is."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analytics.uncertainty import Z_80

CORRECTED, PAID_ONLY = "estimé", "payé à ce jour"


def estimated_months(values: pd.DataFrame, maturity: pd.DataFrame, errors: pd.DataFrame | None) -> pd.DataFrame:
    """Months that are not complete, with the interval of their ultimate.

    Parameters
    ----------
    values : pandas.DataFrame
        mois, valeur of a perimeter, completed as far as the file allows.
    maturity : pandas.DataFrame
        mois, part_connue, statut, as `analytics.completion.maturity`.
    errors : pandas.DataFrame or None
        mois, ultime, se of the whole, as `Development.by_month`; its relative error stands for that of the perimeter.
        None when the file has no payment month: what is shown is then only what is paid.

    Returns
    -------
    pandas.DataFrame
        mois, valeur, part_connue, bas_80, haut_80 (NaN without an honest interval), nature.
    """
    open_ = maturity[maturity["statut"] != "complet"]
    table = values.merge(open_[["mois", "part_connue"]], on="mois").dropna(subset=["valeur"])
    if errors is None:
        return table.assign(bas_80=np.nan, haut_80=np.nan, nature=PAID_ONLY)
    known = errors.set_index("mois").reindex(table["mois"])
    with np.errstate(divide="ignore", invalid="ignore"):
        room = Z_80 * (known["se"] / known["ultime"]).to_numpy()
    room = np.where(np.isfinite(room), np.abs(room), np.nan)
    value = table["valeur"].to_numpy()
    return table.assign(bas_80=value - np.abs(value) * room, haut_80=value + np.abs(value) * room, nature=CORRECTED)
