"""Values of a dimension that differ only by case, accents, spaces or asterisks, put under one label."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from data.findings import finding
from data.mapping.roles import Role
from data.readers import Table

#: Dimensions whose values are words of the trade: « OPTIQUE » and « Optique » are one. Codes keep their case.
MERGED = ("poste", "region", "tranche_age", "sexe", "panier", "contrat", "canal", "reseau")


def same_words(text: str) -> str:
    """Text without accents, case, repeated spaces nor asterisks around; punctuation is kept, « A+ » is not « A »."""
    flat = unicodedata.normalize("NFKD", text.replace("œ", "oe").replace("Œ", "OE").replace("’", "'"))
    letters = "".join(c for c in flat if not unicodedata.combining(c))
    return " ".join(letters.casefold().split()).strip(" *")


def one_spelling(values: Mapping[str, int]) -> dict[str, str]:
    """Spelling to use for each value that has several, the most frequent one; a tie takes the one with lower case.

    Parameters
    ----------
    values : mapping of str to int
        Distinct values and the lines that hold each.

    Returns
    -------
    dict of str to str
        Value -> label, for the values that change only.
    """
    groups: dict[str, list[str]] = {}
    for value in values:
        groups.setdefault(same_words(value), []).append(value)
    changed = {}
    for spellings in groups.values():
        best = max(spellings, key=lambda v: (values[v], not v.isupper() and v[:1].isupper(), not v.isupper(), v))
        label = " ".join(best.split())
        changed |= {v: label for v in spellings if v != label}
    return changed


@dataclass(frozen=True)
class Recodes:
    """Labels that replace values of dimensions, and what is said of it."""

    labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    findings: tuple[dict, ...] = ()


def recodes_of(table: Table, roles: Mapping[str, Role]) -> Recodes:
    """Spellings merged in the dimensions of the trade (:data:`MERGED`); codes stay as written."""
    labels, findings = {}, []
    for role in roles.values():
        column = table.tidy[role.header]
        if role.canonical not in MERGED or role.kind != "dimension":
            continue
        if not isinstance(column.dtype, pd.CategoricalDtype):
            continue
        changed = one_spelling(counts_of(column))
        if not changed:
            continue
        labels[role.canonical] = changed
        shown = ", ".join(f"« {v} » → « {label} »" for v, label in list(changed.items())[:4])
        message = f"Écritures réunies dans « {role.header} » : {shown}{'…' if len(changed) > 4 else ''}."
        remedy = "Elles ne diffèrent que par la casse, les accents, les espaces ou des astérisques."
        findings.append(finding("conformite.orthographe_reunie", "info", message, colonne=role.header, remede=remedy))
    return Recodes(labels, tuple(findings))


def counts_of(column: pd.Series) -> dict[str, int]:
    """Lines that hold each value of a text column."""
    return {str(value): int(count) for value, count in column.value_counts(sort=False).items() if count}
