"""Every combination of attribute values of a cube, scored in one pass of bincounts per cuboid."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import erfc


@dataclass(frozen=True)
class Cuboid:
    """One set of dimensions: the element of each leaf, and how many numbers that takes."""

    dims: tuple[int, ...]
    element: np.ndarray
    size: int


@dataclass(frozen=True)
class Cube:
    """Leaves coded once: `codes` (leaves, dims), number of values per dim, cuboids from the simplest, and tests."""

    codes: np.ndarray
    sizes: tuple[int, ...]
    cuboids: tuple[Cuboid, ...]
    n_tests: int


@dataclass(frozen=True)
class Candidate:
    """Best element of a pass: its leaves, dimensions, score and q-value among all the elements of the pass."""

    leaves: np.ndarray
    dims: tuple[int, ...]
    score: float
    q_value: float


def encode(frame: pd.DataFrame, dims: Sequence[str]) -> Cube:
    """Number the values of each dimension, then the elements of each cuboid."""
    columns = [pd.factorize(frame[dim], sort=False, use_na_sentinel=False) for dim in dims]
    codes = np.column_stack([codes for codes, _ in columns])
    sizes = tuple(len(values) for _, values in columns)
    cuboids = tuple(
        _number(codes, sizes, subset)
        for depth in range(1, len(dims) + 1)
        for subset in itertools.combinations(range(len(dims)), depth)
    )
    n_tests = sum(int(np.count_nonzero(np.bincount(c.element, minlength=c.size))) for c in cuboids)
    return Cube(codes, sizes, cuboids, n_tests)


def _number(codes: np.ndarray, sizes: tuple[int, ...], subset: tuple[int, ...]) -> Cuboid:
    element, size = np.zeros(len(codes), dtype=np.int64), 1
    for dim in subset:
        element, size = element * sizes[dim] + codes[:, dim], size * sizes[dim]
        if size > 4 * len(codes):
            element, values = pd.factorize(element)
            size = len(values)
    return Cuboid(subset, element, size)


def find_best(cube: Cube, numerator: np.ndarray, precision: np.ndarray, tail: np.ndarray) -> Candidate | None:
    """Element with the highest likelihood-ratio score, (Σ numerator)² / (2 Σ precision), discounted for heavy tails.

    Parameters
    ----------
    cube : Cube
        Coded leaves.
    numerator, precision : numpy.ndarray
        Per leaf, size × gap / variance and size² / variance; both 0 for a leaf already explained.
    tail : numpy.ndarray
        Per leaf, 1 for a normal noise; the score of one leaf is divided by it, that of a sum of n equal leaves by
        1 + (tail - 1) / n, since sums come back to the normal law.

    Returns
    -------
    Candidate or None
        On equal scores the element with the fewest conditions wins; None when no leaf has any precision.
    """
    excess, scores, best = precision**2 * (tail - 1.0), [], None
    for cuboid in cube.cuboids:
        score = _score(cuboid, numerator, precision, excess)
        scores.append(score[score > 0])
        place = int(score.argmax())
        if score[place] > (best[0] if best else 0.0):
            best = (float(score[place]), cuboid, place)
    if best is None:
        return None
    score, cuboid, place = best
    leaves = np.flatnonzero((cuboid.element == place) & (precision > 0))
    return Candidate(leaves, cuboid.dims, score, _q_value(np.concatenate(scores), cube.n_tests))


def _score(cuboid: Cuboid, numerator: np.ndarray, precision: np.ndarray, excess: np.ndarray) -> np.ndarray:
    top = np.bincount(cuboid.element, numerator, cuboid.size)
    bottom = np.bincount(cuboid.element, precision, cuboid.size)
    heavy = np.bincount(cuboid.element, excess, cuboid.size)
    squared = bottom**2
    return np.divide(top**2 * bottom, 2.0 * (squared + heavy), out=np.zeros(cuboid.size), where=squared > 0)


def _q_value(scores: np.ndarray, n_tests: int) -> float:
    """Benjamini-Hochberg q-value of the best of `n_tests` two-sided normal tests with these scores z²/2."""
    p_values = np.sort(erfc(np.sqrt(scores)))
    return float(min(1.0, (p_values * n_tests / np.arange(1, len(p_values) + 1)).min()))
