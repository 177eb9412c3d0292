"""The dictionary on the screen: search, the user's own numbers in each formula, who answers for it, and its file."""

from __future__ import annotations

import streamlit as st

from analytics.dictionary import NO_OWNER, Entry, build_dictionary, search, to_table
from analytics.errors import PaliersError
from analytics.french import format_period
from charts.export import to_csv
from data import store
from pages.components import figure, state
from pages.components.cache import cached
from pages.components.messages import safe, show_error, told_in_french
from pages.components.sidebar import View

#: Name and kind under which the owners are kept with the dataset.
KEPT, KIND = "Dictionnaire : propriétaires", "dictionnaire"
QUERY, TERM, OWNER = "dico", "dico_terme", "_dico_proprietaire"
MOST_LETTERS = 120
GENRES = {
    "Indicateur": "Indicateurs",
    "Compte": "Lignes du compte de résultat technique",
    "Base": "Bases des cotisations",
    "Notion": "Notions",
}


def show_dictionary(view: View) -> None:
    """Terms found, with their formula and its numbers; the file of all of them."""
    with figure.folded("Dictionnaire des indicateurs", icon=":material/menu_book:", key="dictionnaire") as is_open:
        if not is_open:
            return
        with told_in_french():
            entries = entries_of(view)
            query = st.text_input(
                "Chercher", key=QUERY, bind="query-params", placeholder="reste à charge, provision, DREES…",
                help="Les accents et les majuscules ne comptent pas.",
            )  # fmt: skip
            found = search(entries, query or "")
            period = format_period(view.selection.debut, view.selection.fin)
            st.caption(f"{len(found)} termes sur {len(entries)} · chiffres de la sélection, {period}.")
            for genre in dict.fromkeys(e.genre for e in found):
                st.markdown(f"**{GENRES[genre]}**\n" + "\n".join(_line(e) for e in found if e.genre == genre))
            if not found:
                st.info("Aucun terme ne contient tous ces mots.", icon=":material/search_off:")
            st.download_button(
                "Dictionnaire en CSV", lambda: to_csv(to_table(entries), is_demo=view.dataset.is_demo),
                "dictionnaire.csv", "text/csv", key="dico_csv", icon=":material/download:", on_click="ignore",
            )  # fmt: skip
            _name_owner(view, entries)


def entries_of(view: View) -> tuple[Entry, ...]:
    """The dictionary of the selection, with the owners kept with the dataset."""
    owners = owners_of(view)
    return cached(
        "dictionary", view.key, lambda: build_dictionary(view.dataset, view.selection, owners=owners),
        selection=view.selection, owners=owners,
    )  # fmt: skip


def owners_of(view: View) -> dict[str, str]:
    """Who answers for each term; nobody is named on data that are not kept."""
    if not view.opened.is_held:
        return {}
    kept = next((s for s in store.scenarios(view.token) if s.content.get("genre") == KIND), None)
    return {str(k): str(v) for k, v in kept.content["proprietaires"].items()} if kept else {}


def _line(entry: Entry) -> str:
    text = f"- **{safe(entry.terme)}** : {safe(entry.definition)}"
    if entry.calcul:
        text += f"  \n  {safe(entry.calcul)}"
    elif entry.raison:
        text += f"  \n  *Sans valeur ici : {safe(entry.raison)}.*"
    parts = [
        entry.sens, f"base {entry.base}" if entry.base else "",
        f"colonnes : {entry.colonnes}" if entry.colonnes else "",
        f"propriétaire : {entry.proprietaire}", f"source : {entry.source}",
    ]  # fmt: skip
    return f"{text}  \n  :gray[{' · '.join(safe(p) for p in parts if p)}]"


def _name_owner(view: View, entries: tuple[Entry, ...]) -> None:
    if not view.opened.is_held:
        st.caption("Pour désigner le propriétaire d’un terme, déposez votre fichier : le nom se garde avec lui.")
        return
    names = {e.key: e for e in entries}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        key = st.selectbox("Terme", list(names), format_func=lambda k: names[k].terme, key=TERM)
        current = names[key].proprietaire
        st.text_input(
            "Propriétaire", value="" if current == NO_OWNER else current, key=f"{OWNER}_{key}", placeholder=NO_OWNER,
            max_chars=MOST_LETTERS, help="Service ou fonction qui répond de cette définition, sans nom de personne.",
        )  # fmt: skip
        st.button("Enregistrer", key="dico_enregistrer", icon=":material/save:", on_click=_keep, args=(view, key))


def _keep(view: View, key: str) -> None:
    """Keep the owner typed for a term; an empty one leaves it to be named."""
    typed = str(state.get(f"{OWNER}_{key}") or "").strip()[:MOST_LETTERS]
    owners = {**owners_of(view), key: typed}
    content = {"genre": KIND, "proprietaires": {k: v for k, v in owners.items() if v}}
    try:
        store.keep_scenario(view.token, KEPT, content)
    except PaliersError as error:
        show_error(error)
