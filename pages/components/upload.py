"""A file dropped, read, questioned, then accepted: the dataset in use stays until that last click."""

from __future__ import annotations

import hashlib

import pandas as pd
import streamlit as st

import data
from analytics.errors import MappingError, PaliersError, Question
from analytics.french import format_number
from analytics.schema import LABELS, Dataset
from data import store
from data.mapping import Mapping
from data.readers import Table
from pages.components import figure, state
from pages.components.cache import cached, forget_everything
from pages.components.datasets import DEMO, use_dataset
from pages.components.messages import safe, show_error
from pages.components.sidebar import View

PREVIEW = 8
FOLLOWUPS, UPLOADS = "_suites_", "_depots"
UNKNOWN = "Je ne sais pas"
ROLES = {"ignorer": "non utilisée"}


def show_upload() -> None:
    """Uploader, what was understood of the file, its questions, and the button that accepts it."""
    with st.container(border=True, key="depot"):
        st.markdown("**Déposer un fichier**")
        st.caption(
            "Un fichier CSV ou TSV, même compressé (.gz, .zip) : une ligne par mois et par segment, avec au moins une "
            "date et un montant. Séparateur, encodage, décimales et dates à la française sont reconnus. 200 Mo au plus."
        )
        with st.container(key="fichier"):
            uploaded = st.file_uploader(
                "Fichier de données", type=["csv", "tsv", "txt", "gz", "zip"], key=f"depot_{state.get(UPLOADS, 0)}",
                label_visibility="collapsed",
            )  # fmt: skip
        if uploaded is None:
            return
        raw = uploaded.getvalue()
        try:
            _review(raw, uploaded.name)
        except PaliersError as error:
            show_error(error)
            st.caption("Les données précédentes restent en place.")


def _review(raw: bytes, name: str) -> None:
    owner = hashlib.sha256(raw).hexdigest()
    with st.spinner("Lecture du fichier…"):
        table = cached("table", owner, lambda: data.read_table(raw, name=name), nom=name)
        proposed = cached("proposed", owner, lambda: data.propose_mapping(table), nom=name)
    st.markdown(f"**{safe(name)}** : {_summary(table)}")
    _show_mapping(table, proposed)
    followups = state.get(f"{FOLLOWUPS}{owner}", ())
    required = {*proposed.blocking, *(q.key for q in followups)}
    answers = _ask((*proposed.questions, *followups), required)
    dataset = _load(raw, name, owner, answers)
    if dataset is None:
        return
    if st.button("Utiliser ces données", type="primary", icon=":material/check:", key="accepter"):
        use_dataset(store.save(dataset))
        state.put(UPLOADS, state.get(UPLOADS, 0) + 1)  # a new, empty uploader
        state.leave_notice("success", f"« {safe(name)} » est utilisé par toutes les pages.")
        st.rerun()


def _summary(table: Table) -> str:
    dialect = table.dialect
    names = {";": "point-virgule", ",": "virgule", "\t": "tabulation", "|": "barre verticale"}
    decimal = {",": "virgule décimale", ".": "point décimal"}.get(dialect.get("decimal"), "nombres entiers")
    parts = [
        f"{format_number(len(table.frame))} lignes lues",
        f"{format_number(table.rejected['ligne'].nunique())} rejetées",
        f"{format_number(table.left_out['ligne'].nunique())} laissées de côté",
        f"encodage {dialect.get('encoding')}",
        f"séparateur {names.get(dialect.get('separator'), 'unique')}",
        decimal,
    ]
    return ", ".join(parts) + "."


def _show_mapping(table: Table, proposed: Mapping) -> None:
    rows = [
        (header, _role_label(proposed, canonical), _examples(table, header) if canonical != "ignorer" else "")
        for header, canonical in proposed.columns.items()
    ]
    with st.expander("Ce que nous avons compris des colonnes", expanded=True):
        figure.show_table(pd.DataFrame(rows, columns=["Colonne du fichier", "Comprise comme", "Exemples"]))
    with st.expander("Premières lignes, avant et après lecture"):
        used = [header for header, canonical in proposed.columns.items() if canonical != "ignorer"]
        figure.show_table(table.frame[used].head(PREVIEW))
        figure.show_table(table.tidy[used].head(PREVIEW))


def _examples(table: Table, header: str) -> str:
    return ", ".join(table.frame[header].dropna().unique()[:3])


def _role_label(proposed: Mapping, canonical: str) -> str:
    return ROLES.get(canonical) or LABELS.get(canonical) or proposed.labels.get(canonical, canonical)


def _ask(questions: tuple[Question, ...], blocking: set[str]) -> dict[str, str]:
    """One radio by question; a question that no total depends on may stay without an answer."""
    answers = {}
    for question in questions:
        optional = question.key not in blocking
        options = [*question.choices, *([UNKNOWN] if optional else [])]
        answer = st.radio(
            safe(question.text), options, index=len(options) - 1 if optional else None,
            format_func=lambda o, q=question: q.choices.get(o, o), help=question.advice or None,
            key=f"question_{question.key}", horizontal=True,
        )  # fmt: skip
        if answer not in (None, UNKNOWN):
            answers[question.key] = answer
    return answers


def _load(raw: bytes, name: str, owner: str, answers: dict[str, str]) -> Dataset | None:
    """The dataset, or None while a question that a total depends on has no answer."""
    try:
        with st.spinner("Mise en forme par mois…"):
            return cached(
                "loaded", owner, lambda: data.load_dataset(raw, name=name, mapping=answers), nom=name, reponses=answers
            )
    except MappingError as error:
        if not error.questions:
            raise
        known = state.get(f"{FOLLOWUPS}{owner}", ())
        new = tuple(q for q in error.questions if f"question_{q.key}" not in st.session_state)
        if new:
            state.put(f"{FOLLOWUPS}{owner}", (*known, *new))
            st.rerun()
        st.info("Répondez aux questions ci-dessus pour continuer : un total en dépend.", icon=":material/help:")
        return None


def show_delete(view: View) -> None:
    """Go back to the demonstration, or delete the file for good."""
    if view.token == DEMO:
        return
    with st.container(horizontal=True):
        st.button("Revenir à la démonstration", icon=":material/undo:", on_click=use_dataset, args=(DEMO,))
        with st.popover("Supprimer ces données", icon=":material/delete:"):
            st.markdown(
                "Le fichier et tout ce qui en a été tiré seront effacés. Les liens qui y mènent ne marcheront plus."
            )
            st.button("Supprimer définitivement", type="primary", on_click=_delete, args=(view.token,))


def _delete(token: str) -> None:
    store.delete(token)
    forget_everything()
    state.forget_opened(token)
    use_dataset(DEMO)
    state.leave_notice("success", "Les données ont été supprimées.")
