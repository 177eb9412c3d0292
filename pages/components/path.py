"""The road of the P/C ratio: where it goes, and when it should cross a target."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from analytics.descriptive.indicator import refuse
from analytics.errors import InsufficientData
from analytics.french import format_month, format_percent, is_missing
from analytics.indicators import INDICATORS, base_words, get_indicator, missing_measures
from analytics.predictive import Forecast, forecast, menu
from analytics.predictive.joint import error_rows
from analytics.predictive.path import Amounts, Crossing, Path, build_path, chances, cross, describe_crossing
from analytics.predictive.reconciliation import WHOLE
from analytics.predictive.series import Series, build_series
from analytics.schema import CARE_DIMENSIONS, Selection
from charts.path import chart_crossing, chart_path
from charts.picture import Picture
from pages.components import figure, state
from pages.components.alert_notes import THRESHOLD, read_notes
from pages.components.cache import cached, digest
from pages.components.jobs import get_jobs, job_progress, node_memory, show_failure
from pages.components.landing import is_indicative, known_months
from pages.components.messages import safe, show_unlocks, told_in_french
from pages.components.outlook import HORIZON, Outlook
from pages.components.rates import rate_input, read_rate
from pages.components.sharing import hide_months
from pages.components.sidebar import View

TARGET, SCENARIO_TARGET = "cible", "h_cible"
BOUNDS = (0.1, 2.0)
PATIENCE = 0.2
HISTORY_SHOWN = 36


@dataclass(frozen=True)
class Told:
    """What is shown of a path beside one target."""

    road: Picture
    chances: Picture
    lines: tuple[str, ...]


def show_path(view: View, outlook: Outlook) -> None:
    """The rolling ratio, known then forecast, and the chances of crossing the target that the user types."""
    st.header("Le P/C : quand franchit-il la cible\u00a0?")
    missing = missing_measures(INDICATORS["ratio_pc"], view.dataset)
    if missing:
        show_unlocks({" et ".join(view.dataset.label(m) for m in missing): ["chemin du P/C"]})
        return
    indicator = get_indicator("ratio_pc", view.dataset)
    refusal = refuse(indicator, view.dataset, ("mois",), Selection(filtres=view.selection.filtres))
    if refusal:
        st.info(f"Le chemin du P/C ne se calcule pas sur ce périmètre : {safe(refusal)}.", icon=":material/info:")
        return
    if is_indicative(outlook, WHOLE):
        st.info(
            f"Le chemin du P/C demande {menu.SHORT} mois connus, il n’y en a pas autant : ajoutez de l’historique.",
            icon=":material/info:",
        )
        return
    with told_in_french():
        try:
            path = wait_path(view, outlook)
        except InsufficientData as error:
            st.info(f"{safe(error.message)} {safe(error.remede)}", icon=":material/info:")
            return
        if path is None:
            return
        target = rate_input(
            "Cible de P/C", default_target(view, path), key=TARGET, bounds=BOUNDS,
            help="Proposée : votre seuil d’alerte sur le P/C, sinon la cible de la page Prescriptif, sinon le niveau "
            "d’aujourd’hui arrondi.",
        )  # fmt: skip
        told = cached(
            "path_told", view.key, lambda: _tell(view, path, target), job=outlook.key, cible=target,
            partage=view.shared,
        )  # fmt: skip
        st.markdown(told.lines[0])
        figure.show(told.road, key="chemin", is_demo=view.dataset.is_demo)
        figure.show(told.chances, key="franchissement", is_demo=view.dataset.is_demo)
        for line in told.lines[1:]:
            st.caption(line)


def wait_path(view: View, outlook: Outlook) -> Path | None:
    """The path of the perimeter, or the progress of the forecast of its premiums."""
    premiums = premium_series(view)
    key = digest("cotisations", view.key, view.selection.filtres, HORIZON, view.shared)
    jobs = get_jobs()
    if jobs.status(key).state == "absent":
        # Premiums have neither working days nor care events.
        token = view.opened.token
        jobs.submit(
            key, forecast, premiums.frame, horizon=HORIZON, calendar=None, hierarchy=premiums.hierarchy or None,
            prophet=False, owner=token, memory=node_memory(token),
        )  # fmt: skip
    status = job_progress(key, patience=PATIENCE)
    if status.state == "echec":
        show_failure(key, "La prévision des cotisations a échoué")
    if status.state != "fini":
        return None
    return cached(
        "path", view.key,
        lambda: build_path(
            amounts(outlook.series, outlook.forecast), amounts(premiums, jobs.result(key))
        ),
        job=outlook.key, cotisations=key,
    )  # fmt: skip


def amounts(series: Series, found: Forecast) -> Amounts:
    """One side of the ratio: the whole of a perimeter, reconciled with its parts."""
    history = series.frame.loc[series.frame["serie"] == WHOLE, ["mois", "valeur"]].dropna()
    ahead = found.table[found.table["serie"] == WHOLE]
    return Amounts(history, ahead, error_rows(found.backtest, WHOLE))


def premium_series(view: View) -> Series:
    """Premiums of the perimeter and their parts, over the months whose claims are known."""
    dataset, filters = view.dataset, view.selection.filtres

    def compute() -> Series:
        by = next(
            (
                d
                for d in view.opened.readable_dimensions
                if d in dataset.cotisation.columns and d not in CARE_DIMENSIONS and len(filters.get(d, ())) != 1
            ),
            None,
        )
        found = build_series(dataset, "cotisation", view.opened.complete_months, filters, by=by)
        whole = found.frame[found.frame["serie"] == WHOLE]
        shown = hide_months(view, whole, ["valeur"], filtres=filters)
        return found if shown["valeur"].equals(whole["valeur"]) else Series(shown, {})

    return cached("premium_series", view.key, compute, filtres=filters, partage=view.shared)


def default_target(view: View, path: Path) -> str:
    """The target that the user already set elsewhere, else today's level rounded; always one that can be typed.

    A target of the link that cannot be read, or is out of bounds, is passed over.
    """
    for note in reversed(read_notes(view)):
        if note.genre != THRESHOLD or note.error is not None or note.content.indicateur != "ratio_pc":
            continue
        if dict(note.content.filtres) == dict(view.selection.filtres):
            return _text(note.content.valeur)
    typed = read_rate(state.get(SCENARIO_TARGET) or st.query_params.get(SCENARIO_TARGET) or "", BOUNDS)
    if typed is not None:
        return _text(typed)
    level = path.now if not is_missing(path.now) else float(path.ahead["glissant"].iloc[-1])
    return _text(round(level, 2))


def _text(rate: float) -> str:
    within = min(max(rate, BOUNDS[0]), BOUNDS[1])
    return format_percent(within, 1).replace("\u202f", " ").replace(",0", "")


def _tell(view: View, path: Path, target: float) -> Told:
    crossing, is_demo, base = cross(path, target), view.dataset.is_demo, base_words(view.dataset)
    first = max(len(path.table) - HISTORY_SHOWN - len(path.ahead), 0)
    drawn = path.table.iloc[first:].dropna(subset=["glissant"])
    road = chart_path(drawn, target=target, title=f"P/C des 12 derniers mois ({base})", is_demo=is_demo)
    word = "dépassé" if crossing.sens == "au-dessus" else "repassé sous"
    title = f"Chances d’avoir {word} {format_percent(target)}"
    lines = [safe(line) for line in (describe_crossing(path, crossing), *_years(path, crossing), _how(path))]
    return Told(road, chart_crossing(crossing.table, title=title, is_demo=is_demo), tuple(lines))


def _years(path: Path, crossing: Crossing) -> list[str]:
    """The ratio of each calendar year and its chance of exceeding the target."""
    rows = path.years.merge(crossing.years, on="annee")
    return [
        f"Année {r.annee} ({known_months(r.mois_connus)}) : P/C {format_percent(r.valeur)}, de "
        f"{format_percent(r.bas_80)} à {format_percent(r.haut_80)} 8 fois sur 10 ; "
        f"{chances(r.au_dessus)} de dépasser la cible."
        for r in rows.itertuples()
    ]


def _how(path: Path) -> str:
    tied = "tirés ensemble, leurs erreurs passées allant de pair" if path.linked else "tirés séparément"
    since = ""
    if path.lacune is not None:
        since = f" Les mois jusqu’à {format_month(path.lacune, short=False)} ne servent pas : il en manque après."
    return (
        "P/C calculé, jamais prévu : somme des prestations prévues, divisée par celle des cotisations prévues, "
        f"chacune ajustée à ses parties ; prestations et cotisations sont {tied}.{since}"
    )
