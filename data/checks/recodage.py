"""Conformité: a value that vanishes the month another appears with about the same amounts: a code was renamed."""

from __future__ import annotations

import numpy as np

from analytics.french import format_month
from data.checks.facts import Cells, Facts
from data.checks.places import place
from data.findings import euros, finding
from data.mapping.lines import NOT_GIVEN

#: The new value must hold between half and twice what the old one held.
_LOW, _HIGH = 0.5, 2.0
#: Months compared on each side, and months that each value must have.
_SIDE = 3
_MIN_SHARE = 0.005


def check_recodage(facts: Facts) -> list[dict]:
    """Findings about values that replaced others, dimension by dimension, the month of payment or that of care."""
    rows, told = [], set()
    for way in (facts,) if facts.by_care is facts else (facts, facts.by_care):
        for dimension in way.dimensions:
            cells = way.cells(dimension)
            for old, new in find_recoded(cells, way.open_months) if cells is not None else ():
                if (dimension, old, new) not in told:
                    told.add((dimension, old, new))
                    rows.append(_finding(facts, dimension, cells, old, new))
    return rows


def find_recoded(cells: Cells, open_months: int = 0) -> list[tuple[int, int]]:
    """Pairs (old label, new label) where the new one takes over in the month after the last of the old one."""
    amounts = cells.amounts[:, : cells.amounts.shape[1] - open_months]
    active = np.abs(amounts) > 0
    size = amounts.shape[1]
    if size <= _SIDE + 1:
        return []
    some = active.any(axis=1)
    first = np.where(some, active.argmax(axis=1), -1)
    last = np.where(some, size - 1 - active[:, ::-1].argmax(axis=1), -1)
    floor = _MIN_SHARE * np.abs(amounts).sum(axis=0).mean()
    ended = [i for i in np.flatnonzero(some) if last[i] < size - 1 and last[i] - first[i] + 1 >= _SIDE]
    found = []
    for old in ended:
        before = amounts[old, max(0, last[old] - _SIDE + 1) : last[old] + 1].mean()
        begun = [j for j in np.flatnonzero(some) if first[j] == last[old] + 1 and cells.labels[j] != NOT_GIVEN]
        for new in begun:
            after = amounts[new, first[new] : first[new] + _SIDE].mean()
            if before > floor and _LOW * before <= after <= _HIGH * before:
                found.append((int(old), int(new)))
                break
    return found


def _finding(facts: Facts, dimension: str, cells: Cells, old: int, new: int) -> dict:
    dataset = facts.dataset
    start = cells.months[int((np.abs(cells.amounts[new]) > 0).argmax())]
    names = [f"« {dataset.value_label(dimension, cells.labels[i])} »" for i in (old, new)]
    message = (
        f"{dataset.label(dimension)} : {names[0]} disparaît quand {names[1]} apparaît, en {format_month(start)}, "
        f"pour des montants voisins : sans doute la même chose sous un autre nom."
    )
    both = (cells.labels[old], cells.labels[new])
    frame = dataset.prestation
    rows = frame[frame[dimension].isin(both).to_numpy()]
    return finding(
        "conformite.recodage",
        "attention",
        message,
        table="prestation",
        colonne=dimension,
        valeur=f"{both[0]} → {both[1]} | {start:%Y-%m}",
        remede=f"Donnez-leur le même nom ({euros(cells.amounts[new].sum())} en jeu) : sinon l’une semble s’effondrer.",
        euros=float(cells.amounts[new].sum()),
        # What each of the two names holds: which of them is missing depends on the name that is looked at.
        **place(rows, rows[dataset.main_measure], filtres={dimension: both}, debut=start, lasting=True),
    )
