"""The one home of every indicator: label, unit, direction, formula and definition.

A ratio is always recomputed from sums, never averaged; a zero denominator gives NaN and a reason.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from analytics.errors import ParameterError
from analytics.schema import COTISATION_MEASURES, Dataset

#: A measure of one of the two tables with its sign or weight in a sum.
Term = tuple[str, float]
MONTHS_PER_YEAR = 12
_MONEY_WORDS = re.compile(
    r"€|_eur|eur\b|euro|montant|frais|d[ée]pense|rembours|reste|co[ûu]t|prix|tarif|provision|taxe"
)


@dataclass(frozen=True)
class Indicator:
    """One figure that a mutual steers by.

    Attributes
    ----------
    key : str
        Name used in code and links.
    label : str
        French name shown on the screen.
    unit : {"EUR", "EUR/unite", "taux", "nombre"}
        How :func:`analytics.french.format_value` writes it.
    higher_is_better : bool or None
        Good direction for the mutual; None when neither is good.
    numerator, denominator : tuple of (measure, weight)
        Weighted sums of measures; an empty denominator means the numerator itself.
    definition : str
        Formula in French, as printed in the glossary and exports.
    reference : str
        Where the definition comes from.
    optional : frozenset of str
        Measures that the formula does without when the file lacks them.
    """

    key: str
    label: str
    unit: str
    higher_is_better: bool | None
    numerator: tuple[Term, ...]
    denominator: tuple[Term, ...] = ()
    definition: str = ""
    reference: str = ""
    optional: frozenset[str] = frozenset()

    @property
    def measures(self) -> tuple[str, ...]:
        """Every measure that the formula needs."""
        return tuple(measure for measure, _ in (*self.numerator, *self.denominator))

    @property
    def is_money(self) -> bool:
        """Whether the numerator is in euros, so that a gap can be told in euros."""
        return self.unit in ("EUR", "EUR/unite", "taux")


_DREES = "DREES, rapport annuel sur la situation financière des organismes complémentaires"
_REGISTRY = (
    Indicator("cotisation", "Cotisations", "EUR", True, (("cotisation", 1),), (),
              "Somme des cotisations, dans la base du fichier (TTC, HT ou nette).", _DREES),
    Indicator("prestation", "Prestations", "EUR", False, (("prestation", 1),), (),
              "Somme des remboursements versés par la mutuelle, hors part de la Sécurité sociale.", _DREES),
    Indicator("ratio_pc", "Ratio P/C", "taux", False, (("prestation", 1),), (("cotisation", 1),),
              "Prestations ÷ cotisations, base des cotisations affichée.", _DREES),
    Indicator("consommation", "Consommation par tête", "EUR/unite", False,
              (("prestation", 1),), (("beneficiaires", 1),),
              "Prestations ÷ bénéficiaires (mois-personnes) : euros par bénéficiaire et par mois.",
              "Pratique actuarielle"),
    Indicator("frequence", "Fréquence", "nombre", None, (("actes", 1),), (("beneficiaires", 1 / MONTHS_PER_YEAR),),
              "Actes ÷ bénéficiaires, par année d’exposition : actes par personne et par an.", "Pratique actuarielle"),
    Indicator("cout_moyen", "Coût moyen par acte", "EUR/unite", False, (("prestation", 1),), (("actes", 1),),
              "Prestations ÷ actes.", "Pratique actuarielle"),
    Indicator("reste_a_charge_moyen", "Reste à charge moyen", "EUR/unite", False,
              (("frais_reels", 1), ("remboursement_amo", -1), ("prestation", -1)), (("actes", 1),),
              "(Frais réels − remboursements de la Sécurité sociale − prestations) ÷ actes.", _DREES),
    Indicator("taux_couverture", "Taux de couverture", "taux", True, (("prestation", 1),),
              (("frais_reels", 1), ("remboursement_amo", -1)),
              "Prestations ÷ (frais réels − remboursements de la Sécurité sociale).", _DREES),
    Indicator("resultat_technique", "Résultat technique", "EUR", True,
              (("cotisation", 1), ("prestation", -1), ("frais_gestion", -1)), (),
              "Cotisations − prestations − frais de gestion (quand le fichier les donne).", _DREES,
              optional=frozenset({"frais_gestion"})),
    Indicator("frais_reels", "Frais réels", "EUR", None, (("frais_reels", 1),), (),
              "Somme de ce qui a été facturé au patient.", "Nomenclature de l’Assurance maladie"),
    Indicator("remboursement_amo", "Remboursements AMO", "EUR", None, (("remboursement_amo", 1),), (),
              "Somme des remboursements de la Sécurité sociale.", "Nomenclature de l’Assurance maladie"),
    Indicator("beneficiaires", "Bénéficiaires (mois-personnes)", "nombre", True, (("beneficiaires", 1),), (),
              "Exposition : une personne couverte un an compte pour douze mois-personnes.", "Pratique actuarielle"),
    Indicator("actes", "Actes", "nombre", None, (("actes", 1),), (), "Nombre d’actes.", "Pratique actuarielle"),
    Indicator("taux_frais_gestion", "Taux de frais de gestion", "taux", False, (("frais_gestion", 1),),
              (("cotisation", 1),), "Frais de gestion ÷ cotisations.", _DREES),
)  # fmt: skip
INDICATORS: dict[str, Indicator] = {indicator.key: indicator for indicator in _REGISTRY}

#: Indicators of the first screen, in their order.
HEADLINES = ("prestation", "cotisation", "ratio_pc", "consommation")


def get_indicator(key: str, dataset: Dataset | None = None) -> Indicator:
    """Indicator of that key; an extra measure of the dataset is its own indicator.

    Raises
    ------
    ParameterError
        Neither a registered key nor a measure of the dataset.
    """
    if key in INDICATORS:
        return _on_base(INDICATORS[key], dataset)
    if dataset is not None:
        for frame in (dataset.prestation, dataset.cotisation):
            if key in frame.columns and frame[key].dtype.kind in "fiu":
                unit = "EUR" if _looks_like_money(key, dataset) else "nombre"
                return Indicator(
                    key, dataset.label(key), unit, None, ((key, 1),), (), "Mesure propre au fichier, sommée."
                )
    raise ParameterError("Indicateur inconnu.", valeur=key, remede=f"Indicateurs possibles : {', '.join(INDICATORS)}.")


def deducts_costs(dataset: Dataset) -> bool:
    """Whether a result takes management costs off premiums: the file has them, and they are not off already."""
    return "frais_gestion" in dataset.cotisation.columns and dataset.base != "nette"


def _on_base(indicator: Indicator, dataset: Dataset | None) -> Indicator:
    """The result on premiums net of loadings, from which management costs are off already."""
    if indicator.key != "resultat_technique" or dataset is None or dataset.base != "nette":
        return indicator
    terms = tuple(term for term in indicator.numerator if term[0] != "frais_gestion")
    words = "Cotisations nettes − prestations : les frais de gestion sont déjà retirés des cotisations nettes."
    return replace(indicator, numerator=terms, definition=words, optional=frozenset())


def extra_measures(dataset: Dataset) -> list[str]:
    """Measures of `prestation` that the file brought and the contract does not know."""
    care = dataset.prestation
    return [m for m in dataset.labels if m in care.columns and care[m].dtype.kind == "f"]


def _looks_like_money(measure: str, dataset: Dataset) -> bool:
    """Whether the title of a measure, in the file or ours, says that it is an amount."""
    titles = [measure, dataset.label(measure), *(t for t, canonical in dataset.mapping.items() if canonical == measure)]
    return any(_MONEY_WORDS.search(title.lower()) for title in titles)


def missing_measures(indicator: Indicator, dataset: Dataset) -> tuple[str, ...]:
    """Measures that the formula needs and that the dataset lacks."""
    return tuple(m for m in indicator.measures if m not in indicator.optional and m not in table_of(m, dataset).columns)


def table_of(measure: str, dataset: Dataset):
    """The fact table that holds a measure."""
    in_cotisation = measure in COTISATION_MEASURES or (
        measure in dataset.cotisation.columns and measure not in dataset.prestation.columns
    )
    return dataset.cotisation if in_cotisation else dataset.prestation


def available_indicators(dataset: Dataset) -> tuple[Indicator, ...]:
    """Registered indicators that the dataset can compute, in the order of the registry."""
    return tuple(i for i in _REGISTRY if not missing_measures(i, dataset))


def headline_keys(dataset: Dataset) -> list[str]:
    """Headline indicators of a dataset: the main measure stands in for the prestations it lacks."""
    main = dataset.main_measure
    keys = [main if key == "prestation" and main not in (None, "prestation") else key for key in HEADLINES]
    if main is not None and main != "prestation":
        keys += [m for m in ("remboursement_amo",) if m in dataset.prestation.columns and m not in keys]
        keys += extra_measures(dataset)
    return [k for k in keys if not missing_measures(get_indicator(k, dataset), dataset)][:4]


def label_with_base(indicator: Indicator, dataset: Dataset) -> str:
    """Label of an indicator; a ratio on premiums always prints their base."""
    if "cotisation" not in indicator.measures:
        return indicator.label
    return f"{indicator.label} ({base_words(dataset)})"


def base_words(dataset: Dataset) -> str:
    """Base of the premiums, as printed beside every ratio on them."""
    return f"base {dataset.base}" if dataset.base else "base non précisée"
