"""A report as plain French text of 80 columns, and as JSON, for whoever has no browser."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator
from typing import Any

import pandas as pd

from analytics.errors import PaliersError
from analytics.french import THIN, format_number
from data.depot.report import Asked, Report
from data.sandbox.messages import error_fields, question_fields

WIDTH = 80
FIRST_LINES = 10
_SEPARATORS = {";": "point-virgule", ",": "virgule", "\t": "tabulation", "|": "barre verticale", " ": "espace"}
_DECIMALS = {",": "virgule", ".": "point"}
_SEVERITIES = {"grave": "grave", "attention": "à regarder", "info": "à savoir"}
_VERDICTS = {
    "pret": "ACCEPTÉ : le fichier peut être utilisé.",
    "question": "EN ATTENTE : une réponse est nécessaire, un total en dépend.",
    "refuse": "REFUSÉ : le fichier ne peut pas être utilisé.",
}


def printed(report: Report, state: str) -> str:
    """The whole report, ending with the verdict."""
    sections = [
        _title(report),
        _error(report.error),
        _counts(report),
        _dialect(report),
        _columns(report),
        _personal(report),
        _questions(report.questions),
        _score(report),
        _findings(report),
        _lines("Premières lignes rejetées", report.rejected_lines),
        _lines("Premières lignes laissées de côté", report.left_out_lines),
        [_VERDICTS.get(state, "NON LU : la lecture n’est pas allée au bout.")],
    ]
    return "\n\n".join("\n".join(section) for section in map(list, sections) if section) + "\n"


def as_json(report: Report, state: str) -> dict[str, Any]:
    """The report as plain JSON values, frames as lists of records."""
    frames = (
        "columns",
        "personal",
        "before",
        "after",
        "score",
        "findings",
        "unlocks",
        "rejected_lines",
        "left_out_lines",
    )
    questions = [question_fields(a.question) | {"blocking": a.blocking, "answer": a.answer} for a in report.questions]
    counts = {name: getattr(report, name) for name in ("lines", "accepted", "rejected", "left_out")}
    return {
        "name": report.name,
        "state": state,
        **counts,
        "dialect": dict(report.dialect),
        "period": list(report.period),
        "rows": dict(report.rows),
        "questions": questions,
        "error": None if report.error is None else error_fields(report.error),
        **{name: _records(getattr(report, name)) for name in frames},
    }


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [
        {key: None if not isinstance(v, (list, tuple)) and pd.isna(v) else v for key, v in row.items()}
        for row in frame.to_dict("records")
    ]


def _wrap(text: str, indent: str = "  ", first: str | None = None) -> list[str]:
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=indent if first is None else first,
        subsequent_indent=indent,
        break_on_hyphens=False,
    )


def _title(report: Report) -> Iterator[str]:
    yield from _wrap(report.name, "")
    yield "=" * min(WIDTH, max(len(report.name), 1))


def _error(error: PaliersError | None) -> Iterator[str]:
    if error is None:
        return
    yield from _wrap(error.message, "")
    if error.place():
        yield from _wrap(f"Où : {error.place()}.")
    if error.remede:
        yield from _wrap(f"Remède : {error.remede}")


def _counts(report: Report) -> Iterator[str]:
    if report.lines is None:
        return
    yield "Lignes"
    total = max(report.lines, 1)
    for name, count in (
        ("du fichier, sous les titres", report.lines),
        ("acceptées", report.accepted),
        ("rejetées", report.rejected),
        ("laissées de côté (totaux, notes, lignes vides)", report.left_out),
    ):
        share = f"{format_number(100 * count / total, 1)}{THIN}%"
        yield f"  {name:<48}{format_number(count):>14}{share:>12}"
    if report.period:
        yield f"  Période : de {' à '.join(report.period)}."


def _dialect(report: Report) -> Iterator[str]:
    if not report.dialect:
        return
    dialect = report.dialect
    rows = dialect.get("header_rows") or ()
    parts = [
        ("encodage", dialect.get("encoding")),
        ("séparateur", _SEPARATORS.get(dialect.get("separator"), dialect.get("separator"))),
        ("décimale", _DECIMALS.get(dialect.get("decimal"), "sans")),
        ("titres à la ligne", ", ".join(str(r) for r in rows) if isinstance(rows, tuple) else rows),
        ("feuille", dialect.get("sheet")),
        ("compression", dialect.get("compression")),
    ]
    yield "Lecture"
    yield from _wrap(", ".join(f"{name} {value}" for name, value in parts if value) + ".")


def _columns(report: Report) -> Iterator[str]:
    if report.columns.empty:
        return
    yield "Colonnes"
    yield f"  {'dans le fichier':<26}{'comprise comme':<26}exemples"
    for row in report.columns.itertuples():
        yield f"  {_cut(row.colonne, 25):<26}{_cut(row.libelle, 25):<26}{_cut(row.exemples, 26)}".rstrip()


def _personal(report: Report) -> Iterator[str]:
    if report.personal.empty:
        return
    yield "Données personnelles"
    for row in report.personal.itertuples():
        yield from _wrap(f"« {row.colonne} » : {row.contenu} ; {row.devenir}.")


def _questions(questions: Iterable[Asked]) -> Iterator[str]:
    asked = sorted(questions, key=lambda a: not a.blocking)
    if not asked:
        return
    yield "Questions"
    for one in asked:
        question, kind = one.question, "à répondre" if one.blocking else "facultative"
        yield from _wrap(f"{question.text} ({kind})", "    ", "  - ")
        if question.advice:
            yield from _wrap(question.advice, "    ")
        for key, label in question.choices.items():
            chosen = " (réponse donnée)" if one.answer == key else ""
            yield from _wrap(f"--answer '{question.key}={key}' : {label}{chosen}", "        ", "      ")


def _score(report: Report) -> Iterator[str]:
    if report.score.empty:
        return
    yield "Qualité, sur 100"
    for row in report.score.itertuples():
        yield from _wrap(row.phrase, " " * 24, f"  {row.pilier:<16}{format_number(row.note):>4}  ")


def _findings(report: Report) -> Iterator[str]:
    if report.findings.empty:
        return
    yield "Constats"
    for row in report.findings.head(2 * FIRST_LINES).itertuples():
        yield from _wrap(f"[{_SEVERITIES.get(row.severite, row.severite)}] {row.message}", "    ", "  - ")
        if row.remede:
            yield from _wrap(row.remede, "    ")


def _lines(title: str, lines: pd.DataFrame) -> Iterator[str]:
    if lines.empty:
        return
    yield title
    for row in lines.head(FIRST_LINES).itertuples():
        column = f", colonne « {row.colonne} »" if row.colonne else ""
        value = f" : {_cut(row.valeur, 40)}" if row.valeur else ""
        yield from _wrap(f"ligne {row.ligne}{column}, {row.raison}{value}", "      ", "  ")
    if len(lines) > FIRST_LINES:
        yield f"  … et {format_number(len(lines) - FIRST_LINES)} autres"


def _cut(text: object, width: int) -> str:
    """A text on one line, cut with "…"."""
    flat = " ".join(str(text).split())
    return flat if len(flat) <= width else flat[: width - 1] + "…"
