"""What the best plan must aim at and respect: each rule on or off, with its value, all in the link."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import pandas as pd
import streamlit as st

from analytics.constat import in_sentence
from analytics.errors import ParameterError
from analytics.french import format_number, format_percent, parse_in_unit
from analytics.prescriptive import FACTEURS_ADMIS, IDLE
from analytics.prescriptive.law import PLAFOND_EVIN, SOURCE_EVIN, SOURCE_FACTEURS, SOURCE_GEL
from pages.components.lab import Lab
from pages.components.messages import safe
from pages.components.rates import number_input, rate_input
from pages.components.sidebar import View

GOALS = {"Résultat": "resultat", "Assurés gardés": "effectif", "Pire hausse la plus basse": "pire_hausse"}
FREE_ORDER, RISING, FALLING = "Libre", "Croissante", "Décroissante"
STEPS = {"Au plus fin": None, "0,5 point": 0.005, "1 point": 0.01}
MOST_VALUES = 8
USUAL_RISE = 0.05
SAME = "Les mêmes pour tous"
_EVIN = re.compile(r"[ée]vin|sortants?\b|anciens? salari", re.IGNORECASE)
_RANGE = re.compile(r"(?:de\s+)?(.+?)\s*(?:à|;)\s*(.+)", re.IGNORECASE)


@dataclass(frozen=True)
class Rule:
    """A limit in figures: its place in the link, its words, where it starts."""

    name: str
    label: str
    default: str
    unit: str
    bounds: tuple[float, float]
    help: str


RULES = (
    Rule("pc_max", "P/C d’au plus", "80 %", "taux", (0.1, 2.0),
         "Prestations / cotisations des assurés qui restent. Proposé : la cible de la page."),
    Rule("retention_min", "Assurés gardés, au moins", "90 %", "taux", (0.0, 1.0), "Part des assurés d’aujourd’hui."),
    Rule("hausse_moyenne_max", "Hausse moyenne d’au plus", "5 %", "taux", (-0.5, 1.0),
         "Moyenne pondérée par les cotisations des assurés qui restent, hors taxes répercutées. Proposée : votre "
         "cible, sinon ce qu’il faudrait à tous pour tenir le P/C."),
    Rule("ecart_max", "Écart entre deux hausses d’au plus", "10 %", "taux", (0.0, 1.0), "En points."),
    Rule("solidarite_max", "Solidarité : cotisation nette d’au plus ses prestations plus", "30 %", "taux", (0.0, 10.0),
         "Un segment qui paie déjà davantage n’est plus augmenté. Un choix de la mutuelle, pas une règle de droit."),
)  # fmt: skip


@dataclass(frozen=True)
class Ask:
    """What is asked of the optimiser.

    Attributes
    ----------
    but : {"resultat", "effectif", "pire_hausse"}
    limites : mapping of str to float
        Options of Constraints in figures.
    facteurs : tuple of str
        Dimensions that the rises may depend on.
    bornes : tuple of (dimension, value, low, high)
    ordres : tuple of (dimension, direction)
    evin : tuple of (segment, tarif, annee)
    gel : bool
    pas : float or None
    prudence : float or None
        Level of the CVaR.
    """

    but: str = "resultat"
    limites: Mapping[str, float] = field(default_factory=dict)
    facteurs: tuple[str, ...] = ()
    bornes: tuple[tuple[str, str, float, float], ...] = ()
    ordres: tuple[tuple[str, str], ...] = ()
    evin: tuple[tuple[str, float, int], ...] = ()
    gel: bool = False
    pas: float | None = None
    prudence: float | None = None


def choose_plan(view: View, lab: Lab) -> Ask:
    """The objective, then the rules."""
    goal = st.segmented_control(
        "Objectif", list(GOALS), default=next(iter(GOALS)), required=True, key="o_but", bind="query-params"
    )
    with st.container(border=True, key="contraintes"):
        limits, bounded = _choose_limits(view, lab)
        columns = st.columns(3)
        with columns[0]:
            factors = _choose_factors(view, lab)
        with columns[1]:
            orders = _choose_orders(view, lab)
        with columns[2]:
            step, caution = _choose_steps(GOALS[goal])
            frozen = _choose_freeze()
        leavers = _choose_leavers(lab)
        bounds = () if bounded is None else _choose_bounds(view, lab, bounded)
    return Ask(GOALS[goal], limits, factors, bounds, orders, leavers, frozen, step, caution)


def _choose_limits(view: View, lab: Lab) -> tuple[dict[str, float], str | None]:
    """Each limit that is ticked, with its value, and the dimension whose values have bounds of their own."""
    targets = {t.indicateur: t.seuil for t in lab.targets}
    proposed = {"pc_max": targets.get("pc"), "retention_min": targets.get("retention"),
                "hausse_moyenne_max": targets.get("hausse_moyenne", enough_rise(lab, targets.get("pc")))}  # fmt: skip
    found, columns = {}, [*st.columns(3), *st.columns(3)]
    for column, rule in zip(columns, RULES, strict=False):
        with column:
            given = proposed.get(rule.name)
            text = rule.default if given is None else format_percent(given, 1).replace("\u202f", " ")
            key = f"o_{rule.name}"
            if st.checkbox(rule.label, value=given is not None, key=key, bind="query-params", help=rule.help):
                found[rule.name] = rate_input(rule.label, text, key=f"{key}_v", bounds=rule.bounds)
    with columns[-1]:
        dimension = _choose_bounded(view, lab)
    return found, dimension


def enough_rise(lab: Lab, target: float | None) -> float:
    """The average rise proposed: what a uniform one would take to bring the P/C to its target, to the next half point.

    Without a cap the largest result is often the largest rise allowed, which is no plan.
    """
    level = lab.outcomes[IDLE].value("pc")
    needed = level / target - 1.0 if target and np.isfinite(level) else np.nan
    return float(np.ceil(needed * 200.0 - 1e-9) / 200.0) + 0.005 if 0 < needed < 0.15 else USUAL_RISE


def _choose_factors(view: View, lab: Lab) -> tuple[str, ...]:
    """Dimensions that the rises may depend on: the law lists them."""
    known = [d for d in lab.portfolio.table.columns if d in view.dataset.dimensions]
    others = [d for d in view.dataset.cotisation.columns if d in view.dataset.dimensions and d not in known]
    return tuple(
        st.multiselect(
            "La hausse peut dépendre de", [*known, *others], default=[d for d in known if d in FACTEURS_ADMIS],
            key="o_facteurs", bind="query-params", format_func=lambda d: safe(view.dataset.label(d)),
            placeholder="Une hausse pour tous",
            help=f"{SOURCE_FACTEURS} : revenu, ancienneté, régime, résidence, nombre d’ayants droit, âge. Ni le sexe, "
            "ni la santé. Le contrat et la garantie choisis sont le produit lui-même.",
        )
    )  # fmt: skip


def _choose_orders(view: View, lab: Lab) -> tuple[tuple[str, str], ...]:
    """Whether rises must follow the age, or the level of the product."""
    table, found = lab.portfolio.table, []
    words = {
        "tranche_age": "Hausse selon l’âge",
        "formule": "Hausse selon la formule, de la moins chère à la plus",
    }
    for dimension, label in words.items():
        if dimension in table.columns and len(table[dimension].unique()) > 1:
            way = st.selectbox(
                label, [FREE_ORDER, RISING, FALLING], key=f"o_ordre_{dimension}", bind="query-params",
                help=f"« {RISING} » : jamais plus faible au rang suivant, à autres caractéristiques égales.",
            )  # fmt: skip
            if way != FREE_ORDER:
                found.append((dimension, way))
    return tuple(found)


def _choose_steps(goal: str) -> tuple[float | None, float | None]:
    """Grid of the tariff, and caution."""
    step = STEPS[st.segmented_control(
        "Pas du tarif", list(STEPS), default=next(iter(STEPS)), required=True, key="o_pas", bind="query-params"
    )]  # fmt: skip
    if goal != "resultat":
        return step, None
    careful = st.checkbox(
        "Protéger les mauvaises années", key="o_prudence", bind="query-params",
        help="Maximise le résultat moyen des 5 % de futurs les plus mauvais (CVaR à 95 %), par pas d’un point si aucun "
        "pas n’est choisi ; sans règle d’ordre ni d’écart entre segments.",
    )  # fmt: skip
    return (step or 0.01, 0.95) if careful else (step, None)


def _choose_freeze() -> bool:
    frozen = st.checkbox("Gel des cotisations 2026", key="o_gel", bind="query-params", help="Aucune hausse nulle part.")
    if frozen:
        st.caption(f":material/gavel: {SOURCE_GEL} : un interrupteur, pas un avis de droit.")
    return frozen


def _choose_leavers(lab: Lab) -> tuple[tuple[str, float, int], ...]:
    """Tariff of the actives and year, for the segments of those who left a group."""
    segments = [s for s in lab.portfolio.table["segment"].astype(str) if _EVIN.search(s)]
    if not segments or not st.checkbox(
        "Plafonds de la loi Évin", value=True, key="o_evin", bind="query-params", help=SOURCE_EVIN
    ):
        return ()
    caps = ", ".join(f"{format_percent(cap, 0)} en année {year}" for year, cap in PLAFOND_EVIN.items())
    st.caption(f":material/gavel: {SOURCE_EVIN} : au plus {caps} du tarif des actifs, libre ensuite.")
    found = []
    for rank, (name, inside) in enumerate(group_leavers(lab.portfolio.table, segments).items()):
        left, right = st.columns(2)
        with left:
            proposed = format_number(_mean_premium(lab.portfolio.table, inside)).replace("\u202f", " ")
            label = f"Tarif des actifs, € par an · {safe(name)}"
            tariff = number_input(label, proposed, key=f"o_evin_t{rank}", bounds=(1.0, 1e6))
        with right:
            year = number_input(f"Année après la sortie · {safe(name)}", "1", key=f"o_evin_a{rank}", bounds=(1.0, 40.0))
        found += [(segment, tariff, max(int(year), 1)) for segment in inside]
    return tuple(found)


def group_leavers(table: pd.DataFrame, segments: list[str]) -> dict[str, list[str]]:
    """Every segment of leavers under the name that its tariff is asked by: its own, or its product when many."""
    if len(segments) <= MOST_VALUES or "formule" not in table.columns:
        return {segment: [segment] for segment in segments}
    product = dict(zip(table["segment"].astype(str), table["formule"].astype(str), strict=True))
    found: dict[str, list[str]] = {}
    for segment in segments:
        found.setdefault(f"formule {product[segment]} ({_leaving(table, product[segment])})", []).append(segment)
    return found


def _leaving(table: pd.DataFrame, product: str) -> str:
    count = int(sum(bool(_EVIN.search(s)) for s in table.loc[table["formule"].astype(str) == product, "segment"]))
    return f"{format_number(count)} segment{'s' if count > 1 else ''}"


def _mean_premium(table: pd.DataFrame, segments: list[str]) -> float:
    """Premium by head of some segments, EUR."""
    some = table[table["segment"].astype(str).isin(segments)]
    heads = some["beneficiaires"] + 1e-12
    return float((some["cotisation"] * heads).sum() / heads.sum())


def _choose_bounded(view: View, lab: Lab) -> str | None:
    table = lab.portfolio.table
    known = [d for d in FACTEURS_ADMIS if d in table.columns and 1 < table[d].nunique() <= MOST_VALUES]
    choices = {SAME: None, **{f"Par {in_sentence(view.dataset.label(d))}": d for d in known}}
    chosen = st.selectbox(
        "Bornes des hausses", list(choices), key="o_bornes", bind="query-params", format_func=safe,
        help="Les bornes communes sont les « hausses permises » des hypothèses.",
    )  # fmt: skip
    return choices[chosen]


def _choose_bounds(view: View, lab: Lab, dimension: str) -> tuple[tuple[str, str, float, float], ...]:
    """Bounds of their own for the values of one dimension."""
    table = lab.portfolio.table
    low, high = float(table["hausse_min"].min()), float(table["hausse_max"].max())
    usual = f"{format_percent(low, 1)} à {format_percent(high, 1)}".replace("\u202f", " ")
    found, values = [], sorted(table[dimension].astype(str).unique())
    columns = st.columns(min(len(values), 4))
    for rank, value in enumerate(values):
        with columns[rank % len(columns)]:
            label = safe(view.dataset.value_label(dimension, value))
            typed = st.text_input(label, usual, key=f"o_b_{dimension}_{rank}", bind="query-params", max_chars=30)
            own = _read_range(typed)
            if own is not None and own != (low, high):
                found.append((dimension, value, *own))
    return tuple(found)


def _read_range(text: str) -> tuple[float, float] | None:
    """« −2 % à 5 % »; what cannot be used is told and not counted."""
    match = _RANGE.fullmatch((text or "").strip())
    try:
        if match is None:
            raise ParameterError("Deux bornes sont attendues.", remede="Écrivez par exemple −2 % à 5 %.")
        low, high = (parse_in_unit(part.strip(), "taux") for part in match.groups())
        if not -1.0 <= low <= high <= 3.0:
            raise ParameterError("Les bornes vont de −100 % à +300 %, la plus petite d’abord.")
        return low, high
    except ParameterError as error:
        st.warning(f"{safe(error.message)} {safe(error.remede)} Les bornes communes sont gardées.")
        return None


def sort_values(table: pd.DataFrame, dimension: str) -> list[str]:
    """Values of a dimension in the order of a rule: ages from the youngest, products from the cheapest."""
    values = table[dimension].astype(str)
    if dimension == "tranche_age":
        return sorted(values.unique(), key=lambda v: (int((re.search(r"\d+", v) or ["999"])[0]), v))
    paid = (table["beneficiaires"] * table["cotisation"]).groupby(values).sum()
    mean = paid / table["beneficiaires"].groupby(values).sum().replace(0.0, np.nan)
    return list(mean.sort_values(kind="stable").index)


def order_pairs(table: pd.DataFrame, orders: tuple[tuple[str, str], ...], dimensions: list[str]) -> tuple:
    """(lower, higher) of each pair of segments that differ by one rank of one dimension."""
    found = []
    for dimension, way in orders:
        if dimension not in dimensions:
            continue
        rank = {v: i for i, v in enumerate(sort_values(table, dimension))}
        others = [d for d in dimensions if d != dimension]
        groups = table.groupby(others, dropna=False, observed=True) if others else [("", table)]
        for _, group in groups:
            ranked = group.assign(rang=group[dimension].astype(str).map(rank)).sort_values("rang", kind="stable")
            pairs = pairwise(ranked["segment"].astype(str))
            found += pairs if way == RISING else ((b, a) for a, b in pairs)
    return tuple(found)
