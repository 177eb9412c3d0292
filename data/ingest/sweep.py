"""A text swept once from its first byte to its last: lines checked, added up, and told apart, as fast as it is read."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from data.ingest.cells import Cells, Sheet, make_sheet, read_cells
from data.ingest.plan import Plan
from data.ingest.query import Groups
from data.ingest.sample import Run, lines_from
from data.ingest.stream import Unsuited
from data.ingest.tally import NotNumbered, Tally
from data.ingest.transcode import UTF8, Transcoded

#: Small enough for the cells of a piece to stay close to the processor.
PIECE = 4 << 20


@dataclass(frozen=True)
class Swept:
    """What a sweep found.

    Attributes
    ----------
    text : Transcoded
        The file itself, in its own encoding.
    groups : Groups
        Sums of the regular lines.
    irregular : dict of int to str
        The other lines, by number.
    digests : numpy.ndarray of uint64
        What tells each line from another, 0 for the irregular ones; none when a column numbers the lines.
    """

    text: Transcoded
    groups: Groups
    irregular: dict[int, str]
    digests: np.ndarray


def sweep(path: Path, encoding: str, plan: Plan, sha256: Future[str], progress: Callable[[float], None]) -> Swept:
    """Add up the regular lines of a text.

    Parameters
    ----------
    path : pathlib.Path
        A text as it is on disk: not compressed, in UTF-8 or in one byte per character.
    encoding : str
        Its encoding.
    plan : Plan
        Made from some of its lines.
    sha256 : concurrent.futures.Future of str
        Digest of the file, being computed.
    progress : callable
        Called with the fraction done.

    Raises
    ------
    Unsuited
        What only another reading settles: quotes, two encodings, too many values, amounts in words.
    """
    try:
        found = _sweep(path, encoding, plan, progress, digests=False)
    except NotNumbered:
        found = _sweep(path, encoding, plan, progress, digests=True)
    text = Transcoded(
        path=path,
        copied=False,
        encoding=encoding,
        compression="",
        lines=found.lines,
        size=path.stat().st_size,
        sha256=sha256.result(),
        quotes=False,
        totals=True,
        newline=found.newline,
        marks=tuple(found.marks),
    )
    return Swept(text, found.groups, found.irregular, found.digests)


def _sweep(path: Path, encoding: str, plan: Plan, progress: Callable[[float], None], *, digests: bool) -> Tally:
    sheet = make_sheet(plan, utf8=encoding in UTF8, digests=digests)
    tally = Tally(plan, sheet, encoding)
    size = path.stat().st_size
    with ThreadPoolExecutor(_workers()) as pool:
        for run, cells in _in_order(pool, path, size, plan, sheet):
            tally.add(run, cells)
            progress((run.start + run.last - run.first) / size)
    return tally


def _workers() -> int:
    """One more than the processors, since one of them waits while another piece is added up."""
    return min(os.cpu_count() or 1, 8) + 1


def _in_order(
    pool: ThreadPoolExecutor, path: Path, size: int, plan: Plan, sheet: Sheet
) -> Iterator[tuple[Run, Cells | None]]:
    """Pieces of whole lines in their order, read ahead."""
    pending: deque[Future] = deque()
    for start in range(0, size, PIECE):
        pending.append(pool.submit(_read_piece, path, start, plan.layout.first_line, sheet))
        if len(pending) > _workers():
            yield pending.popleft().result()
    while pending:
        yield pending.popleft().result()


def _read_piece(path: Path, at: int, first_line: int, sheet: Sheet) -> tuple[Run, Cells | None]:
    """The lines that begin in a piece of the file, and the cells of those of the table."""
    run = lines_from(path, at, PIECE)
    data = run.data
    if b'"' in data or b"\x00" in data:
        raise Unsuited("guillemets ou octets nuls")
    if b"\r" in data and not run.text.count(b"\r\n") == run.text.count(b"\r") == run.text.count(b"\n"):
        raise Unsuited("fins de ligne mêlées")
    rows = run if at else run.after(first_line)
    if rows.first == rows.last:
        return run, None
    return run, read_cells(pa.py_buffer(data).slice(rows.first, rows.last - rows.first), rows.count, sheet)
