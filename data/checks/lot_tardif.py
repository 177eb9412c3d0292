"""Actualité: a batch that has not come for the last month, that came a month late, or that never came."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analytics.french import format_month, format_number
from analytics.schema import dimensions_of
from data.checks.facts import Cells, Facts
from data.checks.places import place
from data.checks.shortfall import expected_batch
from data.findings import euros, finding

#: Dimensions by which batches are sent; a file without any of them is searched by its own, so many at most.
BATCHES = ("region", "contrat", "poste")
_MOST_DIMENSIONS = 4
#: A label below this share of the whole is too small for its absence to mean anything.
_MIN_SHARE = 0.02
#: … and a pair of labels, whose total absence is looked for.
_MIN_PAIR = 0.002
#: Below this share of its usual level a batch is missing; when the month and the next one together hold the other
#: share of their usual level, the next month makes up for it.
_MISSING, _MADE_UP = 0.2, 0.8
_HISTORY = 6
#: A label is steady when each of its six last shares is at least this times their median, and at most its inverse.
_STEADY = 0.6
_SHOWN = 5


def check_lot_tardif(facts: Facts) -> list[dict]:
    """Findings about one value, or pair of values, missing from a month where the others are as usual."""
    rows, told = [], set()
    searched = [d for d in BATCHES if d in facts.dimensions] or list(facts.dimensions[:_MOST_DIMENSIONS])
    for dimension in searched:
        cells = facts.cells(dimension)
        if cells is None:
            continue
        for label, month, made_up in find_late(cells, facts.open_months):
            told.add((month, cells.labels[label]))
            rows.append(_late(facts, {dimension: cells.labels[label]}, cells, label, month, made_up))
        for label, month in find_missing(cells, facts.open_months, _MIN_SHARE):
            told.add((month, cells.labels[label]))
            rows.append(_missing(facts, {dimension: cells.labels[label]}, cells, label, month))
    return [*rows, *_missing_pairs(facts, told)]


def _missing_pairs(facts: Facts, told: set) -> list[dict]:
    cells = facts.pair_cells()
    if cells is None:
        return []
    dimensions, rows = dimensions_of(facts.prestation), []
    for label, month in find_missing(cells, facts.open_months, _MIN_PAIR):
        pair = cells.labels[label]
        if not any((month, value) in told for value in pair):
            rows.append(_missing(facts, dict(zip(dimensions, pair, strict=True)), cells, label, month))
    return rows[:_SHOWN]


def find_late(cells: Cells, open_months: int = 0) -> list[tuple[int, int, bool]]:
    """Position of the label, of the month, and whether the month after makes up for it.

    A label is compared with itself: its share of the month over the median of its shares in the six months before.
    """
    amounts = cells.amounts[:, : cells.amounts.shape[1] - open_months]
    total = amounts.sum(axis=0)
    found = []
    for month, before, steady, share in _months(amounts, _MIN_SHARE):
        late = steady & (share[:, month] < _MISSING * before)
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


def find_missing(cells: Cells, open_months: int, min_share: float) -> list[tuple[int, int]]:
    """Position of the label and of the month of batches without one euro, neither the last nor made up for."""
    amounts = cells.amounts[:, : cells.amounts.shape[1] - open_months]
    total = amounts.sum(axis=0)
    found = []
    for month, before, steady, share in _months(amounts, min_share):
        gone = steady & (amounts[:, month] == 0)
        if month == amounts.shape[1] - 1 or not gone.any() or gone.sum() * 2 > steady.sum():
            continue
        ratio = share[:, month + 1] / np.where(before > 0, before, np.nan)
        both = amounts[:, month : month + 2].sum(axis=1) > _MADE_UP * before * total[month : month + 2].sum()
        # What never comes back has ended; what comes back twice as large was late.
        found += [(int(label), month) for label in np.flatnonzero(gone & (ratio > _STEADY) & ~both)]
    return found


def _months(amounts: np.ndarray, min_share: float):
    """Months with six before them: position, usual share of each label, whether it is steady, shares."""
    total = amounts.sum(axis=0)
    if amounts.shape[1] <= _HISTORY or not (total > 0).all():
        return
    share = amounts / total
    for month in range(_HISTORY, amounts.shape[1]):
        before = np.median(share[:, month - _HISTORY : month], axis=1)
        history = share[:, month - _HISTORY : month] / np.where(before > 0, before, np.nan)[:, None]
        steady = (before >= min_share) & ((history > _STEADY) & (history < 1 / _STEADY)).all(axis=1)
        if month >= 12:
            steady &= share[:, month - 12] > 0.5 * before  # thermal cures stop every winter
        yield month, before, steady, share


def _usual(cells: Cells, label: int, month: int) -> float:
    """Amount that a label should hold: its share of the months around, with its season, the others as they are."""
    total, own = cells.amounts.sum(axis=0), cells.amounts[label]
    share = np.divide(own, total, out=np.full(len(own), np.nan), where=total > 0)
    share[month : month + 2] = np.nan  # what is missing, and what may make up for it
    years = [m for m in range(month % 12, len(own), 12) if m != month and share[m] > 0]
    seasons = [share[m] / _level(share, m) for m in years]
    part = _level(share, month) * (float(np.nanmedian(seasons)) if len(seasons) > 1 else 1.0)
    others = float(total[month] - own[month])
    return others * part / (1 - part) if part < 1 else float(np.median(own[max(0, month - _HISTORY) : month]))


def _level(share: np.ndarray, month: int) -> float:
    """Median of the shares of the months around one, the month itself aside."""
    around = share[max(0, month - _HISTORY) : month + _HISTORY + 1].copy()
    around[min(month, _HISTORY)] = np.nan
    return float(np.nanmedian(around)) if np.isfinite(around).any() else np.nan


def _words(facts: Facts, filtres: dict[str, str], when: pd.Timestamp) -> str:
    dataset = facts.dataset
    where = ", ".join(f"{dataset.label(d)} : {dataset.value_label(d, v)}" for d, v in filtres.items())
    return f"{where}, {format_month(when)}"


def _late(facts: Facts, filtres: dict[str, str], cells: Cells, label: int, month: int, made_up: bool) -> dict:
    when, usual, got = cells.months[month], _usual(cells, label, month), float(cells.amounts[label, month])
    level = format_number(100 * got / usual) if usual else "0"
    end = "le mois suivant le rattrape" if made_up else "c’est le dernier mois"
    (dimension, value), lists = next(iter(filtres.items())), {d: (v,) for d, v in filtres.items()}
    rows, amounts = expected_batch(facts, when, got - usual, filtres)
    if made_up and facts.axis == "mois_paiement":
        rows, amounts = rows.iloc[:0], amounts[:0]  # by month of care nothing is missing: it was only paid later
    elif made_up:
        following, more = expected_batch(facts, cells.months[month + 1], usual - got, filtres)
        rows, amounts = pd.concat([rows, following]), np.concatenate([amounts, more])
    return finding(
        "actualite.lot_en_retard",
        "attention",
        f"{_words(facts, filtres, when)} : {level}\u00a0% du niveau habituel ({euros(usual)}), et {end}.",
        table="prestation",
        colonne=dimension,
        valeur=f"{value} | {when:%Y-%m}",
        remede="Le lot est sans doute arrivé en retard : ne lisez pas ce mois comme une baisse de cette valeur.",
        euros=None if made_up else got - usual,
        **place(rows, amounts, filtres=lists),
    )


def _missing(facts: Facts, filtres: dict[str, str], cells: Cells, label: int, month: int) -> dict:
    when, usual = cells.months[month], _usual(cells, label, month)
    rows, amounts = expected_batch(facts, when, -usual, filtres)
    return finding(
        "actualite.lot_manquant",
        "attention",
        f"{_words(facts, filtres, when)} : aucune ligne, pour {euros(usual)} d’habitude, et la suite est normale.",
        table="prestation",
        colonne=next(iter(filtres)),
        valeur=" | ".join([*filtres.values(), f"{when:%Y-%m}"]),
        remede="Redemandez ce lot : il manque, il n’est pas nul.",
        euros=-usual,
        **place(rows, amounts, filtres={d: (v,) for d, v in filtres.items()}),
    )
