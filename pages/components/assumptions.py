"""What a forecast is asked with: which question, which events at what size, from which month on. All in the link."""

from __future__ import annotations

import re
from typing import Any

import pandas as pd
import streamlit as st

from analytics.diagnostic import detect_breaks
from analytics.diagnostic.impact import LOCKDOWN
from analytics.errors import ParameterError
from analytics.french import THIN, format_month, format_number, format_percent, parse_in_unit
from analytics.predictive.menu import FULL, SHORT
from analytics.predictive.questions import ENSUITE, TENDANCE
from analytics.predictive.reconciliation import WHOLE
from analytics.predictive.series import Series
from charts.events import tell_dates
from pages.components.cache import cached, digest
from pages.components.event_calendar import show_calendar
from pages.components.events import calendar_version, events_of
from pages.components.messages import safe
from pages.components.outlook import HORIZON, Ask
from pages.components.outlook_events import planned_events, shares_of
from pages.components.sidebar import View

QUESTIONS = {
    f"Que va-t-il se passer ensuite{THIN}?": ENSUITE,
    f"Et si ces tendances se poursuivent{THIN}?": TENDANCE,
}
DIFFERENCES = {
    ENSUITE: "Modèle complet : rythme actuel, saison, jours ouvrés, effets des événements connus, et des événements à "
    "venir auxquels vous donnez une taille.",
    TENDANCE: "Le rythme actuel prolongé : les changements passés restent dans le niveau, et aucun événement à venir "
    "n’est compté, même prévu.",
}
WHOLE_HISTORY = "Tout l’historique"
#: Effects that an assumption may have: −100 % would leave nothing to forecast.
BOUNDS = (-0.9, 5.0)
#: Months between a break and an event that may be its cause.
NEAR = 2
_RECODED = re.compile(r"\| (\d{4}-\d{2})$")


def choose_question() -> str:
    """Which of the two questions is asked, and what tells them apart."""
    chosen = st.segmented_control(
        "Question", list(QUESTIONS), default=next(iter(QUESTIONS)), required=True, key="question", bind="query-params",
        label_visibility="collapsed",
    )  # fmt: skip
    question = QUESTIONS.get(chosen, ENSUITE)
    st.caption(DIFFERENCES[question])
    return question


def choose_assumptions(view: View, series: Series, question: str) -> Ask:
    """The assumptions, folded: events on or off, size of those to come, where the history begins, the calendar."""
    with st.expander("Hypothèses", icon=":material/tune:"):
        with_events = st.toggle(
            "Tenir compte des événements connus (réformes, confinements)", value=True, key="evenements",
            bind="query-params",
        )  # fmt: skip
        sizes = _choose_sizes(view, series, off=question == TENDANCE or not with_events)
        depuis = _choose_start(view, series)
    show_calendar(view, key="predictif")
    return Ask(question, with_events, sizes, depuis)


def _choose_sizes(view: View, series: Series, *, off: bool) -> tuple[tuple[str, float], ...]:
    """The supposed effect of each event to come: typed, never estimated."""
    planned = planned_events(view, series)
    last = series.frame["mois"].max()
    if planned.empty:
        st.caption(
            f"Aucun événement du calendrier ne commence dans les {HORIZON} mois qui suivent {format_month(last)}. "
            "Ajoutez-en un dans le calendrier pour lui donner une taille ici."
        )
        return ()
    st.markdown("**Événements à venir** : leur effet ne se mesure pas encore, c’est une hypothèse de votre part.")
    sizes = []
    for event in planned.itertuples(index=False):
        size = _choose_size(view, series, event)
        if size is not None:
            sizes.append((event.evenement, size))
    if off and sizes:
        st.caption("Hypothèses gardées, mais non comptées dans la question ou avec les réglages choisis.")
    return tuple(sizes)


def _choose_size(view: View, series: Series, event: Any) -> float | None:
    """Effect of one event in percent of the postes that it touches; None = not counted."""
    share = shares_of(view, series, event).get(WHOLE)
    left, right = st.columns([3, 2], vertical_alignment="bottom")
    left.markdown(f"{safe(event.evenement)}  \n:small[{safe(tell_dates(event))} · {_reach(share)}]")
    if not share:
        right.caption("Sans effet dans ce périmètre.")
        return None
    text = right.text_input(
        "Effet supposé (%)", key=f"effet_{digest(view.token, event.evenement)[:10]}", bind="query-params",
        placeholder="non compté", max_chars=12,
        help="En % des prestations des postes touchés : « 3 », « −1,5 ». Vide : l’événement n’est pas compté.",
    )  # fmt: skip
    return _read(text)


def _reach(share: float | None) -> str:
    if share is None:
        return "le fichier ne dit pas ce qu’il touche"
    return "touche tout le périmètre" if share > 0.9995 else f"touche {format_percent(share)} du périmètre"


def _read(text: str) -> float | None:
    """An effect typed the French way; what cannot be used is told and not counted."""
    if not (text or "").strip():
        return None
    try:
        value = parse_in_unit(text, "taux")
        if BOUNDS[0] <= value <= BOUNDS[1]:
            return value
        low, high = (format_percent(b, 0) for b in BOUNDS)
        reason = f"L’effet doit être entre {low} et {high}."
    except ParameterError as error:
        reason = f"{error.message} {error.remede}"
    st.warning(f"{safe(reason)} L’événement n’est pas compté.")
    return None


def _choose_start(view: View, series: Series) -> pd.Timestamp | None:
    """First month of the history used; None = all of it. Offered where the series breaks or a code was renamed."""
    found = cached(
        "cuts", view.key, lambda: _cuts(view, series), filtres=view.selection.filtres,
        calendrier=calendar_version(view), partage=view.shared,
    )  # fmt: skip
    if not found:
        st.caption("Aucune rupture de la série ni recodage repéré : rien ne demande de couper l’historique.")
        return None
    names = {format_month(m, short=False).replace("\u00a0", " "): m for m in found}
    chosen = st.selectbox(
        "Couper l’historique à partir de", [WHOLE_HISTORY, *names], key="depuis", bind="query-params",
        help="Après un recodage ou un changement de périmètre, ce qui précède n’est plus comparable.",
    )  # fmt: skip
    for month, why in found.items():
        st.caption(f"{format_month(month, short=False)} : {safe(why)}.")
    depuis = names.get(chosen)
    if depuis is not None:
        st.info(_loss(series, depuis), icon=":material/content_cut:")
    return depuis


def _cuts(view: View, series: Series) -> dict[pd.Timestamp, str]:
    """Months where the history may be cut, and why."""
    whole = series.frame[series.frame["serie"] == WHOLE].set_index("mois")["valeur"].asfreq("MS")
    calm = whole.mask(whole.index.isin(LOCKDOWN)).interpolate()
    found = {whole.index[c]: _why(view, whole.index[c]) for c in detect_breaks(calm)}
    findings = view.dataset.findings
    recoded = findings[findings["code"] == "conformite.recodage"] if "code" in findings else findings.iloc[:0]
    for row in recoded.itertuples():
        month = _RECODED.search(str(row.valeur))
        if month:
            found[pd.Timestamp(month[1])] = str(row.message).rstrip(".")
    return {m: why for m, why in sorted(found.items()) if m > whole.index[0] and (whole.index >= m).sum() >= SHORT}


def _why(view: View, month: pd.Timestamp) -> str:
    """A break, and the event of the calendar that already accounts for it."""
    events = events_of(view)
    gaps = (events["debut"].dt.year - month.year) * 12 + events["debut"].dt.month - month.month
    close = events.assign(gap=gaps.abs())[gaps.abs() <= NEAR].sort_values("gap", kind="stable")
    told = "rupture de niveau ou de tendance repérée"
    if close.empty:
        return told
    return f"{told}, près de « {close['evenement'].iloc[0]} » : déjà compté comme événement, couper n’est pas utile"


def _loss(series: Series, depuis: pd.Timestamp) -> str:
    """What a cut leaves out, and what it costs."""
    months = pd.DatetimeIndex(series.frame.loc[series.frame["serie"] == WHOLE, "mois"])
    lost, left = int((months < depuis).sum()), int((months >= depuis).sum())
    text = (
        f"{format_number(lost)} mois laissés de côté (avant {format_month(depuis, short=False)}), il en reste "
        f"{format_number(left)} : moins d’essais sur le passé, fourchette plus large."
    )
    if left < FULL:
        text += f" Sous {FULL} mois, seuls des modèles simples sont possibles."
    return text
