"""What a report says, before any file: sections whose sentences are made of the numbers of their tables."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from analytics.constat import Sentence
from analytics.french import MISSING, cleaned, format_gap, format_month, format_percent, format_value
from charts.picture import Picture
from charts.theme import SIMULATED

LEVEL, GAP, CHANGE = "niveau", "ecart", "evolution"
_BEFORE_COLON, _BEFORE_OTHERS = re.compile(r" ([:»])(?=\s|$)"), re.compile(r" ([;!?])(?=\s|$)")
_DIGITS = re.compile(r"\d[\d\u202f\u00a0]*(?:,\d+)?")


@dataclass(frozen=True)
class Formula:
    """How a number is made of other cells of its table.

    Attributes
    ----------
    kind : {"somme", "quotient", "difference", "evolution", "poids"}
        a + b + …, a ÷ b, a − b, a ÷ b − 1, (a − b) × c.
    cells : tuple of (int, int)
        Row and column of each term, from 0.
    """

    kind: str
    cells: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Number:
    """A cell that is a number.

    Attributes
    ----------
    value : float
        NaN when there is none.
    unit : {"EUR", "EUR/unite", "taux", "nombre"}
    style : {"niveau", "ecart", "evolution"}
        A level; a signed difference, in points for a rate; a signed rate of change.
    formula : Formula, optional
        What a workbook computes it from.
    """

    value: float
    unit: str
    style: str = LEVEL
    formula: Formula | None = None

    @property
    def text(self) -> str:
        """As the screen prints it."""
        if self.style == CHANGE:
            return format_percent(self.value, signed=True)
        return format_gap(self.value, self.unit) if self.style == GAP else format_value(self.value, self.unit)


Cell = str | Number | pd.Timestamp


def text_of(cell: Cell) -> str:
    """A cell as French text."""
    if isinstance(cell, Number):
        return cell.text
    if isinstance(cell, pd.Timestamp):
        return format_month(cell)
    return cell or MISSING


@dataclass(frozen=True)
class Table:
    """A table of a report.

    Attributes
    ----------
    title : str
    heads : tuple of str
        French heads.
    rows : tuple of tuple
        Texts, months and numbers, one by head.
    total : bool
        Whether the last row is a total.
    detail : frozenset of int
        Columns that only a workbook shows: what the others are computed from.
    """

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    total: bool = False
    detail: frozenset[int] = frozenset()

    def __post_init__(self) -> None:
        if any(len(row) != len(self.heads) for row in self.rows):
            raise ValueError(f"{self.title}: a row has not one cell by head")

    @property
    def texts(self) -> frozenset[str]:
        """Every cell as printed."""
        return frozenset(text_of(cell) for row in self.rows for cell in row)

    def on_paper(self) -> tuple[tuple[str, ...], list[tuple[Cell, ...]]]:
        """Heads and rows without the columns of detail."""
        kept = [rank for rank in range(len(self.heads)) if rank not in self.detail]
        return tuple(self.heads[k] for k in kept), [tuple(row[k] for k in kept) for row in self.rows]

    def numeric(self, head: str) -> bool:
        """Whether a column is of numbers, to be read down to its right."""
        rank = self.heads.index(head)
        return any(isinstance(row[rank], Number) for row in self.rows)


@dataclass(frozen=True)
class Card:
    """A figure that is read first: its name, its value, how it moved."""

    label: str
    value: str
    change: str = ""

    @property
    def text(self) -> str:
        """In one line."""
        return f"{self.label} : {self.value}" + (f" ({self.change})" if self.change else "")


@dataclass(frozen=True)
class Section:
    """One part of a report.

    Attributes
    ----------
    title : str
    sentences : tuple of Sentence
        What is found; the first one is the main finding.
    pictures : tuple of Picture
    tables : tuple of Table
        Every number of a sentence is in one of them, as it is printed.
    notes : tuple of str
        How it was measured, what is left out.
    cards : tuple of Card
        Figures of the tables that are read first.

    Raises
    ------
    ValueError
        A sentence prints a number that no table of the section holds.
    """

    title: str
    sentences: tuple[Sentence, ...] = ()
    pictures: tuple[Picture, ...] = ()
    tables: tuple[Table, ...] = ()
    notes: tuple[str, ...] = ()
    cards: tuple[Card, ...] = ()

    def __post_init__(self) -> None:
        known = frozenset().union(*(table.texts for table in self.tables))
        printed = [n for sentence in self.sentences for n in sentence.numbers]
        printed += [text for card in self.cards for text in (card.value,) if text != MISSING]
        missing = [number for number in printed if number not in known]
        if missing:
            raise ValueError(f"{self.title}: {missing[0]} is in no table")

    @property
    def finding(self) -> str:
        """The main finding, or the title when there is none."""
        return self.sentences[0].text if self.sentences else self.title


@dataclass(frozen=True)
class Report:
    """A report, whatever the file that it becomes.

    Attributes
    ----------
    title, subtitle : str
    sections : tuple of Section
    source : str
        Name of the data.
    as_of : pandas.Timestamp or None
        Last month for which payments are known.
    filters : str
        Perimeter, period and comparison, in French.
    definitions : tuple of (str, str)
        Each indicator used, and its formula in words.
    version : str
        Of what made the report.
    is_demo : bool
        Whether the data are simulated: every page says so.
    """

    title: str
    subtitle: str
    sections: tuple[Section, ...]
    source: str = ""
    as_of: pd.Timestamp | None = None
    filters: str = ""
    definitions: tuple[tuple[str, str], ...] = ()
    version: str = ""
    is_demo: bool = False

    @property
    def footer(self) -> tuple[str, ...]:
        """What every page says of where it comes from."""
        known = self.as_of is not None and not pd.isna(self.as_of)
        as_of = f"paiements connus jusqu’à {format_month(self.as_of, short=False)}" if known else ""
        source = f"Source\u00a0: {self.source}" if self.source else ""
        simulated = SIMULATED.lower() if self.is_demo else ""
        return tuple(part for part in (source, as_of, self.filters, self.version, simulated) if part)

    @property
    def tables(self) -> tuple[Table, ...]:
        """Every table, in order."""
        return tuple(table for section in self.sections for table in section.tables)


def loose_numbers(sentence: Sentence, tables: Sequence[Table], said: Sequence[str] = ()) -> list[str]:
    """Digits of a sentence that come neither from a cell of the tables nor from the words `said` (period, names)."""
    text = sentence.text
    known = {cell for table in tables for cell in table.texts if _DIGITS.search(cell)} | {s for s in said if s}
    for word in sorted(known, key=len, reverse=True):
        text = text.replace(word, "")
    return _DIGITS.findall(text)


def typeset(text: str) -> str:
    """A text of the data, cleaned, with the French spaces that never break a line."""
    wide = _BEFORE_COLON.sub("\u00a0\\1", cleaned(text))
    return _BEFORE_OTHERS.sub("\u202f\\1", wide).replace("« ", "«\u00a0")
