"""One selection for every page: dataset, period, perimeter and comparison, all written in the link."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import streamlit as st

from analytics.completion.maturity import BLIND_MONTHS
from analytics.constat import Constat
from analytics.french import format_month
from analytics.schema import Dataset, Selection
from pages.components import state
from pages.components.constat import followed
from pages.components.datasets import (
    DEMO,
    Opened,
    current_dataset,
    default_token,
    hold_back,
    open_dataset,
    use_dataset,
)
from pages.components.messages import safe

LAST_YEAR, THIS_YEAR, ALL = "12 derniers mois connus", "Depuis janvier", "Tout l’historique"
COMPARISONS = {"N-1": "Un an avant", "M-1": "Juste avant"}
MAX_VALUES = 400
MAX_INCOMPLETE = range(13)


@dataclass(frozen=True)
class View:
    """What every page looks at.

    Attributes
    ----------
    opened : Opened
        The dataset, raw and completed.
    selection : Selection
        Period (both bounds), perimeter and comparison.
    constat : Constat or None
        The finding being followed.
    shared : bool
        Whether the screen is to be shared: nothing about fewer than 11 persons is then shown.
    """

    opened: Opened
    selection: Selection
    constat: Constat | None
    shared: bool = False

    @property
    def dataset(self) -> Dataset:
        """The completed dataset."""
        return self.opened.completed

    @property
    def key(self) -> str:
        """What identifies the data in a cache."""
        return self.opened.key

    @property
    def token(self) -> str:
        """Identifier of the dataset."""
        return self.opened.token


def show_sidebar() -> View:
    """Draw the selection and return it."""
    with st.sidebar:
        opened = _choose_incomplete(_choose_dataset(current_dataset()))
        selection = _choose_selection(opened)
        shared = st.toggle(
            "Mode partage", key=state.SHARE, bind="query-params",
            help="À activer avant de projeter, d’exporter ou d’envoyer un lien : aucun chiffre sur moins de 11 "
            "personnes n’est montré, ni retrouvable par différence.",
        )  # fmt: skip
    view = View(opened, selection, followed(opened), shared)
    state.put(state.VIEW, view)
    return view


def current_view() -> View:
    """The view drawn by the sidebar in this run."""
    return state.get(state.VIEW)


def _choose_dataset(opened: Opened) -> Opened:
    tokens = list(dict.fromkeys((default_token(), DEMO, *state.opened())))
    if len(tokens) == 1:
        st.caption(f"Données : {safe(opened.raw.source)}")
        return opened
    chosen = st.selectbox(
        "Données",
        tokens,
        index=tokens.index(opened.token),
        format_func=lambda t: open_dataset(t).raw.source,
    )
    if chosen != opened.token:
        use_dataset(chosen)
        st.rerun()
    return opened


def _choose_incomplete(opened: Opened) -> Opened:
    """Without a payment month, only the user knows how many of the last months are not wholly paid."""
    if not opened.is_blind:
        return opened
    chosen = st.selectbox(
        "Derniers mois incomplets", MAX_INCOMPLETE, index=BLIND_MONTHS, key=state.INCOMPLETE, bind="query-params",
        help="Ce fichier n’a pas de mois de paiement : rien n’y dit quels derniers mois ne sont pas encore tous payés. "
        "Ceux-ci sont grisés, hors des comparaisons et des calculs.",
    )  # fmt: skip
    usual = opened.raw.date_basis == "soins" and chosen == BLIND_MONTHS
    # Of months that may be of care, the last ones are held back until somebody says what they are.
    return opened if usual else hold_back(opened, chosen)


def _choose_selection(opened: Opened) -> Selection:
    dataset = opened.completed
    debut, fin = _choose_period(opened)
    comparison = st.segmented_control(
        "Comparaison",
        list(COMPARISONS),
        default="N-1",
        required=True,
        format_func=COMPARISONS.get,
        key=state.COMPARISON,
        bind="query-params",
    )
    filters = {}
    with st.expander("Périmètre", icon=":material/filter_alt:"):
        for dimension in dataset.dimensions:
            values = opened.values[dimension]
            if not 1 < len(values) <= MAX_VALUES:
                continue
            chosen = st.multiselect(
                safe(dataset.label(dimension)),
                values,
                format_func=lambda v, d=dimension: dataset.value_label(d, v),
                key=state.filter_key(dimension),
                bind="query-params",
                placeholder="Tous",
            )
            if chosen:
                filters[dimension] = tuple(chosen)
    return Selection(debut, fin, filters, comparison or "N-1")


def default_selection(opened: Opened) -> Selection:
    """What a newcomer sees: the last twelve months known well enough, against the year before."""
    last = last_month(opened)
    return Selection(max(last - pd.DateOffset(months=11), opened.completed.months[0]), last, {}, "N-1")


def last_month(opened: Opened) -> pd.Timestamp:
    """Last month known well enough to be compared, or the last one when there is none."""
    complete = opened.complete_months
    return complete[-1] if len(complete) else opened.completed.months[-1]


def _choose_period(opened: Opened) -> tuple[pd.Timestamp, pd.Timestamp]:
    months = opened.completed.months
    last = last_month(opened)
    years = [str(y) for y in np.unique(months[: months.searchsorted(last, side="right")].year)[::-1]]
    presets = [LAST_YEAR, THIS_YEAR, *years, ALL, state.CHOSEN_MONTHS]
    chosen = st.selectbox("Période", presets, key=state.PERIOD, bind="query-params")
    if chosen == state.CHOSEN_MONTHS:
        return _choose_months(months, last)
    if chosen == THIS_YEAR:
        return pd.Timestamp(last.year, 1, 1), last
    if chosen == ALL:
        return months[0], last
    if chosen in years:
        return pd.Timestamp(int(chosen), 1, 1), min(pd.Timestamp(int(chosen), 12, 1), last)
    default = default_selection(opened)
    return default.debut, default.fin


def _choose_months(months: pd.DatetimeIndex, last: pd.Timestamp) -> tuple[pd.Timestamp, pd.Timestamp]:
    options = list(months)
    left, right = st.columns(2)
    for key, month in ((state.FIRST_MONTH, options[max(options.index(last) - 11, 0)]), (state.LAST_MONTH, last)):
        if state.get(key) not in options and key not in st.query_params:
            state.put(key, month)
    debut = left.selectbox("De", options, format_func=format_month, key=state.FIRST_MONTH, bind="query-params")
    fin = right.selectbox("À", options, format_func=format_month, key=state.LAST_MONTH, bind="query-params")
    if debut > fin:
        st.warning("Le premier mois suit le dernier : ils ont été échangés.")
    return min(debut, fin), max(debut, fin)
