"""The corpus: so many files of each family, drawn from one seed."""

from __future__ import annotations

import random
from collections.abc import Iterator

from tests.french import family_books, family_doubt, family_lines, family_wide
from tests.french.spec import Case

FAMILIES = {
    **family_lines.FAMILIES,
    **family_wide.FAMILIES,
    **family_books.FAMILIES,
    **family_doubt.FAMILIES,
}
#: Files of each family in a thousand.
SHARES = {
    "lignes": 190, "habillage": 160, "sous_totaux": 30, "lignes_boiteuses": 40, "cellule_fausse": 35,
    "titres_douteux": 25, "ligne_unites": 20,
    "mois_en_colonnes": 70, "trimestres_en_colonnes": 30, "postes_en_colonnes": 35, "annee_et_mois": 30,
    "lignes_de_codes": 12, "entete_deux_niveaux": 35, "entete_mesures": 10, "croise": 15,
    "classeur": 30, "classeur_habille": 30, "classeur_feuilles": 18, "classeur_textes": 12, "classeur_erreurs": 12,
    "classeur_mois": 25, "classeur_fusion": 16,
    "doute_decimale": 18, "doute_mixte": 10, "doute_jour_mois": 16, "doute_encodage": 16, "refus": 36, "personnel": 24,
}  # fmt: skip


def make_file(famille: str, graine: int) -> Case:
    """One file again, from what its printed spec says."""
    return FAMILIES[famille](random.Random(f"{famille}/{graine}"), graine)


def make_corpus(count: int = 540, seed: int = 0) -> Iterator[Case]:
    """At least `count` files, every family in its share; a seed never gives the files of another."""
    whole = sum(SHARES.values())
    for famille, share in SHARES.items():
        for i in range(-(-count * share // whole)):
            yield make_file(famille, seed * 10_000 + i)
