"""The datasets of the session: taken back, deleted with a proof, compared with the deposit before."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from analytics.errors import PaliersError
from analytics.french import format_number
from data import store
from data.checks import compare_deposits, compare_quality
from pages.components import figure, state
from pages.components.cache import forget_everything
from pages.components.datasets import DEMO, use_dataset
from pages.components.jobs import get_jobs
from pages.components.messages import safe
from pages.components.sidebar import View

MOST_CHANGES = 200
PROOF = "_preuve"


def show_undo(view: View) -> None:
    """Just after a deposit: the way back to what was there before."""
    made, previous = state.get(state.UNDO) or (None, None)
    if made != view.token:
        return
    st.button(
        "Annuler ce dépôt", icon=":material/undo:", key="annuler_depot", on_click=_undo, args=(made, previous),
        help="Efface ce fichier et revient aux données précédentes.",
    )  # fmt: skip


def show_changes(view: View) -> None:
    """What this deposit changed of the one before: months added, past months that moved, marks."""
    if not view.opened.is_held:
        return
    now, before = store.deposit_of(view.token), store.previous_deposit(view.token)
    if now is None or before is None:
        return
    st.header("Depuis le dépôt précédent")
    changes = compare_deposits(before.summary, now.summary)
    st.markdown(_headline(changes, before.summary))
    if len(changes):
        with st.expander(f"Ce qui a changé : {format_number(len(changes))}"):
            names = {"nature": "Nature", "phrase": "Constat"}
            figure.show_table(changes[list(names)].head(MOST_CHANGES).rename(columns=names))
    marks = compare_quality(before.summary, now.summary)
    moved = marks[marks["ecart"] != 0]
    names = {"pilier": "Pilier", "avant": "Avant", "apres": "Maintenant", "phrase": "Évolution"}
    if moved.empty:
        st.caption("Les six notes de qualité n’ont pas changé.")
    else:
        figure.show_table(moved[list(names)].rename(columns=names))


def _headline(changes: pd.DataFrame, before: dict) -> str:
    kinds = changes["nature"].value_counts()
    words = {
        "mois ajouté": ("mois ajouté", "mois ajoutés"),
        "mois disparu": ("mois disparu", "mois disparus"),
        "total modifié": ("total d’un mois passé modifié", "totaux de mois passés modifiés"),
    }
    parts = [f"{format_number(n)} {words[k][n > 1]}" for k in words if (n := int(kinds.get(k, 0)))]
    return f"Comparé à « {safe(before['source'])} » : {', '.join(parts) or 'aucun total n’a bougé'}."


def show_deposits(view: View) -> None:
    """The datasets that this session holds, with why and until when each is kept."""
    held = [about for token in state.opened() if (about := store.about(token)) is not None]
    if not held:
        return
    st.header("Mes dépôts")
    rows = [
        {
            "Fichier": about.source,
            "Déposé le": f"{pd.Timestamp(about.saved_at):%d/%m/%Y}",
            "Mois": about.months,
            "Finalité": about.purpose or "non précisée",
            "Effacé après le": "sans limite" if about.keep_until is None else f"{about.keep_until:%d/%m/%Y}",
        }
        for about in held
    ]
    figure.show_table(pd.DataFrame(rows))
    st.caption("Ces données ne se retrouvent que par leur lien : gardez celui de cette page pour y revenir.")


def show_delete(view: View) -> None:
    """Go back to the demonstration, or delete the file for good; then the proof of it."""
    _show_proof()
    if not view.opened.is_held:
        return
    with st.container(horizontal=True):
        st.button("Revenir à la démonstration", icon=":material/undo:", on_click=use_dataset, args=(DEMO,))
        with st.popover("Supprimer ces données", icon=":material/delete:"):
            st.markdown(
                "Le fichier et tout ce qui en a été tiré seront effacés. Les liens qui y mènent ne marcheront plus."
            )
            st.button("Supprimer définitivement", type="primary", on_click=_delete, args=(view.token, DEMO))


def _show_proof() -> None:
    proof = state.get(PROOF)
    if proof:
        st.download_button(
            "Preuve d’effacement", proof, "preuve-effacement.txt", "text/plain", key="preuve",
            icon=":material/verified:", on_click="ignore",
        )  # fmt: skip


def _in_words(erasure: store.Erasure, source: str) -> str:
    """The proof as the person in charge of personal data keeps it: sentences, then the digests."""
    left = erasure.remaining
    found = (
        "pas encore vérifié" if left is None else "rien" if left == 0 else f"{left} traces, effacées au prochain tour"
    )
    lines = [
        "Preuve d’effacement",
        f"Fichier déposé : {source}",
        f"Effacé le {erasure.erased_at:%d/%m/%Y à %H h %M} (temps universel)",
        f"Tables effacées du disque : {len(erasure.files)}",
        f"Tables laissées, car un autre dépôt a exactement les mêmes : {erasure.shared}",
        f"Lignes retirées de la base : {sum(erasure.rows.values())}",
        f"Ce qui restait à la vérification : {found}",
        "",
        "Empreintes SHA-256 des tables effacées :",
        *(file.sha256 for file in erasure.files),
    ]
    return "\n".join(lines) + "\n"


def _undo(made: str, previous: str) -> None:
    if _delete(made, previous):
        state.leave_notice("success", "Le dépôt est annulé : les données précédentes sont revenues.")


def _delete(token: str, then: str) -> bool:
    """Erase a dataset everywhere and use another one; say what could not be erased."""
    try:
        about = store.about(token)
        erasure = store.delete(token)
    except PaliersError as error:
        state.leave_notice("error", safe(f"{error.message} {error.remede}"))
        return False
    forget_everything()
    get_jobs().forget_finished()
    get_jobs().forget_of({erasure.trace})
    state.forget_opened(token)
    state.put(state.UNDO, None)
    state.put(PROOF, _in_words(erasure, about.source if about else ""))
    use_dataset(then)
    state.leave_notice("success", "Les données ont été supprimées.")
    return True
