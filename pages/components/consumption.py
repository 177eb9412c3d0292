"""What a change of the population would cost: each group keeps its consumption, only who is covered changes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from analytics.disclosure import K
from analytics.errors import ParameterError
from analytics.french import format_euros, format_number, format_percent, format_period, is_missing
from analytics.indicators import MONTHS_PER_YEAR, get_indicator, missing_measures
from analytics.predictive.consumption import Consumption, fit_consumption
from analytics.predictive.consumption_cells import WHOLE
from analytics.predictive.consumption_structure import (
    AGE,
    Change,
    describe_change,
    doubts,
    project_structure,
)
from analytics.schema import Selection
from charts.calibration import chart_calibration
from charts.export import to_csv
from charts.picture import Picture
from charts.relativities import chart_relativities
from pages.components import figure
from pages.components.cache import cached
from pages.components.consumption_change import choose_change
from pages.components.messages import safe, show_unlocks, told_in_french
from pages.components.sharing import hidden_values, may_show, say_hidden
from pages.components.sidebar import View

ALL_POSTES, MAX_ROWS = "Tous les postes", 25
LAW = (
    "Ce modèle décrit des dépenses par groupe : il n’est pas un tarif. Une mutuelle ne peut moduler une cotisation "
    "facultative ni selon l’état de santé ni selon le sexe (Code de la mutualité, article L112-1)."
)
HOW = (
    "Chaque groupe garde sa consommation des douze derniers mois, à tout le reste égal. L’intervalle (95 %) dit "
    "l’incertitude sur ce que les groupes consomment l’un par rapport à l’autre, pas celle des prestations de l’an "
    "prochain."
)


def show_consumption(view: View) -> None:
    """Whether groups were foreseen, what they consume beside each other, and what another population would cost."""
    st.header("Et si la population change\u00a0?")
    dataset = view.dataset
    missing = [] if dataset.main_measure else ["prestation"]
    missing += missing_measures(get_indicator("beneficiaires"), dataset)
    if missing:
        show_unlocks({" et ".join(dataset.label(m) for m in missing): ["effet d’un changement de population"]})
        return
    with told_in_french():
        with st.spinner("Consommation de chaque groupe…"):
            found = consumption_of(view)
        if not found.models:
            st.info(safe(found.verdict.phrase), icon=":material/info:")
            return
        if not may_show(view, present(view, found)):
            st.info("Mode partage : trop peu de personnes couvertes sur les douze derniers mois complets.",
                    icon=":material/shield_lock:")  # fmt: skip
            return
        st.markdown(safe(found.verdict.phrase))
        st.caption(LAW)
        dimension = _choose_dimension(view, found)
        hidden = hidden_values(view, dimension, present(view, found))
        left, right = st.columns(2, gap="large")
        with left:
            _show_calibration(view, found)
        with right:
            _show_relativities(view, found, dimension, hidden)
        _show_projection(view, found, dimension, hidden)


def consumption_of(view: View) -> Consumption:
    """The model of the perimeter, fitted once."""
    filters, months = view.selection.filtres, view.opened.complete_months

    def compute() -> Consumption:
        return fit_consumption(view.dataset, selection=Selection(filtres=filters), months=months)

    return cached("consumption", view.key, compute, filtres=dict(filters))


def present(view: View, found: Consumption) -> Selection:
    """The twelve months whose population is changed."""
    return Selection(*found.cells.blocks[-1], dict(view.selection.filtres))


def _choose_dimension(view: View, found: Consumption) -> str:
    return st.segmented_control(
        "Groupes", found.by, default=found.by[0], required=True, format_func=lambda d: safe(view.dataset.label(d)),
        key="cp_dimension", bind="query-params",
    ) or found.by[0]  # fmt: skip


# --- what the model is worth, and what groups consume -----------------------------------------------------------------


def _show_calibration(view: View, found: Consumption) -> None:
    table, is_demo = found.calibration.table, view.dataset.is_demo
    if view.shared and not (table["beneficiaires"] >= K).all():
        st.info("Mode partage : ces groupes comptent trop peu de personnes.", icon=":material/shield_lock:")
        return

    def draw() -> Picture:
        judged = format_period(found.calibration.debut, found.calibration.fin)
        title = f"Consommation attendue et observée, {judged}"
        return chart_calibration(table, title=title, is_demo=is_demo)

    picture = cached("consumption_calibration", view.key, draw, filtres=dict(view.selection.filtres))
    figure.show(picture, key="cp_calibration", is_demo=is_demo)
    st.caption(
        f"Groupes de personnes, du moins cher au plus cher attendu. Le dernier a consommé "
        f"{format_number(found.calibration.lift, 1)} fois la moyenne."
    )


def _show_relativities(view: View, found: Consumption, dimension: str, hidden: frozenset[str]) -> None:
    postes = [ALL_POSTES, *(found.cells.postes if len(found.models) > 1 else ())]
    poste = ALL_POSTES
    if len(postes) > 1:
        poste = st.selectbox("Poste", postes, key="cp_poste", bind="query-params", label_visibility="collapsed")
    table = found.relativites
    wanted = WHOLE if poste == ALL_POSTES else poste
    table = table[(table["dimension"] == dimension) & (table["poste"] == wanted) & ~table["valeur"].isin(hidden)]
    if table.empty or table["reference"].iloc[0] in hidden:
        say_hidden(len(found.cells.factors.values[found.by.index(dimension)]))
        return
    picture = cached(
        "consumption_relativities", view.key, lambda: _drawn(view, dimension, poste, table),
        filtres=dict(view.selection.filtres), dimension=dimension, poste=poste, secret=sorted(hidden),
    )  # fmt: skip
    figure.show(picture, key="cp_relativites", is_demo=view.dataset.is_demo)
    say_hidden(len(hidden))


def _drawn(view: View, dimension: str, poste: str, table: pd.DataFrame) -> Picture:
    dataset = view.dataset
    table = table.assign(groupe=[dataset.value_label(dimension, v) for v in table["valeur"]])
    if dimension != AGE:
        table = table.sort_values("relativite", ascending=False, na_position="last")
    group = dataset.label(dimension)
    suffix = "" if poste == ALL_POSTES else f", {poste}"
    return chart_relativities(
        table.head(MAX_ROWS), group=group, reference=dataset.value_label(dimension, table["reference"].iloc[0]),
        title=f"Consommation relative par {group.lower()}{suffix}", is_demo=dataset.is_demo,
    )  # fmt: skip


# --- another population ----------------------------------------------------------------------------------------------


def _show_projection(view: View, found: Consumption, dimension: str, hidden: frozenset[str]) -> None:
    change = choose_change(view, found, dimension, hidden)
    if change is None:
        return
    _refuse_few(view, found, change)
    table = project_structure(found, change)
    st.markdown(safe(say_effect(found, change, table)))
    shown = effect_table(table)
    figure.show_table(_euros(shown))
    period = format_period(*found.cells.blocks[-1])
    st.download_button(
        "Effet par poste (CSV)", lambda: to_csv(shown.round(2), is_demo=view.dataset.is_demo),
        f"{figure.slug(f'effet {describe_change(found, change)}')[:80]}.csv", "text/csv", key="cp_csv",
        icon=":material/download:", on_click="ignore",
    )  # fmt: skip
    st.caption(f"{HOW} Point de départ : {period}.")
    for line in (*doubts(found, change), *found.notes):
        st.caption(safe(line))


def _refuse_few(view: View, found: Consumption, change: Change) -> None:
    """Shared, nothing is told of a few persons by changing the share of all the others."""
    if not view.shared or change.dimension is None:
        return
    place = found.by.index(change.dimension)
    values = np.array(found.cells.factors.values[place], dtype=object)[found.cells.codes[:, place]]
    gaining = np.isin(values, change.valeurs)
    losing = np.isin(values, change.depuis) if change.depuis else ~gaining
    people = found.cells.people
    if min(people[gaining].sum(), people[losing].sum()) / MONTHS_PER_YEAR < K:
        raise ParameterError(
            f"Mode partage : un des deux côtés de ce changement compte moins de {K} personnes.",
            remede="Choisissez d’autres groupes.",
        )


def say_effect(found: Consumption, change: Change, table: pd.DataFrame) -> str:
    """The effect on the whole, in euros and per head, in one sentence."""
    row, period = table.iloc[-1], format_period(*found.cells.blocks[-1])
    whole = row["effet"] / row["actuel"] if row["actuel"] else float("nan")
    between = ""
    if not is_missing(row["bas"]) and row["haut"] > row["bas"]:
        between = f" (entre {format_euros(row['bas'], signed=True)} et {format_euros(row['haut'], signed=True)})"
    parts = table.iloc[:-1]
    first = ""
    if len(parts) and row["effet"]:
        top = parts.loc[parts["effet"].abs().idxmax()]
        first = f" Premier poste : {top['poste']}, {format_euros(top['effet'], signed=True)}."
    return (
        f"Avec {describe_change(found, change)}, les douze mois de {period} auraient coûté "
        f"{format_euros(row['effet'], signed=True)}{between}, soit {format_percent(whole, signed=True)} et "
        f"{format_euros(row['effet_tete'], signed=True, compact=False)} par tête, pour "
        f"{format_euros(row['actuel'])} aujourd’hui.{first}"
    )


def effect_table(table: pd.DataFrame) -> pd.DataFrame:
    """The projection under French headers, EUR."""
    names = {
        "poste": "Poste", "actuel": "Aujourd’hui (€)", "projete": "Projeté (€)", "effet": "Effet (€)",
        "bas": "Bas 95 % (€)", "haut": "Haut 95 % (€)", "tete_actuel": "Par tête (€)",
        "effet_tete": "Effet par tête (€)", "bas_tete": "Bas par tête (€)", "haut_tete": "Haut par tête (€)",
    }  # fmt: skip
    return table[list(names)].rename(columns=names)


def _euros(shown: pd.DataFrame) -> pd.DataFrame:
    """The same in French money, the bounds beside the effect."""

    def between(row: pd.Series, low: str, high: str, *, compact: bool) -> str:
        if is_missing(row[low]):
            return "—"
        return " à ".join(format_euros(row[c], signed=True, compact=compact) for c in (low, high))

    return pd.DataFrame({
        "Poste": [p[:1].upper() + p[1:] for p in shown["Poste"]],
        "Aujourd’hui": shown["Aujourd’hui (€)"].map(format_euros),
        "Effet": [format_euros(v, signed=True) for v in shown["Effet (€)"]],
        "Effet, 95 %": [between(r, "Bas 95 % (€)", "Haut 95 % (€)", compact=True) for _, r in shown.iterrows()],
        "Effet par tête": [format_euros(v, signed=True, compact=False) for v in shown["Effet par tête (€)"]],
        "Par tête, 95 %": [
            between(r, "Bas par tête (€)", "Haut par tête (€)", compact=False) for _, r in shown.iterrows()
        ],
    })  # fmt: skip
