"""The lines of a table under their canonical names: months, dimensions as categories, measures as numbers."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pandas as pd

from data.mapping.propose import Mapping
from data.mapping.roles import DIMENSIONS
from data.mapping.totals import total_lines
from data.readers import Table

#: Value of a dimension where the cell is empty: kept, so that the parts sum to the whole.
NOT_GIVEN = "Non renseigné"


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
    columns = {"mois": _months(table, mapping)}
    payment = mapping.header_of("mois_paiement")
    if payment is not None:
        columns["mois_paiement"] = first_of_month(table.tidy[payment])
    headers = sorted(mapping.headers("dimension"), key=lambda h: _rank(mapping.columns[h]))
    dimensions = tuple(mapping.columns[h] for h in headers)
    columns |= {mapping.columns[h]: _dimension(table, h) for h in headers}
    measures = tuple(mapping.columns[h] for h in mapping.headers("mesure"))
    columns |= {mapping.columns[h]: table.tidy[h].astype("float64") for h in mapping.headers("mesure")}
    frame = pd.DataFrame(columns)
    dated = frame["mois"].notna()
    rejected = pd.DataFrame({"ligne": table.lines[~dated], "colonne": mapping.header_of("mois") or ""})
    rejected = rejected.assign(valeur="", raison="le mois est absent")
    totals = dated & total_lines(frame, dimensions, measures)
    left_out = pd.DataFrame({"ligne": table.lines[totals], "colonne": headers[0] if headers else ""})
    left_out = left_out.assign(valeur="", raison="ligne de total : elle additionne les autres lignes du mois")
    kept = dated & ~totals
    texts = table.frame
    if not kept.all():
        frame, texts = frame[kept].reset_index(drop=True), texts[kept].reset_index(drop=True)
    numbers = table.lines[kept].reset_index(drop=True)
    return Lines(frame, dimensions, measures, texts[_identifiers(mapping)], texts, numbers, rejected, left_out)


def first_of_month(dates: pd.Series) -> pd.Series:
    """First day of the month of each date (datetime64[us], the unit that Parquet keeps), NaT kept."""
    return pd.Series(dates.to_numpy().astype("datetime64[M]").astype("datetime64[us]"), index=dates.index)


def _rank(canonical: str) -> tuple[int, str]:
    return (DIMENSIONS.index(canonical), "") if canonical in DIMENSIONS else (len(DIMENSIONS), canonical)


def _months(table: Table, mapping: Mapping) -> pd.Series:
    header = mapping.header_of("mois")
    if header is not None:
        return first_of_month(table.tidy[header])
    year, month = (table.tidy[mapping.header_of(c)] for c in ("annee", "mois_numero"))
    parts = pd.DataFrame({"year": year, "month": month, "day": 1})
    return first_of_month(pd.to_datetime(parts, errors="coerce"))


def _dimension(table: Table, header: str) -> pd.Series:
    values = table.tidy[header]
    if not isinstance(values.dtype, pd.CategoricalDtype):
        values = table.frame[header].str.strip().astype("category")
        values = values.cat.remove_categories([c for c in values.cat.categories if not c])
    ordered = sorted((str(c) for c in values.cat.categories), key=natural_key)
    if values.isna().any():
        ordered = [c for c in ordered if c != NOT_GIVEN] + [NOT_GIVEN]
        return values.cat.set_categories(ordered).fillna(NOT_GIVEN)
    return values.cat.set_categories(ordered)


def natural_key(text: str) -> list[tuple[int, int, str]]:
    """Sort key under which "5" comes before "11" and "0-19" before "20-39"."""
    return [(0, int(p), "") if p.isdigit() else (1, 0, p.casefold()) for p in re.findall(r"\d+|\D+", text)]


def _identifiers(mapping: Mapping) -> list[str]:
    codes = mapping.findings["code"].isin(["conformite.identifiant", "conformite.donnees_personnelles"])
    return list(mapping.findings.loc[codes, "colonne"])
