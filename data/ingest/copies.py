"""Lines of a large file identical to another: found by their digests, compared in full, told with their numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from collections.abc import Mapping as MappingABC
from dataclasses import dataclass

import numpy as np
import pandas as pd

from data.checks.unicite import BATCH
from data.ingest.sample import read_lines_numbered
from data.ingest.stream import Unsuited
from data.ingest.transcode import Transcoded
from data.keys import pack
from data.mapping.lines import Lines, canonical_lines
from data.mapping.propose import Mapping
from data.readers import Table

#: More identical lines than this are read in memory.
MAX_COPIES = 300_000
#: Digests are compared by parts, so that their copy stays small: this many bits of them tell the part.
_BITS = 3
Read = Callable[[MappingABC[int, str]], tuple[Table, Mapping]]


@dataclass(frozen=True)
class Copies:
    """Lines of the batches in which some are identical to another.

    Attributes
    ----------
    frame : pandas.DataFrame
        The lines, months and dimensions and amounts; where only their number matters, the first stands for all.
    mask : numpy.ndarray of bool
        Second and later copies.
    numbers : pandas.Series of int
        Line of the file of each row.
    """

    frame: pd.DataFrame
    mask: np.ndarray
    numbers: pd.Series


def find_copies(
    text: Transcoded,
    read: Read,
    sample: MappingABC[int, str],
    odd: MappingABC[int, str],
    lines: Lines,
    counts: np.ndarray,
    alike: np.ndarray,
) -> Copies:
    """Second and later copies of accepted lines identical in every cell.

    Parameters
    ----------
    text : Transcoded
    read : callable
        Reads some lines of the file as a table.
    sample, odd : mapping of int to str
        Lines of the sample; lines that are not regular.
    lines : Lines
        Groups, then irregular lines.
    counts : numpy.ndarray of int
        Lines of each group.
    alike : numpy.ndarray of int
        Numbers of the regular lines that may be identical to another.

    Raises
    ------
    Unsuited
        Too many of them.
    """
    none = Copies(lines.frame.iloc[:0], np.zeros(0, dtype=bool), pd.Series([], dtype="int64"))
    accepted = set(lines.numbers.tolist()) - {0}
    met = Counter(line for n, line in odd.items() if n in accepted)
    texts = {n: line for n, line in odd.items() if n in accepted and met[line] > 1}
    if len(alike) + len(texts) > MAX_COPIES:
        raise Unsuited("trop de lignes identiques")
    texts |= read_lines_numbered(text, alike.tolist())
    if not texts:
        return none
    table, mapping = read(dict(sorted((dict(sample) | texts).items())))
    typed = canonical_lines(table, mapping)
    kept = typed.numbers.isin(list(texts)).to_numpy()
    frame, numbers = typed.frame[kept].reset_index(drop=True), typed.numbers[kept].reset_index(drop=True)
    mask = typed.texts[kept].duplicated().to_numpy()
    return _with_batches(Copies(frame, mask, numbers), lines, counts) if mask.any() else none


def find_alike(digests: np.ndarray) -> np.ndarray:
    """Numbers of the lines whose digest is met twice, 0 apart; two different digests are two different lines."""
    found = []
    last_byte = digests.view(np.uint8)[7::8]
    for part in range(1 << _BITS):
        mask = last_byte >> (8 - _BITS) == part
        own = np.sort(digests[mask])
        twice = np.unique(own[1:][(own[1:] == own[:-1]) & (own[1:] != 0)])
        if len(twice):
            at = np.flatnonzero(mask)
            found.append(at[np.isin(digests[at], twice)] + 1)
    return np.sort(np.concatenate(found)) if found else np.zeros(0, dtype=np.int64)


def _with_batches(copies: Copies, lines: Lines, counts: np.ndarray) -> Copies:
    """The other lines of the same batches added, since a batch sent twice is known by its size."""
    keys = [k for k in BATCH if k in lines.frame.columns] or ["mois"]
    weights = np.concatenate([counts, np.ones(len(lines.frame) - len(counts), dtype=np.int64)])
    together = pd.concat([_comparable(copies.frame[keys]), _comparable(lines.frame[keys])], ignore_index=True)
    for name in keys:
        if together[name].dtype == object:
            together[name] = together[name].astype("category")
    batch = pack(together, keys)
    own, all_lines = batch[: len(copies.mask)], batch[len(copies.mask) :]
    size = pd.Series(weights).groupby(all_lines).sum()
    seen = pd.Series(own).value_counts()
    first = pd.Series(np.arange(len(own))).groupby(own).first()
    extra = np.concatenate([np.repeat(first[b], max(int(size.get(b, 0) - n), 0)) for b, n in seen.items()])
    where = np.concatenate([np.arange(len(own)), extra.astype(np.int64)])
    mask = np.concatenate([copies.mask, np.zeros(len(extra), dtype=bool)])
    return Copies(
        copies.frame.iloc[where].reset_index(drop=True), mask, copies.numbers.iloc[where].reset_index(drop=True)
    )


def _comparable(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.astype({c: object for c in frame.columns if isinstance(frame[c].dtype, pd.CategoricalDtype)})
