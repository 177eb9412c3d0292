"""The lines of a table under their canonical names: months, dimensions as categories, measures as numbers."""

from __future__ import annotations

import re
from collections.abc import Mapping as MappingABC
from dataclasses import dataclass

import numpy as np
import pandas as pd

from data.mapping.calendar import as_month, first_of_month, months_of
from data.mapping.propose import Mapping
from data.mapping.roles import DIMENSIONS, texts_of
from data.mapping.totals import total_lines
from data.readers import Table

__all__ = ["NOT_GIVEN", "Lines", "canonical_lines", "first_of_month", "natural_key"]

#: Value of a dimension where the cell is empty: kept, so that the parts sum to the whole.
NOT_GIVEN = "Non renseigné"
_TOTAL = "ligne de total : elle additionne les autres lignes du mois"
_EMPTY = "mois sans donnée : vous avez dit que ses zéros sont un mois manquant"


@dataclass(frozen=True)
class Lines:
    """Lines that have a month.

    Attributes
    ----------
    frame : pandas.DataFrame
        mois, mois_paiement (if known), dimensions (category), measures (float64).
    dimensions, measures : tuple of str
        Its columns, canonical dimensions first.
    identifiers : pandas.DataFrame
        Columns that are not kept but tell the persons or contracts apart; same rows.
    texts : pandas.DataFrame
        Cells of every column of the file, as written; same rows.
    numbers : pandas.Series of int
        Line of the file of each row.
    rejected : pandas.DataFrame
        Lines without a month: ligne, colonne, valeur, raison.
    left_out : pandas.DataFrame
        Lines that add up the others of their month: same columns.
    """

    frame: pd.DataFrame
    dimensions: tuple[str, ...]
    measures: tuple[str, ...]
    identifiers: pd.DataFrame
    texts: pd.DataFrame
    numbers: pd.Series
    rejected: pd.DataFrame
    left_out: pd.DataFrame


def canonical_lines(table: Table, mapping: Mapping) -> Lines:
    """Lines of a table under canonical names; those without a month are rejected."""
    columns = {"mois": months_of(table, mapping.header_of)}
    payment = mapping.header_of("mois_paiement")
    if payment is not None:
        columns["mois_paiement"] = as_month(table.tidy[payment])
    headers = sorted(mapping.headers("dimension"), key=lambda h: _rank(mapping.columns[h]))
    dimensions = tuple(mapping.columns[h] for h in headers)
    columns |= {mapping.columns[h]: _dimension(table, h, mapping.recodes.get(mapping.columns[h], {})) for h in headers}
    measures = tuple(mapping.columns[h] for h in mapping.headers("mesure"))
    columns |= {mapping.columns[h]: table.tidy[h].astype("float64") for h in mapping.headers("mesure")}
    frame = pd.DataFrame(columns)
    dated = frame["mois"].notna()
    empty = frame["mois"].isin(list(mapping.empty_months))
    rejected = pd.DataFrame({"ligne": table.lines[~dated], "colonne": mapping.header_of("mois") or ""})
    rejected = rejected.assign(valeur="", raison="le mois est absent")
    totals = dated & ~empty & total_lines(frame, dimensions, measures)
    left_out = _left(table, totals, headers[0] if headers else "", _TOTAL)
    if empty.any():
        left_out = pd.concat([left_out, _left(table, empty, mapping.header_of("mois") or "", _EMPTY)])
        left_out = left_out.sort_values("ligne", kind="stable", ignore_index=True)
    kept = dated & ~totals & ~empty
    texts = texts_of(table)
    if not kept.all():
        frame, texts = frame[kept].reset_index(drop=True), texts[kept].reset_index(drop=True)
    numbers = table.lines[kept].reset_index(drop=True)
    return Lines(frame, dimensions, measures, texts[_identifiers(mapping)], texts, numbers, rejected, left_out)


def _rank(canonical: str) -> tuple[int, str]:
    return (DIMENSIONS.index(canonical), "") if canonical in DIMENSIONS else (len(DIMENSIONS), canonical)


def _left(table: Table, rows: pd.Series | np.ndarray, header: str, reason: str) -> pd.DataFrame:
    frame = pd.DataFrame({"ligne": table.lines[rows], "colonne": header})
    return frame.assign(valeur="", raison=reason)


def _dimension(table: Table, header: str, labels: MappingABC[str, str]) -> pd.Series:
    values = table.tidy[header]
    if not isinstance(values.dtype, pd.CategoricalDtype):
        values = texts_of(table)[header].str.strip().astype("category")
        values = values.cat.remove_categories([c for c in values.cat.categories if not c])
    if labels:
        values = _relabelled(values, labels)
    ordered = sorted((str(c) for c in values.cat.categories), key=natural_key)
    if values.isna().any():
        ordered = [c for c in ordered if c != NOT_GIVEN] + [NOT_GIVEN]
        return values.cat.set_categories(ordered).fillna(NOT_GIVEN)
    return values.cat.set_categories(ordered)


def _relabelled(values: pd.Series, labels: MappingABC[str, str]) -> pd.Series:
    """Values under their label; several values may share one, and "" is no value."""
    told = pd.Series([labels.get(str(c), str(c)) for c in values.cat.categories], dtype="str")
    positions, uniques = pd.factorize(told.where(told != ""), use_na_sentinel=True)
    codes = values.cat.codes.to_numpy()
    codes = np.where(codes < 0, -1, positions[codes] if len(positions) else -1)
    return pd.Series(pd.Categorical.from_codes(codes, categories=uniques), index=values.index)


def natural_key(text: str) -> list[tuple[int, int, str]]:
    """Sort key under which "5" comes before "11" and "0-19" before "20-39"."""
    return [(0, int(p), "") if p.isdigit() else (1, 0, p.casefold()) for p in re.findall(r"\d+|\D+", text)]


def _identifiers(mapping: Mapping) -> list[str]:
    codes = mapping.findings["code"].isin(["conformite.identifiant", "conformite.donnees_personnelles"])
    return list(mapping.findings.loc[codes, "colonne"])
