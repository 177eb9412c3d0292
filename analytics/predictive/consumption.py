"""Expected consumption by segment, without any member's file: a description of who consumes what, never a tariff.

What the law lets a tariff depend on is narrower (Code de la mutualité, L112-1: neither sex nor health). Here sex may be
one of the factors: the model describes the spending of a population, to project it when its structure changes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analytics.errors import InsufficientData
from analytics.predictive.consumption_cells import Cells
from analytics.predictive.consumption_check import Calibration, conclude, judge, refusal
from analytics.predictive.consumption_gather import gather_cells
from analytics.predictive.consumption_models import PosteModel, expected_amounts, fit_postes
from analytics.predictive.consumption_relative import compare_values
from analytics.schema import Dataset, Selection
from analytics.verdict import Verdict

#: Blocks of twelve months that the effects are estimated on.
FITTED = 3


@dataclass(frozen=True)
class Consumption:
    """Expected consumption of the last twelve complete months, by contract cell and poste.

    Attributes
    ----------
    table : pandas.DataFrame
        dimensions…, poste, beneficiaires (person-months), observe, attendu (EUR over the twelve months). By poste,
        `attendu` sums to `observe`.
    relativites : pandas.DataFrame
        As :func:`analytics.predictive.consumption_relative.compare_values`.
    modeles : pandas.DataFrame
        poste, methode, part_expliquee (of the deviance of the amounts around the mean of each year), dispersion,
        puissance.
    calibration : Calibration or None
        Judged out of time; None without a model.
    verdict : Verdict
        Whether the expectation held on months not seen.
    cells : Cells
        What the model was fitted on; its last block is the present population.
    models : tuple of PosteModel
        One by poste, none when there is too little.
    correlation : numpy.ndarray
        Of the errors of the postes in the same cells.
    """

    table: pd.DataFrame
    relativites: pd.DataFrame
    modeles: pd.DataFrame
    calibration: Calibration | None
    verdict: Verdict
    cells: Cells
    models: tuple[PosteModel, ...]
    correlation: np.ndarray

    @property
    def by(self) -> tuple[str, ...]:
        """Dimensions of the model."""
        return self.cells.factors.by

    @property
    def notes(self) -> tuple[str, ...]:
        """What was left out or could not be told apart, in French."""
        flat = ", ".join(m.poste for m in self.models if not m.told)
        few = (f"Trop peu d’actes pour distinguer les groupes, même consommation par tête pour tous : {flat}.",)
        return (*self.cells.notes, *(few if flat else ()))

    def require(self) -> None:
        """Refuse to go on without a model.

        Raises
        ------
        InsufficientData
            Too few months or cells: the sentence says which.
        """
        if not self.models:
            raise InsufficientData(self.verdict.phrase)


def fit_consumption(
    dataset: Dataset,
    *,
    selection: Selection | None = None,
    by: Sequence[str] | None = None,
    months: pd.DatetimeIndex | None = None,
) -> Consumption:
    """Expected consumption per head by contract dimensions and poste, judged out of time.

    Parameters
    ----------
    dataset : Dataset
    selection : Selection, optional
        Perimeter, and bounds of the history.
    by : sequence of str, optional
        Dimensions, present in both tables; by default age, formule, contrat, region, sexe, canal when there.
    months : pandas.DatetimeIndex, optional
        Complete months; by default those of the maturity of the dataset.

    Returns
    -------
    Consumption
        Without a model, its verdict saying why, when there are fewer than 24 complete months in a row, no dimension of
        several values, fewer than 4 cells, or no amount.

    Raises
    ------
    ParameterError
        As :func:`analytics.predictive.consumption_gather.gather_cells`.
    """
    return fit_cells(gather_cells(dataset, selection=selection, by=by, months=months))


def fit_cells(cells: Cells) -> Consumption:
    """The same from cells already summed."""
    refused = refusal(cells)
    if refused is not None:
        empty = pd.DataFrame()
        return Consumption(empty, empty, empty, None, refused, cells, (), np.empty((0, 0)))
    calibration = judge(cells.between(-FITTED - 1, None))
    recent = cells.between(-FITTED, None)
    models = fit_postes(recent)
    expected = expected_amounts(recent, models)
    correlation = _correlation(recent, expected)
    return Consumption(
        _table(recent, expected[:, -1]), compare_values(recent, models, correlation),
        _models(recent, models, expected), calibration, conclude(calibration), recent, models, correlation,
    )  # fmt: skip


def _table(cells: Cells, expected: np.ndarray) -> pd.DataFrame:
    """Expected amounts of each poste brought to its observed total: a Gamma cost does not sum to it by itself."""
    total = expected.sum(axis=1, keepdims=True)
    level = expected * np.divide(cells.spent[:, None], total, out=np.zeros_like(total), where=total > 0)
    names = {
        d: np.tile(np.array(values, dtype=object)[cells.codes[:, k]], len(cells.postes))
        for k, (d, values) in enumerate(zip(cells.factors.by, cells.factors.values, strict=True))
    }
    return pd.DataFrame({
        **names, "poste": np.repeat(cells.postes, len(cells.codes)),
        "beneficiaires": np.tile(cells.people, len(cells.postes)), "observe": cells.amounts[:, -1].ravel(),
        "attendu": level.ravel(),
    })  # fmt: skip


def _correlation(cells: Cells, expected: np.ndarray) -> np.ndarray:
    """Correlation between postes of Pearson's residuals on the same rows."""
    scale = np.sqrt(np.where(expected > 0, expected, np.nan))
    residuals = np.nan_to_num((cells.amounts - expected) / scale).reshape(len(cells.postes), -1)
    spread = np.sqrt((residuals**2).sum(axis=1))
    spread = np.where(spread > 0, spread, np.inf)
    found = residuals @ residuals.T / np.outer(spread, spread)
    np.fill_diagonal(found, 1.0)
    return found


def _models(cells: Cells, models: tuple[PosteModel, ...], expected: np.ndarray) -> pd.DataFrame:
    rows = []
    for p, model in enumerate(models):
        used = (cells.exposure > 0) & (cells.amounts[p] >= 0)
        spent, people = np.where(used, cells.amounts[p], 0.0), np.where(used, cells.exposure, 0.0)
        mean = people * (spent.sum(axis=1) / people.sum(axis=1))[:, None]
        around, left = _deviance(spent[used], mean[used]), _deviance(spent[used], expected[p][used])
        part = 1 - left / around if around > 0 else np.nan
        rows.append((model.poste, model.method, part, model.dispersion, model.power))
    return pd.DataFrame(rows, columns=["poste", "methode", "part_expliquee", "dispersion", "puissance"])


def _deviance(y: np.ndarray, mean: np.ndarray) -> float:
    """Poisson's deviance, which quasi-likelihood keeps for amounts."""
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.where(y > 0, y * np.log(y / mean), 0.0)
    return float(2 * (logs - (y - mean)).sum())
