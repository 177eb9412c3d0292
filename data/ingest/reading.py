"""A file of millions of lines read as the readers would: SQL for its regular lines, the readers for all the others."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping as MappingABC
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from data.ingest.checking import check_premiums, check_values
from data.ingest.combine import combine, counted_mapping
from data.ingest.copies import Copies, find_alike, find_copies
from data.ingest.plan import Plan, make_plan, read_reduced
from data.ingest.query import Groups, Source, add_up, open_source, scan_lines
from data.ingest.rows import write_rows
from data.ingest.sample import peek, read_lines_numbered, sample_lines
from data.ingest.stream import Unsuited
from data.ingest.sweep import PIECE, sweep
from data.ingest.tally import MAX_IRREGULAR
from data.ingest.transcode import UTF8, Transcoded, copy_in_utf8, digest_of, guess_encoding, transcode
from data.ingest.undated import counted_layout, without_months
from data.mapping.lines import Lines, canonical_lines
from data.mapping.propose import Mapping
from data.readers import Table

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
    progress = _forward(progress)
    file = _File(path, folder, name, answers, check, lines_dir, progress)
    with ExitStack() as closing:
        try:
            return _follow(_swept(file, closing), lines_dir, progress)
        except Unsuited:
            return _follow(_queried(file, closing), lines_dir, progress)


def _forward(progress: Progress) -> Progress:
    """Progress that never goes back, even when a file is read a second time."""
    most = 0.0

    def told(fraction: float, text: str) -> None:
        nonlocal most
        most = max(most, fraction)
        progress(most, text)

    return told


@dataclass(frozen=True)
class _File:
    """What was asked of a file: the parameters of `read_stream`."""

    path: Path
    folder: Path
    name: str
    answers: MappingABC[str, str]
    check: Callable[[Mapping], None]
    lines_dir: Path | None
    progress: Progress

    def copied(self) -> Transcoded:
        """The whole text in UTF-8, copied when it is not."""
        return transcode(self.path, self._copy, self._told(0.0, 0.5))

    def opened(self, text: Transcoded, plan: Plan, closing: ExitStack) -> Source:
        """Queries on a text, copied in UTF-8 first when it is not."""
        if text.charset not in UTF8:
            text = copy_in_utf8(text, self._copy, self._told(0.85, 0.95))
        source = open_source(text, plan, self.folder, self.lines_dir)
        closing.enter_context(source.connection)
        return source

    @property
    def _copy(self) -> Path:
        return self.folder / "texte.csv"

    def _told(self, start: float, end: float) -> Callable[[int], None]:
        """Progress of a copy, told in bytes, between two fractions of the whole."""
        size, done = max(self.path.stat().st_size, 1), 0

        def told(count: int) -> None:
            nonlocal done
            done += count
            self.progress(start + (end - start) * min(done / size, 1.0), "Copie du fichier")

        return told


@dataclass(frozen=True)
class _Scan:
    """The lines of a file sorted out.

    Attributes
    ----------
    text : Transcoded
    plan : Plan
    known : _Reader
    lines : dict of int to str
        The sample.
    groups : Groups
        The regular lines, added up.
    odd, blank : dict of int to str
        The others, with something in them or not.
    alike : numpy.ndarray of int
        Regular lines that may be identical to another.
    source : callable
        Opens the queries on the text, copied in UTF-8 at that time if it is not yet.
    """

    text: Transcoded
    plan: Plan
    known: _Reader
    lines: dict[int, str]
    groups: Groups
    odd: dict[int, str]
    blank: dict[int, str]
    alike: np.ndarray
    source: Callable[[], Source]


def _swept(file: _File, closing: ExitStack) -> _Scan:
    """The file read once, as it is."""
    encoding, compression = guess_encoding(file.path)
    if compression or encoding.startswith("utf-16"):
        raise Unsuited("archive ou texte de deux octets par caractère")
    with ThreadPoolExecutor(1) as hasher:
        sha256 = hasher.submit(digest_of, file.path)
        file.progress(0.0, "Compréhension des colonnes")
        sample = peek(file.path, encoding, PIECE)
        table, mapping = read_reduced(sample.lines, name=file.name, answers=file.answers)
        file.check(mapping)
        plan = make_plan(quotes=False, lines=sample.lines, table=table, mapping=mapping)
        found = sweep(file.path, encoding, plan, sha256, lambda done: file.progress(0.6 * done, "Lecture des lignes"))
    text = found.text
    numbers = sample.numbers(text)
    known = _Reader(text, file.name, file.answers)
    plan = replace(plan, table=known.numbered(table, numbers))
    lines = {int(numbers[rank]): line for rank, line in sample.lines.items()}
    odd, blank = _parted(found.irregular, plan)
    source = cache(lambda: file.opened(text, plan, closing))
    return _Scan(text, plan, known, lines, found.groups, odd, blank, find_alike(found.digests), source)


def _queried(file: _File, closing: ExitStack) -> _Scan:
    """The file copied in UTF-8, then read by queries."""
    text = file.copied()
    file.progress(0.5, "Compréhension des colonnes")
    known = _Reader(text, file.name, file.answers)
    lines = sample_lines(text)
    table, mapping = known.read(lines)
    file.check(mapping)
    plan = make_plan(quotes=text.quotes, lines=lines, table=table, mapping=mapping)
    source = file.opened(text, plan, closing)
    file.progress(0.55, "Contrôle des lignes")
    digests = scan_lines(source)
    odd, blank = _irregular(source, digests)
    file.progress(0.65, "Addition par mois")
    groups = add_up(source, [line for line in [*odd.values(), *blank.values()] if line])
    return _Scan(text, plan, known, lines, groups, odd, blank, find_alike(digests), lambda: source)


@dataclass(frozen=True)
class _Reader:
    """Reads some lines of the file as a table, under their numbers in the file."""

    text: Transcoded
    name: str
    answers: MappingABC[str, str]

    def read(self, lines: MappingABC[int, str]) -> tuple[Table, Mapping]:
        table, mapping = read_reduced(lines, name=self.name, answers=self.answers)
        return self.numbered(table, np.array([0, *lines])), mapping

    def numbered(self, table: Table, numbers: np.ndarray) -> Table:
        """A table of some lines, each under its number in the file instead of its rank."""
        dialect = {**table.dialect, "encoding": self.text.encoding, "compression": self.text.compression}
        dialect |= {"lignes": self.text.lines, "header_rows": tuple(int(numbers[i]) for i in dialect["header_rows"])}
        return replace(
            table,
            dialect=dialect,
            lines=pd.Series(numbers[table.lines.to_numpy()], name="ligne", dtype="int64"),
            rejected=table.rejected.assign(ligne=numbers[table.rejected["ligne"].to_numpy()]),
            left_out=table.left_out.assign(ligne=numbers[table.left_out["ligne"].to_numpy()]),
            findings=table.findings.assign(ligne=_renumbered(table.findings["ligne"], numbers)),
        )


def _renumbered(lines: pd.Series, numbers: np.ndarray) -> pd.Series:
    return lines.map(lambda at: int(numbers[int(at)]), na_action="ignore").astype("Int64")


def _follow(scan: _Scan, lines_dir: Path | None, progress: Progress) -> Streamed:
    progress(0.7, "Réunion des lignes")
    plan, odd, groups = scan.plan, scan.odd, scan.groups
    irregular = {*odd, *scan.blank}
    _refuse_miscount(scan)
    table, mapping = _read_again(scan)
    _refuse_disagreement(table, plan, irregular)
    table = _with_blanks(table, list(scan.blank), scan.lines)
    check_values(groups, plan, mapping)
    check_premiums(groups, mapping)
    both, every = combine(table, odd, groups, plan), groups
    groups, undated = without_months(scan.source, plan, both, mapping, groups, irregular)
    whole, both = both, combine(table, odd, groups, plan)
    mapping = counted_mapping(mapping, both, groups)
    summed = canonical_lines(both, mapping)
    if (summed.left_out["ligne"] == 0).any() or (summed.rejected["ligne"] == 0).any():
        raise Unsuited("lignes de total parmi les autres")
    summed = replace(summed, rejected=pd.concat([summed.rejected, undated], ignore_index=True))
    mapping = counted_layout(whole, mapping, every, summed.rejected)
    progress(0.75, "Recherche des lignes identiques")
    copies = find_copies(scan.text, scan.known.read, scan.lines, odd, summed, groups.counts, scan.alike)
    progress(0.85, "Écriture des lignes")
    rows = ""
    if lines_dir is not None:
        all_regular = not odd and undated.empty
        rows = write_rows(scan.source(), summed, mapping, groups, lines_dir, all_regular=all_regular)
    progress(1.0, "Lignes additionnées")
    return Streamed(table, mapping, summed, copies, scan.text.sha256, rows)


def _irregular(source: Source, digests: np.ndarray) -> tuple[dict[int, str], dict[int, str]]:
    """Irregular lines by number, those with something in them and those that are blank."""
    numbers = np.flatnonzero(digests == 0) + 1
    numbers = numbers[numbers >= source.plan.layout.first_line]
    if len(numbers) > MAX_IRREGULAR:
        raise Unsuited("trop de lignes irrégulières")
    found = read_lines_numbered(source.text, numbers.tolist())
    if any(line.count('"') % 2 for line in found.values()):
        raise Unsuited("cellules sur plusieurs lignes")
    return _parted(found, source.plan)


def _parted(irregular: dict[int, str], plan: Plan) -> tuple[dict[int, str], dict[int, str]]:
    """Lines with something in them, and those that are blank."""
    signs = f' \t\u00a0"{plan.layout.separator}'
    odd = {n: line for n, line in irregular.items() if line.strip(signs)}
    return odd, {n: line for n, line in irregular.items() if n not in odd}


def _refuse_miscount(scan: _Scan) -> None:
    """Each regular line was added up, once."""
    expected = scan.text.lines - scan.plan.layout.first_line + 1 - len(scan.odd) - len(scan.blank)
    if int(scan.groups.counts.sum()) != expected or (scan.groups.counts < 0).any():
        raise Unsuited("lignes impossibles à distinguer")


def _read_again(scan: _Scan) -> tuple[Table, Mapping]:
    """The sample with every irregular line; the plan must not change."""
    plan, odd, lines = scan.plan, scan.odd, scan.lines
    if set(odd) <= set(lines):
        return plan.table, plan.mapping
    if len(odd) > _FEW:
        lines = lines | sample_lines(scan.text, min(_MANY_PLACES, len(odd) // 25))
    table, mapping = scan.known.read(dict(sorted((lines | odd).items())))
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
