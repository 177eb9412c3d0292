"""« Rejouer à une date »: what was known then of the indicator shown, and how right its estimate was."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import streamlit as st

from analytics.completion import (
    Closing,
    Replay,
    describe_maturity,
    look_back,
    number_payments,
    replay,
    replay_months,
)
from analytics.descriptive import compute_indicator
from analytics.descriptive.lines import lines_of
from analytics.descriptive.reduced import reduced
from analytics.french import format_gap, format_month, format_percent
from analytics.indicators import Indicator, label_with_base
from analytics.schema import Dataset, Selection
from charts.development import chart_development
from charts.picture import Picture
from pages.components import figure
from pages.components.cache import cached
from pages.components.events import calendar_version, events_of
from pages.components.messages import safe, show_unlocks, told_in_french
from pages.components.sharing import hide_months, may_show
from pages.components.sidebar import View

KEY = "rejouer"
#: Months drawn before the date: two years say the season, more would flatten the end.
DRAWN = 24
AMOUNTS = ("paye", "ultime", "bas_80", "haut_80", "aujourd_hui", "part_connue")
#: Date proposed first: long enough ago for its estimates to have an answer today.
BACK = 6


def show_replay(view: View, indicator: Indicator) -> None:
    """A slider of past closings, and the indicator as each one knew it."""
    if view.opened.development is None:
        st.markdown(describe_maturity(view.opened.raw, view.opened.maturity))
        show_unlocks({"Mois de soins et mois de paiement": ["rejouer une date : ce qui était payé et estimé alors"]})
        return
    options = _dates(view)
    if len(options) < 2:
        st.info("Il faut plus d’un an d’historique pour rejouer une date passée.", icon=":material/info:")
        return
    chosen = st.select_slider(
        "Rejouer à une date", list(options), value=list(options)[-min(BACK, len(options))], key=KEY,
        bind="query-params",
        help="Ce que le fichier disait avec les seuls paiements reçus jusqu’à ce mois.",
    )  # fmt: skip
    as_of = options[chosen]
    drawn = Selection(as_of - pd.DateOffset(months=DRAWN - 1), as_of, view.selection.filtres)
    if not may_show(view, drawn):
        st.info("Mode partage : ce périmètre est trop petit pour être rejoué.", icon=":material/shield_lock:")
        return
    with told_in_french():
        picture, sentence = cached(
            "replay_picture", view.key, lambda: _told(view, indicator, drawn), key=indicator.key, drawn=drawn,
            shared=view.shared, calendrier=calendar_version(view),
        )  # fmt: skip
        if picture is None:
            st.info(sentence, icon=":material/info:")
            return
        figure.show(picture, key="rejeu", is_demo=view.dataset.is_demo)
        st.caption(sentence)


def _dates(view: View) -> dict[str, pd.Timestamp]:
    """Past closings by what the slider, and the link, write of them."""
    return cached("replay_dates", view.key, lambda: {format_month(d): d for d in replay_months(view.opened.raw)})


def _told(view: View, indicator: Indicator, drawn: Selection) -> tuple[Picture | None, str]:
    """The picture of a closing, None when there is nothing to draw, and the sentence under it."""
    found = replayed(view, indicator, drawn.fin)
    found = replace(found, table=hide_months(view, found.table, AMOUNTS, filtres=drawn.filtres))
    table = found.table[found.table["mois"].between(drawn.debut, drawn.fin)].reset_index(drop=True)
    if table[["paye", "aujourd_hui"]].isna().all(axis=None):
        return None, f"{indicator.label} : aucune valeur à cette date dans ce périmètre."
    picture = chart_development(
        table, as_of=drawn.fin, title=f"{label_with_base(indicator, view.dataset)}, rejoué", unit=indicator.unit,
        events=events_of(view), is_demo=view.dataset.is_demo,
    )  # fmt: skip
    return picture, safe(found.limite or verdict(found, indicator.unit))


def replayed(view: View, indicator: Indicator, as_of: pd.Timestamp) -> Replay:
    """The indicator over the perimeter of the view, as known at a date."""
    perimeter = Selection(filtres=view.selection.filtres)

    def series(dataset: Dataset) -> pd.DataFrame:
        return compute_indicator(dataset, indicator.key, selection=perimeter)

    def compute() -> Replay:
        raw = view.opened.raw
        payments = cached("replay_payments", view.key, lambda: number_payments(raw.prestation))
        lines = lines_of(raw.prestation, perimeter)
        inside = payments.within(lines, perimeter.filtres, indicator.measures)
        return replay(
            replace(raw, prestation=inside), as_of, series, today=series(view.dataset),
            postes=perimeter.filtres.get("poste"), closing=_closing(view, as_of),
        )  # fmt: skip

    return cached("replay", view.key, compute, key=indicator.key, filters=dict(perimeter.filtres), as_of=as_of)


def _closing(view: View, as_of: pd.Timestamp) -> Closing:
    """What was said of the months at a date: the same for every perimeter."""

    def compute() -> Closing:
        raw = view.opened.raw
        care, heads = reduced(raw.prestation, ("mois_paiement", "poste")), reduced(raw.cotisation, ("poste",))
        whole = replace(raw, prestation=care, cotisation=heads)
        return look_back(whole, as_of, incomplete=view.opened.held_back)

    return cached("closing", view.key, compute, as_of=as_of)


def verdict(found: Replay, unit: str) -> str:
    """One sentence: how far the paid amount and the estimate of the last month then were from what is known now."""
    judged = found.judged
    if judged.empty:
        return "À cette date, rien n’était à estimer pour cet indicateur, ou son erreur ne peut pas être mesurée."
    last = judged.iloc[-1]
    within = int(judged["aujourd_hui"].between(judged["bas_80"], judged["haut_80"]).sum())
    paid, told = (_gap(last[column], last["aujourd_hui"], unit) for column in ("paye", "ultime"))
    return (
        f"{format_month(last['mois'])} : le payé d’alors s’écarte de {paid} de ce qui est connu aujourd’hui, "
        f"l’estimation de {told}. Sur {len(judged)} mois alors à estimer, {within} dans l’intervalle annoncé (8 sur 10 "
        "attendus). Les mois les plus récents d’aujourd’hui sont eux-mêmes estimés."
    )


def _gap(then: float, now: float, unit: str) -> str:
    if unit == "taux" or not now > 0:
        return format_gap(then - now, unit)
    return format_percent(then / now - 1.0, signed=True)
