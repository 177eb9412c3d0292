"""The facts put on purpose in the demonstration, and the three that `planted=False` takes away."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class PlantedFact:
    """One fact of the simulated mutual, where to look for it and how large it is.

    Attributes
    ----------
    key, label : str
        Stable name, and sentence in French.
    debut, fin : pandas.Timestamp
        First and last month touched; NaT = lasting. Months of care, or of payment when `mois` says so.
    filters : dict of str to tuple of str
        Values of the dimensions touched; empty = everything.
    effect : float
        Relative size, 0.30 = +30 %.
    mesure : str
        What `effect` is the change of.
    genre : {"réforme", "choc", "calendrier", "dérive", "erreur"}
        Dérive and erreur are absent with ``planted=False``.
    mois : {"mois", "mois_paiement"}
        Column in which the dates are read.
    """

    key: str
    label: str
    debut: pd.Timestamp
    fin: pd.Timestamp
    effect: float
    mesure: str
    genre: str
    filters: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    mois: str = "mois"

    def mask(self, frame: pd.DataFrame) -> pd.Series:
        """Rows of a fact table touched by this fact; a filter on a dimension that the table lacks is ignored."""
        kept = frame[self.mois] >= self.debut
        if not pd.isna(self.fin):
            kept &= frame[self.mois] <= self.fin
        for dimension, values in self.filters.items():
            if dimension in frame.columns:
                kept &= frame[dimension].isin(list(values))
        return kept


def _fact(
    key: str,
    label: str,
    dates: tuple[str, str | None],
    effect: float,
    mesure: str,
    genre: str,
    mois: str = "mois",
    **filters: str,
) -> PlantedFact:
    debut, fin = (pd.Timestamp(date) if date else pd.NaT for date in dates)
    where = MappingProxyType({dimension: (value,) for dimension, value in filters.items()})
    return PlantedFact(key, label, debut, fin, effect, mesure, genre, where, mois)


PER_HEAD = "prestation par bénéficiaire"
PER_ACT = "prestation par acte"

PLANTED: tuple[PlantedFact, ...] = (
    _fact(
        "optique_2020",
        "100 % Santé optique et montures plafonnées à 100 €",
        ("2020-01", None),
        -0.09,
        PER_ACT,
        "réforme",
        poste="optique",
    ),
    _fact(
        "dentaire_2020",
        "100 % Santé dentaire, première étape",
        ("2020-01", None),
        0.12,
        PER_ACT,
        "réforme",
        poste="dentaire",
    ),
    _fact(
        "dentaire_2021",
        "100 % Santé dentaire, deuxième étape",
        ("2021-01", None),
        0.15,
        PER_ACT,
        "réforme",
        poste="dentaire",
    ),
    _fact(
        "audiologie_2021",
        "100 % Santé audiologie, par rapport à 2019",
        ("2021-01", None),
        0.60,
        PER_HEAD,
        "réforme",
        poste="audiologie",
    ),
    _fact("covid_printemps", "Premier confinement", ("2020-03", "2020-05"), -0.43, PER_HEAD, "choc"),
    _fact("covid_automne", "Deuxième confinement", ("2020-11", "2020-11"), -0.06, PER_HEAD, "choc"),
    _fact("resiliation_2020", "Résiliation infra-annuelle", ("2020-12", None), 0.15, "résiliations par an", "réforme"),
    _fact(
        "janvier",
        "Renouvellement de janvier : près d’une résiliation sur deux jusqu’en 2020, une sur trois ensuite",
        ("2017-01", None),
        0.34,
        "part de janvier dans les résiliations",
        "calendrier",
    ),
    _fact(
        "dentaire_amo_2023",
        "Dentaire : remboursement AMO de 70 % à 60 %",
        ("2023-10", None),
        0.09,
        PER_ACT,
        "réforme",
        poste="dentaire",
    ),
    _fact(
        "dentaire_2026",
        "Panier dentaire 100 % Santé élargi",
        ("2026-01", None),
        0.03,
        PER_ACT,
        "réforme",
        poste="dentaire",
    ),
    _fact(
        "derive_dentaire",
        "Dérive du coût dentaire en Occitanie",
        ("2025-11", None),
        0.30,
        "coût moyen de l’acte",
        "dérive",
        region="Occitanie",
        poste="dentaire",
    ),
    _fact(
        "double_envoi",
        "Lignes d’hospitalisation de Bretagne payées en mai 2024 envoyées deux fois",
        ("2024-05", "2024-05"),
        1.0,
        "lignes",
        "erreur",
        "mois_paiement",
        region="Bretagne",
        poste="hospitalisation",
    ),
    _fact(
        "centimes",
        "Audiologie de Bourgogne-Franche-Comté de mars 2023 saisie en centimes",
        ("2023-03", "2023-03"),
        99.0,
        "montants",
        "erreur",
        region="Bourgogne-Franche-Comté",
        poste="audiologie",
    ),
)

#: Months of the ramp of the drift: +30 % is reached in the fourth month, February 2026.
RAMP_MONTHS = 4


def find_planted(key: str) -> PlantedFact:
    """The planted fact of this name."""
    return next(fact for fact in PLANTED if fact.key == key)


def drift_level(month: pd.Timestamp) -> float:
    """Factor of the dental drift at this month of care: 1 before, a straight ramp, then 1.30."""
    fact = find_planted("derive_dentaire")
    elapsed = (month.year - fact.debut.year) * 12 + month.month - fact.debut.month + 1
    return 1.0 + fact.effect * float(np.clip(elapsed / RAMP_MONTHS, 0.0, 1.0))


def apply_drift(month: pd.Timestamp, lines: pd.DataFrame) -> pd.DataFrame:
    """Raise the AMC of the lines touched by the drift, and the charges by as much: nobody else pays more."""
    level = drift_level(month)
    if level == 1.0:
        return lines
    touched = find_planted("derive_dentaire").mask(lines)
    factor = np.where(touched, level, 1.0)
    more = lines["prestation"] * (factor - 1.0)
    return lines.assign(frais_reels=lines["frais_reels"] + more, prestation=lines["prestation"] + more)


def apply_errors(lines: pd.DataFrame) -> pd.DataFrame:
    """Enter one batch twice and write one small batch in centimes."""
    cents, twice = find_planted("centimes").mask(lines), find_planted("double_envoi").mask(lines)
    if cents.any():
        money = ["frais_reels", "remboursement_amo", "prestation"]
        lines = lines.assign(**{c: np.where(cents, (lines[c] * 100).round(2), lines[c]) for c in money})
    return lines.loc[lines.index.repeat(1 + twice.to_numpy(dtype=int))] if twice.any() else lines
