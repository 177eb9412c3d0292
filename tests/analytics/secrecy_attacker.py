"""An attacker who knows every figure shown, every total shown, and that a masked cell is not empty: linear programming.

For each masked cell, the least and the greatest number of persons that the shown figures allow (HiGHS through scipy).
Only cells that no solution met so far already clears are optimised: the answer is the same.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.optimize import linprog
from scipy.sparse import coo_array

from analytics.disclosure import PERSONS, K, protect

#: An interval of 10 persons or less says « about five, give or take five ».
NARROW = 10


@dataclass(frozen=True)
class Attack:
    """What the attacker learns of one table, totals included.

    `primary`: cells of fewer than 11 persons; `masked`: cells masked; `recovered`: known exactly; `within_five`:
    known to lie within 5 persons of the truth; `narrow`: interval of at most 10 persons; `large`, `shown`: cells of
    11 persons and more, those still shown.
    """

    primary: int
    masked: int
    recovered: int
    within_five: int
    narrow: int
    large: int
    shown: int


def attack(inner: np.ndarray, mask: np.ndarray) -> Attack:
    """Bound every masked cell of a table from all that is shown; `mask` holds the totals last on each axis."""
    persons = with_totals(inner)
    small, large = (persons > 0) & (persons < K), persons >= K
    assert mask[small].all()
    found = bounds_of_masked(persons, mask, NARROW)
    width = np.array([high - low for low, high in found.values()])
    near = [low >= persons[c] - 5 - 1e-6 and high <= persons[c] + 5 + 1e-6 for c, (low, high) in found.items()]
    counts = (small, mask, width < 1e-6, near, width <= NARROW + 1e-6, large, large & ~mask)
    return Attack(*(int(np.sum(count)) for count in counts))


def protected_mask(inner: np.ndarray) -> np.ndarray:
    """Cells that :func:`analytics.disclosure.protect` masks, totals last on each axis."""
    keys = list("abc"[: inner.ndim])
    cells = list(np.ndindex(inner.shape))
    table = pd.DataFrame([[str(i) for i in cell] for cell in cells], columns=keys)
    shared = protect(table.assign(**{PERSONS: inner.ravel().astype(float)}))
    mask = np.zeros(tuple(n + 1 for n in inner.shape), dtype=bool)
    for cell, hidden in zip(cells, shared.table[PERSONS].isna(), strict=True):
        mask[cell] = hidden
    for total in shared.margins.itertuples(index=False):
        mask[tuple(-1 if pd.isna(value) else int(value) for value in total)] = True
    return mask


def bounds_of_masked(
    persons: np.ndarray, mask: np.ndarray, enough: float
) -> dict[tuple[int, ...], tuple[float, float]]:
    """Cell -> (least, greatest) number of persons, exact unless the greatest minus the least already exceeds `enough`.

    `persons` and `mask` hold the totals in the last place of each axis. Shown cells are known; masked ones are at
    least 1, an empty cell being shown.
    """
    cells = [tuple(c) for c in np.argwhere(mask)]
    place = {cell: i for i, cell in enumerate(cells)}
    rows, columns, signs, rights = [], [], [], []
    for line, (axis, others) in enumerate(_lines(mask.shape)):
        right = 0.0
        for i in range(mask.shape[axis]):
            cell = (*others[:axis], i, *others[axis:])
            sign = -1.0 if i == mask.shape[axis] - 1 else 1.0
            if mask[cell]:
                rows.append(line)
                columns.append(place[cell])
                signs.append(sign)
            else:
                right -= sign * persons[cell]
        rights.append(right)
    equalities = coo_array((signs, (rows, columns)), shape=(len(rights), len(cells))).tocsr()
    met = np.diff(equalities.indptr) > 0
    equalities, rights = equalities[met], np.array(rights)[met]
    low, high = np.full(len(cells), 1e12), np.full(len(cells), -1e12)
    for i in range(len(cells)):
        for sense in (-1.0, 1.0):
            if high[i] - low[i] > enough:
                break
            objective = np.zeros(len(cells))
            objective[i] = sense
            found = linprog(objective, A_eq=equalities, b_eq=rights, bounds=(1, None), method="highs")
            if found.status == 3:  # unbounded: nothing at all is shown of its lines
                high[i] = np.inf
                continue
            assert found.status == 0, found.message  # the true table is always a solution
            low, high = np.minimum(low, found.x), np.maximum(high, found.x)
    return {cell: (float(low[i]), float(high[i])) for cell, i in place.items()}


def _lines(shape):
    for axis in range(len(shape)):
        rest = [range(n) for a, n in enumerate(shape) if a != axis]
        for others in itertools.product(*rest):
            yield axis, others


def with_totals(inner: np.ndarray) -> np.ndarray:
    """The same table with its totals in the last place of each axis."""
    for axis in range(inner.ndim):
        inner = np.concatenate([inner, inner.sum(axis=axis, keepdims=True)], axis=axis)
    return inner


def random_table(rng: np.random.Generator, largest: tuple[int, ...] = (8, 5, 3)) -> np.ndarray:
    """Persons of a table of one to three dimensions: some empty cells, many small ones, a few large ones.

    `largest`: longest axis of a table of one, two and three dimensions.
    """
    axes = int(rng.integers(1, 4))
    shape = tuple(int(n) for n in rng.integers(2, largest[axes - 1] + 1, axes))
    size = float(rng.choice([3.0, 8.0, 20.0, 60.0, 400.0]))
    inner = rng.poisson(rng.gamma(0.7, size / 0.7, shape))
    return np.where(rng.random(shape) < rng.choice([0.0, 0.0, 0.15, 0.4]), 0, inner)
