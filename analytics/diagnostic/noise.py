"""How far a leaf may stray by chance: a variance model fitted on the cube itself, heavy tails included.

Variance of actual minus expected in a leaf of size s: τ²·s² (relative noise) + φ·s (noise of counts), with φ per value
of the dimension whose costs differ most, as one hospital stay weighs a hundred boxes of pills.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import nnls

from analytics.diagnostic.robust import find_rounding, measure_tail, weighted_median
from analytics.diagnostic.scan import Cube

#: Units of φ from which a leaf's own size is believed more than what its dimensions predict.
CREDIBILITY = 10.0
#: Units of weight from which its own cost per unit is believed: one dear stay must not pass for a dear leaf.
COST_CREDIBILITY = 50.0
#: Values of a dimension with fewer leaves than this say nothing about its noise; more values than that are too many.
MIN_LEAVES, MAX_VALUES = 8, 60
SIZE_BINS = 4
#: With more leaves than this share at ±200 %, the noise is that of sparse counts, not relative.
MAX_EMPTY = 0.1
#: Largest share of cells with nothing on one side where a median is trusted.
SPARSE = 0.3
#: Variance of a difference of two amounts rounded to whole numbers; median noise per unit still called that of counts.
WHOLE, COUNT_NOISE = 1.0 / 6.0, 4.5
#: Relative variance of a cube that follows its expected amounts to the cent.
NO_NOISE = 1e-12


@dataclass(frozen=True)
class Noise:
    """What the scan needs of the leaves still unexplained.

    Attributes
    ----------
    drift : float
        Common ratio actual / expected.
    numerator, precision : numpy.ndarray
        Per leaf, size × gap / variance and size² / variance, centred: 0 for a leaf set aside.
    tail : numpy.ndarray
        Per leaf, heaviness of the largest scores of its group of noise, 1 when normal.
    relative : bool
        True when the noise is the same share of every leaf, False when it is that of counts.
    """

    drift: float
    numerator: np.ndarray
    precision: np.ndarray
    tail: np.ndarray
    relative: bool


@dataclass(frozen=True)
class _Leaves:
    actual: np.ndarray
    expected: np.ndarray
    weight: np.ndarray | None
    codes: np.ndarray
    sizes: tuple[int, ...]
    rounding: float
    level: np.ndarray


def measure_noise(
    cube: Cube,
    actual: np.ndarray,
    expected: np.ndarray,
    weight: np.ndarray | None,
    alive: np.ndarray,
    level: np.ndarray,
) -> Noise:
    """Fit drift and variance on the leaves alive.

    The drift is a median, but the variance is not robust on purpose: a cause inflates it, which delays the others and
    never invents one, and the next pass is made without its leaves.
    """
    rounding = find_rounding(actual[alive]) ** 2 / 6.0
    chosen = None if weight is None else weight[alive]
    leaves = _Leaves(actual[alive], expected[alive], chosen, cube.codes[alive], cube.sizes, rounding, level[alive])
    drift, size, variance, group, relative = _fit(leaves)
    gap = leaves.actual - drift * leaves.expected
    top, bottom = size * gap / variance, size**2 / variance
    top -= bottom * _shift(gap / size, bottom, leaves.level)
    numerator, precision, tail = np.zeros(len(actual)), np.zeros(len(actual)), np.ones(len(actual))
    numerator[alive], precision[alive] = top, bottom
    tail[alive] = _tails(top**2 / (2.0 * bottom), group)
    return Noise(drift, numerator, precision, tail, relative)


def _tails(scores: np.ndarray, group: np.ndarray) -> np.ndarray:
    """Tail of each leaf's group, never lighter than that of all the leaves together."""
    order = np.argsort(group, kind="stable")
    bounds = np.flatnonzero(np.diff(group[order])) + 1
    tails = np.empty(len(scores))
    for leaves in np.split(order, bounds):
        tails[leaves] = measure_tail(_largest(scores[leaves]))
    return np.maximum(tails, measure_tail(_largest(scores)))


def _largest(scores: np.ndarray, kept: int = 1_000) -> np.ndarray:
    """The tail is read on the twentieth, fifty at most: the others need no sorting."""
    return np.partition(scores, len(scores) - kept)[-kept:] if len(scores) > kept else scores


def _fit(leaves: _Leaves) -> tuple[float, np.ndarray, np.ndarray, np.ndarray, bool]:
    """Common drift, size, variance and group of noise of each leaf, by three rounds of moments, and the regime."""
    drift, phi = _first_drift(leaves), None
    for _ in range(3):
        own, gap = _size(leaves, drift), leaves.actual - drift * leaves.expected
        if phi is None:
            phi = np.full(len(own), 0.1 * (gap**2).sum() / own.sum())
        trust = own / (own + CREDIBILITY * phi)
        size = trust * own + (1.0 - trust) * _predicted_size(leaves, own)
        group, number = _noisiest_dimension(leaves, gap, size)
        unit = size * _cost_per_unit(leaves, own, group, number)
        spread = _fit_moments(gap, size, unit, group, number)
        phi = spread[1:][group] * unit / size
        variance = (spread[0] + NO_NOISE) * size**2 + phi * size + leaves.rounding
        # A group that the fit has left without noise would be full of causes.
        short = np.bincount(group, gap**2, number) / np.bincount(group, variance, number).clip(1e-300)
        variance *= np.maximum(short, 1.0)[group]
        shift = _shift(gap / size, size**2 / variance, leaves.level)
        drift *= (2.0 + np.clip(shift, -1.0, 1.0)) / (2.0 - np.clip(shift, -1.0, 1.0))
    gap = leaves.actual - drift * leaves.expected
    if leaves.weight is None and np.mean(np.abs(gap) > 1.9 * own) < MAX_EMPTY:
        flat = (np.mean((gap / own) ** 2) + NO_NOISE) * own**2 + leaves.rounding
        if _log_likelihood(gap, flat) > _log_likelihood(gap, variance):
            return drift, own, flat, np.zeros(len(own), dtype=np.intp), True
    return drift, size, variance, group, False


def _sparse_share(actual: np.ndarray, expected: np.ndarray) -> float:
    """Share of the cells with nearly nothing on one side, large cells counting more."""
    low, high = np.minimum(np.abs(actual), np.abs(expected)), np.maximum(np.abs(actual), np.abs(expected))
    weight = np.sqrt(np.maximum(expected, 0.0))
    return float(np.average(low < 0.05 * high, weights=weight)) if weight.any() else 1.0


def choose_level(cube: Cube, actual: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """Element of each leaf in the finest cuboid whose cells are filled well enough for a median to make sense."""
    best, chosen = 1, np.zeros(len(actual), dtype=np.int64)
    for cuboid in cube.cuboids:
        a = np.bincount(cuboid.element, actual, cuboid.size)
        e = np.bincount(cuboid.element, expected, cuboid.size)
        cells = int(np.count_nonzero(e))
        if cells > best and _sparse_share(a, e) < SPARSE:
            best, chosen = cells, cuboid.element
    return chosen


def _shift(relative_gap: np.ndarray, precision: np.ndarray, level: np.ndarray) -> float:
    """Relative gap that the cells share: a median, as one large cause would move the mean."""
    top, bottom = np.bincount(level, relative_gap * precision), np.bincount(level, precision)
    known = bottom > 0
    return weighted_median(top[known] / bottom[known], np.sqrt(bottom[known]))


def _first_drift(leaves: _Leaves) -> float:
    a, e = np.bincount(leaves.level, leaves.actual), np.bincount(leaves.level, leaves.expected)
    known = e > 0
    median = weighted_median(a[known] / e[known], np.sqrt(e[known]))
    return median if median > 0 else float(leaves.actual.sum() / leaves.expected.sum())


def _size(leaves: _Leaves, drift: float) -> np.ndarray:
    """Half-way between actual and expected, so that last year's own chance does not bias the weights."""
    return np.maximum((np.abs(leaves.actual) + drift * np.abs(leaves.expected)) / 2.0, 1e-9)


def _predicted_size(leaves: _Leaves, own: np.ndarray) -> np.ndarray:
    """Product of the margins: the size a leaf would have if the dimensions were independent."""
    mean = own.mean()
    predicted = np.full(len(own), mean)
    for dim, size in enumerate(leaves.sizes):
        code = leaves.codes[:, dim]
        count = np.maximum(np.bincount(code, minlength=size), 1)
        predicted *= (np.bincount(code, own, size) / count / mean)[code]
    return np.maximum(predicted, 1e-9)


def _noisiest_dimension(leaves: _Leaves, gap: np.ndarray, size: np.ndarray) -> tuple[np.ndarray, int]:
    """Codes and number of values of the dimension whose values differ most in noise per unit of size."""
    best, chosen = 0.0, None
    for dim, number in enumerate(leaves.sizes if not _are_counts(leaves, gap, size) else ()):
        if not 2 <= number <= MAX_VALUES:
            continue
        code = leaves.codes[:, dim]
        count = np.bincount(code, minlength=number)
        noise, amount = np.bincount(code, gap**2, number), np.bincount(code, size, number)
        known = (count >= MIN_LEAVES) & (noise > 0)
        if known.sum() < 2:
            continue
        logs = np.log(noise[known] / amount[known])
        contrast = np.average((logs - np.average(logs, weights=count[known])) ** 2, weights=count[known])
        if contrast > best:
            best, chosen = contrast, dim
    if chosen is None:
        return np.zeros(len(gap), dtype=np.intp), 1
    return leaves.codes[:, chosen], leaves.sizes[chosen]


def _are_counts(leaves: _Leaves, gap: np.ndarray, size: np.ndarray) -> bool:
    """Whole numbers that stray about as Poisson's do cost the same everywhere: a noisier value is a cause."""
    return leaves.rounding == WHOLE and np.median(gap**2 / np.maximum(size, 1.0)) < COUNT_NOISE


def _cost_per_unit(leaves: _Leaves, own: np.ndarray, group: np.ndarray, number: int) -> np.ndarray:
    """Amount per unit of weight (cost per acte), the leaf's own as far as its units are many; 1 without weight."""
    if leaves.weight is None:
        return np.ones(len(own))
    average = np.bincount(group, own, number) / np.maximum(np.bincount(group, leaves.weight, number), 1e-9)
    return (own + COST_CREDIBILITY * average[group]) / (leaves.weight + COST_CREDIBILITY)


def _fit_moments(gap: np.ndarray, size: np.ndarray, unit: np.ndarray, group: np.ndarray, number: int) -> np.ndarray:
    """Non-negative τ² then φ of each group, from the squared gaps by group and by quarter of the amounts."""
    ranked = np.sort(size)
    steps = np.arange(1, SIZE_BINS) / SIZE_BINS * ranked.sum()
    edges = ranked[np.minimum(np.searchsorted(np.cumsum(ranked), steps), len(ranked) - 1)]
    slot = group * SIZE_BINS + np.searchsorted(edges, size)
    cells = number * SIZE_BINS
    squares, count = np.bincount(slot, gap**2, cells), np.bincount(slot, minlength=cells)
    design = np.zeros((cells, number + 1))
    design[:, 0] = np.bincount(slot, size**2, cells)
    design[np.arange(cells), 1 + np.arange(cells) // SIZE_BINS] = np.bincount(slot, unit, cells)
    kept = squares > 0
    if not kept.any():
        return np.full(number + 1, 1e-12)
    design, squares, root = design[kept], squares[kept], np.sqrt(count[kept])
    weight = root / squares
    for _ in range(4):
        spread, _ = nnls(design * weight[:, None], squares * weight)
        weight = root / np.maximum(design @ spread, 1e-12 * squares)
    # A group without any gap would have no noise at all and every leaf of it would be a cause.
    floor = 1e-6 * squares.sum() / design[:, 1:].sum()
    return np.concatenate([spread[:1], np.maximum(spread[1:], floor)])


def _log_likelihood(gap: np.ndarray, variance: np.ndarray) -> float:
    return float(-0.5 * np.mean(np.log(variance) + gap**2 / variance))
