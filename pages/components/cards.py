"""Cards: a value, what it was, which way is good, and its last twenty-four months."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from analytics.constat import Constat
from analytics.descriptive import compute_indicator
from analytics.french import format_month, format_percent, format_value, is_missing
from analytics.indicators import Indicator, extra_measures, get_indicator, missing_measures
from analytics.schema import Dataset, Selection
from pages.components.cache import cached
from pages.components.card_facts import Facts, caption, change, detail, facts_of, is_neutral, notes
from pages.components.constat import measure
from pages.components.figure import show_table
from pages.components.messages import safe
from pages.components.sharing import hide_months
from pages.components.sidebar import View

SPARK_MONTHS = 24
HEADLINES = ("prestation", "cotisation", "ratio_pc", "consommation")


def show_cards(view: View) -> list[Constat]:
    """The four headline cards; a card that lacks a column says which."""
    with st.grid(4, min_column_width=215, key="cartes"):
        return [show_card(view, key) for key in headline_keys(view.dataset)]


def headline_keys(dataset: Dataset) -> list[str]:
    """Headline indicators of a dataset: the main measure stands in for the prestations it lacks."""
    main = dataset.main_measure
    keys = [main if key == "prestation" and main not in (None, "prestation") else key for key in HEADLINES]
    if main is not None and main != "prestation":
        keys += [m for m in ("remboursement_amo",) if m in dataset.prestation.columns and m not in keys]
        keys += extra_measures(dataset)
    return [k for k in keys if not missing_measures(get_indicator(k, dataset), dataset)][:4]


def missing_cards(dataset: Dataset) -> dict[str, list[str]]:
    """Headline figures that the file cannot give, under the columns that each one waits for."""
    waiting: dict[str, list[str]] = {}
    for key in HEADLINES:
        indicator = get_indicator(key, dataset)
        missing = missing_measures(indicator, dataset)
        if missing:
            columns = " et ".join(dataset.label(m) for m in missing)
            waiting.setdefault(columns, []).append(indicator.label)
    return waiting


def show_card(view: View, key: str) -> Constat:
    """One card, with what it is compared to; the other comparisons fold under it."""
    dataset = view.dataset
    indicator = get_indicator(key, dataset)
    constat = measure(view.opened, key, view.selection)
    with st.container(border=True, key=f"carte_{key}", gap="xsmall"):
        delta = _delta(constat, indicator)
        st.metric(
            safe(label_with_base(indicator, dataset)),
            format_value(constat.valeur, indicator.unit),
            delta=delta,
            delta_color=_colour(indicator, delta),
            delta_arrow="off" if is_neutral(delta or "") else "auto",
            help=indicator.definition,
            chart_data=_spark(view, key),
            chart_type="line",
        )
        facts = facts_of(view, key)
        line = caption(facts, indicator)
        if line:
            st.caption(safe(line))
        _show_detail(view, facts, indicator)
    return constat


def _show_detail(view: View, facts: Facts, indicator: Indicator) -> None:
    with st.popover("Détail", type="tertiary", key=f"carte_{indicator.key}_detail", on_change="rerun") as opened:
        if not opened.open:
            return
        st.markdown(f"**{safe(label_with_base(indicator, view.dataset))}**")
        show_table(detail(view, facts, indicator))
        for text in filter(None, (indicator.definition, *notes(view, facts, indicator))):
            st.caption(safe(text))


def label_with_base(indicator: Indicator, dataset: Dataset) -> str:
    """Label of an indicator; a ratio on premiums always prints their base."""
    if "cotisation" not in indicator.measures:
        return indicator.label
    return f"{indicator.label} ({base_words(dataset)})"


def base_words(dataset: Dataset) -> str:
    """Base of the premiums, as printed beside every ratio on them."""
    return f"base {dataset.base}" if dataset.base else "base non précisée"


def monthly(view: View, key: str) -> pd.DataFrame:
    """The whole history of an indicator in the perimeter: mois, valeur, reference (a year before), statut."""

    def compute() -> pd.DataFrame:
        scope = Selection(filtres=view.selection.filtres)
        table = compute_indicator(view.dataset, key, selection=scope)[["mois", "valeur", "raison"]]
        table = hide_months(view, table, ("valeur",), filtres=scope.filtres)
        earlier = table[["mois", "valeur"]].assign(mois=table["mois"] + pd.DateOffset(years=1))
        table = table.merge(earlier.rename(columns={"valeur": "reference"}), on="mois", how="left")
        return table.merge(view.opened.maturity[["mois", "statut"]], on="mois", how="left").fillna(
            {"statut": "complet"}
        )

    return cached("monthly", view.key, compute, key=key, filtres=view.selection.filtres, shared=view.shared)


def _spark(view: View, key: str) -> list[float] | None:
    last, filtres = view.selection.fin, view.selection.filtres

    def compute() -> list[float]:
        table = monthly(view, key)
        known = table[(table["statut"] != "incomplet") & (table["mois"] <= last)]["valeur"].dropna()
        return known.tail(SPARK_MONTHS).tolist()

    found = cached("spark", view.key, compute, key=key, fin=last, filtres=filtres, shared=view.shared)
    return found if len(found) > 1 else None


def _delta(constat: Constat, indicator: Indicator) -> str | None:
    if is_missing(constat.reference):
        return None
    than = "en un an" if constat.selection.comparaison == "N-1" else "(juste avant)"
    return f"{change(constat, indicator)} {than}".replace("\u2212", "-")  # the card reads the direction from a hyphen


def _colour(indicator: Indicator, delta: str | None) -> str:
    """Good or bad; grey when neither is, or when the change is printed as zero."""
    if indicator.higher_is_better is None or is_neutral(delta or ""):
        return "off"
    return "normal" if indicator.higher_is_better else "inverse"


def freshness(view: View) -> str:
    """How far the data go and how well the last months are known, in one sentence."""
    opened = view.opened
    complete, open_months = opened.complete_months, opened.incomplete_months
    if not len(complete):
        return "Aucun mois complet dans ces données."
    last = opened.maturity.set_index("mois")["part_connue"].get(complete[-1], float("nan"))
    known = "" if is_missing(last) or last >= 1 else f" (connu à {format_percent(last, 0)})"
    text = f"Dernier mois retenu : {format_month(complete[-1], short=False)}{known}."
    if len(open_months):
        names = ", ".join(format_month(m) for m in open_months)
        text += f" Encore incomplets, donc hors des comparaisons : {names}."
    return text
