"""How complete each month of a dataset is, in one word and one number."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from analytics.completion.develop import Development, develop
from analytics.errors import ParameterError
from analytics.schema import Dataset

STATUTS = ("complet", "provisoire", "incomplet")
#: Under this share known a month is muted: greyed, out of alerts, comparisons and fits.
INCOMPLETE = 0.80
#: From this share known a month is read like any other; between the two it is shown with its interval.
COMPLETE = 0.97
#: Last care months held as incomplete when nothing tells how they fill up.
BLIND_MONTHS = 2


def develop_dataset(dataset: Dataset, *, by: Iterable[str] | None = None) -> Development:
    """Develop the main measure of a dataset with both months, by poste when there is one.

    Raises
    ------
    ParameterError
        The dataset has no amount.
    SchemaError, InsufficientData
        As :func:`develop`: without a care month and a payment month there is nothing to develop.
    """
    measure = dataset.main_measure
    if measure is None:
        raise ParameterError("Aucun montant de prestation à développer.")
    keys = tuple(by) if by is not None else tuple(c for c in ("poste",) if c in dataset.prestation.columns)
    exposure = dataset.cotisation if "beneficiaires" in dataset.cotisation.columns else None
    return develop(dataset.prestation, exposure=exposure, by=keys, measure=measure)


def has_both_months(dataset: Dataset) -> bool:
    """The care month and the payment month are both known."""
    frame = dataset.prestation
    return "mois_paiement" in frame.columns and bool(frame["mois_paiement"].notna().any())


def maturity(
    dataset: Dataset,
    *,
    as_of: pd.Timestamp | None = None,
    incomplete: int | Iterable[pd.Timestamp] | None = None,
    development: Development | None = None,
) -> pd.DataFrame:
    """Say which months of a dataset can be compared.

    Parameters
    ----------
    dataset : Dataset
        As loaded: a completed dataset has lost its payment months.
    as_of : pandas.Timestamp, optional
        Day of the extract. Of a vue comptable, only the month still open that day is incomplete; the first day of a
        month stands for the whole month (closed). None: `dataset.as_of`.
    incomplete : int or months, optional
        Number of last months, or months, that the user holds as incomplete; replaces the two last care months.
    development : Development, optional
        Already computed by :func:`develop_dataset`.

    Returns
    -------
    pandas.DataFrame
        mois, part_connue (paid / ultimate; NaN when unknowable), statut: "incomplet" (under 80 % known: greyed, left
        out of alerts and fits), "provisoire" (under 97 %: shown with its interval) or "complet".
    """
    months = dataset.months
    share = pd.Series(np.nan, index=months)
    statut = pd.Series("complet", index=months)
    if has_both_months(dataset):
        known = (development or develop_dataset(dataset)).by_month().set_index("mois")
        share = known["part_connue"].reindex(months)
        ordered = np.where(share >= COMPLETE, "complet", np.where(share >= INCOMPLETE, "provisoire", "incomplet"))
        statut = pd.Series(ordered, index=months)
    elif dataset.date_basis == "soins" and incomplete is None:
        incomplete = BLIND_MONTHS
    if not dataset.prestation.empty:
        statut[months > dataset.prestation["mois"].max()] = "incomplet"
    statut[months.isin(_named(dataset, incomplete))] = "incomplet"
    statut[months >= _first_open(as_of if as_of is not None else dataset.as_of)] = "incomplet"
    return pd.DataFrame({"mois": months, "part_connue": share.to_numpy(), "statut": statut.to_numpy()})


def describe_maturity(dataset: Dataset, table: pd.DataFrame) -> str:
    """One French sentence: what the dates of this file allow, and which months are muted."""
    n_muted = int((table["statut"] == "incomplet").sum())
    muted = {0: "aucun mois n’est grisé", 1: "1 mois est grisé"}.get(n_muted, f"{n_muted} mois sont grisés")
    if has_both_months(dataset):
        return f"Mois de soins et de paiement connus : les derniers mois sont complétés, {muted}."
    if dataset.date_basis == "soins":
        return f"Mois de soins seul : derniers mois incomplets, non corrigeables, {muted}."
    if dataset.date_basis == "paiement":
        return f"Vue comptable (mois de paiement) : mois complets, dérive vue avec retard, {muted}."
    return f"Date non précisée (soins ou paiement) : rien ne dit si les derniers mois sont tous payés, {muted}."


def _named(dataset: Dataset, incomplete: int | Iterable[pd.Timestamp] | None) -> pd.DatetimeIndex:
    if incomplete is None:
        return pd.DatetimeIndex([])
    if isinstance(incomplete, int):
        if incomplete < 0:
            raise ParameterError("Un nombre de mois est positif.", valeur=incomplete)
        table = dataset.cotisation if dataset.prestation.empty else dataset.prestation
        present = np.sort(table["mois"].unique()) if "mois" in table.columns else []
        return pd.DatetimeIndex(present[max(len(present) - incomplete, 0) :])
    return pd.DatetimeIndex([pd.Timestamp(m).to_period("M").to_timestamp() for m in incomplete])


def _first_open(as_of: pd.Timestamp | None) -> pd.Timestamp:
    """First month not over on that day."""
    if as_of is None:
        return pd.Timestamp.max
    month = as_of.to_period("M")
    closed = as_of.day == 1 or as_of.day == month.days_in_month
    return (month + 1 if closed else month).to_timestamp()
