"""Exhaustivité: a value of contract that begins or ends in the middle of the file."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analytics.french import format_month
from data.checks.facts import Facts
from data.checks.places import place
from data.findings import finding

#: Dimensions whose values make the perimeter, and share of its own months above which one counts.
_CONTRACT = ("contrat", "formule", "region", "canal")
_MIN_SHARE = 0.05
_SIDE = 3
_SHOWN = 5


def check_valeur_partielle(facts: Facts) -> list[dict]:
    """Findings about values of contract that have no amount in the first or the last months."""
    rows = []
    for dimension in (d for d in _CONTRACT if d in facts.dimensions):
        cells = facts.cells(dimension)
        if cells is None or len(cells.months) < 4 * _SIDE:
            continue
        amounts = cells.amounts[:, : len(cells.months) - facts.open_months]
        total = np.abs(amounts).sum(axis=0)
        for label in range(len(amounts)):
            active = np.flatnonzero(amounts[label] != 0)
            if not len(active) or np.abs(amounts[label]).sum() <= _MIN_SHARE * total[active[0] : active[-1] + 1].sum():
                continue
            late, early = active[0] >= _SIDE, active[-1] < amounts.shape[1] - _SIDE
            if late or early:
                rows.append(_finding(facts, dimension, cells.labels[label], cells.months, active, late))
    return rows[:_SHOWN]


def _finding(
    facts: Facts, dimension: str, label: str, months: pd.DatetimeIndex, active: np.ndarray, late: bool
) -> dict:
    dataset = facts.dataset
    when = months[active[0]] if late else months[active[-1]]
    since = when if late else when + pd.DateOffset(months=1)
    rows = dataset.prestation[(dataset.prestation[dimension] == label).to_numpy()]
    verb = "commence en" if late else "s’arrête en"
    name = f"{dataset.label(dimension)} : « {dataset.value_label(dimension, label)} »"
    message = f"{name} {verb} {format_month(when)}, au milieu du fichier : les évolutions qui l’enjambent la comptent."
    return finding(
        "exhaustivite.valeur_partielle", "info", message, table="prestation", colonne=dimension,
        valeur=f"{label} | {when:%Y-%m}", remede="Comparez à périmètre constant : filtrez sur les autres valeurs.",
        euros=float(rows[dataset.main_measure].sum()),
        **place(rows, rows[dataset.main_measure], filtres={dimension: (label,)}, debut=since, lasting=True),
    )  # fmt: skip
