"""Exactitude: amounts a hundred times too large or too small, in one cell of one month."""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from analytics.french import format_number
from analytics.schema import Dataset
from data.checks.cells import Place, find_places, merge_cells, searches
from data.checks.facts import KEPT, Facts, kept_dimensions, sum_quickly
from data.checks.places import place
from data.findings import finding
from data.keys import pack

#: A cell is suspected when it is 100 times its usual level, within this distance in powers of ten.
NEAR = 0.25
#: … and this many robust standard deviations away from it.
MIN_Z = 6.0
MIN_MONTHS = 6
#: The average of fewer acts, or persons, than this may be a hundred times another by itself.
MIN_COUNT = 5
#: Without acts nor persons, a cell that usually holds less than this share of its month may jump by itself.
_MIN_WEIGHT = 0.001
#: Floor of the spread of a group, in powers of ten (about 12 %).
_FLOOR = 0.05
_MAD_TO_SD = 1.4826


@dataclass(frozen=True)
class _Unit:
    """Where to look for a change of unit: a table, an amount, what it is divided by, the cells compared."""

    table: str
    amount: str
    count: str
    groups: tuple[str, ...]


_UNITS = (
    _Unit("prestation", "prestation", "actes", KEPT["prestation"]),
    _Unit("prestation", "frais_reels", "actes", KEPT["prestation"]),
    _Unit("prestation", "remboursement_amo", "actes", KEPT["prestation"]),
    _Unit("cotisation", "cotisation", "beneficiaires", KEPT["cotisation"]),
)


def check_unites(facts: Facts) -> list[dict]:
    """Findings about changes of unit, the months of care before those of payment; a cell is reported once."""
    rows: list[dict] = []
    facts = _counted(facts)
    tables = {name: getattr(facts.dataset, name) for name in ("prestation", "cotisation")}
    told: dict[str, list[Place]] = {name: [] for name in tables}
    for unit in _UNITS:
        frame = tables[unit.table]
        if frame.empty or unit.amount not in frame.columns:
            continue
        find = functools.partial(_find, unit, facts.step)
        for where, factor, there in find_places(facts, unit.table, _groups(facts, unit), find, told[unit.table]):
            rows.append(_unit_finding(facts.dataset, unit, where, factor, frame[there]))
    return rows


def _counted(facts: Facts) -> Facts:
    """The same facts without the acts whose amount is not known: over them, the average would be too small."""
    frame, measure = facts.dataset.prestation, facts.dataset.main_measure
    if measure is None or "actes" not in frame.columns or not (unknown := frame[measure].isna()).any():
        return facts
    frame = frame.assign(actes=frame["actes"].mask(unknown))
    return Facts(replace(facts.dataset, prestation=frame), facts.today)


def _groups(facts: Facts, unit: _Unit) -> list[list[str]]:
    """Dimensions of the cells compared; the main measure is searched by the other dimensions too."""
    if unit.amount == facts.dataset.main_measure:
        return list(searches(facts, unit.groups))
    return [list(kept_dimensions(getattr(facts.dataset, unit.table), unit.groups))]


def _find(unit: _Unit, step: int, frame: pd.DataFrame, groups: list[str], axis: str) -> list[tuple[Place, float]]:
    """Where the unit changed, and how many times larger the average there is."""
    cells = _averages(frame, unit.amount, unit.count, groups, axis)
    usual, found = (cells[unit.amount] / cells["facteur"]).to_numpy(), []
    for wrong in (cells["suspect"] & (cells["facteur"] > 1), cells["suspect"] & (cells["facteur"] < 1)):
        places = merge_cells(cells, wrong.to_numpy(), usual, groups, axis, step=step) if wrong.any() else ()
        found += [(p, float(cells.loc[p.mask(cells) & wrong.to_numpy(), "facteur"].median())) for p in places]
    return found


def find_unit_changes(frame: pd.DataFrame, amount: str, count: str, groups: list[str], axis: str) -> pd.DataFrame:
    """Cells (groups × month) whose average amount is about a hundred times, or a hundredth of, the usual one.

    The usual level of a group is the median over months of log10(amount / count), or log10(amount) without `count`;
    its spread is 1.4826 × the median absolute deviation. A cell is kept when it is within :data:`NEAR` of ±2 from the
    median and more than :data:`MIN_Z` spreads away.

    Returns
    -------
    pandas.DataFrame
        groups…, `axis`, `facteur` (amount over usual).
    """
    cells = _averages(frame, amount, count, groups, axis)
    return cells.loc[cells["suspect"], [*groups, axis, "facteur"]]


def _averages(frame: pd.DataFrame, amount: str, count: str, groups: list[str], axis: str) -> pd.DataFrame:
    """Cells with their amount, its factor over the usual one, and whether it is suspected."""
    measures = [amount, count] if count in frame.columns else [amount]
    cells = sum_quickly(frame, [*groups, axis], measures).dropna(subset=[axis]).reset_index(drop=True)
    per = cells[amount] / cells[count].where(cells[count] != 0) if count in cells.columns else cells[amount]
    level = np.log10(per.where((per > 0) & np.isfinite(per)))
    key = pack(cells, groups)
    by_group = level.groupby(key)
    distance = level - by_group.transform("median")
    spread = distance.abs().groupby(key).transform("median") * _MAD_TO_SD
    suspect = ((distance.abs() - 2).abs() <= NEAR) & (distance.abs() > MIN_Z * spread.clip(lower=_FLOOR))
    suspect &= by_group.transform("count") >= MIN_MONTHS
    if count in cells.columns:
        suspect &= cells[count] >= MIN_COUNT
    else:
        usual = (cells[amount] / 10**distance).abs()
        suspect &= usual >= _MIN_WEIGHT * usual.groupby(cells[axis]).transform("sum")
    return cells.assign(facteur=10**distance, suspect=suspect)


def _unit_finding(dataset: Dataset, unit: _Unit, found: Place, factor: float, rows: pd.DataFrame) -> dict:
    times = (
        f"{format_number(factor)} fois plus grands" if factor > 1 else f"{format_number(1 / factor)} fois plus petits"
    )
    other = "centimes" if factor > 1 else "centaines d’euros"
    # The unit is exactly a hundred times another, whatever the acts of that month.
    amounts = rows[unit.amount].to_numpy(dtype=float)
    excess = amounts * (0.99 if factor > 1 else -99.0)
    return finding(
        "exactitude.changement_unite",
        "grave",
        f"{found.words(dataset)} : montants {times} que d’habitude, sans doute en {other}.",
        table=unit.table,
        colonne=unit.amount,
        valeur=found.valeur,
        remede="Corrigez l’unité de ce lot à la source. Rien n’a été modifié.",
        euros=float(np.nansum(excess)),
        **place(rows, excess, filtres=found.lists),
    )
