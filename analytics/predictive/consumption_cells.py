"""Cells of the model of consumption: who is covered and what was spent, by year ending at the last complete month.

Blocks of twelve months hold each season once: the level of a block is a year, and no season is left to estimate.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from analytics.indicators import MONTHS_PER_YEAR

WHOLE = "ensemble"


@dataclass(frozen=True)
class Factors:
    """Dimensions of the cells, their values, and the value that the others are compared to.

    Attributes
    ----------
    by : tuple of str
    values, labels : tuple of tuple of str
        By dimension, sorted; what each is called.
    references : tuple of int
        Place of the reference, the value that covers most people.
    """

    by: tuple[str, ...]
    values: tuple[tuple[str, ...], ...]
    labels: tuple[tuple[str, ...], ...]
    references: tuple[int, ...]

    @property
    def width(self) -> int:
        """Columns of the design."""
        return sum(len(v) - 1 for v in self.values)

    def design(self, codes: np.ndarray) -> np.ndarray:
        """One column by value that is not a reference, from the places of the values (cells × dimensions)."""
        parts = [
            np.delete(np.eye(len(v))[codes[:, d]], ref, axis=1)
            for d, (v, ref) in enumerate(zip(self.values, self.references, strict=True))
        ]
        return np.hstack([np.empty((len(codes), 0)), *parts])

    def effects(self, beta: np.ndarray) -> list[np.ndarray]:
        """Effect of every value by dimension, 0 for the reference, from the coefficients of the columns."""
        sizes = np.cumsum([0, *(len(v) - 1 for v in self.values)])
        return [np.insert(beta[sizes[d] : sizes[d + 1]], ref, 0.0) for d, ref in enumerate(self.references)]


@dataclass(frozen=True)
class Cells:
    """Persons, acts and amounts by contract cell, poste and block of twelve months.

    Attributes
    ----------
    factors : Factors
    codes : numpy.ndarray
        Cells × dimensions: place of each value.
    postes : tuple of str
    blocks : tuple of (Timestamp, Timestamp)
        First and last month of each block, oldest first.
    exposure : numpy.ndarray
        Blocks × cells, person-months.
    acts : numpy.ndarray or None
        Postes × blocks × cells; None when the file does not count acts everywhere.
    amounts : numpy.ndarray
        Postes × blocks × cells, EUR; 0 where nobody is covered.
    apart : numpy.ndarray
        Postes × blocks, EUR of the perimeter in groups where nobody is covered: no structure moves them.
    months : int
        Complete months in a row that end the history.
    notes : tuple of str
        What was left out, in French.
    """

    factors: Factors
    codes: np.ndarray
    postes: tuple[str, ...]
    blocks: tuple[tuple[pd.Timestamp, pd.Timestamp], ...]
    exposure: np.ndarray
    acts: np.ndarray | None
    amounts: np.ndarray
    apart: np.ndarray
    months: int
    notes: tuple[str, ...] = ()

    @property
    def people(self) -> np.ndarray:
        """Person-months of each cell over the last block."""
        return self.exposure[-1]

    @property
    def heads(self) -> float:
        """Persons covered, mean of the last twelve months."""
        return float(self.people.sum() / MONTHS_PER_YEAR)

    @property
    def spent(self) -> np.ndarray:
        """EUR by poste over the last block, where somebody is covered."""
        return self.amounts[:, -1].sum(axis=1)

    def places(self, codes: np.ndarray) -> np.ndarray:
        """Where each combination of values is among the cells; -1 when nobody was ever covered there."""
        shape = [len(v) for v in self.factors.values]
        own, asked = (np.ravel_multi_index(c.T, shape) if shape else np.zeros(len(c), int) for c in (self.codes, codes))
        return pd.Index(own).get_indexer(asked)

    def between(self, first: int, last: int | None) -> Cells:
        """The same on some of its blocks."""
        kept = slice(first, last)
        return replace(
            self, blocks=self.blocks[kept], exposure=self.exposure[kept], amounts=self.amounts[:, kept],
            acts=None if self.acts is None else self.acts[:, kept], apart=self.apart[:, kept],
        )  # fmt: skip
