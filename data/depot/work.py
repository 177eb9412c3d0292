"""What the confined process does with an upload: read, understand, ask or make the dataset; then tell it in JSON."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

import data
from analytics.errors import MappingError, PaliersError, Question
from analytics.schema import Dataset
from data.depot.describe import describe_dataset, describe_error, describe_table
from data.depot.gate import REPLACED, decide, find_personal, hide_lines
from data.depot.handover import LINES, write_dataset
from data.findings import finding, join, to_frame
from data.ingest.stream import LARGE
from data.mapping import layout_key, merge_answers
from data.personal import quasi_identifiers
from data.readers import Table, refuse_empty
from data.sandbox.messages import question_fields

Progress = Callable[[float, str], None]
#: What a text of more than LARGE bytes is understood from; the whole of it is read once, to be added up.
SAMPLE_BYTES = 4 << 20
_NOT_TEXT = (b"\x1f\x8b", b"PK\x03\x04", b"PAR1", b"\xd0\xcf\x11\xe0")
#: Questions of the reading that disappear once they are answered.
_OF_READING = ("feuille", "forme", "annee")
#: Part of the progress given to each step.
_READ, _UNDERSTOOD, _MADE, _CHECKED, _WRITTEN = 0.02, 0.3, 0.35, 0.85, 0.95


@dataclass
class _Work:
    """What is known so far of one file."""

    path: Path
    name: str
    sheet: str | None
    answers: dict[str, str]
    remembered: dict[str, str]
    questions: list[Question] = field(default_factory=list)
    blocking: set[str] = field(default_factory=set)
    fates: dict[str, str] = field(default_factory=dict)
    rare: list[dict] = field(default_factory=list)
    told: dict[str, Any] = field(default_factory=dict)


def prepare(arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Read an upload and, when no question stops it, write its dataset in the current folder.

    Parameters
    ----------
    arguments : dict
        path, name, sheet (or None), answers, and remembered (answers to an earlier file of the same layout and person).
    progress : callable

    Returns
    -------
    dict
        state ("pret", "question" or "refuse"), answers taken into account, and report, the JSON that
        :class:`data.depot.report.Report` shows.
    """
    remembered = dict(arguments.get("remembered") or {})
    work, state = _done(arguments, remembered, progress)
    if state == "refuse" and remembered:  # an answer of an earlier file never refuses this one
        work, state = _done(arguments, {}, progress)
    work.told["questions"] = [
        question_fields(q) | {"blocking": q.key in work.blocking, "answer": work.answers.get(q.key)}
        for q in work.questions
    ]
    return {"state": state, "answers": work.answers, "report": {"name": work.name, **work.told}}


def _done(arguments: dict[str, Any], remembered: dict[str, str], progress: Progress) -> tuple[_Work, str]:
    """The work and its outcome."""
    work = _Work(Path(arguments["path"]), arguments["name"], arguments["sheet"], dict(arguments["answers"]), remembered)
    try:
        return work, _follow(work, progress)
    except PaliersError as error:
        work.told["error"] = describe_error(error)
        return work, "refuse"


def _follow(work: _Work, progress: Progress) -> str:
    progress(_READ, "Lecture du fichier")
    head = _head(work.path)
    table = _read(work, work.path if head is None else head)
    refuse_empty(table)
    progress(_UNDERSTOOD, "Compréhension des colonnes")
    found = find_personal(table.texts)
    work.rare = _rare_combinations(table) if found else []
    work.told |= describe_table(table, None, found, {}, whole=head is None) | {"layout": layout_key(table)}
    try:
        mapping = data.propose_mapping(table, answers=_of_mapping(work.answers, table))
    except MappingError as error:
        return _ask(work, error)
    work.questions, work.blocking = [*mapping.questions, *_answered_from_memory(work, table)], set(mapping.blocking)
    work.fates = decide(found, mapping.columns, mapping.kinds)
    work.told |= describe_table(table, mapping, found, work.fates, whole=head is None)
    if work.blocking:
        return "question"
    read = set(map(int, table.lines.unique())) if head is None else None
    del table, mapping  # the file is read again by the next step: not both in memory
    return _make(work, read, progress)


def _head(path: Path) -> bytes | None:
    """The first lines of a large text, None for a file that is read whole."""
    if path.stat().st_size <= LARGE:
        return None
    with path.open("rb") as stream:
        head = stream.read(SAMPLE_BYTES)
    end = head.rfind(b"\n") + 1
    return None if head.startswith(_NOT_TEXT) or not end else head[:end]


def _read(work: _Work, source: Path | bytes) -> Table:
    """The table, under the answers given and those remembered that still fit it."""
    table = data.read_table(source, name=work.name, sheet=work.sheet, answers=work.answers)
    if not work.remembered:
        return table
    given, work.remembered = work.answers, merge_answers(work.remembered, work.answers, table).reused
    work.answers = {**work.remembered, **given}
    asked = {q.key for q in table.questions}
    if asked.isdisjoint(work.remembered):
        return table
    return data.read_table(source, name=work.name, sheet=work.sheet, answers=work.answers)


def _rare_combinations(table: Table) -> list[dict]:
    """What is said of a file of persons whose place, birth and sex single some of them out together."""
    classes = quasi_identifiers(table.texts)
    if classes is None or not classes.rare:
        return []
    remedy = "Remplacez le code postal par le département, et la date de naissance par une tranche d’âge."
    columns = ", ".join(classes.columns)
    return [finding("conformite.combinaison_rare", "attention", classes.sentence, colonne=columns, remede=remedy)]


def _answered_from_memory(work: _Work, table: Table) -> list[Question]:
    """Questions that an earlier file answered for this one: they are shown with their answers, which can be changed."""
    if not work.remembered:
        return []
    given = {k: v for k, v in work.answers.items() if k not in work.remembered}
    try:
        asked = data.propose_mapping(table, answers=_of_mapping(given, table)).questions
    except MappingError as error:
        asked = error.questions
    return [q for q in asked if q.key in work.remembered]


def _of_mapping(answers: dict[str, str], table: Table) -> dict[str, str]:
    asked = {q.key for q in table.questions}
    return {k: v for k, v in answers.items() if k not in _OF_READING or k in asked}


def _make(work: _Work, read: set[int] | None, progress: Progress) -> str:
    progress(_MADE, "Mise en forme par mois")
    try:
        dataset = _load(work, progress)
    except MappingError as error:
        return _ask(work, error)
    dataset = replace(dataset, findings=join(dataset.findings, to_frame(work.rare)))
    dataset = hide_lines(dataset, personal=bool(work.fates))
    progress(_CHECKED, "Contrôle de la qualité")
    work.told |= describe_dataset(dataset, work.told, _written() if read is None else read)
    progress(_WRITTEN, "Écriture")
    write_dataset(dataset, Path.cwd())
    return "pret"


def _load(work: _Work, progress: Progress) -> Dataset:
    def inner(fraction: float, text: str = "") -> None:
        share = min(max(fraction, 0.0), 1.0)
        progress(_MADE + share * (_CHECKED - _MADE), text or "Mise en forme par mois")

    folder = Path.cwd() / "lignes"
    folder.mkdir(exist_ok=True)
    offered = {"progress": inner, "sheet": work.sheet}
    if REPLACED not in work.fates.values():  # the lines of a file whose people get pseudonyms would still name them
        offered["lines_dir"] = folder
    dataset = data.load_dataset(work.path, name=work.name, mapping=work.answers, **offered)
    written = sorted(folder.rglob("*.parquet"))
    if len(written) == 1:
        written[0].rename(Path.cwd() / LINES)
    return dataset


def _written() -> int | None:
    """Lines of a large file that were written; None when they were not, since they would name people."""
    path = Path.cwd() / LINES
    return pq.read_metadata(path).num_rows if path.is_file() else None


def _ask(work: _Work, error: MappingError) -> str:
    """Questions that only come once the file is being added up; without any, the file is refused."""
    if not error.questions:
        raise error
    known = {q.key for q in work.questions}
    work.questions += [q for q in error.questions if q.key not in known]
    work.blocking |= {q.key for q in error.questions}
    return "question"
