"""One level of a decomposition tree: the leaves under a path, their values beside the pace, and what chance does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from analytics.errors import ParameterError

#: Values chosen from the whole down to a node: (dimension, value)…
Path = tuple[tuple[str, str], ...]

#: Leaves from which a value, or a level, has a noise of its own, and the share of them that is set aside.
MIN_LEAVES, TRIM = 8, 0.25
#: Mean of the squares of a normal variable once the largest quarter of them is set aside.
_TRIMMED = 0.369


@dataclass(frozen=True)
class Tree:
    """The leaves of a bridge, ready to be summed under any path.

    Attributes
    ----------
    dimensions : tuple of str
        Keys of the bridge.
    values : mapping of str to tuple of str
        Values of each dimension, sorted.
    codes : mapping of str to numpy.ndarray
        For each dimension, the place of the value of each leaf.
    montant : numpy.ndarray
        Change of each leaf, in the unit of the bridge (EUR, or points of ratio as 0.01 = 1 %).
    avant, apres : numpy.ndarray
        Amount (EUR) of each leaf in the two periods.
    bruit : float
        Squared gap to the pace per euro, over all the leaves; NaN when they are too few.
    """

    dimensions: tuple[str, ...]
    values: Mapping[str, tuple[str, ...]]
    codes: Mapping[str, np.ndarray]
    montant: np.ndarray
    avant: np.ndarray
    apres: np.ndarray
    bruit: float


@dataclass(frozen=True)
class Level:
    """The leaves of a node, arrays of one length, and what its splits share.

    `rank` sorts the leaves by what they moved for their `size`, `noise` is their squared gap to the pace per unit of
    size, NaN when it cannot be measured.
    """

    inside: np.ndarray
    montant: np.ndarray
    avant: np.ndarray
    apres: np.ndarray
    total: float
    pace: float
    size: np.ndarray
    rank: np.ndarray
    noise: float


def stand_at(tree: Tree, path: Path) -> Level:
    """The leaves under a path, with their pace and their noise (that of the whole tree when they are too few)."""
    inside = leaves_under(tree, path)
    montant, avant, apres = (amounts[inside] for amounts in (tree.montant, tree.avant, tree.apres))
    pace = divide(montant.sum(), avant.sum())
    size = size_of(avant, apres)
    rank = np.argsort(move_of(montant, size), kind="stable")
    noise = noise_of(montant, size, rank, np.zeros(len(rank), dtype=np.int16), 1)[0]
    noise = tree.bruit if np.isnan(noise) else float(noise)
    return Level(inside, montant, avant, apres, float(montant.sum()), pace, size, rank, noise)


def compare_values(tree: Tree, level: Level, dimension: str) -> dict[str, np.ndarray]:
    """Columns of a split by the values met, in their order, with `code`, their places among the values."""
    code, number = tree.codes[dimension][level.inside], len(tree.values[dimension])
    montant, avant, apres, size = (
        np.bincount(code, amounts, number) for amounts in (level.montant, level.avant, level.apres, level.size)
    )
    own = noise_of(level.montant, level.size, level.rank, code, number)
    variance = np.where(np.isnan(own), level.noise, own) * size
    with np.errstate(divide="ignore", invalid="ignore"):
        share = avant / avant.sum()
        gap = montant - level.pace * avant
        spread = np.sqrt((1.0 - share) ** 2 * variance + share**2 * (variance.sum() - variance))
        columns = {
            "montant": montant,
            "part": montant / (level.total or np.nan),
            "avant": avant,
            "attendu": level.pace * avant,
            "ecart": gap,
            "poids": np.fmax(np.abs(share), np.abs(apres / apres.sum())),
            "signal": np.where(gap == 0, 0.0, gap / spread),
        }
    met = np.flatnonzero(np.bincount(code, minlength=number))
    return {"code": met, **{name: amounts[met] for name, amounts in columns.items()}}


def leaves_under(tree: Tree, path: Path) -> np.ndarray:
    """Mask of the leaves that have every value of a path.

    Raises
    ------
    ParameterError
        A value is not in the tree, or no leaf has them all.
    """
    inside = np.ones(len(tree.montant), dtype=bool)
    for dimension, value in path:
        if value not in tree.values.get(dimension, ()):
            raise ParameterError(
                "Cette valeur ne fait pas partie de la décomposition.", colonne=dimension, valeur=value
            )
        inside &= tree.codes[dimension] == tree.values[dimension].index(value)
    if not inside.any():
        raise ParameterError("Aucune donnée n’a ces valeurs ensemble.", colonne=path[-1][0], valeur=path[-1][1])
    return inside


def divide(top: float, bottom: float) -> float:
    """Pace of a level; NaN when it had nothing before."""
    return top / bottom if bottom > 0 else np.nan


def noise_of(montant: np.ndarray, size: np.ndarray, rank: np.ndarray, code: np.ndarray, number: int) -> np.ndarray:
    """Squared gap of the leaves to the pace of their own group, per unit of size; NaN for a group of too few.

    The pace of a group is a median and the leaves that stray most from it are set aside, so that neither a group that
    moves as one nor a cause inside it passes for noise. `rank` sorts the leaves by :func:`move_of`.
    """
    count = np.bincount(code, minlength=number)
    start, met = np.cumsum(count) - count, count > 0
    order = rank[np.argsort(code[rank], kind="stable")]
    weight = np.cumsum(size[order])
    half = np.append(0.0, weight)[start] + np.bincount(code, size, number) / 2.0
    middle = np.minimum(np.searchsorted(weight, half[met]), (start + count - 1)[met])
    pace, chosen = np.zeros(number), order[middle]
    pace[met] = move_of(montant[chosen], size[chosen])
    square = (montant - pace[code] * size) ** 2
    order = np.argsort(square / np.where(size > 0, size, 1.0))
    order = order[np.argsort(code[order], kind="stable")]
    kept = order[np.arange(len(code)) < np.repeat(start + np.ceil((1.0 - TRIM) * count), count)]
    top, bottom = (np.bincount(code[kept], amounts[kept], number) for amounts in (square, size))
    known = (count >= MIN_LEAVES) & (bottom > 0)
    return np.divide(top, _TRIMMED * bottom, out=np.full(number, np.nan), where=known)


def move_of(montant: np.ndarray, size: np.ndarray) -> np.ndarray:
    """Change of each leaf over its mean amount of the two periods: an opening is a number like another."""
    return np.divide(montant, size, out=np.zeros_like(montant), where=size > 0)


def size_of(avant: np.ndarray, apres: np.ndarray) -> np.ndarray:
    """Mean amount of the two periods."""
    return (np.abs(avant) + np.abs(apres)) / 2.0
