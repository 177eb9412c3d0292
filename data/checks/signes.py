"""Exactitude: batches whose sign is reversed."""

from __future__ import annotations

import pandas as pd

from analytics.french import format_month
from data.checks.facts import Facts
from data.findings import euros, finding
from data.keys import pack, sum_by

#: A cell is reversed when it is negative and at least this share of its usual level.
_SHARE = 0.3
_MIN_MONTHS = 4
#: … and this many robust standard deviations under it: a cell of a few acts goes below zero by itself.
_MIN_Z, _MAD_TO_SD = 6.0, 1.4826
#: … and this share of what a whole month holds: below, it is an ordinary regularisation.
_MIN_WEIGHT = 0.001
_SHOWN = 5


def check_signes(facts: Facts) -> list[dict]:
    """Findings about cells (poste × region × month) that are as large as usual, below zero."""
    measure, frame = facts.dataset.main_measure, facts.prestation
    if measure is None or frame.empty:
        return []
    groups = [g for g in ("poste", "region") if g in frame.columns]
    cells = sum_by(frame.dropna(subset=[facts.axis]), [*groups, facts.axis], [measure])
    by_group = cells[measure].groupby(pack(cells, groups))
    usual = by_group.transform("median")
    spread = (cells[measure] - usual).abs().groupby(pack(cells, groups)).transform("median") * _MAD_TO_SD
    reversed_ = (cells[measure] < 0) & (usual - cells[measure] > _MIN_Z * spread)
    reversed_ &= (usual > 0) & (-cells[measure] >= _SHARE * usual)
    reversed_ &= by_group.transform("count") >= _MIN_MONTHS
    reversed_ &= -cells[measure] >= _MIN_WEIGHT * facts.totals.median()
    found = cells[reversed_].sort_values(measure, kind="stable")
    return [_finding(facts, groups, measure, row) for _, row in found.head(_SHOWN).iterrows()]


def _finding(facts: Facts, groups: list[str], measure: str, row: pd.Series) -> dict:
    dataset, month = facts.dataset, row[facts.axis]
    where = ", ".join(f"{dataset.label(g)} : {dataset.value_label(g, row[g])}" for g in groups)
    message = f"{where or 'Toutes les lignes'}, {format_month(month)} : total négatif ({euros(row[measure])})."
    return finding(
        "exactitude.signe_inverse",
        "grave",
        message,
        table="prestation",
        colonne=measure,
        valeur=" | ".join([*(str(row[g]) for g in groups), f"{month:%Y-%m}"]),
        remede="Vérifiez le sens de ce lot (débit ou crédit), puis déposez-le de nouveau. Rien n’a été modifié.",
        euros=float(2 * row[measure]),
    )
