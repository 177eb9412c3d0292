"""A period against another: the same months a year before, or the months just before."""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from analytics.descriptive.indicator import compute_total, total_of
from analytics.descriptive.lines import month_number, month_numbers
from analytics.errors import ParameterError
from analytics.indicators import Indicator, get_indicator, table_of
from analytics.schema import Dataset, Selection

COLUMNS = ("valeur", "reference", "ecart", "evolution", "denominateur", "raison")
UNLIKE = "cotisations et prestations ne couvrent pas les mêmes mois"
HOLE = "il manque un mois à l’une des deux périodes"


@dataclass(frozen=True)
class Comparison:
    """One value of an indicator beside that of the comparison period, as in `compare_periods`."""

    valeur: float = np.nan
    reference: float = np.nan
    denominateur: float = np.nan
    raison: str = ""

    @property
    def ecart(self) -> float:
        """Value less reference."""
        return self.valeur - self.reference

    @property
    def evolution(self) -> float:
        """Rate of change; NaN without a positive reference."""
        return self.ecart / self.reference if self.reference > 0 else np.nan


def bounded(selection: Selection, dataset: Dataset) -> Selection:
    """The selection with both its months written out."""
    months = dataset.months
    if months.empty:
        raise ParameterError("Les données n’ont aucun mois.")
    return replace(selection, debut=selection.debut or months[0], fin=selection.fin or months[-1])


def comparison_period(selection: Selection) -> Selection:
    """The period that `selection` is compared with: same filters, months shifted.

    Raises
    ------
    ParameterError
        The selection has no bounds, or its comparison is unknown.
    """
    if selection.debut is None or selection.fin is None:
        raise ParameterError("La période à comparer n’a pas de bornes.")
    if selection.comparaison == "N-1":
        shift = 12
    elif selection.comparaison == "M-1":
        shift = (selection.fin.year - selection.debut.year) * 12 + selection.fin.month - selection.debut.month + 1
    else:
        raise ParameterError("Comparaison inconnue.", valeur=selection.comparaison, remede="Choisissez N-1 ou M-1.")
    return replace(selection, debut=_earlier(selection.debut, shift), fin=_earlier(selection.fin, shift))


@functools.lru_cache(maxsize=4096)
def _earlier(month: pd.Timestamp, shift: int) -> pd.Timestamp:
    return month - pd.DateOffset(months=shift)


def compare_periods(dataset: Dataset, key: str, *, by: tuple[str, ...] = (), selection: Selection) -> pd.DataFrame:
    """An indicator over the selection beside its value over the comparison period.

    Returns
    -------
    pandas.DataFrame
        `by`…, valeur, reference, ecart (unit of the indicator), evolution (rate), denominateur, raison; groups met in
        either period. A period that the data do not cover entirely gives no reference, and the reason.
    """
    if not by:
        found = compare_total(dataset, key, selection=selection)
        return pd.DataFrame({column: [getattr(found, column)] for column in COLUMNS})
    selection = bounded(selection, dataset)
    before = comparison_period(selection)
    now = compute_total(dataset, key, by=by, selection=selection)
    past = compute_total(dataset, key, by=by, selection=before)[[*by, "valeur"]].rename(columns={"valeur": "reference"})
    table = now.merge(past, on=list(by), how="outer")
    obstacle = _obstacle(dataset, get_indicator(key, dataset), selection, before)
    if obstacle:
        table[["valeur", "reference"] if obstacle == UNLIKE else ["reference"]] = np.nan
        table["raison"] = table["raison"].mask(table["raison"] == "", obstacle)
    table["ecart"] = table["valeur"] - table["reference"]
    table["evolution"] = table["ecart"] / table["reference"].where(table["reference"] > 0)
    return table[[*by, *COLUMNS]]


def compare_total(dataset: Dataset, key: str, *, selection: Selection) -> Comparison:
    """The one value of `compare_periods` without dimensions."""
    selection = bounded(selection, dataset)
    before = comparison_period(selection)
    now = total_of(dataset, key, selection)
    obstacle = _obstacle(dataset, get_indicator(key, dataset), selection, before)
    if obstacle == UNLIKE:
        return Comparison(np.nan, np.nan, now.denominateur, now.raison or obstacle)
    past = np.nan if obstacle else total_of(dataset, key, before).valeur
    return Comparison(now.valeur, past, now.denominateur, now.raison or obstacle)


def _obstacle(dataset: Dataset, indicator: Indicator, selection: Selection, before: Selection) -> str:
    """What the tables of an indicator lack for two periods to be compared; empty when they lack nothing."""
    tables = {id(t): t for m in indicator.measures for t in (table_of(m, dataset),) if m in t.columns}
    met = [month_numbers(table) for table in tables.values()]
    now, past = ([_within(months, period) for months in met] for period in (selection, before))
    if any(not np.array_equal(months, now[0]) for months in now):
        return UNLIKE
    whole = all(len(months) == _span(p) for side, p in ((now, selection), (past, before)) for months in side)
    return "" if whole else HOLE


def _within(months: np.ndarray, period: Selection) -> np.ndarray:
    first, last = month_number(period.debut), month_number(period.fin)
    return months[months.searchsorted(first) : months.searchsorted(last, side="right")]


def _span(period: Selection) -> int:
    """Months of a period."""
    return max(month_number(period.fin) - month_number(period.debut) + 1, 0)
