"""The effects of a bridge that « partage » mode shows apart, and those that it only shows summed together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analytics.constat import Constat, to_param
from analytics.diagnostic.cells import number_rows
from analytics.diagnostic.gap import UNKNOWN, Gap
from analytics.disclosure import K
from analytics.schema import CARE_DIMENSIONS
from pages.components.cache import cached
from pages.components.sharing import compared_periods, few_persons, hidden_among
from pages.components.sidebar import View

#: One bar from the start: each of these may be the amount of a few persons.
APART = ("mix", "ouverture", "fermeture", "sans_exposition", "sans_cotisation")
OTHERS = "autres"
#: Part of a small group’s amount that the others must reach for a sum not to tell it.
COVER = 0.1
#: Part of the level under which an amount is what rounding left.
ROUNDING = 1e-9


def groups_of(view: View, constat: Constat, gap: Gap) -> dict[str, str]:
    """Bar of each effect: its own, or in « partage » mode the one of those that may only be shown together."""
    effects = [*dict.fromkeys(gap.table["effet"]), UNKNOWN]
    if not view.shared:
        return {effect: effect for effect in effects}
    return cached(
        "bridge_groups", view.key, lambda: _group(view, constat, gap, effects), c=to_param(constat),
        detail=gap.bridge.factors,
    )  # fmt: skip


def rest_of(constat: Constat, gap: Gap) -> float:
    """What the leaves do not account for of the change that the finding tells; 0 when it is rounding."""
    rest = constat.ecart - float(gap.table["montant"].sum())
    return rest if abs(rest) > ROUNDING * max(abs(constat.valeur), abs(constat.reference)) else 0.0


def _group(view: View, constat: Constat, gap: Gap, effects: list[str]) -> dict[str, str]:
    """Merge each bar that may tell of a few persons with the largest of the others, until none does."""
    leaves = _lay(view, constat, gap)
    bars: dict[str, list[str]] = {}
    for effect in dict.fromkeys(effects):
        bars.setdefault("mix" if effect in APART else effect, []).append(effect)
    amounts = {bar: sum(leaves.amounts.get(e, leaves.none) for e in of) for bar, of in bars.items()}
    loose = {UNKNOWN} if rest_of(constat, gap) else set()  # of whom this part is cannot be told
    while len(bars) > 1:
        unsafe = next((bar for bar in bars if bar in loose or not leaves.is_safe(amounts[bar])), None)
        if unsafe is None:
            break
        loose.discard(unsafe)
        others = [bar for bar in bars if bar != unsafe]
        into = OTHERS if OTHERS in others else max(others, key=lambda bar: abs(float(amounts[bar].sum())))
        merged, total = bars.pop(unsafe) + bars.pop(into), amounts.pop(unsafe) + amounts.pop(into)
        bars[OTHERS], amounts[OTHERS] = merged, total
    return {effect: bar for bar, of in bars.items() for effect in of}


@dataclass(frozen=True)
class _Leaves:
    """The leaves of a bridge, by cell of persons.

    Attributes
    ----------
    amounts : mapping of str to numpy.ndarray
        (leaves,) of each effect.
    cell : numpy.ndarray
        (leaves,) cell of persons of each leaf.
    persons, hidden : numpy.ndarray
        (cells,) persons, 0 when unknown; whether a dimension hides the cell.
    values : tuple of (numpy.ndarray, numpy.ndarray, numpy.ndarray)
        For each dimension that splits persons: (leaves,) value of each leaf, then (values,) persons and hidden.
    splits : tuple of numpy.ndarray
        (leaves,) value of each leaf by each dimension of the bridge, -1 when it is hidden.
    least : float
        Amount under which there is none.
    """

    amounts: Mapping[str, np.ndarray]
    cell: np.ndarray
    persons: np.ndarray
    hidden: np.ndarray
    values: tuple[tuple[np.ndarray, np.ndarray, np.ndarray], ...]
    splits: tuple[np.ndarray, ...]
    least: float

    @property
    def none(self) -> np.ndarray:
        """No amount on any leaf."""
        return np.zeros(len(self.cell))

    def is_safe(self, amounts: np.ndarray) -> bool:
        """Whether a bar, its detail by any dimension, and what is left of them, tell nothing of a few persons."""
        if not (np.abs(amounts) > self.least).any():
            return True
        sums, met = self._sum(amounts, self.cell, len(self.persons))
        if self.persons[met & ~self.hidden].sum() < K or not _covers(sums, met, self.persons):
            return False
        return all(self._hides(amounts, *value) for value in self.values) and all(
            self._drowns(amounts, split) for split in self.splits
        )

    def _sum(self, amounts: np.ndarray, place: np.ndarray, number: int) -> tuple[np.ndarray, np.ndarray]:
        sums = np.bincount(place, amounts, number)
        return sums, np.bincount(place, np.abs(amounts), number) > self.least

    def _hides(self, amounts: np.ndarray, place: np.ndarray, persons: np.ndarray, hidden: np.ndarray) -> bool:
        """Whether the values hidden cannot be told from the bar less the values shown."""
        sums, met = self._sum(amounts, place, len(persons))
        met &= hidden
        return _covers(np.where(met, sums, 0.0), met, persons)

    def _drowns(self, amounts: np.ndarray, split: np.ndarray) -> bool:
        """Whether the persons hidden inside each value shown are a small part of its amount."""
        shown = split >= 0
        if not shown.any():
            return True
        secret = self.hidden[self.cell]
        number = int(split.max()) + 1
        of_hidden = np.bincount(split[shown & secret], amounts[shown & secret], number)
        of_others = np.bincount(split[shown & ~secret], np.abs(amounts[shown & ~secret]), number)
        told = (np.abs(of_hidden) > self.least) & (of_others < COVER * np.abs(of_hidden))
        return not told.any()


def _covers(sums: np.ndarray, met: np.ndarray, persons: np.ndarray) -> bool:
    """Whether the others weigh enough beside each group of a few persons."""
    size = np.where(met, np.abs(sums), 0.0)
    few = met & (persons < K)
    return not (size.sum() - size[few] < COVER * size[few]).any()


def _lay(view: View, constat: Constat, gap: Gap) -> _Leaves:
    table, keys = gap.table, list(gap.bridge.keys)
    leaf = number_rows(table, keys)
    labels = table[keys].iloc[np.unique(leaf, return_index=True)[1]].reset_index(drop=True)
    members = view.dataset.cotisation.columns
    exposed = [k for k in keys if k in members and k not in CARE_DIMENSIONS]
    periods = compared_periods(view, constat.selection)
    found = {k: pd.factorize(labels[k].astype("str"), sort=True) for k in keys}
    secret = {k: hidden_among(view, k, constat.selection, tuple(map(str, found[k][1]))) for k in keys}
    hides = {k: np.isin(found[k][1].astype(object), list(secret[k])) for k in keys}
    cell = number_rows(labels, exposed)
    first = np.unique(cell, return_index=True)[1]
    counts = few_persons(view.dataset, exposed, periods)
    if exposed:
        index = pd.MultiIndex.from_frame(labels.loc[first, exposed].astype("str"))
        counts = counts.set_axis(pd.MultiIndex.from_frame(counts.index.to_frame().astype("str")))
        persons = counts.reindex(index).fillna(0.0).to_numpy()
    else:
        persons = np.full(len(first), counts.iloc[0] if len(counts) else 0.0)
    hidden = np.zeros(len(first), dtype=bool)
    values = []
    for key in exposed:
        own = few_persons(view.dataset, (key,), periods).reindex(found[key][1].astype("str")).fillna(0.0).to_numpy()
        values.append((found[key][0], own, hides[key]))
        hidden |= hides[key][found[key][0]][first]
    effects, code = np.unique(table["effet"].to_numpy(object), return_inverse=True)
    amounts = np.zeros((len(effects), len(labels)))
    np.add.at(amounts, (code, leaf), table["montant"].to_numpy(float))
    return _Leaves(
        dict(zip(effects, amounts, strict=True)), cell, persons, hidden, tuple(values),
        tuple(np.where(hides[k][found[k][0]], -1, found[k][0]) for k in keys),
        ROUNDING * max(abs(gap.bridge.before), abs(gap.bridge.after)),
    )  # fmt: skip
