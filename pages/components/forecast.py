"""The forecast of the perimeter: computed apart, shown with what it was worth on the past."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import streamlit as st

from analytics.constat import describe_perimeter, in_sentence
from analytics.french import format_euros, format_month, format_number, format_percent, is_missing
from analytics.predictive import Forecast, forecast
from analytics.predictive.landing import describe_ahead, land
from analytics.predictive.reconciliation import WHOLE
from analytics.predictive.series import Series, build_series
from charts.fan import chart_fan
from pages.components import figure
from pages.components.cache import cached, digest
from pages.components.event_calendar import show_calendar
from pages.components.events import calendar_version, events_of, forecast_events
from pages.components.jobs import get_jobs, job_progress
from pages.components.messages import safe, show_unlocks, told_in_french
from pages.components.sharing import hidden_values
from pages.components.sidebar import View

HORIZON = 12
HISTORY_SHOWN = 60
PATIENCE = 0.2


@dataclass(frozen=True)
class Outlook:
    """A finished forecast, under the key of its job, with the series that it starts from."""

    key: str
    series: Series
    forecast: Forecast

    def history(self, name: str) -> pd.DataFrame:
        """mois, valeur of one series."""
        rows = self.series.frame
        return rows.loc[rows["serie"] == name, ["mois", "valeur"]]

    def ahead(self, name: str) -> pd.DataFrame:
        """Forecast of one series."""
        return self.forecast.table[self.forecast.table["serie"] == name]


def wait_forecast(view: View) -> Outlook | None:
    """The forecast of the perimeter, or its progress, or why there is none."""
    if view.dataset.main_measure is None:
        show_unlocks({"Prestations": ["prévision"]})
        return None
    with_events = st.toggle(
        "Tenir compte des événements connus (réformes, confinements)", value=True, key="evenements", bind="query-params"
    )
    with told_in_french():
        series = perimeter_series(view)
        key = start_forecast(view, series, with_events=with_events)
        status = job_progress(key, patience=PATIENCE)
        if status.state == "fini":
            return Outlook(key, series, get_jobs().result(key))
        if status.state == "echec":
            st.error(f"La prévision a échoué : {safe(status.text)}", icon=":material/error:")
            st.button("Relancer", on_click=get_jobs().cancel, args=(key,))
    return None


def perimeter_series(view: View) -> Series:
    """The whole of the perimeter and its parts by the first dimension that splits it, up to the last complete month."""
    dataset, filters, opened = view.dataset, view.selection.filtres, view.opened
    by = _split(view)
    return cached(
        "series", view.key,
        lambda: build_series(dataset, dataset.main_measure, opened.complete_months, filters, by=by),
        filtres=filters,
    )  # fmt: skip


def _split(view: View) -> str | None:
    """The first dimension that splits the perimeter."""
    known, filters = view.dataset.prestation.columns, view.selection.filtres
    return next((d for d in view.opened.readable_dimensions if d in known and len(filters.get(d, ())) != 1), None)


def start_forecast(view: View, series: Series, *, with_events: bool) -> str:
    """Ask for the forecast; the same series and options are computed once for every session."""
    events = forecast_events(view, series, _split(view)) if with_events else None
    entering = [] if events is None else events.astype("str").to_numpy().tolist()  # the forecast changes with them
    key = digest("forecast", view.key, view.selection.filtres, entering, HORIZON)
    if get_jobs().status(key).state == "absent":
        get_jobs().submit(
            key, forecast, series.frame, horizon=HORIZON, events=events, hierarchy=series.hierarchy or None,
            mode="core4", prophet=False,
        )  # fmt: skip
    return key


def choose_series(view: View, outlook: Outlook) -> str:
    """The whole or one of its parts."""
    by = _split(view)
    hidden = {view.dataset.value_label(by, v) for v in hidden_values(view, by, view.selection)} if by else set()
    names = [WHOLE, *(n for n in outlook.series.hierarchy.get(WHOLE, ()) if n not in hidden)]
    if len(names) == 1:
        return WHOLE
    return st.selectbox("Série", names, format_func=lambda n: n[:1].upper() + n[1:], key="serie", bind="query-params")


def show_fan(view: View, outlook: Outlook, name: str) -> None:
    """Fan chart, its sentence, its table."""
    dataset = view.dataset
    history, ahead = outlook.history(name), outlook.ahead(name)
    subject, measure = _subject(view, name), dataset.label(dataset.main_measure)
    st.markdown(safe(describe_ahead(history, ahead, subject=subject, measure=in_sentence(measure)).text))
    picture = cached(
        "fan", view.key,
        lambda: chart_fan(
            history.tail(HISTORY_SHOWN), ahead, title=f"{measure} : {subject}", unit="EUR", events=events_of(view),
            is_demo=dataset.is_demo,
        ),
        job=outlook.key, serie=name, calendrier=calendar_version(view),
    )  # fmt: skip
    figure.show(picture, key="eventail", is_demo=dataset.is_demo)
    remarks = [w for w in outlook.forecast.warnings if "Série «" not in w or f"« {name} »" in w]
    for remark in remarks:
        st.caption(safe(remark.replace(f"Série « {WHOLE} » : ", "")))
    show_calendar(view, key="predictif")


def _subject(view: View, name: str) -> str:
    """The perimeter, or the part of it that is shown."""
    return describe_perimeter(view.selection, view.dataset) if name == WHOLE else name[:1].upper() + name[1:]


def show_landing(view: View, outlook: Outlook, name: str) -> None:
    """Where the current year should end."""
    landing = land(outlook.history(name), outlook.ahead(name))
    if landing is None:
        return
    left, right = st.columns(2)
    left.metric(
        f"Atterrissage {landing.annee}", format_euros(landing.total),
        help="Mois complets, plus la prévision des mois qui restent.", border=True,
    )  # fmt: skip
    right.metric(
        "Fourchette (8 chances sur 10)", f"{format_euros(landing.bas_80)} à {format_euros(landing.haut_80)}",
        help="Prudente : les écarts des mois à venir sont supposés aller tous dans le même sens.", border=True,
    )  # fmt: skip
    st.caption(f"{landing.mois_connus} mois connus sur 12, soit {format_euros(landing.connu)}.")


def show_accuracy(view: View, outlook: Outlook, name: str) -> None:
    """Does it beat repeating last year, and do its bands hold?"""
    verdict = outlook.forecast.verdicts.get(name)
    if verdict is not None:
        st.markdown(f"**Bat le naïf saisonnier (« comme l’an dernier ») : {verdict.reponse}.** {safe(verdict.phrase)}")
    scores = outlook.forecast.candidates
    scores = scores[scores["serie"] == name]
    own = scores[scores["statut"] == "prévision"]
    if len(own) and not is_missing(own["couverture_80"].iloc[0]):
        row = own.iloc[0]
        st.markdown(
            f"Essais sur le passé : {format_number(row['origines'])}. La bande « 8 sur 10 » a contenu "
            f"{format_percent(row['couverture_80'], 0)} des mois, la bande « 95 sur 100 » "
            f"{format_percent(row['couverture_95'], 0)}."
        )
    figure.show_table(cached("scores", view.key, lambda: _scores(scores), job=outlook.key, serie=name))
    last = view.opened.complete_months[-1]
    st.caption(
        "Essais : on se replace à une date passée, avec ce que l’on savait alors. "
        f"Dernier mois connu : {format_month(last)}."
    )


def _scores(scores: pd.DataFrame) -> pd.DataFrame:
    """Scores of every model under French headers."""
    shown = scores[["libelle", "statut", "wape", "biais", "couverture_80", "couverture_95", "raison"]].copy()
    for column in ("wape", "biais", "couverture_80", "couverture_95"):
        shown[column] = shown[column].map(lambda v: format_percent(v))
    names = {"libelle": "Modèle", "statut": "Rôle", "wape": "Erreur moyenne", "biais": "Biais",
             "couverture_80": "Vu dans la bande 80 %", "couverture_95": "Vu dans la bande 95 %",
             "raison": "Remarque"}  # fmt: skip
    return shown.rename(columns=names)
