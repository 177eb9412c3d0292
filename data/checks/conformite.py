"""Conformité: values outside the expected lists, spellings that split a value in two, rejected lines."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from analytics.french import format_number
from analytics.schema import Dataset
from data.findings import euros, finding
from data.mapping.lines import NOT_GIVEN
from data.vocabulary import normalise

_KNOWN_POSTES = re.compile(
    r"optique|dent|ortho|prothese|audio|auditive|hospi|hopital|soin|medecin|consult|pharmacie|medicament"
    r"|analyse|biolog|labo|imagerie|radio|transport|cure|thermal|auxiliaire|kine|infirm|appareil|prevention"
    r"|osteo|maternite|chambre|forfait|autre|divers|honoraires|optic"
)
_MONEY = ("prestation", "frais_reels", "remboursement_amo")


def check_conformite(dataset: Dataset) -> list[dict]:
    """Findings about values and lines that do not follow the expected form."""
    return [*_rejected(dataset), *_postes(dataset), *_spellings(dataset), *_negative_money(dataset), *_codes(dataset)]


def _rejected(dataset: Dataset) -> list[dict]:
    total = dataset.dialect.get("lignes")
    if not total or not len(dataset.rejected):
        return []
    share = len(dataset.rejected) / int(str(total))
    if share <= 0.01:
        return []
    message = f"{format_number(share * 100, 1)}\u00a0% des lignes du fichier ont été rejetées."
    remedy = "Les totaux sont incomplets tant que ces lignes ne sont pas corrigées."
    return [finding("conformite.taux_de_rejet", "grave" if share > 0.05 else "attention", message, remede=remedy)]


def _postes(dataset: Dataset) -> list[dict]:
    frame = dataset.prestation
    if "poste" not in frame.columns or frame.empty:
        return []
    unknown = [v for v in _values(frame["poste"]) if not _KNOWN_POSTES.search(normalise(v)) and v != NOT_GIVEN]
    if not unknown:
        return []
    shown = ", ".join(unknown[:5]) + ("…" if len(unknown) > 5 else "")
    message = f"Postes hors de la nomenclature usuelle ({len(unknown)}) : {shown}."
    remedy = "Ils sont gardés tels quels ; vérifiez qu’il s’agit bien de postes de soins."
    return [
        finding("conformite.postes", "info", message, table="prestation", colonne="poste", valeur=shown, remede=remedy)
    ]


def _spellings(dataset: Dataset) -> list[dict]:
    """Values that differ only by case, accents or spaces."""
    rows = []
    for name in ("prestation", "cotisation"):
        frame = getattr(dataset, name)
        for column in (c for c in dataset.dimensions if c in frame.columns and len(frame)):
            values = pd.Series(_values(frame[column]), dtype="str")
            twins = values[values.map(normalise).duplicated(keep=False) & values.map(normalise).ne("")]
            if len(twins):
                shown = ", ".join(twins.head(6))
                message = f"« {dataset.label(column)} » écrit la même valeur de plusieurs façons : {shown}."
                rows.append(
                    finding(
                        "conformite.orthographe", "attention", message, table=name, colonne=column, valeur=shown,
                        remede="Uniformisez ces valeurs : chaque écriture compte à part.",
                    )
                )  # fmt: skip
    return rows


def _negative_money(dataset: Dataset) -> list[dict]:
    rows = []
    for column in (c for c in _MONEY if c in dataset.prestation.columns):
        values = dataset.prestation[column].to_numpy()
        negative = values < 0
        if negative.any():
            amount = float(np.nansum(values[negative]))
            message = (
                f"Montants négatifs (régularisations ?) : {format_number(int(negative.sum()))}, soit {euros(amount)}."
            )
            severity = "attention" if negative.mean() > 0.01 else "info"
            rows.append(
                finding(
                    "conformite.montants_negatifs", severity, message, table="prestation", colonne=column, euros=amount
                )
            )
    return rows


def _codes(dataset: Dataset) -> list[dict]:
    """Codes without a label in a dimension whose other codes have one."""
    rows = []
    for dimension, labels in dataset.value_labels.items():
        frame = next((f for f in (dataset.prestation, dataset.cotisation) if dimension in f.columns and len(f)), None)
        if frame is None:
            continue
        unknown = [v for v in _values(frame[dimension]) if v not in labels and v != NOT_GIVEN]
        if unknown:
            message = f"« {dataset.label(dimension)} » a des codes sans libellé connu : {', '.join(unknown[:8])}."
            rows.append(finding("conformite.codes", "info", message, colonne=dimension, valeur=", ".join(unknown[:8])))
    return rows


def _values(column: pd.Series) -> list[str]:
    if isinstance(column.dtype, pd.CategoricalDtype):
        return [str(v) for v in column.cat.remove_unused_categories().cat.categories]
    return [str(v) for v in column.dropna().unique()]
