"""From a dataset to the monthly series that are forecast."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analytics.descriptive.indicator import compute_indicator
from analytics.errors import InsufficientData
from analytics.predictive.reconciliation import MAX_SERIES, WHOLE
from analytics.schema import Dataset, Selection

#: The amounts of a perimeter whose rows say nothing of the dimension of the parts.
UNNAMED = "non précisé"
#: Amounts under this are rounding (EUR).
CENT = 0.01
_NAMES_TOLD = 3


@dataclass(frozen=True)
class Series:
    """Monthly series of a perimeter.

    Attributes
    ----------
    frame : pandas.DataFrame
        serie, mois, valeur (EUR): the whole, then its parts when it has some. Optionally erreur_type (EUR): standard
        error of the months that are still an estimate.
    hierarchy : dict of str to tuple of str
        The whole to its parts; empty without parts.
    by : str or None
        Dimension of the parts; None without parts.
    raison : str
        Why there are no parts though some were asked for; empty otherwise.
    estimes : tuple of pandas.Timestamp
        Months of `frame` that are still an estimate: not wholly paid, completed.
    """

    frame: pd.DataFrame
    hierarchy: dict[str, tuple[str, ...]]
    by: str | None = None
    raison: str = ""
    estimes: tuple[pd.Timestamp, ...] = ()

    @property
    def parts(self) -> tuple[str, ...]:
        """Names of the parts; empty without any."""
        return self.hierarchy.get(WHOLE, ())


def build_series(
    dataset: Dataset,
    measure: str,
    months: pd.DatetimeIndex,
    filtres: dict[str, tuple[str, ...]],
    *,
    by: str | None,
    most: int = MAX_SERIES,
) -> Series:
    """The whole of a perimeter and its parts by one dimension, over complete months.

    Parameters
    ----------
    dataset : Dataset
        Completed data.
    measure : str
        Measure of `prestation` (EUR).
    months : pandas.DatetimeIndex
        Complete months.
    filtres : dict
        Perimeter.
    by : str or None
        Dimension of the parts; ignored, with the reason, when it has a single value or more than `most` in the
        perimeter, or when a part has a month without any row. What the rows without a value of the dimension hold is a
        part of its own, `UNNAMED`.
    most : int
        Parts that the whole may have.

    Raises
    ------
    InsufficientData
        The perimeter has no amount at all.
    """
    if not len(months):
        raise InsufficientData("Aucun mois complet : il n’y a rien à prévoir.")
    selection = Selection(months[0], months[-1], filtres)
    whole = compute_indicator(dataset, measure, selection=selection)[["mois", "valeur"]]
    if whole["valeur"].notna().sum() == 0:
        raise InsufficientData(
            "Ce périmètre n’a aucun montant.", remede="Élargissez le périmètre dans le volet de gauche."
        )
    frame = whole.assign(serie=WHOLE)[["serie", "mois", "valeur"]]
    if by is None:
        return Series(frame, {})
    parts, reason = _parts(dataset, measure, selection, by, whole, most)
    if reason:
        return Series(frame, {}, raison=reason)
    names = tuple(parts["serie"].drop_duplicates())
    return Series(pd.concat([frame, parts], ignore_index=True), {WHOLE: names}, by)


def part_name(dataset: Dataset, by: str, value: object) -> str:
    """Name of the series of a value of a dimension: its label, never that of the whole."""
    if pd.isna(value):
        return UNNAMED
    label = dataset.value_label(by, str(value))
    return f"{label} ({dataset.label(by).lower()})" if label == WHOLE else label


def _parts(
    dataset: Dataset, measure: str, selection: Selection, by: str, whole: pd.DataFrame, most: int
) -> tuple[pd.DataFrame, str]:
    """serie, mois, valeur of the parts, or why there are none."""
    table = compute_indicator(dataset, measure, by=(by,), selection=selection).dropna(subset=["valeur", by])
    table = table.assign(serie=[part_name(dataset, by, value) for value in table[by]])
    counts = table.groupby(by)["mois"].nunique()
    reason = _refuse(table, by, counts, len(whole), most)
    if reason:
        return table, reason
    rest, reason = _rest(whole, table)
    if reason:
        return table, reason
    return pd.concat([table[["serie", "mois", "valeur"]], rest], ignore_index=True), ""


def _refuse(table: pd.DataFrame, by: str, counts: pd.Series, n_months: int, most: int) -> str:
    """Why these values cannot be parts; empty when they can."""
    if len(counts) < 2:
        return "une seule valeur dans ce périmètre"
    if len(counts) > most:
        return f"{len(counts)} valeurs, {most} au plus"
    if table["serie"].nunique() < len(counts):
        return "deux codes portent le même nom"
    short = counts.index[counts < n_months]
    if len(short):
        names = table.loc[table[by].isin(short), "serie"].drop_duplicates().tolist()
        more = f" et {len(names) - _NAMES_TOLD} autres" if len(names) > _NAMES_TOLD else ""
        return f"des mois sans aucun montant pour {', '.join(f'« {n} »' for n in names[:_NAMES_TOLD])}{more}"
    return ""


def _rest(whole: pd.DataFrame, table: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """What the parts leave of the whole as one more part, when it is more than a cent, or why it cannot be one.

    Its months may be negative: refunds bear no poste as often as payments do.
    """
    amounts = whole.set_index("mois")["valeur"]
    sums = table.groupby("mois")["valeur"].sum().reindex(amounts.index)
    sizes = table["valeur"].abs().groupby(table["mois"]).sum().reindex(amounts.index)
    rest = amounts - sums
    rest = rest.mask(rest.abs() <= np.maximum(CENT, 1e-12 * sizes), 0.0)
    if not (rest.abs() > 0).any():
        return pd.DataFrame(), ""
    taken = set(table["serie"])
    name = UNNAMED if UNNAMED not in taken else f"autres, {UNNAMED}"
    if name in taken:
        return pd.DataFrame(), "les parties ne font pas l’ensemble"
    return pd.DataFrame({"serie": name, "mois": amounts.index, "valeur": rest.to_numpy()}), ""
