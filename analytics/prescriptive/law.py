"""What the law allows in a tariff: factors, caps of the loi Évin, freeze."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from analytics.errors import ParameterError

#: Code de la mutualité, article L112-1: what a contribution may depend on, by the names of our dimensions.
FACTEURS_ADMIS = {
    "revenu": "le revenu",
    "anciennete": "l’ancienneté dans la mutuelle",
    "regime": "le régime de sécurité sociale",
    "region": "le lieu de résidence",
    "residence": "le lieu de résidence",
    "ayants_droit": "le nombre d’ayants droit",
    "age": "l’âge",
    "tranche_age": "l’âge",
    # Not factors of the person but the product bought.
    "contrat": "le contrat souscrit",
    "formule": "la garantie choisie",
}
_REFUSES = {
    "du sexe": ("sexe", "genre", "civilite", "sex", "gender"),
    "de l’état de santé": (
        "sante", "health", "ald", "maladie", "pathologie", "diagnostic", "handicap", "grossesse", "imc", "tabac",
        "fumeur", "poste", "actes", "prestation", "sinistre", "consommation", "frequence", "remboursement",
    ),
}  # fmt: skip
SOURCE_FACTEURS = "Code de la mutualité, art. L112-1"
#: Decree 2017-372 (loi Évin, art. 4): year after leaving the group to the cap, in parts of the tariff of the actives.
PLAFOND_EVIN = {1: 1.00, 2: 1.25, 3: 1.50}
SOURCE_EVIN = "loi Évin, art. 4, décret 2017-372"
SOURCE_GEL = "LFSS 2026, art. 13 (portée juridique à vérifier)"


def check_factors(factors: Iterable[str]) -> tuple[str, ...]:
    """The factors themselves, when all may make a contribution vary.

    Raises
    ------
    ParameterError
        A factor tells the sex or the health of a person, or is not on the list of article L112-1.
    """
    checked = tuple(str(f) for f in factors)
    for factor in checked:
        plain = plain_name(factor)
        words = set(plain.split("_"))
        for what, names in _REFUSES.items():
            if any(word == name or word == f"{name}s" for word in words for name in names):
                raise ParameterError(
                    f"La cotisation ne peut pas dépendre {what} : facteur « {factor} » refusé ({SOURCE_FACTEURS}).",
                    valeur=factor,
                    remede="Retirez ce facteur de la segmentation.",
                )
        if plain not in FACTEURS_ADMIS:
            raise ParameterError(
                f"Facteur tarifaire « {factor} » absent de la liste admise ({SOURCE_FACTEURS}).",
                valeur=factor,
                remede=f"Facteurs admis : {', '.join(FACTEURS_ADMIS)}.",
            )
    return checked


def plain_name(name: str) -> str:
    """Lower case, no accent, words joined by « _ »."""
    text = unicodedata.normalize("NFKD", name.strip().lower())
    text = "".join(c for c in text if not unicodedata.combining(c))
    return "_".join("".join(c if c.isalnum() else " " for c in text).split())


def evin_cap(annee: int) -> float | None:
    """Cap in parts of the tariff of the actives in that year after leaving; None from the fourth on.

    Raises
    ------
    ParameterError
        The year is not a whole number from 1.
    """
    if isinstance(annee, bool) or annee != int(annee) or annee < 1:
        raise ParameterError("L’année après la sortie du groupe est un entier à partir de 1.", valeur=annee)
    return PLAFOND_EVIN.get(int(annee))
