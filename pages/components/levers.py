"""The levers: what a step of each moves, then up to four named scenarios that pull them, kept in the link."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd
import streamlit as st

from analytics.constat import describe_perimeter, same_finding
from analytics.french import format_euros
from analytics.prescriptive import IDLE, Portfolio, Simulator, describe_lever, finding_weight
from analytics.prescriptive.describe import Description
from analytics.prescriptive.levers import ALL
from pages.components import figure
from pages.components.cache import cached
from pages.components.constat import measure
from pages.components.lever_words import brief, told_levers
from pages.components.messages import safe
from pages.components.rates import number_input, rate_input
from pages.components.sharing import may_show
from pages.components.sidebar import View

LETTERS = ("A", "B", "C", "D")
DIMENSIONS = ("contrat", "formule", "tranche_age", "region")
#: Values of a dimension beyond which one increase each is too much to type.
MOST_VALUES = 8
WHOLE = "Tous"
Row = tuple[str, str, str, float]
_COLUMNS = ["segment", "levier", "poste", "valeur"]


@dataclass(frozen=True)
class Field:
    """One lever as it is typed: its key in the link, its words, what it is counted in."""

    levier: str
    key: str
    label: str
    unit: str
    bounds: tuple[float, float]


CARE = (
    Field("plafond", "pl", "Plafonds de remboursement", "taux", (-1.0, 1.0)),
    Field("taux", "tx", "Taux de prise en charge", "taux", (-1.0, 1.0)),
    Field("reseau", "re", "Actes passés dans le réseau", "taux", (0.0, 1.0)),
    Field("sante100", "sa", "Actes passés au 100 % Santé", "taux", (0.0, 1.0)),
    Field("prestation", "pr", "Évolution du coût par tête", "taux", (-0.9, 1.0)),
)
ACTIONS = (
    Field("prevention", "pv", "Prévention, € par tête", "EUR", (0.0, 1000.0)),
    Field("acquisition", "ac", "Adhérents recrutés", "taux", (0.0, 1.0)),
    Field("chargement", "fr", "Frais de gestion, points", "taux", (-0.5, 0.5)),
)
TOLD = ("hausse", *(f.levier for f in (*CARE, *ACTIONS)), "tsa", "contribution")


@dataclass(frozen=True)
class Bench:
    """What the levers are laid on, under the key of its simulator."""

    portfolio: Portfolio
    simulator: Simulator
    key: str


def choose_scenarios(view: View, bench: Bench) -> dict[str, tuple[Row, ...]]:
    """What each scenario pulls, by name: rows of segment, levier, poste, valeur."""
    known = descriptions(view, bench)
    with figure.folded("Ce que bouge un pas de chaque levier", icon=":material/compare_arrows:", key="pas") as is_open:
        if is_open:
            figure.show_table(
                cached("steps", view.key, lambda: told_levers(known.values(), view.dataset.label), cle=bench.key)
            )
            st.caption("Face à « Ne rien faire », hypothèses centrales ; entre parenthèses : 8 futurs sur 10.")
    count = st.segmented_control(
        "Scénarios", range(1, len(LETTERS) + 1), default=2, required=True, key="nb", bind="query-params",
        help="« Ne rien faire » est toujours comparé.",
    ) or 2  # fmt: skip
    letters = LETTERS[:count]
    weight = weight_of_finding(view, bench.portfolio)
    found: dict[str, tuple[Row, ...]] = {}
    for tab, letter in zip(st.tabs([f"Scénario {one}" for one in letters]), letters, strict=True):
        with tab:
            name, rows = _choose_scenario(view, bench, letter, known, weight)
        found[unused_name(name, found)] = rows
    return found


def to_frame(rows: tuple[Row, ...]) -> pd.DataFrame:
    """Levers as the library takes them."""
    return pd.DataFrame(list(rows), columns=_COLUMNS)


def unused_name(name: str, taken: Mapping[str, object]) -> str:
    """A name of its own for each scenario."""
    free, rank = name, 2
    while free in taken or free == IDLE:
        free, rank = f"{name} ({rank})", rank + 1
    return free


def descriptions(view: View, bench: Bench) -> dict[tuple[str, str], Description]:
    """What one step of each lever does, everywhere; of the 100 % Santé basket, on each poste that has one."""

    def compute() -> dict[tuple[str, str], Description]:
        found = {}
        for key in TOLD:
            if key != "sante100":
                found[key, ALL] = describe_lever(bench.simulator, key)
                continue
            tried = {p: describe_lever(bench.simulator, key, poste=p) for p in bench.simulator.cover.postes}
            usable = {p: told for p, told in tried.items() if told.disponible}
            found |= {(key, p): told for p, told in (usable or dict([next(iter(tried.items()))])).items()}
        return found

    return cached("descriptions", view.key, compute, cle=bench.key)


def _choose_scenario(
    view: View, bench: Bench, letter: str, known: dict[tuple[str, str], Description], weight: float
) -> tuple[str, tuple[Row, ...]]:
    prefix, rank = letter.lower(), LETTERS.index(letter)
    defaults = ("0 %", "3 %", "0 %", "0 %") if weight > 0 else ("3 %", "5 %", "0 %", "0 %")
    premiums, care, actions = st.columns(3)
    with premiums:
        name = st.text_input(
            "Nom", f"Scénario {letter}", key=f"{prefix}_nom", bind="query-params", max_chars=40
        )  # fmt: skip
        rows = _choose_rises(view, bench.portfolio, prefix, defaults[rank], known["hausse", ALL])
    with care:
        for field in CARE:
            rows += _choose_care(view, bench, prefix, field, known)
    with actions:
        for field in ACTIONS:
            rows += _choose_action(prefix, field, known[field.levier, ALL])
        rows += _choose_finding(view, prefix, "50 %" if rank == 0 else "0 %", weight)
    return (name or "").strip() or f"Scénario {letter}", tuple(rows)


def _choose_rises(view: View, portfolio: Portfolio, prefix: str, default: str, told: Description) -> list[Row]:
    """One increase, or one for each value of a dimension."""
    table, choices = portfolio.table, {WHOLE: None}
    known = [d for d in DIMENSIONS if d in table.columns and 1 < table[d].nunique() <= MOST_VALUES]
    choices |= {view.dataset.label(d): d for d in known}
    chosen = WHOLE
    if known:
        chosen = st.selectbox(
            "Hausse de cotisation par", list(choices), index=1, key=f"{prefix}_par", bind="query-params",
            format_func=safe,
        )  # fmt: skip
    dimension, hint = choices[chosen], safe(told.phrase)
    if dimension is None:
        rate = rate_input("Hausse de cotisation", default, key=f"{prefix}_h", help=hint)
        st.caption(safe(brief(told)))
        return [(ALL, "hausse", ALL, rate)] if rate else []
    rows = []
    values = table[dimension].astype("str")
    for rank, value in enumerate(sorted(values.unique())):
        label = f"Hausse · {safe(view.dataset.value_label(dimension, value))}"
        rate = rate_input(label, default, key=f"{prefix}_{dimension[0]}{rank}", help=hint)
        rows += [(s, "hausse", ALL, rate) for s in table.loc[values == value, "segment"].astype(str) if rate]
    st.caption(f"Partout, {safe(brief(told))}")
    return rows


def _choose_care(
    view: View, bench: Bench, prefix: str, field: Field, known: dict[tuple[str, str], Description]
) -> list[Row]:
    """A lever of care and the poste that it is pulled on."""
    usable = {p: told for (lever, p), told in known.items() if lever == field.levier and told.disponible}
    told = next(told for (lever, _), told in known.items() if lever == field.levier)
    if not usable:
        _show_locked(view, field, told)
        return []
    postes = list(usable)
    if field.levier != "sante100":
        postes = [ALL, *(p for p in bench.simulator.cover.postes if p != ALL)]
    one = next(iter(usable))
    hint = safe(usable[one].phrase)
    value, where = st.columns([3, 2], vertical_alignment="bottom")
    with value:
        rate = rate_input(field.label, "0 %", key=f"{prefix}_{field.key}", bounds=field.bounds, help=hint)
    with where:
        poste = postes[0]
        if len(postes) > 1:
            poste = st.selectbox(
                f"Poste · {field.label}", postes, key=f"{prefix}_{field.key}p", bind="query-params",
                label_visibility="collapsed",
                format_func=lambda p: "tous" if p == ALL else safe(view.dataset.value_label("poste", p)),
            )  # fmt: skip
    where = "" if one == ALL else f" ({safe(view.dataset.value_label('poste', one))})"
    st.caption(f"{safe(brief(usable[one]))}{where}")
    return [(ALL, field.levier, poste, rate)] if rate else []


def _choose_action(prefix: str, field: Field, told: Description) -> list[Row]:
    key, hint = f"{prefix}_{field.key}", safe(told.phrase)
    if field.unit == "EUR":
        value = number_input(field.label, "0", key=key, bounds=field.bounds, help=hint)
    else:
        value = rate_input(field.label, "0 %", key=key, bounds=field.bounds, help=hint)
    st.caption(safe(brief(told)))
    return [(ALL, field.levier, ALL, value)] if value else []


def _show_locked(view: View, field: Field, told: Description) -> None:
    columns = ", ".join(view.dataset.label(c) for c in told.manque)
    st.caption(
        f":material/lock: {field.label} : "
        + (f"il manque {safe(columns)}." if columns else safe(told.phrase.partition(" : ")[2]))
    )


def weight_of_finding(view: View, portfolio: Portfolio) -> float:
    """Weight of the finding in the claims of the portfolio; 0 once the user has moved to another perimeter."""
    constat = view.constat
    if constat is None or not may_show(view, constat.selection):
        return 0.0
    if not same_finding(constat, measure(view.opened, constat.indicator, view.selection)):
        return 0.0
    return finding_weight(constat, portfolio.table)


def _choose_finding(view: View, prefix: str, default: str, weight: float) -> list[Row]:
    """Share of the finding followed that is absorbed, when it is a rise that an action could bring down."""
    if weight <= 0:
        return []
    part = rate_input(
        "Part du constat résorbée", default, key=f"{prefix}_constat", bounds=(0.0, 1.0),
        help=f"100 % ramène « {safe(describe_perimeter(view.constat.selection, view.dataset))} » à son niveau de "
        f"référence : {format_euros(view.constat.euros)} de moins.",
    )  # fmt: skip
    return [(ALL, "prestation", ALL, -part * weight)] if part else []
