"""A frame beside a truth: which cells differ, in which columns and on which lines."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from tests.french.spec import Column, Truth


@dataclass(frozen=True)
class Gap:
    """What differs between a frame and a truth; empty when they agree."""

    wrong: int
    total: int
    columns: tuple[str, ...] = ()
    lines: tuple[int, ...] = ()
    why: str = ""

    @property
    def exact(self) -> bool:
        """No cell differs."""
        return self.wrong == 0 and not self.why


def is_missing(value: object) -> bool:
    """None, NaN, NaT."""
    return value is None or value is pd.NaT or value is pd.NA or (isinstance(value, float) and value != value)


def true_value(kind: str, value: object) -> object:
    """A value of the truth in its comparable form."""
    if value is None or (kind == "texte" and str(value).strip() == ""):
        return None
    if kind == "nombre":
        return round(float(value), 6)
    return value if isinstance(value, dt.date) else str(value).strip()


def read_value(kind: str, value: object) -> object:
    """A value read in the same form; what has not the type asked is marked so."""
    if is_missing(value) or (isinstance(value, str) and value.strip() == ""):
        return None
    if kind == "nombre":
        return round(float(value), 6)
    if kind in ("mois", "date"):
        return pd.Timestamp(value).date()
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).replace("\r\n", "\n").strip()


def has_type(series: pd.Series, kind: str) -> bool:
    """The dtype says the kind: an amount is a number, a month a date, a label or a code neither."""
    number = pd.api.types.is_numeric_dtype(series.dtype) and not pd.api.types.is_bool_dtype(series.dtype)
    date = pd.api.types.is_datetime64_any_dtype(series.dtype)
    if kind == "nombre":
        return number
    if kind in ("mois", "date"):
        return date
    return kind == "libre" or (not number and not date)


def read_column(series: pd.Series, kind: str) -> list[object]:
    """Comparable values of a column of the right type."""
    return [read_value(kind, v) for v in series.astype(object).tolist()]


def find_title(titles: Sequence[str], wanted: str) -> str | None:
    """The column of this title, alone or as the first level of a header on several rows."""
    if wanted in titles:
        return wanted
    return next((t for t in titles if t.startswith(f"{wanted} / ")), None)


def compare_lines(frame: pd.DataFrame, lines: Sequence[int] | None, truth: Truth) -> Gap:
    """Rows in the order of the file, columns by title."""
    total, lines = truth.cells, None if lines is None else list(lines)
    if lines is not None and lines != list(truth.lines):
        lost, more = set(truth.lines) - set(lines), set(lines) - set(truth.lines)
        what = f"lignes perdues {sorted(lost)[:4]}" if lost else f"lignes en trop {sorted(more)[:4]}"
        return Gap(total, total, (), tuple(sorted(lost | more)), what)
    if len(frame) != len(truth.lines):
        return Gap(total, total, why=f"{len(frame)} lignes au lieu de {len(truth.lines)}")
    wrong, columns, where, why = 0, [], set(), ""
    for column in truth.columns:
        bad, reason = compare_column(frame, column)
        if bad:
            wrong += len(bad)
            columns.append(column.title)
            where |= {truth.lines[i] for i in bad}
            why = why or reason
    return Gap(wrong, total, tuple(columns), tuple(sorted(where)), why)


def compare_column(frame: pd.DataFrame, column: Column) -> tuple[list[int], str]:
    """Rows that differ, and the first reason."""
    everywhere = list(range(len(column.values)))
    title = find_title([str(t) for t in frame.columns], column.title)
    if title is None:
        return everywhere, f"colonne absente : {column.title}"
    expected = [true_value(column.kind, v) for v in column.values]
    if all(v is None for v in expected) and frame[title].isna().all():
        return [], ""
    if not has_type(frame[title], column.kind):
        return everywhere, f"{column.kind} lu {frame[title].dtype} : {column.title}"
    found = read_column(frame[title], column.kind)
    bad = [i for i, (a, b) in enumerate(zip(expected, found, strict=True)) if a != b]
    return bad, f"{column.title} : {found[bad[0]]!r} au lieu de {expected[bad[0]]!r}" if bad else ""


def compare_long(frame: pd.DataFrame, truth: Truth) -> Gap:
    """Keys by title when the file names them, by content otherwise; rows in any order, without missing values."""
    chosen, reason = match_columns(frame, truth)
    if reason:
        return Gap(truth.cells, truth.cells, why=reason)
    rest = [c for c in frame.columns if c not in chosen and c not in truth.optional]
    numbers = [c for c in rest if pd.api.types.is_numeric_dtype(frame[c].dtype) and frame[c].notna().any()]
    if numbers:
        return Gap(truth.cells, truth.cells, tuple(map(str, numbers)), why=f"nombres en trop : {numbers[:3]}")
    measures = [i for i, c in enumerate(truth.columns) if c.kind == "nombre"]
    read = [read_column(frame[name], c.kind) for name, c in zip(chosen, truth.columns, strict=True)]
    rows = Counter(r for r in zip(*read, strict=True) if any(r[i] is not None for i in measures))
    wanted = Counter(zip(*([true_value(c.kind, v) for v in c.values] for c in truth.columns), strict=True))
    lost, more = wanted - rows, rows - wanted
    wrong = max(lost.total(), more.total())
    if not wrong:
        return Gap(0, truth.cells)
    sample = next(iter(lost or more))
    text = f"{lost.total()} lignes absentes, {more.total()} en trop, ainsi {tuple(map(str, sample))}"
    return Gap(min(truth.cells, wrong * len(truth.columns)), truth.cells, tuple(map(str, chosen)), why=text)


def match_columns(frame: pd.DataFrame, truth: Truth) -> tuple[list[object], str]:
    """The column of the frame for each column of the truth, by title then by the values it holds."""
    titles, chosen, taken = list(frame.columns), [], set()
    for column in truth.columns:
        name = column.title if column.title in titles else None
        if name is None or not has_type(frame[name], column.kind):
            name = find_content(frame, column, taken)
        if name is None:
            return [], f"rien pour « {column.title} » ({column.kind}) parmi {titles[:6]}"
        chosen.append(name)
        taken.add(name)
    return chosen, ""


def find_content(frame: pd.DataFrame, column: Column, taken: set[object]) -> object | None:
    """The free column of the right type whose distinct values are the nearest to the truth's."""
    wanted = {true_value(column.kind, v) for v in column.values}
    best, score = None, -1
    for name in frame.columns:
        if name in taken or not has_type(frame[name], column.kind):
            continue
        common = len(wanted & set(read_column(frame[name], column.kind)))
        if common > score:
            best, score = name, common
    return best


def compare(frame: pd.DataFrame, lines: Sequence[int] | None, truths: Sequence[Truth]) -> Gap:
    """The smallest gap among the readings that are right."""
    gaps = [compare_long(frame, t) if t.long else compare_lines(frame, lines, t) for t in truths]
    return min(gaps, key=lambda g: (not g.exact, g.wrong))
