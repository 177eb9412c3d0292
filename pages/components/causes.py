"""Where exactly: the segments that moved unlike the whole, ranked, with their evidence."""

from __future__ import annotations

import streamlit as st

from analytics.constat import Constat
from analytics.descriptive import comparison_period
from analytics.diagnostic import Localisation, find_causes
from analytics.french import format_euros, format_number, format_percent, is_missing
from analytics.schema import Selection
from analytics.verdict import Reponse
from pages.components.answer import answer
from pages.components.cache import cached
from pages.components.constat import format_risk, measure, steps
from pages.components.messages import safe, told_in_french
from pages.components.sharing import may_show, say_hidden
from pages.components.sidebar import View


def show_causes(view: View, constat: Constat) -> None:
    """One card by segment: conditions, euros, number of cells, q-value, and the way up."""
    if is_missing(constat.reference) or view.dataset.main_measure is None:
        return
    with told_in_french():
        found = causes_of(view, constat)
        answer(*_found(found))
        st.caption(
            f"{format_number(found.n_tests)} combinaisons de critères comparées à l’évolution de l’ensemble. "
            "Un segment est montré s’il s’en écarte plus que le hasard ne l’explique."
        )
        shown = [(row, _narrower(constat, row)) for row in found.table.itertuples()]
        kept = [(row, selection) for row, selection in shown if may_show(view, selection)]
        for row, selection in kept:
            _show_cause(view, constat, row, selection)
        say_hidden(len(shown) - len(kept))


def _found(found: Localisation) -> tuple[Reponse, str]:
    count = len(found.table)
    if not count:
        return "non", "Aucun segment ne s’écarte de l’évolution de l’ensemble : l’écart est général."
    if count == 1:
        return "oui", "Un segment s’écarte de l’évolution de l’ensemble plus que le hasard ne l’explique."
    return "oui", f"{count} segments s’écartent de l’évolution de l’ensemble plus que le hasard ne l’explique."


def causes_of(view: View, constat: Constat) -> Localisation:
    """Ranked segments of a finding, computed once."""
    dataset, selection, key = view.dataset, constat.selection, explained_measure(view, constat)
    before = comparison_period(selection)
    return cached("causes", view.key, lambda: find_causes(dataset, key, selection, before), s=selection, k=key)


def explained_measure(view: View, constat: Constat) -> str:
    """Amount whose segments are searched: that of the finding, or the main measure behind a ratio."""
    return constat.indicator if constat.indicator in view.dataset.prestation.columns else view.dataset.main_measure


def _share(row, constat: Constat) -> str:
    """Weight of a segment in the gap explained; a ratio has no such share."""
    if constat.indicator == "ratio_pc":
        return "à nombre d’assurés égal"
    if row.ecart * constat.ecart <= 0:
        return "à rebours de l’écart total"
    return f"soit {format_percent(row.ecart / constat.ecart)} de l’écart total"


def _narrower(constat: Constat, row) -> Selection:
    """The selection of a finding within one segment."""
    filters = {**constat.selection.filtres, **{d: (str(v),) for d, v in row.conditions.items()}}
    return Selection(constat.selection.debut, constat.selection.fin, filters, constat.selection.comparaison)


def _show_cause(view: View, constat: Constat, row, selection: Selection) -> None:
    dataset = view.dataset
    name = " · ".join(f"{dataset.label(d)} : {dataset.value_label(d, v)}" for d, v in row.conditions.items())
    with st.container(border=True, key=f"cause_{row.rang}"):
        st.markdown(f"**{row.rang}. {safe(name)}**")
        st.markdown(
            f"{format_euros(abs(row.ecart))} de {'plus' if row.ecart > 0 else 'moins'} que si ce segment avait suivi "
            f"l’ensemble, {_share(row, constat)}."
        )
        st.caption(f"{format_number(row.n)} cellules observées · risque de fausse alerte : {format_risk(row.q_value)}")
        found = measure(view.opened, explained_measure(view, constat), selection, q_value=float(row.q_value))
        steps(found, key=f"cause_{row.rang}")
