"""A change taken apart step by step: the bridge summed under a path of values, and the next split worth looking at.

Nothing is computed again at a level: every figure is a sum of the leaves of the bridge, so that the values of a level
sum to the level above, whatever the order of the dimensions.
"""

from __future__ import annotations

from collections.abc import Callable, Container
from dataclasses import dataclass
from urllib.parse import unquote

import numpy as np
import pandas as pd

from analytics.diagnostic.bridge import Bridge
from analytics.diagnostic.cells import number_rows
from analytics.diagnostic.explain import Leaves
from analytics.diagnostic.tree_level import (
    Level,
    Path,
    Tree,
    compare_values,
    leaves_under,
    move_of,
    noise_of,
    size_of,
    stand_at,
)
from analytics.errors import InsufficientData, ParameterError

MAX_LEVELS = 6
#: What is not proposed: a value under this share of its level, or whose gap is under this share of what moved there.
MIN_WEIGHT = 0.01
#: The same for a gap under this number of standard deviations: some forty values are looked at on each level.
SIGNAL = 3.0
_STEP, _IS = "~", ":"
_ESCAPES = (("%", "%25"), (_STEP, "%7E"), (_IS, "%3A"))


@dataclass(frozen=True)
class Split:
    """The values of a dimension under a path.

    Attributes
    ----------
    dimension : str
    table : pandas.DataFrame
        valeur, montant (change), part (of the change of the level; NaN when the level did not change), avant (EUR),
        attendu (change at the pace of the level), ecart (montant − attendu, both NaN when the level had nothing
        before), poids (share of the level, the larger of the two periods), signal (ecart in standard deviations of
        chance; NaN when it cannot be measured). Largest change first.
    total : float
        Change of the level, the sum of `montant`.
    """

    dimension: str
    table: pd.DataFrame
    total: float


@dataclass(frozen=True)
class Proposal:
    """The value that stands out most under a path, in the units of :class:`Split`."""

    dimension: str
    valeur: str
    montant: float
    attendu: float
    ecart: float


@dataclass(frozen=True)
class Walk:
    """What a link asks of a tree.

    Attributes
    ----------
    path : tuple of (dimension, value)
        Steps that the data know.
    dimension : str or None
        Dimension of the next split, when the link names one.
    ignored : tuple of str
        Steps left out, as written: unknown dimension or value, value met nowhere under the steps before, too deep.
    """

    path: Path
    dimension: str | None
    ignored: tuple[str, ...]


def grow_tree(bridge: Bridge, leaves: Leaves) -> Tree:
    """Sum a bridge by leaf, beside the amounts of the two periods.

    Parameters
    ----------
    bridge : Bridge
        In EUR or in points of ratio.
    leaves : Leaves
        What the bridge was made from; leaves that the bridge set aside are left out here too.

    Raises
    ------
    InsufficientData
        The bridge has no dimension.
    """
    keys = list(bridge.keys)
    if not keys:
        raise InsufficientData(
            "Le fichier n’a pas de dimension : l’écart ne se découpe pas.", remede="Ajoutez par exemple le poste."
        )
    frames = (bridge.table, leaves.before, leaves.after)
    ends = np.cumsum([len(frame) for frame in frames])
    stacked = pd.concat([frame[keys] for frame in frames], ignore_index=True)
    numbers = np.split(number_rows(stacked, keys), ends[:-1])
    kept, first = np.unique(numbers[0], return_index=True)
    sums = []
    for number, frame, column in zip(numbers, frames, ("montant", "prestation", "prestation"), strict=True):
        place = np.minimum(np.searchsorted(kept, number), len(kept) - 1)
        known = kept[place] == number
        sums.append(np.bincount(place[known], frame[column].to_numpy(float)[known], len(kept)))
    found = {key: pd.factorize(bridge.table[key].iloc[first].astype("str"), sort=True) for key in keys}
    values = {key: tuple(map(str, names)) for key, (_, names) in found.items()}
    montant, avant, apres = sums
    # Few values fit in 16 bits, where numpy sorts them by counting.
    codes = {key: code.astype(np.min_scalar_type(-len(values[key]))) for key, (code, _) in found.items()}
    size = size_of(avant, apres)
    rank = np.argsort(move_of(montant, size), kind="stable")
    noise = noise_of(montant, size, rank, np.zeros(len(rank), dtype=np.int16), 1)[0]
    return Tree(bridge.keys, values, codes, montant, avant, apres, float(noise))


def open_dimensions(tree: Tree, path: Path) -> tuple[str, ...]:
    """Dimensions that still split a node: not on its path, two values at least under it."""
    return _open(tree, stand_at(tree, path), path)


def split_by(tree: Tree, path: Path, dimension: str) -> Split:
    """The values of a dimension under a path, each beside what it would have done at the pace of the whole level.

    The pace is the change of the level per euro of its amount before: a value is expected to take of the change the
    share that it had of the amount. On a ratio, this is the part of its weight.

    Raises
    ------
    ParameterError
        A dimension or a value is not in the tree, or no leaf has this path.
    """
    if dimension not in tree.codes:
        raise ParameterError("Cette dimension ne fait pas partie de la décomposition.", colonne=dimension)
    level = stand_at(tree, path)
    columns = compare_values(tree, level, dimension)
    order = np.argsort(-columns["montant"], kind="stable")
    names = np.array(tree.values[dimension], dtype=object)[columns.pop("code")]
    table = pd.DataFrame({"valeur": names[order], **{name: amounts[order] for name, amounts in columns.items()}})
    return Split(dimension, table, level.total)


def measure_node(tree: Tree, path: Path) -> tuple[float, float]:
    """Change of a node, and its share of the change of the whole (NaN when the whole did not change)."""
    amount = float(tree.montant[leaves_under(tree, path)].sum())
    whole = float(tree.montant.sum())
    return amount, amount / whole if whole else np.nan


def rank_splits(tree: Tree, path: Path) -> pd.DataFrame:
    """Every value of every open dimension that stands out from the pace of the level, farthest in euros first.

    A value that weighs under 1 % of its level, whose gap is under 1 % of what moved there, or that is within three
    standard deviations of what chance does to it, is left out.

    Returns
    -------
    pandas.DataFrame
        dimension, then the columns of :class:`Split`.
    """
    level = stand_at(tree, path)
    found: dict[str, list[np.ndarray]] = {}
    for dimension in _open(tree, level, path):
        columns = compare_values(tree, level, dimension)
        gap, moved = np.abs(columns["ecart"]), np.abs(columns["montant"]).sum()
        far = (gap > 0) & (gap >= MIN_WEIGHT * moved) & (columns["poids"] >= MIN_WEIGHT)
        far &= ~(np.abs(columns["signal"]) < SIGNAL)
        names = np.array(tree.values[dimension], dtype=object)[columns.pop("code")[far]]
        for name, cells in {"dimension": np.full(len(names), dimension, dtype=object), "valeur": names}.items():
            found.setdefault(name, []).append(cells)
        for name, amounts in columns.items():
            found.setdefault(name, []).append(amounts[far])
    if not found:
        return pd.DataFrame(columns=["dimension", "valeur", "montant", "attendu", "ecart"])
    whole = {name: np.concatenate(parts) for name, parts in found.items()}
    order = np.argsort(-np.abs(whole["ecart"]), kind="stable")
    return pd.DataFrame({name: cells[order] for name, cells in whole.items()})


def propose(
    tree: Tree, path: Path, sens: str, *, hidden: Callable[[str], Container[str]] | None = None
) -> Proposal | None:
    """The next split: the value, among the open dimensions, farthest above or below the pace of the level.

    Parameters
    ----------
    tree, path
    sens : {"hausse", "baisse"}
        Above the pace or below it.
    hidden : callable, optional
        Values of a dimension that may not be shown; asked only for the dimensions met on the way.

    Returns
    -------
    Proposal or None
        None when nothing stands out from chance.

    Raises
    ------
    ParameterError
        Neither « hausse » nor « baisse ».
    """
    if sens not in ("hausse", "baisse"):
        raise ParameterError("Sens inconnu.", valeur=sens, remede="Choisissez hausse ou baisse.")
    return pick_split(rank_splits(tree, path), sens, hidden=hidden)


def pick_split(
    ranked: pd.DataFrame, sens: str, *, hidden: Callable[[str], Container[str]] | None = None
) -> Proposal | None:
    """The first of `rank_splits` on one side of the pace: what `propose` gives, for who already has the ranking."""
    for row in ranked[ranked["ecart"] > 0 if sens == "hausse" else ranked["ecart"] < 0].itertuples():
        if hidden is None or row.valeur not in hidden(row.dimension):
            return Proposal(row.dimension, row.valeur, row.montant, row.attendu, row.ecart)
    return None


def write_path(path: Path, dimension: str | None = None) -> str:
    """A path, then the dimension that splits its end, as one word of a link: `poste:dentaire~region`."""
    steps = [f"{_escape(d)}{_IS}{_escape(v)}" for d, v in path]
    return _STEP.join([*steps, *([_escape(dimension)] if dimension else [])])


def read_path(tree: Tree, word: str) -> Walk:
    """Read back `write_path`, leaving out what the data do not know."""
    path: Path = ()
    ignored: list[str] = []
    pieces = [piece for piece in word.split(_STEP) if piece]
    for place, piece in enumerate(pieces):
        name, sign, value = (unquote(part) for part in piece.partition(_IS))
        if not sign:
            if place == len(pieces) - 1 and name in open_dimensions(tree, path):
                return Walk(path, name, tuple(ignored))
            ignored.append(name)
        elif len(path) < MAX_LEVELS and _is_met(tree, path, name, value):
            path = (*path, (name, value))
        else:
            ignored.append(f"{name} : {value}")
    return Walk(path, None, tuple(ignored))


def _is_met(tree: Tree, path: Path, dimension: str, value: str) -> bool:
    if any(d == dimension for d, _ in path) or value not in tree.values.get(dimension, ()):
        return False
    code = tree.values[dimension].index(value)
    return bool((tree.codes[dimension][leaves_under(tree, path)] == code).any())


def _open(tree: Tree, level: Level, path: Path) -> tuple[str, ...]:
    if len(path) >= MAX_LEVELS:
        return ()
    used = {dimension for dimension, _ in path}
    codes = ((d, tree.codes[d][level.inside]) for d in tree.dimensions if d not in used)
    return tuple(d for d, code in codes if (code != code[0]).any())


def _escape(text: str) -> str:
    for sign, code in _ESCAPES:
        text = text.replace(sign, code)
    return text
