"""The effects of a bridge by dimension, one of them or all, and the way down into a line."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import replace

import pandas as pd
import streamlit as st

from analytics.constat import Constat, in_sentence, to_param
from analytics.diagnostic.bridge import Bridge
from analytics.diagnostic.gap import Gap
from analytics.french import format_gap, format_percent
from analytics.schema import Selection
from pages.components import figure, state
from pages.components.bridge_secret import OTHERS
from pages.components.bridge_words import name_effect
from pages.components.cache import cached
from pages.components.constat import follow, measure
from pages.components.messages import safe
from pages.components.sharing import hidden_among, say_hidden
from pages.components.sidebar import View

BY, EFFECT, DEEPER = "detail_pont", "effet_pont", "pont_ligne"
ALL = "tous"
PAGE = "pages/diagnostic.py"


def show_detail(
    view: View, constat: Constat, gap: Gap, bars: pd.DataFrame, groups: Mapping[str, str], unit: str
) -> str:
    """The effects by a dimension, each column summing to its bar; a line can be made the perimeter, and left again.

    Returns
    -------
    str
        The effect chosen, :data:`ALL` for all of them.
    """
    dataset, bridge = view.dataset, gap.bridge
    _show_way_up(view, constat)
    keys = cached("bridge_keys", view.key, lambda: _readable(bridge), c=to_param(constat), detail=bridge.factors)
    if not keys:
        return ALL
    chosen = st.segmented_control(
        "Détail par", keys, default=keys[0], required=True, format_func=lambda d: safe(dataset.label(d)),
        key=BY, bind="query-params",
    ) or keys[0]  # fmt: skip
    effect = _choose_effect(bridge, bars)
    hidden = hidden_among(view, chosen, constat.selection, tuple(gap.table[chosen].astype("str").unique()))
    shown = cached(
        "bridge_detail", view.key, lambda: _detail(view, gap, bars, groups, chosen, effect, unit, hidden),
        c=to_param(constat), d=chosen, e=effect, secret=sorted(hidden), detail=bridge.factors, partage=view.shared,
    )  # fmt: skip
    table, values = shown
    figure.show_table(table)
    say_hidden(len(hidden))
    _show_way_down(view, constat, chosen, values)
    return effect


def _readable(bridge: Bridge) -> list[str]:
    return [k for k in bridge.keys if len(bridge.table[k].unique()) > 1]


def _choose_effect(bridge: Bridge, bars: pd.DataFrame) -> str:
    """One bar or all of them: the keyboard’s way to what a click on a bar does."""
    if bridge.factors == ("prestation",) or len(bars) < 2:
        return ALL
    names = {ALL: "Tous", **dict(zip(bars["cle"], bars["effet"], strict=True))}
    if state.get(EFFECT, ALL) not in names:  # an effect of another bridge
        state.put(EFFECT, ALL)
    return st.segmented_control(
        "Effet", list(names), default=ALL, required=True, format_func=names.get, key=EFFECT, bind="query-params",
        help="Un clic sur une barre choisit aussi son effet.",
    ) or ALL  # fmt: skip


def _detail(
    view: View,
    gap: Gap,
    bars: pd.DataFrame,
    groups: Mapping[str, str],
    dimension: str,
    effect: str,
    unit: str,
    hidden: frozenset[str],
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Effects of each value of a dimension, in French, heaviest first, and those values."""
    table = gap.table.assign(effet=lambda t: t["effet"].map(groups))
    table = table.pivot_table(index=dimension, columns="effet", values="montant", aggfunc="sum", sort=False)
    table = table[[bar for bar in dict.fromkeys(groups.values()) if bar in table.columns]].fillna(0.0)
    whole = bars.set_index("cle")["montant"]
    table = table[~table.index.astype("str").isin(hidden)]
    if effect in table.columns and effect in whole.index:
        shown = _one_effect(table, effect, float(whole[effect]), unit, shared=view.shared)
    else:
        moved = [bar for bar in table.columns if bar in whole.index] or list(table.columns)
        moved = [] if moved == [OTHERS] else moved  # alone, it is the total
        table = table[moved].assign(Total=table.sum(axis=1))
        table = table.sort_values("Total", key=abs, ascending=False)
        names = {bar: name_effect(bar, shared=view.shared) for bar in table.columns}
        shown = table.rename(columns=names).map(lambda v: format_gap(v, unit))
    values = tuple(str(v) for v in shown.index)
    shown.index = [view.dataset.value_label(dimension, v) for v in shown.index]
    return shown.rename_axis(view.dataset.label(dimension)).reset_index(), values


def _one_effect(table: pd.DataFrame, effect: str, whole: float, unit: str, *, shared: bool) -> pd.DataFrame:
    """One effect by value, its part of the bar, and what the value weighs in all."""
    lines = pd.DataFrame({"montant": table[effect], "total": table.sum(axis=1)})
    lines = lines[lines["montant"] != 0].sort_values("montant", key=abs, ascending=False)
    return pd.DataFrame(
        {
            name_effect(effect, shared=shared): [format_gap(v, unit) for v in lines["montant"]],
            "Part de la barre": [format_percent(v / whole) if whole else "—" for v in lines["montant"]],
            "Tous effets réunis": [format_gap(v, unit) for v in lines["total"]],
        },
        index=lines.index,
    )


def _show_way_down(view: View, constat: Constat, dimension: str, values: tuple[str, ...]) -> None:
    """A line of the detail becomes the perimeter: the same account, one level below."""
    known = set(view.opened.values.get(dimension, ()))
    lines = [v for v in values if v in known]
    if not lines:
        return
    label = in_sentence(view.dataset.label(dimension))
    st.selectbox(
        "Aller plus loin dans", lines, index=None, placeholder=f"Une ligne : {label}",
        format_func=functools.partial(view.dataset.value_label, dimension), key=DEEPER,
        on_change=_go_down, args=(view, constat, dimension),
    )  # fmt: skip


def _go_down(view: View, constat: Constat, dimension: str) -> None:
    value = state.get(DEEPER)
    state.put(DEEPER, None)
    if value is not None:
        narrow(view, constat, dimension, (value,))


def _show_way_up(view: View, constat: Constat) -> None:
    """The criteria of the perimeter explained, each of which can be dropped."""
    kept = {d: values for d, values in constat.selection.filtres.items() if values}
    if not kept:
        return
    with st.container(horizontal=True):
        for dimension, values in kept.items():
            names = ", ".join(view.dataset.value_label(dimension, v) for v in values[:2])
            more = "…" if len(values) > 2 else ""
            st.button(
                safe(f"{view.dataset.label(dimension)} : {names}{more}"), key=f"pont_sans_{dimension}",
                icon=":material/close:", type="tertiary", help="Remonter : enlever ce critère",
                on_click=narrow, args=(view, constat, dimension, ()),
            )  # fmt: skip


def narrow(view: View, constat: Constat, dimension: str, values: tuple[str, ...]) -> None:
    """Keep some values of a dimension, or all with none: in the perimeter, and in the finding when one is followed."""
    if view.constat is None:
        state.put(state.filter_key(dimension), list(values))
        return
    filters = {d: v for d, v in constat.selection.filtres.items() if d != dimension}
    selection: Selection = replace(constat.selection, filtres=filters | ({dimension: values} if values else {}))
    found = measure(view.opened, constat.indicator, selection)
    follow(found, PAGE)
    state.keep(state.CONSTAT, to_param(found))  # the link must not bring the former one back
    state.put(state.GO, None)  # it is already on its page
