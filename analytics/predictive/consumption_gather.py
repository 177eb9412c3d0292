"""A dataset summed to the cells of the model of consumption."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from analytics.completion import complete, develop_dataset, has_both_months, maturity
from analytics.descriptive.indicator import compute_indicator, compute_total
from analytics.descriptive.regroup import regroup
from analytics.errors import ParameterError
from analytics.french import format_percent
from analytics.indicators import MONTHS_PER_YEAR, missing_measures
from analytics.indicators import get_indicator as indicator_of
from analytics.predictive.consumption_cells import WHOLE, Cells, Factors
from analytics.schema import CONTRACT_DIMENSIONS, Dataset, Selection

#: Order in which dimensions enter; the last ones are left out of a file too fine.
ORDER = ("tranche_age", "formule", "contrat", "region", "sexe", "canal")
MAX_BLOCKS, MAX_ROWS, MAX_VALUES = 4, 20_000, 60
#: Part of the amounts without anybody covered from which it is told.
TOLD_APART = 0.0005

Block = tuple[pd.Timestamp, pd.Timestamp]


def gather_cells(
    dataset: Dataset,
    *,
    selection: Selection | None = None,
    by: Sequence[str] | None = None,
    months: pd.DatetimeIndex | None = None,
) -> Cells:
    """Sum a dataset to the cells of the model: at most 20 000 rows of contract cell × poste × block.

    Parameters
    ----------
    dataset : Dataset
        Developed first when it has payment months.
    selection : Selection, optional
        Perimeter, and bounds of the history.
    by : sequence of str, optional
        Contract dimensions present in both tables; by default all those of the contract, as long as cells stay few.
    months : pandas.DatetimeIndex, optional
        Complete months; by default those that the maturity of the dataset says.

    Raises
    ------
    ParameterError
        No members or no amount in the file, or a dimension that one of the tables lacks.
    """
    dataset, months = _completed(dataset, months)
    measure = dataset.main_measure
    lacking = [*([] if measure else ["prestation"]), *missing_measures(indicator_of("beneficiaires"), dataset)]
    if lacking:
        names = " et ".join(f"« {dataset.label(m)} »" for m in lacking)
        raise ParameterError(f"Pour modéliser la consommation, il manque {names}.")
    chosen = selection or Selection()
    known = _known_months(dataset, measure, months, chosen)
    blocks = _blocks(known)
    if not blocks:
        flat, cube = np.empty((0, 0)), np.empty((0, 0, 0))
        return Cells(Factors((), (), (), ()), flat, (), (), flat, None, cube, flat, len(known))
    scope = replace(chosen, debut=blocks[0][0], fin=blocks[-1][1])
    named, dimensions, notes = _dimensions(dataset, scope, by, len(blocks))
    return _summed(_Sums(named, measure, dimensions, [replace(scope, debut=a, fin=b) for a, b in blocks]),
                   blocks, len(known), notes)  # fmt: skip


def _completed(dataset: Dataset, months: pd.DatetimeIndex | None) -> tuple[Dataset, pd.DatetimeIndex]:
    if "mois_paiement" not in dataset.prestation.columns and months is not None:
        return dataset, months
    development = develop_dataset(dataset) if has_both_months(dataset) and dataset.main_measure else None
    if months is None:
        table = maturity(dataset, development=development)
        months = pd.DatetimeIndex(table.loc[table["statut"] != "incomplet", "mois"])
    return complete(dataset, development=development), months


def _known_months(dataset: Dataset, measure: str, months: pd.DatetimeIndex, selection: Selection) -> list[pd.Timestamp]:
    """Complete months in a row, up to the last, that both tables have."""
    kept = set(months)
    for key, scope in ((measure, selection), ("beneficiaires", selection.without_care())):
        table = compute_indicator(dataset, key, selection=scope)
        kept &= set(table.loc[table["valeur"].notna(), "mois"])
    run: list[pd.Timestamp] = []
    for month in sorted(kept, reverse=True):
        if run and (run[-1].year - month.year) * MONTHS_PER_YEAR + run[-1].month - month.month != 1:
            break
        run.append(month)
    return run[::-1]


def _blocks(months: list[pd.Timestamp]) -> tuple[Block, ...]:
    count = min(len(months) // MONTHS_PER_YEAR, MAX_BLOCKS)
    ends = [len(months) - MONTHS_PER_YEAR * back for back in range(count)][::-1]
    return tuple((months[end - MONTHS_PER_YEAR], months[end - 1]) for end in ends)


def _dimensions(
    dataset: Dataset, scope: Selection, by: Sequence[str] | None, blocks: int
) -> tuple[Dataset, tuple[str, ...], list[str]]:
    """Dimensions of the cells, blanks named, and why the others are left out."""
    both = [d for d in dataset.dimensions if d in dataset.cotisation.columns and d in dataset.prestation.columns]
    asked = [d for d in ORDER if d in both] if by is None else list(by)
    wrong = [d for d in asked if d not in both or (by is None and d not in CONTRACT_DIMENSIONS)]
    if wrong:
        raise ParameterError("Cette dimension n’est pas dans les deux tableaux.", colonne=wrong[0])
    for dimension in (*asked, *(["poste"] if "poste" in dataset.prestation.columns else [])):
        dataset = regroup(dataset, dimension)
    members = dataset.cotisation[scope.without_care().mask(dataset.cotisation)]
    care = dataset.prestation["poste"].nunique() if "poste" in dataset.prestation.columns else 1
    chosen: tuple[str, ...] = ()
    notes = []
    for dimension in asked:
        values, cells = members[dimension].nunique(), len(members[[*chosen, dimension]].drop_duplicates())
        if values < 2:
            continue
        if values > MAX_VALUES or cells * care * blocks > MAX_ROWS:
            notes.append(f"{dataset.label(dimension)} : trop de valeurs, laissé de côté.")
        elif not _tells_apart(members, (*chosen, dimension)):
            notes.append(f"{dataset.label(dimension)} : se déduit des autres dimensions, laissé de côté.")
        else:
            chosen = (*chosen, dimension)
    return dataset, chosen, notes


def _tells_apart(members: pd.DataFrame, by: tuple[str, ...]) -> bool:
    """Whether each dimension says something that the others do not: else no effect belongs to one of them."""
    cells = members[list(by)].drop_duplicates()
    columns = [np.eye(cells[d].nunique())[pd.factorize(cells[d])[0]][:, 1:] for d in by]
    design = np.hstack([np.ones((len(cells), 1)), *columns])
    return bool(np.linalg.matrix_rank(design) == design.shape[1])


@dataclass(frozen=True)
class _Sums:
    """What is summed, by which dimensions, over which blocks."""

    dataset: Dataset
    measure: str
    by: tuple[str, ...]
    periods: list[Selection]

    @property
    def care(self) -> tuple[str, ...]:
        return ("poste",) if "poste" in self.dataset.prestation.columns else ()

    def people(self) -> list[pd.DataFrame]:
        scopes = (p.without_care() for p in self.periods)
        return [compute_total(self.dataset, "beneficiaires", by=self.by, selection=s) for s in scopes]

    def spent(self, key: str) -> list[pd.DataFrame]:
        return [compute_total(self.dataset, key, by=(*self.by, *self.care), selection=p) for p in self.periods]

    def counts_acts(self) -> bool:
        care = self.dataset.prestation
        if "actes" not in care.columns:
            return False
        acts = care.loc[replace(self.periods[0], fin=self.periods[-1].fin).mask(care), "actes"]
        return bool(acts.notna().all()) and float(acts.sum()) > 0 and float(acts.min()) >= 0


def _summed(sums: _Sums, blocks: tuple[Block, ...], months: int, notes: list[str]) -> Cells:
    people, spent = sums.people(), sums.spent(sums.measure)
    values = tuple(tuple(sorted({v for t in people for v in t[d].astype("str")})) for d in sums.by)
    postes = tuple(sorted({v for t in spent for v in t["poste"].astype("str")})) if sums.care else (WHOLE,)
    shape = tuple(len(v) for v in values)
    keys = [_keys(t, sums.by, values) for t in people]
    met = np.unique(np.concatenate([k[(t["valeur"] > 0).to_numpy()] for k, t in zip(keys, people, strict=True)]))
    exposure = np.stack([np.clip(_placed(t, k, met)[0], 0, None) for t, k in zip(people, keys, strict=True)])
    amounts, total = _spread(spent, sums, values, postes, met)
    amounts = np.where(exposure[None] > 0, amounts, 0.0)
    apart = total - amounts.sum(axis=2)
    acts = None
    if sums.counts_acts():
        acts = np.where(exposure[None] > 0, _spread(sums.spent("actes"), sums, values, postes, met)[0], 0.0)
    part = abs(apart.sum()) / abs(total.sum()) if total.sum() else 0.0
    if part > TOLD_APART:
        notes.append(
            f"{format_percent(part)} des montants sont dans des groupes où personne n’est couvert : inchangés."
        )
    codes = np.stack(np.unravel_index(met, shape), axis=1) if sums.by else np.zeros((len(met), 0), int)
    most = exposure.sum(axis=0)
    weights = [np.bincount(codes[:, d], weights=most, minlength=n) for d, n in enumerate(shape)]
    labels = tuple(
        tuple(sums.dataset.value_label(d, v) for v in found) for d, found in zip(sums.by, values, strict=True)
    )
    factors = Factors(sums.by, values, labels, tuple(int(w.argmax()) for w in weights))
    return Cells(factors, codes, postes, blocks, exposure, acts, amounts, apart, months, tuple(notes))


def _keys(table: pd.DataFrame, by: tuple[str, ...], values: tuple) -> np.ndarray:
    """One number by combination of values; -1 when one of them covers nobody."""
    if not by:
        return np.zeros(len(table), dtype=np.int64)
    codes = [pd.Index(v).get_indexer(table[d].astype("str")) for d, v in zip(by, values, strict=True)]
    inside = np.logical_and.reduce([c >= 0 for c in codes])
    keys = np.ravel_multi_index([np.where(inside, c, 0) for c in codes], [len(v) for v in values])
    return np.where(inside, keys, -1)


def _placed(
    table: pd.DataFrame, keys: np.ndarray, met: np.ndarray, rows: np.ndarray | int = 0, count: int = 1
) -> np.ndarray:
    """Sums of a table, rows × cells met."""
    grid = np.zeros((count, len(met)))
    place = np.searchsorted(met, keys)
    known = np.isin(keys, met)
    rows = np.broadcast_to(rows, keys.shape)
    np.add.at(grid, (rows[known], place[known]), table["valeur"].fillna(0.0).to_numpy(dtype=float)[known])
    return grid


def _spread(
    tables: list[pd.DataFrame], sums: _Sums, values: tuple, postes: tuple[str, ...], met: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Postes × blocks × cells met, and postes × blocks of everything."""
    found, totals = [], []
    for table in tables:
        rows = pd.Index(postes).get_indexer(table["poste"].astype("str")) if sums.care else np.zeros(len(table), int)
        found.append(_placed(table, _keys(table, sums.by, values), met, rows, len(postes)))
        amounts = table["valeur"].fillna(0.0).to_numpy(dtype=float)
        totals.append(np.bincount(rows, weights=amounts, minlength=len(postes)))
    return np.stack(found, axis=1), np.stack(totals, axis=1)
