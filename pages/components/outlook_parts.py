"""Where the change of the next twelve months comes from: level, season, working days, each event."""

from __future__ import annotations

import streamlit as st

from analytics.french import format_euros, format_percent
from analytics.predictive.parts import Parts, explain_change
from charts.parts import chart_contributions, chart_profile
from pages.components import figure
from pages.components.cache import cached
from pages.components.messages import safe
from pages.components.outlook import Outlook
from pages.components.sidebar import View


def show_parts(view: View, outlook: Outlook, name: str) -> None:
    """The change shared between its components, then each of them month by month, folded."""
    with figure.folded(
        "De quoi est-elle faite\u202f?", icon=":material/stacked_bar_chart:", key="composantes"
    ) as is_open:
        if not is_open:
            return
        parts = cached("parts", view.key, lambda: _compute(outlook, name), job=outlook.key, serie=name)
        if parts.raison:
            st.info(f"Le changement ne se décompose pas : {safe(parts.raison)}.")
            return
        _show_contributions(view, outlook, name, parts)
        _show_profile(view, outlook, name, parts)


def _compute(outlook: Outlook, name: str) -> Parts:
    effects = outlook.forecast.effects
    return explain_change(
        outlook.used(name), outlook.ahead(name), effects[effects["serie"] == name], serie=name, events=outlook.events
    )


def _show_contributions(view: View, outlook: Outlook, name: str, parts: Parts) -> None:
    gap = parts.prochains - parts.derniers
    share = f" ({format_percent(gap / parts.derniers, signed=True)})" if parts.derniers > 0 else ""
    st.markdown(
        f"De {format_euros(parts.derniers)} sur les 12 derniers mois connus à {format_euros(parts.prochains)} sur les "
        f"12 prochains : {format_euros(gap, signed=True)}{share}. La somme des barres est exactement ce changement."
    )
    picture = cached(
        "parts_bars", view.key,
        lambda: chart_contributions(
            parts.table, title="Des 12 derniers mois aux 12 prochains", is_demo=view.dataset.is_demo
        ),
        job=outlook.key, serie=name,
    )  # fmt: skip
    figure.show(picture, key="contributions", is_demo=view.dataset.is_demo)
    st.caption(
        "Jours ouvrés et événements : effet estimé, compté mois par mois (« exact » : le partage l’est, la taille de "
        "l’effet est une estimation ; « hypothèse » : la taille est la vôtre). Niveau et tendance : ce qui reste. "
        "Saison : chaque mois du calendrier compte une fois de chaque côté, elle s’annule sur une année."
    )


def _show_profile(view: View, outlook: Outlook, name: str, parts: Parts) -> None:
    if parts.profile.empty:
        st.caption("Moins de trois ans d’historique : tendance et saison ne se séparent pas mois par mois.")
        return
    last = outlook.used(name)["mois"].max()
    picture = cached(
        "parts_lines", view.key,
        lambda: chart_profile(
            parts.profile, last=last, title="Chaque composante, mois par mois", is_demo=view.dataset.is_demo
        ),
        job=outlook.key, serie=name,
    )  # fmt: skip
    figure.show(picture, key="profil", is_demo=view.dataset.is_demo)
    st.caption("Le partage de chaque mois entre tendance et saison est une estimation (décomposition STL).")
