"""An indicator by dimension: where it is high, and where it moved."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import streamlit as st

from analytics.descriptive import compare_periods
from analytics.indicators import Indicator
from charts.breakdown import chart_breakdown
from charts.picture import Picture
from pages.components import figure
from pages.components.cache import cached
from pages.components.messages import safe, told_in_french
from pages.components.sharing import hidden_values, say_hidden
from pages.components.sidebar import COMPARISONS, View

MAX_BARS = 25


@dataclass(frozen=True)
class Shown:
    """What is drawn, kept between runs: the picture, or why there is none, and the groups that may be shown."""

    picture: Picture | None
    reason: str
    groups: int


def show_breakdown(view: View, indicator: Indicator) -> None:
    """Bars by the dimension the user picks, sorted by value."""
    dataset = view.dataset
    dimensions = view.opened.readable_dimensions
    if not dimensions:
        st.info("Ce fichier n’a pas de dimension : ajoutez par exemple le poste ou la région.", icon=":material/info:")
        return
    chosen = st.segmented_control(
        "Où ?", dimensions, default=dimensions[0], required=True, format_func=lambda d: safe(dataset.label(d)),
        key="dimension", bind="query-params",
    ) or dimensions[0]  # fmt: skip
    with told_in_french():
        whole = breakdown(view, indicator, chosen)
        hidden = hidden_values(view, chosen, view.selection)
        shown = cached(
            "breakdown_picture", view.key, lambda: _drawn(view, indicator, chosen, whole, hidden),
            key=indicator.key, dimension=chosen, selection=view.selection, secret=sorted(hidden),
        )  # fmt: skip
        if shown.picture is not None:
            figure.show(shown.picture, key="ventilation", is_demo=dataset.is_demo)
        elif shown.reason:
            st.info(f"{indicator.label} : {safe(shown.reason)}.", icon=":material/info:")
            return
        say_hidden(len(whole) - shown.groups)
        if shown.groups > MAX_BARS:
            st.caption(f"Les {MAX_BARS} premiers groupes sur {shown.groups}.")


def _drawn(view: View, indicator: Indicator, dimension: str, whole: pd.DataFrame, hidden: frozenset[str]) -> Shown:
    table = whole[~whole[dimension].astype("str").isin(hidden)].reset_index(drop=True)
    if table["valeur"].isna().all():
        return Shown(None, table["raison"].iloc[0] if len(table) else "", len(table))
    group = view.dataset.label(dimension)
    picture = chart_breakdown(
        table.head(MAX_BARS), group=group, unit=indicator.unit, title=f"{indicator.label} par {group.lower()}",
        reference=COMPARISONS[view.selection.comparaison], is_demo=view.dataset.is_demo,
    )  # fmt: skip
    return Shown(picture, "", len(table))


def breakdown(view: View, indicator: Indicator, dimension: str) -> pd.DataFrame:
    """groupe, valeur, reference, ecart, evolution, raison; heaviest first."""
    dataset = view.dataset

    def compute() -> pd.DataFrame:
        table = compare_periods(dataset, indicator.key, by=(dimension,), selection=view.selection)
        table["groupe"] = table[dimension].map(lambda v: dataset.value_label(dimension, v))
        return table.sort_values("valeur", ascending=False, na_position="last").reset_index(drop=True)

    return cached("breakdown", view.key, compute, key=indicator.key, dimension=dimension, selection=view.selection)
