"""What was paid by year of care and of payment, and the provision that each closing would have set aside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from analytics.completion import develop
from analytics.descriptive.reduced import reduced
from analytics.french import format_euros
from analytics.schema import Dataset, Selection
from analytics.uncertainty import pooled_error

MEASURE = "prestation"
#: Care months whose payments share out the provision of a cell where nothing is paid yet.
RECENT = 12


@dataclass(frozen=True)
class Provisions:
    """Payments and provisions of a perimeter, rounded to the cent, by year of care.

    Attributes
    ----------
    paye : pandas.DataFrame
        Year of care × year of payment, EUR.
    provision : dict of int to pandas.Series
        Year of closing -> provision by year of care (EUR; NaN when it cannot be estimated), with what was known then.
        The last closing is `arrete`.
    se : pandas.Series
        Standard error of the last provision, by year of care.
    sans_date : pandas.Series
        Paid without payment month, by year of care.
    avant_fichier : pandas.Series
        Paid, by year of payment, on care older than the first payment month: no provision is known for it.
    partielles : frozenset of int
        Years of care of which the first payments are not in the file.
    debut, debut_paiement, arrete : pandas.Timestamp
        First care month, first and last payment month.
    remarques : tuple of str
        French sentences.
    """

    paye: pd.DataFrame
    provision: dict[int, pd.Series]
    se: pd.Series
    sans_date: pd.Series
    avant_fichier: pd.Series
    partielles: frozenset[int]
    debut: pd.Timestamp
    debut_paiement: pd.Timestamp
    arrete: pd.Timestamp
    remarques: tuple[str, ...]

    def at(self, year: int) -> pd.Series:
        """Provision by year of care at the end of a year; no row before the first payment."""
        return self.provision.get(year, pd.Series(dtype=float))


def develop_closings(dataset: Dataset) -> dict[pd.Timestamp, pd.DataFrame]:
    """Last month of each closing -> its development by care month (and poste), with what was known then.

    It does not depend on the perimeter: done once, it serves them all.

    Parameters
    ----------
    dataset : Dataset
        As loaded, with both months.
    """
    by = _split(dataset)
    whole = _grouped(reduced(dataset.prestation, ("mois_paiement", *by)), by)
    first, last = whole["mois_paiement"].min(), whole["mois_paiement"].max()
    exposure = _exposure(dataset)
    closings = [pd.Timestamp(year, 12, 1) for year in range(first.year, last.year)] + [last]
    found = {}
    for closing in closings:
        told = develop(whole, exposure=exposure, by=by, measure=MEASURE, as_of=closing, widened=closing == last)
        found[closing] = told.table[told.table["mois"].between(first, closing)].astype(dict.fromkeys(by, "str"))
    return found


def estimate_provisions(
    dataset: Dataset, scope: Selection, closings: Mapping[pd.Timestamp, pd.DataFrame] | None = None
) -> Provisions:
    """Payments by year, and the provision of each closing by the method of the product (`develop`, by poste).

    The rhythm of payment is that of the whole dataset; a perimeter takes, poste by poste and month by month, the share
    of the provision that it has of the payments; where nothing is paid yet, that of the poste over a year of care.

    Parameters
    ----------
    dataset : Dataset
        As loaded, with both months.
    scope : Selection
        Perimeter.
    closings : mapping, optional
        From :func:`develop_closings`, when it is already known.
    """
    by = _split(dataset)
    keys = ("mois_paiement", *by)
    whole = _grouped(reduced(dataset.prestation, keys), by)
    rows = reduced(dataset.prestation, (*keys, *scope.filtres))
    mine = _grouped(rows[scope.mask(rows)], by) if scope.filtres else whole
    first, last = whole["mois_paiement"].min(), whole["mois_paiement"].max()
    provision, se = {}, pd.Series(dtype=float)
    for closing, table in (closings or develop_closings(dataset)).items():
        known = mine[~(mine["mois_paiement"] > closing)] if scope.filtres else None
        provision[closing.year], se = _at(_of_postes(table, scope), known, by)
    care, paid_year = mine["mois"].dt.year, mine["mois_paiement"].dt.year
    table = mine.groupby([care.rename("soins"), paid_year.rename("paiement")])[MEASURE].sum().unstack(fill_value=0.0)
    awaited = provision[last.year]
    table = table.reindex(sorted({*care.unique(), *awaited.index[awaited != 0]}), fill_value=0.0).round(2)
    undated = mine[mine["mois_paiement"].isna()]
    unseen = mine[mine["mois"] < first]
    return Provisions(
        table.rename(columns=int), provision, se, undated.groupby(undated["mois"].dt.year)[MEASURE].sum().round(2),
        unseen.groupby(unseen["mois_paiement"].dt.year)[MEASURE].sum().round(2),
        frozenset(unseen["mois"].dt.year), mine["mois"].min(), first, last, _remarks(undated, unseen),
    )  # fmt: skip


def _split(dataset: Dataset) -> tuple[str, ...]:
    return tuple(c for c in ("poste",) if c in dataset.prestation.columns)


def _grouped(frame: pd.DataFrame, by: tuple[str, ...]) -> pd.DataFrame:
    """The fact table at the grain of the development, a hundred times smaller."""
    keys = ["mois", "mois_paiement", *by]
    small = frame.groupby(keys, observed=True, dropna=False)[MEASURE].sum(min_count=1).dropna().reset_index()
    return small.astype(dict.fromkeys(by, "str"))


def _exposure(dataset: Dataset) -> pd.DataFrame | None:
    if "beneficiaires" not in dataset.cotisation.columns:
        return None
    return dataset.cotisation.groupby("mois", as_index=False)["beneficiaires"].sum(min_count=1)


def _at(table: pd.DataFrame, mine: pd.DataFrame | None, by: tuple[str, ...]) -> tuple[pd.Series, pd.Series]:
    """Provision and its standard error by year of care; those of a perimeter when its payments known then are given."""
    left = table.assign(annee=table["mois"].dt.year, reste=table["ultime"] - table["paye"])
    if mine is not None:
        left = _shared(left, mine, by)
    provision = left.groupby("annee")["reste"].sum().mask(left["reste"].isna().groupby(left["annee"]).any()).round(2)
    squares = (left["se"] ** 2).groupby(left["annee"]).sum()
    spread = pooled_error(left["se"].groupby(left["annee"]).sum(), squares)
    return provision, spread.mask(left["se"].isna().groupby(left["annee"]).any())


def _of_postes(table: pd.DataFrame, scope: Selection) -> pd.DataFrame:
    """The cells of the postes of a perimeter."""
    chosen = scope.filtres.get("poste")
    return table[table["poste"].isin([str(v) for v in chosen])] if chosen and "poste" in table.columns else table


def _shared(left: pd.DataFrame, mine: pd.DataFrame, by: tuple[str, ...]) -> pd.DataFrame:
    """The part of a perimeter: its share of what is paid in each cell, or of the poste where nothing is paid yet."""
    keys = ["mois", *by]
    paid = mine.groupby(keys)[MEASURE].sum().rename("part").reset_index()
    joined = left.merge(paid, on=keys, how="left")
    joined["part"] = joined["part"].fillna(0.0)  # no payment of this perimeter in the cell
    share = (joined["part"] / joined["paye"].where(joined["paye"] != 0)).fillna(_recent_share(joined, by))
    nothing = (share == 0) | (joined["reste"] == 0)
    return joined.assign(
        reste=(joined["reste"] * share).mask(nothing, 0.0), se=(joined["se"] * share.abs()).mask(share == 0, 0.0)
    )


def _recent_share(joined: pd.DataFrame, by: tuple[str, ...]) -> pd.Series:
    """Part of a perimeter in the payments of each poste over the last known care months; NaN when it has none."""
    recent = joined["mois"] > joined["mois"].max() - pd.DateOffset(months=RECENT)
    groups = [joined[c] for c in by] or [pd.Series(0, index=joined.index)]
    part, whole = (joined[c].where(recent).groupby(groups).transform("sum") for c in ("part", "paye"))
    return part / whole.where(whole != 0)


def _remarks(undated: pd.DataFrame, unseen: pd.DataFrame) -> tuple[str, ...]:
    notes = []
    if len(undated):
        amount = format_euros(float(undated[MEASURE].sum()))
        notes.append(f"{amount} sans mois de paiement : dans la vue par survenance seulement.")
    if len(unseen):
        amount = format_euros(float(unseen[MEASURE].sum()))
        notes.append(
            f"{amount} payés sur des soins antérieurs au premier mois de paiement du fichier : leur provision est "
            "inconnue, la charge des premières années est donc surestimée d’autant au plus."
        )
    return tuple(notes)
