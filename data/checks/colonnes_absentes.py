"""Exhaustivité: the columns that the file does not have, and what each would make possible."""

from __future__ import annotations

import pandas as pd

from analytics.schema import Dataset
from data.checks.facts import Facts
from data.findings import finding

#: Columns any of which is missing -> what they would unlock (domain notes, "what each column of a file unlocks").
_UNLOCKS = (
    (("cotisation",), "Le ratio P/C, le résultat technique et le redressement des cotisations."),
    (("prestation",), "La charge de la mutuelle, le ratio P/C et le taux de couverture."),
    (("poste",), "Où se situe le problème : optique, dentaire, hospitalisation…"),
    (("mois_paiement",), "Le rythme de paiement : compléter les derniers mois et chiffrer ce qui reste à payer."),
    (("beneficiaires",), "La consommation par bénéficiaire : séparer la croissance de la dérive."),
    (("actes",), "La fréquence et le coût moyen : dire si l’on consomme plus souvent ou plus cher."),
    (("tranche_age",), "Séparer le vieillissement de la dérive."),
    (("sexe",), "La standardisation par sexe."),
    (("region",), "Où la dérive se produit, et l’effet des déménagements."),
    (("contrat",), "Individuel ou collectif : redressement par catégorie."),
    (("formule",), "Le redressement par niveau de garantie."),
    (("panier",), "L’effet du 100 % Santé."),
    (("frais_reels",), "Le reste à charge des adhérents."),
    (("remboursement_amo",), "Les transferts de l’assurance maladie obligatoire vers la mutuelle."),
    (("adhesions", "resiliations"), "Le taux de chute et le solde des adhésions."),
    (("taxes",), "Passer d’une base de cotisation à l’autre : TTC ou HT."),
    (("frais_gestion",), "Le résultat après frais de gestion."),
    (("canal",), "Comparer les canaux de distribution."),
    (("reseau",), "La part du réseau de soins, et ce qu’il fait gagner."),
)
_SHOWN = 5


def check_colonnes_absentes(facts: Facts) -> list[dict]:
    """One finding about what the absent columns would bring."""
    absent = unlocks(facts.dataset)
    if absent.empty:
        return []
    label = facts.dataset.label
    words = ["mois de soins" if c == "mois_soins" else label(c).lower() for c in absent["colonne"].head(_SHOWN)]
    names = ", ".join(words) + ("…" if len(absent) > _SHOWN else "")
    message = f"Des colonnes utiles ne sont pas dans le fichier ({len(absent)}) : {names}."
    remedy = "Le tableau « ce que chaque colonne débloque » dit à quoi elles serviraient."
    return [finding("exhaustivite.colonnes_absentes", "info", message, remede=remedy)]


def unlocks(dataset: Dataset) -> pd.DataFrame:
    """What each absent column would make possible.

    Returns
    -------
    pandas.DataFrame
        `colonne` (canonical name), `debloque` (French sentence); the most useful first.
    """
    present = {*dataset.prestation.columns, *dataset.cotisation.columns}
    rows = [(c, gain) for columns, gain in _UNLOCKS for c in columns if c not in present]
    if dataset.date_basis == "paiement" and "mois_paiement" not in present:
        gain = "Le mois des soins : voir la dérive quand elle se produit et non quand elle est payée."
        rows = [("mois_soins", gain) if c == "mois_paiement" else (c, g) for c, g in rows]
    return pd.DataFrame(rows, columns=["colonne", "debloque"])
