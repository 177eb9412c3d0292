"""An indicator by dimension: where it is high, and where it moved."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from analytics.descriptive import compare_periods
from analytics.indicators import Indicator
from charts.breakdown import chart_breakdown
from pages.components import figure
from pages.components.cache import cached
from pages.components.messages import safe, told_in_french
from pages.components.sharing import hidden_values, say_hidden
from pages.components.sidebar import COMPARISONS, View

MAX_BARS = 25


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
        table = whole[~whole[chosen].astype("str").isin(hidden)].reset_index(drop=True)
        if table.empty:
            say_hidden(len(whole))
            return
        if table["valeur"].isna().all():
            st.info(f"{indicator.label} : {safe(table['raison'].iloc[0])}.", icon=":material/info:")
            return
        group = dataset.label(chosen)
        picture = cached(
            "breakdown_picture", view.key,
            lambda: chart_breakdown(
                table.head(MAX_BARS), group=group, unit=indicator.unit, title=f"{indicator.label} par {group.lower()}",
                reference=COMPARISONS[view.selection.comparaison], is_demo=dataset.is_demo,
            ),
            key=indicator.key, dimension=chosen, selection=view.selection, secret=sorted(hidden),
        )  # fmt: skip
        figure.show(picture, key="ventilation", is_demo=dataset.is_demo)
        say_hidden(len(whole) - len(table))
        if len(table) > MAX_BARS:
            st.caption(f"Les {MAX_BARS} premiers groupes sur {len(table)}.")


def breakdown(view: View, indicator: Indicator, dimension: str) -> pd.DataFrame:
    """groupe, valeur, reference, ecart, evolution, raison; heaviest first."""
    dataset = view.dataset

    def compute() -> pd.DataFrame:
        table = compare_periods(dataset, indicator.key, by=(dimension,), selection=view.selection)
        table["groupe"] = table[dimension].map(lambda v: dataset.value_label(dimension, v))
        return table.sort_values("valeur", ascending=False, na_position="last").reset_index(drop=True)

    return cached("breakdown", view.key, compute, key=indicator.key, dimension=dimension, selection=view.selection)
