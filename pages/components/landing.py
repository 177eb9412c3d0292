"""The landing of the year: months known, estimated and forecast, its range, how right it was, how it moved."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import streamlit as st

from analytics.french import MISSING, format_euros, format_number, is_missing
from analytics.predictive import menu
from analytics.predictive.joint import error_rows
from analytics.predictive.landing import Landing, describe_past, land, past_landings, refresh_landings
from charts.landing import chart_landing
from pages.components import figure
from pages.components.cache import cached, digest
from pages.components.forecast import subject_of
from pages.components.jobs import get_jobs, job_progress, node_memory, show_failure
from pages.components.messages import safe, told_in_french
from pages.components.outlook import Outlook
from pages.components.outlook_series import month_errors
from pages.components.sidebar import View

PATIENCE = 0.2
_DRAWN = (
    "Des milliers d’années tirées au sort : les écarts d’un mois à l’autre y durent autant que dans les essais sur le "
    "passé."
)
_UNSURE = f"Moins de {menu.SHORT} mois connus : aucun essai sur le passé ne dit ce que vaut cette fourchette."


@dataclass(frozen=True)
class Told:
    """A landing and the sentences under it."""

    landing: Landing | None
    lines: tuple[str, ...]


def is_indicative(outlook: Outlook, name: str) -> bool:
    """Whether a series has too few known months for its range to be worth a chance."""
    return int(outlook.used(name)["valeur"].notna().sum()) < menu.SHORT


def known_months(count: int) -> str:
    """« 8 mois connus », « 1 mois connu »."""
    return f"{format_number(count)} mois connu{'s' if count > 1 else ''}"


def landing_of(view: View, outlook: Outlook, name: str) -> Landing | None:
    """Where the current year of a series should end, its draws included; None when its year is not whole."""
    return _told(view, outlook, name).landing


def show_landing(view: View, outlook: Outlook, name: str) -> None:
    """Where the current year should end, with what it is made of and what such a figure was worth."""
    told = _told(view, outlook, name)
    landing = told.landing
    if landing is None:
        return
    columns = st.columns(3)
    columns[0].metric(
        f"Atterrissage {landing.annee}", format_euros(landing.total),
        help="Mois connus, plus la prévision des mois qui restent.", border=True,
    )  # fmt: skip
    unsure, low, high = is_indicative(outlook, name), format_euros(landing.bas_80), format_euros(landing.haut_80)
    between = MISSING if is_missing(landing.bas_80) else f"{low} à {high}"
    columns[1].metric(
        "Fourchette indicative" if unsure else "Fourchette (8 chances sur 10)",
        between, help=_UNSURE if unsure else _DRAWN, border=True,
    )  # fmt: skip
    columns[2].metric("Déjà connu", format_euros(landing.connu), help="Mois assez connus pour compter.", border=True)
    for line in told.lines:
        st.caption(line)
    label = f"Ce que l’on prévoyait pour {landing.annee}, mois après mois"
    with figure.folded(label, icon=":material/timeline:", key="atterrissage_suivi") as is_open:
        if is_open:
            _show_refreshed(view, outlook, name, landing)


def _told(view: View, outlook: Outlook, name: str) -> Told:
    return cached(
        "landing", view.key, lambda: _tell(view, outlook, name), job=outlook.key, serie=name, partage=view.shared
    )


def _tell(view: View, outlook: Outlook, name: str) -> Told:
    history, backtest = outlook.history(name), outlook.forecast.backtest
    errors = month_errors(view, history, by=outlook.series.by, name=name)
    landing = land(history, outlook.ahead(name), rows=error_rows(backtest, name), errors=errors)
    if landing is None:
        return Told(None, ())
    own = outlook.series.frame[outlook.series.frame["serie"] == name]
    past = past_landings(own, backtest[backtest["serie"] == name])
    return Told(landing, tuple(safe(line) for line in (describe_months(landing), describe_past(past)) if line))


def describe_months(landing: Landing) -> str:
    """What the total is made of, in one sentence."""
    known = landing.mois_connus - landing.mois_estimes
    parts = [_part(known, "connu", landing.connu - landing.estime)] if known else []
    if landing.mois_estimes:
        words = _part(landing.mois_estimes, "estimé", landing.estime)
        parts.append(
            f"{words}, pas encore tout payé" if landing.mois_estimes == 1 else f"{words}, pas encore tous payés"
        )
    if landing.mois_prevus:
        parts.append(_part(landing.mois_prevus, "prévu", landing.prevu))
    return f"{landing.annee} : " + " ; ".join(parts) + "."


def _part(count: int, word: str, amount: float) -> str:
    return f"{format_number(count)} mois {word}{'s' if count > 1 else ''} ({format_euros(amount)})"


def _show_refreshed(view: View, outlook: Outlook, name: str, landing: Landing) -> None:
    """Landings said at the end of each month, computed apart the first time."""
    key = digest("landings", outlook.key, name, landing.annee)
    jobs = get_jobs()
    with told_in_french():
        if jobs.status(key).state == "absent":
            token = view.opened.token
            jobs.submit(
                key, refresh_landings, outlook.used(name), landing.annee, events=outlook.events, serie=name,
                owner=token, memory=node_memory(token),
            )  # fmt: skip
        status = job_progress(key, patience=PATIENCE)
        if status.state == "echec":
            show_failure(key, "Le suivi n’a pas pu être refait")
        if status.state != "fini":
            return
        told = with_today(jobs.result(key), outlook.history(name), landing)
        if len(told) < 2:
            st.caption("Pas encore de prévision passée à comparer : il faut un an d’historique avant elle.")
            return
        subject = subject_of(view, name)
        picture = cached(
            "landing_picture", view.key,
            lambda: chart_landing(
                told, title=f"Atterrissage {landing.annee} : {subject}", is_demo=view.dataset.is_demo
            ),
            job=key, sujet=subject,
        )  # fmt: skip
        figure.show(picture, key="atterrissages", is_demo=view.dataset.is_demo)
        st.caption(
            "Chaque point est refait par la même méthode, avec les seuls mois connus à cette date, à leur montant "
            "d’aujourd’hui, sans ajustement aux postes ni événement à venir supposé aujourd’hui ; le dernier est "
            "l’atterrissage ci-dessus, avec les deux."
        )


def with_today(told: pd.DataFrame, history: pd.DataFrame, landing: Landing) -> pd.DataFrame:
    """Past landings, then the one of today."""
    today = pd.DataFrame(
        {"mois": [history["mois"].max()], "total": [landing.total], "bas_80": [landing.bas_80],
         "haut_80": [landing.haut_80]}
    )  # fmt: skip
    return pd.concat([told, today], ignore_index=True) if len(told) else today
