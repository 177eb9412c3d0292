"""What is supposed of next year and what is aimed at; every figure is an input of the user, kept in the link."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import streamlit as st

from analytics.descriptive import build_constat
from analytics.french import format_percent, is_missing
from analytics.indicators import INDICATORS, missing_measures
from analytics.prescriptive import Target
from analytics.schema import CARE_DIMENSIONS, Selection
from pages.components.cache import cached
from pages.components.rates import rate_input
from pages.components.sharing import may_show
from pages.components.sidebar import View
from pages.components.typed import Interval, interval_input, optional_input

FORECAST, TYPED = "Prévision", "Saisie"
SLOPES = (0.0, 50.0)
RISES = (-0.5, 1.0)
UNKNOWN_DRIFT = "3 %"


@dataclass(frozen=True)
class Hypotheses:
    """Assumptions and targets.

    Attributes
    ----------
    source : {"Prévision", "Saisie"}
        Where the drift of claims comes from.
    derive, ecart : float
        Drift typed, and its standard deviation: what is used without a forecast.
    elasticite : tuple of float
        Low, centre, high slope of the logit.
    hausses : tuple of float
        Increases allowed.
    cible, confiance : float
        P/C aimed at, and the probability asked.
    targets : tuple of Target
        That P/C, then the other targets.
    """

    source: str
    derive: float
    ecart: float
    elasticite: Interval
    hausses: tuple[float, float]
    cible: float
    confiance: float
    targets: tuple[Target, ...]


def choose_hypotheses(view: View) -> Hypotheses:
    """Targets first, then what is supposed of next year."""
    st.markdown("**Vos cibles**")
    cible, confiance, targets = _choose_targets()
    st.markdown("**Ce que vous supposez de l’an prochain** (à ajuster : ce ne sont pas des mesures)")
    columns = st.columns(5)
    with columns[0]:
        source = st.segmented_control(
            "Dérive des prestations", (FORECAST, TYPED), default=FORECAST, required=True, key="h_source",
            bind="query-params", help="La prévision de la page Prédictif, poste par poste, ou votre propre saisie.",
        ) or FORECAST  # fmt: skip
    with columns[1]:
        drift = rate_input(
            "Dérive saisie", measured_drift(view), key="h_derive", bounds=(-0.5, 0.5),
            help="Évolution des prestations par tête en un an. Proposée : celle mesurée sur un an. Sert quand la "
            "prévision n’est pas choisie, ou pas encore prête.",
        )  # fmt: skip
    with columns[2]:
        spread = rate_input(
            "Son incertitude", "2 %", key="h_ecart", help="Écart-type, en points.", bounds=(0, 0.5)
        )  # fmt: skip
    with columns[3]:
        slope = _choose_slope()
    with columns[4]:
        rises = _choose_rises()
    return Hypotheses(source, drift, spread, slope, rises, cible, confiance, targets)


def _choose_targets() -> tuple[float, float, tuple[Target, ...]]:
    columns = st.columns(5)
    with columns[0]:
        cible = rate_input("P/C d’au plus", "80 %", key="h_cible", bounds=(0.1, 2))
    with columns[1]:
        result = optional_input(
            "Résultat d’au moins", key="h_resultat", unit="EUR", bounds=(-1e12, 1e12),
            help="En euros par an : 1,2 M€, 350 k€, 1 200 000. Vide : pas de cible.",
        )  # fmt: skip
    with columns[2]:
        kept = optional_input(
            "Assurés gardés, au moins", key="h_gardes", unit="taux", bounds=(0, 1),
            help="Part des assurés d’aujourd’hui qui restent : 90 %. Vide : pas de cible.",
        )  # fmt: skip
    with columns[3]:
        rise = optional_input(
            "Hausse d’au plus", key="h_moyenne", unit="taux", bounds=RISES,
            help="Hausse moyenne décidée, hors taxes répercutées. Vide : pas de cible.",
        )  # fmt: skip
    with columns[4]:
        confidence = rate_input(
            "Avec une chance de", "80 %", key="h_confiance", bounds=(0.5, 0.99),
            help="Une cible est tenue quand elle l’est dans cette part des futurs.",
        )  # fmt: skip
    asked = (("resultat", result, "au_moins"), ("retention", kept, "au_moins"), ("hausse_moyenne", rise, "au_plus"))
    others = (Target(key, value, side) for key, value, side in asked if value is not None)
    return cible, confidence, (Target("pc", cible, "au_plus"), *others)


def _choose_slope() -> Interval:
    """Slope and its interval; a lone number goes from its half to its double."""
    low, value, high = interval_input(
        "Élasticité des départs", "4 (2 à 8)", key="h_elasticite", unit="nombre", bounds=SLOPES,
        help="Pente du logit de résiliation. À 4, +10 % de cotisation font partir environ 2 assurés de plus sur 100 "
        "quand 5 partent déjà. Entre parenthèses : l’intervalle à 80 %. Un nombre seul va de sa moitié à son double.",
    )  # fmt: skip
    return (value / 2, value, value * 2) if low == value == high else (low, value, high)


def _choose_rises() -> tuple[float, float]:
    low, _, high = interval_input(
        "Hausses permises", "0 % (−5 % à 15 %)", key="h_bornes", unit="taux", bounds=RISES,
        help="Entre parenthèses : la plus petite et la plus grande hausse d’un segment. La recherche reste dedans.",
    )  # fmt: skip
    return low, high


def measured_drift(view: View) -> str:
    """Change of spending per head over the last year of the whole portfolio, as a default to type over."""
    dataset = view.dataset
    if missing_measures(INDICATORS["consommation"], dataset) or len(view.opened.complete_months) < 24:
        return UNKNOWN_DRIFT
    last = view.opened.complete_months[-1]
    selection = Selection(last - pd.DateOffset(months=11), last, contract_filters(view))
    if not may_show(view, selection):
        return UNKNOWN_DRIFT
    found = cached("drift", view.key, lambda: build_constat(dataset, "consommation", selection), s=selection)
    return UNKNOWN_DRIFT if is_missing(found.evolution) else format_percent(found.evolution).replace("\u202f", " ")


def contract_filters(view: View) -> dict[str, tuple[str, ...]]:
    """The perimeter without the dimensions of care: premiums are not decided by poste."""
    columns = view.dataset.cotisation.columns
    return {d: v for d, v in view.selection.filtres.items() if d in columns and d not in CARE_DIMENSIONS}
