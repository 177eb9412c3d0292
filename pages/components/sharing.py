"""« Partage » mode: nothing about fewer than 11 persons on the screen nor in the files made from it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import pandas as pd
import streamlit as st

from analytics.descriptive import comparison_period
from analytics.diagnostic.explain import OTHER
from analytics.disclosure import PERSONS, REASON, K, may_share, persons_of, protect_indicator
from analytics.errors import ParameterError
from analytics.schema import Dataset, Selection
from pages.components.cache import cached
from pages.components.sidebar import View


def may_show(view: View, selection: Selection) -> bool:
    """Whether the figures of a selection, and those they are compared to, may be shown in this mode."""
    if not view.shared:
        return True
    return cached("secret", view.key, lambda: _may_share(view, selection), selection=selection)


def hidden_values(view: View, dimension: str, selection: Selection) -> frozenset[str]:
    """Values of a dimension that this mode hides: too few persons, or what would give them back by subtraction."""
    if not view.shared:
        return frozenset()
    return cached("secrets", view.key, lambda: _hidden(view, dimension, selection), d=dimension, s=selection)


def hidden_among(view: View, dimension: str, selection: Selection, met: Collection[str]) -> frozenset[str]:
    """Values of a split that this mode hides, « non précisé », of whom nobody knows the number, being one of them.

    A value hidden alone would be the difference to the whole: the one of those left that covers the fewest persons is
    hidden with it. The choice looks at persons only, so that every split of the page hides the same values.

    Parameters
    ----------
    view : View
    dimension : str
    selection : Selection
        Perimeter and period of the split.
    met : collection of str
        Its values, as the leaves of a bridge name them.
    """
    if not view.shared:
        return frozenset()
    options = {"d": dimension, "s": selection, "met": sorted(met)}
    return cached("secrets_met", view.key, lambda: _hidden_among(view, dimension, selection, met), **options)


def few_persons(dataset: Dataset, by: Sequence[str], periods: Sequence[Selection]) -> pd.Series:
    """Persons of each cell in the period that has the fewest of them; those that cover nobody are left out."""
    counts = pd.concat([persons_of(dataset, tuple(by), period) for period in periods], ignore_index=True)
    counts = counts[counts[PERSONS] > 0]
    return counts.groupby(list(by), sort=True)[PERSONS].min() if by else counts[PERSONS].iloc[:1]


def hide_months(view: View, table: pd.DataFrame, columns: Sequence[str], *, filtres: Mapping) -> pd.DataFrame:
    """A monthly series of a perimeter without the months that cover too few persons.

    Parameters
    ----------
    view : View
    table : pandas.DataFrame
        mois and `columns`, whose cells become missing.
    columns : sequence of str
    filtres : mapping
        The perimeter.
    """
    if not view.shared:
        return table
    hidden = cached("secret_months", view.key, lambda: secret_months(view.dataset, filtres), filtres=dict(filtres))
    secret = table["mois"].isin(hidden)
    return table.assign(**{c: table[c].where(~secret) for c in columns})


def secret_months(dataset: Dataset, filtres: Mapping) -> frozenset[pd.Timestamp]:
    """Months of a perimeter with too few persons, and years where what the perimeter leaves out has too few of them."""
    hidden, months = set(small_months(dataset, filtres)), dataset.months
    for year in sorted(set(months.year)) if filtres else ():
        inside = months[months.year == year]
        if not _may_share_months(dataset, Selection(inside[0], inside[-1], dict(filtres))):
            hidden |= set(inside)
    return frozenset(hidden)


def small_months(dataset: Dataset, filtres: Mapping) -> frozenset[pd.Timestamp]:
    """Months of a perimeter with fewer than 11 persons, and one more when the total would give a lonely one back."""
    members, scope = dataset.cotisation, Selection(filtres=filtres).without_care()
    if PERSONS not in members.columns or not set(scope.filtres) <= set(members.columns):
        return frozenset(dataset.months)
    counts = members[scope.mask(members)].groupby("mois")[PERSONS].sum(min_count=1)
    counts = counts.reindex(dataset.months)
    small = counts[~(counts >= K)]
    if len(small) == 1 and len(counts) > 1:
        small = pd.concat([small, counts.drop(small.index).nsmallest(1)])
    return frozenset(small.index)


def stop_if_secret(view: View) -> None:
    """End the page here when its very perimeter may not be shown."""
    if may_show(view, view.selection):
        return
    st.info(
        f"Mode partage : ce périmètre compte moins de {K} personnes, permettrait de les retrouver par différence, ou "
        "son nombre d’assurés n’est pas dans le fichier. Élargissez le périmètre, ou quittez le mode partage.",
        icon=":material/shield_lock:",
    )
    st.stop()


def say_hidden(count: int) -> None:
    """Under a figure: how many groups it does not show."""
    if count:
        st.caption(
            f":material/shield_lock: Secret statistique : {count} groupe{'s' if count > 1 else ''} de moins de {K} "
            "personnes, ou qui les feraient retrouver par différence, ne sont pas montrés."
        )


def compared_periods(view: View, selection: Selection) -> list[Selection]:
    """The period of a selection and the one it is compared with, those that the file knows."""
    before = comparison_period(selection)
    known = view.dataset.months
    return [s for s in (selection, before) if ((known >= s.debut) & (known <= s.fin)).any()]


def _may_share(view: View, selection: Selection) -> bool:
    return all(_may_share_months(view.dataset, s) for s in compared_periods(view, selection))


def _may_share_months(dataset: Dataset, selection: Selection) -> bool:
    try:
        return may_share(dataset, selection)
    except ParameterError:  # too many cells to be sure
        return False


def _hidden_among(view: View, dimension: str, selection: Selection, met: Collection[str]) -> frozenset[str]:
    hidden = hidden_values(view, dimension, selection) | (frozenset({OTHER}) - set(view.opened.values[dimension]))
    hidden &= frozenset(met)
    left = sorted(set(met) - hidden)
    if len(hidden) != 1 or not left:
        return hidden
    persons = few_persons(view.dataset, (dimension,), compared_periods(view, selection))
    return hidden | {min(left, key=lambda value: (persons.get(value, 0.0), value))}


def _hidden(view: View, dimension: str, selection: Selection) -> frozenset[str]:
    values = view.opened.values[dimension]
    frame = pd.DataFrame({dimension: values, "valeur": 1.0})
    hidden: set[str] = set()
    for period in compared_periods(view, selection):
        try:
            shared = protect_indicator(frame, view.dataset, (dimension,), period)
        except ParameterError:  # too many cells to be sure
            return frozenset(values)
        hidden |= set(shared.loc[shared["raison"] == REASON, dimension])
    return frozenset(hidden)
