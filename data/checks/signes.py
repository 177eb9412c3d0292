"""Exactitude: batches whose sign is reversed."""

from __future__ import annotations

import numpy as np
import pandas as pd

from data.checks.cells import Place, find_places, merge_cells, searches
from data.checks.facts import KEPT, Facts, sum_quickly
from data.checks.places import place
from data.findings import euros, finding
from data.keys import pack

#: A cell is reversed when it is negative and at least this share of its usual level.
_SHARE = 0.3
_MIN_MONTHS = 4
#: … and this many robust standard deviations under it: a cell of a few acts goes below zero by itself.
_MIN_Z, _MAD_TO_SD = 6.0, 1.4826
#: … and this share of what a whole month holds: below, it is an ordinary regularisation.
_MIN_WEIGHT = 0.001
_SHOWN = 5


def check_signes(facts: Facts) -> list[dict]:
    """Findings about cells (two dimensions × month of care or of payment) as large as usual, below zero."""
    measure, frame = facts.dataset.main_measure, facts.dataset.prestation
    if measure is None or not (frame[measure].to_numpy() < 0).any():
        return []

    def find(cells: pd.DataFrame, groups: list[str], axis: str) -> list[tuple[Place, None]]:
        return [(found, None) for found in find_reversed(cells, measure, groups, axis, step=facts.step)]

    found = find_places(facts, "prestation", searches(facts, KEPT["prestation"]), find, [])
    rows = [_finding(facts, measure, where, frame[there]) for where, _, there in found]
    return sorted(rows, key=lambda row: row["euros"])[:_SHOWN]


def find_reversed(frame: pd.DataFrame, measure: str, groups: list[str], axis: str, *, step: int = 1) -> list[Place]:
    """Places where the cells of these dimensions and months are reversed."""
    cells = sum_quickly(frame, [*groups, axis], [measure]).dropna(subset=[axis])
    if not (cells[measure] < 0).any():
        return []
    key = pack(cells, groups)
    by_group = cells[measure].groupby(key)
    usual = by_group.transform("median")
    spread = (cells[measure] - usual).abs().groupby(key).transform("median") * _MAD_TO_SD
    wrong = (cells[measure] < 0) & (usual - cells[measure] > _MIN_Z * spread)
    wrong &= (usual > 0) & (-cells[measure] >= _SHARE * usual)
    wrong &= by_group.transform("count") >= _MIN_MONTHS
    wrong &= -cells[measure] >= _MIN_WEIGHT * cells.groupby(axis)[measure].sum().median()
    return merge_cells(cells, wrong.to_numpy(), usual.to_numpy(), groups, axis, step=step)


def _finding(facts: Facts, measure: str, found: Place, rows: pd.DataFrame) -> dict:
    amounts = rows[measure].to_numpy(dtype=float)
    total = float(np.nansum(amounts))
    return finding(
        "exactitude.signe_inverse",
        "grave",
        f"{found.words(facts.dataset)} : total négatif ({euros(total)}).",
        table="prestation",
        colonne=measure,
        valeur=found.valeur,
        remede="Vérifiez le sens de ce lot (débit ou crédit), puis déposez-le de nouveau. Rien n’a été modifié.",
        euros=2 * total,
        **place(rows, 2 * amounts, filtres=found.lists),
    )
