"""Where: the map of the regions, groups at equal age and sex, and those that chance does not explain."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass, replace

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from analytics.descriptive.funnel import FAR, INSIDE, NEAR, Funnel, funnel_of
from analytics.descriptive.regroup import UNSAID, regroup
from analytics.descriptive.standardise import STRATA, Standardised, compute_standardised
from analytics.errors import InsufficientData
from analytics.french import format_euros, format_number, format_percent, format_value, is_missing
from analytics.indicators import INDICATORS, Indicator, missing_measures
from analytics.schema import CARE_DIMENSIONS, Dataset, Selection
from charts.funnel import chart_funnel
from charts.picture import Picture
from charts.standardised import chart_standardised
from pages.components import figure
from pages.components.cache import cached
from pages.components.messages import safe, show_unlocks, told_in_french
from pages.components.region_map import REGION, show_map, without
from pages.components.sharing import hidden_values, may_show, say_hidden
from pages.components.sidebar import View

#: Rates per member that can be compared at equal structure, and what their exposure is called.
RATES = {"consommation": "Bénéficiaires (mois-personnes)", "frequence": "Bénéficiaires (années-personnes)"}
MAX_GROUPS, MAX_ROWS, MAX_LISTED = 1500, 40, 12


@dataclass(frozen=True)
class Shown:
    """What is drawn, kept between runs: the picture if there is one, the words under it, the groups not shown."""

    picture: Picture | None
    words: tuple[str, ...]
    hidden: int


def show_where(view: View, indicator: Indicator) -> None:
    """The map of an indicator, then the groups compared fairly."""
    show_map(view, indicator)
    show_groups(view)


def show_groups(view: View) -> None:
    """Cost or frequency per member: crude beside standardised, then the funnel."""
    dataset = view.dataset
    rates = [key for key in RATES if not missing_measures(INDICATORS[key], dataset)]
    if not rates:
        names = [dataset.label(m) for m in missing_measures(INDICATORS["consommation"], dataset)]
        show_unlocks({" et ".join(names): ["coût par bénéficiaire à structure égale", "entonnoir des petits groupes"]})
        return
    tables = (dataset.cotisation, dataset.prestation)
    dims = [
        d for d in view.opened.readable_dimensions
        if d not in (*CARE_DIMENSIONS, *STRATA) and all(d in t.columns for t in tables)
    ]  # fmt: skip
    if not dims:
        show_unlocks({dataset.label(REGION): ["coût par bénéficiaire à structure égale", "entonnoir"]})
        return
    st.subheader("Les groupes à armes égales")
    first = REGION if REGION in dims else dims[0]
    by = st.segmented_control(
        "Groupes", dims, default=first, required=True, format_func=lambda d: safe(dataset.label(d)),
        key="ou_groupes", bind="query-params",
    ) or first  # fmt: skip
    key = st.segmented_control(
        "Mesure", rates, default=rates[0], required=True, format_func=lambda k: INDICATORS[k].label,
        key="ou_mesure", bind="query-params",
    ) or rates[0]  # fmt: skip
    scope = without(view.selection, by)
    if not may_show(view, scope):
        st.info("Mode partage : comparer ces groupes demande un périmètre plus large.", icon=":material/shield_lock:")
        return
    hidden = hidden_values(view, by, scope) | ({UNSAID} if view.shared else set())
    finding = st.container()  # said first, once both figures are known
    with told_in_french():
        equal = _show_standardised(view, INDICATORS[key], by, scope, hidden)
    with told_in_french():
        _show_funnel(view, INDICATORS[key], by, scope, hidden, equal, finding)


def _show_standardised(
    view: View, indicator: Indicator, by: str, scope: Selection, hidden: frozenset[str]
) -> Standardised | None:
    dataset = view.dataset
    lacking = [s for s in STRATA if s not in dataset.cotisation.columns or s not in dataset.prestation.columns]
    if len(lacking) == len(STRATA):
        names = " ou ".join(dataset.label(s) for s in lacking)
        show_unlocks({f"{names} (dans les cotisations et les prestations)": ["comparaison à structure égale"]})
        return None
    found = cached(
        "standardised", view.key,
        lambda: compute_standardised(_named(view, by), indicator.key, by=by, selection=scope),
        key=indicator.key, by=by, s=scope,
    )  # fmt: skip
    shown = cached(
        "standardised_picture", view.key, lambda: _drawn(view, found, indicator, by, hidden),
        key=indicator.key, by=by, s=scope, secret=sorted(hidden), shared=view.shared,
    )  # fmt: skip
    if shown.picture is not None:
        figure.show(shown.picture, key="structure_egale", is_demo=dataset.is_demo)
    say_hidden(shown.hidden)
    for text in shown.words:
        st.caption(text)
    return found


def _named(view: View, by: str) -> Dataset:
    """The dataset, what it leaves blank of the groups and of the strata under a name, prepared once."""
    dims = (by, *(s for s in STRATA if s in view.dataset.dimensions))
    return cached("named", view.key, lambda: functools.reduce(regroup, dims, view.dataset), dims=dims)


def _drawn(view: View, found: Standardised, indicator: Indicator, by: str, hidden: frozenset[str]) -> Shown:
    """The rates of the groups that may be shown, highest first."""
    dataset = view.dataset
    table = found.table[~found.table[by].isin(hidden)]
    if table.empty:
        return Shown(None, (), len(found.table))
    table = table.assign(groupe=[dataset.value_label(by, v) for v in table[by]])
    table = table.sort_values("direct", ascending=False, na_position="last", ignore_index=True)
    held = " et ".join(dataset.label(s).lower() for s in found.strata)
    picture = chart_standardised(
        table.head(MAX_ROWS), group=dataset.label(by), title=f"{indicator.label}, brut et à {held} égaux",
        unit=indicator.unit, reference=found.reference, is_demo=dataset.is_demo,
    )  # fmt: skip
    # A remark may speak of a few persons.
    remarks = "" if view.shared else _say_remarks(table)
    words = tuple(safe(text) for text in (_say_method(found, indicator, view, len(table)), remarks) if text)
    return Shown(picture, words, len(found.table) - len(table))


def _say_method(found: Standardised, indicator: Indicator, view: View, groups: int) -> str:
    lines = ["À structure égale : taux de chaque groupe par tranche, pondérés par les bénéficiaires de l’ensemble."]
    if found.missing:
        names = " et ".join(f"« {view.dataset.label(s)} »" for s in found.missing)
        lines.append(f"Il manque {names} : son effet reste dans les chiffres.")
    if is_missing(found.dispersion):
        lines.append("Sans intervalle : trop peu de mois pour mesurer la variance.")
    else:
        lines.append("Intervalles à 95 % : hasard seul, mesuré sur les variations d’un mois à l’autre.")
    if found.left_out and not view.shared:  # it may speak of a few persons
        amount = (
            f"{format_number(found.left_out)} actes" if indicator.unit == "nombre" else format_euros(found.left_out)
        )
        lines.append(f"{amount} de tranches sans bénéficiaire ne sont que dans le brut.")
    if groups > MAX_ROWS:
        lines.append(f"Les {MAX_ROWS} premiers groupes sur {groups}.")
    return " ".join(lines)


def _say_remarks(table: pd.DataFrame) -> str:
    """What some rates leave out or want, and of which groups; "" when nothing does."""
    told: dict[str, list[str]] = {}
    for group, reason in zip(table["groupe"], table["raison"], strict=True):
        if reason:
            told.setdefault(reason, []).append(group)
    return " ; ".join(f"{_listed(names)} : {reason}" for reason, names in told.items()) + ("." if told else "")


def _listed(names: Sequence[str]) -> str:
    more = f" et {len(names) - MAX_LISTED} autres" if len(names) > MAX_LISTED else ""
    return f"{', '.join(names[:MAX_LISTED])}{more}"


def _show_funnel(
    view: View, indicator: Indicator, by: str, scope: Selection, hidden: frozenset[str], equal: Standardised | None,
    finding: DeltaGenerator,
) -> None:  # fmt: skip
    dataset = view.dataset
    options = {"key": indicator.key, "by": by, "s": scope, "secret": sorted(hidden)}

    def read(fair: bool) -> Funnel:
        def compute() -> Funnel:
            named = _named(view, by)
            funnel = funnel_of(named, indicator.key, by=by, selection=scope, equal=equal if fair else None)
            return _visible(funnel, hidden, dataset, by)

        return cached("funnel", view.key, compute, fair=fair, **options)

    fair = equal is not None
    try:
        shown = read(fair)
        refusal = _refusal(len(shown.table))
        if not refusal and fair:  # no switch over a figure that is not drawn
            fair = st.toggle(
                "Entonnoir à structure égale", value=True, key="ou_egale", bind="query-params",
                help="Observé ÷ attendu aux taux de l’ensemble, au lieu du taux brut.",
            )  # fmt: skip
            shown = read(fair)
            refusal = _refusal(len(shown.table))
    except InsufficientData as error:
        refusal = f"Entonnoir : {safe(error.message)} {safe(error.remede)}"
    if refusal:
        st.info(refusal, icon=":material/info:")
        return
    finding.markdown(f"**{_say_finding(shown)}**")
    how = "à structure égale" if fair else "brut"
    picture = cached(
        "funnel_picture", view.key,
        lambda: chart_funnel(
            shown, group=dataset.label(by), title=f"{indicator.label} par {dataset.label(by).lower()}, {how}",
            unit=indicator.unit, size=RATES[indicator.key], is_demo=dataset.is_demo,
        ),
        fair=fair, **options,
    )  # fmt: skip
    figure.show(picture, key="entonnoir", is_demo=dataset.is_demo)
    if named := _name_outside(shown, indicator):
        st.markdown(safe(named))
    st.caption(safe(_say_limits(shown)))
    if shown.raison and not view.shared:  # it may speak of a few persons
        st.caption(safe(f"{shown.raison}."))


def _refusal(groups: int) -> str:
    """Why no funnel is drawn of so many groups that may be shown; "" when it is."""
    if not groups:  # funnel_of gives two groups at least: only the secret empties it
        return "Entonnoir, mode partage : tous ces groupes sont couverts par le secret statistique."
    return "Entonnoir : choisissez une dimension qui a moins de valeurs." if groups > MAX_GROUPS else ""


def _say_finding(funnel: Funnel) -> str:
    """Whether the groups differ, in one sentence without a technical word."""
    groups = len(funnel.table)
    far, near = (int((funnel.table["position"] == p).sum()) for p in (FAR, NEAR))
    out = far + near
    if is_missing(funnel.unit):
        if not out:
            return f"Aucun des {groups} groupes ne sort de la dispersion habituelle entre groupes."
        return f"{_count(out)} sur {groups} {_verb(out)} de la dispersion habituelle entre groupes."
    real = int((funnel.table["position_hasard"] != INSIDE).sum())
    if not real and not out:
        return f"Les écarts entre ces {groups} groupes sont de ceux que le seul hasard produit."
    if not funnel.overdispersed:
        return f"{_count(out)} sur {groups} s’écarte{'nt' if out > 1 else ''} plus que le hasard ne l’explique."
    start = f"Les écarts sont réels pour {_count(real).lower()} sur {groups}"
    if not out:
        return f"{start}, mais aucun ne sort de la dispersion habituelle entre groupes."
    return f"{start} ; {out} {_verb(out)} de la dispersion habituelle entre groupes."


def _count(groups: int) -> str:
    return f"{groups} groupe{'s' if groups > 1 else ''}"


def _verb(groups: int) -> str:
    return "sortent" if groups > 1 else "sort"


def _visible(funnel: Funnel, hidden: frozenset[str], dataset: Dataset, by: str) -> Funnel:
    """The groups that may be shown, under their labels, and the limits over their sizes alone."""
    table = funnel.table[~funnel.table["groupe"].isin(hidden)].reset_index(drop=True)
    table = table.assign(groupe=[dataset.value_label(by, v) for v in table["groupe"]])
    if table.empty:
        return replace(funnel, table=table)
    low, high = table["exposition"].min() * 0.8, table["exposition"].max() * 1.1
    return replace(funnel, table=table, limits=funnel.limits[funnel.limits["exposition"].between(low, high)])


def _name_outside(funnel: Funnel, indicator: Indicator) -> str:
    """The groups beyond each pair of limits, named with their value; "" when none is."""
    sentences = []
    for position in (FAR, NEAR):
        rows = funnel.table[funnel.table["position"] == position]
        if rows.empty:
            continue
        names = [f"{r.groupe} ({format_value(r.valeur, indicator.unit)}, {r.sens})" for r in rows.itertuples()]
        sentences.append(f"{position[:1].upper()}{position[1:]} : {_listed(names)}.")
    return " ".join(sentences)


def _say_limits(funnel: Funnel) -> str:
    groups = len(funnel.table)
    words = f"Sur {groups} groupes, {format_percent(0.05, 0)} sortent des limites à 95 % par le seul hasard."
    if not funnel.overdispersed:
        return words
    if is_missing(funnel.unit):
        return f"{words} Limites calées sur l’écart des groupes entre eux : trop peu de mois pour mesurer le hasard."
    alone = int((funnel.table["position_hasard"] != INSIDE).sum())
    return (
        f"{words} Les groupes diffèrent entre eux {format_number(funnel.phi, 1)} fois plus que le hasard (variance) : "
        "les limites dessinées, élargies d’autant (Spiegelhalter, 2005), sont celles de la dispersion habituelle entre "
        f"groupes ; {alone} groupe{'s' if alone > 1 else ''} hors des limites du hasard seul."
    )
