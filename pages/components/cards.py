"""Cards: a value, what it was, which way is good, and its last twenty-four months."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import streamlit as st

from analytics.constat import Constat
from analytics.descriptive import compare_periods, compute_indicator
from analytics.french import format_month, format_percent, format_value, is_missing
from analytics.indicators import HEADLINES, Indicator, get_indicator, headline_keys, label_with_base, missing_measures
from analytics.schema import Dataset, Selection
from pages.components.cache import cached
from pages.components.card_facts import Facts, caption, change, detail, facts_of, is_neutral, notes
from pages.components.figure import show_table
from pages.components.messages import safe
from pages.components.sharing import hide_months
from pages.components.sidebar import View

SPARK_MONTHS = 24


@dataclass(frozen=True)
class Card:
    """What a card says, ready to be drawn.

    Attributes
    ----------
    indicator : Indicator
    facts : Facts
        Its figure and the comparisons behind it.
    label, value : str
    delta : str or None
        The change as printed, None without a reference.
    colour, arrow : str
        As :func:`streamlit.metric` names them.
    months : list of float or None
        The last months, None when there are not two.
    line : str
        What the arrow does not say.
    """

    indicator: Indicator
    facts: Facts
    label: str
    value: str
    delta: str | None
    colour: str
    arrow: str
    months: list[float] | None
    line: str

    @property
    def constat(self) -> Constat:
        """The figure and what it is compared with."""
        return self.facts.comparisons[0][1]


def show_cards(view: View) -> list[Constat]:
    """The four headline cards; a card that lacks a column says which."""

    def compute() -> list[Card]:
        return [card_of(view, key) for key in headline_keys(view.dataset)]

    cards = cached("card_facts", view.key, compute, selection=view.selection, shared=view.shared)
    with st.grid(4, min_column_width=215, key="cartes"):
        for card in cards:
            _show_card(view, card)
    return [card.constat for card in cards]


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


def card_of(view: View, key: str) -> Card:
    """Everything that a card of an indicator says."""
    dataset = view.dataset
    indicator, facts = get_indicator(key, dataset), facts_of(view, key)
    constat = facts.comparisons[0][1]
    delta = _delta(constat, indicator)
    return Card(
        indicator, facts, label=safe(label_with_base(indicator, dataset)),
        value=format_value(constat.valeur, indicator.unit), delta=delta, colour=_colour(indicator, delta),
        arrow="off" if is_neutral(delta or "") else "auto", months=_spark(view, key),
        line=safe(_unknown(view, indicator) if is_missing(constat.valeur) else caption(facts, indicator)),
    )  # fmt: skip


def _unknown(view: View, indicator: Indicator) -> str:
    """Why a card has no value."""
    reason = str(compare_periods(view.dataset, indicator.key, selection=view.selection)["raison"].iloc[0])
    return f"{reason[:1].upper()}{reason[1:]}." if reason else ""


def _show_card(view: View, card: Card) -> None:
    """One card, with what it is compared to; the other comparisons fold under it."""
    with st.container(border=True, key=f"carte_{card.indicator.key}", gap="xsmall"):
        st.metric(
            card.label, card.value, delta=card.delta, delta_color=card.colour, delta_arrow=card.arrow,
            help=card.indicator.definition, chart_data=card.months, chart_type="line",
        )  # fmt: skip
        if card.line:
            st.caption(card.line)
        _show_detail(view, card)


def _show_detail(view: View, card: Card) -> None:
    with st.popover("Détail", type="tertiary", key=f"carte_{card.indicator.key}_detail", on_change="rerun") as opened:
        if not opened.open:
            return
        st.markdown(f"**{card.label}**")
        show_table(detail(view, card.facts, card.indicator))
        for text in filter(None, (card.indicator.definition, *notes(view, card.facts, card.indicator))):
            st.caption(safe(text))


def monthly(view: View, key: str) -> pd.DataFrame:
    """The whole history of an indicator in the perimeter: mois, valeur, reference (a year before), statut."""

    def compute() -> pd.DataFrame:
        scope = Selection(filtres=view.selection.filtres)
        table = compute_indicator(view.dataset, key, selection=scope)[["mois", "valeur", "raison"]]
        table = hide_months(view, table, ("valeur",), filtres=scope.filtres)
        return table.assign(reference=_year_before(table), statut=_statuses(view, table["mois"]))

    return cached("monthly", view.key, compute, key=key, filtres=view.selection.filtres, shared=view.shared)


def _year_before(table: pd.DataFrame) -> np.ndarray:
    """Value of the same month a year before, missing when the series does not have it."""
    months = table["mois"].to_numpy().astype("datetime64[M]").astype(np.int64)
    values = table["valeur"].to_numpy(dtype=float)
    places = months.searchsorted(months - 12).clip(max=max(len(months) - 1, 0))
    return np.where(months[places] == months - 12, values[places], np.nan)


def _statuses(view: View, months: pd.Series) -> np.ndarray:
    """Status of each month; one that the maturity does not name is complete."""
    named = dict(zip(view.opened.maturity["mois"], view.opened.maturity["statut"], strict=True))
    return np.array([named.get(month, "complet") for month in months], dtype=object)


def _spark(view: View, key: str) -> list[float] | None:
    table = monthly(view, key)
    values = table["valeur"].to_numpy(dtype=float)
    shown = (table["statut"] != "incomplet") & (table["mois"] <= view.selection.fin) & ~np.isnan(values)
    found = values[shown][-SPARK_MONTHS:].tolist()
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
