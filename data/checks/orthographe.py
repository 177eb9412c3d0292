"""Conformité: values of a dimension that differ only by case, accents or spaces."""

from __future__ import annotations

import pandas as pd

from data.checks.facts import Facts, labels_of
from data.findings import finding
from data.vocabulary import normalise

_SHOWN = 6


def check_orthographe(facts: Facts) -> list[dict]:
    """Findings about values written several ways, table by table."""
    rows, dataset = [], facts.dataset
    for name in ("prestation", "cotisation"):
        frame = getattr(dataset, name)
        for column in (c for c in dataset.dimensions if c in frame.columns and len(frame)):
            values = pd.Series(labels_of(frame[column]), dtype="str")
            names = values.map(_same)
            twins = values[names.duplicated(keep=False) & names.ne("")]
            if len(twins):
                shown = ", ".join(twins.head(_SHOWN))
                message = f"« {dataset.label(column)} » écrit la même valeur de plusieurs façons : {shown}."
                remedy = "Uniformisez ces valeurs : chaque écriture compte à part."
                details = {"table": name, "colonne": column, "valeur": shown, "remede": remedy}
                rows.append(finding("conformite.orthographe", "attention", message, **details))
    return rows


def _same(value: str) -> str:
    # « A+ » is not « A », nor « < 20 » « > 20 »: a sign that means something keeps values apart.
    return normalise(value) + "".join(c for c in value if c in "+<>≥≤%*#")
