"""A wide table made long: keys repeated, periods dated, and the months to come that are written 0."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa

from analytics.errors import Question
from analytics.french import format_month
from data.findings import finding
from data.readers.body import Body
from data.readers.columns import Column
from data.readers.shape import Shape

_LEAST_KNOWN = 3


def unfold(body: Body, kept: np.ndarray) -> list[Column]:
    """Columns of the long table: keys, variables, amounts; one code per kept row and combination, row by row."""
    rows, width = np.flatnonzero(kept), body.width
    shape = body.found.shape
    keys = [replace(c, codes=np.repeat(c.codes[rows], width)) for c in body.columns]
    amounts = [replace(a, codes=a.codes.reshape(-1, width)[rows].ravel()) for a in body.amounts]
    taken = {c.name for c in keys}
    variables = []
    for k, name in enumerate(shape.variables):
        free = name if name not in taken else f"{name} (2)"
        labels = [combo[k] for combo in shape.combos]
        if k == 0 and shape.periods:
            variables.append(_period(free, labels, body, rows))
        else:
            variables.append(_labels(free, labels, len(rows)))
    return [*keys, *variables, *amounts]


def _labels(name: str, labels: list[str], count: int) -> Column:
    positions, words = pd.factorize(np.array(labels, dtype=object))
    none = np.zeros(len(words), dtype=bool)
    return Column(name, "text", pa.array(list(words), pa.string()), np.tile(positions, count), None, none, none)


def _period(name: str, labels: list[str], body: Body, rows: np.ndarray) -> Column:
    """Dates of the first variable; half of them may be said by the row."""
    shape = body.found.shape
    if shape.kind == "annee" and body.halves is None:
        return _labels(name, [str(p.year) for p in shape.periods], len(rows))
    if body.halves is None:
        dates = [_date(p.year, p.month, p.day if p.kind == "jour" else 1) for p in shape.periods]
        return _dates(name, labels, dates, np.tile(np.arange(len(labels)), len(rows)), shape)
    halves, codes = np.unique(body.halves[rows], return_inverse=True)
    texts, dates = [], []
    for half in halves:
        for label, period in zip(labels, shape.periods, strict=True):
            texts.append(f"{label} {half}" if shape.kind != "annee" else f"{half:02d}/{period.year}")
            dates.append(
                _date(int(half), period.month, 1) if shape.kind != "annee" else _date(period.year, int(half), 1)
            )
    width = len(labels)
    return _dates(name, texts, dates, (codes[:, None] * width + np.arange(width)).ravel(), shape)


def _date(year: int, month: int, day: int) -> np.datetime64:
    return np.datetime64(f"{year:04d}-{month:02d}-{day:02d}", "s")


def _dates(name: str, texts: list[str], dates: list[np.datetime64], codes: np.ndarray, shape: Shape) -> Column:
    none = np.zeros(len(texts), dtype=bool)
    values = np.array(dates, dtype="datetime64[s]")
    quarters = shape.kind.startswith("trimestre")
    return Column(name, "date", pa.array(texts, pa.string()), codes, values, none, none, quarters=quarters)


def settle_zeros(
    columns: list[Column], amounts: int, answers: Mapping[str, str]
) -> tuple[list[Column], list[Question], list[dict]]:
    """Zeros of the last months, where every row is zero: taken for missing, and asked.

    Parameters
    ----------
    columns : list of Column
        Long columns, the amounts last.
    amounts : int
        How many of them are amounts.
    answers : mapping
        "zero_manquant:<montant>" is "manquant" or "zero".
    """
    dates = next((c for c in columns[:-amounts] if c.kind == "date" and len(c.codes)), None)
    questions: list[Question] = []
    notes: list[dict] = []
    if dates is None:
        return columns, questions, notes
    when = dates.parsed[dates.codes]
    settled = list(columns)
    for at in range(len(columns) - amounts, len(columns)):
        column = columns[at]
        key = f"zero_manquant:{column.name}"
        months = _suspects(when, column) if column.kind == "number" and answers.get(key) != "zero" else None
        if months is None:
            continue
        settled[at] = _without_zeros(column, np.isin(when, months))
        if key not in answers:
            questions.append(_question(key, months))
            message = f"Les zéros de {_span(months)} sont lus comme des mois pas encore connus, pas comme des zéros."
            remedy = f"Si ces montants sont vraiment nuls, répondez « zero » à la question « {key} »."
            notes.append(
                finding("exhaustivite.zero_manquant", "attention", message, colonne=column.name, remede=remedy)
            )
    return settled, questions, notes


def _suspects(when: np.ndarray, column: Column) -> np.ndarray | None:
    """Last dates at which every amount is zero, when the same months were not always zero before."""
    values = column.parsed[column.codes]
    frame = pd.DataFrame({"date": when, "zero": values == 0, "some": np.isfinite(values) & (values != 0)})
    by_date = frame.groupby("date").any().sort_index()
    if by_date["some"].sum() < _LEAST_KNOWN:
        return None
    last = by_date.index[by_date["some"]].max()
    after = by_date.loc[by_date.index > last]
    after = after[after["zero"]]
    if after.empty:
        return None
    before = by_date[by_date["zero"] | by_date["some"]].loc[:last]
    same = before[before.index.month.isin(after.index.month)]
    usual = same["some"].mean() if len(same) else 1.0
    return after.index.to_numpy() if usual > 0.5 else None


def _without_zeros(column: Column, rows: np.ndarray) -> Column:
    """The same column where the zeros of some rows are missing; their text stays as written."""
    zero = np.flatnonzero(column.parsed == 0)
    codes, extra = column.codes.copy(), len(column.texts)
    for k, code in enumerate(zero):
        codes[rows & (column.codes == code)] = extra + k
    return replace(
        column,
        texts=pa.concat_arrays([column.texts, column.texts.take(pa.array(zero))]),
        codes=codes,
        parsed=np.append(column.parsed, np.full(len(zero), np.nan)),
        missing=np.append(column.missing, np.ones(len(zero), dtype=bool)),
        bad=np.append(column.bad, np.zeros(len(zero), dtype=bool)),
    )


def _span(months: np.ndarray) -> str:
    first, last = pd.Timestamp(months.min()), pd.Timestamp(months.max())
    return format_month(first) if first == last else f"{format_month(first)} à {format_month(last)}"


def _question(key: str, months: np.ndarray) -> Question:
    return Question(
        key,
        f"De {_span(months)}, tous les montants sont à zéro : ces mois sont-ils encore inconnus ?",
        {"manquant": "Oui, ils ne sont pas encore connus", "zero": "Non, ils valent vraiment zéro"},
        "Un zéro compté à la place d’un mois inconnu fait croire à une chute.",
    )
