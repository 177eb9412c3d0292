"""What the pieces of a text add up to: sums of its regular lines, the others by number, and what tells lines apart."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from data.ingest.cells import Cells, Sheet, mix_codes, read_cells
from data.ingest.plan import Plan
from data.ingest.query import Groups, line_pattern
from data.ingest.sample import Run
from data.ingest.stream import Unsuited
from data.ingest.sums import Sums
from data.ingest.values import Values, decoded, fits_anything

#: More lines that are not regular than this are read in memory.
MAX_IRREGULAR = 100_000
_TOTAL = re.compile("tota", re.IGNORECASE)


class NotNumbered(Exception):
    """No column increases from each line to the next: digests are needed to tell the lines apart."""


@dataclass
class Tally:
    """What is kept of the pieces of a text as they come.

    Attributes
    ----------
    plan : Plan
    sheet : Sheet
    encoding : str
        Of the text.
    lines : int
        Lines met.
    newline : str
        End of the lines.
    marks : list of (int, int)
        Where each piece begins, and the number of its first line.
    irregular : dict of int to str
        Lines that are not what the plan says, by number.
    """

    plan: Plan
    sheet: Sheet
    encoding: str
    lines: int = 0
    newline: str = "\n"
    marks: list[tuple[int, int]] = field(default_factory=list)
    irregular: dict[int, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._keys = [*self.plan.of_role("mois"), *self.plan.of_role("dimension")]
        self._measures = self.plan.of_role("mesure")
        self._sums = Sums(len(self._keys), len(self._measures))
        coded = [at for at, kind in enumerate(self.sheet.kinds) if kind == "code"]
        self._values = {at: Values(self.plan.fields[at].form, self.encoding) for at in coded}
        self._last: dict[int, np.integer | None] = {at: None for at in range(len(self.sheet.kinds)) if at not in coded}
        self._pattern = re.compile(line_pattern(self.plan, quotes=False))
        self._digests = np.zeros(1 << 16, dtype=np.uint64)

    def add(self, run: Run, cells: Cells | None) -> None:
        """Add the lines of a piece, which come after those of the piece before.

        Parameters
        ----------
        run : Run
            The piece.
        cells : Cells or None
            Its cells, those of the titles and of what is above them excepted; None when a line is out of the ordinary.

        Raises
        ------
        Unsuited
            Lines that only another reading settles.
        NotNumbered
            No column numbers the lines any more, and there are no digests to tell them apart.
        """
        if run.first == run.last:
            return
        self.marks.append((run.start, self.lines + 1))
        if run.data.find(b"\r", run.first, run.last) >= 0:
            self.newline = "\r\n"
        if not run.start:
            self.lines = min(self.plan.layout.first_line - 1, run.count)
            run = run.after(self.plan.layout.first_line)
        if cells is not None and self._is_added(cells):
            self._keep(cells.rows, cells.digests)
        elif run.first < run.last:
            self._sort_out(run.text)

    def _is_added(self, cells: Cells) -> bool:
        """Add rows up when they are all regular."""
        if not all(fits_anything(texts, self.encoding) for texts in cells.free.values()):
            return False
        found = {at: self._values[at].codes_of(values, indices) for at, (indices, values) in cells.codes.items()}
        if any(codes is None for codes in found.values()):
            return False
        groups = [self._values[at].groups_of(found[at]) for at, _ in self._keys]
        self._sums.add(groups, [cells.numbers[at] for at, _ in self._measures])
        self._follow_numbers(cells)
        if cells.digests is not None:
            for at, codes in found.items():
                mix_codes(cells.digests, codes, at)
            np.maximum(cells.digests, np.uint64(1), out=cells.digests)
        return True

    def _follow_numbers(self, cells: Cells) -> None:
        """Keep the columns that still increase from each line to the next."""
        for at, last in list(self._last.items()):
            ranks = cells.ranks.get(at)
            if ranks is None or (last is not None and ranks[0] <= last) or not (ranks[1:] > ranks[:-1]).all():
                del self._last[at]
            else:
                self._last[at] = ranks[-1]
        if not self._last and not self.sheet.digests:
            raise NotNumbered

    def _keep(self, rows: int, digests: np.ndarray | None) -> None:
        end = self.lines + rows
        if digests is not None:
            if end > len(self._digests):
                # Memory that is not written to yet costs nothing.
                self._digests = np.concatenate([self._digests, np.zeros(end, dtype=np.uint64)])
            self._digests[self.lines : end] = digests
        self.lines = end

    def _sort_out(self, piece: bytes) -> None:
        """Keep apart the lines that are not regular, and add up the others."""
        rows = piece.removesuffix(b"\n").split(b"\n")
        texts = [text.removesuffix("\r") for text in decoded(b"\n".join(rows), self.encoding).split("\n")]
        fits = np.array([bool(self._pattern.fullmatch(t)) and not _TOTAL.search(t) for t in texts])
        self.irregular |= {self.lines + 1 + int(i): texts[i] for i in np.flatnonzero(~fits)}
        if len(self.irregular) > MAX_IRREGULAR:
            raise Unsuited("trop de lignes irrégulières")
        digests = np.zeros(len(rows), dtype=np.uint64) if self.sheet.digests else None
        if fits.any():
            regular = [row for row, good in zip(rows, fits, strict=True) if good]
            rest = read_cells(pa.py_buffer(b"\n".join(regular)), len(regular), self.sheet)
            if rest is None or not self._is_added(rest):
                raise Unsuited("lignes lues de deux façons")
            if digests is not None:
                digests[fits] = rest.digests
        self._keep(len(rows), digests)

    @property
    def digests(self) -> np.ndarray:
        """What tells each line from another, 0 for irregular ones; nothing when a column numbers the lines."""
        return np.zeros(0, dtype=np.uint64) if self._last else self._digests[: self.lines]

    @property
    def groups(self) -> Groups:
        """Sums of the regular lines."""
        codes, rows, sums, empty = self._sums.found()
        keys = {}
        for (at, column), own in zip(self._keys, codes, strict=True):
            cells = list(self._values[at].groups)
            keys[column.name] = [cells[code] for code in own]
        amounts = {}
        for (_, column), values, blank in zip(self._measures, sums, empty, strict=True):
            # The quotient of two whole numbers is the nearest float.
            euros = np.array([value / 10**column.form.scale for value in values.tolist()], dtype=np.float64)
            amounts[column.name] = np.where(blank, np.nan, euros)
        return Groups(keys, rows, amounts)
