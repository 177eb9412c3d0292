"""Why the P/C ratio moved: what each segment's own ratio did, and what the weight of the segments did."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analytics.diagnostic.bridge import Bridge, has_measure, lay_out
from analytics.diagnostic.cells import Cells, align, check_exposure_keys, check_keys, exposure_of, number_rows
from analytics.diagnostic.effects import CLOSING, OPENING, is_priced, unit_cost
from analytics.diagnostic.shapley import shapley_product
from analytics.errors import InsufficientData
from analytics.french import format_euros

RATE, MIX, NO_PREMIUM = "taux", "mix", "sans_cotisation"
#: What the ratio of a cell is the product of: actes per head, cost per acte, and heads per euro of premium.
RATE_FACTORS = ("frequence", "cout_moyen", "cotisation_moyenne")
RATE_MEASURES = ("beneficiaires", "actes")
NOT_SPLIT = "Sans les actes ou les bénéficiaires, le niveau propre aux segments ne se détaille pas."


def decompose_ratio(
    before: pd.DataFrame,
    after: pd.DataFrame,
    *,
    keys: Sequence[str],
    exposure_keys: Sequence[str] | None = None,
    split_rate: bool = False,
) -> Bridge:
    """Split the change of prestations / cotisations into rate and mix, exactly.

    With w the share of a cell in the cotisations and r = P / C its ratio, over the cells that have cotisations in both
    periods, dR = Σ mean(w)·dr + Σ (mean(r) - mean(R))·dw (Bennet 1920). Effects:

    - "taux": the ratio of the cell itself moved;
    - "mix": the cell weighs more or less, judged against the average ratio;
    - "ouverture", "fermeture": a cell that gets or loses its cotisations, w·(r - R of the cells that stay);
    - "sans_cotisation": prestations of cells that have no cotisation in either period.

    With `split_rate`, r being actes per head × prestation per acte ÷ cotisation per head, "taux" gives way to the
    Shapley effects "frequence", "cout_moyen" and "cotisation_moyenne" that sum to it, leaf by leaf; it stays for the
    leaves whose actes or bénéficiaires do not go with their money.

    Parameters
    ----------
    before, after : pandas.DataFrame
        keys…, `prestation`, `cotisation` (EUR), and to split the rate `beneficiaires` (person-months, repeated like the
        cotisation) and `actes`. Rows with the same keys are summed first.
    keys : sequence of str
        Columns of the leaf.
    exposure_keys : sequence of str, optional
        Subset of `keys` that carries the cotisation, repeated on every leaf of the cell. The other keys (postes) then
        enter as additive parts: the effects of one poste sum to the change of that poste's part of the ratio.
    split_rate : bool
        Split the rate; a file without actes or bénéficiaires keeps it whole, with a warning.

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
    can_split = split_rate and all(has_measure(f, m) for f in (before, after) for m in RATE_MEASURES)
    if can_split:
        measures += RATE_MEASURES
        check_keys((before, after), keys, measures)
    cells = align(before, after, keys=keys, measures=measures, exposure_keys=cell_keys)
    grid = lay_grid(cells, keys, cell_keys)
    effects, told = split_ratio(cells, grid, split_rate=can_split)
    ratios = grid.prestation.sum(axis=(0, 1)) / grid.premium.sum(axis=0)
    _absorb(effects, ratios[1] - ratios[0])
    kept = grid.seen | np.any([amounts != 0 for amounts in effects.values()], axis=0)
    table = lay_out(grid.labels[kept.ravel()], {effect: amounts[kept] for effect, amounts in effects.items()})
    before_ratio, after_ratio = ratios.tolist()
    factors = (*RATE_FACTORS, MIX) if can_split else (RATE, MIX)
    notes = (NOT_SPLIT,) if split_rate and not can_split else ()
    warnings = (*notes, *grid.warnings, *told)
    return Bridge(table, float(table["montant"].sum()), keys, before_ratio, after_ratio, factors, warnings)


def split_ratio(cells: Cells, grid: Grid, *, split_rate: bool = False) -> tuple[dict[str, np.ndarray], tuple[str, ...]]:
    """Effects of each cell and part, arrays (cells, parts), and what could not be split.

    Raises
    ------
    InsufficientData
        A period has no cotisation.
    """
    if not (grid.premium.sum(axis=0) > 0).all():
        raise InsufficientData(
            "Le ratio P/C n’a pas de valeur : une des deux périodes n’a pas de cotisation.",
            remede="Choisir deux périodes avec des cotisations.",
        )
    effects = split_amounts(grid.prestation, grid.premium)
    if not split_rate:
        return effects, ()
    inside = split_rates(cells, grid)
    left = effects.pop(RATE) - sum(inside.values())
    apart = np.all([amounts == 0 for amounts in inside.values()], axis=0)
    whole = np.where(apart, left, 0.0)  # elsewhere, what is left is rounding
    if not whole.any():
        return inside | effects, ()
    count = int((whole != 0).sum())
    return inside | {RATE: whole} | effects, (
        f"{count} cellule(s) dont les actes ou les assurés ne vont pas avec le montant : leur taux n’est pas détaillé.",
    )


def split_rates(cells: Cells, grid: Grid) -> dict[str, np.ndarray]:
    """The effect of the rate between fréquence, coût moyen and cotisation moyenne; zeros where it has to stay whole."""
    heads, acts = exposure_of(cells, "beneficiaires").value, np.zeros_like(grid.prestation)
    acts[cells.cell, grid.part] = cells.measures["actes"]
    weight, stays = weights_of(grid.premium)
    able = (stays & (heads > 0).all(axis=1))[:, None] & is_priced(grid.prestation, acts)
    row = np.nonzero(able)[0]
    money, acts = grid.prestation[able], acts[able]
    parts = np.stack([acts / heads[row], unit_cost(money, acts), heads[row] / grid.premium[row]], axis=1)
    rate = money / grid.premium[row]
    split = shapley_product(parts[:, :, 0], parts[:, :, 1], rate[:, 1] - rate[:, 0])
    effects = {name: np.zeros(able.shape) for name in RATE_FACTORS}
    for position, name in enumerate(RATE_FACTORS):
        effects[name][able] = weight[row].mean(axis=1) * split[:, position]
    return effects


@dataclass(frozen=True)
class Grid:
    """Exposure cells × parts.

    Attributes
    ----------
    labels : pandas.DataFrame
        Keys of each cell and part, cell by cell.
    prestation : numpy.ndarray
        (cells, parts, 2), 0 where unknown.
    premium : numpy.ndarray
        (cells, 2).
    seen : numpy.ndarray
        (cells, parts), True where one of the periods has a row and both are known.
    part : numpy.ndarray
        Part of each leaf.
    warnings : tuple of str
        What was left out.
    """

    labels: pd.DataFrame
    prestation: np.ndarray
    premium: np.ndarray
    seen: np.ndarray
    part: np.ndarray
    warnings: tuple[str, ...]


def lay_grid(cells: Cells, keys: tuple[str, ...], cell_keys: tuple[str, ...]) -> Grid:
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
    return Grid(labels, money, premium, seen & ~unknown, part, tuple(warnings))


def _first(numbers: np.ndarray) -> np.ndarray:
    return np.unique(numbers, return_index=True)[1]


def weights_of(premium: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Share of each cell in the premiums of the cells that stay, (cells, 2), and which ones stay."""
    stays, weight = (premium != 0).all(axis=1), np.zeros_like(premium)
    common = premium[stays].sum(axis=0)
    if not (stays.any() and (common > 0).all()):
        return weight, np.zeros_like(stays)
    weight[stays] = premium[stays] / common
    return weight, stays


def split_amounts(prestation: np.ndarray, premium: np.ndarray) -> dict[str, np.ndarray]:
    """Effects of each cell and part, arrays (cells, parts); each part's effects sum to the change of its own ratio.

    Linear in the prestations: the effects of an error on them are those of the error alone.
    """
    has = premium != 0
    weight, stays = weights_of(premium)
    common = premium[stays].sum(axis=0)
    average = prestation[stays].sum(axis=0) / common if stays.any() else np.zeros(prestation.shape[1:])
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
