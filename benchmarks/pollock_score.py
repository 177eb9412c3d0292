"""The score of Pollock: what a reader made of a polluted file, beside the clean one."""

from __future__ import annotations

import csv
import functools
import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import dateutil.parser

Rows = list[list[str]]

_PRICE = re.compile(r"(?P<sign>[$€£])\s?(?P<amount>\d[\d.,]*)|(?P<amount2>\d[\d.,]*)\s?(?P<sign2>[$€£])")
_TIME = re.compile(r"(\d{1,2}):(\d\d)(?::(\d\d))?")


@dataclass
class Scores:
    """Scores of a reader: the sum of the ten means over the files, plain (simple) or weighted by frequency."""

    files: list[tuple[str, tuple[float, ...], float]] = field(default_factory=list)

    def add(self, name: str, values: tuple[float, ...], weight: float) -> None:
        """Count one file."""
        self.files.append((name, values, weight))

    @property
    def simple(self) -> float:
        """Between 0 and 10."""
        return sum(sum(values) for _, values, _ in self.files) / len(self.files)

    @property
    def weighted(self) -> float:
        """Between 0 and 10."""
        return sum(sum(values) * w for _, values, w in self.files) / sum(w for *_, w in self.files)

    @property
    def refused(self) -> int:
        """Files not read."""
        return sum(values[0] == 0 for _, values, _ in self.files)

    def worst(self, count: int) -> list[str]:
        """The files that cost the most."""
        lost = sorted(self.files, key=lambda file: sum(file[1]))[:count]
        return [f"{sum(values):7.3f}  {name}  {[round(v, 2) for v in values]}" for name, values, _ in lost]


@functools.lru_cache(maxsize=1 << 18)
def normalise(cell: str) -> str:
    """A cell as it is compared: integers, decimals, times, dates and prices in one form, the rest in lower case."""
    text = cell.strip()
    if not text:
        return cell
    for form in (int, float):
        try:
            return str(form(text))
        except ValueError:
            continue
    if match := _TIME.fullmatch(text):
        return ":".join(f"{int(part or 0):02d}" for part in match.groups())
    if (date := _date(text)) is not None:
        return date
    if match := _PRICE.search(text):
        return f"{match['sign'] or match['sign2']}{match['amount'] or match['amount2']}"
    return cell.lower()


def _date(text: str) -> str | None:
    if len(text) >= 40:
        return None
    try:
        return str(dateutil.parser.parse(text))
    except (ValueError, OverflowError, TypeError):
        return None


def score(true: Rows, read: Rows | None) -> tuple[float, ...]:
    """Ten numbers of one file, between 0 and 1.

    Whether it was read; then precision, recall and F1 of the cells of its first row, of its other rows (their cells
    joined) and of all its cells, as multisets.

    Parameters
    ----------
    true : list of list of str
        The clean file.
    read : list of list of str or None
        What the reader found, None when it refused the file.
    """
    if read is None:
        return (0.0,) * 10
    if not true:
        return (1.0,) * 10
    header = _measures([normalise(c) for c in true[0]], [normalise(c) for c in read[0]] if read else [])
    records = _measures(*(["".join(map(normalise, r)) for r in rows[1:]] for rows in (true, read)))
    cells = _measures(*([c for r in rows for c in r] for rows in (true, read)))
    return (1.0, *header, *records, *cells)


def _measures(true: list[str], read: list[str]) -> tuple[float, float, float]:
    if not true:
        return 1.0, 1.0, 1.0
    common = (Counter(true) & Counter(read)).total()
    if not common:
        return 0.0, 0.0, 0.0
    precision, recall = common / len(true), common / len(read)
    return precision, recall, 2 * precision * recall / (precision + recall)


def read_csv(path: Path) -> Rows:
    """Rows of a clean file."""
    with path.open(encoding="utf-8-sig") as file:
        return list(csv.reader(file))
