"""What every section of the Prescriptif page is given: a portfolio, its futures, the scenarios played on them."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd
import streamlit as st

from analytics.disclosure import PERSONS, REASON, K, may_share, persons_of, protect_indicator
from analytics.errors import InsufficientData, ParameterError
from analytics.indicators import INDICATORS, missing_measures
from analytics.prescriptive import (
    IDLE,
    Outcome,
    Portfolio,
    Reponse,
    Simulator,
    Target,
    Taxes,
    Uniform,
    build_portfolio,
    match_uniform,
    prepare,
    read_taxes,
)
from analytics.prescriptive.portfolio import measured_heads, measured_period
from analytics.schema import CARE_DIMENSIONS, Dataset, Selection
from data.references import load_taxes
from pages.components.cache import cached, digest
from pages.components.drift import Drift, wait_drift
from pages.components.hypotheses import Hypotheses, choose_hypotheses, contract_filters
from pages.components.levers import Bench, choose_scenarios, to_frame, unused_name
from pages.components.messages import show_unlocks, told_in_french
from pages.components.rates import rate_input
from pages.components.responses import choose_responses, choose_taxes
from pages.components.sent_plan import sent_plan
from pages.components.sharing import may_show
from pages.components.sidebar import View

#: Dimensions that the segments are made from; in « partage » mode, the first of their choices without a small segment.
SEGMENTS = ("contrat", "formule", "tranche_age")
#: Segments beyond which a lever would take more than a moment to be played.
MOST_SEGMENTS = 2000


@dataclass(frozen=True)
class Lab:
    """Scenarios played on one portfolio.

    Attributes
    ----------
    portfolio : Portfolio
        In « partage » mode, no segment of it counts fewer than 11 persons.
    simulator : Simulator
        Its futures, drawn once.
    scenarios : mapping of str to pandas.DataFrame
        Levers by name, « Ne rien faire » (the taxes that befall everyone) first.
    outcomes : mapping of str to Outcome
        The same, played.
    uniforms : mapping of str to Uniform
        By scenario, « Ne rien faire » left out: the uniform increase of the same result.
    targets : tuple of Target
        The P/C first.
    key : str
        Digest of the portfolio and of everything that is supposed, scenarios left out: for :func:`cached`.
    names : mapping of str to str
        Digest of each scenario, its name left out: for :func:`cached`.
    confiance : float
        Probability from which a target is held.
    """

    portfolio: Portfolio
    simulator: Simulator
    scenarios: Mapping[str, pd.DataFrame]
    outcomes: Mapping[str, Outcome]
    uniforms: Mapping[str, Uniform]
    targets: tuple[Target, ...]
    key: str
    names: Mapping[str, str] = field(default_factory=dict)
    confiance: float = 0.8

    @property
    def notes(self) -> tuple[str, ...]:
        """What was measured and what is supposed, in French."""
        futures = self.simulator.futures
        if futures is None:
            return self.portfolio.notes
        typed = "Hypothèse : dérive des prestations"
        return (*(n for n in self.portfolio.notes if not n.startswith(typed)), *futures.notes)


def wait_lab(view: View) -> Lab | None:
    """The inputs of the page, and the scenarios played; None when the file, or an input, does not allow it."""
    if not _can_simulate(view) or not _may_play(view):
        return None
    pulled_first, supposed = st.container(), st.container()  # levers are played with; assumptions are set once
    with told_in_french():
        supposed.header("Hypothèses")
        with supposed.container(border=True, key="hypotheses"):
            asked = choose_hypotheses(view)
            portfolio = _wait_portfolio(view, asked)
            heads, *columns = st.columns(3, vertical_alignment="bottom")
            taxes = _taxes(view, portfolio)
            idle = choose_taxes(taxes, columns)
            drift = wait_drift(view, portfolio, asked, heads)
            responses = choose_responses()
        bench = _bench(view, portfolio, drift, responses, taxes)
        with pulled_first:
            st.header("Leviers")
            pulled = choose_scenarios(view, bench)
            for name, levers in sent_plan(portfolio.table["segment"]).items():
                pulled[unused_name(name, pulled)] = levers
        return _play(view, bench, asked, tuple(idle.itertuples(index=False, name=None)), pulled)
    return None


def _can_simulate(view: View) -> bool:
    dataset = view.dataset
    needed = {m: None for key in ("ratio_pc", "consommation") for m in missing_measures(INDICATORS[key], dataset)}
    if needed:
        show_unlocks({" et ".join(dataset.label(m) for m in needed): ["simulation de décisions de cotisation"]})
        return False
    if any(d in CARE_DIMENSIONS for d in view.selection.filtres):
        st.caption(
            "Les cotisations ne se décident pas par poste : la simulation porte sur tous les postes du périmètre."
        )
    return True


def _may_play(view: View) -> bool:
    """Whether the months that a portfolio is measured on may be shown, whatever months the page shows."""
    if not view.shared:
        return True
    last = _last_year(view, contract_filters(view))
    if last is None or (may_show(view, last) and _segments(view) is not None):
        return True  # without a whole year, there is no portfolio either: the page says so
    st.info(
        f"Mode partage : sur les douze derniers mois complets, ce périmètre compte moins de {K} personnes, permettrait "
        "de les retrouver par différence, ou son nombre d’assurés n’est pas dans le fichier. Élargissez le périmètre, "
        "ou quittez le mode partage.",
        icon=":material/shield_lock:",
    )
    return False


def _wait_portfolio(view: View, asked: Hypotheses) -> Portfolio:
    """Portfolio of the perimeter; what the file lacks is asked for."""
    try:
        return _portfolio(view, asked, chargement=None, retention=None)
    except InsufficientData as error:
        if error.colonne not in ("frais_gestion", "resiliations"):
            raise
    left, right = st.columns(2)
    with left:
        loading = rate_input(
            "Frais de gestion / cotisations", "20 %", key="h_chargement", bounds=(0, 0.9),
            help="Sert si le fichier n’a pas les frais de gestion.",
        )  # fmt: skip
    with right:
        kept = rate_input(
            "Assurés qui restent sans hausse", "95 %", key="h_maintien", bounds=(0.01, 0.999),
            help="Sert si le fichier n’a pas les résiliations.",
        )  # fmt: skip
    return _portfolio(view, asked, chargement=loading, retention=kept)


def _portfolio(view: View, asked: Hypotheses, **known: float | None) -> Portfolio:
    filters = contract_filters(view)
    by = _segments(view) or ()
    low, high = asked.hausses
    options = {"elasticite": asked.elasticite, "derive": asked.derive, "derive_sd": asked.ecart,
               "hausse_min": low, "hausse_max": high, **known}  # fmt: skip
    return cached(
        "portfolio", view.key,
        lambda: build_portfolio(
            view.dataset.filtered(Selection(filtres=filters)), by=by, maturity_table=view.opened.maturity, **options
        ),
        filtres=filters, par=by, **options,
    )  # fmt: skip


def _segments(view: View) -> tuple[str, ...] | None:
    shown = (view.selection.debut, view.selection.fin) if view.shared else None
    return cached(
        "segments", view.key, lambda: segments_of(view), filtres=contract_filters(view), partage=view.shared, mois=shown
    )


def segments_of(view: View) -> tuple[str, ...] | None:
    """Dimensions of the segments: as fine as a lever allows; None when the secrecy of « partage » mode allows none."""
    dataset, filters = view.dataset, contract_filters(view)
    known = [d for d in SEGMENTS if d in dataset.cotisation.columns and d in dataset.prestation.columns]
    members = dataset.cotisation[Selection(filtres=filters).mask(dataset.cotisation)]
    choices = (c for size in range(len(known), -1, -1) for c in itertools.combinations(known, size))
    for by in choices:
        if by and len(members[list(by)].drop_duplicates()) > MOST_SEGMENTS:
            continue
        if not view.shared or _all_large(view, by, filters):
            return by
    return None


def _last_year(view: View, filters: dict) -> Selection | None:
    """Perimeter over the months of the portfolio; None without a whole year."""
    try:
        period = measured_period(view.dataset.filtered(Selection(filtres=filters)), view.opened.complete_months)
    except InsufficientData:
        return None
    return Selection(*period, filters)


def _all_large(view: View, by: tuple[str, ...], filters: dict) -> bool:
    """Whether each segment may be shown, over the months of the portfolio as over those of the page."""
    last = _last_year(view, filters)
    if last is None:
        return not by
    # A segment counts the mean of its months, which may be under the largest one that the house rule looks at.
    whole = view.dataset.filtered(Selection(filtres=filters))
    if PERSONS not in whole.cotisation or not (measured_heads(whole, by, (last.debut, last.fin)) >= K).all():
        return False
    shown = Selection(view.selection.debut, view.selection.fin, filters)
    return all(_nothing_hidden(view.dataset, by, period) for period in (last, shown))


def _nothing_hidden(dataset: Dataset, by: tuple[str, ...], period: Selection) -> bool:
    """Whether the house rule masks no segment: none is small, nor found by difference with another perimeter."""
    counts = persons_of(dataset, by, period)
    # A cell with claims and nobody known, or an unknown number, is small too.
    if not len(counts) or not (counts[PERSONS] >= K).all():
        return False
    try:
        if not by:
            return may_share(dataset, period)
        return not (protect_indicator(counts.assign(valeur=1.0), dataset, by, period)["raison"] == REASON).any()
    except ParameterError:  # too many cells to be sure
        return False


def _taxes(view: View, portfolio: Portfolio) -> Taxes:
    month = portfolio.fin + pd.DateOffset(months=1)
    return cached(
        "taxes", view.key, lambda: read_taxes(load_taxes(), month, base=view.dataset.base), mois=month
    )  # fmt: skip


def _bench(view: View, portfolio: Portfolio, drift: Drift, responses: tuple[Reponse, ...], taxes: Taxes) -> Bench:
    """The futures drawn once for a portfolio and what is supposed of it."""
    key = digest(view.key, portfolio.table.to_csv(), drift.key, responses, str(taxes), view.shared)
    simulator = cached(
        "simulator", view.key,
        lambda: prepare(portfolio.table, postes=portfolio.postes, futures=drift.futures, responses=responses,
                        taxes=taxes),
        cle=key,
    )  # fmt: skip
    return Bench(portfolio, simulator, key)


def _play(view: View, bench: Bench, asked: Hypotheses, idle: tuple, pulled: Mapping[str, tuple]) -> Lab:
    """Doing nothing, then each scenario: only the one that moved is played again."""
    simulator = bench.simulator
    common = tuple((segment, lever, "*", value) for segment, lever, value in idle)
    rows = {IDLE: common, **{name: (*common, *levers) for name, levers in pulled.items()}}
    frames = {name: to_frame(levers) for name, levers in rows.items()}
    outcomes = {
        name: cached("outcome", view.key, lambda n=name: simulator.play(frames[n]), cle=bench.key, leviers=levers)
        for name, levers in rows.items()
    }
    uniforms = {
        name: cached(
            "uniform", view.key, lambda n=name: match_uniform(simulator, outcomes[n], idle=frames[IDLE]),
            cle=bench.key, leviers=levers, rien=common,
        )
        for name, levers in rows.items()
        if name != IDLE
    }  # fmt: skip
    names = {name: digest(bench.key, levers) for name, levers in rows.items()}
    return Lab(bench.portfolio, simulator, frames, outcomes, uniforms, asked.targets, bench.key, names,
               asked.confiance)  # fmt: skip
