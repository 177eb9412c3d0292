"""Where and when a finding is, and what it weighs month by month: texts that a findings frame can keep.

`mois_debut` and `mois_fin` are months of care ("2023-03"), or of payment where the file has no other; an empty
`mois_fin` means from then on. `filtres` is the JSON of {dimension: [values]}. `effets` is the JSON of
{"cles": [dimensions], "lignes": [[month, values…, euros]]}: euros above what the data should hold, below zero for what
is missing; an empty text is an effect that nobody can tell, no line an effect that there is not.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from analytics.schema import dimensions_of
from data.keys import sum_by

#: Effects are told by every dimension up to so many lines, else by fewer dimensions.
MAX_EFFECTS = 400
#: Dimensions that an effect keeps longest.
_FIRST = ("poste", "region")
NO_EFFECT = json.dumps({"cles": [], "lignes": []})


def place(
    rows: pd.DataFrame,
    euros: np.ndarray | pd.Series | None,
    *,
    filtres: Mapping[str, Sequence[str]] | None = None,
    debut: pd.Timestamp | None = None,
    lasting: bool = False,
    dims: Sequence[str] | None = None,
) -> dict[str, str]:
    """Details of a finding that say where and when it is.

    Parameters
    ----------
    rows : pandas.DataFrame
        What the finding touches, or should hold: `mois` and dimensions.
    euros : array or None
        Of each row, euros above what it should hold; None when nobody can tell.
    filtres : mapping of str to sequence of str, optional
        Values of the dimensions that all the rows share.
    debut : pandas.Timestamp, optional
        First month, when it is not that of the first row.
    lasting : bool
        The change lasts until the end of the file.
    dims : sequence of str, optional
        Dimensions by which the effect may be told, all of them by default; those of `filtres` with several values
        always are.

    Returns
    -------
    dict
        mois_debut, mois_fin, filtres, effets.
    """
    kept = {d: [str(v) for v in values] for d, values in (filtres or {}).items()}
    first, last = (rows["mois"].min(), rows["mois"].max()) if len(rows) else (pd.NaT, pd.NaT)
    first = first if debut is None else debut
    known = dimensions_of(rows) if dims is None else dims
    return {
        "mois_debut": "" if pd.isna(first) else f"{first:%Y-%m}",
        "mois_fin": "" if lasting or pd.isna(last) else f"{last:%Y-%m}",
        "filtres": json.dumps(kept, ensure_ascii=False) if kept else "",
        "effets": "" if euros is None else _effects(rows, np.asarray(euros, dtype=float), kept, known),
    }


def _effects(rows: pd.DataFrame, euros: np.ndarray, kept: Mapping[str, Sequence[str]], dims: Sequence[str]) -> str:
    several = [d for d, values in kept.items() if len(values) > 1]
    free = [d for d in dims if d in rows.columns and d not in kept]
    told = rows[["mois", *several, *free]].assign(euros=np.nan_to_num(euros))
    for chosen in (free, [d for d in free if d in _FIRST], []):
        keys = [*several, *chosen]
        table = sum_by(told, ["mois", *keys], ["euros"])
        table = table[table["euros"].abs() >= 0.005]
        if len(table) <= MAX_EFFECTS or not chosen:
            break
    lines = [
        [f"{row[0]:%Y-%m}", *(None if pd.isna(v) else str(v) for v in row[1:-1]), round(float(row[-1]), 2)]
        for row in table.itertuples(index=False, name=None)
    ]
    return json.dumps({"cles": keys, "lignes": sorted(lines, key=str)}, ensure_ascii=False)
