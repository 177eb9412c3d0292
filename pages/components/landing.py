"""The landing of the year: months known, estimated and forecast, its range, how right it was, how it moved."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pandas as pd
import streamlit as st

from analytics.french import format_euros, format_number
from analytics.predictive.joint import error_rows
from analytics.predictive.landing import Landing, describe_past, land, past_landings, refresh_landings
from analytics.predictive.reconciliation import WHOLE
from charts.landing import chart_landing
from pages.components import figure
from pages.components.cache import cached, digest
from pages.components.forecast import subject_of
from pages.components.jobs import get_jobs, job_progress
from pages.components.messages import safe, told_in_french
from pages.components.outlook import Outlook
from pages.components.outlook_events import split_of
from pages.components.sidebar import View

PATIENCE = 0.2


@dataclass(frozen=True)
class Told:
    """A landing and the sentences under it."""

    landing: Landing | None
    lines: tuple[str, ...]


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
    columns[1].metric(
        "Fourchette (8 chances sur 10)", f"{format_euros(landing.bas_80)} à {format_euros(landing.haut_80)}",
        help="Des milliers d’années tirées au sort : les écarts d’un mois à l’autre y durent autant que dans les "
        "essais sur le passé.", border=True,
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
    errors = month_errors(view, history, name)
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


def month_errors(view: View, history: pd.DataFrame, name: str) -> pd.DataFrame | None:
    """mois, se (EUR) of the known months that are not all paid; None when nothing tells it.

    The relative error is that of the postes of the perimeter, all its months together.
    """
    opened = view.opened
    if opened.development is None:
        return None
    open_ = opened.maturity.loc[opened.maturity["statut"] == "provisoire", "mois"]
    months = _development(view, name).by_month()
    share = (months["se"] / months["ultime"].where(months["ultime"] > 0)).set_axis(months["mois"])
    rows = history[history["mois"].isin(open_)]
    return pd.DataFrame({"mois": rows["mois"], "se": rows["valeur"].abs().to_numpy() * rows["mois"].map(share)})


def _development(view: View, name: str):
    """How care months are developed, for the postes of the perimeter or of one of its parts."""
    development = view.opened.development
    if "poste" not in development.by:
        return development
    kept = view.selection.filtres.get("poste")
    if name != WHOLE and split_of(view) == "poste":
        kept = [v for v in view.opened.values["poste"] if view.dataset.value_label("poste", v) == name]
    if kept is None:
        return development
    table = development.table
    return replace(development, table=table[table["poste"].astype("str").isin([str(v) for v in kept])])


def _show_refreshed(view: View, outlook: Outlook, name: str, landing: Landing) -> None:
    """Landings said at the end of each month, computed apart the first time."""
    key = digest("landings", outlook.key, name, landing.annee)
    jobs = get_jobs()
    with told_in_french():
        if jobs.status(key).state == "absent":
            jobs.submit(
                key, refresh_landings, outlook.used(name), landing.annee, events=outlook.events, mode="core4",
                serie=name, owner=view.opened.token,
            )  # fmt: skip
        status = job_progress(key, patience=PATIENCE)
        if status.state == "echec":
            st.error(f"Le suivi n’a pas pu être refait : {safe(status.text)}", icon=":material/error:")
        if status.state != "fini":
            return
        told = with_today(jobs.result(key), outlook.history(name), landing)
        if len(told) < 2:
            st.caption("L’année commence : il n’y a pas encore de prévision passée à comparer.")
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
            "Chaque point est refait avec les seuls mois connus à cette date, à leur montant d’aujourd’hui. Les points "
            "passés sont prévus sans ajustement aux postes ; le dernier est l’atterrissage ci-dessus."
        )


def with_today(told: pd.DataFrame, history: pd.DataFrame, landing: Landing) -> pd.DataFrame:
    """Past landings, then the one of today."""
    today = pd.DataFrame(
        {"mois": [history["mois"].max()], "total": [landing.total], "bas_80": [landing.bas_80],
         "haut_80": [landing.haut_80]}
    )  # fmt: skip
    return pd.concat([told, today], ignore_index=True) if len(told) else today
