"""How each closing saw the care of a file, and its payments on a grid: what every perimeter is added up from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analytics.completion import develop
from analytics.descriptive.lines import lines_of
from analytics.descriptive.reduced import categorised, reduced
from analytics.schema import Dataset, Selection, dimensions_of

MEASURE = "prestation"


@dataclass(frozen=True)
class Closings:
    """The development of every closing of a dataset, and the payments behind it.

    Attributes
    ----------
    arretes : tuple of pandas.Timestamp
        Last month of each closing: the ends of year, then the last payment month.
    debut : pandas.Timestamp
        First payment month.
    mois : pandas.DatetimeIndex
        Every care month, none left out.
    postes : pandas.Index
        Postes; on the grids, what has none comes after the last.
    connus : numpy.ndarray of bool
        Closing × care month × poste: what was developed.
    paye, ultime, se : numpy.ndarray
        The same: paid, final cost and its standard error (EUR) as known at the closing; NaN when unknown.
    paiements : pandas.DataFrame
        Payments (EUR) by care month, dimensions and, as `mois_paiement`, number of the closing that first sees them;
        the undated come after the last.
    places : numpy.ndarray of int
        For each of them, its place on the grid closing (then undated) × care month × poste.
    """

    arretes: tuple[pd.Timestamp, ...]
    debut: pd.Timestamp
    mois: pd.DatetimeIndex
    postes: pd.Index
    connus: np.ndarray
    paye: np.ndarray
    ultime: np.ndarray
    se: np.ndarray
    paiements: pd.DataFrame
    places: np.ndarray

    def payments(self, filtres: Mapping[str, tuple[str, ...]]) -> tuple[np.ndarray, np.ndarray]:
        """Paid in a perimeter on the grid closing (then undated) × care month × poste, and where it has some line."""
        lines = lines_of(self.paiements, Selection(filtres=filtres))
        shape, places = (len(self.arretes) + 1, *self.connus.shape[1:]), self.places[lines]
        amounts, size = self.paiements[MEASURE].to_numpy(dtype=float)[lines], int(np.prod(shape))
        paid, met = np.bincount(places, weights=amounts, minlength=size), np.bincount(places, minlength=size) > 0
        return paid.reshape(shape), met.reshape(shape)


def develop_closings(dataset: Dataset) -> Closings:
    """The development of every closing, by care month (and poste), with what was known then.

    It does not depend on the perimeter: done once, it serves them all.

    Parameters
    ----------
    dataset : Dataset
        As loaded, with both months.
    """
    care = dataset.prestation
    by = tuple(c for c in ("poste",) if c in care.columns)
    keys = ("mois_paiement", *by)
    whole = _grouped(reduced(care, keys), ("mois", *keys)).astype(dict.fromkeys(by, "str"))
    first, last = whole["mois_paiement"].min(), whole["mois_paiement"].max()
    arretes = (*(pd.Timestamp(year, 12, 1) for year in range(first.year, last.year)), last)
    mois = pd.date_range(whole["mois"].min(), max(whole["mois"].max(), last), freq="MS")
    postes = pd.Index(sorted(whole["poste"].dropna().unique()) if by else [], dtype="str")
    exposure, tables = _exposure(dataset), []
    for closing in arretes:
        told = develop(whole, exposure=exposure, by=by, measure=MEASURE, as_of=closing, widened=closing == last)
        tables.append(told.table[told.table["mois"].between(first, closing)])
    paid = _by_closing(care, first.year, len(arretes))
    places = paid["mois_paiement"].to_numpy() * len(mois) * (len(postes) + 1) + _place(paid, mois, postes)
    return Closings(arretes, first, mois, postes, *_stacked(tables, mois, postes), paid, places)


def _grouped(frame: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    """The payments known, summed by some columns; a missing value is a value of its own."""
    sums = frame.groupby(list(keys), observed=True, dropna=False)[MEASURE].sum(min_count=1)
    return sums.dropna().reset_index()


def _exposure(dataset: Dataset) -> pd.DataFrame | None:
    if "beneficiaires" not in dataset.cotisation.columns:
        return None
    return dataset.cotisation.groupby("mois", as_index=False)["beneficiaires"].sum(min_count=1)


def _by_closing(care: pd.DataFrame, first: int, undated: int) -> pd.DataFrame:
    """Payments by care month, dimensions and, as `mois_paiement`, number of the closing that first sees them."""
    number = (care["mois_paiement"].dt.year - first).fillna(undated).astype("int64")
    rows = categorised(care).assign(mois_paiement=number)
    return _grouped(rows, ("mois", "mois_paiement", *dimensions_of(care)))


def _place(frame: pd.DataFrame, mois: pd.DatetimeIndex, postes: pd.Index) -> np.ndarray:
    """Place of each row on the grid care month × poste."""
    months = frame["mois"].to_numpy().astype("datetime64[M]") - mois[0].to_numpy().astype("datetime64[M]")
    place = months.astype("int64") * (len(postes) + 1)
    if "poste" not in frame.columns:
        return place
    codes, values = pd.factorize(frame["poste"])
    ranks = np.append(postes.get_indexer(pd.Index(values).astype("str")), -1)[codes]
    return place + np.where(ranks < 0, len(postes), ranks)


def _stacked(
    tables: Iterable[pd.DataFrame], mois: pd.DatetimeIndex, postes: pd.Index
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Developments as grids closing × care month × poste: which cells they have, then paye, ultime and se."""
    found = []
    for table in tables:
        grids = np.full((4, len(mois) * (len(postes) + 1)), np.nan)
        places = _place(table, mois, postes)
        grids[0, places] = 1.0
        for rank, column in enumerate(("paye", "ultime", "se"), start=1):
            grids[rank, places] = table[column].to_numpy(dtype=float)
        found.append(grids.reshape(4, len(mois), len(postes) + 1))
    known, paid, ultimate, error = np.stack(found, axis=1)
    return known == 1.0, paid, ultimate, error
