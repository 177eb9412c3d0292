"""What deserves attention: data errors first, then findings, each with the way up."""

from __future__ import annotations

import streamlit as st

from analytics.constat import Constat, describe, with_dataset
from analytics.descriptive import find_alerts
from analytics.descriptive.alerts import MIN_MONTHS
from analytics.french import format_number
from pages.components.cache import cached
from pages.components.constat import reliability, steps
from pages.components.messages import safe
from pages.components.quality import findings_of
from pages.components.sharing import may_show
from pages.components.sidebar import View

FDR = 0.05


def alerts_of(view: View) -> tuple[Constat, ...]:
    """Alerts of the perimeter, up to the last month of the selection."""
    selection = view.selection
    found = cached(
        "alerts", view.key,
        lambda: find_alerts(view.dataset, selection=selection, fdr=FDR, maturity_table=view.opened.maturity),
        filtres=selection.filtres, fin=selection.fin,
    )  # fmt: skip
    return tuple(with_dataset(c, view.token) for c in found)


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


def show_decisions(view: View, *, limit: int) -> None:
    """Data errors, then the heaviest alerts with their buttons."""
    show_data_errors(view)
    missing = MIN_MONTHS - len(view.opened.complete_months)
    if view.dataset.main_measure is None or missing > 0:
        need = "les prestations" if view.dataset.main_measure is None else f"{missing} mois complets de plus"
        st.info(f"Pour dire ce qui est inhabituel, il faut {need} (trois ans d’historique).", icon=":material/info:")
        return
    alerts = tuple(c for c in alerts_of(view) if may_show(view, c.selection))
    if not alerts:
        st.success(
            "Rien d’inhabituel dans ce périmètre : aucun segment ne s’écarte de l’ensemble, et le dernier mois est "
            "dans la norme.",
            icon=":material/check_circle:",
        )
        return
    for rank, constat in enumerate(alerts[:limit]):
        with st.container(border=True, key=f"alerte_{rank}"):
            st.markdown(f"**{safe(describe(constat, view.dataset).text)}**")
            st.caption(reliability(constat, view.dataset))
            steps(constat, key=f"alerte_{rank}")
    if len(alerts) > limit:
        st.page_link("pages/descriptive.py", label=f"Voir les {len(alerts)} alertes", icon=":material/arrow_forward:")
