"""The bridge from one period to the other: the whole, then by dimension."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from analytics.constat import Constat, describe, in_sentence, to_param
from analytics.descriptive import comparison_period
from analytics.diagnostic import Bridge, explain_change, explain_ratio
from analytics.french import format_gap, format_period, is_missing
from analytics.indicators import get_indicator, missing_measures
from analytics.schema import Dataset
from analytics.verdict import Reponse
from charts.picture import Picture
from charts.waterfall import chart_waterfall
from pages.components import figure
from pages.components.answer import answer
from pages.components.cache import cached
from pages.components.constat import measure
from pages.components.messages import safe, show_unlocks, told_in_french
from pages.components.sharing import hidden_values, say_hidden
from pages.components.sidebar import View

EFFECTS = {
    "effectif": "Nombre d’assurés",
    "mix": "Composition",
    "frequence": "Fréquence des actes",
    "cout_moyen": "Coût moyen par acte",
    "consommation": "Consommation par tête",
    "actes": "Nombre d’actes",
    "prestation": "Montants",
    "taux": "Niveau propre aux segments",
    "ouverture": "Segments nouveaux",
    "fermeture": "Segments disparus",
    "sans_exposition": "Sans assurés connus",
    "sans_cotisation": "Sans cotisation connue",
}
MAX_BARS = 7
#: Share of the change from which one effect is said to make it.
MOST = 0.5


def subject_of(view: View) -> Constat:
    """What the page explains: the finding followed when it can be split, else the main measure of its perimeter."""
    main = view.dataset.main_measure or "cotisation"
    followed = view.constat
    if followed is None:
        return measure(view.opened, main, view.selection)
    if followed.indicator == "ratio_pc" or _is_amount(view.dataset, followed.indicator):
        return followed
    return measure(view.opened, main, followed.selection)


def _is_amount(dataset: Dataset, key: str) -> bool:
    return key in dataset.prestation.columns and get_indicator(key, dataset).unit == "EUR"


def show_bridge(view: View, constat: Constat) -> None:
    """Waterfall of the change of the finding, its sum printed, and its detail by dimension."""
    dataset = view.dataset
    if view.constat is not None and constat.indicator != view.constat.indicator:
        st.info(
            "Cet indicateur ne se décompose pas directement : voici ce qui a changé dans le montant du même périmètre."
        )
    st.markdown(safe(describe(constat, dataset).text))
    if dataset.main_measure is None:
        show_unlocks({"Prestations": ["explication de l’écart"]})
        return
    if is_missing(constat.reference):
        st.info("Il faut une période de comparaison dans le fichier pour expliquer un écart.", icon=":material/info:")
        return
    with told_in_french():
        bridge = bridge_of(view, constat)
        unit = get_indicator(constat.indicator, dataset).unit
        answer(*_dominant(bridge, unit))
        picture = cached(
            "bridge_picture", view.key, lambda: _picture(view, constat, bridge, unit), c=to_param(constat),
            partage=view.shared,
        )  # fmt: skip
        figure.show(picture, key="pont", is_demo=dataset.is_demo)
        st.caption(f"La somme des barres est exactement l’écart : {format_gap(bridge.total, unit)}.")
        for warning in bridge.warnings:
            st.caption(safe(warning))
        missing = missing_measures(get_indicator("frequence"), dataset)
        if missing and constat.indicator != "ratio_pc":
            columns = " et ".join(dataset.label(m) for m in missing)
            show_unlocks({columns: ["effet du nombre d’assurés, de la fréquence et du coût moyen"]})
        _show_detail(view, constat, bridge, unit)


def _dominant(bridge: Bridge, unit: str) -> tuple[Reponse, str]:
    """Whether one effect makes most of the change."""
    if bridge.total == 0:
        return "non", "Il n’y a pas d’écart à expliquer."
    if bridge.factors == ("prestation",):
        return "on ne peut pas dire", "Sans assurés ni actes, l’écart ne se partage qu’entre segments."
    effects = _named(bridge.by()).groupby("effet")["montant"].sum()
    name = (effects / bridge.total).idxmax()
    first = effects[name]
    size = f"{in_sentence(name)}, {format_gap(first, unit)} sur {format_gap(bridge.total, unit)}"
    if first / bridge.total >= MOST:
        return "oui", f"Un effet domine : {size}."
    return "non", f"Aucun effet ne fait à lui seul la moitié de l’écart ; le premier est {size}."


def _picture(view: View, constat: Constat, bridge: Bridge, unit: str) -> Picture:
    before = comparison_period(constat.selection)
    return chart_waterfall(
        _bars(view, constat, bridge), start=bridge.before, unit=unit, title="D’une période à l’autre",
        start_label=format_period(before.debut, before.fin),
        end_label=format_period(constat.selection.debut, constat.selection.fin), is_demo=view.dataset.is_demo,
    )  # fmt: skip


def bridge_of(view: View, constat: Constat) -> Bridge:
    """Bridge of a finding, computed once."""
    dataset, selection = view.dataset, constat.selection
    before = comparison_period(selection)
    if constat.indicator == "ratio_pc":
        return cached("bridge_ratio", view.key, lambda: explain_ratio(dataset, selection, before), s=selection)
    key = constat.indicator
    return cached("bridge", view.key, lambda: explain_change(dataset, key, selection, before), s=selection, k=key)


def _bars(view: View, constat: Constat, bridge: Bridge) -> pd.DataFrame:
    """The effects; or, when the file only allows a plain difference, the segments that weigh most."""
    if bridge.factors != ("prestation",) or not bridge.keys:
        return _named(bridge.by())
    dimension = next(d for d in view.dataset.dimensions if d in bridge.keys)
    amounts = bridge.by(dimension).groupby(dimension)["montant"].sum().sort_values(key=abs, ascending=False)
    allowed = amounts[~amounts.index.astype("str").isin(hidden_values(view, dimension, constat.selection))]
    shown = allowed.head(MAX_BARS)
    bars = shown.rename(lambda v: view.dataset.value_label(dimension, v)).rename_axis("effet").rename("montant")
    bars, rest = bars.reset_index(), amounts.drop(shown.index)
    others = pd.DataFrame({"effet": ["Autres"], "montant": [rest.sum()]})
    return pd.concat([bars, others], ignore_index=True) if len(rest) else bars


def _named(effects: pd.DataFrame) -> pd.DataFrame:
    named = effects[effects["montant"] != 0].assign(effet=effects["effet"].map(lambda e: EFFECTS.get(e, e)))
    return named[["effet", "montant"]]


def _show_detail(view: View, constat: Constat, bridge: Bridge, unit: str) -> None:
    """The same effects by a dimension: each column sums to the bar above."""
    dataset = view.dataset
    keys = [k for k in bridge.keys if len(bridge.table[k].unique()) > 1]
    if not keys:
        return
    chosen = st.segmented_control(
        "Détail par", keys, default=keys[0], required=True, format_func=lambda d: safe(dataset.label(d)),
        key="detail_pont", bind="query-params",
    ) or keys[0]  # fmt: skip
    hidden = hidden_values(view, chosen, constat.selection)
    shown = cached(
        "bridge_detail", view.key, lambda: _detail(view, bridge, chosen, unit, hidden), c=to_param(constat), d=chosen,
        secret=sorted(hidden),
    )  # fmt: skip
    figure.show_table(shown)
    say_hidden(len(hidden))


def _detail(view: View, bridge: Bridge, dimension: str, unit: str, hidden: frozenset[str]) -> pd.DataFrame:
    """Effects of each value of a dimension, in French; heaviest first."""
    table = bridge.by(dimension).pivot(index=dimension, columns="effet", values="montant").fillna(0.0)
    table = table[~table.index.astype("str").isin(hidden)]
    table = table.loc[:, (table != 0).any()].assign(Total=table.sum(axis=1))
    table = table.sort_values("Total", key=abs, ascending=False).rename(columns=EFFECTS)
    table.index = [view.dataset.value_label(dimension, v) for v in table.index]
    shown = table.map(lambda v: format_gap(v, unit))
    return shown.rename_axis(view.dataset.label(dimension)).reset_index()
