"""Every combination of attribute values of a cube, scored in one pass of bincounts per cuboid."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import erfc

#: Score z²/2 with a p-value of 10 %.
FAR_ABOVE = 1.3527


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
    """An element: its leaves, dimensions, score, and q-value among the elements of the pass."""

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


def find_best(
    cube: Cube,
    numerator: np.ndarray,
    precision: np.ndarray,
    tail: np.ndarray,
    needed: Callable[[np.ndarray, np.ndarray], np.ndarray] | None = None,
) -> Candidate | None:
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
    needed : callable, optional
        From the relative shift and the precision of elements to the score that each must exceed; those below are left
        aside. None = all are kept.

    Returns
    -------
    Candidate or None
        On equal scores the element with the fewest conditions wins; None when none is left.
    """
    excess, scores, best = precision**2 * (tail - 1.0), [], None
    for cuboid in cube.cuboids:
        score, shift, weight = _score(cuboid, numerator, precision, excess)
        scores.append(score[score > 0])
        kept = score if needed is None else np.where(score > needed(shift, weight), score, 0.0)
        place = int(kept.argmax())
        if kept[place] > (best[0] if best else 0.0):
            best = (float(kept[place]), cuboid, place)
    if best is None:
        return None
    score, cuboid, place = best
    leaves = np.flatnonzero((cuboid.element == place) & (precision > 0))
    return Candidate(leaves, cuboid.dims, score, _q_value(score, np.concatenate(scores), cube.n_tests))


def find_best_of_all(cube: Cube, numerator: np.ndarray, precision: np.ndarray, limit: int) -> list[Candidate]:
    """The `limit` elements with the highest scores among those whose numerator is positive, overlaps included.

    Two elements with the same leaves are one answer, the one with the fewest conditions.
    """
    nothing, scored = np.zeros(len(precision)), []
    for cuboid in cube.cuboids:
        up = np.bincount(cuboid.element, numerator, cuboid.size) > 0
        score = np.where(up, _score(cuboid, numerator, precision, nothing)[0], 0.0)
        scored += [(float(score[place]), cuboid, int(place)) for place in np.flatnonzero(score)]
    q_values = adjust(erfc(np.sqrt([score for score, _, _ in scored])) * cube.n_tests) if scored else ()
    found: list[Candidate] = []
    for rank in sorted(range(len(scored)), key=lambda i: -round(scored[i][0], 9)):
        score, cuboid, place = scored[rank]
        leaves = np.flatnonzero((cuboid.element == place) & (precision > 0))
        if not any(np.array_equal(leaves, other.leaves) for other in found):
            found.append(Candidate(leaves, cuboid.dims, score, float(q_values[rank])))
        if len(found) == limit:
            break
    return found


def _score(
    cuboid: Cuboid, numerator: np.ndarray, precision: np.ndarray, excess: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Score, relative shift and precision of each element."""
    top = np.bincount(cuboid.element, numerator, cuboid.size)
    bottom = np.bincount(cuboid.element, precision, cuboid.size)
    heavy = np.bincount(cuboid.element, excess, cuboid.size)
    squared, known = bottom**2, bottom > 0
    shift = np.divide(top, bottom, out=np.zeros(cuboid.size), where=known)
    score = np.divide(shift * top * squared, 2.0 * (squared + heavy), out=np.zeros(cuboid.size), where=squared > 0)
    return score, shift, bottom


def _q_value(score: float, scores: np.ndarray, n_tests: int) -> float:
    """Benjamini-Hochberg q-value of one of these scores.

    A p-value times the number of tests over its rank is never below itself: those far above chance are enough, unless
    they say no more than that.
    """
    for floor in (FAR_ABOVE, 0.0):
        kept = scores[(scores >= floor) | (scores == score)]
        p_values = erfc(np.sqrt(kept))
        q_value = float(adjust(p_values * n_tests)[int(np.argmin(np.abs(kept - score)))])
        if q_value < erfc(np.sqrt(floor)):
            return q_value
    return q_value


def adjust(p_values: np.ndarray) -> np.ndarray:
    """Benjamini-Hochberg q-values, in the order given, of p-values already multiplied by the number of tests."""
    order = np.argsort(p_values)[::-1]
    q_values = np.empty(len(p_values))
    q_values[order] = np.minimum.accumulate(p_values[order] / np.arange(len(p_values), 0, -1))
    return np.minimum(q_values, 1.0)
