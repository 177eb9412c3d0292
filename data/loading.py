"""From a file to a dataset: read, understand, ask when a total depends on it, add up by month."""

from __future__ import annotations

import hashlib
import re
import tempfile
from collections import Counter
from collections.abc import Callable
from collections.abc import Mapping as MappingABC
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pandas as pd

from analytics.errors import MappingError, Question, ReadError
from analytics.schema import COTISATION_MEASURES, LABELS, MAIN_MEASURES, Dataset, validate
from data.checks.accessibilite import check_accessibilite
from data.checks.unicite import duplicate_findings
from data.findings import finding, join, to_frame
from data.ingest.copies import Copies
from data.ingest.reading import read_stream
from data.ingest.rows import write_lines
from data.ingest.stream import LARGE, Unsuited, large_file
from data.keys import pack, sum_by
from data.mapping.lines import Lines, canonical_lines
from data.mapping.premium import Premiums, build_premiums
from data.mapping.propose import Mapping, propose_mapping
from data.mapping.questions import GLOBAL, PREFIXES
from data.personal import masked
from data.readers import Table, read_table, refuse_empty
from data.readers.archives import MAX_BYTES
from data.readers.opening import read_bytes
from data.references import load_value_labels

#: Share of the values of a column that must be known codes for their labels to be shown.
_KNOWN_CODES = 0.8


@dataclass(frozen=True)
class _Read:
    """A file understood: what the two ways of reading have in common."""

    table: Table
    mapping: Mapping
    lines: Lines
    copies: Copies
    fingerprint: str
    rows: str = ""


def load_dataset(
    path_or_bytes: str | PathLike[str] | bytes | BinaryIO,
    *,
    name: str | None = None,
    mapping: MappingABC[str, str] | None = None,
    base: str | None = None,
    sheet: str | None = None,
    progress: Callable[[float, str], None] | None = None,
    lines_dir: str | PathLike[str] | None = None,
    threshold: int = LARGE,
) -> Dataset:
    """Read a file and make its monthly tables.

    Parameters
    ----------
    path_or_bytes : path, bytes or binary file
        CSV or TSV, plain or compressed, workbook or Parquet.
    name : str, optional
        Name shown as the source.
    mapping : mapping, optional
        Answers to questions, by key; "colonne:<titre>" (or the title alone) overrides the role of a column.
    base : {"TTC", "HT", "nette"}, optional
        Base of the premiums; the same as ``mapping={"base": …}``.
    sheet : str, optional
        Sheet of a workbook.
    progress : callable, optional
        Called with the fraction done, from 0 to 1, and what is being done.
    lines_dir : path, optional
        Folder where the accepted lines are written as Parquet, under the name given by ``dialect["parquet"]``.
    threshold : int
        Bytes from which a text is read in constant memory.

    Returns
    -------
    Dataset

    Raises
    ------
    ReadError
        The bytes are not a table.
    MappingError
        No month or no amount is recognised, or a total depends on an answer: see its `questions`.
    SchemaError
        The tables made do not respect the contract.
    """
    answers = dict(mapping or {}) | ({"base": base} if base is not None else {})
    known, told = _name(path_or_bytes, name), progress or (lambda fraction, text: None)
    folder = Path(lines_dir) if lines_dir is not None else None
    with tempfile.TemporaryDirectory(prefix="paliers-") as room:
        path = None if sheet is not None else large_file(path_or_bytes, Path(room), threshold)
        read = None if path is None else _streamed(path, Path(room), known, answers, folder, told)
        if read is None:
            told(0.0, "Lecture du fichier")
            read = _in_memory(path or path_or_bytes, known, answers, sheet, folder)
    premiums = build_premiums(read.lines, _own_copies(read), read.mapping.answers)
    _ask(list(premiums.questions))
    dataset = validate(_dataset(read, premiums))
    told(1.0, "Jeu de données prêt")
    # What was supposed without asking belongs to the dataset, not only to its quality page.
    return replace(dataset, findings=join(dataset.findings, to_frame(check_accessibilite(dataset))))


def _streamed(
    path: Path, room: Path, name: str, answers: dict[str, str], folder: Path | None, progress: Callable
) -> _Read | None:
    """The file read in constant memory, or None when it must be read as a whole."""
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
    try:
        found = read_stream(
            path,
            room,
            name=name,
            answers=answers,
            check=_check,
            lines_dir=folder,
            progress=progress,
        )
    except Unsuited as reason:
        if path.stat().st_size > MAX_BYTES:
            raise ReadError(
                f"Ce fichier est trop grand pour être lu d’un bloc, et il faudrait le faire ({reason}).",
                remede="Déposez-le en plusieurs fichiers, par exemple une année à la fois.",
            ) from reason
        return None
    return _Read(found.table, found.mapping, found.lines, found.copies, found.fingerprint, found.rows)


def _in_memory(source: object, name: str, answers: dict[str, str], sheet: str | None, folder: Path | None) -> _Read:
    raw = source.read() if hasattr(source, "read") else read_bytes(source)
    table = read_table(raw, name=name, sheet=sheet, answers=answers)
    refuse_empty(table)
    proposed = propose_mapping(table, answers=answers)
    _check(proposed)
    lines = canonical_lines(table, proposed)
    copies = Copies(lines.frame, _copies(lines), lines.numbers)
    rows = write_lines(lines, folder) if folder is not None else ""
    return _Read(table, proposed, lines, copies, hashlib.sha256(raw).hexdigest(), rows)


def _own_copies(read: _Read) -> np.ndarray:
    """Copies among the rows of `lines`; the groups of a large file have none."""
    own = read.copies.frame is read.lines.frame
    return read.copies.mask if own else np.zeros(len(read.lines.frame), dtype=bool)


def _check(proposed: Mapping) -> None:
    _ask([q for q in proposed.questions if q.key in proposed.blocking])
    _check_amount(proposed)


def _name(source: object, name: str | None) -> str:
    if name is not None:
        return name
    return re.split(r"[\\/]", str(source))[-1] if isinstance(source, (str, PathLike)) else "Fichier déposé"


def _copies(lines: Lines) -> np.ndarray:
    """Second and later copies of lines identical in every cell; only the look-alikes are compared in full."""
    keys = [c for c in lines.frame.columns if c not in lines.measures]
    alike = pd.Series(pack(lines.frame, keys)).duplicated(keep=False).to_numpy(copy=True)
    alike[alike] = lines.frame.loc[alike].duplicated(keep=False).to_numpy()
    copies = np.zeros(len(alike), dtype=bool)
    if alike.any():
        copies[alike] = lines.texts.loc[alike].duplicated().to_numpy()
    return copies


def _ask(questions: list[Question]) -> None:
    if questions:
        text = " ".join(q.text for q in questions)
        raise MappingError("Un total dépend de votre réponse.", remede=text, questions=tuple(questions))


def _check_amount(mapping: Mapping) -> None:
    if not set(mapping.columns.values()) & {*MAIN_MEASURES, "cotisation"}:
        raise MappingError(
            "Aucun montant n’a été reconnu dans le fichier.",
            remede="Il faut une colonne de prestations, de cotisations, de frais réels ou de remboursements AMO.",
        )


def _dataset(read: _Read, premiums: Premiums) -> Dataset:
    table, mapping, lines = read.table, read.mapping, read.lines
    prestation = _prestation(lines)
    labels = {k: v for k, v in mapping.labels.items() if k not in LABELS}
    months = lines.frame["mois_paiement"] if "mois_paiement" in lines.frame else lines.frame["mois"]
    amount = next((m for m in (*MAIN_MEASURES, "cotisation") if m in lines.measures), None)
    duplicates = duplicate_findings(
        read.copies.frame,
        read.copies.mask,
        table="prestation" if len(prestation) else "cotisation",
        amount=amount,
        label=lambda c: LABELS.get(c) or labels.get(c, c),
        lines=read.copies.numbers,
    )
    value_labels = _value_labels(lines)
    return Dataset(
        cotisation=premiums.table,
        prestation=prestation,
        base=mapping.base,
        date_basis=mapping.date_basis,
        as_of=months.max(),
        source=table.name,
        fingerprint=read.fingerprint,
        findings=join(table.findings, mapping.findings, to_frame([*_undated(lines), *premiums.findings, *duplicates])),
        mapping=_told(mapping),
        dialect={**table.dialect, **({"parquet": read.rows} if read.rows else {})},
        labels=labels,
        value_labels=value_labels,
        rejected=_without_persons(_in_order(table.rejected, lines.rejected)),
        left_out=_without_persons(_in_order(table.left_out, lines.left_out)),
    )


def _told(mapping: Mapping) -> dict[str, str]:
    """Answers and roles; a column titled as a question is told apart from the answer."""
    reserved = (*GLOBAL, *mapping.answers)
    columns = {f"colonne:{h}" if h in reserved or h.startswith(PREFIXES) else h: c for h, c in mapping.columns.items()}
    return {**mapping.answers, **columns}


def _prestation(lines: Lines) -> pd.DataFrame:
    """Cube of the prestations: rows that hold at least one measure."""
    measures = [m for m in lines.measures if m not in COTISATION_MEASURES]
    keys = [c for c in lines.frame.columns if c not in lines.measures]
    if not measures:
        return lines.frame[["mois"]].iloc[:0]
    return sum_by(lines.frame[lines.frame[measures].notna().any(axis=1)], keys, measures)


def _value_labels(lines: Lines) -> dict[str, dict[str, str]]:
    """Labels of the codes of a dimension, when most of its values are known codes."""
    found = {}
    for dimension, labels in load_value_labels().items():
        if dimension not in lines.dimensions:
            continue
        values = [str(v) for v in lines.frame[dimension].cat.categories]
        known = {v: labels[v] for v in values if v in labels}
        if len(known) >= _KNOWN_CODES * len(values):
            found[dimension] = _distinct(known)
    return found


def _undated(lines: Lines) -> list[dict]:
    if lines.rejected.empty:
        return []
    message = f"Lignes sans mois, rejetées : {len(lines.rejected)}."
    first = int(lines.rejected["ligne"].iloc[0])
    return [finding("exhaustivite.mois_absent", "attention", message, colonne="mois", ligne=first)]


def _in_order(*frames: pd.DataFrame) -> pd.DataFrame:
    kept = [f for f in frames if len(f)] or [frames[0]]
    return pd.concat(kept, ignore_index=True).sort_values("ligne", ignore_index=True)


def _distinct(labels: dict[str, str]) -> dict[str, str]:
    """Two codes never share a label: the code is added to those that do."""
    counts = Counter(labels.values())
    return {code: f"{label} ({code})" if counts[label] > 1 else label for code, label in labels.items()}


def _without_persons(lines: pd.DataFrame) -> pd.DataFrame:
    """Lines not used, without anything in them that looks like personal data."""
    return lines.assign(valeur=masked(lines["valeur"])) if len(lines) else lines
