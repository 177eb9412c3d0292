"""One multiplicative model of spending per head by poste: acts per head × cost of an act, or the amount at once.

Logarithm of the expectation: one level per block of twelve months, one effect per value of each dimension.

- With acts: quasi-Poisson on acts (offset: logarithm of the person-months), Gamma on the cost of an act (weights:
  acts).
- Without: Tweedie on the amount per person-month (weights: person-months), variance power on a grid.

Errors are scaled by Pearson's dispersion, of the rows or of the cells summed over the blocks, whichever is larger: a
cell that the model misses every year is not several independent misses.

References
----------
McCullagh P., Nelder J.A. (1989), Generalized Linear Models, § 6.2, 8.3, 9.2. Carroll R.J., Ruppert D. (1988),
Transformation and Weighting in Regression, § 3.2: pseudo-likelihood of a variance function. Smyth G.K., Jørgensen B.
(2002), ASTIN Bulletin 32, 143-157: Tweedie's families for insurance.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace

import numpy as np
import statsmodels.api as sm
from statsmodels.genmod.families import links
from statsmodels.tools.sm_exceptions import PerfectSeparationWarning

from analytics.predictive.consumption_cells import Cells, Factors
from analytics.predictive.consumption_credibility import Kept, keep_gaps, keep_none

POWERS = np.round(np.arange(1.0, 2.01, 0.1), 1)
FIRST_POWER = 1.5
#: Under these, the groups of a poste are not told apart.
MIN_EVENTS, MIN_ROWS = 100, 12
FREQUENCY_COST, AMOUNT, FLAT = "fréquence × coût", "montant (Tweedie)", "même consommation pour tous"


@dataclass(frozen=True)
class PosteModel:
    """What was estimated for one poste.

    Attributes
    ----------
    poste : str
    method : str
    beta, cov : numpy.ndarray
        Effects of the columns of :meth:`Factors.design` on the logarithm of spending per head, and their covariance.
    levels : numpy.ndarray
        Logarithm of spending per person-month of the reference, by block.
    effects : list of numpy.ndarray
        By dimension and value; minus infinity where nothing was ever spent.
    dispersion : float
        Of the first part: acts, or amounts.
    power : float
        Variance power of the amounts; NaN with acts.
    frequency, cost : numpy.ndarray
        The two parts of `beta`; None without acts.
    kept : Kept
        What each cell fitted keeps of its own gap.
    """

    poste: str
    method: str
    beta: np.ndarray
    cov: np.ndarray
    levels: np.ndarray
    effects: list[np.ndarray]
    dispersion: float = np.nan
    power: float = np.nan
    frequency: np.ndarray | None = None
    cost: np.ndarray | None = None
    kept: Kept | None = None

    @property
    def told(self) -> bool:
        """Whether the groups could be told apart."""
        return self.method != FLAT

    def weights(self, codes: np.ndarray) -> np.ndarray:
        """Relative spending per head of each cell (1 = the reference); 0 where nothing was ever spent."""
        total = sum((effect[codes[:, d]] for d, effect in enumerate(self.effects)), start=np.zeros(len(codes)))
        return np.exp(total)


def fit_postes(cells: Cells) -> tuple[PosteModel, ...]:
    """A model for each poste of the cells, on all their blocks."""
    models = tuple(_fit_poste(cells, p) for p in range(len(cells.postes)))
    estimated = len(cells.blocks) + cells.factors.width
    return tuple(
        replace(
            m, kept=keep_gaps(cells.amounts[p], _expected(cells, m), estimated) if m.told else keep_none(cells.codes)
        )
        for p, m in enumerate(models)
    )


def expected_amounts(cells: Cells, models: tuple[PosteModel, ...]) -> np.ndarray:
    """Postes × blocks × cells: what the models fitted on these cells expect, EUR."""
    return np.stack([_expected(cells, m) * m.kept.ratio for m in models])


def _expected(cells: Cells, model: PosteModel) -> np.ndarray:
    """Blocks × cells, without what each cell keeps of its own."""
    return np.exp(model.levels)[:, None] * cells.exposure * model.weights(cells.codes)


def _fit_poste(cells: Cells, p: int) -> PosteModel:
    amounts, exposure = cells.amounts[p], cells.exposure
    acts = None if cells.acts is None else cells.acts[p]
    events = amounts if acts is None else acts
    people = exposure.sum(axis=0)
    dead = _dead_values(cells.factors, cells.codes, np.where(exposure > 0, events, 0.0).sum(axis=0), people)
    alive = ~np.logical_or.reduce([mask[cells.codes[:, d]] for d, mask in enumerate(dead)] or [np.zeros(1, bool)])
    columns = _columns(cells, alive)
    rows = (exposure > 0) & alive
    few = acts is not None and acts[rows].sum() < MIN_EVENTS
    priced = rows & (amounts > 0) & (True if acts is None else acts > 0)
    if few or priced.sum() < max(MIN_ROWS, columns.shape[-1] + 2) or not _is_known(columns[priced]):
        return _flat(cells, p)
    size = len(cells.blocks)
    if acts is None:
        first, power = _fit_amounts(amounts, exposure, columns, rows)
        beta, cov, levels = first.params[size:], first.cov[size:, size:], first.params[:size]
        found = {"method": AMOUNT, "power": power}
    else:
        first = _fit(acts[rows], columns[rows], rows, power=1.0, offset=np.log(exposure[rows]), least=1.0)
        cost = amounts[priced] / acts[priced]
        second = _fit(cost, columns[priced], priced, power=2.0, weights=acts[priced])
        both = first.params + second.params
        beta, levels = both[size:], both[:size]
        cov = (first.cov + second.cov)[size:, size:]
        found = {"method": FREQUENCY_COST, "frequency": first.params[size:], "cost": second.params[size:]}
    effects = cells.factors.effects(beta)
    for effect, mask in zip(effects, dead, strict=True):
        effect[mask] = -np.inf
    return PosteModel(
        cells.postes[p], beta=beta, cov=cov, levels=levels, effects=effects, dispersion=first.dispersion, **found
    )


def _dead_values(factors: Factors, codes: np.ndarray, events: np.ndarray, people: np.ndarray) -> list[np.ndarray]:
    """Values of each dimension where nothing ever happened: their expectation is 0, which has no logarithm."""
    found = []
    for d, values in enumerate(factors.values):
        met, covered = (np.bincount(codes[:, d], weights=w, minlength=len(values)) for w in (events, people))
        found.append((met <= 0) & (covered > 0))
    return found


def _is_known(columns: np.ndarray) -> bool:
    """Whether each effect that is met can be told from the others."""
    met = columns[:, columns.any(axis=0)]
    return bool(np.linalg.matrix_rank(met) == met.shape[1])


def _columns(cells: Cells, alive: np.ndarray) -> np.ndarray:
    """Blocks × cells × columns: one level by block, then the effects."""
    effects = cells.factors.design(cells.codes) * alive[:, None]
    size, count = len(cells.blocks), len(cells.codes)
    levels = np.broadcast_to(np.eye(size)[:, None, :], (size, count, size))
    return np.concatenate([levels, np.broadcast_to(effects, (size, *effects.shape))], axis=2)


def _flat(cells: Cells, p: int) -> PosteModel:
    """The same spending per head for everybody: too little to tell groups apart."""
    spent, people = (np.where(cells.exposure > 0, a, 0.0).sum(axis=1) for a in (cells.amounts[p], cells.exposure))
    with np.errstate(divide="ignore"):
        levels = np.log(np.clip(spent, 0, None) / people)
    width = cells.factors.width
    beta = np.zeros(width)
    return PosteModel(cells.postes[p], FLAT, beta, np.zeros((width, width)), levels, cells.factors.effects(beta))


@dataclass(frozen=True)
class _Fit:
    params: np.ndarray
    cov: np.ndarray
    dispersion: float
    mean: np.ndarray


def _fit(
    y: np.ndarray, x: np.ndarray, rows: np.ndarray, *, power: float, weights: np.ndarray | None = None,
    offset: np.ndarray | None = None, least: float = 0.0,
) -> _Fit:  # fmt: skip
    """One GLM with a logarithmic link and a variance dispersion × mean^power ÷ weight.

    A column of zeros has no effect; a block without any row has the logarithm of 0 as its level.
    """
    log = links.Log()
    family = {1.0: sm.families.Poisson(log), 2.0: sm.families.Gamma(log)}.get(power) or sm.families.Tweedie(log, power)
    met = x.any(axis=0)
    model = sm.GLM(y, x[:, met], family=family, offset=offset, var_weights=weights)
    # Scale 1, then Pearson's by hand: acts of one price for all have no dispersion, which statsmodels divides by.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PerfectSeparationWarning)  # so are they foreseen without any error
        found = model.fit(scale=1.0, tol=1e-9, tol_criterion="params")
    params, cov = np.where(np.arange(x.shape[1]) < len(rows), -np.inf, 0.0), np.zeros((x.shape[1],) * 2)
    params[met], cov[np.ix_(met, met)] = found.params, found.normalized_cov_params
    mean, weight = found.fittedvalues, np.ones(len(y)) if weights is None else weights
    by_cell = _between(weight * (y - mean) * mean ** (1 - power), weight * mean ** (2 - power), rows, met.sum())
    dispersion = max(found.pearson_chi2 / max(found.df_resid, 1), by_cell, least)
    return _Fit(params, cov * dispersion, dispersion, mean)


def _between(residual: np.ndarray, variance: np.ndarray, rows: np.ndarray, width: int) -> float:
    """Dispersion of the cells summed over the blocks; 0 when there are too few of them to tell."""
    cell = np.nonzero(rows)[1]
    sums, scales = np.bincount(cell, weights=residual), np.bincount(cell, weights=variance)
    free = np.count_nonzero(scales > 0) - (width - len(rows))
    return float((sums[scales > 0] ** 2 / scales[scales > 0]).sum() / free) if free > 0 else 0.0


def _fit_amounts(
    amounts: np.ndarray, exposure: np.ndarray, columns: np.ndarray, rows: np.ndarray
) -> tuple[_Fit, float]:
    kept = rows & (amounts >= 0)
    y, weight = amounts[kept] / exposure[kept], exposure[kept]
    first = _fit(y, columns[kept], kept, power=FIRST_POWER, weights=weight)
    squares, mean = weight * (y - first.mean) ** 2, first.mean
    fits = [np.log((squares / mean**p).mean()) + p * np.log(mean).mean() for p in POWERS]
    power = float(POWERS[int(np.argmin(fits))])
    return (first if power == FIRST_POWER else _fit(y, columns[kept], kept, power=power, weights=weight)), power
