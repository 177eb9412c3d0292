"""What « partage » mode hides of a pivot, so that no two tables give back a figure on fewer than 11 persons.

Two tables may differ by their axes, by their filters or by their months. The pattern below is therefore a property of
the dataset alone: the persons of a cell are those of its smallest month with somebody in it, over the whole history,
so that the same cells are masked whatever the period, the indicator and the order; a total is protected in its own
table, and every finer table obeys it (:func:`analytics.hypercubes.hide_cells` with `coarser`); a filtered figure is
given only when the cells that are shown give it. A cell is thus a sum or a difference of figures that everybody may
see, whatever the two tables compared.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analytics.descriptive.pivot_cube import MONTH, Cube, add_up, to_euros
from analytics.disclosure import PERSONS, K
from analytics.hypercubes import Hidden, hide_cells
from analytics.schema import CARE_DIMENSIONS, Selection

_EMPTY = "\0"  # the value that the file leaves empty: no text of a file holds it


@dataclass(frozen=True)
class Pattern:
    """Cells masked of a set of dimensions, and of every coarser table.

    Attributes
    ----------
    keys : tuple of str
        Contract dimensions shown or filtered, in alphabetical order.
    tables : mapping of tuple of str to pandas.DataFrame
        For each part of the keys, its cells and their persons.
    masks : mapping of tuple of str to Hidden
        For each part of the keys, what is masked; empty when nothing at all may be shown.
    """

    keys: tuple[str, ...]
    tables: Mapping[tuple[str, ...], pd.DataFrame]
    masks: Mapping[tuple[str, ...], Hidden]


def secret_pattern(cube: Cube, axes: Sequence[str], k: int = K) -> Pattern:
    """Primary then secondary secrecy of the contract dimensions among some axes, and of all their totals.

    Parameters
    ----------
    cube : Cube
    axes : sequence of str
        Dimensions shown and filtered; care and time do not change who is covered.
    k : int
        Persons that a cell must hold.

    Raises
    ------
    ParameterError
        The dimensions are too fine together.
    """
    keys = tuple(sorted({a for a in axes if a in cube.dataset.dimensions and a not in CARE_DIMENSIONS}))
    members = cube.cotisation
    if PERSONS not in members.amounts or not set(keys) <= set(members.codes):
        return Pattern(keys, {}, {})
    tables: dict[tuple[str, ...], pd.DataFrame] = {}
    masks: dict[tuple[str, ...], Hidden] = {}
    for n in range(len(keys) + 1):
        for kept in itertools.combinations(keys, n):
            tables[kept] = _cells(cube, kept, k)
            coarser = {s: masks[s] for s in masks if set(s) < set(kept)}
            masks[kept] = hide_cells({s: tables[s] for s in (*coarser, kept)}, kept, PERSONS, k, coarser=coarser)
    return Pattern(keys, tables, masks)


def hidden_cells(cube: Cube, pattern: Pattern, axes: tuple[str, ...], selection: Selection, k: int = K) -> np.ndarray:
    """Cells of a pivot that may not be shown, totals included.

    Returns
    -------
    numpy.ndarray of bool
        One place more than values along each axis, the total.
    """
    shape = tuple(len(cube.levels[a]) + 1 for a in axes)
    if not pattern.masks:
        return np.ones(shape, dtype=bool)
    mask = np.zeros(shape, dtype=bool)
    own = [a for a in axes if a in pattern.keys]
    filters = {a: v for a, v in selection.without_care().filtres.items() if a in pattern.keys}
    for n in range(len(own) + 1):
        for shown in itertools.combinations(own, n):
            # An axis of care or time has the same mask on all its values and on its total.
            inside = tuple(slice(None) if a not in own else slice(0, -1) if a in shown else -1 for a in axes)
            order = [a for a in axes if a in shown]
            small = _level_mask(cube, pattern, tuple(order), filters, k)
            mask[inside] = small.reshape(
                [len(cube.levels[a]) if a in shown else 1 for a in axes if a not in own or a in shown]
            )
    return mask


def _level_mask(cube: Cube, pattern: Pattern, shown: tuple[str, ...], filters: Mapping, k: int) -> np.ndarray:
    """Mask of one level: a filtered figure must hold none of the masked cells, or all those of its shown total."""
    keys = tuple(sorted({*shown, *filters}))
    cells, shape = pattern.tables[keys], tuple(len(cube.levels[a]) for a in keys)
    masked = _spread(cube, cells, keys, pattern.masks[keys].rows(cells).to_numpy())
    peopled = _spread(cube, cells, keys, (cells[PERSONS] != 0).to_numpy())
    over = tuple(i for i, a in enumerate(keys) if a not in shown)
    inside = np.ones(shape, dtype=bool)
    for i, axis in enumerate(keys):
        if axis in filters:
            chosen = {str(v) for v in filters[axis]}
            wanted = np.array([value in chosen for value in cube.levels[axis]])
            inside &= wanted.reshape([-1 if j == i else 1 for j in range(len(keys))])
    within, all_masked = (masked & inside).sum(axis=over), masked.sum(axis=over)
    kept = tuple(a for a in keys if a in shown)
    total = _spread(cube, pattern.tables[kept], kept, pattern.masks[kept].rows(pattern.tables[kept]).to_numpy())
    found = (peopled & inside).any(axis=over)
    mask = (within > 0) & ((within < all_masked) | total)
    mask |= found & _few(cube, kept, filters, k)
    if mask.any():
        # An empty cell beside masked ones is not told apart: a total equal to its only cell would give the others.
        mask |= ~found
    return np.transpose(mask, [kept.index(a) for a in shown]) if shown else mask


def _spread(cube: Cube, cells: pd.DataFrame, keys: tuple[str, ...], values: np.ndarray) -> np.ndarray:
    """One value by cell of a table, in the grid of its keys; 0 where there is no cell."""
    grid = np.zeros(tuple(len(cube.levels[a]) for a in keys), dtype=values.dtype)
    grid[_codes(cube, cells, keys)] = values if keys else values[0]
    return grid


def _few(cube: Cube, kept: tuple[str, ...], filters: Mapping, k: int) -> np.ndarray:
    """Cells of a filtered table that hold fewer than `k` persons."""
    heads = _persons(cube, kept, Selection(filtres=dict(filters)), k)
    return ~((heads >= k) | (heads == 0))


def _cells(cube: Cube, keys: tuple[str, ...], k: int) -> pd.DataFrame:
    """Cells met in a table or the other, with their persons: unknown where figures have nobody covered."""
    heads = _persons(cube, keys, Selection(), k)
    cared = np.zeros(heads.shape, dtype=bool)
    if set(keys) <= set(cube.prestation.codes) and cube.prestation.size:
        cared = add_up(cube, cube.prestation, None, keys, None)[0] > 0
    covered = add_up(cube, cube.cotisation, None, keys, None)[0] > 0
    heads = np.where(cared & (heads == 0), np.nan, heads)
    met = cared | covered if keys else np.ones((), dtype=bool)
    places = np.nonzero(met) if keys else ()
    columns = {a: _texts(cube, a)[p] for a, p in zip(keys, places, strict=True)}
    found = heads[places] if keys else [float(heads)]
    return pd.DataFrame({**columns, PERSONS: found}, columns=[*keys, PERSONS])


def _persons(cube: Cube, keys: tuple[str, ...], selection: Selection, k: int) -> np.ndarray:
    """Persons of each cell in its smallest month; `k` at most where a month has nobody, as it cannot protect others."""
    members = cube.cotisation
    lines = cube.lines(members, selection)
    sums, counts = add_up(cube, members, PERSONS, (*keys, MONTH), lines)
    monthly = np.where(counts > 0, to_euros(sums), np.nan)
    told = ~np.isnan(monthly).all(axis=tuple(range(len(keys))))  # months that the table of members has
    monthly = monthly[..., told]
    somebody = (monthly != 0) & ~np.isnan(monthly)
    smallest = np.where(somebody, monthly, np.inf).min(axis=-1, initial=np.inf)
    known = ~np.isnan(monthly).all(axis=-1)
    heads = np.where(somebody.any(axis=-1), smallest, np.where(known, 0.0, np.nan))
    return np.where((heads > k) & ~somebody.all(axis=-1), float(k), heads)


def _texts(cube: Cube, axis: str) -> np.ndarray:
    return np.array([_EMPTY if value is None else value for value in cube.levels[axis]], dtype=object)


def _codes(cube: Cube, cells: pd.DataFrame, keys: tuple[str, ...]) -> tuple[np.ndarray, ...]:
    ranks = ({text: i for i, text in enumerate(_texts(cube, a))} for a in keys)
    return tuple(cells[a].map(rank).to_numpy(dtype=np.int64) for a, rank in zip(keys, ranks, strict=True))
