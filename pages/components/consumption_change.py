"""The change of population that the reader asks for, kept in the link."""

from __future__ import annotations

import streamlit as st

from analytics.predictive.consumption import Consumption
from analytics.predictive.consumption_cells import WHOLE
from analytics.predictive.consumption_structure import AGE, Change, age_bands
from pages.components.rates import number_input, rate_input
from pages.components.sidebar import View

SHARE, MOVE, OLDER = "La part d’un groupe change", "Des personnes changent de groupe", "Tous vieillissent"
SENIOR = 60


def choose_change(view: View, found: Consumption, dimension: str, hidden: frozenset[str]) -> Change | None:
    """The change asked for; None until it says enough."""
    factors = found.cells.factors
    place = factors.by.index(dimension)
    values = [v for v in factors.values[place] if v not in hidden]
    ages = dimension == AGE and bool(age_bands(factors.labels[place]))
    with st.container(border=True, key="cp_population"):
        kind = st.segmented_control(
            "Ce qui change", (SHARE, MOVE, *((OLDER,) if ages else ())), default=SHARE, required=True, key="cp_geste",
            bind="query-params",
        ) or SHARE  # fmt: skip
        asked = _ASKED[kind if kind != OLDER or ages else SHARE](view, found, dimension, values)
    if asked is None:
        st.info("Choisissez au moins un groupe qui gagne et, pour un passage, un autre qui perd.",
                icon=":material/info:")  # fmt: skip
    return asked


def _ask_share(view: View, found: Consumption, dimension: str, values: list[str]) -> Change | None:
    who, points, heads = st.columns([3, 1, 1])
    with who:
        gaining = _many(view, "Groupes dont la part change", f"cp_valeurs_{dimension}", dimension, values,
                        _first_guess(found, dimension, values))  # fmt: skip
    with points:
        moved = _points("5 %", bounds=(-1, 1))
    growth = _growth(heads)
    return Change(dimension, tuple(gaining), moved, effectif=growth) if gaining else None


def _ask_move(view: View, found: Consumption, dimension: str, values: list[str]) -> Change | None:
    if len(values) < 2:
        return None
    source, target, points, heads = st.columns([2, 2, 1, 1])
    guess = _first_guess(found, dimension, values)[-1:]
    with target:
        to = st.selectbox(
            "Vers", values, index=values.index(guess[0]), key=f"cp_vers_{dimension}", bind="query-params",
            format_func=lambda v: view.dataset.value_label(dimension, v),
        )  # fmt: skip
    with source:
        others = [v for v in values if v != to]
        losing = _many(
            view, "Venus de", f"cp_depuis_{dimension}", dimension, values, [_largest(found, dimension, others)]
        )
    with points:
        moved = _points("5 %", bounds=(0, 1))
    growth = _growth(heads)
    losing = tuple(v for v in losing if v != to)
    return Change(dimension, (to,), moved, losing, effectif=growth) if losing else None


def _ask_years(_view: View, _found: Consumption, _dimension: str, _values: list[str]) -> Change:
    years, heads = st.columns([1, 1])
    with years:
        older = number_input("Années de plus", "1", key="cp_annees", bounds=(0, 20),
                             help="Personne n’entre ni ne sort ; âges répartis dans chaque tranche.")  # fmt: skip
    return Change(annees=older, effectif=_growth(heads))


_ASKED = {SHARE: _ask_share, MOVE: _ask_move, OLDER: _ask_years}


def _many(view: View, label: str, key: str, dimension: str, values: list[str], default: list[str]) -> list[str]:
    return st.multiselect(
        label, values, default=default, key=key, bind="query-params", placeholder="Choisir",
        format_func=lambda v: view.dataset.value_label(dimension, v),
    )  # fmt: skip


def _points(default: str, *, bounds: tuple[float, float]) -> float:
    help_text = "Points de part de l’effectif : +5 fait passer une part de 25 % à 30 %."
    return rate_input("Points de part", default, key="cp_points", bounds=bounds, help=help_text)


def _growth(column) -> float:
    with column:
        return rate_input("Effectif total", "0 %", key="cp_effectif", bounds=(-0.9, 9),
                          help="0 % : le même nombre de personnes.")  # fmt: skip


def _first_guess(found: Consumption, dimension: str, values: list[str]) -> list[str]:
    """Persons of 60 and more, or the value that consumes most."""
    factors, place = found.cells.factors, found.by.index(dimension)
    if dimension == AGE:
        old = {factors.values[place][i] for i, start in age_bands(factors.labels[place]) if start >= SENIOR}
        guess = [v for v in values if v in old]
        if 0 < len(guess) < len(values):
            return guess
    table = found.relativites
    table = table[(table["dimension"] == dimension) & (table["poste"] == WHOLE) & table["valeur"].isin(values)]
    ranked = table.sort_values("relativite", na_position="first")["valeur"].tolist()
    return ranked[-1:]


def _largest(found: Consumption, dimension: str, values: list[str]) -> str:
    table = found.relativites
    table = table[(table["dimension"] == dimension) & table["valeur"].isin(values)]
    return table.loc[table["beneficiaires"].idxmax(), "valeur"]
