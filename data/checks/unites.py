"""Exactitude: amounts a hundred times too large or too small, in one cell of one month."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analytics.french import format_number
from analytics.schema import Dataset
from data.checks.facts import Facts
from data.findings import finding
from data.keys import pack, sum_by

#: A cell is suspected when it is 100 times its usual level, within this distance in powers of ten.
NEAR = 0.25
#: … and this many robust standard deviations away from it.
MIN_Z = 6.0
MIN_MONTHS = 6
#: The average of fewer acts, or persons, than this may be a hundred times another by itself.
MIN_COUNT = 5
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
    _Unit("prestation", "prestation", "actes", ("poste", "region")),
    _Unit("prestation", "frais_reels", "actes", ("poste", "region")),
    _Unit("prestation", "remboursement_amo", "actes", ("poste", "region")),
    _Unit("cotisation", "cotisation", "beneficiaires", ("contrat", "region")),
)


def check_unites(facts: Facts) -> list[dict]:
    """Findings about changes of unit, the months of care before those of payment; a cell is reported once."""
    rows, reported = [], set()
    small = {"prestation": facts.prestation, "cotisation": facts.cotisation}
    for unit in _UNITS:
        frame = small[unit.table]
        if frame.empty or unit.amount not in frame.columns:
            continue
        for axis in ("mois", "mois_paiement"):
            if axis not in frame.columns:
                continue
            cells = find_unit_changes(
                frame, unit.amount, unit.count, [g for g in unit.groups if g in frame.columns], axis
            )
            for cell in cells.itertuples(index=False):
                key = (unit.table, *cell[:-2])
                if key not in reported:
                    reported.add(key)
                    rows.append(_unit_finding(facts.dataset, unit, cell))
            frame = _without(frame, cells.columns[:-2], cells)
    return rows


def find_unit_changes(frame: pd.DataFrame, amount: str, count: str, groups: list[str], axis: str) -> pd.DataFrame:
    """Cells (groups × month) whose average amount is about a hundred times, or a hundredth of, the usual one.

    The usual level of a group is the median over months of log10(amount / count), or log10(amount) without `count`;
    its spread is 1.4826 × the median absolute deviation. A cell is kept when it is within :data:`NEAR` of ±2 from the
    median and more than :data:`MIN_Z` spreads away.

    Returns
    -------
    pandas.DataFrame
        groups…, `axis`, `facteur` (amount over usual), `exces` (EUR above the usual level).
    """
    measures = [amount, count] if count in frame.columns else [amount]
    cells = sum_by(frame.dropna(subset=[axis]), [*groups, axis], measures)
    per = cells[amount] / cells[count] if count in cells.columns else cells[amount]
    level = np.log10(per.where((per > 0) & np.isfinite(per)))
    by_group = level.groupby(pack(cells, groups))
    distance = level - by_group.transform("median")
    spread = distance.abs().groupby(pack(cells, groups)).transform("median") * _MAD_TO_SD
    suspect = ((distance.abs() - 2).abs() <= NEAR) & (distance.abs() > MIN_Z * spread.clip(lower=_FLOOR))
    suspect &= by_group.transform("count") >= MIN_MONTHS
    if count in cells.columns:
        suspect &= cells[count] >= MIN_COUNT
    found = cells.loc[suspect, [*groups, axis]]
    factor = 10 ** distance[suspect]
    return found.assign(facteur=factor, exces=cells.loc[suspect, amount] * (1 - 1 / factor))


def _without(frame: pd.DataFrame, keys: pd.Index, cells: pd.DataFrame) -> pd.DataFrame:
    if cells.empty:
        return frame
    flagged = np.zeros(len(frame), dtype=bool)
    for _, cell in cells.iterrows():
        flagged |= np.logical_and.reduce([(frame[k] == cell[k]).to_numpy() for k in keys])
    return frame[~flagged]


def _unit_finding(dataset: Dataset, unit: _Unit, cell: tuple) -> dict:
    *values, month, factor, excess = cell
    groups = [g for g in unit.groups if g in getattr(dataset, unit.table).columns]
    where = ", ".join(f"{dataset.label(g)} : {dataset.value_label(g, v)}" for g, v in zip(groups, values, strict=True))
    times = (
        f"{format_number(factor)} fois plus grands" if factor > 1 else f"{format_number(1 / factor)} fois plus petits"
    )
    other = "centimes" if factor > 1 else "centaines d’euros"
    return finding(
        "exactitude.changement_unite",
        "grave",
        f"{where or 'Toutes les lignes'}, {month:%m/%Y} : montants {times} que d’habitude, sans doute en {other}.",
        table=unit.table,
        colonne=unit.amount,
        valeur=" | ".join([*map(str, values), f"{month:%Y-%m}"]),
        remede="Corrigez l’unité de ce lot à la source. Rien n’a été modifié.",
        euros=float(excess),
    )
