"""What deserves attention: data errors first, then thresholds and findings, each with the way up and a way out."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from analytics.constat import describe, with_dataset
from analytics.descriptive.alerts import (
    BUDGETS,
    DEFAULT_BUDGET,
    MIN_MONTHS,
    Alerte,
    Screening,
    describe_threshold,
    screen,
)
from analytics.errors import PaliersError, ParameterError
from analytics.french import format_number
from pages.components import state
from pages.components.alert_notes import (
    SEEN,
    Note,
    classify,
    forget_note,
    keep_note,
    mark_seen,
    read_notes,
    seen_in,
)
from pages.components.alert_thresholds import crossed, show_thresholds, threshold_sentence
from pages.components.cache import cached
from pages.components.constat import reliability, steps
from pages.components.messages import safe, show_error, told_in_french
from pages.components.quality import findings_of
from pages.components.sharing import may_show
from pages.components.sidebar import View

MAX_REASON = 500
KINDS = {
    "dernier mois": "Dernier mois inhabituel : loin de ce que la série annonçait le mois d’avant",
    "rupture": "Rupture de niveau ou de tendance dans sa propre histoire",
    "dérive": "Dérive : une année qui s’écarte de l’ensemble dont elle fait partie",
}
RARE = 0.05


def alerts_of(view: View) -> tuple[Alerte, ...]:
    """Alerts that the budget allows in the perimeter, up to the last month of the selection, heaviest first."""
    selection, budget = view.selection, chosen_budget()

    def within() -> tuple[Alerte, ...]:
        return _screening(view).within_budget(view.dataset, budget)

    found = cached("alerts", view.key, within, filtres=selection.filtres, fin=selection.fin, budget=budget)
    return tuple(_owned(alert, view.token) for alert in found)


def _screening(view: View) -> Screening:
    """Every test of the perimeter, run once whatever the budget."""
    selection = view.selection
    return cached(
        "screening", view.key,
        lambda: screen(view.dataset, selection=selection, maturity_table=view.opened.maturity),
        filtres=selection.filtres, fin=selection.fin,
    )  # fmt: skip


def _owned(alert: Alerte, token: str) -> Alerte:
    return replace(alert, constat=with_dataset(alert.constat, token))


def chosen_budget() -> int:
    """False alerts a year that the reader accepts, from the link when the page does not ask."""
    word = str(state.get(state.BUDGET) or st.query_params.get(state.BUDGET, ""))
    return int(word) if word in [str(b) for b in BUDGETS] else DEFAULT_BUDGET


def choose_budget() -> None:
    """The budget of false alerts, kept in the link."""
    st.segmented_control(
        "Fausses alertes acceptées par an, au plus", [str(b) for b in BUDGETS], default=str(DEFAULT_BUDGET),
        required=True, key=state.BUDGET, bind="query-params",
        help="Ce que le hasard seul peut faire apparaître, à raison d’un regard par mois. Le seuil tient compte du "
        "nombre de séries surveillées ; celui des derniers mois est aussi réglé en rejouant les 36 mois précédents de "
        "ces données. Moins de fausses alertes, c’est aussi moins de vraies.",
    )  # fmt: skip


def show_data_errors(view: View) -> None:
    """Before any business cause: what in the data themselves may be wrong."""
    findings = findings_of(view)
    grave = findings[findings["severite"] == "grave"]
    if grave.empty:
        return
    with st.container(border=True, key="erreurs_donnees"):
        st.markdown(f":material/report: **À vérifier d’abord : {_count(len(grave))} dans le fichier**")
        for message in () if view.shared else grave["message"].head(3):
            st.markdown(f"- {safe(message)}")
        if view.shared:
            return
        st.page_link("pages/donnees.py", label="Voir le détail et le remède", icon=":material/arrow_forward:")


def _count(n: int) -> str:
    return "une anomalie" if n == 1 else f"{format_number(n)} anomalies"


def show_alerts(view: View) -> None:
    """Everything about alerts: the budget, the list with its ways out, the log and the thresholds."""
    choose_budget()
    show_decisions(view, limit=10, classify_them=True)
    _show_log(view)
    show_thresholds(view)


def show_decisions(view: View, *, limit: int, classify_them: bool = False) -> None:
    """Data errors, thresholds crossed, then the heaviest alerts with their buttons; what was classified is left out."""
    show_data_errors(view)
    notes = _notes(view)
    for note in () if view.shared else notes:  # who reads a shared page can remove nothing
        if note.error is not None:
            show_error(note.error)
    for rank, (note, etat) in enumerate(crossed(view, notes)):
        with st.container(border=True, key=f"seuil_franchi_{rank}"):
            st.markdown(f":material/straighten: **{threshold_sentence(view, etat)}**")
            steps(with_dataset(etat.constat, view.token), key=f"seuil_{rank}")
            if classify_them:
                _classify_button(view, note, f"seuil_{rank}")
    missing = MIN_MONTHS - len(view.opened.complete_months)
    if view.dataset.main_measure is None or missing > 0:
        need = "les prestations" if view.dataset.main_measure is None else f"{missing} mois complets de plus"
        st.info(f"Pour dire ce qui est inhabituel, il faut {need} (trois ans d’historique).", icon=":material/info:")
        return
    found = tuple(a for a in alerts_of(view) if may_show(view, a.constat.selection))
    alerts = tuple(a for a in found if not seen_in(notes, a.constat))
    if not alerts:
        st.success(_nothing(len(found)), icon=":material/check_circle:")
        return
    for rank, alert in enumerate(alerts[:limit]):
        with st.container(border=True, key=f"alerte_{rank}"):
            _show_alert(view, alert, key=f"alerte_{rank}")
            if classify_them:
                _classify_button(view, alert, f"alerte_{rank}")
    if len(alerts) > limit:
        st.page_link("pages/descriptive.py", label=f"Voir les {len(alerts)} alertes", icon=":material/arrow_forward:")


def _nothing(classified: int) -> str:
    if classified:
        return "Rien de plus : toutes les alertes de ce périmètre ont été vues."
    return (
        "Rien d’inhabituel dans ce périmètre : aucun segment ne s’écarte de l’ensemble, et le dernier mois est "
        "dans la norme."
    )


def _show_alert(view: View, alert: Alerte, *, key: str) -> None:
    st.markdown(f"**{safe(describe(alert.constat, view.dataset).text)}**")
    st.caption(f"{KINDS[alert.genre]}. {_frequency(alert.par_an)}{_echoes(alert.echos)}")
    st.caption(reliability(alert.constat, view.dataset))
    steps(alert.constat, key=key)


def _frequency(per_year: float) -> str:
    if per_year < RARE:
        return "Le hasard seul en donnerait une pareille moins d’une fois en vingt ans."
    return f"Le hasard seul en donnerait de pareilles {format_number(per_year, 1)} fois par an."


def _echoes(count: int) -> str:
    return f" {count} écho{'s' if count > 1 else ''} de la même cause, non montré{'s' if count > 1 else ''}." * bool(
        count
    )


def _notes(view: View) -> tuple[Note, ...]:
    """What was kept, or a message and nothing: the alerts are shown all the same."""
    with told_in_french():
        return read_notes(view)
    return ()


def _classify_button(view: View, what: Alerte | Note, key: str) -> None:
    """« Vu, parce que… »: the reason is asked for, then the alert leaves the list."""
    if view.shared:
        return
    with st.popover("Vu, parce que…", icon=":material/done:"), st.form(f"vu_{key}", border=False):
        reason = st.text_input("Pourquoi rien de plus n’est à faire", key=f"vu_{key}_raison", max_chars=MAX_REASON)
        if not st.form_submit_button("Classer"):
            return
        try:
            if not reason.strip():
                raise ParameterError("Il manque la raison.", remede="Dites en quelques mots pourquoi.")
            if isinstance(what, Note):
                classify(view, what, reason.strip())
            else:
                mark_seen(view, what.constat, reason.strip())
        except PaliersError as error:
            show_error(error)
            return
    st.rerun()


def _show_log(view: View) -> None:
    """What was seen and why, folded; each line can be reopened."""
    notes = [n for n in _notes(view) if n.seen_at is not None]
    if not notes or view.shared:  # a reason is free text: it may name anybody
        return
    with st.expander(f"Vues et classées ({len(notes)})", icon=":material/inventory:"), told_in_french():
        for rank, note in enumerate(notes):
            with st.container(border=True, key=f"vue_{rank}"):
                _show_note(view, note, rank)
        if not view.opened.is_held:
            st.caption("Ces données sont à tout le monde : ce journal ne vit que le temps de cette visite.")


def _show_note(view: View, note: Note, rank: int) -> None:
    if note.error is not None:
        st.markdown(safe(note.error.message))
    elif note.genre == SEEN:
        st.markdown(safe(describe(note.constat, view.dataset).text))
    else:
        st.markdown(safe(describe_threshold(note.content, view.dataset)))
    st.caption(f"Vu le {note.seen_at:%d/%m/%Y}, parce que : {safe(note.reason)}")
    if note.genre == SEEN and note.error is None:
        steps(note.constat, key=f"vue_{rank}")
    label, icon = ("Rouvrir", "undo") if note.error is None else ("Supprimer", "delete")
    if st.button(label, key=f"rouvrir_{rank}", icon=f":material/{icon}:", type="tertiary"):
        if note.genre == SEEN or note.error is not None:
            forget_note(view, note.key)
        else:
            keep_note(view, note)
        st.rerun()
