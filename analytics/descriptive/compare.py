"""A period against another: the same months a year before, or the months just before."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from analytics.descriptive.indicator import compute_total
from analytics.descriptive.reduced import months_of
from analytics.errors import ParameterError
from analytics.indicators import Indicator, get_indicator, table_of
from analytics.schema import Dataset, Selection


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
    offset = pd.DateOffset(months=shift)
    return replace(selection, debut=selection.debut - offset, fin=selection.fin - offset)


def compare_periods(dataset: Dataset, key: str, *, by: tuple[str, ...] = (), selection: Selection) -> pd.DataFrame:
    """An indicator over the selection beside its value over the comparison period.

    Returns
    -------
    pandas.DataFrame
        `by`…, valeur, reference, ecart (unit of the indicator), evolution (rate), denominateur, raison; groups met in
        either period. A period that the data do not cover entirely gives no reference, and the reason.
    """
    selection = bounded(selection, dataset)
    before = comparison_period(selection)
    now = compute_total(dataset, key, by=by, selection=selection)
    past = compute_total(dataset, key, by=by, selection=before)[[*by, "valeur"]].rename(columns={"valeur": "reference"})
    table = now.merge(past, on=list(by), how="outer") if by else now.assign(reference=past["reference"])
    indicator = get_indicator(key, dataset)
    if not _covered(dataset, indicator, selection, same=True):
        table[["valeur", "reference"]] = float("nan")
        _explain(table, "cotisations et prestations ne couvrent pas les mêmes mois")
    elif not (_covered(dataset, indicator, selection) and _covered(dataset, indicator, before)):
        table["reference"] = float("nan")
        _explain(table, "il manque un mois à l’une des deux périodes")
    table["ecart"] = table["valeur"] - table["reference"]
    table["evolution"] = table["ecart"] / table["reference"].where(table["reference"] > 0)
    return table[[*by, "valeur", "reference", "ecart", "evolution", "denominateur", "raison"]]


def _covered(dataset: Dataset, indicator: Indicator, period: Selection, *, same: bool = False) -> bool:
    """Whether every table that the indicator uses has all the months of a period; with `same`, the same months."""
    asked = set(pd.date_range(period.debut, period.fin, freq="MS"))
    found = []
    for measure in indicator.measures:
        table = table_of(measure, dataset)
        if measure in table.columns:
            found.append(asked & months_of(table))
    return all(months == (found[0] if same else asked) for months in found)


def _explain(table: pd.DataFrame, reason: str) -> None:
    table["raison"] = table["raison"].mask(table["raison"] == "", reason)
