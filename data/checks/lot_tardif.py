"""Actualité: a batch that has not come for the last month, or that came a month late."""

from __future__ import annotations

import numpy as np

from analytics.french import format_month, format_number
from data.checks.facts import Cells, Facts
from data.findings import euros, finding

#: Dimensions by which batches are sent.
BATCHES = ("region", "contrat", "poste")
#: A label below this share of the whole is too small for its absence to mean anything.
_MIN_SHARE = 0.02
#: Below this share of its usual level a batch is missing; when the month and the next one together hold the other
#: share of their usual level, the next month makes up for it.
_MISSING, _MADE_UP = 0.2, 0.8
_HISTORY = 6
#: A label is steady when each of its six last shares is at least this times their median, and at most its inverse.
_STEADY = 0.6


def check_lot_tardif(facts: Facts) -> list[dict]:
    """Findings about one value of a dimension missing from a month where the others are as usual."""
    rows = []
    for dimension in (d for d in BATCHES if d in facts.dimensions):
        cells = facts.cells(dimension)
        if cells is not None:
            rows += [_finding(facts, dimension, cells, *found) for found in find_late(cells, facts.open_months)]
    return rows


def find_late(cells: Cells, open_months: int = 0) -> list[tuple[int, int, bool]]:
    """Position of the label, of the month, and whether the month after makes up for it.

    A label is compared with itself: its share of the month over the median of its shares in the six months before.
    """
    amounts = cells.amounts[:, : cells.amounts.shape[1] - open_months]
    total = amounts.sum(axis=0)
    if amounts.shape[1] <= _HISTORY or not (total > 0).all():
        return []
    share, found = amounts / total, []
    for month in range(_HISTORY, amounts.shape[1]):
        before = np.median(share[:, month - _HISTORY : month], axis=1)
        history = share[:, month - _HISTORY : month] / np.where(before > 0, before, np.nan)[:, None]
        steady = (before >= _MIN_SHARE) & ((history > _STEADY) & (history < 1 / _STEADY)).all(axis=1)
        late = steady & (share[:, month] < _MISSING * before)
        if month >= 12:
            late &= share[:, month - 12] > 0.5 * before  # thermal cures stop every winter
        # When half of the labels fall together nothing is late: the month itself is odd.
        if not late.any() or late.sum() * 2 > steady.sum():
            continue
        last = month == amounts.shape[1] - 1
        for label in np.flatnonzero(late):
            both = slice(month, month + 2)
            made_up = not last and amounts[label, both].sum() > _MADE_UP * before[label] * total[both].sum()
            if last or made_up:
                found.append((int(label), month, made_up))
    return found


def _finding(facts: Facts, dimension: str, cells: Cells, label: int, month: int, made_up: bool) -> dict:
    dataset, when = facts.dataset, cells.months[month]
    usual = float(np.median(cells.amounts[label, month - _HISTORY : month]))
    got = float(cells.amounts[label, month])
    name = f"{dataset.label(dimension)} : {dataset.value_label(dimension, cells.labels[label])}"
    level = format_number(100 * got / usual) if usual else "0"
    end = "le mois suivant le rattrape" if made_up else "c’est le dernier mois"
    message = f"{name}, {format_month(when)} : {level}\u00a0% du niveau habituel ({euros(usual)}), et {end}."
    return finding(
        "actualite.lot_en_retard",
        "attention",
        message,
        table="prestation",
        colonne=dimension,
        valeur=f"{cells.labels[label]} | {when:%Y-%m}",
        remede="Le lot est sans doute arrivé en retard : ne lisez pas ce mois comme une baisse de cette valeur.",
        euros=None if made_up else got - usual,
    )
