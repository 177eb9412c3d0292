"""Thresholds of the user: set, watched on the months known well enough, removed."""

from __future__ import annotations

import streamlit as st

from analytics.constat import describe_perimeter
from analytics.descriptive.alerts import PERIODES, SENS, Etat, Seuil, check_threshold, describe_threshold
from analytics.errors import PaliersError
from analytics.french import format_value, parse_in_unit
from analytics.indicators import available_indicators, get_indicator
from analytics.schema import Selection
from pages.components.alert_notes import THRESHOLD, Note, forget_note, read_notes, set_threshold
from pages.components.cache import cached
from pages.components.messages import safe, show_error, told_in_french
from pages.components.sharing import may_show
from pages.components.sidebar import View


def states_of(view: View, notes: tuple[Note, ...]) -> list[tuple[Note, Etat]]:
    """What each threshold says today; those whose figures may not be shown are left out."""
    found = []
    for note in notes:
        if note.genre != THRESHOLD or note.error is not None:
            continue
        seuil = note.content
        with told_in_french():
            etat = cached(
                "threshold", view.key,
                lambda s=seuil: check_threshold(view.dataset, s, maturity_table=view.opened.maturity),
                seuil=seuil.to_plain(),
            )  # fmt: skip
            if etat.constat is None or may_show(view, etat.constat.selection):
                found.append((note, etat))
    return found


def crossed(view: View, notes: tuple[Note, ...]) -> list[tuple[Note, Etat]]:
    """Thresholds crossed that nobody classified."""
    return [(note, etat) for note, etat in states_of(view, notes) if etat.franchi and note.seen_at is None]


def threshold_sentence(view: View, etat: Etat) -> str:
    """A threshold and the value held against it, in one sentence made safe for the screen."""
    text = describe_threshold(etat.seuil, view.dataset)
    if etat.franchi is None:
        return safe(f"{text} : on ne peut pas dire, {etat.raison}.")
    unit = get_indicator(etat.seuil.indicateur, view.dataset).unit
    word = "franchi" if etat.franchi else "respecté"
    return safe(f"{text} : {word}, {format_value(etat.constat.valeur, unit)}.")


def show_thresholds(view: View) -> None:
    """The thresholds kept with the dataset, and the form that sets one."""
    with st.expander("Seuils", icon=":material/straighten:"):
        if view.shared:
            st.caption("Les seuils se posent hors du mode partage.")
            return
        with told_in_french():
            notes = read_notes(view)
            told = [(note, threshold_sentence(view, etat)) for note, etat in states_of(view, notes)]
            told += [(n, safe(n.error.message)) for n in notes if n.genre == THRESHOLD and n.error is not None]
            for rank, (note, sentence) in enumerate(told):
                left, right = st.columns([5, 1], vertical_alignment="center")
                left.markdown(sentence)
                if right.button("Supprimer", key=f"seuil_supprimer_{rank}", icon=":material/delete:", type="tertiary"):
                    forget_note(view, note.key)
                    st.rerun()
        _form(view)
        if not view.opened.is_held:
            st.caption("Ces données sont à tout le monde : vos seuils ne vivent que le temps de cette visite.")


def _form(view: View) -> None:
    indicators = {i.label: i for i in available_indicators(view.dataset)}
    if not indicators:
        return
    where = describe_perimeter(Selection(filtres=view.selection.filtres), view.dataset)
    with st.form("seuil", clear_on_submit=True, border=False):
        st.caption(f"Nouveau seuil sur le périmètre choisi à gauche : {safe(where)}.")
        columns = st.columns([3, 2, 2, 3])
        label = columns[0].selectbox("Indicateur", list(indicators), key="seuil_indicateur")
        side = columns[1].selectbox("Prévenir", list(SENS), key="seuil_sens")
        text = columns[2].text_input("Valeur", key="seuil_valeur", placeholder="90 % ou 1 250", max_chars=30)
        period = columns[3].selectbox("Sur", list(PERIODES), key="seuil_periode")
        if not st.form_submit_button("Poser le seuil", icon=":material/add_alert:"):
            return
    indicator = indicators[label]
    try:
        value = parse_in_unit(text, indicator.unit)
        set_threshold(view, Seuil(indicator.key, side, value, dict(view.selection.filtres), period))
    except PaliersError as error:
        show_error(error)
        return
    st.rerun()
