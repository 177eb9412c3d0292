"""Effects of each leaf cell on the change of prestations: the rules for zeros, gaps and unknown measures."""

from __future__ import annotations

import itertools

import numpy as np

from analytics.diagnostic.cells import Cells, Exposure, exposure_of
from analytics.diagnostic.shapley import shapley_product
from analytics.french import format_euros

FACTORS = ("effectif", "mix", "frequence", "cout_moyen")
#: Products that give the cost per acte, and the measures met on the way from the actes to the prestation: each factor
#: is the ratio of a measure to the one before it.
COSTS = {
    ("cout_moyen",): (),
    ("frais_moyens", "part_amc"): ("frais_reels",),
    ("cout_moyen", "part_connue"): ("ultime",),
    ("frais_moyens", "part_amc", "part_connue"): ("frais_reels", "ultime"),
}
OPENING, CLOSING, NO_EXPOSURE = "ouverture", "fermeture", "sans_exposition"


def split_change(
    cells: Cells, chain: tuple[str, ...], known: np.ndarray
) -> tuple[dict[str, np.ndarray], tuple[str, ...]]:
    """Effects of every leaf, arrays summing to its change of `prestation`, and French warnings.

    Parameters
    ----------
    cells : Cells
        `prestation` and the measures that the chain needs.
    chain : tuple of str
        Factors whose product is the prestation.
    known : numpy.ndarray
        Leaves with a known prestation; the others count for the exposure of their cell and get zeros.
    """
    money = np.where(known[:, None], cells.measures["prestation"], 0.0)
    split = _split_by_head if "effectif" in chain else _split_by_act
    return split(cells, chain, known, money)


def _split_by_act(
    cells: Cells, chain: tuple[str, ...], known: np.ndarray, money: np.ndarray
) -> tuple[dict[str, np.ndarray], tuple[str, ...]]:
    change, acts = money[:, 1] - money[:, 0], cells.measures.get("actes")
    alive = money != 0
    if acts is not None:
        alive |= cells.present & (acts != 0) & known[:, None]
    effects = _empty(chain, len(change))
    opened, closed = alive[:, 1] & ~alive[:, 0], alive[:, 0] & ~alive[:, 1]
    effects[OPENING][opened], effects[CLOSING][closed] = change[opened], change[closed]
    both = alive.all(axis=1)
    if acts is None:
        effects["prestation"][both] = change[both]
        return effects, ()
    priced = both & is_priced(money, acts)
    effects, warnings = _fill_costs(effects, ("actes",), chain, priced, [acts], cells, money)
    rest = both & ~priced
    effects, more = _leave(effects, "prestation", rest, change, "dont le nombre d’actes ne va pas avec le montant")
    return effects, (*warnings, *more)


def _split_by_head(
    cells: Cells, chain: tuple[str, ...], known: np.ndarray, money: np.ndarray
) -> tuple[dict[str, np.ndarray], tuple[str, ...]]:
    change, exposure = money[:, 1] - money[:, 0], exposure_of(cells, "beneficiaires")
    stays, opens, closes = (mask[cells.cell] for mask in _movements(exposure))
    effects = _empty(chain, len(change))
    effects[OPENING][opens], effects[CLOSING][closes] = change[opens], change[closes]
    heads, share = _heads_and_share(exposure, cells.cell, stays)
    acts = cells.measures.get("actes")
    priced = stays & known & is_priced(money, acts) if "frequence" in chain else np.zeros_like(stays)
    person_months, warnings = exposure.value[cells.cell], _uneven(exposure)
    if priced.any():
        rate = np.divide(acts, person_months, out=np.zeros_like(acts), where=priced[:, None])
        effects, more = _fill_costs(effects, FACTORS[:3], chain, priced, [heads, share, rate], cells, money)
        warnings += more
    rest = stays & known & ~priced
    if "consommation" in chain or money[rest].any():
        effects = {f: effects.get(f, np.zeros(len(change))) for f in (*chain, "consommation", *effects)}
        parts = [heads[rest], share[rest], money[rest] / person_months[rest]]
        _fill(effects, ("effectif", "mix", "consommation"), rest, parts, change)
        if "consommation" not in chain:
            told = rest & (money != 0).any(axis=1)
            warnings += (_sentence(told, change, "lue(s) en consommation par tête, faute d’actes"),)
    effects, more = _leave(effects, NO_EXPOSURE, ~(stays | opens | closes), change, "sans bénéficiaires connus")
    return effects, (*warnings, *more)


def _fill_costs(
    effects: dict[str, np.ndarray],
    volumes: tuple[str, ...],
    chain: tuple[str, ...],
    priced: np.ndarray,
    parts: list[np.ndarray],
    cells: Cells,
    money: np.ndarray,
) -> tuple[dict[str, np.ndarray], tuple[str, ...]]:
    """Split the leaves that have a cost per acte; one whose way to the cost is not known keeps the cost whole."""
    names = chain[len(volumes) :]
    change, acts = money[:, 1] - money[:, 0], cells.measures["actes"]
    way = [cells.measures[measure] for measure in COSTS[names]]
    told = priced & np.all([is_priced(money, amounts) for amounts in way], axis=0) if way else priced
    steps = [acts, *way, money]
    costs = [unit_cost(after[told], before[told]) for before, after in itertools.pairwise(steps)]
    _fill(effects, (*volumes, *names), told, [*(part[told] for part in parts), *costs], change)
    rest = priced & ~told
    if not rest.any():
        return effects, ()
    plain = {"cout_moyen": np.zeros(len(change))} | effects
    whole = [*(part[rest] for part in parts), unit_cost(money[rest], acts[rest])]
    _fill(plain, (*volumes, "cout_moyen"), rest, whole, change)
    moved = rest & (change != 0)
    return plain, ((_sentence(moved, change, "dont le coût par acte ne se détaille pas"),) if moved.any() else ())


def _movements(exposure: Exposure) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Exposure cells that stay, open and close."""
    inside = exposure.present & (np.nan_to_num(exposure.value, nan=-1.0) > 0)
    gone = ~exposure.present | (exposure.value == 0)
    absent = ~exposure.present
    # An unknown exposure in front of a period without any row is still an opening or a closing.
    opens = (gone[:, 0] & inside[:, 1]) | (absent[:, 0] & exposure.present[:, 1] & ~gone[:, 1])
    closes = (gone[:, 1] & inside[:, 0]) | (absent[:, 1] & exposure.present[:, 0] & ~gone[:, 0])
    return inside.all(axis=1), opens, closes


def _heads_and_share(exposure: Exposure, cell: np.ndarray, stays: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    kept = np.zeros(len(exposure.value), dtype=bool)
    kept[cell[stays]] = True
    heads = exposure.value[kept].sum(axis=0)
    share = exposure.value[cell] / np.where(heads > 0, heads, np.nan)
    return np.broadcast_to(heads, share.shape), share


def is_priced(money: np.ndarray, acts: np.ndarray) -> np.ndarray:
    """Leaves whose money is a number of actes times a cost in both periods."""
    return ((acts > 0) | ((acts == 0) & (money == 0))).all(axis=-1)


def unit_cost(money: np.ndarray, acts: np.ndarray) -> np.ndarray:
    """Cost per acte; without acte it is not observed and takes the value of the other period."""
    cost = np.divide(money, acts, out=np.full(money.shape, np.nan), where=acts > 0)
    cost = np.where(np.isnan(cost), cost[..., ::-1], cost)
    return np.nan_to_num(cost, nan=0.0)


def _empty(chain: tuple[str, ...], size: int) -> dict[str, np.ndarray]:
    return {effect: np.zeros(size) for effect in (*chain, OPENING, CLOSING)}


def _fill(
    effects: dict[str, np.ndarray],
    names: tuple[str, ...],
    rows: np.ndarray,
    parts: list[np.ndarray],
    change: np.ndarray,
) -> None:
    stacked = np.stack(parts, axis=1)
    split = shapley_product(stacked[:, :, 0], stacked[:, :, 1], change[rows])
    for position, name in enumerate(names):
        effects[name][rows] = split[:, position]


def _leave(
    effects: dict[str, np.ndarray], name: str, rows: np.ndarray, change: np.ndarray, reason: str
) -> tuple[dict[str, np.ndarray], tuple[str, ...]]:
    if not change[rows].any():
        return effects, ()
    left = np.where(rows, change, 0.0)
    return effects | {name: left}, (_sentence(rows & (change != 0), change, reason),)


def _sentence(rows: np.ndarray, change: np.ndarray, reason: str) -> str:
    return f"{int(rows.sum())} cellule(s) {reason} ({format_euros(float(change[rows].sum()))} d’écart)."


def _uneven(exposure: Exposure) -> tuple[str, ...]:
    if not exposure.uneven:
        return ()
    where = f"Dans {exposure.uneven} cellule(s), les bénéficiaires"
    return (f"{where} diffèrent d’un poste à l’autre : le plus grand nombre est gardé.",)
