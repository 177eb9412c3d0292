"""Is a segment that stands out only the trace of a data error already found?"""

from __future__ import annotations

import json
from collections.abc import Mapping

import pandas as pd

from analytics.schema import Selection

#: An error explains a segment when it makes at least this share of its gap.
MOST = 0.5


def find_error(
    findings: pd.DataFrame, conditions: Mapping[str, str], ecart: float, selection: Selection, before: Selection
) -> str:
    """Message of the grave finding that makes most of the gap of a segment; empty when none does.

    Parameters
    ----------
    findings : pandas.DataFrame
        severite, table, message, filtres and effets, as :mod:`data.checks` writes them: `filtres` is the JSON of
        {dimension: [values]}, `effets` that of {"cles": [dimensions], "lignes": [[month, values…, euros]]}.
    conditions : mapping of str to str
        The segment.
    ecart : float
        Its gap (EUR).
    selection, before : Selection
        The period and the one it is compared with; an error in the latter has the opposite effect.
    """
    if not {"filtres", "effets"} <= set(findings.columns):
        return ""
    grave = findings[(findings["severite"] == "grave") & (findings["table"] == "prestation")]
    perimeter = {**selection.filtres, **{d: (v,) for d, v in conditions.items()}}
    found = [(_weight(row, perimeter, selection, before) / ecart, row.message) for row in grave.itertuples()]
    share, message = max(found, default=(0.0, ""))
    return message if share >= MOST else ""


def _weight(row, perimeter: Mapping[str, tuple[str, ...]], selection: Selection, before: Selection) -> float:
    """Euros that an error adds to the gap of a perimeter."""
    where = json.loads(row.filtres) if row.filtres else {}
    if not where or not row.effets or any(not set(where[d]) & set(perimeter[d]) for d in where if d in perimeter):
        return 0.0
    effects = json.loads(row.effets)
    total = 0.0
    for month, *values, euros in effects["lignes"]:
        told = dict(zip(effects["cles"], values, strict=True))
        if all(str(v) in perimeter[d] for d, v in told.items() if d in perimeter):
            date = pd.Timestamp(f"{month}-01")
            total += euros * (_within(date, selection) - _within(date, before))
    return total


def _within(month: pd.Timestamp, period: Selection) -> bool:
    return period.debut <= month <= period.fin
