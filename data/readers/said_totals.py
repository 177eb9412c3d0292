"""Rows that say « total »: left out when nothing else tells them from the others, or when they add up other rows."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analytics.errors import Question
from data.findings import finding
from data.readers.body import Body
from data.readers.columns import Column
from data.readers.dates import MONTH_NUMBER
from data.readers.totals import decimals_of
from data.vocabulary import guess, normalise

_TOTAL = re.compile(r"(?:grand |sous )?tota(?:l|ux)(?: (.*))?")
#: What follows « total » when it names no group: general, 2024, janvier 2024, t1 2024.
_EVERYTHING = re.compile(
    r"(generaux|general|global|annuel|mensuel|cumule|du mois|de l annee|mois|annee|[a-z]* ?[\d ]+)"
)
#: Rows of one label whose sums are checked.
_CHECKED = 40
_AGREE = 0.5
#: Distinct values from which a column names no groups that a total may add up.
_MOST_VALUES = 2000


@dataclass(frozen=True)
class SaidTotals:
    """Rows of a column that are totals, and what is asked and told about those that say so and add up nothing."""

    rows: np.ndarray
    question: Question | None = None
    findings: tuple[dict, ...] = ()


def find_totals(body: Body, column: Column, kept: np.ndarray, answers: Mapping[str, str]) -> SaidTotals:
    """Rows of a column that are totals.

    Parameters
    ----------
    body : Body
        Typed columns.
    column : Column
        The column whose cells may say « total ».
    kept : numpy.ndarray of bool
        Rows still in use.
    answers : mapping
        "lignes_total:<colonne>" is "total" or "garder".
    """
    said = _says_total(column)
    says = said[column.codes] & kept
    if not says.any() or says[kept].all():
        return SaidTotals(np.zeros(len(says), dtype=bool))
    doubtful = says & _dated(body, column) & ~_without_keys(body, column, says, kept)
    totals = says & ~doubtful
    unsure: list[str] = []
    notes: list[dict] = []
    key = f"lignes_total:{column.name}"
    groups = _groups(body)
    for code in np.unique(column.codes[doubtful]):
        rows = doubtful & (column.codes == code)
        label = column.texts[int(code)].as_py().strip()
        if answers.get(key) == "total" or _adds_up(body, column, rows, kept & ~says):
            totals |= rows
        elif answers.get(key) != "garder" and _names_a_group(label, groups):
            # Before an answer, the first choice holds: a total counted twice is the worse of two errors.
            totals |= rows
            unsure.append(label)
        else:
            notes.append(_kept_finding(column.name, label, int(body.grid.lines[np.argmax(rows)]), key))
    return SaidTotals(totals, _question(key, column.name, unsure) if unsure else None, tuple(notes))


def _groups(body: Body) -> set[str]:
    """Values of the columns of words, normalised."""
    found = [c.texts.to_pylist() for c in body.columns if c.kind == "text" and len(c.texts) <= _MOST_VALUES]
    return {normalise(text) for texts in found for text in texts}


def _names_a_group(label: str, groups: set[str]) -> bool:
    """Whether what follows « total » is nothing, a period or a value of the file: « Total Optique », not a company."""
    rest = _TOTAL.fullmatch(normalise(label))[1] or ""
    rest = re.sub(r"^(de la |de l |des |de |du |d |pour )", "", rest)
    return not rest or rest in groups or rest in MONTH_NUMBER or _EVERYTHING.fullmatch(rest) is not None


def _kept_finding(name: str, label: str, line: int, key: str) -> dict:
    message = f"Les lignes « {label} » sont gardées : elles ne sont pas la somme des autres."
    remedy = f"Si ce sont des totaux, répondez « total » à la question « {key} »."
    return finding("conformite.totaux", "attention", message, colonne=name, ligne=line, valeur=label, remede=remedy)


def _question(key: str, name: str, labels: list[str]) -> Question:
    shown = ", ".join(f"« {label} »" for label in labels[:3])
    return Question(
        key,
        f"Dans la colonne « {name} », les lignes {shown} sont-elles des totaux ?"
        " Elles ne sont pas la somme des autres.",
        {"total": "Oui : les laisser de côté", "garder": "Non, c’est un nom : les garder"},
        "Un total gardé serait compté deux fois ; un contrat laissé de côté manquerait.",
    )


def _says_total(column: Column) -> np.ndarray:
    """Distinct cells, neither a number nor a date, that say "Total"."""
    words = column.bad if column.kind != "text" else ~column.missing
    total = np.zeros(len(column.texts), dtype=bool)
    candidates = np.flatnonzero(words)
    texts = column.texts.take(pa.array(candidates))
    likely = pc.match_substring(texts, "tota", ignore_case=True).to_numpy(zero_copy_only=False).astype(bool)
    for at in np.flatnonzero(likely):
        total[candidates[at]] = _TOTAL.fullmatch(normalise(texts[int(at)].as_py())) is not None
    return total


def _dated(body: Body, column: Column) -> np.ndarray:
    """Rows that have a date as the others do."""
    dated = np.zeros(len(column.codes), dtype=bool)
    for other in body.columns:
        if other.kind == "date" and other.name != column.name:
            dated |= ~(other.missing | other.bad)[other.codes]
    return dated


def _without_keys(body: Body, column: Column, says: np.ndarray, kept: np.ndarray) -> np.ndarray:
    """Rows whose other words are all missing, when the rows that say nothing have some."""
    alone = np.zeros(len(column.codes), dtype=bool)
    others = [c for c in body.columns if c.kind == "text" and c.name != column.name]
    filled = [~c.missing[c.codes] for c in others]
    usual = [f for f in filled if f[kept & ~says].mean() > _AGREE]
    return ~np.logical_or.reduce(usual) if usual else alone


def _adds_up(body: Body, column: Column, rows: np.ndarray, parts: np.ndarray) -> bool:
    """Whether most rows of a label are the sum of the rows above, of their month, or of all, on one amount at least."""
    where = np.flatnonzero(rows)
    where = where[np.unique(np.linspace(0, len(where) - 1, min(len(where), _CHECKED)).astype(int))]
    measures = [c for c in body.columns if c.kind == "number" and c.name != column.name and _is_amount(c)]
    keys = [c for c in body.columns if c.kind != "number" and c.name != column.name]
    for measure in measures:
        values = measure.parsed[measure.codes]
        told = where[np.isfinite(values[where]) & (values[where] != 0)]
        slack = 0.5 * 10.0 ** -decimals_of(values[told]) if len(told) else 0.0
        agree = sum(_is_sum(values, int(at), parts, keys, slack) for at in told)
        if len(told) and agree >= _AGREE * len(told):
            return True
    return False


def _is_amount(column: Column) -> bool:
    hint = guess(column.name)
    return hint is None or hint.kind in ("measure", "running")


def _is_sum(values: np.ndarray, at: int, parts: np.ndarray, keys: list[Column], slack: float) -> bool:
    same = parts & np.isfinite(values)
    every = same.copy()
    for key in keys:
        if key.missing[key.codes[at]] or key.bad[key.codes[at]]:
            continue
        alike = key.codes == key.codes[at]
        if key.kind != "date":
            every &= alike
        same &= alike
    above = parts & np.isfinite(values) & (np.arange(len(values)) < at)
    block = above.copy()
    gap = np.flatnonzero(~parts[:at])
    block[: gap[-1] + 1 if len(gap) else 0] = False
    groups = (g for g in (same, every, above, block) if g.any())
    return any(abs(values[g].sum() - values[at]) <= slack * (g.sum() + 1) + 1e-9 * abs(values[at]) for g in groups)
