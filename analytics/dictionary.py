"""The dictionary of a dataset: each indicator defined, with its formula written in the user's own numbers."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from analytics.bases import DEFINITIONS as BASE_DEFINITIONS
from analytics.descriptive import compute_total
from analytics.descriptive.account import LINES
from analytics.french import MINUS, format_euros, format_number, format_percent, format_period, is_missing
from analytics.indicators import (
    INDICATORS,
    MONTHS_PER_YEAR,
    Indicator,
    Term,
    extra_measures,
    get_indicator,
    missing_measures,
    table_of,
)
from analytics.schema import COTISATION_MEASURES, MONEY_MEASURES, Dataset, Selection

NO_OWNER = "à désigner"
DIRECTIONS = {
    True: "une hausse est favorable",
    False: "une baisse est favorable",
    None: "ni hausse ni baisse n’est bonne",
}
_UNITS = {"EUR": "euros", "EUR/unite": "euros par unité", "taux": "pourcentage", "nombre": "nombre"}
_HOUSE = "Paliers, compte de résultat technique"
_OTHERS = {
    "survenance": ("Survenance", "Classement par mois où les soins ont eu lieu.", "Pratique actuarielle"),
    "exercice": ("Exercice comptable", "Classement par mois où les soins ont été payés.", "Pratique actuarielle"),
    "part_connue": (
        "Part déjà connue",
        "Payé ÷ coût final estimé (ultime), en euros sur toute la période.",
        "Méthode de Mack (1993) et de Bornhuetter et Ferguson (1972)",
    ),
}


@dataclass(frozen=True)
class Entry:
    """One term of the dictionary.

    Attributes
    ----------
    key : str
        Name in code and links.
    terme : str
        French name.
    genre : {"Indicateur", "Compte", "Base", "Notion"}
        Kind of term.
    definition : str
        Formula in words.
    calcul : str
        The same formula with the numbers of the dataset; empty when it has none.
    valeur : float
        Its result, NaN when it cannot be computed.
    raison : str
        Why it cannot, in French.
    unite, sens, base, colonnes : str
        Unit, good direction, base of the premiums, and columns of the file behind it.
    proprietaire, source : str
        Who answers for it, and where the definition comes from.
    """

    key: str
    terme: str
    genre: str
    definition: str
    calcul: str = ""
    valeur: float = np.nan
    raison: str = ""
    unite: str = ""
    sens: str = ""
    base: str = ""
    colonnes: str = ""
    proprietaire: str = NO_OWNER
    source: str = ""


def build_dictionary(
    dataset: Dataset, selection: Selection, *, owners: Mapping[str, str] | None = None
) -> tuple[Entry, ...]:
    """Every indicator, those of the file included, then the lines of the account and the notions behind them.

    Parameters
    ----------
    dataset : Dataset
        Completed data.
    selection : Selection
        Period and perimeter of the numbers.
    owners : mapping of str to str, optional
        Who answers for each key.
    """
    keys = [*INDICATORS, *(m for m in extra_measures(dataset) if m not in INDICATORS)]
    entries = [_indicator_entry(dataset, get_indicator(k, dataset), selection) for k in keys]
    entries += [
        Entry(f"compte_{key}", label, "Compte", definition, unite="euros", source=_HOUSE)
        for key, (label, definition) in LINES.items()
    ]
    entries += [
        Entry(
            f"base_{base.lower()}", f"Base {base}", "Base", definition, unite="euros", source="Pratique de la branche"
        )
        for base, definition in BASE_DEFINITIONS.items()
    ]
    entries += [Entry(key, label, "Notion", text, source=source) for key, (label, text, source) in _OTHERS.items()]
    named = owners or {}
    return tuple(replace(e, proprietaire=named.get(e.key, "").strip() or NO_OWNER) for e in entries)


def search(entries: tuple[Entry, ...], query: str) -> tuple[Entry, ...]:
    """Entries that hold every word of the query, whatever its accents and capitals; in the order given.

    An empty query keeps everything.
    """
    words = fold(query).split()
    texts = [
        fold(" ".join((e.terme, e.key.replace("_", " "), e.genre, e.definition, e.proprietaire, e.source, e.colonnes)))
        for e in entries
    ]
    return tuple(e for e, text in zip(entries, texts, strict=True) if all(word in text for word in words))


def fold(text: str) -> str:
    """Text without accents nor capitals, its apostrophes plain."""
    plain = unicodedata.normalize("NFKD", text.replace("’", "'").replace("œ", "oe").replace("Œ", "OE"))
    return "".join(c for c in plain if not unicodedata.combining(c)).casefold()


def to_table(entries: tuple[Entry, ...]) -> pd.DataFrame:
    """The dictionary under French headers, as shown and exported."""
    names = {
        "terme": "Terme", "genre": "Genre", "definition": "Définition", "calcul": "Avec vos chiffres", "unite": "Unité",
        "sens": "Sens", "base": "Base", "colonnes": "Colonnes du fichier", "proprietaire": "Propriétaire",
        "source": "Source",
    }  # fmt: skip
    rows = [{**{names[n]: getattr(e, n) for n in names}, "Avec vos chiffres": e.calcul or e.raison} for e in entries]
    return pd.DataFrame(rows, columns=list(names.values()))


def write_formula(dataset: Dataset, indicator: Indicator, selection: Selection) -> tuple[str, float, str]:
    """The formula of an indicator in the numbers of a selection, its value, and why there is none.

    Amounts are written to the cent, so that the reader finds the value again on a calculator.
    """
    row = compute_total(dataset, indicator.key, selection=selection).iloc[0]
    value = float(row["valeur"])
    if is_missing(value):
        return "", np.nan, str(row["raison"])
    above = _write_sum(dataset, indicator.numerator, selection, float(row["numerateur"]))
    result = _write_value(value, indicator.unit)
    if not indicator.denominator:
        return (above if len(_present(dataset, indicator.numerator)) == 1 else f"{above} = {result}"), value, ""
    below = _write_sum(dataset, indicator.denominator, selection, float(row["denominateur"]))
    above, below = (f"({t})" if len(_present(dataset, terms)) > 1 else t for t, terms in (
        (above, indicator.numerator), (below, indicator.denominator)))  # fmt: skip
    return f"{above} ÷ {below} = {result}", value, ""


def _indicator_entry(dataset: Dataset, indicator: Indicator, selection: Selection) -> Entry:
    missing = missing_measures(indicator, dataset)
    formula, value, reason = write_formula(dataset, indicator, selection)
    on_premiums = "cotisation" in indicator.measures and not missing
    period = f" ({format_period(selection.debut, selection.fin)})" if formula and selection.debut is not None else ""
    return Entry(
        indicator.key, indicator.label, "Indicateur", indicator.definition, f"{formula}{period}", value, reason,
        _UNITS[indicator.unit], DIRECTIONS[indicator.higher_is_better],
        (dataset.base or "non précisée") if on_premiums else "", _columns(dataset, indicator), NO_OWNER,
        indicator.reference,
    )  # fmt: skip


def _columns(dataset: Dataset, indicator: Indicator) -> str:
    """Titles, in the user's file, of the columns that the formula reads."""
    titles = [
        title for m in dict.fromkeys(indicator.measures) for title, found in dataset.mapping.items() if found == m
    ]
    return ", ".join(titles)


def _present(dataset: Dataset, terms: tuple[Term, ...]) -> list[Term]:
    return [(m, w) for m, w in terms if m in table_of(m, dataset).columns]


def _write_sum(dataset: Dataset, terms: tuple[Term, ...], selection: Selection, total: float) -> str:
    """« Frais réels 12,00 € − prestations 3,00 € », each measure with its own sum."""
    shown = _present(dataset, terms)
    parts = []
    for rank, (measure, weight) in enumerate(shown):
        amount = total / weight if len(shown) == 1 else _sum_of(dataset, measure, selection)
        label = dataset.label(measure)
        text = f"{label if rank == 0 else label[:1].lower() + label[1:]} {_write_amount(amount, measure)}"
        if abs(weight) == 1 / MONTHS_PER_YEAR:
            text = f"({text} ÷ {MONTHS_PER_YEAR})"
        parts.append(text if rank == 0 else f"{MINUS if weight < 0 else '+'} {text}")
    return " ".join(parts)


def _sum_of(dataset: Dataset, measure: str, selection: Selection) -> float:
    return float(compute_total(dataset, measure, selection=selection)["valeur"].iloc[0])


def _write_amount(amount: float, measure: str) -> str:
    if measure in MONEY_MEASURES or measure in ("taxes", "frais_gestion"):
        return format_euros(amount, compact=False)
    whole = measure in COTISATION_MEASURES or amount == round(amount)
    return format_number(amount, 0 if whole and amount == round(amount) else 2)


def _write_value(value: float, unit: str) -> str:
    if unit in ("EUR", "EUR/unite"):
        return format_euros(value, compact=False)
    return format_percent(value, 2) if unit == "taux" else format_number(value, 3).rstrip("0").rstrip(",")
