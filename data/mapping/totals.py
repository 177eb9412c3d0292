"""Lines that add up others of their month: known by their words and by arithmetic, left out or asked about."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np
import pandas as pd

from analytics.errors import Question
from analytics.schema import MONTHS
from data.findings import finding
from data.keys import pack
from data.mapping.axes import GIVEN, PART, WHOLE, find_axes
from data.mapping.questions import check_choice, margin_question, margins_question

#: Share of the amount under which two sums are equal.
_TOLERANCE = 1e-4
#: A value that says total and is right in half of its cells, or to a tenth as a whole, is asked about.
_OFTEN, _NEAR = 0.5, 0.1
#: Cells without which an equality may be chance.
_MIN_CELLS = 3
#: Axes said to be whole beyond which they are only tried one by one and all together.
_MAX_SUBSETS = 5
#: Rows beyond which a value without a word is first looked for in one month.
_MANY = 50_000


@dataclass(frozen=True)
class Totals:
    """What lines of totals are.

    Attributes
    ----------
    axis : numpy.ndarray of int
        Position in `titles` of the column that makes a line a total, -1 for the other lines.
    titles : tuple of str
        Titles of the columns.
    blank : dict of str to numpy.ndarray of bool
        Measure -> lines kept for another measure, whose amount of this one is in other lines.
    questions : tuple of Question
        Blocking.
    findings : tuple of dict
    """

    axis: np.ndarray
    titles: tuple[str, ...] = ()
    blank: Mapping[str, np.ndarray] = field(default_factory=dict)
    questions: tuple[Question, ...] = ()
    findings: tuple[dict, ...] = ()


def find_totals(
    frame: pd.DataFrame,
    titles: Mapping[str, str],
    measures: Sequence[str],
    answers: Mapping[str, str],
    *,
    only_words: bool = False,
) -> Totals:
    """Lines that add up others, axis by axis.

    Parameters
    ----------
    frame : pandas.DataFrame
        Canonical lines.
    titles : mapping
        Dimension -> title of its column.
    measures : sequence of str
    answers : mapping
        "total:<titre>=<valeur>" -> "total" or "garder".
    only_words : bool
        Values that do not say total are not looked at: the layout is known.
    """
    none = Totals(np.full(len(frame), -1))
    if not titles or not measures or frame.empty:
        return none
    search = _Search(frame.reset_index(drop=True), titles, measures, answers)
    search.leave_parts()
    search.leave_wholes()
    search.ask_margins()
    search.leave_blanks()
    if not only_words:
        search.ask_unsaid()
    return search.result()


class _Search:
    """The cube of the lines, and which of its cells are totals."""

    def __init__(
        self, frame: pd.DataFrame, titles: Mapping[str, str], measures: Sequence[str], answers: Mapping[str, str]
    ) -> None:
        self.axes = find_axes(frame, titles)
        self.measures, self.answers = tuple(measures), answers
        codes = pd.DataFrame({str(i): axis.codes for i, axis in enumerate(self.axes)})
        whole = pd.concat([frame[[c for c in MONTHS if c in frame.columns]], codes], axis=1)
        _, first, self.cell = np.unique(pack(whole, list(whole.columns)), return_index=True, return_inverse=True)
        self.keys = whole.iloc[first].reset_index(drop=True)
        self.first = first
        sums = frame[list(measures)].groupby(self.cell).sum(min_count=1)
        self.amounts = {m: sums[m].to_numpy(dtype="float64") for m in measures}
        self.months = [c for c in whole.columns if c in MONTHS]
        self.axis = np.full(len(self.keys), -1)
        self.blank = {m: np.zeros(len(self.keys), dtype=bool) for m in measures}
        self.questions: list[Question] = []
        self.findings: list[dict] = []

    def codes(self, at: int) -> np.ndarray:
        return self.keys[str(at)].to_numpy()

    def is_(self, at: int, kind: str) -> np.ndarray:
        return self.axes[at].kinds[self.codes(at)] == kind

    @property
    def live(self) -> np.ndarray:
        return self.axis < 0

    def key(self, without: Sequence[int]) -> np.ndarray:
        """Month and values of the other axes."""
        return pack(self.keys, [*self.months, *(str(i) for i in range(len(self.axes)) if i not in without)])

    def leave_parts(self) -> None:
        """Subtotals: values that add up those written just before, or just after, them."""
        for at, axis in enumerate(self.axes):
            for code in np.flatnonzero(axis.kinds == PART):
                told = (self.codes(at) == code) & self.live
                if told.any() and told.sum() < self.live.sum():
                    self._settle(at, code, told, sure=self._is_run(at, code), likely=True)

    def _is_run(self, at: int, code: int) -> bool:
        others = [c for c in np.flatnonzero(self.axes[at].kinds != WHOLE) if (self.codes(at) == c).any()]
        order = sorted(others, key=lambda c: self.first[self.codes(at) == c].min())
        place, key = order.index(code), pd.factorize(self.key([at]))[0]
        for measure in self.measures:
            table = np.full((key.max() + 1, len(self.axes[at].kinds)), np.nan)
            table[key, self.codes(at)] = self.amounts[measure]
            known = ~np.isnan(table[:, code])
            if not np.nan_to_num(table[known, code]).any():
                continue
            runs = [order[i:place] for i in range(place)] + [
                order[place + 1 : i] for i in range(place + 2, len(order) + 1)
            ]
            if any(_equal(table[known, code], np.nansum(table[known][:, run], axis=1)).all() for run in runs):
                return True
        return False

    def leave_wholes(self) -> None:
        """Values that say total: compared with the sum of the values that do not, on one axis or several."""
        words = [self.is_(at, WHOLE) & self.live for at in range(len(self.axes))]
        blanks = [~self.is_(at, GIVEN) & ~self.is_(at, WHOLE) & ~self.is_(at, PART) for at in range(len(self.axes))]
        shape = (len(self.axes), len(self.keys))
        compared = {m: np.zeros(shape, dtype=bool) for m in self.measures}
        right = {m: np.zeros(shape, dtype=bool) for m in self.measures}
        gaps: dict[tuple[int, int], list[float]] = {}
        for axes, rows in _subsets(words, blanks):
            key = self.key(axes)
            details = self.live & ~np.logical_or.reduce([words[a] for a in axes])
            for measure in self.measures:
                sums = self._details(key, rows, details, measure)
                amounts = self.amounts[measure][rows]
                both = ~np.isnan(sums) & ~np.isnan(amounts)
                where = np.flatnonzero(rows)[both]
                good = _equal(amounts[both], sums[both])
                for at in (a for a in axes if words[a][rows].any()):
                    mine = words[at][where]
                    compared[measure][at, where[mine]] = True
                    right[measure][at, where[mine & good]] = True
                    for code in np.unique(self.codes(at)[where[mine]]):
                        of = mine & (self.codes(at)[where] == code)
                        told, parts = np.abs(amounts[both][of]).sum(), np.abs(sums[both][of]).sum()
                        gaps.setdefault((at, int(code)), []).append(abs(told / parts - 1) if parts else 1.0)
        for at, axis in enumerate(self.axes):
            for code in np.flatnonzero(axis.kinds == WHOLE):
                self._settle_whole(at, code, compared, right, gaps)

    def _settle_whole(
        self, at: int, code: int, compared: dict, right: dict, gaps: dict[tuple[int, int], list[float]]
    ) -> None:
        mine = self.codes(at) == code
        shares = []
        for measure in self.measures:
            cells = compared[measure][at] & mine
            if cells.any() and np.nan_to_num(self.amounts[measure][cells]).any():
                shares.append(right[measure][at][cells].mean())
        if not shares:
            return
        known = {m: compared[m][at] & mine for m in self.measures}
        sure = max(shares) == 1.0
        likely = max(shares) >= _OFTEN or min(gaps.get((at, int(code)), [1.0])) <= _NEAR
        self._settle(at, code, mine & np.logical_or.reduce(list(known.values())), sure=sure, likely=likely, known=known)

    def _details(self, key: np.ndarray, rows: np.ndarray, details: np.ndarray, measure: str) -> np.ndarray:
        """Sum of the details of each row; NaN where there is none."""
        amounts = pd.Series(self.amounts[measure][details]).groupby(key[details]).sum(min_count=1)
        return amounts.reindex(key[rows]).to_numpy(dtype="float64")

    def _settle(
        self, at: int, code: int, rows: np.ndarray, *, sure: bool, likely: bool, known: dict | None = None
    ) -> None:
        """Leave a value out, ask about it, or say that it is kept."""
        axis = self.axes[at]
        question = margin_question(axis.title, axis.labels[code], says=axis.kinds[code] != GIVEN)
        # The reading of a wide table may have asked already, when the value was a column.
        answer = self.answers.get(question.key, self.answers.get(f"total:{axis.labels[code]}"))
        check_choice(question, answer)
        if answer == "total" or (sure and answer is None):
            self._leave(at, rows, known)
        elif answer is None and likely:
            self.questions.append(question)
        elif answer is None:
            message = (
                f"« {axis.labels[code]} » dans « {axis.title} » semble un total, mais n’additionne pas les autres."
            )
            remedy = f"Si c’en est un, répondez « total » à « {question.key} »."
            told = {"colonne": axis.title, "valeur": axis.labels[code], "remede": remedy}
            self.findings.append(finding("exactitude.total_douteux", "attention", message, **told))

    def _leave(self, at: int, rows: np.ndarray, known: dict | None) -> None:
        """A cell is left out whole, unless one of its measures is nowhere else."""
        alone = np.zeros(len(rows), dtype=bool)
        for measure in self.measures if known is not None else ():
            alone |= ~np.isnan(self.amounts[measure]) & ~known[measure]
        self.axis[rows & ~alone & self.live] = at
        for measure in self.measures if known is not None else ():
            self.blank[measure] |= rows & alone & known[measure]

    def ask_margins(self) -> None:
        """Margins without their crossing: the same amounts by age, then by sex."""
        words = np.array([self.is_(at, WHOLE) for at in range(len(self.axes))])
        if not words.any():
            return
        patterns = np.array(["".join("01"[int(w)] for w in column) for column in words.T])
        kinds = [p for p in np.unique(patterns[self.live & words.any(axis=0)]) if (patterns == p).any()]
        month, measure = pack(self.keys, self.months), self.measures[0]
        sums = {
            p: pd.Series(self.amounts[measure]).where(self.live & (patterns == p)).groupby(month).sum(min_count=1)
            for p in kinds
        }
        same = [p for p in kinds if any(q != p and _same(sums[p], sums[q]) for q in kinds)]
        if len(same) < 2:
            return
        names = {" × ".join(a.title for a, w in zip(self.axes, p, strict=True) if w == "0") or "Total": p for p in same}
        question = margins_question(names)
        answer = self.answers.get(question.key)
        check_choice(question, answer)
        if answer is None:
            self.questions.append(question)
            return
        for pattern in (p for name, p in names.items() if name != answer):
            self.axis[self.live & (patterns == pattern)] = pattern.index("1")

    def leave_blanks(self) -> None:
        """Cells without a value that add up all the others, as a line of total without a word does."""
        blanks = [self.is_(at, "") & self.live for at in range(len(self.axes))]
        for axes, rows in _subsets(blanks, []):
            key, details = self.key(axes), self.live & ~np.logical_or.reduce([blanks[a] for a in axes])
            if not (rows & self.live).any() or not details.any():
                continue
            several = pd.Series(1, index=key[details]).groupby(level=0).sum().reindex(key[rows]).fillna(0).to_numpy()
            for measure in self.measures:
                sums, amounts = self._details(key, rows, details, measure), self.amounts[measure][rows]
                both = ~np.isnan(sums) & ~np.isnan(amounts)
                sure = both.any() and both.all() and bool(amounts[both].any()) and (several[both] > 1).any()
                if sure and _equal(amounts[both], sums[both]).all():
                    known = {m: rows if m == measure else rows & ~np.isnan(self.amounts[m]) for m in self.measures}
                    self._leave(axes[0], rows, known)
                    break

    def ask_unsaid(self) -> None:
        """Values that say nothing of a total and equal, in every cell, the sum of all the others of their axis."""
        for at in range(len(self.axes)):
            rows = self.is_(at, GIVEN)  # a margin of another axis, left out already, still tells what a value is
            if len(self.keys) > _MANY and not self._unsaid(at, rows & self._one_month(), 1):
                continue
            for code in self._unsaid(at, rows, _MIN_CELLS):
                mine = self.live & (self.codes(at) == code)
                if mine.any():
                    self._settle(at, code, mine, sure=False, likely=True)

    def _one_month(self) -> np.ndarray:
        months = pack(self.keys, self.months)
        return months == np.bincount(pd.factorize(months)[0]).argmax()

    def _unsaid(self, at: int, rows: np.ndarray, least: int) -> list[int]:
        codes, key = self.codes(at)[rows], pd.factorize(self.key([at])[rows])[0]
        if not len(key):
            return []
        several = np.bincount(key)[key] > 2
        found: list[int] = []
        for measure in self.measures:
            amounts = self.amounts[measure][rows]
            others = np.bincount(key, np.nan_to_num(amounts))[key] - amounts
            telling = several & ~np.isnan(amounts) & (amounts != 0)
            good = telling & _close(amounts, others)
            if np.count_nonzero(good) < least:
                continue
            cells = pd.DataFrame(
                {"code": codes, "told": telling, "good": good, "amount": np.where(good, amounts, np.nan)}
            )
            table = cells.groupby("code").agg(told=("told", "sum"), good=("good", "sum"), n=("amount", "nunique"))
            table["rows"] = cells.groupby("code").size()
            sure = (table["told"] >= least) & (table["told"] == table["good"]) & (table["n"] >= min(2, least))
            found += [int(c) for c in table.index[sure & (2 * table["told"] > table["rows"])] if int(c) not in found]
        return found

    def result(self) -> Totals:
        blank = {m: cells[self.cell] for m, cells in self.blank.items() if cells.any()}
        titles = tuple(axis.title for axis in self.axes)
        return Totals(self.axis[self.cell], titles, blank, tuple(self.questions), tuple(self.findings))


def _subsets(words: list[np.ndarray], blanks: list[np.ndarray]) -> Iterator[tuple[tuple[int, ...], np.ndarray]]:
    """Axes that a cell may be the whole of, with those cells: at least one of them says it, the others may be blank."""
    marked = [w | b for w, b in zip(words, blanks, strict=True)] if blanks else words
    told = [at for at, rows in enumerate(marked) if rows.any()]
    sizes = range(1, len(told) + 1) if len(told) <= _MAX_SUBSETS else (1, 2, len(told))
    for size in sizes:
        for axes in combinations(told, size):
            rows = np.logical_and.reduce([marked[a] for a in axes])
            rows &= np.logical_or.reduce([words[a] for a in axes])
            if rows.any():
                yield axes, rows


def _equal(amounts: np.ndarray, sums: np.ndarray) -> np.ndarray:
    return np.abs(amounts - sums) <= _TOLERANCE * np.clip(np.abs(amounts), 1.0, None)


def _close(amounts: np.ndarray, sums: np.ndarray) -> np.ndarray:
    """To the cent: no word says that these are totals."""
    return np.abs(amounts - sums) <= 0.006 + 1e-9 * np.abs(amounts)


def _same(one: pd.Series, other: pd.Series) -> bool:
    both = pd.concat([one, other], axis=1).dropna()
    return len(both) > 0 and bool((both != 0).any(axis=None)) and bool(_equal(*both.to_numpy().T).all())
