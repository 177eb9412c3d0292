"""The contract: two long fact tables, their columns, units and French labels, checked at the door.

Months are the first day of the month, money is in euros, missing is missing (never 0).
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import numpy as np
import pandas as pd

from analytics.errors import SchemaError

CONTRACT_DIMENSIONS = ("contrat", "formule", "region", "tranche_age", "sexe", "canal")
CARE_DIMENSIONS = ("poste", "panier", "reseau")
COTISATION_MEASURES = ("beneficiaires", "cotisation", "taxes", "frais_gestion", "adhesions", "resiliations")
PRESTATION_MEASURES = ("actes", "frais_reels", "remboursement_amo", "prestation")
MONEY_MEASURES = ("cotisation", "prestation", "frais_reels", "remboursement_amo")
MONTHS = ("mois", "mois_paiement")
#: Main measure of a file without `prestation`: the first of these that is present.
MAIN_MEASURES = ("prestation", "frais_reels", "remboursement_amo")
BASES = ("TTC", "HT", "nette")
DATE_BASES = ("soins", "paiement")

LABELS: Mapping[str, str] = MappingProxyType(
    {
        "mois": "Mois",
        "mois_paiement": "Mois de paiement",
        "contrat": "Contrat",
        "formule": "Formule",
        "region": "Région",
        "tranche_age": "Tranche d’âge",
        "sexe": "Sexe",
        "canal": "Canal",
        "poste": "Poste",
        "panier": "Panier",
        "reseau": "Réseau de soins",
        "beneficiaires": "Bénéficiaires",
        "cotisation": "Cotisations",
        "taxes": "Taxes",
        "frais_gestion": "Frais de gestion",
        "adhesions": "Adhésions",
        "resiliations": "Résiliations",
        "actes": "Actes",
        "frais_reels": "Frais réels",
        "remboursement_amo": "Remboursements AMO",
        "prestation": "Prestations",
    }
)


@dataclass(frozen=True)
class Selection:
    """What part of the data a page looks at, and what it is compared with.

    Attributes
    ----------
    debut, fin : pandas.Timestamp or None
        First and last month, both included; None means no bound.
    filtres : dict of str to tuple of str
        Values kept for each dimension; a dimension not named is not filtered.
    comparaison : {"N-1", "M-1"}
        The same months a year before, or the months just before.
    """

    debut: pd.Timestamp | None = None
    fin: pd.Timestamp | None = None
    filtres: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    comparaison: str = "N-1"

    def without_care(self) -> Selection:
        """The same selection without its filters on care: who is covered does not depend on them."""
        return replace(self, filtres={d: v for d, v in self.filtres.items() if d not in CARE_DIMENSIONS})

    def mask(self, frame: pd.DataFrame, *, months: bool = True) -> pd.Series:
        """Rows of `frame` inside the selection; a filter on a dimension that the table lacks is ignored."""
        kept = np.ones(len(frame), dtype=bool)
        if months and self.debut is not None:
            kept &= (frame["mois"] >= self.debut).to_numpy()
        if months and self.fin is not None:
            kept &= (frame["mois"] <= self.fin).to_numpy()
        for dimension, values in self.filtres.items():
            if dimension in frame.columns:
                kept &= _among(frame[dimension], values)
        return pd.Series(kept, index=frame.index)


@dataclass(frozen=True)
class Dataset:
    """What a mutual's file became: the monthly cube at the file's own dimensions, never its lines.

    Attributes
    ----------
    cotisation : pandas.DataFrame
        `mois`, contract dimensions, then measures; may have no row and only `mois`.
    prestation : pandas.DataFrame
        `mois` (care month when known, else payment month), `mois_paiement` when both are known, dimensions,
        then measures in EUR; may have no row.
    base : {"TTC", "HT", "nette"} or None
        Base of the premiums; None is printed "base non précisée".
    date_basis : {"soins", "paiement"} or None
        What `mois` means in `prestation`.
    as_of : pandas.Timestamp or None
        Last month for which payments are in the file.
    source : str
        Name of the file, or "Mutuelle de démonstration".
    fingerprint : str
        SHA-256 of the bytes; stays on the server.
    findings : pandas.DataFrame
        Quality findings: code, severite, table, colonne, ligne, valeur, message, remede, euros; and where they act:
        mois_debut, mois_fin, filtres and effets (JSON), absent of what was read by an earlier version.
    mapping : dict
        Column of the file to canonical name, and answers given.
    dialect : dict
        How the file was read (encoding, separator, decimal).
    labels : dict
        French label of each column that :data:`LABELS` does not know.
    value_labels : dict
        For a dimension of codes, the French label of each known code.
    rejected, left_out : pandas.DataFrame
        Lines not used: ligne, colonne, valeur, raison.
    is_demo : bool
        True for the simulated mutual: every chart and export says so.
    """

    cotisation: pd.DataFrame
    prestation: pd.DataFrame
    base: str | None = None
    date_basis: str | None = None
    as_of: pd.Timestamp | None = None
    source: str = ""
    fingerprint: str = ""
    findings: pd.DataFrame = field(default_factory=pd.DataFrame)
    mapping: Mapping[str, str] = field(default_factory=dict)
    dialect: Mapping[str, object] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    value_labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    rejected: pd.DataFrame = field(default_factory=pd.DataFrame)
    left_out: pd.DataFrame = field(default_factory=pd.DataFrame)
    is_demo: bool = False

    @functools.cached_property
    def main_measure(self) -> str | None:
        """The measure pages show when there is no choice: first present of :data:`MAIN_MEASURES`."""
        return next((m for m in MAIN_MEASURES if m in self.prestation.columns), None)

    @functools.cached_property
    def dimensions(self) -> tuple[str, ...]:
        """Every dimension of the two tables, canonical ones first."""
        found = {*dimensions_of(self.prestation), *dimensions_of(self.cotisation)}
        known = [d for d in (*CARE_DIMENSIONS, *CONTRACT_DIMENSIONS) if d in found]
        return (*known, *sorted(found.difference(known)))

    @functools.cached_property
    def months(self) -> pd.DatetimeIndex:
        """Every month met in one table or the other, sorted."""
        series = [t["mois"] for t in (self.prestation, self.cotisation) if "mois" in t.columns and len(t)]
        return pd.DatetimeIndex(sorted(set().union(*(s.unique() for s in series)))) if series else pd.DatetimeIndex([])

    def label(self, column: str) -> str:
        """French label of a column."""
        return LABELS.get(column) or self.labels.get(column) or column.replace("_", " ").capitalize()

    def value_label(self, dimension: str, value: str) -> str:
        """French label of a value of a dimension; an unknown code is kept as it is."""
        return self.value_labels.get(dimension, {}).get(str(value), str(value))

    def filtered(self, selection: Selection, *, months: bool = True) -> Dataset:
        """The same dataset restricted to a selection."""
        kept = selection.mask(self.cotisation, months=months)
        if "poste" in self.cotisation.columns:  # premiums shared out by poste: the members have rows of their own
            members = self.cotisation["poste"].isna()
            kept |= members & selection.without_care().mask(self.cotisation, months=months)
        return replace(
            self,
            cotisation=self.cotisation[kept],
            prestation=self.prestation[selection.mask(self.prestation, months=months)],
        )


def _among(column: pd.Series, values: tuple[str, ...]) -> np.ndarray:
    """Lines of one of those values; each category is looked at once."""
    if not isinstance(column.dtype, pd.CategoricalDtype):
        return column.isin(list(values)).to_numpy(dtype=bool)
    found = column.cat.categories.isin(list(values))
    return np.append(found, any(pd.isna(value) for value in values))[column.cat.codes.to_numpy()]


def dimensions_of(frame: pd.DataFrame) -> tuple[str, ...]:
    """Columns of a fact table that are neither a month nor a number."""
    return tuple(c for c, kind in frame.dtypes.items() if c not in MONTHS and not pd.api.types.is_numeric_dtype(kind))


def measures_of(frame: pd.DataFrame) -> tuple[str, ...]:
    """Numeric columns of a fact table."""
    return tuple(c for c, kind in frame.dtypes.items() if pd.api.types.is_numeric_dtype(kind))


def validate(dataset: Dataset) -> Dataset:
    """Return the dataset unchanged, or say which part of the contract it breaks.

    Raises
    ------
    SchemaError
        No month, no money measure, a month that is not the first of a month, or a money column that is not a number.
    """
    for name, frame in (("cotisation", dataset.cotisation), ("prestation", dataset.prestation)):
        if frame.empty:
            continue
        for column in (c for c in MONTHS if c in frame.columns):
            _check_month(frame[column], table=name, required=column == "mois")
        if "mois" not in frame.columns:
            raise SchemaError(f"La table {name} n’a pas de mois.", remede="Indiquez la colonne qui contient la date.")
        for column in (c for c in (*COTISATION_MEASURES, *PRESTATION_MEASURES) if c in frame.columns):
            if not pd.api.types.is_numeric_dtype(frame[column]):
                raise SchemaError("Cette mesure n’est pas un nombre.", colonne=column)
    present = {*dataset.cotisation.columns, *dataset.prestation.columns}
    if not present.intersection(MONEY_MEASURES):
        raise SchemaError(
            "Aucun montant n’a été reconnu.",
            remede="Indiquez la colonne des prestations, des cotisations, des frais réels ou des remboursements.",
        )
    if dataset.base not in (*BASES, None):
        raise SchemaError("Base de cotisation inconnue.", valeur=dataset.base, remede="Choisissez TTC, HT ou nette.")
    if dataset.date_basis not in (*DATE_BASES, None):
        raise SchemaError("Type de date inconnu.", valeur=dataset.date_basis, remede="Choisissez soins ou paiement.")
    return dataset


def _check_month(values: pd.Series, *, table: str, required: bool) -> None:
    if not pd.api.types.is_datetime64_any_dtype(values):
        raise SchemaError(f"Les mois de la table {table} ne sont pas des dates.", colonne=str(values.name))
    if required and values.isna().any():
        raise SchemaError(f"La table {table} a des lignes sans mois.", colonne=str(values.name))
    if (values.dropna().dt.day != 1).any():
        raise SchemaError("Chaque mois est le premier jour du mois.", colonne=str(values.name))
