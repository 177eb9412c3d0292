"""What was paid by year of care and of payment, and the provision that each closing would have set aside."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analytics.completion import develop
from analytics.descriptive.known import CORRELATION
from analytics.french import format_euros
from analytics.schema import Dataset, Selection

MEASURE = "prestation"


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


def estimate_provisions(dataset: Dataset, scope: Selection) -> Provisions:
    """Payments by year, and the provision of each closing by the method of the product (`develop`, by poste).

    The rhythm of payment is that of the whole dataset; a perimeter takes, poste by poste and month by month, the share
    of the provision that it has of the payments.

    Parameters
    ----------
    dataset : Dataset
        As loaded, with both months.
    scope : Selection
        Perimeter.
    """
    by = tuple(c for c in ("poste",) if c in dataset.prestation.columns)
    whole = _grouped(dataset.prestation, by)
    mine = _grouped(dataset.prestation[scope.mask(dataset.prestation)], by) if scope.filtres else whole
    first, last = whole["mois_paiement"].min(), whole["mois_paiement"].max()
    exposure = _exposure(dataset)
    closings = [pd.Timestamp(year, 12, 1) for year in range(first.year, last.year)] + [last]
    provision, se = {}, pd.Series(dtype=float)
    for closing in closings:
        provision[closing.year], se = _at(whole, mine, exposure, by, closing, first, widened=closing == last)
    care, paid_year = mine["mois"].dt.year, mine["mois_paiement"].dt.year
    table = mine.groupby([care.rename("soins"), paid_year.rename("paiement")])[MEASURE].sum().unstack(fill_value=0.0)
    table = table.reindex(sorted(care.unique()), fill_value=0.0).round(2)
    undated = mine[mine["mois_paiement"].isna()]
    unseen = mine[mine["mois"] < first]
    return Provisions(
        table.rename(columns=int), provision, se, undated.groupby(undated["mois"].dt.year)[MEASURE].sum().round(2),
        unseen.groupby(unseen["mois_paiement"].dt.year)[MEASURE].sum().round(2),
        frozenset(unseen["mois"].dt.year), mine["mois"].min(), first, last, _remarks(undated, unseen),
    )  # fmt: skip


def _grouped(frame: pd.DataFrame, by: tuple[str, ...]) -> pd.DataFrame:
    """The fact table at the grain of the development, a hundred times smaller."""
    keys = ["mois", "mois_paiement", *by]
    small = frame.groupby(keys, observed=True, dropna=False)[MEASURE].sum(min_count=1).dropna().reset_index()
    return small.astype(dict.fromkeys(by, "str"))


def _exposure(dataset: Dataset) -> pd.DataFrame | None:
    if "beneficiaires" not in dataset.cotisation.columns:
        return None
    return dataset.cotisation.groupby("mois", as_index=False)["beneficiaires"].sum(min_count=1)


def _at(
    whole: pd.DataFrame, mine: pd.DataFrame, exposure: pd.DataFrame | None, by: tuple[str, ...], closing: pd.Timestamp,
    first: pd.Timestamp, *, widened: bool,
) -> tuple[pd.Series, pd.Series]:  # fmt: skip
    """Provision and its standard error by year of care, with what was known at a closing."""
    table = develop(whole, exposure=exposure, by=by, measure=MEASURE, as_of=closing, widened=widened).table
    table = table[table["mois"].between(first, closing)]
    left = table.assign(annee=table["mois"].dt.year, reste=table["ultime"] - table["paye"])
    if mine is not whole:
        left = _shared(left, mine[~(mine["mois_paiement"] > closing)], by)
    provision = left.groupby("annee")["reste"].sum().mask(left["reste"].isna().groupby(left["annee"]).any()).round(2)
    spread = left["se"].groupby(left["annee"]).agg([lambda s: s.sum() ** 2, lambda s: (s**2).sum()])
    se = np.sqrt(CORRELATION * spread.iloc[:, 0] + (1 - CORRELATION) * spread.iloc[:, 1])
    return provision, se.mask(left["se"].isna().groupby(left["annee"]).any())


def _shared(left: pd.DataFrame, mine: pd.DataFrame, by: tuple[str, ...]) -> pd.DataFrame:
    """The part of a perimeter: its share of what is paid in each cell."""
    keys = ["mois", *by]
    paid = mine.groupby(keys)[MEASURE].sum().rename("part").reset_index()
    joined = left.astype(dict.fromkeys(by, "str")).merge(paid, on=keys, how="inner")
    share = joined["part"] / joined["paye"].where(joined["paye"] != 0)
    share = share.mask((joined["part"] == 0) & (joined["paye"] == 0), 0.0)
    return joined.assign(reste=joined["reste"] * share, se=joined["se"] * share.abs())


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
