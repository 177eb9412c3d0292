"""The drift of claims of next year: the forecast of the Prédictif page, poste by poste, or what was typed."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from analytics.errors import PaliersError
from analytics.french import format_percent
from analytics.predictive.reconciliation import WHOLE
from analytics.predictive.series import Series
from analytics.prescriptive import Futures, Portfolio, futures_from_forecast
from analytics.prescriptive.levers import ALL
from analytics.schema import Selection
from pages.components.cache import cached
from pages.components.forecast import perimeter_series, start_forecast
from pages.components.hypotheses import FORECAST, Hypotheses, contract_filters
from pages.components.jobs import get_jobs, job_progress
from pages.components.messages import safe
from pages.components.outlook import Ask
from pages.components.outlook_events import split_of
from pages.components.rates import rate_input
from pages.components.sidebar import View

YEAR = 12
PATIENCE = 0.2


@dataclass(frozen=True)
class Drift:
    """The futures of the claims, under the key that tells two apart; None when the drift typed is used."""

    futures: Futures | None = None
    key: str = ""


def wait_drift(view: View, portfolio: Portfolio, asked: Hypotheses, place: DeltaGenerator) -> Drift:
    """The futures of the forecast once it is ready; the screen says which drift is used, and why.

    `place` is where what the forecast alone needs is asked for.
    """
    typed = f"{format_percent(asked.derive, signed=True)} par tête (écart-type {format_percent(asked.ecart)})"
    if asked.source != FORECAST:
        st.caption(f"Dérive utilisée : votre saisie, {typed}.")
        return Drift()
    try:
        found, reason = _forecast_drift(view, portfolio, place)
    except PaliersError as error:
        found, reason = None, f"{error.message} {error.remede or ''}".strip()
    if found is None:
        st.caption(f"Dérive utilisée : votre saisie, {typed}. {safe(reason)}")
        return Drift()
    st.caption(f"Dérive utilisée : la prévision du Prédictif, {safe(describe_futures(found.futures, portfolio))}")
    return found


def describe_futures(futures: Futures, portfolio: Portfolio) -> str:
    """Central growth of the claims per head and its range, each poste at its weight of today."""
    weights = _weights(futures, portfolio)
    drawn = futures.growth @ weights - 1.0
    low, high = (format_percent(float(np.quantile(drawn, q)), signed=True) for q in (0.1, 0.9))
    centre = format_percent(float(futures.centre @ weights) - 1.0, signed=True)
    how = "postes tirés ensemble" if len(futures.postes) > 1 else "tous postes ensemble"
    return f"{centre} par tête (8 fois sur 10 entre {low} et {high}), {how}."


def _weights(futures: Futures, portfolio: Portfolio) -> np.ndarray:
    if futures.postes == (ALL,) or portfolio.postes is None:
        return np.ones(1)
    heads = portfolio.table.set_index("segment")["beneficiaires"]
    claims = portfolio.postes["prestation"] * portfolio.postes["segment"].map(heads).to_numpy()
    sums = claims.groupby(portfolio.postes["poste"]).sum().reindex(list(futures.postes), fill_value=0.0)
    return (sums / sums.sum()).to_numpy()


def _forecast_drift(view: View, portfolio: Portfolio, place: DeltaGenerator) -> tuple[Drift | None, str]:
    """The futures, or why there are none yet."""
    scope = replace(view, selection=replace(view.selection, filtres=contract_filters(view)))
    if scope.dataset.main_measure != "prestation":
        return None, "Le fichier n’a pas de prestations à prévoir."
    with place:
        yearly = _choose_heads(scope)
    series = perimeter_series(scope)
    key = start_forecast(scope, series, Ask())
    status = job_progress(key, patience=PATIENCE)
    if status.state == "echec":
        return None, f"La prévision a échoué : {status.text}"
    if status.state != "fini":
        return None, "La prévision se calcule : la page la prendra dès qu’elle est prête."
    forecast = get_jobs().result(key)
    heads = (1.0 + yearly) ** _years_apart(forecast.table["mois"].min(), portfolio.fin) - 1.0
    futures = cached(
        "futures", view.key,
        lambda: futures_from_forecast(
            forecast, series.frame, debut=portfolio.debut, fin=portfolio.fin, effectif=heads,
            postes=_postes(scope, series, portfolio),
        ),
        job=key, effectif=heads, debut=portfolio.debut, fin=portfolio.fin,
    )  # fmt: skip
    return Drift(futures, f"{key}:{heads!r}"), ""


def _postes(view: View, series: Series, portfolio: Portfolio) -> dict[str, str]:
    """Series of each poste of the portfolio; the whole for all when the forecast is not by poste."""
    names = set(series.hierarchy.get(WHOLE, ()))
    if split_of(view) == "poste" and portfolio.postes is not None:
        found = {p: view.dataset.value_label("poste", p) for p in sorted(portfolio.postes["poste"].unique())}
        if names and set(found.values()) <= names:
            return found
    return {ALL: WHOLE}


def _choose_heads(view: View) -> float:
    """Growth of the persons covered that the amounts forecast contain, between the two years."""
    return rate_input(
        "Effectif dans la prévision", _text(_growth_of_heads(view)), key="h_effectif", bounds=(-0.5, 1.0),
        help="La prévision porte sur des montants : cette évolution de l’effectif en est retirée pour obtenir une "
        "dérive par tête. Par an ; proposée : celle des douze derniers mois connus.",
    )  # fmt: skip


def _years_apart(first: pd.Timestamp, fin: pd.Timestamp) -> float:
    """Years from the months of the portfolio, which end in `fin`, to the twelve that begin in `first`."""
    gap = (first.year - fin.year) * YEAR + first.month - fin.month - 1
    return (gap + YEAR) / YEAR


def _text(rate: float) -> str:
    return format_percent(rate).replace("\u202f", " ")


def _growth_of_heads(view: View) -> float:
    return cached("heads_growth", view.key, lambda: _measured_heads(view), filtres=contract_filters(view))


def _measured_heads(view: View) -> float:
    """Change of the persons covered from the year before to the last one; 0 when it cannot be measured."""
    months, members = view.opened.complete_months, view.dataset.cotisation
    if len(months) < 2 * YEAR:
        return 0.0
    mine = members[Selection(filtres=contract_filters(view)).mask(members)]
    heads = mine.groupby("mois")["beneficiaires"].sum(min_count=1).reindex(months[-2 * YEAR :])
    before, after = heads.iloc[:YEAR].sum(min_count=YEAR), heads.iloc[YEAR:].sum(min_count=YEAR)
    grown = after / before - 1.0 if before > 0 else np.nan
    return float(grown) if pd.notna(grown) and -0.5 < grown < 1.0 else 0.0
