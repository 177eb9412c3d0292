"""« Partage » mode on the Prédictif page: which parts of a perimeter may not be shown, whatever month one looks at."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pandas as pd

from analytics.disclosure import PERSONS, REASON, protect_indicator
from analytics.errors import ParameterError
from analytics.predictive.series import Series, part_name
from analytics.schema import CARE_DIMENSIONS, Dataset, Selection
from pages.components.cache import cached
from pages.components.sharing import few_persons, small_months
from pages.components.sidebar import View

YEAR = 12


def hidden_parts(view: View, series: Series) -> frozenset[str]:
    """Parts that this mode hides; empty outside of it.

    A part is drawn and exported month by month: it goes as soon as one month, one year or the whole period covers too
    few persons, or would give them back by difference. So does what the file does not name, of whom nobody knows the
    number. Those hidden are together many enough for the difference with the whole to tell nothing.
    """
    if not view.shared or not series.parts:
        return frozenset()
    return cached(
        "secrets", view.key, lambda: _hidden(view, series), parties=series.parts, par=series.by,
        selection=view.selection,
    )  # fmt: skip


def _hidden(view: View, series: Series) -> frozenset[str]:
    by = series.by
    values = {v: part_name(view.dataset, by, v) for v in view.opened.values[by]}
    values = {v: name for v, name in values.items() if name in series.parts}
    unnamed = set(series.parts) - set(values.values())
    hidden = _found_back(view, series, tuple(values))
    hidden |= {v for v in values if _secret(view, by, (v,))}
    if hidden or unnamed:
        hidden |= _with_them(view, series, set(values) - hidden, hidden, alone=len(hidden) + len(unnamed) < 2)
    return frozenset({values[v] for v in hidden} | unnamed)


def _found_back(view: View, series: Series, values: tuple[str, ...]) -> set[str]:
    """Values that cover too few persons in one of the periods, or would give such a value back."""
    by = series.by
    cells = _cells(view.dataset, (by, *view.selection.filtres))
    frame, hidden = pd.DataFrame({by: values, "valeur": 1.0}), set()
    for period in _periods(view, series):
        try:
            shared = protect_indicator(frame, cells, (by,), period)
        except ParameterError:  # too many cells to be sure
            return set(values)
        hidden |= set(shared.loc[shared["raison"] == REASON, by])
    return hidden


def _cells(dataset: Dataset, dimensions: tuple[str, ...]) -> Dataset:
    """Who is covered, summed to some dimensions: secrecy looks at nothing else, some twenty periods over."""
    keys = ["mois", *dimensions]
    care, members = dataset.prestation, dataset.cotisation
    care = care[[k for k in keys if k in care.columns]].drop_duplicates()
    if PERSONS in members.columns:
        own = [k for k in keys if k in members.columns]
        members = members.groupby(own, observed=True, dropna=False)[PERSONS].sum(min_count=1).reset_index()
    return replace(dataset, prestation=care.reset_index(drop=True), cotisation=members)


def _with_them(view: View, series: Series, left: set[str], hidden: set[str], *, alone: bool) -> set[str]:
    """What else is hidden, the fewest persons first, so that the whole less what is shown tells nothing."""
    scope = Selection(series.frame["mois"].min(), series.frame["mois"].max(), view.selection.filtres)
    persons = few_persons(view.dataset, (series.by,), (scope,))
    added: set[str] = set()
    for value in sorted(left, key=lambda v: (persons.get(v, 0.0), v)):
        together = tuple(sorted(hidden | added))
        if not alone and not (together and _secret(view, series.by, together)):
            break
        added, alone = added | {value}, False
    return added


def _secret(view: View, by: str, values: tuple[str, ...]) -> bool:
    """Whether some values together have a month that may not be shown, beside those of the whole."""
    if by in CARE_DIMENSIONS:
        return False  # a member is exposed to every poste: its months are those of the whole
    filters = dict(view.selection.filtres)
    return bool(small_months(view.dataset, {**filters, by: values}) - small_months(view.dataset, filters))


def _periods(view: View, series: Series) -> Iterator[Selection]:
    """What is looked at: the selection, the whole history, each of its years, and each twelve months up to its end."""
    filters, months = view.selection.filtres, series.frame["mois"]
    first, last = months.min(), months.max()
    yield view.selection
    spans = {(first, last)}
    ends = {last, pd.Timestamp(last.year, YEAR, 1)}
    for end in ends:
        while end >= first:
            begin = end - pd.DateOffset(months=YEAR - 1)
            spans.add((max(first, begin), min(last, end)))
            end -= pd.DateOffset(months=YEAR)
    for debut, fin in sorted(spans):
        yield Selection(debut, fin, filters)
