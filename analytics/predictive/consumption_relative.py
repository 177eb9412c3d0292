"""What each value of a dimension consumes beside its reference, other dimensions being equal."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analytics.indicators import MONTHS_PER_YEAR
from analytics.predictive.consumption_cells import WHOLE, Cells
from analytics.predictive.consumption_models import PosteModel

NORMAL_95 = 1.959963984540054
COLUMNS = ["dimension", "valeur", "reference", "poste", "beneficiaires", "relativite", "bas", "haut"]


def compare_values(cells: Cells, models: tuple[PosteModel, ...], correlation: np.ndarray) -> pd.DataFrame:
    """Each value against the reference of its dimension: by poste, and all together on the present population.

    Parameters
    ----------
    cells, models
        The present population, and the model of each of its postes.
    correlation : numpy.ndarray
        Of the errors of the postes.

    Returns
    -------
    pandas.DataFrame
        dimension, valeur, reference, poste ("ensemble" for all together), beneficiaires (heads), relativite (1 = the
        reference), bas, haut (95 %); NaN when nothing was spent, bounds NaN when no interval can be told.
    """
    factors, rows = cells.factors, []
    for d, (dimension, values, ref) in enumerate(zip(factors.by, factors.values, factors.references, strict=True)):
        heads = np.bincount(cells.codes[:, d], weights=cells.people, minlength=len(values)) / MONTHS_PER_YEAR
        spent, slopes = _if_everybody(cells, models, d)
        for v, value in enumerate(values):
            head = (dimension, value, values[ref])
            rows.append((*head, WHOLE, heads[v], *_all_postes(spent, slopes, v, ref, models, correlation)))
            parts = models if len(models) > 1 else ()
            rows += [(*head, m.poste, heads[v], *_one_poste(cells, m, d, v, ref)) for m in parts]
    return pd.DataFrame(rows, columns=COLUMNS)


def combine(errors: np.ndarray, correlation: np.ndarray) -> float:
    """Standard error of a sum over postes, errors moving together as they do in the cells."""
    return float(np.sqrt(max(errors @ correlation @ errors, 0.0)))


def mean_design(design: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Mean row of a design: the gradient of the logarithm of Σ weight × exp(row · beta)."""
    total = weights.sum()
    return weights @ design / total if total > 0 else np.zeros(design.shape[1])


def error_of(step: np.ndarray, model: PosteModel) -> float:
    """Standard error of step · beta."""
    return float(np.sqrt(max(step @ model.cov @ step, 0.0)))


def _all_postes(
    spent: np.ndarray, slopes: np.ndarray, v: int, ref: int, models: tuple[PosteModel, ...], correlation: np.ndarray
) -> tuple[float, float, float]:
    now, base = spent[:, v].sum(), spent[:, ref].sum()
    if not (now > 0 and base > 0):
        return np.nan, np.nan, np.nan
    steps = slopes[:, v] * (spent[:, v] / now)[:, None] - slopes[:, ref] * (spent[:, ref] / base)[:, None]
    errors = np.array([error_of(step, model) for step, model in zip(steps, models, strict=True)])
    return _interval(np.log(now / base), combine(errors, correlation), told=any(m.told for m in models))


def _one_poste(cells: Cells, model: PosteModel, d: int, v: int, ref: int) -> tuple[float, float, float]:
    gap = model.effects[d][v] - model.effects[d][ref]
    if not np.isfinite(gap):
        return (0.0 if gap < 0 and np.isfinite(model.effects[d][ref]) else np.nan), np.nan, np.nan
    places = np.zeros((2, len(cells.factors.by)), dtype=int)
    places[:, d] = v, ref
    one, other = cells.factors.design(places)
    return _interval(gap, error_of(one - other, model), told=model.told)


def _if_everybody(cells: Cells, models: tuple[PosteModel, ...], d: int) -> tuple[np.ndarray, np.ndarray]:
    """Spending if everybody had each value of a dimension (postes × values), and the gradient of its logarithm."""
    size, people, codes = len(cells.factors.values[d]), cells.people, cells.codes
    spent, slopes = np.zeros((len(models), size)), np.zeros((len(models), size, cells.factors.width))
    before = cells.factors.design(codes)
    for v in range(size):
        moved = codes.copy()
        moved[:, d] = v
        design = cells.factors.design(moved)
        for p, model in enumerate(models):
            now, then = people * model.weights(codes), people * model.weights(moved)
            spent[p, v] = cells.spent[p] * then.sum() / now.sum() if now.sum() > 0 else 0.0
            slopes[p, v] = mean_design(design, then) - mean_design(before, now)
    return spent, slopes


def _interval(log: float, error: float, *, told: bool) -> tuple[float, float, float]:
    low, high = (float(np.exp(log + side * NORMAL_95 * error)) if told else np.nan for side in (-1, 1))
    return float(np.exp(log)), low, high
