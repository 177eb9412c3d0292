"""Secondary secrecy: which cells to mask with the small ones, so that no total shown gives a masked cell back.

A masked cell is protected when it is a corner of a hypercube of masked cells that may slide: one corner goes up, its
neighbours go down, every total shown stays the same. Nobody can tell the true table from the slid one. With a slide of
`k` persons the interval of every masked cell is at least `k` wide, whatever software searches it.

References
----------
D. Repsilber, "Preservation of confidentiality in aggregated data", 1994; S. Giessing and D. Repsilber, "Tools and
strategies to protect multiple tables with the GHQUAR cell suppression engine", 2002.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analytics.errors import ParameterError

#: Work (masked cells × cells × corners) beyond which a table is too fine to be shared: some ten seconds.
_LONGEST = 4e9
#: Price of a total beside that of the cells inside: it is masked only when no other cell will do.
_TOTAL = 1e9

Keys = tuple[str, ...]


@dataclass(frozen=True)
class Hidden:
    """Cells masked in a table and in all its totals.

    Attributes
    ----------
    keys : tuple of str
        Axes of the table.
    levels : tuple of mapping
        For each axis, value -> place; the place after the last is the total.
    mask, primary : numpy.ndarray of bool
        Cells masked; those masked for their own number of persons.
    """

    keys: Keys
    levels: tuple[Mapping[object, int], ...]
    mask: np.ndarray
    primary: np.ndarray

    def rows(self, table: pd.DataFrame, *, primary: bool = False, over: Keys | None = None) -> pd.Series:
        """Mask of the cells of a table; `over` names its keys when it is a total of fewer of them."""
        mask = self.primary if primary else self.mask
        places = _places(table, self.keys if over is None else over, self.keys, self.levels)
        return pd.Series(mask[places] if self.keys else np.full(len(table), mask[()]), index=table.index, dtype=bool)

    def margins(self) -> pd.DataFrame:
        """Totals masked: the keys, missing where summed over."""
        names = [[*level, None] for level in self.levels]
        found = [c for c in np.argwhere(self.mask) if any(i == len(n) - 1 for i, n in zip(c, names, strict=True))]
        rows = [[n[i] for i, n in zip(cell, names, strict=True)] for cell in found]
        return pd.DataFrame(rows, columns=list(self.keys), dtype="object")


def hide_cells(
    tables: Mapping[Keys, pd.DataFrame],
    keys: Keys,
    persons: str,
    k: int,
    *,
    margins: bool = True,
    coarser: Mapping[Keys, Hidden] | None = None,
) -> Hidden:
    """Primary then secondary secrecy.

    Parameters
    ----------
    tables : mapping of tuple of str to pandas.DataFrame
        For each subset of keys whose persons are known apart, one row per cell: the keys and `persons`, NaN when
        unknown. The table of all the keys is required; a total without a table is a sum.
    keys : tuple of str
        Axes.
    persons : str
        Column of persons.
    k : int
        Persons that a cell must hold; unknown counts as fewer.
    margins : bool
        False when no total is shown anywhere: primary secrecy alone.
    coarser : mapping of tuple of str to Hidden, optional
        For every proper subset of keys, what its own table masks when it is shown apart. No other total is masked then:
        where they leave no hypercube, every cell inside is.

    Returns
    -------
    Hidden

    Raises
    ------
    ParameterError
        The table is too fine.
    """
    # A value may be met in a coarser table only: where the finer one is not split by it.
    met_values = {key: set().union(*(tables[kept][key] for kept in tables if key in kept)) for key in keys}
    levels = tuple({value: i for i, value in enumerate(sorted(met_values[key], key=str))} for key in keys)
    shape = tuple(len(level) + 1 for level in levels)
    _refuse_finer(math.prod(shape), 1, len(keys))
    heads = np.full(shape, np.nan)
    met = np.zeros(shape, dtype=bool)
    for n in range(len(keys), -1, -1):
        for kept in itertools.combinations(keys, n):
            if kept in tables:
                places = _places(tables[kept], kept, keys, levels)
                found = tables[kept][persons].to_numpy()
                heads[places], met[places] = found if keys else found[0], True
            else:
                _sum(heads, met, kept, keys)
    primary = met & ~((heads >= k) | (heads == 0))
    mask = primary.copy()
    for kept, hidden in (coarser or {}).items():
        mask[_places(tables[kept], kept, keys, levels)] = hidden.rows(tables[kept]).to_numpy()
    if margins and keys:
        # An empty cell is known to be empty by whoever knows the trade: it protects nothing.
        _protect(mask, np.nan_to_num(heads), met & ~(heads == 0), k, free=coarser is None)
    return Hidden(keys, levels, mask, primary)


def _refuse_finer(cells: int, masked: int, axes: int) -> None:
    if cells * masked * 2**axes > _LONGEST or cells > _LONGEST / 1000:
        raise ParameterError("Ce tableau est trop fin pour être partagé.", remede="Retirez une dimension.")


def _places(table: pd.DataFrame, kept: Keys, keys: Keys, levels: Sequence[Mapping]) -> tuple[np.ndarray | int, ...]:
    return tuple(
        table[key].map(level).to_numpy(dtype=np.int64) if key in kept else np.full(len(table), len(level))
        for key, level in zip(keys, levels, strict=True)
    )


def _sum(heads: np.ndarray, met: np.ndarray, kept: Keys, keys: Keys) -> None:
    """Persons of the totals over the keys not kept, by summing along the first of those; unknown cells are left out."""
    axis = next(i for i, key in enumerate(keys) if key not in kept)
    inside = tuple(slice(0, -1) if key in kept else -1 for key in keys)
    line = (*inside[:axis], slice(0, -1), *inside[axis + 1 :])
    along = sum(isinstance(place, slice) for place in line[:axis])
    known = met[line] & ~np.isnan(heads[line])
    sums = np.where(known, heads[line], 0).sum(axis=along)
    heads[inside] = np.where(known.any(axis=along), sums, np.nan)
    met[inside] = met[line].any(axis=along)


def _protect(mask: np.ndarray, heads: np.ndarray, met: np.ndarray, width: int, *, free: bool) -> None:
    """Mask cells until every masked one is the corner of a hypercube that may slide by `width` persons.

    The totals come first: what protects them often protects what is inside. With `free`, totals may be masked, and
    there is always a hypercube: a cell, its totals and the totals of those all slide the same way.
    """
    last = np.array(mask.shape) - 1
    safe = np.zeros_like(mask)
    while (mask & ~safe).any():
        wanted = [tuple(cell) for cell in np.argwhere(mask & ~safe)]
        _refuse_finer(mask.size, len(wanted), mask.ndim)
        for cell in sorted(wanted, key=lambda c: (-(c == last).sum(), heads[c], c)):
            if safe[cell]:
                continue
            opposite = _opposite(cell, mask, heads, met, width, free=free)
            inside = tuple(slice(0, -1) if place == end else place for place, end in zip(cell, last, strict=True))
            if opposite is None and met[inside].any():
                everything = (slice(0, -1),) * mask.ndim
                mask[everything] |= met[everything]
                return
            # A total without any cell inside is protected by its own table.
            opposite = cell if opposite is None else opposite
            for corner in itertools.product(*zip(cell, opposite, strict=True)):
                mask[corner] = safe[corner] = True


def _opposite(cell: tuple[int, ...], mask, heads, met, width, *, free: bool) -> tuple[int, ...] | None:
    """Opposite corner of the cheapest hypercube that protects a cell, None when totals that are shown forbid it."""
    for with_totals in (False, True)[: 1 + free]:
        cost = _costs(cell, mask, heads, met, width, with_totals=with_totals)
        best = np.unravel_index(np.argmin(cost), cost.shape)
        if np.isfinite(cost[best]):
            return best
    return None


def _costs(cell: tuple[int, ...], mask, heads, met, width, *, with_totals: bool) -> np.ndarray:
    """For each opposite corner, persons newly masked by its hypercube; infinite when it does not protect the cell."""
    axes, last = range(mask.ndim), np.array(mask.shape) - 1
    total = np.zeros(mask.shape, dtype=bool)
    for axis in axes:
        total[(slice(None),) * axis + (last[axis],)] = True
    dear = _TOTAL * (heads + 1) if with_totals else np.inf
    price = np.where(mask, 0.0, np.where(total, dear, heads + 1))
    price[~met] = np.inf
    cost = np.zeros(mask.shape)
    for moved in itertools.product((False, True), repeat=mask.ndim):
        place = tuple(slice(None) if m else slice(c, c + 1) for m, c in zip(moved, cell, strict=True))
        cost = cost + price[place]
        # Along an axis two values move in opposite ways, a value and its total the same way.
        down = np.zeros(mask.shape, dtype=bool)
        for axis in itertools.compress(axes, moved):
            opposite = np.ones(mask.shape[axis], dtype=bool)
            opposite[last[axis]] = False
            if cell[axis] == last[axis]:
                opposite[:] = False
            down ^= opposite.reshape([-1 if a == axis else 1 for a in axes])
        # What goes down must stay above 0: an empty cell would have been shown.
        cost = np.where(down & (heads[place] <= width), np.inf, cost)
    for axis in axes:
        cost[(slice(None),) * axis + (cell[axis],)] = np.inf
    return cost
