"""A finding that climbs the ladder: one figure, one perimeter, one reference, carried from page to page."""

from __future__ import annotations

import base64
import json
import math
import re
from dataclasses import dataclass, field, replace

import pandas as pd

from analytics.errors import ParameterError
from analytics.french import format_euros, format_gap, format_percent, format_period, format_value, is_missing
from analytics.indicators import get_indicator
from analytics.schema import Dataset, Selection

_SHOWN_VALUES = 3


@dataclass(frozen=True)
class Constat:
    """One finding.

    Attributes
    ----------
    indicator : str
        Key of the indicator.
    selection : Selection
        Perimeter and period, with both bounds; `comparaison` says what `reference` is.
    mois : pandas.Timestamp
        Last month of the period.
    valeur, reference, ecart : float
        Value over the period, value it is compared with, and their difference, in the unit of the indicator.
    euros : float
        What the difference weighs in euros; NaN when the indicator is not money.
    q_value : float
        False-discovery rate of the family of tests that found it; NaN when it was chosen by hand.
    maturite : float
        Share of the period's spending already known (1 = complete); NaN when it cannot be known.
    dataset_id : str
        Identifier of the dataset in links.
    """

    indicator: str
    selection: Selection
    mois: pd.Timestamp
    valeur: float
    reference: float
    ecart: float
    euros: float = math.nan
    q_value: float = math.nan
    maturite: float = math.nan
    dataset_id: str = ""

    @property
    def evolution(self) -> float:
        """Relative change; NaN without a positive reference."""
        return self.ecart / self.reference if self.reference > 0 else math.nan


@dataclass(frozen=True)
class Sentence:
    """A generated sentence and the numbers that it prints, as printed."""

    text: str
    numbers: tuple[str, ...] = field(default_factory=tuple)


def describe_perimeter(selection: Selection, dataset: Dataset) -> str:
    """The filters in French: « Dentaire · Occitanie », or « Ensemble »."""
    parts = []
    for dimension, values in selection.filtres.items():
        names = [dataset.value_label(dimension, v) for v in values]
        text = ", ".join(names[:_SHOWN_VALUES])
        if len(names) > _SHOWN_VALUES:
            text += f" et {len(names) - _SHOWN_VALUES} autres"
        parts.append(text[:1].upper() + text[1:])
    return " · ".join(parts) or "Ensemble"


def describe(constat: Constat, dataset: Dataset) -> Sentence:
    """The finding in one French sentence, with the very strings that its numbers became."""
    indicator = get_indicator(constat.indicator, dataset)
    if is_missing(constat.valeur):
        where, when = describe_perimeter(constat.selection, dataset), _when(constat)
        return Sentence(f"{where} : {in_sentence(indicator.label)} sans valeur ({when}).")
    value = format_value(constat.valeur, indicator.unit)
    period = _when(constat)
    subject = f"{describe_perimeter(constat.selection, dataset)} : {in_sentence(indicator.label)} de {value} ({period})"
    if is_missing(constat.reference):
        return Sentence(f"{subject}, sans période de comparaison.", (value,))
    reference = format_value(constat.reference, indicator.unit)
    gap = format_gap(constat.ecart, indicator.unit)
    numbers = [value, reference, gap]
    change = gap
    if indicator.unit != "taux" and not is_missing(constat.evolution):
        rate = format_percent(constat.evolution, signed=True)
        change = f"{gap}, {rate}"
        numbers.append(rate)
    earlier = "un an avant" if constat.selection.comparaison == "N-1" else "sur la période précédente"
    text = f"{subject}, contre {reference} {earlier} ({change})"
    if indicator.unit != "EUR" and not is_missing(constat.euros):
        euros = format_euros(constat.euros, signed=True)
        text += f", soit {euros}"
        numbers.append(euros)
    return Sentence(f"{text}.", tuple(numbers))


def _when(constat: Constat) -> str:
    return format_period(constat.selection.debut, constat.selection.fin)


def in_sentence(label: str) -> str:
    """A label inside a sentence: no capital, unless it is an acronym."""
    return label if any(c.isupper() for c in label[1:]) else label[:1].lower() + label[1:]


def to_param(constat: Constat) -> str:
    """The finding as one URL-safe word, without anything personal."""
    payload = {
        "i": constat.indicator,
        "d": f"{constat.selection.debut:%Y-%m}",
        "f": f"{constat.selection.fin:%Y-%m}",
        "p": {k: list(v) for k, v in constat.selection.filtres.items()},
        "c": constat.selection.comparaison,
        "v": [_plain(x) for x in (constat.valeur, constat.reference, constat.euros, constat.q_value, constat.maturite)],
        "j": constat.dataset_id,
    }
    text = json.dumps(payload, separators=(",", ":"), ensure_ascii=False)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def from_param(word: str) -> Constat:
    """Read back a finding written by `to_param`.

    Raises
    ------
    ParameterError
        The word is not such a finding.
    """
    try:
        payload = json.loads(base64.urlsafe_b64decode(word + "=" * (-len(word) % 4)))
        debut, fin = (_month(payload[k]) for k in "df")
        filters = {str(k): tuple(str(x) for x in v) for k, v in payload["p"].items()}
        valeur, reference, euros, q_value, maturite = (math.nan if x is None else float(x) for x in payload["v"])
        selection = Selection(debut, fin, filters, str(payload["c"]))
        indicator, dataset_id = str(payload["i"]), str(payload["j"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ParameterError(
            "Ce lien de constat est illisible.", remede="Repartez d’un constat de la page d’accueil."
        ) from error
    return Constat(
        indicator, selection, fin, valeur, reference, valeur - reference, euros, q_value, maturite, dataset_id
    )


def same_finding(left: Constat, right: Constat) -> bool:
    """Whether two findings speak of the same indicator, perimeter, period and dataset, whatever their values."""
    return _identity(left) == _identity(right)


def _identity(constat: Constat) -> tuple:
    s = constat.selection
    filters = tuple(sorted((d, tuple(sorted(v))) for d, v in s.filtres.items() if v))
    return constat.indicator, constat.dataset_id, s.debut, s.fin, s.comparaison, filters


def with_dataset(constat: Constat, dataset_id: str) -> Constat:
    """The same finding, told to belong to a dataset."""
    return replace(constat, dataset_id=dataset_id)


def _plain(value: float) -> float | None:
    return None if is_missing(value) else float(value)


def _month(text: str) -> pd.Timestamp:
    if not re.fullmatch(r"\d{4}-\d{2}", text):
        raise ValueError(text)
    return pd.Timestamp(f"{text}-01")
