"""One row per quality finding: the shape that readers, mapping and checks share."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pandas as pd

from analytics.french import format_number

#: Columns of every findings frame; `code` is "<pilier>.<constat>". The last four say where and when in figures (see
#: :func:`data.checks.places.place`); they are empty where a finding is about the file as a whole.
COLUMNS = (
    "code", "severite", "table", "colonne", "ligne", "valeur", "message", "remede", "euros", "mois_debut", "mois_fin",
    "filtres", "effets",
)  # fmt: skip
SEVERITIES = ("info", "attention", "grave")


def finding(code: str, severite: str, message: str, **details: Any) -> dict[str, Any]:
    """One finding as a dict; `details` may hold any other of :data:`COLUMNS`."""
    if severite not in SEVERITIES or not set(details) <= set(COLUMNS):
        raise ValueError(f"{code}: {severite} {sorted(details)}")
    row = dict.fromkeys(COLUMNS, "") | {"ligne": None, "euros": None} | details
    return row | {"code": code, "severite": severite, "message": message}


def to_frame(rows: Iterable[dict[str, Any]]) -> pd.DataFrame:
    """Findings as a frame with :data:`COLUMNS`; `ligne` is a nullable integer, `euros` a float (EUR)."""
    frame = pd.DataFrame(list(rows), columns=list(COLUMNS))
    texts = {c: "str" for c in COLUMNS if c not in ("ligne", "euros")}
    frame["valeur"] = frame["valeur"].map(str)
    return frame.astype(texts | {"ligne": "Int64", "euros": "float64"})


def complete_columns(frame: pd.DataFrame) -> pd.DataFrame:
    """The same findings with every column of :data:`COLUMNS`: those kept before a column existed say nothing in it."""
    absent = [c for c in COLUMNS if c not in frame.columns]
    texts = {c: frame[c].fillna("") for c in COLUMNS[-4:] if c in frame.columns}
    return frame.assign(**texts, **dict.fromkeys(absent, ""))[list(COLUMNS)]


def join(*frames: pd.DataFrame) -> pd.DataFrame:
    """Several findings frames one under the other, an empty one being no finding."""
    kept = [f for f in frames if len(f)]
    return pd.concat(kept, ignore_index=True) if kept else to_frame(())


def euros(value: float) -> str:
    """An amount in euros, in French, without cents."""
    return f"{format_number(value)}\u00a0€"
