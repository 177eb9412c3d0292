"""Does a dated event explain a change? The effect of one, measured against what would have come without it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

import pandas as pd
import streamlit as st

from analytics.constat import Constat, in_sentence
from analytics.descriptive import compute_indicator
from analytics.diagnostic import Impact, detect_breaks, measure_impact
from analytics.diagnostic.impact import LOCKDOWN, MIN_PLACEBOS
from analytics.french import format_gap, format_month, format_number, format_percent, is_missing
from analytics.indicators import Indicator, get_indicator
from analytics.schema import Selection
from charts.impact import chart_impact
from pages.components import figure
from pages.components.answer import Answer, answer
from pages.components.cache import cached
from pages.components.event_calendar import show_calendar
from pages.components.events import calendar_version, events_of
from pages.components.messages import safe, told_in_french
from pages.components.sharing import hide_months
from pages.components.sidebar import View

#: Months after the event whose effect is averaged: a year, so that each season weighs once.
AFTER = 12
MIN_BEFORE, MIN_AFTER = 24, 3
#: Months drawn before the event.
HISTORY_SHOWN = 48
#: Months between a break and an event that may be its cause.
NEAR = 2
OTHER = "Une autre date…"
CHOSEN_ON_CURVE = "Une date choisie sur la courbe fait trouver plus que le hasard n’en donne."
NO_EVENT = "Aucun événement durable du calendrier dans cette période."


@dataclass(frozen=True)
class Event:
    """What is tried: a name, the first month of its effect, and whether the reader chose that date on the curve."""

    name: str
    start: pd.Timestamp
    free: bool = False


def show_impact(view: View, constat: Constat) -> Answer | None:
    """Breaks of the series, then the effect of one event: verdict, picture, other trends, false dates; the calendar."""
    told = _judge(view, constat, replace(view, selection=constat.selection))
    show_calendar(view, key="diagnostic")
    return told


def _judge(view: View, constat: Constat, scope: View) -> Answer | None:
    """The effect of an event of the perimeter of the finding, which `scope` looks at."""
    indicator = get_indicator(constat.indicator, view.dataset)
    series = _series(view, constat)
    count = int(series.notna().sum())
    if count < MIN_BEFORE + MIN_AFTER:
        need = format_number(MIN_BEFORE + MIN_AFTER)
        return answer(
            "on ne peut pas dire",
            f"Il faut {need} mois complets et montrables pour juger un événement ; il y en a {format_number(count)}.",
        )
    _show_breaks(scope, constat, series)
    event = _choose_event(scope, series)
    if isinstance(event, str):
        return answer("on ne peut pas dire", event)
    told = None
    with told_in_french():
        known = _earlier(scope, event, series.index[0])
        found = _impact_of(view, constat, series, event, known)
        told = answer(found.verdict.reponse, _sentence(found, indicator, event))
        if is_missing(found.effect):
            return told
        picture = cached(
            "impact_picture", view.key,
            lambda: chart_impact(
                _before(series, event), found.table,
                event=event.name, title=indicator.label, unit=indicator.unit, events=events_of(scope),
                is_demo=view.dataset.is_demo,
            ),
            **_options(view, constat, event), calendrier=calendar_version(view),
        )  # fmt: skip
        figure.show(picture, key="effet_evenement", is_demo=view.dataset.is_demo)
        _show_doubts(found, indicator, known)
    return told


def _series(view: View, constat: Constat) -> pd.Series:
    """Complete months of the indicator in the perimeter; what may not be shown is missing."""
    filters = constat.selection.filtres

    def compute() -> pd.Series:
        months = view.opened.complete_months
        scope = Selection(months[0], months[-1], filters) if len(months) else Selection(filtres=filters)
        table = compute_indicator(view.dataset, constat.indicator, selection=scope)
        shown = hide_months(view, table, ["valeur"], filtres=filters).dropna(subset=["valeur"])
        series = shown.set_index("mois")["valeur"].sort_index()
        return series[series.index.isin(months)].asfreq("MS")

    return cached("impact_series", view.key, compute, key=constat.indicator, filtres=filters, shared=view.shared)


def _before(series: pd.Series, event: Event) -> pd.DataFrame:
    return series[series.index < event.start].tail(HISTORY_SHOWN).rename_axis("mois").rename("valeur").reset_index()


def _options(view: View, constat: Constat, event: Event) -> dict:
    return {"key": constat.indicator, "filtres": constat.selection.filtres, "shared": view.shared,
            "event": event.name, "start": event.start}  # fmt: skip


def _earlier(scope: View, event: Event, first: pd.Timestamp) -> pd.DataFrame:
    """Lasting changes of the calendar that came before: evenement and debut, each a step of its own."""
    events = events_of(scope)
    before = (events["forme"] == "palier") & (events["debut"] < event.start) & (events["debut"] > first)
    return events.loc[before, ["evenement", "debut"]]


def _impact_of(view: View, constat: Constat, series: pd.Series, event: Event, known: pd.DataFrame) -> Impact:
    """Effect over the year that follows, computed once."""
    within = series[: event.start + pd.DateOffset(months=AFTER - 1)]
    return cached(
        "impact", view.key, lambda: measure_impact(within, start=event.start, known=known["debut"]),
        **_options(view, constat, event), connus=known["debut"].astype("str").tolist(),
    )  # fmt: skip


def _show_breaks(view: View, constat: Constat, series: pd.Series) -> None:
    """Where the series changed level or trend by itself, and the event that falls there."""
    cuts = cached(
        "breaks", view.key, lambda: detect_breaks(_without_lockdown(series)), key=constat.indicator,
        filtres=constat.selection.filtres, shared=view.shared,
    )  # fmt: skip
    if not cuts:
        st.caption("Aucune rupture de niveau ni de tendance dans l’histoire de cette série.")
        return
    told = [f"{format_month(series.index[c], short=False)}{_near(view, series.index[c])}" for c in cuts]
    plural = "s" if len(told) > 1 else ""
    st.caption(f"Rupture{plural} de niveau ou de tendance repérée{plural} : {safe(' ; '.join(told))}.")


def _without_lockdown(series: pd.Series) -> pd.Series:
    """Its fall and what followed are no break of the trend: a straight line stands in for those months."""
    return series.mask(series.index.isin(LOCKDOWN)).interpolate()


def _near(view: View, month: pd.Timestamp) -> str:
    events = events_of(view)
    gaps = (events["debut"].dt.year - month.year) * 12 + events["debut"].dt.month - month.month
    close = events.assign(gap=gaps.abs()).query("gap <= @NEAR").sort_values("gap", kind="stable")
    return f" (près de : {close['evenement'].iloc[0]})" if len(close) else ""


def _choose_event(view: View, series: pd.Series) -> Event | str:
    """One of the calendar that the series can judge, the last one first, or a month that the reader chooses.

    As long as nobody chose, why there is nothing to judge: a date picked for the reader would be picked on the curve.
    """
    met = series.dropna().index
    first, last = met[MIN_BEFORE], met[-MIN_AFTER]
    events = events_of(view)
    lasting = events[(events["forme"] != "impulsion") & events["debut"].between(first, last)]
    known = [Event(e.evenement, e.debut) for e in lasting.sort_values("debut", ascending=False).itertuples()]
    by_label = dict(zip(_label_events(known), known, strict=True))
    left, right = st.columns([3, 2])
    chosen = left.selectbox(
        "Événement", [*by_label, OTHER], index=0 if by_label else None, placeholder="Choisir",
        key="evenement_juge", bind="query-params",
    )  # fmt: skip
    if chosen is None:
        return NO_EVENT
    if chosen != OTHER:
        event = by_label[chosen]
        right.text_input("À partir de", format_month(event.start, short=False), disabled=True)
        return event
    months = list(met[(met >= first) & (met <= last)])
    month = right.selectbox(
        "À partir de", months, index=None, format_func=lambda m: format_month(m, short=False), key="mois_juge",
        bind="query-params", placeholder="Choisir un mois",
    )  # fmt: skip
    return "Aucun mois n’est choisi." if month is None else Event("cette date", month, free=True)


def _label_events(events: list[Event]) -> list[str]:
    """Names of the events, with their month when two share one, or when one is called as the choice of a date."""
    counts = Counter([OTHER, *(e.name for e in events)])
    labels = [e.name if counts[e.name] == 1 else f"{e.name} ({format_month(e.start, short=False)})" for e in events]
    met: Counter[str] = Counter()
    for place, label in enumerate(labels):
        met[label] += 1
        if met[label] > 1:
            labels[place] = f"{label}, {met[label]}"
    return labels


def _sentence(found: Impact, indicator: Indicator, event: Event) -> str:
    """The verdict in the unit of the indicator."""
    if is_missing(found.effect):
        return found.verdict.phrase
    unit = indicator.unit
    low, high = (format_gap(v, unit) for v in found.interval)
    expected, months = found.table["attendu"].mean(), int(found.table["effet"].notna().sum())
    relative = unit != "taux" and expected > 0
    share = f" ({format_percent(found.effect / expected, signed=True)})" if relative else ""
    size = f"{format_gap(found.effect, unit)} {'en moyenne' if unit == 'taux' else 'par mois'}{share}"
    since = f"Depuis {event.name} ({format_month(event.start, short=False)})"
    start = f"{since}, sur {format_number(months)} mois, {in_sentence(indicator.label)} : {size}"
    few = " (trop peu de dates fictives pour comparer)" if len(found.placebos) < MIN_PLACEBOS else ""
    words = {
        "oui": f"plus que le hasard n’en donne{few} ; un autre changement à la même date aurait le même effet",
        "non": "le hasard en donne autant",
        "on ne peut pas dire": (
            "mais trop peu de dates fictives peuvent être essayées pour savoir si une autre en ferait autant"
            if len(found.placebos) < MIN_PLACEBOS
            else "mais trop de dates prises au hasard donnent un écart aussi grand"
        ),
    }
    range_ = f"entre {low} et {high} 95 fois sur 100"
    told = f"{start} par rapport à ce qui était attendu, {range_} : {words[found.verdict.reponse]}."
    return f"{told} {CHOSEN_ON_CURVE}" if event.free else told


def _show_doubts(found: Impact, indicator: Indicator, known: pd.DataFrame) -> None:
    """What could make the answer wrong: another idea of the trend, and dates where nothing happened."""
    shown = found.models.assign(
        **{c: found.models[c].map(lambda v: format_gap(v, indicator.unit)) for c in ("effet", "bas", "haut")}
    )
    names = {"modele": "Idée de la tendance", "effet": "Effet par mois", "bas": "Bas 95 %", "haut": "Haut 95 %"}
    as_large = int((found.placebos["effet"].abs() >= abs(found.effect)).sum())
    count = len(found.placebos)
    with figure.folded("Ce qui peut faire douter", icon=":material/help:", key="doutes_effet") as is_open:
        if not is_open:
            return
        figure.show_table(shown.rename(columns=names))
        st.caption(
            f"{_tried(count, as_large)} La première ligne est la réponse : son intervalle couvre aussi ce que disent "
            "les autres idées de la tendance et les dates fictives. Les mois du premier confinement sont laissés de "
            "côté."
        )
        if len(known):
            st.caption(f"Changements antérieurs pris en compte : {safe(' ; '.join(known['evenement']))}.")


def _tried(count: int, as_large: int) -> str:
    if not count:
        return "L’histoire est trop courte pour essayer des dates fictives."
    tried = f"{format_number(count)} dates fictives essayées avant l’événement"
    return f"{tried} : {format_number(as_large)} avec un écart au moins aussi grand."
