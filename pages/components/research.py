"""The research exercise: a question, its hypothesis, its result and its conclusion, kept with the dataset.

A question is a row of the scenarios of the store whose content is of the kind « recherche ».
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pandas as pd
import streamlit as st

from analytics.constat import describe, describe_perimeter
from analytics.descriptive import comparison_period
from analytics.descriptive.research import (
    EXPECTED,
    SAME,
    THRESHOLDS,
    TO_REVIEW,
    Exercise,
    Figure,
    figure_of,
    from_content,
    holds,
    missing_of,
    review,
    to_content,
)
from analytics.disclosure import may_share
from analytics.errors import PaliersError, ParameterError
from analytics.french import format_period, format_value, parse_in_unit
from analytics.indicators import Indicator, get_indicator, missing_measures
from analytics.schema import Selection
from data import store
from pages.components import state
from pages.components.constat import measure
from pages.components.datasets import Opened
from pages.components.messages import safe, show_error, told_in_french
from pages.components.pivot import COLUMN, INVERSE, KEEP, ROWS, SORT
from pages.components.sharing import may_show
from pages.components.sidebar import ALL, LAST_YEAR, THIS_YEAR, View, default_selection, last_month

INDICATOR = "indicateur"
_PREFIX = "Recherche · "
_CONTROLS = (ROWS, COLUMN, SORT, INVERSE, KEEP)
_ANSWERS = {True: "hypothèse vérifiée", False: "hypothèse non vérifiée", None: "sans réponse"}
#: No green tick: an unchanged answer may be that the hypothesis is wrong.
_ICONS = {SAME: ":material/equal:", TO_REVIEW: ":material/flag:"}


def show_research(view: View, indicator: Indicator) -> None:
    """Keep the question of the moment, and ask again those kept before."""
    if not view.opened.is_held:
        st.info(
            "Une recherche est gardée avec le fichier sur lequel elle porte : déposez le vôtre dans Données.",
            icon=":material/bookmark:",
        )
        return
    with told_in_french():
        kept = list(_kept(view.token))
        _show_form(view, indicator)
        for rank, exercise in enumerate(kept):
            _show_exercise(view, exercise, key=f"recherche_{rank}", here=True)
        known = {e.question for e in kept}
        for rank, exercise in enumerate(e for e in _elsewhere(view.token) if e.question not in known):
            _show_exercise(view, exercise, key=f"ailleurs_{rank}", here=False)
        if not kept:
            st.caption("Aucune recherche gardée pour ces données.")


def period_on(opened: Opened, exercise: Exercise) -> Selection:
    """The selection of a question on these data: a relative period moves with them, chosen months do not."""
    last, months = last_month(opened), opened.completed.months
    asked = exercise.selection
    if exercise.periode == LAST_YEAR:
        recent = default_selection(opened)
        return replace(asked, debut=recent.debut, fin=recent.fin)
    if exercise.periode == THIS_YEAR:
        return replace(asked, debut=pd.Timestamp(last.year, 1, 1), fin=last)
    return replace(asked, debut=months[0], fin=last) if exercise.periode == ALL else asked


def ask_again(view: View, exercise: Exercise) -> tuple[Figure | None, str]:
    """The result of a question on the data of the page, or why there is none."""
    lacking = missing_of(exercise, view.dataset, view.opened.values)
    if lacking:
        return None, lacking
    selection = period_on(view.opened, exercise)
    if not may_show(view, selection):
        return None, "ce périmètre ne se montre pas en mode partage"
    try:
        constat = measure(view.opened, exercise.indicateur, selection)
    except ParameterError as error:
        return None, error.message
    return figure_of(constat, describe(constat, view.dataset).text), ""


def _kept(token: str) -> Iterator[Exercise]:
    """The questions kept with a dataset; one that cannot be read is said, and hides no other."""
    for row in store.scenarios(token):
        if row.content.get("genre") != "recherche":
            continue
        try:
            yield from_content(row.name.removeprefix(_PREFIX), row.content)
        except ParameterError as error:
            show_error(error)
            st.button("Supprimer", key=f"illisible_{row.name}", icon=":material/delete:", type="tertiary",
                      on_click=store.forget_scenario, args=(token, row.name))  # fmt: skip


def _elsewhere(token: str) -> Iterator[Exercise]:
    """Questions kept with the other datasets opened in this session: asked again on new data."""
    for other in state.opened():
        if other != token and store.exists(other):
            yield from _kept(other)


def _show_form(view: View, indicator: Indicator) -> None:
    constat = measure(view.opened, indicator.key, view.selection)
    with st.form("recherche", clear_on_submit=False):
        st.markdown(f"**Garder cette question**  \n{safe(describe(constat, view.dataset).text)}")
        question = st.text_input("Question", max_chars=150, key="recherche_question")
        hypothesis = st.text_input("Hypothèse", max_chars=1000, key="recherche_hypothese")
        left, right = st.columns(2)
        expected = left.selectbox(
            "Elle est vérifiée si l’indicateur est", list(EXPECTED), format_func=EXPECTED.get, key="recherche_attendu"
        )
        threshold = right.text_input("Seuil, s’il y en a un", key="recherche_seuil", placeholder="Par exemple 80 %")
        conclusion = st.text_area("Conclusion", max_chars=4000, key="recherche_conclusion")
        if not st.form_submit_button("Garder", icon=":material/bookmark_add:"):
            return
    seuil = parse_in_unit(threshold, indicator.unit) if expected in THRESHOLDS else None
    before = comparison_period(view.selection)
    if not question.strip():
        raise ParameterError("La question est vide.", remede="Écrivez-la, puis recommencez.")
    shareable = all(may_share(view.dataset, s) for s in (view.selection, before))
    exercise = Exercise(
        question.strip(), hypothesis, conclusion, expected, seuil, indicator.key, view.selection,
        str(state.get(state.PERIOD, LAST_YEAR)), figure_of(constat, describe(constat, view.dataset).text),
        shareable, {k: state.get(k) for k in _CONTROLS if state.get(k) is not None}, view.dataset.source,
    )  # fmt: skip
    _keep(view.token, exercise)


def _keep(token: str, exercise: Exercise) -> None:
    try:
        store.keep_scenario(token, f"{_PREFIX}{exercise.question}", to_content(exercise))
    except PaliersError as error:
        show_error(error)
        return
    state.leave_notice("success", "Recherche gardée avec ces données.")
    st.rerun()


def _show_exercise(view: View, exercise: Exercise, *, key: str, here: bool) -> None:
    """The question, its result then and now, and what it becomes."""
    now, lacking = ask_again(view, exercise)
    shown = _shown(view, exercise)
    verdict = review(shown, now)
    with st.container(border=True, key=key):
        origin = "" if here else f" · gardée avec {safe(shown.source)}"
        st.markdown(f"{_ICONS.get(verdict, ':material/help:')} **{safe(shown.question)}** · {verdict}{origin}")
        if shown.hypothese:
            st.markdown(f"Hypothèse : {safe(shown.hypothese)}")
        st.caption(f"Attendu : {_expected(view, shown)}.")
        st.table(_results(view, shown, now, lacking), hide_index=True, border="horizontal")
        if shown.conclusion:
            st.markdown(f"Conclusion : {safe(shown.conclusion)}")
        with st.container(horizontal=True):
            st.button("Rouvrir", key=f"{key}_ouvrir", icon=":material/open_in_new:", on_click=reopen,
                      args=(view, exercise))  # fmt: skip
            if here and st.button("Supprimer", key=f"{key}_oublier", icon=":material/delete:", type="tertiary"):
                store.forget_scenario(view.token, f"{_PREFIX}{exercise.question}")
                st.rerun()
            if not here and st.button("Garder avec ces données", key=f"{key}_ici", icon=":material/bookmark_add:"):
                _keep(view.token, exercise)


def _shown(view: View, exercise: Exercise) -> Exercise:
    """In « partage » mode, a question without its texts, which may name anybody, nor a result that is secret."""
    if not view.shared:
        return exercise
    open_ = exercise.partageable and may_show(view, period_on(view.opened, exercise))
    then = exercise.alors if open_ else Figure(None, None)
    return replace(exercise, question="Question gardée", hypothese="", conclusion="", alors=then)


def _expected(view: View, exercise: Exercise) -> str:
    told = EXPECTED[exercise.attendu]
    return told if exercise.seuil is None else f"{told} ({format_value(exercise.seuil, _unit(view, exercise))})"


def _results(view: View, exercise: Exercise, now: Figure | None, lacking: str) -> pd.DataFrame:
    """The result then and now, side by side."""
    rows = []
    for when, selection, figure in (
        ("Alors", exercise.selection, exercise.alors),
        ("Aujourd’hui", period_on(view.opened, exercise), now or Figure(None, None)),
    ):
        unit = _unit(view, exercise)
        rows.append(
            {
                "": when,
                "Périmètre": safe(describe_perimeter(selection, view.dataset)),
                "Période": format_period(selection.debut, selection.fin),
                "Valeur": _written(figure.valeur, unit),
                "Comparaison": _written(figure.reference, unit),
                "Réponse": _ANSWERS[holds(exercise, figure)],
            }
        )
    if lacking:
        rows[1]["Réponse"] = safe(lacking)
    return pd.DataFrame(rows)


def _written(value: float | None, unit: str) -> str:
    return format_value(value, unit)


def _unit(view: View, exercise: Exercise) -> str:
    try:
        return get_indicator(exercise.indicateur, view.dataset).unit
    except ParameterError:  # a measure of the other file, which this one lacks
        return "nombre"


def reopen(view: View, exercise: Exercise) -> None:
    """Put the page back as it was when the question was kept; a callback, before anything is drawn."""
    selection = period_on(view.opened, exercise)
    for dimension, values in view.opened.values.items():
        kept = [v for v in selection.filtres.get(dimension, ()) if v in values]
        if kept or state.get(state.filter_key(dimension)):
            state.put(state.filter_key(dimension), kept)
    state.put(state.COMPARISON, selection.comparaison)
    if exercise.periode in (LAST_YEAR, THIS_YEAR, ALL):
        state.put(state.PERIOD, exercise.periode)
    else:
        state.put(state.PERIOD, state.CHOSEN_MONTHS)
        months = view.dataset.months
        inside = months[(months >= selection.debut) & (months <= selection.fin)]
        if len(inside):
            state.put(state.FIRST_MONTH, inside[0])
            state.put(state.LAST_MONTH, inside[-1])
    if not _lacks(view, exercise.indicateur):
        state.put(INDICATOR, exercise.indicateur)
    for name, value in exercise.lien.items():
        if name in _CONTROLS:
            state.put(name, value)


def _lacks(view: View, key: str) -> bool:
    try:
        return bool(missing_measures(get_indicator(key, view.dataset), view.dataset))
    except ParameterError:
        return True
