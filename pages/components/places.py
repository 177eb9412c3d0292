"""A segment in plain words: « Dentaire, panier 100 % Santé, en Occitanie »."""

from __future__ import annotations

import re
from collections.abc import Mapping

from analytics.schema import CARE_DIMENSIONS, CONTRACT_DIMENSIONS, Dataset

#: Regions of which French does not say « en ».
_REGIONS = {
    "Grand Est": "dans le Grand Est",
    "Hauts-de-France": "dans les Hauts-de-France",
    "Pays de la Loire": "dans les Pays de la Loire",
    "La Réunion": "à La Réunion",
    "Réunion": "à La Réunion",
    "Mayotte": "à Mayotte",
}
_OTHERS = frozenset({
    "Auvergne-Rhône-Alpes", "Bourgogne-Franche-Comté", "Bretagne", "Centre-Val de Loire", "Corse", "Guadeloupe",
    "Guyane", "Île-de-France", "Martinique", "Normandie", "Nouvelle-Aquitaine", "Occitanie",
    "Provence-Alpes-Côte d’Azur",
})  # fmt: skip
_NAMED = {"panier": "panier", "contrat": "contrat", "formule": "formule", "reseau": "réseau", "canal": "canal"}
_AGES = re.compile(r"^(\d+)\s*(?:-|–|à)\s*(\d+)$")
_OLDEST = re.compile(r"^(\d+)\s*(?:ans\s*)?(?:et\s*(?:\+|plus)|\+)$")


def describe_place(conditions: Mapping[str, str], dataset: Dataset) -> str:
    """Values of dimensions in one phrase, care first."""
    order = (*CARE_DIMENSIONS, *CONTRACT_DIMENSIONS)
    known = sorted(conditions, key=lambda d: (order.index(d) if d in order else len(order), d))
    text = ", ".join(_words(d, dataset.value_label(d, conditions[d]), dataset) for d in known)
    return text[:1].upper() + text[1:]


def _words(dimension: str, value: str, dataset: Dataset) -> str:
    if dimension == "poste":
        return value
    if dimension == "region":
        return _region(value)
    if dimension == "tranche_age":
        return _ages(value)
    if dimension in _NAMED:
        named = _NAMED[dimension]
        return value if named in value.lower() else f"{named} {value}"
    return f"{dataset.label(dimension).lower()} : {value}"


def _region(value: str) -> str:
    plain = value.replace("'", "’")
    if plain in _OTHERS:
        return f"en {value}"
    return _REGIONS.get(plain, f"région {value}")


def _ages(value: str) -> str:
    if between := _AGES.match(value):
        return f"{between[1]} à {between[2]} ans"
    if oldest := _OLDEST.match(value):
        return f"{oldest[1]} ans et plus"
    return f"tranche d’âge {value}"
