"""Levers, two scenarios against doing nothing, and the increase that holds a target."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import streamlit as st

from analytics.constat import describe_perimeter, same_finding
from analytics.descriptive import build_constat
from analytics.errors import InsufficientData
from analytics.french import format_euros, format_gap, format_number, format_percent, format_period, is_missing
from analytics.indicators import INDICATORS, missing_measures
from analytics.prescriptive import (
    Outcome,
    Portfolio,
    Scenario,
    build_portfolio,
    compare,
    finding_weight,
    no_lever,
    seek,
    simulate,
    to_levers,
)
from analytics.schema import CARE_DIMENSIONS, Selection
from charts.picture import Picture
from charts.scenarios import chart_scenarios
from pages.components import figure
from pages.components.cache import cached
from pages.components.cards import base_words
from pages.components.constat import measure
from pages.components.messages import safe, show_unlocks, told_in_french
from pages.components.rates import number_input, rate_input
from pages.components.sharing import hidden_values, may_show
from pages.components.sidebar import View

IDLE = "Ne rien faire"
LEVER_DIMENSIONS = ("contrat", "formule", "region")
ROWS = (
    ("pc", "Ratio P/C", "taux"),
    ("resultat", "Résultat technique", "EUR"),
    ("effectif", "Assurés", "nombre"),
    ("hausse_moyenne", "Hausse moyenne", "taux"),
)


@dataclass(frozen=True)
class Assumptions:
    """What is supposed of next year; every figure is an input of the user."""

    derive: float
    derive_sd: float
    elasticite: tuple[float, float, float]
    cible: float
    confiance: float


def choose_assumptions(view: View) -> Assumptions:
    """Inputs of next year, kept in the link; the drift starts from the one measured over the selection."""
    with st.container(border=True, key="hypotheses"):
        st.markdown("**Hypothèses de l’an prochain** (à ajuster : ce ne sont pas des mesures, sauf la dérive proposée)")
        columns = st.columns(5)
        with columns[0]:
            drift = rate_input(
                "Dérive des prestations", measured_drift(view), key="h_derive",
                help="Évolution attendue des prestations par tête. Proposée : celle mesurée sur un an ; "
                "la page Prédictif peut en donner une autre.", bounds=(-0.5, 0.5),
            )  # fmt: skip
        with columns[1]:
            spread = rate_input(
                "Incertitude de la dérive", "2 %", key="h_ecart", help="Écart-type, en points.", bounds=(0, 0.5)
            )
        with columns[2]:
            slope = number_input(
                "Élasticité", "4", key="h_elasticite",
                help="Pente du logit de résiliation. À 4, +10 % de cotisation font partir environ 2 assurés de plus "
                "sur 100 quand 5 partent déjà. Simulée de la moitié au double.", bounds=(0, 50),
            )  # fmt: skip
        with columns[3]:
            target = rate_input("Cible de P/C", "80 %", key="h_cible", bounds=(0.1, 2))
        with columns[4]:
            confidence = rate_input("Avec une chance de", "80 %", key="h_confiance", bounds=(0.5, 0.99))
    return Assumptions(drift, spread, (slope / 2, slope, slope * 2), target, confidence)


def measured_drift(view: View) -> str:
    """Change of spending per head over the last year of the whole portfolio, as a default to type over."""
    dataset = view.dataset
    if missing_measures(INDICATORS["consommation"], dataset) or len(view.opened.complete_months) < 24:
        return "3 %"
    last = view.opened.complete_months[-1]
    selection = Selection(last - pd.DateOffset(months=11), last, _contract_filters(view))
    found = cached("drift", view.key, lambda: build_constat(dataset, "consommation", selection), s=selection)
    return "3 %" if is_missing(found.evolution) else format_percent(found.evolution).replace("\u202f", " ")


def wait_portfolio(view: View, assumptions: Assumptions) -> Portfolio | None:
    """Portfolio of the perimeter, or the column that would unlock the page."""
    dataset = view.dataset
    needed = {m: None for key in ("ratio_pc", "consommation") for m in missing_measures(INDICATORS[key], dataset)}
    if needed:
        show_unlocks({" et ".join(dataset.label(m) for m in needed): ["simulation de décisions de cotisation"]})
        return None
    filters = _contract_filters(view)
    ignored = [d for d in view.selection.filtres if d in CARE_DIMENSIONS]
    if ignored:
        st.caption(
            "Les cotisations ne se décident pas par poste : la simulation porte sur tous les postes du périmètre."
        )
    scope = dataset.filtered(Selection(filtres=filters))
    options = {"elasticite": assumptions.elasticite, "derive": assumptions.derive, "derive_sd": assumptions.derive_sd}
    with told_in_french():
        try:
            return _portfolio(view, scope, filters, options, chargement=None, retention=None)
        except InsufficientData as error:
            if error.colonne not in ("frais_gestion", "resiliations"):
                raise
        left, right = st.columns(2)
        with left:
            loading = rate_input("Frais de gestion / cotisations", "20 %", key="h_chargement", bounds=(0, 0.9))
        with right:
            kept = rate_input("Assurés qui restent sans hausse", "95 %", key="h_maintien", bounds=(0.01, 0.999))
        return _portfolio(view, scope, filters, options, chargement=loading, retention=kept)
    return None


def _portfolio(view: View, scope, filters: dict, options: dict, **known) -> Portfolio:
    split = (d for d in LEVER_DIMENSIONS[:2] if d in view.dataset.cotisation.columns)
    by = tuple(d for d in split if not hidden_values(view, d, view.selection))  # a lever on a few persons shows them
    return cached(
        "portfolio", view.key,
        lambda: build_portfolio(scope, by=by, maturity_table=view.opened.maturity, **options, **known),
        filtres=filters, par=by, **options, **known,
    )  # fmt: skip


def _contract_filters(view: View) -> dict[str, tuple[str, ...]]:
    columns = view.dataset.cotisation.columns
    return {d: v for d, v in view.selection.filtres.items() if d in columns and d not in CARE_DIMENSIONS}


def choose_scenarios(view: View, portfolio: Portfolio) -> list[Scenario]:
    """Levers of the two scenarios, each with what it moves."""
    st.caption(
        "Une hausse augmente les cotisations et fait partir une part des assurés ; une action sur les prestations "
        "baisse la dépense par tête ; un point de frais en moins va droit au résultat."
    )
    scenarios = [Scenario(IDLE)]
    acts = _can_absorb(view, portfolio)
    defaults = (("0 %", "50 %"), ("3 %", "0 %")) if acts else (("3 %", "0 %"), ("5 %", "0 %"))
    for column, letter, (rate, absorbed) in zip(st.columns(2), "AB", defaults, strict=True):
        with column.container(border=True, key=f"scenario_{letter}"):
            scenarios.append(_choose_scenario(view, portfolio, letter, rate, absorbed))
    return scenarios


def _can_absorb(view: View, portfolio: Portfolio) -> bool:
    """Whether the finding followed is a rise of claims, of this very perimeter, that an action could bring down."""
    return _finding_weight(view, portfolio) > 0


def _finding_weight(view: View, portfolio: Portfolio) -> float:
    """Weight of the finding in the claims of the portfolio; 0 once the user has moved to another perimeter."""
    constat = view.constat
    if constat is None or not may_show(view, constat.selection):
        return 0.0
    if not same_finding(constat, measure(view.opened, constat.indicator, view.selection)):
        return 0.0
    return finding_weight(constat, portfolio.table)


def _choose_scenario(view: View, portfolio: Portfolio, letter: str, rate: str, part: str) -> Scenario:
    prefix = letter.lower()
    name = st.text_input(
        "Nom du scénario", f"Scénario {letter}", key=f"{prefix}_nom", bind="query-params", max_chars=40
    )
    dimension = lever_dimension(portfolio)
    values = sorted(portfolio.table[dimension].astype("str").unique()) if dimension else ["*"]
    rises = {}
    for rank, value in enumerate(values):
        label = "Hausse de cotisation"
        if dimension:
            label += f" · {safe(view.dataset.value_label(dimension, value))}"
        rises[value] = rate_input(label, rate, key=f"{prefix}_hausse_{rank}")
    claims = rate_input(
        "Évolution des prestations par tête", "0 %", key=f"{prefix}_prestations",
        help="Réseau de soins, prévention, garanties : −2 % pour deux pour cent de moins.",
    )  # fmt: skip
    absorbed = 0.0
    if _can_absorb(view, portfolio):
        absorbed = rate_input(
            "Part du constat résorbée", part, key=f"{prefix}_constat",
            help=f"100 % ramène « {safe(describe_perimeter(view.constat.selection, view.dataset))} » à son niveau de "
            f"référence : {format_euros(view.constat.euros)} de moins.",
        )  # fmt: skip
    loading = rate_input("Frais de gestion (points de cotisation)", "0 %", key=f"{prefix}_frais")
    return Scenario(name or f"Scénario {letter}", rises, claims, absorbed, loading)


def lever_dimension(portfolio: Portfolio) -> str | None:
    """Dimension by which increases are given: the first with two to four values."""
    table = portfolio.table
    return next((d for d in LEVER_DIMENSIONS if d in table.columns and 1 < table[d].nunique() <= 4), None)


@dataclass(frozen=True)
class Comparison:
    """What the page shows of scenarios played together."""

    picture: Picture
    table: pd.DataFrame
    warnings: tuple[str, ...]
    verdict: str


def show_comparison(view: View, portfolio: Portfolio, assumptions: Assumptions, scenarios: list[Scenario]) -> None:
    """Ranges of the P/C, the table of the indicators, and who wins, if anyone does."""
    weight = _finding_weight(view, portfolio)
    with told_in_french():
        shown = cached(
            "comparison", view.key,
            lambda: _compare(
                portfolio, scenarios, weight, target=assumptions.cible, base=base_words(view.dataset),
                is_demo=view.dataset.is_demo,
            ),
            portefeuille=fingerprint(portfolio), scenarios=scenarios, poids=weight, cible=assumptions.cible,
        )  # fmt: skip
        st.caption(f"Point de départ : {format_period(portfolio.debut, portfolio.fin)}, derniers mois complets.")
        figure.show(shown.picture, key="comparaison", is_demo=view.dataset.is_demo)
        figure.show_table(shown.table)
        for warning in shown.warnings:
            st.caption(safe(warning))
        st.markdown(f"**{safe(shown.verdict)}**")


def fingerprint(portfolio: Portfolio) -> str:
    """What identifies a portfolio: its few rows, written in full."""
    return portfolio.table.to_csv()


def _compare(
    portfolio: Portfolio, scenarios: list[Scenario], weight: float, *, target: float, base: str, is_demo: bool
) -> Comparison:
    outcomes = _simulate(portfolio, scenarios, weight)
    ranges = pd.DataFrame([{"scenario": name, **_quantiles(o, "pc")} for name, o in outcomes.items()])
    picture = chart_scenarios(
        ranges, title=f"Ratio P/C l’an prochain ({base})", unit="taux", target=target, is_demo=is_demo
    )
    warnings = dict.fromkeys(w for o in outcomes.values() for w in o.warnings)
    return Comparison(picture, _table(outcomes, target), tuple(warnings), _verdict(outcomes))


def _simulate(portfolio: Portfolio, scenarios: list[Scenario], weight: float) -> dict[str, Outcome]:
    """Outcome of each scenario, under a name of its own."""
    dimension = lever_dimension(portfolio)
    outcomes = {}
    for scenario in scenarios:
        name = scenario.nom if scenario.nom not in outcomes else f"{scenario.nom} (2)"
        outcomes[name] = _play(portfolio, scenario, dimension, weight)
    return outcomes


def _play(portfolio: Portfolio, scenario: Scenario, dimension: str | None, weight: float) -> Outcome:
    idle = scenario == Scenario(IDLE)
    levers = no_lever() if idle else to_levers(scenario, portfolio.table, dimension=dimension, weight=weight)
    return simulate(portfolio.table, levers)


def _quantiles(outcome: Outcome, indicator: str) -> dict[str, float]:
    row = outcome.quantiles.set_index("indicateur").loc[indicator]
    return {"p10": row["p10"], "p50": row["p50"], "p90": row["p90"]}


def _table(outcomes: dict[str, Outcome], target: float) -> pd.DataFrame:
    """One row by indicator, one column by scenario, with the gap to doing nothing."""
    first = next(iter(outcomes.values()))
    table = {"Indicateur": [label for _, label, _ in ROWS] + [f"Chances d’un P/C ≤ {format_percent(target)}"]}
    for name, outcome in outcomes.items():
        cells = []
        for key, _, unit in ROWS:
            value = outcome.value(key)
            text = {"taux": format_percent, "EUR": format_euros, "nombre": format_number}[unit](value)
            gap = value - first.value(key)
            change = format_number(gap, signed=True) if unit == "nombre" else format_gap(gap, unit)
            cells.append(text if outcome is first else f"{text} ({change})")
        cells.append(format_percent(outcome.probability("pc", target), 0))
        table[name] = cells
    return pd.DataFrame(table)


def _verdict(outcomes: dict[str, Outcome]) -> str:
    """Who wins on the result against doing nothing, and between the two scenarios."""
    names = list(outcomes)
    pair = compare({name: outcomes[name] for name in names[1:]}, indicators=("resultat",)).iloc[-1]
    if pair["verdict"] == "pas de gagnant":
        return f"Entre « {names[1]} » et « {names[2]} », pas de gagnant sur le résultat : l’écart est dans le bruit."
    best, other = (names[2], names[1]) if pair["verdict"] == "meilleur" else (names[1], names[2])
    chance = pair["probabilite"] if best == names[2] else 1 - pair["probabilite"]
    gap = abs(pair["ecart"])
    return (
        f"« {best} » donne un meilleur résultat que « {other} » dans {format_percent(chance, 0)} des tirages "
        f"({format_euros(gap, signed=True)} en valeur centrale)."
    )


def show_seek(view: View, portfolio: Portfolio, assumptions: Assumptions) -> None:
    """The smallest uniform increase that holds the target with the chance asked."""
    with told_in_french():
        found = cached(
            "seek", view.key,
            lambda: seek(
                portfolio.table, levier="hausse", indicator="pc", target=assumptions.cible,
                probability=assumptions.confiance,
            ),
            portefeuille=fingerprint(portfolio), hypotheses=assumptions,
        )  # fmt: skip
        if found.status == "atteint":
            st.success(safe(found.phrase), icon=":material/check_circle:")
        else:
            st.warning(safe(found.phrase), icon=":material/block:")


def show_notes(portfolio: Portfolio) -> None:
    """What was measured and what is supposed."""
    with st.expander("Ce qui est mesuré, ce qui est supposé", icon=":material/fact_check:"):
        st.markdown("\n".join(f"- {safe(note)}" for note in portfolio.notes))
