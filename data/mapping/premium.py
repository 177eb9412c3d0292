"""Premiums and members written beside the prestations: repeated on every poste, or shared out between them."""

from __future__ import annotations

from collections.abc import Mapping as MappingABC
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analytics.errors import Question
from analytics.schema import CARE_DIMENSIONS, CONTRACT_DIMENSIONS, COTISATION_MEASURES, LABELS
from data.findings import finding
from data.keys import pack, sum_by
from data.mapping.lines import Lines
from data.mapping.questions import check_choice, repetition_question

#: Under this share of equal cells the amounts are shared out; from it to 1 the file contradicts itself.
_NEARLY_ALL = 0.9


@dataclass(frozen=True)
class Premiums:
    """The table of premiums of a file.

    Attributes
    ----------
    table : pandas.DataFrame
        mois, contract dimensions, `poste` when a measure is shared out between postes, measures. A measure that is not
        shared out has its rows without poste.
    questions : tuple of Question
        What the lines do not settle, their totals included; the table is then not to be used.
    findings : tuple of dict
    """

    table: pd.DataFrame
    questions: tuple[Question, ...]
    findings: tuple[dict, ...]


@dataclass(frozen=True)
class _Scope:
    """Columns that play a part: contract keys of a cell, keys of care inside it, persons."""

    contract: list[str]
    care: list[str]
    persons: np.ndarray | None


def build_premiums(lines: Lines, repeated_lines: np.ndarray, answers: MappingABC[str, str]) -> Premiums:
    """Table of premiums from lines that also hold prestations.

    Parameters
    ----------
    lines : Lines
        Lines of the file under canonical names.
    repeated_lines : numpy.ndarray of bool
        Second copies of identical lines: they say nothing about repetition.
    answers : mapping
        "repetition:<mesure>" -> "repetee" or "repartie".
    """
    measures = [m for m in COTISATION_MEASURES if m in lines.measures]
    parts, questions, findings = [], list(lines.questions), list(lines.findings)
    for measure in measures:
        scope = _scope(lines, measure)
        question = repetition_question(measure, LABELS[measure])
        answer = answers.get(question.key)
        check_choice(question, answer)
        reading = answer or _reading(lines, measure, scope, ~repeated_lines)
        if reading == "":
            questions.append(question)
            continue
        parts.append(_sums(lines, measure, scope, reading))
        if answer is None and reading != "somme":
            findings.append(_said(measure, reading))
    return Premiums(_side_by_side(parts, lines), tuple(questions), tuple(findings))


def _scope(lines: Lines, measure: str) -> _Scope:
    present = list(lines.frame.columns)
    care = [c for c in (*CARE_DIMENSIONS, "mois_paiement") if c in present]
    extra = [d for d in lines.dimensions if d not in (*CARE_DIMENSIONS, *CONTRACT_DIMENSIONS)]
    contract = ["mois", *(d for d in lines.dimensions if d in CONTRACT_DIMENSIONS), *extra]
    persons = pack(lines.identifiers, list(lines.identifiers.columns)) if lines.identifiers.shape[1] else None
    for dimension in extra:
        if _constant_over(lines.frame, measure, dimension, [c for c in present if c in (*contract, *care)]):
            contract.remove(dimension)
            care.append(dimension)
    return _Scope(contract, care, persons)


def _constant_over(frame: pd.DataFrame, measure: str, dimension: str, keys: list[str]) -> bool:
    """Whether a measure never changes along a dimension, on at least three cells that could show it."""
    share, cells = _equal_share(frame, measure, pack(frame, [k for k in keys if k != dimension]))
    return cells >= 3 and share == 1.0


def _equal_share(frame: pd.DataFrame, measure: str, cell: np.ndarray) -> tuple[float, int]:
    """Share of the cells with several amounts where they are all equal, and how many such cells."""
    values = frame[measure].to_numpy()
    told = ~np.isnan(values) & (values != 0)
    grouped = pd.Series(values[told]).groupby(cell[told])
    table = pd.DataFrame({"low": grouped.min(), "high": grouped.max(), "n": grouped.size()})
    several = table[table["n"] > 1]
    return (float((several["low"] == several["high"]).mean()) if len(several) else 1.0), len(several)


def _reading(lines: Lines, measure: str, scope: _Scope, told: np.ndarray) -> str:
    """ "somme" (one amount per cell), "repetee", "repetee_par_poste", "repartie", or "" when nothing settles it."""
    frame = lines.frame[told]
    if not scope.care:
        return "somme"
    persons = scope.persons[told] if scope.persons is not None else None
    share, cells = _equal_share(frame, measure, _cell(frame, scope.contract, persons))
    if cells == 0:
        return "somme"
    clean = persons is not None or not _several_lines(frame, measure, [*scope.contract, *scope.care])
    if share == 1.0:
        return "repetee" if clean else ""
    if not clean or persons is not None or share >= _NEARLY_ALL:
        return ""
    if "poste" not in scope.care:
        return "repartie"
    inner, inner_cells = _equal_share(frame, measure, _cell(frame, [*scope.contract, "poste"], None))
    return "repetee_par_poste" if inner_cells and inner == 1.0 else "repartie"


def _cell(frame: pd.DataFrame, keys: list[str], persons: np.ndarray | None) -> np.ndarray:
    cell = pack(frame, keys)
    return cell if persons is None else pack(pd.DataFrame({"cell": cell, "person": persons}), ["cell", "person"])


def _several_lines(frame: pd.DataFrame, measure: str, keys: list[str]) -> bool:
    told = frame[frame[measure].notna() & (frame[measure] != 0)]
    packed = pack(told, keys)
    return len(np.unique(packed)) < len(packed)


def _sums(lines: Lines, measure: str, scope: _Scope, reading: str) -> pd.DataFrame:
    """Amounts of one measure by contract cell, and by poste when they are shared out."""
    frame = lines.frame[lines.frame[measure].notna()]
    by_poste = reading in ("repartie", "repetee_par_poste") and "poste" in scope.care
    keys = [*scope.contract, *(["poste"] if by_poste else [])]
    if reading.startswith("repetee"):
        frame = frame.loc[(frame[measure] == 0).sort_values(kind="stable").index]  # a zero stands only for itself
        persons = scope.persons[frame.index] if scope.persons is not None and not by_poste else None
        _, first = np.unique(_cell(frame, keys, persons), return_index=True)
        frame = frame.iloc[np.sort(first)]
    return sum_by(frame, keys, [measure])


def _side_by_side(parts: list[pd.DataFrame], lines: Lines) -> pd.DataFrame:
    """Measures with the same keys share their rows; the others stand under them."""
    if not parts:
        return pd.DataFrame({"mois": lines.frame["mois"].iloc[:0]})
    by_keys: dict[tuple[str, ...], pd.DataFrame] = {}
    for part in parts:
        keys = tuple(part.columns[:-1])
        known = by_keys.get(keys)
        by_keys[keys] = part if known is None else known.merge(part, on=list(keys), how="outer")
    widest = max(by_keys, key=len)
    stacked = pd.concat(by_keys.values(), ignore_index=True) if len(by_keys) > 1 else by_keys[widest]
    order = [*widest, *(c for c in stacked.columns if c not in widest)]
    for name in widest[1:]:
        if name in lines.frame.columns:
            stacked[name] = stacked[name].astype(lines.frame[name].dtype)
    return stacked[order].sort_values(list(widest), ignore_index=True)


def _said(measure: str, reading: str) -> dict:
    label = LABELS[measure]
    if reading == "repartie":
        return finding(
            "accessibilite.repetition", "info", f"{label} : montants répartis entre les lignes, additionnés."
        )
    where = "chaque poste" if reading == "repetee_par_poste" else "les lignes d’un même mois"
    return finding(
        "accessibilite.repetition", "info", f"{label} : même montant répété sur {where}, compté une seule fois."
    )
