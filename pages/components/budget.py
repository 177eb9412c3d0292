"""The budget of the year: typed or dropped, kept for the visit only, set against what is known and forecast."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pandas as pd
import streamlit as st

from analytics.errors import ParameterError
from analytics.french import MISSING, format_euros, is_missing, parse_number
from analytics.predictive.budget import Budget, Gap, compare_budget, spread_annual
from analytics.predictive.landing import Landing
from analytics.predictive.path import chances
from analytics.predictive.reconciliation import WHOLE
from charts.landing import chart_budget
from charts.picture import Picture
from pages.components import figure, state
from pages.components.budget_kept import Kept, keep, of_perimeter, part_names, plain_filters, read_file
from pages.components.cache import digest
from pages.components.forecast import names_shown, subject_of
from pages.components.landing import is_indicative, known_months, landing_of
from pages.components.messages import safe, told_in_french
from pages.components.outlook import Outlook
from pages.components.outlook_events import split_of
from pages.components.sidebar import View

TYPED, DROPPED = "Montant annuel", "Fichier"
KEPT, MADE, ROUND = "_budget_lu", "_budget_calculs", "_budget_depots"
AMOUNT = "budget_annuel"


@dataclass(frozen=True)
class Told:
    """What is shown of one series against its budget."""

    gap: Gap
    picture: Picture
    parts: pd.DataFrame


def show_budget(view: View, outlook: Outlook, name: str) -> None:
    """A budget typed or dropped, the gap to date, the gap where the year should end and the chance to overrun."""
    st.header("Budget")
    landing = landing_of(view, outlook, name)
    if landing is None:
        st.info(
            "Le budget se compare à une année entière, connue ou prévue : elle n’y est pas.", icon=":material/info:"
        )
        return
    source = st.segmented_control(
        "Budget", (TYPED, DROPPED), default=TYPED, required=True, key="budget_source", bind="query-params",
        label_visibility="collapsed",
    )  # fmt: skip
    with told_in_french():
        found = _dropped(view, outlook) if source == DROPPED else _typed(view, outlook, name, landing)
        if found is None:
            return
        entering, budget = found
        if budget.of(name).empty:
            st.info(f"Le budget ne dit rien de « {safe(subject_of(view, name))} ».", icon=":material/info:")
            return
        told = _remembered(
            (view.key, outlook.key, name, entering, view.shared), lambda: _tell(view, outlook, name, landing, budget)
        )
        _show(view, name, budget, told, unsure=is_indicative(outlook, name))


def amount_key(view: View, name: str, year: int) -> str:
    """Key in the link of the amount typed for a series of this perimeter and year: another one has its own."""
    return f"{AMOUNT}_{digest(view.token, plain_filters(view.selection.filtres), name, year)[:8]}"


def _typed(view: View, outlook: Outlook, name: str, landing: Landing) -> tuple[str, Budget] | None:
    key = amount_key(view, name, landing.annee)
    text = st.text_input(
        f"Budget {landing.annee} en euros : {safe(subject_of(view, name))}", key=key, bind="query-params", max_chars=30,
        placeholder="12 500 000", help="Réparti sur les mois comme l’année connue et prévue. Gardé dans le lien.",
    )  # fmt: skip
    if not text:
        st.caption("Tapez un montant, ou déposez le budget par mois : l’écart et le risque de dépassement suivent.")
        return None
    both = pd.concat([outlook.history(name), outlook.ahead(name)[["mois", "valeur"]]])
    profile = both[both["mois"].dt.year == landing.annee]
    return text, spread_annual(_amount(text), landing.annee, profile, name=name)


def _amount(text: str) -> float:
    try:
        return parse_number(text)
    except ParameterError as error:
        raise ParameterError(
            "Le budget tapé n’est pas un montant.", remede="Écrivez par exemple 12 500 000."
        ) from error


def _dropped(view: View, outlook: Outlook) -> tuple[str, Budget] | None:
    kept: Kept | None = state.get(KEPT)
    if kept is not None and kept.token == view.token:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(
                f"Budget lu : {safe(kept.nom)}, pour « {safe(kept.perimetre)} ». Gardé le temps de cette visite, "
                "jamais enregistré."
            )
            st.button(
                "Retirer le budget", icon=":material/close:", type="tertiary", on_click=state.put, args=(KEPT, None)
            )
        return of_perimeter(view, kept)
    if kept is not None:
        st.caption(f"Le budget « {safe(kept.nom)} » a été lu pour d’autres données : il n’est pas comparé à celles-ci.")
    st.caption(
        "CSV ou classeur : une colonne de mois, une colonne de montants, et si vous voulez une colonne de postes. Le "
        "fichier est lu puis oublié : rien n’est enregistré."
    )
    uploaded = st.file_uploader(
        "Fichier du budget", key=f"budget_fichier_{state.get(ROUND, 0)}", label_visibility="collapsed"
    )
    if uploaded is None:
        return None
    content = uploaded.getvalue()
    budget = read_file(content, uploaded.name, part_names(view, outlook))
    state.put(KEPT, keep(view, uploaded.name, content, budget))
    state.put(ROUND, state.get(ROUND, 0) + 1)
    st.rerun()
    return None


def _remembered(entering: tuple[Any, ...], compute: Callable[[], Told]) -> Told:
    """Kept in the session alone: figures of a budget are nobody else’s."""
    key = digest(*entering)
    made = state.get(MADE) or {}
    if key not in made:
        made = {**dict(list(made.items())[-7:]), key: compute()}
        state.put(MADE, made)
    return made[key]


def _tell(view: View, outlook: Outlook, name: str, landing: Landing, budget: Budget) -> Told:
    gap = compare_budget(budget.of(name), outlook.history(name), outlook.ahead(name), landing)
    title = f"{view.dataset.label(view.dataset.main_measure)} et budget {gap.annee} : {subject_of(view, name)}"
    picture = chart_budget(gap.table, title=title, is_demo=view.dataset.is_demo)
    return Told(gap, picture, parts_table(view, outlook, budget) if name == WHOLE else pd.DataFrame())


def parts_table(view: View, outlook: Outlook, budget: Budget) -> pd.DataFrame:
    """Each part that has a budget and may be shown, the worst overrun first, under French headers."""
    gaps = []
    for part in names_shown(view, outlook.series)[1:]:
        own, landing = budget.of(part), landing_of(view, outlook, part)
        if landing is None or not own["mois"].dt.year.eq(landing.annee).any():
            continue
        gaps.append((part, compare_budget(own, outlook.history(part), outlook.ahead(part), landing)))
    gaps.sort(key=lambda pair: -pair[1].atterrissage)
    return pd.DataFrame(
        [
            {
                "Poste": part[:1].upper() + part[1:],
                "Budget": format_euros(g.budget),
                "Écart à date": format_euros(g.a_date, signed=True),
                "Écart à l’atterrissage": format_euros(g.atterrissage, signed=True),
                "Chances de dépasser": _chance(g.depassement),
            }
            for part, g in gaps
        ]
    )


def _chance(probability: float) -> str:
    """« 70 % », or a dash when the forecast has no range."""
    return MISSING if is_missing(probability) else chances(probability).removesuffix(" de chances")


def _show(view: View, name: str, budget: Budget, told: Told, *, unsure: bool) -> None:
    gap, columns = told.gap, st.columns(3)
    odds, between = "À titre indicatif" if unsure else "Huit chances sur dix", ""
    if not is_missing(gap.bas_80):
        low, high = format_euros(gap.bas_80, signed=True), format_euros(gap.haut_80, signed=True)
        between = f" {odds} : de {low} à {high}."
    columns[0].metric(
        "Écart à date", format_euros(gap.a_date, signed=True) if gap.mois_a_date else MISSING, border=True,
        help=f"Réalisé, ou estimé tant que tout n’est pas payé, moins budget, sur {known_months(gap.mois_a_date)}.",
    )  # fmt: skip
    columns[1].metric(
        f"Écart à l’atterrissage {gap.annee}", format_euros(gap.atterrissage, signed=True), border=True,
        help=f"Budget : {format_euros(gap.budget)}.{between}",
    )  # fmt: skip
    label = f"Chances de dépasser le budget{' (indicatif)' if unsure else ''}"
    columns[2].metric(label, _chance(gap.depassement), border=True)
    figure.show(told.picture, key="budget_mois", is_demo=view.dataset.is_demo)
    for line in (*budget.remarques, *gap.remarques):
        st.caption(safe(line))
    if budget.reparti:
        st.caption("Montant annuel réparti sur les mois comme l’année connue et prévue : l’écart à date en dépend.")
    if len(told.parts):
        figure.show_table(told.parts)
        by = split_of(view)
        st.caption(safe(f"Par {view.dataset.label(by).lower()}, le plus fort dépassement d’abord."))
