"""How sure the effects of a bridge are: the errors of the completion of recent months, carried to each effect."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from analytics.completion import Development
from analytics.diagnostic.cells import Cells
from analytics.diagnostic.explain import OTHER
from analytics.diagnostic.ratio import RATE, Grid, split_amounts, split_rates
from analytics.schema import Dataset, Selection
from analytics.uncertainty import Z_80, pooled_error

#: Part of the amounts under which those whose error cannot be measured are let go.
NEGLIGIBLE = 0.001
#: Relative step of the numerical derivatives of the effects.
STEP = 1e-5
#: Sources of error of a ratio handled in one go (memory).
BATCH = 32


@dataclass(frozen=True)
class Estimated:
    """Amounts of the leaves that rest on the completion, by source of error: a care month of a cell developed apart.

    Attributes
    ----------
    leaf, period, source : numpy.ndarray
        (lines,) leaf of the bridge, 0 before or 1 after, and source of each amount.
    amounts : dict of str to numpy.ndarray
        For each measure of the bridge, (lines,).
    errors : numpy.ndarray
        (sources,) relative standard error of the completed amount.
    unmeasured : float
        Size of the amounts whose error the completion cannot tell, EUR.
    """

    leaf: np.ndarray
    period: np.ndarray
    source: np.ndarray
    amounts: Mapping[str, np.ndarray]
    errors: np.ndarray
    unmeasured: float = 0.0


@dataclass(frozen=True)
class Bounds:
    """What the effects of a bridge owe to amounts that are not paid yet.

    Attributes
    ----------
    effects : tuple of str
        Effects of the bridge.
    moves : numpy.ndarray
        (effects, sources): change of each effect, in its unit, for one standard error of each source.
    unmeasured : bool
        Too much rests on months whose error cannot be measured: no interval can be told.
    """

    effects: tuple[str, ...] = ()
    moves: np.ndarray = field(default_factory=lambda: np.zeros((0, 0)))
    unmeasured: bool = False

    def error(self, weights: Mapping[str, float] | None = None) -> float:
        """Standard error of a weighted sum of effects; None is their sum, the whole change.

        The errors of two sources are correlated at :data:`analytics.uncertainty.CORRELATION`, and effects that a same
        source pushes apart make up for one another. NaN when it cannot be measured.
        """
        if self.unmeasured:
            return float("nan")
        weighted = np.array([1.0 if weights is None else weights.get(effect, 0.0) for effect in self.effects])
        moved = weighted @ self.moves
        return float(pooled_error(float(moved.sum()), float((moved**2).sum())))

    def interval(self, amount: float, weights: Mapping[str, float] | None = None) -> tuple[float, float]:
        """80 % interval around a weighted sum of effects."""
        room = Z_80 * self.error(weights)
        return amount - room, amount + room


def list_estimated(
    dataset: Dataset,
    selection: Selection,
    before: Selection,
    development: Development,
    *,
    labels: pd.DataFrame,
    measures: Mapping[str, str],
) -> Estimated:
    """Completed amounts of two periods that are not wholly paid.

    Parameters
    ----------
    dataset : Dataset
        Completed with `development`: each measure of a line is scaled by ultime / paye of its cell and care month, so
        that all of them share its error.
    selection, before : Selection
        The two periods.
    development : Development
        By any dimension of the dataset.
    labels : pandas.DataFrame
        Keys of each leaf, as text.
    measures : mapping of str to str
        Measure of the bridge to column of the dataset.
    """
    table = development.table
    open_cells = table[(table["paye"] != 0) & ~((table["part_connue"] == 1) & (table["se"] == 0))]
    able = (open_cells["paye"] > 0) & (open_cells["ultime"] > 0)
    error = (open_cells["se"] / open_cells["ultime"]).where(able)
    sources = open_cells[["mois", *development.by]].assign(erreur=error)
    keys = list(dict.fromkeys([*labels.columns, *development.by]))
    periods = [
        _sum_lines(dataset.prestation, chosen, sources["mois"], keys, measures).assign(periode=place)
        for place, chosen in enumerate((before, selection))
    ]
    lines = pd.concat(periods, ignore_index=True)
    numbered = _as_text(sources, development.by).assign(source=np.arange(len(sources)))
    lines = lines.merge(numbered, on=["mois", *development.by])
    if len(labels.columns):
        lines = lines.merge(labels.assign(feuille=np.arange(len(labels))), on=list(labels.columns))
    else:
        lines["feuille"] = 0
    met, source = np.unique(lines["source"].to_numpy(), return_inverse=True)
    errors = sources["erreur"].to_numpy(dtype=float)[met]
    known = np.isfinite(errors)
    lost = float(np.abs(lines["prestation"].to_numpy(dtype=float)[~known[source]]).sum())
    amounts = {name: lines[name].to_numpy(dtype=float) for name in measures}
    places = (lines["feuille"].to_numpy(), lines["periode"].to_numpy(), source)
    return Estimated(*places, amounts, np.where(known, errors, 0.0), lost)


def _sum_lines(
    care: pd.DataFrame, chosen: Selection, months: pd.Series, keys: list[str], measures: Mapping[str, str]
) -> pd.DataFrame:
    """Lines of a period whose month is not wholly paid, summed by key and month."""
    rows = care[chosen.mask(care).to_numpy() & care["mois"].isin(months.unique()).to_numpy()]
    rows = rows[["mois", *keys]].assign(**{name: rows[column] for name, column in measures.items()})
    groups = rows.groupby(["mois", *keys], observed=True, dropna=False, sort=False)
    return _as_text(groups[list(measures)].sum().reset_index(), keys)


def _as_text(frame: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    return frame.assign(**{key: frame[key].astype("str").fillna(OTHER) for key in keys})


def bound_change(cells: Cells, split: Callable[[Cells], dict[str, np.ndarray]], estimated: Estimated) -> Bounds:
    """Bounds of effects that each leaf owes to its own amounts.

    Parameters
    ----------
    cells : Cells
        Leaves of the bridge.
    split : callable
        Effects of each leaf, arrays summed over the leaves.
    estimated : Estimated
        Its amounts are the measures of `cells` that move.
    """
    usual, size = split(cells), len(estimated.errors)
    moves: dict[str, np.ndarray] = {}
    for measure, amounts in estimated.amounts.items():
        for period in (0, 1):
            lines = estimated.period == period
            if not lines.any():
                continue
            leaf, source = estimated.leaf[lines], estimated.source[lines]
            for effect, slope in _slopes(cells, split, usual, measure, period).items():
                moved = np.bincount(source, weights=slope[leaf] * amounts[lines], minlength=size)
                moves[effect] = moves.get(effect, 0.0) + moved * estimated.errors
    effects = tuple(moves)
    stacked = np.array([moves[effect] for effect in effects]).reshape(len(effects), size)
    return Bounds(effects, stacked, _is_blind(cells, estimated))


def _is_blind(cells: Cells, estimated: Estimated) -> bool:
    return estimated.unmeasured > NEGLIGIBLE * float(np.nansum(np.abs(cells.measures["prestation"])))


def _slopes(
    cells: Cells,
    split: Callable[[Cells], dict[str, np.ndarray]],
    usual: dict[str, np.ndarray],
    measure: str,
    period: int,
) -> dict[str, np.ndarray]:
    """Derivative of the effects of each leaf with respect to its measure in a period."""
    values = cells.measures[measure]
    moved = values.copy()
    moved[:, period] *= 1.0 + STEP
    step = STEP * np.nan_to_num(values[:, period])
    bumped = split(replace(cells, measures={**cells.measures, measure: moved}))
    none = np.zeros(len(values))
    return {
        effect: np.divide(bumped.get(effect, none) - usual.get(effect, none), step, out=none.copy(), where=step != 0)
        for effect in dict.fromkeys([*usual, *bumped])
    }


def bound_ratio(cells: Cells, grid: Grid, estimated: Estimated, *, split_rate: bool = False) -> Bounds:
    """Bounds of the effects of a ratio P/C, whose premiums are certain.

    Linear in the prestations, its effects on the error of a source are those of a poste that would only hold it; the
    factors of the rate, which are not, are followed leaf by leaf.
    """
    parts = [_of_sources(cells, grid, estimated, first) for first in range(0, len(estimated.errors), BATCH)]
    names = dict.fromkeys(name for part in parts for name in part)
    moves = {
        name: np.concatenate([part.get(name, np.zeros(len(next(iter(part.values()))))) for part in parts])
        for name in names
    }
    if split_rate and moves:
        inside = bound_change(cells, lambda c: _rates_by_leaf(c, grid), estimated)
        told = dict(zip(inside.effects, inside.moves, strict=True))
        moves = told | {RATE: moves.pop(RATE) - sum(told.values())} | moves
    stacked = np.array(list(moves.values())).reshape(len(moves), len(estimated.errors))
    return Bounds(tuple(moves), stacked, _is_blind(cells, estimated))


def _of_sources(cells: Cells, grid: Grid, estimated: Estimated, first: int) -> dict[str, np.ndarray]:
    """Effects of one standard error of some sources, the sum of each over the cells."""
    size = min(BATCH, len(estimated.errors) - first)
    lines = (estimated.source >= first) & (estimated.source < first + size)
    lines &= grid.seen[cells.cell, grid.part][estimated.leaf]
    error = np.zeros((len(grid.premium), size, 2))
    source = estimated.source[lines]
    place = (cells.cell[estimated.leaf[lines]], source - first, estimated.period[lines])
    np.add.at(error, place, estimated.amounts["prestation"][lines] * estimated.errors[source])
    return {name: amounts.sum(axis=0) for name, amounts in split_amounts(error, grid.premium).items()}


def _rates_by_leaf(cells: Cells, grid: Grid) -> dict[str, np.ndarray]:
    """Factors of the rate, by leaf, for the amounts of `cells`."""
    money = np.zeros_like(grid.prestation)
    money[cells.cell, grid.part] = np.nan_to_num(cells.measures["prestation"])
    effects = split_rates(cells, replace(grid, prestation=np.where(grid.seen[:, :, None], money, 0.0)))
    return {name: amounts[cells.cell, grid.part] for name, amounts in effects.items()}
