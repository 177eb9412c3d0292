"""What was understood of an upload, what it leaves to the person to decide, and the buttons that end it."""

from __future__ import annotations

from datetime import date

import pandas as pd
import streamlit as st

from analytics.errors import PaliersError
from analytics.french import format_number
from analytics.schema import LABELS
from charts.export import to_csv
from data import store
from data.depot import Report
from pages.components import figure, state
from pages.components.datasets import use_dataset
from pages.components.depots import DEPOT
from pages.components.messages import safe, show_error
from pages.components.quality import findings_table, show_marks, unused_lines, verdict
from pages.components.questions import ask_all
from pages.components.sidebar import View

SEPARATORS = {";": "point-virgule", ",": "virgule", "\t": "tabulation", "|": "barre verticale"}
DECIMALS = {",": "virgule décimale", ".": "point décimal"}
RETENTIONS = {"3 mois": 3, "12 mois": 12, "24 mois": 24}
PURPOSE, RETENTION = "finalite", "conservation"


def show_report(view: View, token: str, outcome: str) -> None:
    """The report of an upload whose reading ended with "pret", "question" or "refuse"."""
    report = DEPOT.report(token)
    st.markdown(f"**{safe(report.name)}**" + (f" : {_summary(report)}" if report.lines is not None else ""))
    if report.error is not None:
        show_error(report.error)
    _show_personal(report)
    _show_columns(report)
    if report.error is None:
        _show_questions(token, report)
    _show_unused(report)
    if outcome == "pret":
        _show_quality(report)
        _show_acceptance(view, token)
        return
    if outcome == "question" and not report.blocking:
        st.warning(
            "Avec ces réponses, ce fichier ne donne ni prestations ni cotisations à additionner. Changez une réponse, "
            "ou retirez-le.",
            icon=":material/help:",
        )
    st.caption("Les données précédentes restent en place.")
    st.button("Retirer ce fichier", icon=":material/close:", on_click=leave, args=(token,))


def held_by(view: View) -> tuple[str, ...]:
    """Datasets that this session may open: their answers and their history go on with the next file."""
    return (view.token, *state.opened())


def leave(token: str) -> None:
    """Erase an upload that was not accepted, and forget it."""
    state.keep(state.UPLOAD, None)
    try:
        DEPOT.discard(token)
    except PaliersError as error:  # already gone, which is what the person wants
        state.leave_notice("warning", safe(error.message))


def _summary(report: Report) -> str:
    dialect = report.dialect
    parts = [
        f"{format_number(report.lines)} lignes lues",
        f"{format_number(report.accepted)} {_agreed('utilisable', report.accepted)}",
        f"{format_number(report.rejected)} {_agreed('rejetée', report.rejected)}",
        f"{format_number(report.left_out)} {_agreed('laissée', report.left_out)} de côté",
    ]
    if dialect.get("sheet"):
        parts.append(f"feuille « {safe(dialect['sheet'])} »")
    elif dialect.get("separator"):
        parts.append(f"encodage {safe(dialect.get('encoding'))}")
        parts.append(f"séparateur {SEPARATORS.get(dialect['separator'], safe(dialect['separator']))}")
    parts.append(DECIMALS.get(dialect.get("decimal"), "nombres entiers"))
    if report.period:
        parts.append(f"de {' à '.join(report.period)}" if len(set(report.period)) > 1 else report.period[0])
    return ", ".join(parts) + "."


def _agreed(word: str, count: int) -> str:
    return word if count < 2 else f"{word}s"


def _show_personal(report: Report) -> None:
    if report.personal.empty:
        return
    st.warning(
        "Ce fichier contient des données personnelles. Rien n’en est gardé sous une forme qui désigne quelqu’un :",
        icon=":material/shield_person:",
    )
    names = {"colonne": "Colonne du fichier", "contenu": "Contenu reconnu", "devenir": "Ce que nous en faisons"}
    figure.show_table(report.personal.rename(columns=names))


def _show_columns(report: Report) -> None:
    if report.columns.empty:
        return
    names = {"colonne": "Colonne du fichier", "libelle": "Comprise comme", "exemples": "Exemples"}
    with st.expander("Ce que nous avons compris des colonnes", expanded=True):
        figure.show_table(report.columns[list(names)].rename(columns=names))
    with st.expander("Premières lignes, avant et après lecture"):
        st.caption("Dans le fichier")
        figure.show_table(report.before)
        st.caption("Après lecture")
        known = dict(zip(report.columns["role"], report.columns["libelle"], strict=True))
        figure.show_table(report.after.rename(columns=lambda c: known.get(c) or LABELS.get(c) or c.replace("_", " ")))


def _show_questions(token: str, report: Report) -> None:
    if not report.questions:
        return
    answers = ask_all(report.questions, key=token, button="Relire avec ces réponses")
    if answers is not None:
        DEPOT.answer(token, answers)
        st.rerun()


def _show_unused(report: Report) -> None:
    lines = unused_lines(report.rejected_lines, report.left_out_lines)
    if lines.empty:
        return
    with st.expander(f"Lignes non utilisées : {format_number(report.rejected + report.left_out)}"):
        figure.show_table(lines)
        st.download_button(
            "Ces lignes (CSV)", lambda: to_csv(lines), "lignes-non-utilisees.csv", "text/csv", key="depot_lignes",
            icon=":material/download:", on_click="ignore",
        )  # fmt: skip


def _show_quality(report: Report) -> None:
    st.markdown(f"**Qualité de ce fichier** : {verdict(report.findings)}")
    show_marks(report.score, key="piliers_depot")
    costly = report.findings[report.findings["severite"] != "info"]
    if len(costly):
        with st.expander(f"Constats de qualité : {len(costly)}"):
            figure.show_table(findings_table(costly))


def _show_acceptance(view: View, token: str) -> None:
    left, right = st.columns([2, 1])
    left.text_input(
        "Finalité", value="Pilotage de l’activité", max_chars=200, key=PURPOSE,
        help="À quoi serviront ces données : cette ligne est gardée avec elles, pour le registre des traitements.",
    )  # fmt: skip
    right.selectbox(
        "Conservation", list(RETENTIONS), index=1, key=RETENTION,
        help="Passé ce délai, les données sont effacées d’elles-mêmes. Vous pouvez les supprimer avant.",
    )  # fmt: skip
    with st.container(horizontal=True):
        st.button(
            "Utiliser ces données", type="primary", icon=":material/check:", key="accepter", on_click=_accept,
            args=(view, token),
        )  # fmt: skip
        st.button("Retirer ce fichier", icon=":material/close:", on_click=leave, args=(token,))


def _accept(view: View, token: str) -> None:
    report = DEPOT.report(token)
    try:
        made = DEPOT.accept(
            token, purpose=state.get(PURPOSE, ""), keep_until=_last_day(state.get(RETENTION)),
            held=held_by(view),
        )  # fmt: skip
    except PaliersError as error:
        state.leave_notice("error", safe(f"{error.message} {error.remede}"))
        return
    state.keep(state.UPLOAD, None)
    use_dataset(made)
    state.put(state.UNDO, (made, view.token))
    state.leave_notice("success", f"« {safe(report.name)} » est utilisé par toutes les pages.")


def _last_day(retention: str) -> date:
    """Last day of what the person chose, never beyond what the administrator of the server allows."""
    today = pd.Timestamp.now("UTC")
    chosen, allowed = (today + pd.DateOffset(months=RETENTIONS[retention])).date(), store.last_day(today.date())
    return chosen if allowed is None else min(chosen, allowed)
