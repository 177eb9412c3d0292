"""Exhaustivité: what is empty, and what each absent column would make possible."""

from __future__ import annotations

import pandas as pd

from analytics.french import format_number
from analytics.schema import Dataset, dimensions_of, measures_of
from data.findings import finding
from data.mapping.lines import NOT_GIVEN

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
)


def check_exhaustivite(dataset: Dataset) -> list[dict]:
    """Findings about empty cells, and one about what the absent columns would bring."""
    rows = []
    for name in ("prestation", "cotisation"):
        frame = getattr(dataset, name)
        if len(frame):
            rows += [*_missing_values(dataset, frame, name), *_missing_dimensions(dataset, frame, name)]
    absent = unlocks(dataset)
    if len(absent):
        words = ["mois de soins" if c == "mois_soins" else dataset.label(c).lower() for c in absent["colonne"].head(5)]
        names = ", ".join(words) + ("…" if len(absent) > 5 else "")
        message = f"Des colonnes utiles ne sont pas dans le fichier ({len(absent)}) : {names}."
        remedy = "Le tableau « ce que chaque colonne débloque » dit à quoi elles serviraient."
        rows.append(finding("exhaustivite.colonnes_absentes", "info", message, remede=remedy))
    return rows


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


def _severity(share: float) -> str:
    return "grave" if share > 0.5 else "attention" if share > 0.05 else "info"


def _missing_values(dataset: Dataset, frame: pd.DataFrame, table: str) -> list[dict]:
    rows = []
    for column in measures_of(frame):
        share = float(frame[column].isna().mean())
        # Stacked tables (members without poste, premiums by poste) hold each measure on its own rows.
        if 0 < share < 1 and not (table == "cotisation" and "poste" in frame.columns):
            rows.append(_missing(dataset, table, column, share))
    if "mois_paiement" in frame.columns and frame["mois_paiement"].isna().any():
        rows.append(_missing(dataset, table, "mois_paiement", float(frame["mois_paiement"].isna().mean())))
    return rows


def _missing_dimensions(dataset: Dataset, frame: pd.DataFrame, table: str) -> list[dict]:
    rows = []
    for column in dimensions_of(frame):
        share = float((frame[column] == NOT_GIVEN).mean())
        if share > 0:
            rows.append(_missing(dataset, table, column, share))
    return rows


def _missing(dataset: Dataset, table: str, column: str, share: float) -> dict:
    percent = format_number(share * 100, 1) if share >= 0.001 else "moins de 0,1"
    message = f"« {dataset.label(column)} » est vide sur {percent}\u00a0% des lignes."
    return finding("exhaustivite.valeurs_manquantes", _severity(share), message, table=table, colonne=column)
