"""The bridge from one period to the other: the whole, then by dimension."""

from __future__ import annotations

import functools
from collections.abc import Mapping

import pandas as pd
import streamlit as st

from analytics.constat import Constat, describe, to_param
from analytics.descriptive import comparison_period
from analytics.diagnostic.bridge import Bridge
from analytics.diagnostic.gap import DETAILED as DETAILED_FACTORS
from analytics.diagnostic.gap import Gap, can_detail, explain_gap
from analytics.errors import InsufficientData
from analytics.french import format_euros, format_percent, format_period, is_missing
from analytics.indicators import get_indicator, missing_measures
from analytics.schema import Dataset
from charts.picture import Picture
from charts.waterfall import FIELD, SELECTION, chart_waterfall
from pages.components import figure, state
from pages.components.answer import Answer, answer, say_no_gap
from pages.components.bridge_detail import ALL, EFFECT, show_detail
from pages.components.bridge_secret import OTHERS, groups_of
from pages.components.bridge_words import (
    interval_of,
    judge,
    list_bars,
    say_amount,
    say_tree,
    say_unsure,
)
from pages.components.cache import cached
from pages.components.card_facts import known_of
from pages.components.constat import measure
from pages.components.messages import safe, show_unlocks, told_in_french
from pages.components.sharing import hidden_among
from pages.components.sidebar import View

MAX_BARS = 7
BRIDGE, DETAILED = "pont", "cout_detaille"
#: Part of a period still to be paid from which it is said.
UNPAID = 0.0005


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


def show_bridge(view: View, constat: Constat) -> Answer | None:
    """Waterfall of the change of the finding, its sum printed, and its detail by dimension and effect."""
    dataset = view.dataset
    if view.constat is not None and constat.indicator != view.constat.indicator:
        st.info(
            "Cet indicateur ne se décompose pas directement : voici ce qui a changé dans le montant du même périmètre."
        )
    st.markdown(safe(describe(constat, dataset).text))
    if dataset.main_measure is None:
        show_unlocks({"Prestations": ["explication de l’écart"]})
        return answer("on ne peut pas dire", "Le fichier n’a pas de prestations.")
    if is_missing(constat.ecart):
        return say_no_gap(constat, dataset)
    try:
        return _show_account(view, constat)
    except InsufficientData as error:
        return answer("on ne peut pas dire", f"{error.message} {error.remede}".strip())


def _show_account(view: View, constat: Constat) -> Answer | None:
    """The bars and their detail, of a change that has a value."""
    dataset, told = view.dataset, None
    with told_in_french():
        drawn = st.container()
        detailed = can_detail(dataset, constat.indicator) and st.toggle(
            "Détailler le coût moyen", key=DETAILED, bind="query-params",
            help="Coût moyen par acte = frais réels par acte × part que la mutuelle en rembourse.",
        )  # fmt: skip
        gap = gap_of(view, constat, detailed=detailed)
        if detailed and gap.bridge.factors != DETAILED_FACTORS:
            st.caption("Le coût moyen ne se détaille pas ici : une de ses mesures n’a pas de valeur sur une période.")
        groups = groups_of(view, constat, gap)
        bars = bars_of(view, constat, gap, groups, detailed=detailed)
        unit = get_indicator(constat.indicator, dataset).unit
        chosen = show_detail(view, constat, gap, bars, groups, unit)
        with drawn:
            told = _show_whole(view, constat, gap, bars, groups, unit, chosen)
    return told


def _show_whole(
    view: View, constat: Constat, gap: Gap, bars: pd.DataFrame, groups: Mapping[str, str], unit: str, chosen: str
) -> Answer:
    """The answer, the bars, and what is sure of them."""
    dataset, bridge = view.dataset, gap.bridge
    told = answer(*judge(constat, gap, bars, groups, unit))
    tree = say_tree(bridge, get_indicator(constat.indicator, dataset).label)
    if tree:
        st.caption(safe(tree))
    by_effect = bridge.factors != ("prestation",)
    picture = cached(
        "bridge_picture", view.key, lambda: _picture(view, constat, bars, unit, chosen, by_effect),
        c=to_param(constat), partage=view.shared, detail=bridge.factors, choisi=chosen,
    )  # fmt: skip
    names = dict(zip(bars["effet"], bars["cle"], strict=True))
    clicks = {"on_select": functools.partial(keep_clicked, names)} if by_effect else {}
    figure.show(picture, key=BRIDGE, is_demo=dataset.is_demo, **clicks)
    for line in _lines(view, constat, gap, bars, unit):
        st.caption(safe(line))
    missing = missing_measures(get_indicator("frequence"), dataset)
    if missing and constat.indicator != "ratio_pc":
        columns = " et ".join(dataset.label(m) for m in missing)
        show_unlocks({columns: ["effet du nombre d’assurés, de la fréquence et du coût moyen"]})
    return told


def _lines(view: View, constat: Constat, gap: Gap, bars: pd.DataFrame, unit: str) -> list[str]:
    """What stands under the bars: their sum, the rate of a ratio, what is not paid yet, what is not sure."""
    bridge, bounds = gap.bridge, gap.bounds
    total = say_amount(constat.ecart, *interval_of(bounds, constat.ecart), unit)
    lines = [f"La somme des barres est exactement l’écart : {total}.{_unpaid(view, constat)}"]
    rate = bars[bars["cle"].isin(("frequence", "cout_moyen", "cotisation_moyenne", "taux"))]
    if constat.indicator == "ratio_pc" and len(rate) > 1 and OTHERS not in set(bars["cle"]):
        own = dict.fromkeys(rate["cle"], 1.0)
        amount = float(rate["montant"].sum())
        told = say_amount(amount, *interval_of(bounds, amount, own), unit)
        lines.append(f"Niveau propre aux segments, toutes barres réunies hors composition : {told}.")
    lines += say_unsure(bars, unit)
    if bounds.unmeasured:
        lines.append("Des mois pas encore tous payés ont une incertitude qui ne se mesure pas : aucun intervalle.")
    elif bars["bas"].notna().any():
        lines.append(
            "Intervalles dus aux mois pas encore tous payés ; le coût des actes à venir est supposé celui des actes "
            "déjà payés."
        )
    # A remark may speak of a few persons.
    return lines if view.shared else [*lines, *bridge.warnings]


def _unpaid(view: View, constat: Constat) -> str:
    """What the two periods owe to amounts that are estimated; "" when all is paid or nothing can tell."""
    if constat.indicator not in ("ratio_pc", view.dataset.main_measure):
        return ""
    told = []
    for selection in (constat.selection, comparison_period(constat.selection)):
        known = known_of(view, selection)
        estimated = known.ultime - known.paye
        if not is_missing(known.part) and abs(estimated) > UNPAID * known.ultime:
            share = f"part connue : {format_percent(known.part)}"
            period = format_period(selection.debut, selection.fin)
            period = period[:1].upper() + period[1:]
            told.append(f"{period} : {format_euros(estimated)} estimés, pas encore payés ({share}).")
    return " ".join(["", *told])


def _picture(view: View, constat: Constat, bars: pd.DataFrame, unit: str, chosen: str, clickable: bool) -> Picture:
    before = comparison_period(constat.selection)
    names = dict(zip(bars["cle"], bars["effet"], strict=True))
    return chart_waterfall(
        bars, start=constat.reference, unit=unit, title="D’une période à l’autre",
        start_label=format_period(before.debut, before.fin),
        end_label=format_period(constat.selection.debut, constat.selection.fin), is_demo=view.dataset.is_demo,
        chosen=names.get(chosen, ""), clickable=clickable,
    )  # fmt: skip


def keep_clicked(names: dict[str, str]) -> None:
    """The bar clicked becomes the effect detailed; a level, or none, all of them."""
    event = state.get(BRIDGE) or {}
    picked = event["selection"].get(SELECTION, []) if "selection" in event else []
    state.put(EFFECT, names.get(str(picked[-1][FIELD]), ALL) if picked else ALL)


def bridge_of(view: View, constat: Constat) -> Bridge:
    """Bridge of a finding, computed once."""
    return gap_of(view, constat).bridge


def gap_of(view: View, constat: Constat, *, detailed: bool = False) -> Gap:
    """Account of a finding, computed once."""
    dataset, selection, key = view.dataset, constat.selection, constat.indicator
    before, development = comparison_period(selection), view.opened.development
    return cached(
        "bridge", view.key,
        lambda: explain_gap(dataset, key, selection, before, development=development, detailed=detailed),
        s=selection, k=key, detail=detailed,
    )  # fmt: skip


def bars_of(
    view: View, constat: Constat, gap: Gap, groups: Mapping[str, str], *, detailed: bool = False
) -> pd.DataFrame:
    """Bars drawn: cle, effet, montant, bas, haut; the segments that weigh most when only a difference is known."""
    return cached(
        "bridge_bars", view.key, lambda: _bars(view, constat, gap, groups), c=to_param(constat), partage=view.shared,
        detail=detailed,
    )  # fmt: skip


def _bars(view: View, constat: Constat, gap: Gap, groups: Mapping[str, str]) -> pd.DataFrame:
    bridge = gap.bridge
    if bridge.factors != ("prestation",) or not bridge.keys:
        return list_bars(constat, gap, groups, shared=view.shared)
    dimension = next(d for d in view.dataset.dimensions if d in bridge.keys)
    amounts = gap.table.groupby(dimension)["montant"].sum().sort_values(key=abs, ascending=False)
    hidden = hidden_among(view, dimension, constat.selection, tuple(amounts.index.astype("str")))
    allowed = amounts[~amounts.index.astype("str").isin(hidden)]
    shown = allowed.head(MAX_BARS)
    bars = shown.rename(lambda v: view.dataset.value_label(dimension, v)).rename_axis("effet").rename("montant")
    bars, rest = bars.reset_index(), amounts.drop(shown.index)
    others = pd.DataFrame({"effet": ["Autres"], "montant": [rest.sum()]})
    bars = pd.concat([bars, others], ignore_index=True) if len(rest) else bars
    return bars.assign(cle=bars["effet"], bas=float("nan"), haut=float("nan"))
