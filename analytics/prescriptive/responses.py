"""How members and care answer a lever: inputs with an interval and their source, never measured here."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtri

from analytics.errors import ParameterError
from analytics.uncertainty import Z_80

Floats = NDArray[np.float64]
HYPOTHESE = "hypothèse"
#: Different sets of responses in the draws: one by stratum of each response (Latin hypercube; McKay et al., 1979).
WORLDS = 100


@dataclass(frozen=True)
class Reponse:
    """One assumption on a response.

    Attributes
    ----------
    key, label : str
    valeur, bas, haut : float
        Central value and 80 % interval.
    unite : str
    source : str
        Where it comes from; begins with "hypothèse" when it is not a measure on this population.
    minimum, maximum : float
        What it can be.
    """

    key: str
    label: str
    valeur: float
    bas: float
    haut: float
    unite: str
    source: str
    minimum: float = 0.0
    maximum: float = np.inf


_TO_TYPE = f"{HYPOTHESE}, à remplacer par votre propre mesure"
REPONSES: tuple[Reponse, ...] = (
    Reponse(
        "reponse_frequence", "élasticité de la fréquence au prix payé par l’assuré", 0.2, 0.0, 0.3,
        "sans unité (arc, en valeur absolue)",
        f"{HYPOTHESE} ; ordre de grandeur de l’expérience de la RAND, États-Unis, années 1970 : −0,2 "
        "(Aron-Dine, Einav et Finkelstein, Journal of Economic Perspectives, 2013)",
        maximum=0.95,
    ),
    Reponse("part_au_plafond", "part des prestations du poste versée au plafond", 0.5, 0.2, 0.8, "part", _TO_TYPE,
            maximum=1.0),
    Reponse("economie_reseau", "baisse du prix d’un acte passé dans le réseau", 0.10, 0.0, 0.20, "part des frais réels",
            _TO_TYPE, maximum=1.0),
    Reponse("effet_prevention", "baisse de la fréquence pour 10 € de prévention par tête", 0.005, 0.0, 0.015, "part",
            _TO_TYPE, maximum=1.0),
    Reponse("cout_acquisition", "coût d’un adhérent recruté", 100.0, 50.0, 200.0, "€ par adhérent", _TO_TYPE),
    Reponse("pc_recrues", "prestations d’une recrue, comparées à celles d’un adhérent du même segment", 1.0, 0.8, 1.2,
            "rapport", _TO_TYPE),
    Reponse("repercussion_tsa", "part d’un changement de TSA répercutée sur le prix payé", 1.0, 1.0, 1.0, "part",
            f"{HYPOTHESE} : la taxe fait partie du prix du contrat", maximum=1.0),
    Reponse("repercussion_contribution", "part de la contribution 2026 répercutée sur le prix payé", 0.0, 0.0, 0.0,
            "part", f"{HYPOTHESE} : le texte gèle les cotisations ; son statut n’est pas tranché", maximum=1.0),
)  # fmt: skip


def adjust_responses(
    values: Mapping[str, float | tuple[float, float, float]], *, source: str = "saisie de l’utilisateur"
) -> tuple[Reponse, ...]:
    """The responses with some of them typed over.

    Parameters
    ----------
    values : mapping of str to float or (bas, valeur, haut)
        By key; a lone number has no interval.
    source : str
        What is said of them then.

    Raises
    ------
    ParameterError
        Unknown key, interval that is not in order, or value out of range.
    """
    unknown = [key for key in values if key not in {r.key for r in REPONSES}]
    if unknown:
        raise ParameterError("Réponse inconnue.", valeur=unknown[0])
    typed = []
    for response in REPONSES:
        if response.key in values:
            given = values[response.key]
            low, centre, high = given if isinstance(given, tuple) else (given, given, given)
            response = replace(response, valeur=float(centre), bas=float(low), haut=float(high), source=source)
        typed.append(response)
    return check_responses(typed)


def check_responses(responses: Sequence[Reponse]) -> tuple[Reponse, ...]:
    """The same, one of each key in the order of :data:`REPONSES`, or a French error."""
    by_key = {r.key: r for r in responses}
    for known in REPONSES:
        response = by_key.get(known.key)
        if response is None:
            raise ParameterError("Une hypothèse de réponse manque.", valeur=known.key)
        ends = (response.minimum, response.bas, response.valeur, response.haut, response.maximum)
        if not all(a <= b for a, b in itertools.pairwise(ends)):
            raise ParameterError(
                f"L’intervalle est hors de ses bornes ou dans le désordre : {response.label}.", valeur=response.valeur
            )
    return tuple(by_key[known.key] for known in REPONSES)


def responses_table(responses: Sequence[Reponse] = REPONSES) -> pd.DataFrame:
    """key, label, valeur, bas, haut, unite, source."""
    columns = ["key", "label", "valeur", "bas", "haut", "unite", "source"]
    return pd.DataFrame([[getattr(r, c) for c in columns] for r in responses], columns=columns)


def central(responses: Sequence[Reponse]) -> dict[str, float]:
    """Central value of each response."""
    return {r.key: r.valeur for r in responses}


def at_level(response: Reponse, level: Floats) -> Floats:
    """Value of a response at a level of probability: 0.1 and 0.9 give its ends, 0.5 its centre."""
    return at_score(response.valeur, response.bas, response.haut, ndtri(level)).clip(response.minimum, response.maximum)


def at_score(value: Floats, low: Floats, high: Floats, score: Floats) -> Floats:
    """Two half-normals around a value, whose 80 % interval has the ends given, at a standard score."""
    return value + np.where(score < 0, value - low, high - value) * score / Z_80


def draw_responses(responses: Sequence[Reponse], rng: np.random.Generator, worlds: int) -> dict[str, Floats]:
    """Value of each response in each of some worlds, one by stratum of probability, in an order of its own."""
    found = {}
    for response in responses:
        levels = (rng.permutation(worlds) + rng.random(worlds)) / worlds
        found[response.key] = at_level(response, levels)
    return found
