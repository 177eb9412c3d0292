"""What the page and the command show of an upload, rebuilt from JSON: every text bounded, every type checked."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import pandas as pd

from analytics.errors import PaliersError, Question
from data.sandbox.messages import clean, error_of, question_of

_LINE_COLUMNS = ("ligne", "colonne", "valeur", "raison")
_FINDING_COLUMNS = ("code", "severite", "table", "colonne", "ligne", "valeur", "message", "remede", "euros")
_COLUMNS = ("colonne", "role", "libelle", "nature", "confiance", "exemples")
_PERSONAL = ("colonne", "contenu", "devenir")
_MOST_ROWS, _MOST_COLUMNS, _LONGEST = 2000, 400, 1000


@dataclass(frozen=True)
class Asked:
    """A question about a file.

    Attributes
    ----------
    question : Question
    blocking : bool
        Whether a total depends on it: the file cannot be accepted without an answer.
    answer : str or None
        The answer given, or remembered from a file of the same layout.
    """

    question: Question
    blocking: bool
    answer: str | None = None


@dataclass(frozen=True)
class Report:
    """What was understood of an upload. `lines` = `accepted` + `rejected` + `left_out`, always.

    Attributes
    ----------
    name : str
        Name of the file.
    lines, accepted, rejected, left_out : int or None
        Lines of the file under its titles, and what became of them; None when the file could not be read.
    dialect : mapping
        encoding, separator, decimal, header_rows, sheet, compression.
    columns : pandas.DataFrame
        colonne, role, libelle, nature, confiance (0 to 1), exemples (personal data masked).
    before, after : pandas.DataFrame
        First lines as text, as written in the file and as read.
    questions : tuple of Asked
    error : PaliersError or None
        Why the file is refused.
    findings : pandas.DataFrame
        Quality findings: code, severite, table, colonne, ligne, valeur, message, remede, euros.
    score : pandas.DataFrame
        pilier, note (0 to 100), phrase; no row before the dataset is made.
    unlocks : pandas.DataFrame
        colonne, debloque: what each absent column would bring.
    rejected_lines, left_out_lines : pandas.DataFrame
        The first lines not used: ligne, colonne, valeur, raison.
    personal : pandas.DataFrame
        colonne, contenu, devenir: columns that identify people and what is done with them.
    rows : mapping
        Rows of the monthly tables "cotisation" and "prestation".
    period : tuple of str
        First and last month, in French.
    layout : str
        Digest of the titles: files of the same layout are asked the same questions.
    """

    name: str
    lines: int | None = None
    accepted: int | None = None
    rejected: int | None = None
    left_out: int | None = None
    dialect: Mapping[str, Any] = field(default_factory=dict)
    columns: pd.DataFrame = field(default_factory=pd.DataFrame)
    before: pd.DataFrame = field(default_factory=pd.DataFrame)
    after: pd.DataFrame = field(default_factory=pd.DataFrame)
    questions: tuple[Asked, ...] = ()
    error: PaliersError | None = None
    findings: pd.DataFrame = field(default_factory=pd.DataFrame)
    score: pd.DataFrame = field(default_factory=pd.DataFrame)
    unlocks: pd.DataFrame = field(default_factory=pd.DataFrame)
    rejected_lines: pd.DataFrame = field(default_factory=pd.DataFrame)
    left_out_lines: pd.DataFrame = field(default_factory=pd.DataFrame)
    personal: pd.DataFrame = field(default_factory=pd.DataFrame)
    rows: Mapping[str, int] = field(default_factory=dict)
    period: tuple[str, ...] = ()
    layout: str = ""

    @property
    def blocking(self) -> tuple[Question, ...]:
        """Questions that must be answered before the file can be accepted."""
        return tuple(a.question for a in self.questions if a.blocking and a.answer is None)


def report_of(content: Mapping[str, Any]) -> Report:
    """A report from its JSON.

    Raises
    ------
    ValueError
        A field is not of its type, or the counts do not add up.
    """
    counts = {name: _count(content.get(name)) for name in ("lines", "accepted", "rejected", "left_out")}
    total, *parts = counts.values()
    if total is not None and total != sum(part or 0 for part in parts):
        raise ValueError("lines are missing from the counts")
    error = content.get("error")
    rows = _mapping(content.get("rows"))
    return Report(
        name=clean(content.get("name", ""), 200),
        **counts,
        dialect=MappingProxyType({clean(k, 50): _value(v) for k, v in _mapping(content.get("dialect")).items()}),
        columns=_table(content.get("columns"), _COLUMNS),
        before=_grid(content.get("before")),
        after=_grid(content.get("after")),
        questions=tuple(_asked(q) for q in _list(content.get("questions"))),
        error=None if error is None else error_of(_mapping(error)),
        findings=_table(content.get("findings"), _FINDING_COLUMNS),
        score=_table(content.get("score"), ("pilier", "note", "phrase")),
        unlocks=_table(content.get("unlocks"), ("colonne", "debloque")),
        rejected_lines=_table(content.get("rejected_lines"), _LINE_COLUMNS),
        left_out_lines=_table(content.get("left_out_lines"), _LINE_COLUMNS),
        personal=_table(content.get("personal"), _PERSONAL),
        rows=MappingProxyType({name: _count(rows.get(name)) or 0 for name in ("cotisation", "prestation")}),
        period=tuple(clean(m, 30) for m in _list(content.get("period"))[:2]),
        layout=clean(content.get("layout", ""), 64),
    )


def _asked(content: object) -> Asked:
    fields = _mapping(content)
    answer = fields.get("answer")
    return Asked(question_of(fields), bool(fields.get("blocking")), None if answer is None else clean(answer, 500))


def _count(value: object) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 1 << 53:
        raise ValueError("count")
    return value


def _mapping(value: object) -> Mapping[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ValueError("mapping expected")
    return value


def _list(value: object) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise ValueError("list expected")
    return value[:_MOST_ROWS]


def _value(value: object) -> Any:
    """A cell: a finite number, a truth, None or a bounded text; a list becomes a tuple of them."""
    if isinstance(value, list):
        return tuple(_value(v) for v in value[:50])
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return clean(value, _LONGEST)


def _table(value: object, columns: tuple[str, ...]) -> pd.DataFrame:
    """Records as a frame of the columns expected, no other."""
    rows = [[_value(_mapping(record).get(c)) for c in columns] for record in _list(value)]
    return pd.DataFrame(rows, columns=list(columns))


def _grid(value: object) -> pd.DataFrame:
    content = _mapping(value)
    names = [clean(c, 200) for c in _list(content.get("columns"))[:_MOST_COLUMNS]]
    rows = [[clean(v, _LONGEST) for v in _list(row)[: len(names)]] for row in _list(content.get("rows"))]
    if any(len(row) != len(names) for row in rows):
        raise ValueError("row of another width")
    return pd.DataFrame(rows, columns=names)
