"""Decide and follow: a scenario becomes a dated decision, and later data say whether its effect is there."""

from __future__ import annotations

from datetime import date

import pandas as pd
import streamlit as st

from analytics.errors import PaliersError
from analytics.french import format_month
from analytics.prescriptive import IDLE
from analytics.prescriptive.follow_file import LARGEST, LONGEST_REASON, export_decision
from analytics.prescriptive.follow_record import Engagement, commit
from charts.export import to_csv
from pages.components import figure, state
from pages.components.decisions_follow import SECRET, follow_of, may_tell, show_follow, show_verdict
from pages.components.decisions_kept import LONGEST_WHO, Kept, join_decision, keep_decision, read_decisions
from pages.components.hypotheses import contract_filters
from pages.components.lab import Lab
from pages.components.messages import safe, show_error, told_in_french
from pages.components.sidebar import View

MOST = 20
#: Months offered for the start of the year simulated, and months between a decision and its follow-up.
AHEAD, LATER = 24, 6
#: Months after the start of the year simulated during which a follow-up is asked for.
ASKED = 18


def show_decisions(view: View, lab: Lab | None) -> None:
    """The form of a decision, then those already taken, each with what came of it.

    Parameters
    ----------
    view : View
    lab : Lab or None
        Scenarios that can be chosen; None when these data allow none: decisions are followed all the same.
    """
    with told_in_french():
        kept = read_decisions(view)
        if view.shared:
            st.caption("Mode partage : ni noms, ni raisons, ni écriture.")
        else:
            if lab is not None:
                _show_form(view, lab)
            _show_join(view)
            _say_keeping(view)
        if not kept:
            st.caption("Aucune décision n’est encore notée avec ces données.")
        for one in kept[:MOST]:
            with st.container(border=True, key=f"decision_{one.key}"), told_in_french():
                _show_one(view, one)
        if kept and not view.shared:
            st.download_button(
                "Décisions (CSV)", lambda: to_csv(_list(view, kept), is_demo=view.dataset.is_demo), "decisions.csv",
                "text/csv", key="decisions_csv", icon=":material/download:", on_click="ignore",
            )  # fmt: skip


def show_due(view: View) -> None:
    """On the first page: decisions whose date of follow-up has come."""
    today = pd.Timestamp.today().date()
    with told_in_french():
        for one in due(read_decisions(view), today)[:3]:
            named = "une décision" if view.shared else f"« {safe(one.engagement.nom)} », décision"
            with st.container(border=True, key=f"a_revoir_{one.key}"):
                st.markdown(
                    f":material/event_available: **À revoir depuis le {one.engagement.a_revoir_le:%d/%m/%Y} : {named} "
                    f"du {one.engagement.decide_le:%d/%m/%Y}.**"
                )
                if may_tell(view, one):
                    show_verdict(view, one)
                st.page_link("pages/prescriptive.py", label="Voir le suivi", icon=":material/arrow_forward:")


def due(kept: tuple[Kept, ...], today: date) -> list[Kept]:
    """Decisions to look at again: their day has come, and the year simulated is not long over."""
    known = [one for one in kept if one.engagement is not None]
    return [
        one
        for one in known
        if one.engagement.a_revoir_le <= today < (one.engagement.effet + pd.DateOffset(months=ASKED)).date()
    ]


def _show_form(view: View, lab: Lab) -> None:
    today = pd.Timestamp.today().date()
    choices = [name for name in lab.outcomes if name != IDLE] + [IDLE]
    months = [lab.portfolio.fin + pd.DateOffset(months=m) for m in range(1, AHEAD + 1)]
    names = {format_month(m, short=False).replace("\u00a0", " "): m for m in months}
    start = next((m for m in months if m.month == 1 and m > pd.Timestamp(today)), months[0])
    with figure.folded("Décider", icon=":material/gavel:", key="decider") as is_open:
        if not is_open:
            return
        with st.form("decision", border=False):
            name = st.selectbox("Scénario ou plan retenu", choices, format_func=safe, key="decision_scenario")
            left, right = st.columns(2)
            who = left.text_input(
                "Qui décide", "Direction technique", key="decision_qui", max_chars=LONGEST_WHO,
                help="Une fonction suffit : aucun nom n’est nécessaire.",
            )  # fmt: skip
            month = right.selectbox(
                "S’applique à partir de", list(names), index=months.index(start), key="decision_effet",
                help="Premier mois de l’année simulée.",
            )  # fmt: skip
            why = st.text_area("Pourquoi", key="decision_pourquoi", max_chars=LONGEST_REASON, height=80)
            left, right = st.columns(2)
            decided = left.date_input("Décidée le", today, key="decision_date", format="DD/MM/YYYY")
            later = (pd.Timestamp(max(today, start.date())) + pd.DateOffset(months=LATER)).date()
            review = right.date_input("À revoir le", later, key="decision_suivi", format="DD/MM/YYYY")
            if not st.form_submit_button("Noter la décision", type="primary", icon=":material/gavel:"):
                return
        try:
            engagement = _commit(view, lab, name, effet=names[month], decide_le=decided, a_revoir_le=review)
            keep_decision(view, who.strip(), why.strip(), engagement)
        except PaliersError as error:
            show_error(error)
            return
    state.leave_notice("success", "La décision est notée.")
    st.rerun()


def _commit(view: View, lab: Lab, name: str, *, effet: pd.Timestamp, decide_le: date, a_revoir_le: date) -> Engagement:
    dimensions = [d for d in view.dataset.dimensions if d in lab.portfolio.table.columns]
    return commit(
        view.dataset, lab.portfolio, lab.outcomes[name], nom=name, effet=effet, decide_le=decide_le,
        a_revoir_le=a_revoir_le, dimensions=dimensions, filtres=contract_filters(view),
        idle=None if name == IDLE else lab.outcomes[IDLE], levers=lab.scenarios[name], hypotheses=lab.notes,
    )  # fmt: skip


def _show_join(view: View) -> None:
    """A decision exported from an earlier file, joined to this one."""
    with figure.folded("Joindre une décision exportée", icon=":material/attach_file:", key="joindre") as is_open:
        if not is_open:
            return
        st.caption(
            f"Le fichier JSON d’une décision prise sur un fichier précédent, {LARGEST // 1024} ko au plus. Il est "
            "vérifié avant d’être noté ; rien n’y est exécuté."
        )
        uploaded = st.file_uploader(
            "Décision (JSON)", ["json"], key="decision_fichier", label_visibility="collapsed", max_upload_size=1
        )
        if uploaded is None or not st.button("Joindre à ces données", icon=":material/attach_file:"):
            return
        try:
            name = join_decision(view, uploaded.read(LARGEST + 1))
        except PaliersError as error:
            show_error(error)
            return
    state.leave_notice("success", f"« {safe(name)} » est jointe à ces données.")
    st.rerun()


def _say_keeping(view: View) -> None:
    if view.opened.is_held:
        st.caption(
            "Ce qui est écrit ici est gardé avec ces données et effacé avec elles. Un prochain dépôt de même "
            "présentation, fait pendant une visite où ces données sont ouvertes, retrouve ses décisions ; sinon, "
            "exportez la décision et joignez-la au nouveau fichier."
        )
    else:
        st.caption("Ces données sont à tout le monde : une décision notée ici ne vit que le temps de cette visite.")


def _show_one(view: View, one: Kept) -> None:
    if one.engagement is None:
        show_error(one.error)
        return
    engagement = one.engagement
    name = "Décision" if view.shared else f"« {safe(engagement.nom)} »"
    who = f", par {safe(one.who)}" if one.who and not view.shared else ""
    earlier = " Prise sur un dépôt précédent." if one.inherited else ""
    st.markdown(f"**{name}**, décidée le {engagement.decide_le:%d/%m/%Y}{who}.{earlier}")
    if not may_tell(view, one):
        st.info(SECRET, icon=":material/shield_lock:")
        return
    if not view.shared:
        st.caption(f"Pourquoi : {safe(one.why)}")
    st.caption(f"{safe(engagement.phrase())} À revoir le {engagement.a_revoir_le:%d/%m/%Y}.")
    show_verdict(view, one)
    if len(follow_of(view, one).months):
        with figure.folded("Attendu et observé", icon=":material/waterfall_chart:", key=f"suivre_{one.key}") as is_open:
            if is_open:
                show_follow(view, one)
    if view.shared:
        return
    with figure.folded("Hypothèses de la décision", icon=":material/tune:", key=f"hypotheses_{one.key}") as is_open:
        if is_open:
            st.markdown("\n".join(f"- {safe(note)}" for note in engagement.hypotheses) or "Aucune.")
    st.download_button(
        "Décision (JSON)", lambda: export_decision(one.who, one.why, engagement), "decision.json", "application/json",
        key=f"decision_json_{one.key}", icon=":material/download:", on_click="ignore",
    )  # fmt: skip


def _list(view: View, kept: tuple[Kept, ...]) -> pd.DataFrame:
    """Decisions, one by line, with their verdict."""
    rows = [
        (
            f"{one.engagement.decide_le:%d/%m/%Y}", one.engagement.nom, one.who, one.why, one.engagement.phrase(),
            f"{one.engagement.a_revoir_le:%d/%m/%Y}", follow_of(view, one).verdict.phrase,
        )
        for one in kept
        if one.engagement is not None
    ]  # fmt: skip
    columns = ["Décidée le", "Décision", "Qui", "Pourquoi", "Effet attendu", "À revoir le", "Suivi"]
    return pd.DataFrame(rows, columns=columns)
