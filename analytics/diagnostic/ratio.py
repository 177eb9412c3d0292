"""Why the P/C ratio moved: what each segment's own ratio did, and what the weight of the segments did."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analytics.diagnostic.bridge import Bridge, lay_out
from analytics.diagnostic.cells import Cells, align, check_exposure_keys, check_keys, exposure_of, number_rows
from analytics.diagnostic.effects import CLOSING, OPENING
from analytics.errors import InsufficientData
from analytics.french import format_euros

RATE, MIX, NO_PREMIUM = "taux", "mix", "sans_cotisation"


def decompose_ratio(
    before: pd.DataFrame,
    after: pd.DataFrame,
    *,
    keys: Sequence[str],
    exposure_keys: Sequence[str] | None = None,
) -> Bridge:
    """Split the change of prestations / cotisations into rate and mix, exactly.

    With w the share of a cell in the cotisations and r = P / C its ratio, over the cells that have cotisations in both
    periods, dR = Σ mean(w)·dr + Σ (mean(r) - mean(R))·dw (Bennet 1920). Effects:

    - "taux": the ratio of the cell itself moved;
    - "mix": the cell weighs more or less, judged against the average ratio;
    - "ouverture", "fermeture": a cell that gets or loses its cotisations, w·(r - R of the cells that stay);
    - "sans_cotisation": prestations of cells that have no cotisation in either period.

    Parameters
    ----------
    before, after : pandas.DataFrame
        keys…, `prestation`, `cotisation` (EUR). Rows with the same keys are summed first.
    keys : sequence of str
        Columns of the leaf.
    exposure_keys : sequence of str, optional
        Subset of `keys` that carries the cotisation, repeated on every leaf of the cell. The other keys (postes) then
        enter as additive parts: the effects of one poste sum to the change of that poste's part of the ratio.

    Returns
    -------
    Bridge
        In points of ratio (0.01 = 1 point of %); `before` and `after` are the two ratios.

    Raises
    ------
    SchemaError
        A key, `prestation` or `cotisation` is missing or is not a number.
    ParameterError
        An exposure key is not a key.
    InsufficientData
        Both periods are empty, or one has no cotisation: the ratio has no value.
    """
    keys, measures = tuple(keys), ("prestation", "cotisation")
    check_keys((before, after), keys, measures)
    cell_keys = check_exposure_keys(keys, exposure_keys)
    cells = align(before, after, keys=keys, measures=measures, exposure_keys=cell_keys)
    grid, warnings = _lay_grid(cells, keys, cell_keys)
    total = grid.premium.sum(axis=0)
    if not (total > 0).all():
        raise InsufficientData(
            "Le ratio P/C n’a pas de valeur : une des deux périodes n’a pas de cotisation.",
            remede="Choisir deux périodes avec des cotisations.",
        )
    effects = _split(grid.prestation, grid.premium)
    ratios = grid.prestation.sum(axis=(0, 1)) / total
    _absorb(effects, ratios[1] - ratios[0])
    kept = grid.seen | np.any([amounts != 0 for amounts in effects.values()], axis=0)
    table = lay_out(grid.labels[kept.ravel()], {effect: amounts[kept] for effect, amounts in effects.items()})
    before_ratio, after_ratio = ratios.tolist()
    return Bridge(table, float(table["montant"].sum()), keys, before_ratio, after_ratio, (RATE, MIX), warnings)


@dataclass(frozen=True)
class _Grid:
    """Exposure cells × parts: `prestation` (cells, parts, 2), `premium` (cells, 2), `seen` (cells, parts)."""

    labels: pd.DataFrame
    prestation: np.ndarray
    premium: np.ndarray
    seen: np.ndarray


def _lay_grid(cells: Cells, keys: tuple[str, ...], cell_keys: tuple[str, ...]) -> tuple[_Grid, tuple[str, ...]]:
    """Every part in every cell: a poste without row in a cell still sees the weight of that cell move."""
    exposure, part_keys = exposure_of(cells, "cotisation"), [k for k in keys if k not in cell_keys]
    part = number_rows(cells.labels, part_keys)
    shape = (len(exposure.value), int(part.max()) + 1)
    money, warnings = np.zeros((*shape, 2)), []
    money[cells.cell, part] = cells.measures["prestation"]
    seen = np.zeros(shape, dtype=bool)
    seen[cells.cell, part] = True
    premium = np.where(exposure.present, exposure.value, 0.0)
    unknown = np.isnan(premium).any(axis=1)[:, None] | np.isnan(money).any(axis=2)
    if unknown.any():
        aside = format_euros(float(np.nansum(np.abs(money[unknown]))))
        count = int((unknown & seen).sum())
        warnings.append(f"{count} cellule(s) laissée(s) de côté : prestation ou cotisation inconnue ({aside}).")
    money[unknown], premium[unknown.all(axis=1)] = 0.0, 0.0
    if exposure.uneven:
        where = f"Dans {exposure.uneven} cellule(s), les cotisations"
        warnings.append(f"{where} diffèrent d’un poste à l’autre : la plus grande est gardée.")
    cell_labels = cells.labels[list(cell_keys)].iloc[_first(cells.cell)].reset_index(drop=True)
    part_labels = cells.labels[part_keys].iloc[_first(part)].reset_index(drop=True)
    labels = cell_labels.merge(part_labels, how="cross")[list(keys)] if part_keys else cell_labels
    return _Grid(labels, money, premium, seen & ~unknown), tuple(warnings)


def _first(numbers: np.ndarray) -> np.ndarray:
    return np.unique(numbers, return_index=True)[1]


def _split(prestation: np.ndarray, premium: np.ndarray) -> dict[str, np.ndarray]:
    """Effects of each cell and part, arrays (cells, parts); each part's effects sum to the change of its own ratio."""
    has = premium != 0
    stays = has.all(axis=1)
    weight, average = np.zeros_like(premium), np.zeros(prestation.shape[1:])
    common = premium[stays].sum(axis=0)
    if stays.any() and (common > 0).all():
        weight[stays] = premium[stays] / common
        average = prestation[stays].sum(axis=0) / common
    else:
        stays[:] = False
    rate = np.divide(prestation, premium[:, None, :], out=np.zeros_like(prestation), where=stays[:, None, None])
    step = (weight[:, 1] - weight[:, 0])[:, None]
    effects = {
        RATE: weight.mean(axis=1)[:, None] * (rate[..., 1] - rate[..., 0]),
        MIX: np.where(stays[:, None], (rate.mean(axis=2) - average.mean(axis=1)) * step, 0.0),
    }
    # Away from the common perimeter, a cell counts for what it adds beyond the ratio of the cells that stay.
    total = premium.sum(axis=0)
    beyond = prestation / total - average * (premium / total)[:, None, :]
    moved = np.where(stays[:, None], 0.0, beyond[..., 1] - beyond[..., 0])
    opens, closes = has[:, 1] & ~stays, has[:, 0] & ~has[:, 1]
    effects[OPENING] = np.where(opens[:, None], moved, 0.0)
    effects[CLOSING] = np.where(closes[:, None], moved, 0.0)
    left = np.where((opens | closes)[:, None], 0.0, moved)
    return effects | ({NO_PREMIUM: left} if left.any() else {})


def _absorb(effects: dict[str, np.ndarray], change: float) -> None:
    """Give the rounding error to the largest effect: the sum is then the change to the last bit or so."""
    largest = max(effects.values(), key=lambda amounts: float(np.abs(amounts).max()))
    place = np.unravel_index(int(np.abs(largest).argmax()), largest.shape)
    largest[place] += change - sum(float(amounts.sum()) for amounts in effects.values())
