"""The lines of a table under their canonical names: months, dimensions as categories, measures as numbers."""

from __future__ import annotations

import re
from collections.abc import Mapping as MappingABC
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analytics.errors import Question
from data.mapping.axes import NOT_GIVEN
from data.mapping.calendar import as_month, first_of_month, months_of
from data.mapping.propose import Mapping
from data.mapping.roles import DIMENSIONS, texts_of
from data.mapping.sense import signs_of
from data.mapping.totals import Totals, find_totals
from data.readers import Table

__all__ = ["NOT_GIVEN", "Lines", "canonical_lines", "first_of_month", "natural_key"]

_TOTAL = "ligne de total : elle additionne les autres lignes du mois"
_ASIDE = "ligne que vous avez demandé de ne pas prendre"
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
    questions : tuple of Question
        Blocking: what may be a total of the others.
    findings : tuple of dict
    """

    frame: pd.DataFrame
    dimensions: tuple[str, ...]
    measures: tuple[str, ...]
    identifiers: pd.DataFrame
    texts: pd.DataFrame
    numbers: pd.Series
    rejected: pd.DataFrame
    left_out: pd.DataFrame
    questions: tuple[Question, ...] = ()
    findings: tuple[dict, ...] = ()


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
    taken, aside = signs_of(table, tuple(headers), mapping.answers)
    if taken.any():
        frame.loc[taken, list(measures)] *= -1
    dated = frame["mois"].notna()
    refused = np.logical_or.reduce([np.zeros(len(frame), dtype=bool), *aside.values()]) & dated.to_numpy()
    empty = frame["mois"].isin(list(mapping.empty_months)) & ~refused
    rejected = pd.DataFrame({"ligne": table.lines[~dated], "colonne": mapping.header_of("mois") or ""})
    rejected = rejected.assign(valeur="", raison="le mois est absent")
    titles = dict(zip(dimensions, headers, strict=True))
    usable = (dated & ~empty & ~refused).to_numpy()
    found = find_totals(frame[usable], titles, measures, mapping.answers, only_words=bool(mapping.layout))
    totals = np.zeros(len(frame), dtype=bool)
    totals[usable] = found.axis >= 0
    left_out = _left_totals(table, totals, frame, titles, found)
    frame = _blanked(frame, usable, found)
    others = [_left(table, empty, mapping.header_of("mois") or "", _EMPTY)] if empty.any() else []
    others += [_left(table, rows & dated.to_numpy(), header, _ASIDE) for header, rows in aside.items()]
    if others:
        left_out = pd.concat([left_out, *others]).drop_duplicates("ligne")
        left_out = left_out.sort_values("ligne", kind="stable", ignore_index=True)
    kept = dated & ~totals & ~empty & ~refused
    texts = texts_of(table)
    if not kept.all():
        frame, texts = frame[kept].reset_index(drop=True), texts[kept].reset_index(drop=True)
    numbers = table.lines[kept].reset_index(drop=True)
    persons = texts[_identifiers(mapping)]
    return Lines(
        frame, dimensions, measures, persons, texts, numbers, rejected, left_out, found.questions, found.findings
    )


def _rank(canonical: str) -> tuple[int, str]:
    return (DIMENSIONS.index(canonical), "") if canonical in DIMENSIONS else (len(DIMENSIONS), canonical)


def _left(table: Table, rows: pd.Series | np.ndarray, header: str, reason: str) -> pd.DataFrame:
    frame = pd.DataFrame({"ligne": table.lines[rows], "colonne": header})
    return frame.assign(valeur="", raison=reason)


def _left_totals(
    table: Table, totals: np.ndarray, frame: pd.DataFrame, titles: MappingABC[str, str], found: Totals
) -> pd.DataFrame:
    """Lines of totals, with the column and the value that make them so."""
    at = found.axis[found.axis >= 0]
    by_title = {title: dimension for dimension, title in titles.items()}
    columns = np.array(found.titles, dtype=object)[at]
    rows = np.flatnonzero(totals)
    values = [str(frame[by_title[c]].iloc[r]) for c, r in zip(columns, rows, strict=True)]
    return pd.DataFrame({"ligne": table.lines[totals], "colonne": columns, "valeur": values, "raison": _TOTAL})


def _blanked(frame: pd.DataFrame, usable: np.ndarray, found: Totals) -> pd.DataFrame:
    """Amounts counted in other lines taken away from the lines kept for another measure."""
    rows = np.flatnonzero(usable)
    blank = {m: frame[m].mask(np.isin(np.arange(len(frame)), rows[cells])) for m, cells in found.blank.items()}
    return frame.assign(**blank) if blank else frame


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
