"""A file of millions of lines read as the readers would: SQL for its regular lines, the readers for all the others."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping as MappingABC
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from data.ingest.checking import check_values
from data.ingest.combine import combine, counted_mapping
from data.ingest.copies import Copies, find_alike, find_copies
from data.ingest.plan import Plan, make_plan, read_reduced
from data.ingest.query import Groups, Source, add_up, open_source, scan_lines
from data.ingest.rows import write_rows
from data.ingest.sample import read_lines_numbered, sample_lines
from data.ingest.stream import Unsuited
from data.ingest.transcode import Transcoded, transcode
from data.ingest.undated import counted_layout, without_months
from data.mapping.lines import Lines, canonical_lines
from data.mapping.propose import Mapping
from data.readers import Table

#: More lines that are not regular than this are read in memory.
MAX_ODD = 100_000
#: Irregular lines that the usual sample can hold without being drowned by them.
_FEW = 500
_MANY_PLACES = 120
Progress = Callable[[float, str], None]


@dataclass(frozen=True)
class Streamed:
    """A file added up.

    Attributes
    ----------
    table : Table
        Its irregular lines and some of the others; `rejected`, `left_out` and the dialect are those of the whole file.
    mapping : Mapping
    lines : Lines
        One row per group of regular lines, then one per other line.
    copies : Copies
        Lines identical to another.
    fingerprint : str
        SHA-256 of the file.
    rows : str
        Name of the file of lines written, "" when none was asked for.
    """

    table: Table
    mapping: Mapping
    lines: Lines
    copies: Copies
    fingerprint: str
    rows: str = ""


def read_stream(
    path: Path,
    folder: Path,
    *,
    name: str,
    answers: MappingABC[str, str],
    check: Callable[[Mapping], None],
    lines_dir: Path | None = None,
    progress: Progress = lambda fraction, text: None,
) -> Streamed:
    """Read a delimited text of any size in constant memory.

    Parameters
    ----------
    path, folder : pathlib.Path
        The file; where temporary files may be written.
    name : str
        Name of the file.
    answers : mapping
        Answers to questions.
    check : callable
        Raises when a mapping lacks an answer.
    lines_dir : pathlib.Path, optional
        An existing folder where the accepted lines are written as Parquet.
    progress : callable
        Called with a fraction and what is being done.

    Raises
    ------
    Unsuited
        The file must be read in memory.
    ReadError, MappingError
        As :func:`data.load_dataset` says.
    """
    text = _copied(path, folder, progress)
    progress(0.5, "Compréhension des colonnes")
    known = _Reader(text, name, answers)
    lines = sample_lines(text)
    table, mapping = known.read(lines)
    check(mapping)
    plan = make_plan(text, lines, table, mapping)
    source = open_source(text, plan, folder, lines_dir)
    with source.connection:
        return _follow(source, known, lines, lines_dir, progress)


def _copied(path: Path, folder: Path, progress: Progress) -> Transcoded:
    size, done = max(path.stat().st_size, 1), 0

    def told(count: int) -> None:
        nonlocal done
        done += count
        progress(min(0.5 * done / size, 0.5), "Copie du fichier")

    return transcode(path, folder / "texte.csv", told)


@dataclass(frozen=True)
class _Reader:
    """Reads some lines of the file as a table, under their numbers in the file."""

    text: Transcoded
    name: str
    answers: MappingABC[str, str]

    def read(self, lines: MappingABC[int, str]) -> tuple[Table, Mapping]:
        table, mapping = read_reduced(lines, name=self.name, answers=self.answers)
        numbers = np.array([0, *lines])
        dialect = {**table.dialect, "encoding": self.text.encoding, "compression": self.text.compression}
        dialect |= {"lignes": self.text.lines, "header_rows": tuple(int(numbers[i]) for i in dialect["header_rows"])}
        return replace(
            table,
            dialect=dialect,
            lines=pd.Series(numbers[table.lines.to_numpy()], name="ligne", dtype="int64"),
            rejected=table.rejected.assign(ligne=numbers[table.rejected["ligne"].to_numpy()]),
            left_out=table.left_out.assign(ligne=numbers[table.left_out["ligne"].to_numpy()]),
            findings=table.findings.assign(ligne=_renumbered(table.findings["ligne"], numbers)),
        ), mapping


def _renumbered(lines: pd.Series, numbers: np.ndarray) -> pd.Series:
    return lines.map(lambda at: int(numbers[int(at)]), na_action="ignore").astype("Int64")


def _follow(
    source: Source, known: _Reader, lines: dict[int, str], lines_dir: Path | None, progress: Progress
) -> Streamed:
    progress(0.55, "Contrôle des lignes")
    numbers, alike = _scanned(source)
    odd, blank = _irregular(source, numbers)
    progress(0.65, "Addition par mois")
    groups = _added(source, odd, blank)
    table, mapping = _read_again(source, known, lines, odd)
    _refuse_disagreement(table, source.plan, {*odd, *blank})
    table = _with_blanks(table, list(blank), lines)
    check_values(groups, source.plan, mapping)
    both, every = combine(table, odd, groups, source.plan), groups
    groups, undated = without_months(source, both, mapping, groups, {*odd, *blank})
    whole, both = both, combine(table, odd, groups, source.plan)
    mapping = counted_mapping(mapping, both, groups)
    summed = canonical_lines(both, mapping)
    if (summed.left_out["ligne"] == 0).any() or (summed.rejected["ligne"] == 0).any():
        raise Unsuited("lignes de total parmi les autres")
    summed = replace(summed, rejected=pd.concat([summed.rejected, undated], ignore_index=True))
    mapping = counted_layout(whole, mapping, every, summed.rejected)
    progress(0.75, "Recherche des lignes identiques")
    copies = find_copies(source, known.read, lines, odd, summed, groups.counts, alike)
    progress(0.85, "Écriture des lignes")
    rows = ""
    if lines_dir is not None:
        rows = write_rows(source, summed, mapping, groups, lines_dir, all_regular=not odd and undated.empty)
    progress(1.0, "Lignes additionnées")
    return Streamed(table, mapping, summed, copies, source.text.sha256, rows)


def _scanned(source: Source) -> tuple[np.ndarray, np.ndarray]:
    """Numbers of the lines that are not regular, and of the regular lines that may be identical to another."""
    digests = scan_lines(source)
    numbers = np.flatnonzero(digests == 0) + 1
    return numbers[numbers >= source.plan.layout.first_line], find_alike(digests)


def _irregular(source: Source, numbers: np.ndarray) -> tuple[dict[int, str], dict[int, str]]:
    """Irregular lines by number, those with something in them and those that are blank."""
    if len(numbers) > MAX_ODD:
        raise Unsuited("trop de lignes irrégulières")
    found = read_lines_numbered(source.text.path, numbers.tolist(), source.text.marks)
    if any(line.count('"') % 2 for line in found.values()):
        raise Unsuited("cellules sur plusieurs lignes")
    signs = f' \t\u00a0"{source.plan.layout.separator}'
    odd = {n: line for n, line in found.items() if line.strip(signs)}
    return odd, {n: line for n, line in found.items() if n not in odd}


def _added(source: Source, odd: dict[int, str], blank: dict[int, str]) -> Groups:
    """Groups of the regular lines: each of them was added up, once."""
    groups = add_up(source, [line for line in [*odd.values(), *blank.values()] if line])
    expected = source.text.lines - source.plan.layout.first_line + 1 - len(odd) - len(blank)
    if int(groups.counts.sum()) != expected or (groups.counts < 0).any():
        raise Unsuited("lignes impossibles à distinguer")
    return groups


def _read_again(source: Source, known: _Reader, lines: dict[int, str], odd: dict[int, str]) -> tuple[Table, Mapping]:
    """The sample with every irregular line; the plan must not change."""
    plan = source.plan
    if set(odd) <= set(lines):
        return plan.table, plan.mapping
    if len(odd) > _FEW:
        lines |= sample_lines(source.text, min(_MANY_PLACES, len(odd) // 25))
    table, mapping = known.read(dict(sorted((lines | odd).items())))
    same = mapping.columns == plan.mapping.columns and mapping.kinds == plan.mapping.kinds
    kinds = [_kind(table.tidy[f.name]) == _kind(plan.table.tidy[f.name]) for f in plan.fields]
    same = same and set(mapping.blocking) <= set(plan.mapping.blocking) and not table.dialect["unites"]
    if not same or not all(kinds) or tuple(table.frame.columns) != plan.layout.header:
        raise Unsuited("lignes irrégulières qui changent la lecture")
    if plan.table.dialect["decimal"] not in (None, table.dialect["decimal"]):
        raise Unsuited("lignes irrégulières qui changent la lecture")
    return table, mapping


def _refuse_disagreement(table: Table, plan: Plan, irregular: set[int]) -> None:
    """A line of the sample that SQL added up and that the readers do not accept is a doubt on all the others."""
    unused = {*table.rejected["ligne"].tolist(), *table.left_out["ligne"].tolist()}
    if any(n >= plan.layout.first_line and n not in irregular for n in unused):
        raise Unsuited("lignes que les lecteurs n’acceptent pas")


def _kind(column: pd.Series) -> str:
    return "texte" if isinstance(column.dtype, pd.CategoricalDtype) else column.dtype.kind


def _with_blanks(table: Table, blank: list[int], lines: dict[int, str]) -> Table:
    """Blank lines are left out without being read."""
    new = [n for n in blank if n not in lines]
    if not new:
        return table
    added = pd.DataFrame({"ligne": new, "colonne": "", "valeur": "", "raison": "ligne vide"})
    left_out = pd.concat([table.left_out, added.astype(table.left_out.dtypes.to_dict())])
    return replace(table, left_out=left_out.sort_values("ligne", ignore_index=True))
