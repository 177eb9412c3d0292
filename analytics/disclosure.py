"""Statistical secrecy of shared views: no cell of fewer than 11 persons is shown, nor found again by subtraction.

A cell is masked when it covers fewer than `k` persons (primary secrecy), then others are masked with it so that the
totals shown beside do not give it back (secondary secrecy, :mod:`analytics.hypercubes`). Persons are the largest
monthly `beneficiaires` of the cell over the period; an unknown number counts as fewer than `k`. The pattern depends on
persons alone, never on the figure shown: it is the same for every indicator and every page.

What to call in « partage » mode:

- a frame computed from a dataset, by month or not, split or not: :func:`protect_indicator`;
- one figure, a sentence, a filter about to be applied: :func:`may_share`;
- a table that brings its own column of persons: :func:`protect`.

References
----------
CASD, rules of output of hospital data (PMSI): no cell of fewer than 11 patients, and secondary secrecy. Insee, manual
of protection of tables: primary then secondary secrecy.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analytics.errors import ParameterError
from analytics.hypercubes import Hidden, hide_cells
from analytics.schema import CARE_DIMENSIONS, MONTHS, Dataset, Selection, dimensions_of, measures_of

K = 11
REASON = "secret statistique"
PERSONS = "beneficiaires"


@dataclass(frozen=True)
class Protected:
    """A table that may be shared.

    Attributes
    ----------
    table : pandas.DataFrame
        The table given, masked cells NaN, with `raison` "secret statistique" where they are.
    masked : int
        Rows masked.
    primary : int
        Rows masked for their own number of persons; the others protect them.
    margins : pandas.DataFrame
        Totals that must be masked too where they are shown: the keys, missing where summed over.
    """

    table: pd.DataFrame
    masked: int
    primary: int
    margins: pd.DataFrame


def protect(
    table: pd.DataFrame,
    keys: Sequence[str] | None = None,
    persons: str = PERSONS,
    measures: Sequence[str] | None = None,
    *,
    k: int = K,
    margins: bool = True,
    repeated: Iterable[str] = (),
) -> Protected:
    """Mask the cells of fewer than `k` persons, and those that would give them back.

    Parameters
    ----------
    table : pandas.DataFrame
        One row per cell, or several (one per month): a cell holds the largest number of persons of its months and is
        masked on all of them. Without its totals: `margins` of the answer tells which ones to mask.
    keys : sequence of str, optional
        Dimensions of the cells, by default every column that is neither a month nor a number. Totals over each of them
        are taken to be shown, here or elsewhere.
    persons : str
        Column of persons; missing counts as fewer than `k`, 0 as an empty cell unless a measure is not 0 there.
    measures : sequence of str, optional
        Columns to blank, by default every number, persons included.
    k : int
        Persons that a cell must hold.
    margins : bool
        False when no total is shown anywhere: primary secrecy alone.
    repeated : iterable of str
        Keys along which the same persons are counted again (a member is exposed to every poste).

    Returns
    -------
    Protected

    Raises
    ------
    ParameterError
        No column of persons, or a table too fine.
    """
    if persons not in table.columns:
        raise ParameterError("Le tableau ne dit pas combien de personnes il compte.", colonne=persons)
    columns = list(measures_of(table) if measures is None else measures)
    chosen = list(dimensions_of(table.drop(columns="raison", errors="ignore")) if keys is None else keys)
    added = tuple(key for key in chosen if key not in set(repeated))
    rows = table[[*added]].astype("object").where(table[[*added]].notna(), "")
    found = table[persons].astype("float64")
    acts = (table[[c for c in columns if c != persons]].fillna(0) != 0).any(axis=1)
    rows[persons] = found.where(~((found == 0) & acts))
    month = next((m for m in MONTHS if m in table.columns and m not in chosen), None)
    if month:
        rows[month] = table[month]
    tables = _totals(rows, added, persons, month, repeated=bool(repeated))
    hidden = hide_cells(tables, added, persons, k, margins=margins)
    mask = hidden.rows(rows)
    primary = int(hidden.rows(rows, primary=True).sum())
    return Protected(_blank(table, mask, columns), int(mask.sum()), primary, hidden.margins())


def _totals(rows: pd.DataFrame, keys: tuple[str, ...], persons: str, month: str | None, *, repeated: bool) -> dict:
    """Persons of the cells, and of the totals when months say that they are not sums of the cells' largest."""
    largest = rows.groupby(list(keys))[persons].max().reset_index() if keys else _one(rows[persons].max(), persons)
    tables = {keys: largest}
    if month is None or repeated:
        return tables
    for n in range(len(keys)):
        for kept in itertools.combinations(keys, n):
            monthly = rows.groupby([*kept, month])[persons].sum(min_count=1)
            largest = monthly.groupby(level=list(kept)).max().reset_index() if kept else _one(monthly.max(), persons)
            tables[kept] = largest
    return tables


def _one(value: float, persons: str) -> pd.DataFrame:
    return pd.DataFrame({persons: [value]})


def persons_of(dataset: Dataset, by: Sequence[str], selection: Selection | None = None) -> pd.DataFrame:
    """Persons of each cell: its largest monthly `beneficiaires` over the period, NaN when unknown.

    Parameters
    ----------
    dataset : Dataset
    by : sequence of str
        Dimensions. A care dimension has the exposure of its contract cell; one that the members are not split by has
        an unknown exposure.
    selection : Selection, optional
        Months and values to keep; filters on care do not change who is covered.

    Returns
    -------
    pandas.DataFrame
        Columns `by`…, beneficiaires; one row per cell met in either table.
    """
    chosen = selection or Selection()
    added = [d for d in by if d not in CARE_DIMENSIONS]
    members = dataset.cotisation
    facts = [f for f in (dataset.prestation, members) if set(by) <= set(f.columns) and len(f)]
    met = [f.loc[chosen.mask(f), list(by)] for f in facts]
    cells = pd.concat([_as_text(f) for f in met]).drop_duplicates() if met else pd.DataFrame(columns=list(by))
    wanted = {*added, *(set(chosen.without_care().filtres) & set(dataset.dimensions))}
    if PERSONS not in members.columns or not {*wanted, "mois"} <= set(members.columns):
        return cells.assign(**{PERSONS: np.nan}).reset_index(drop=True)
    kept = members.loc[chosen.without_care().mask(members), [*added, "mois", PERSONS]]
    monthly = kept.groupby([*added, "mois"], observed=True)[PERSONS].sum(min_count=1)
    if not added:
        largest = monthly.max() if len(monthly) else np.nan
        return (cells if by else pd.DataFrame(index=range(1))).assign(**{PERSONS: largest}).reset_index(drop=True)
    exposed = monthly.groupby(level=added, observed=True).max().reset_index()
    exposed = pd.concat([_as_text(exposed[added]), exposed[[PERSONS]]], axis=1)
    if set(by) == set(added):
        cells = pd.concat([cells, exposed[list(by)]]).drop_duplicates()
    return cells.merge(exposed, on=added, how="left").sort_values(list(by), ignore_index=True)


def may_share(dataset: Dataset, selection: Selection | None = None, k: int = K) -> bool:
    """Whether the one figure of a selection may be shared, whatever other filters are tried beside it.

    Parameters
    ----------
    dataset : Dataset
    selection : Selection, optional
    k : int
        Persons that a cell must hold.
    """
    return not _masked_cells(dataset, (), selection, k)["masque"].iloc[0]


def protect_indicator(
    frame: pd.DataFrame,
    dataset: Dataset,
    by: Sequence[str],
    selection: Selection | None = None,
    k: int = K,
    columns: Sequence[str] | None = None,
) -> pd.DataFrame:
    """A frame computed from a dataset, as it may be shared: masked cells NaN, `raison` "secret statistique".

    Parameters
    ----------
    frame : pandas.DataFrame
        From `compute_indicator`, `compute_total` or any computing split by the same `by` over the same `selection`:
        its columns `by`…, months or not, and figures.
    dataset, by, selection
        What it was computed from.
    k : int
        Persons that a cell must hold.
    columns : sequence of str, optional
        Columns to blank, by default every number.

    Returns
    -------
    pandas.DataFrame
        The frame, its masked rows blanked, with `raison`.

    Notes
    -----
    The dimensions filtered are treated as if they were shown too: a filtered figure is given only when it holds none
    of the masked cells of that finer table, or all of those of its total. It can then be computed from cells that are
    shown, whatever other filters one tries: two nested filters never differ by 1 to 10 persons.
    """
    added = [d for d in by if d not in CARE_DIMENSIONS]
    blanked = list(measures_of(frame) if columns is None else columns)
    cells = _masked_cells(dataset, added, selection, k)
    if added:
        looked = _as_text(frame[added]).merge(cells, on=added, how="left")
        mask = pd.Series(looked["masque"].to_numpy(), index=frame.index).astype("boolean").fillna(True).astype(bool)
        persons = pd.Series(looked[PERSONS].to_numpy(), index=frame.index)
    else:
        mask = pd.Series(cells["masque"].iloc[0], index=frame.index)
        persons = pd.Series(cells[PERSONS].iloc[0], index=frame.index)
    # Figures without anybody covered: who they speak of is not known.
    mask |= (persons == 0) & (frame[blanked].fillna(0) != 0).any(axis=1)
    return _blank(frame, mask, blanked)


def _masked_cells(dataset: Dataset, by: Sequence[str], selection: Selection | None, k: int) -> pd.DataFrame:
    """Cells of contract dimensions: `by`…, beneficiaires, masque."""
    chosen = (selection or Selection()).without_care()
    added = [d for d in by if d not in CARE_DIMENSIONS]
    filtered = {d: {str(v) for v in values} for d, values in chosen.filtres.items() if d in dataset.dimensions}
    keys = tuple(sorted({*added, *filtered}))
    period = Selection(debut=chosen.debut, fin=chosen.fin)
    tables: dict[tuple[str, ...], pd.DataFrame] = {}
    masks: dict[tuple[str, ...], Hidden] = {}
    for n in range(len(keys) + 1):
        for kept in itertools.combinations(keys, n):
            tables[kept] = persons_of(dataset, kept, period)
            coarser = {s: masks[s] for s in masks if set(s) < set(kept)}
            parts = {s: tables[s] for s in (*coarser, kept)}
            masks[kept] = hide_cells(parts, kept, PERSONS, k, coarser=coarser)
    hidden = masks[keys]
    cells = tables[keys].assign(masque=hidden.rows(tables[keys]))
    inside = pd.Series(True, index=cells.index)
    for dimension, values in filtered.items():
        inside &= cells[dimension].isin(values)
    lines = cells.assign(dedans=inside & cells["masque"], nombre=inside.astype(int))
    sums = ["dedans", "masque", "nombre"]
    shown = persons_of(dataset, added, chosen)
    if added:
        shown = shown.merge(lines.groupby(added)[sums].sum().reset_index(), on=added, how="left")
    else:
        shown = shown.assign(**lines[sums].sum())
    total = hidden.rows(shown, over=tuple(added))
    some = (shown["dedans"] > 0) & ((shown["dedans"] < shown["masque"]) | total)
    few = ~((shown[PERSONS] >= k) | (shown[PERSONS] == 0)) | shown["nombre"].isna()
    return shown[[*added, PERSONS]].assign(masque=some | few)


def _blank(table: pd.DataFrame, mask: pd.Series, columns: Sequence[str]) -> pd.DataFrame:
    blanked = {c: table[c].astype("float64").where(~mask) for c in columns}
    given = table["raison"] if "raison" in table.columns else pd.Series("", index=table.index, dtype="str")
    return table.assign(**blanked, raison=given.where(~mask, REASON))


def _as_text(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.astype("str") if len(frame.columns) else frame
