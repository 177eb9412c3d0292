"""First-order and total Sobol indices of any function of independent uniform inputs."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import qmc

from analytics.errors import ParameterError

Floats = NDArray[np.float64]
RESAMPLES = 200


def sobol_indices(function: Callable[[Floats], Floats], inputs: int, *, n: int = 1024, seed: int = 0) -> pd.DataFrame:
    """Share of the variance of a function that each input explains, alone and with the others.

    Parameters
    ----------
    function : callable
        (points, inputs) in the unit cube to (points,).
    inputs : int
        Number of inputs.
    n : int
        Power of two; n·(inputs + 2) evaluations.
    seed : int

    Returns
    -------
    pandas.DataFrame
        premier, premier_erreur, total, total_erreur (bootstrap standard errors), one row by input. NaN for a function
        that does not vary.

    Raises
    ------
    ParameterError
        n is not a power of two, or there is no input.

    Notes
    -----
    First order: Saltelli et al. (2010), mean of f(B)·(f(AB) − f(A)); total: Jansen (1999), half the mean of
    (f(A) − f(AB))²; points: scrambled Sobol sequence.
    """
    if n < 2 or n & (n - 1):
        raise ParameterError("Le nombre de points est une puissance de deux.", valeur=n)
    if inputs < 1:
        raise ParameterError("Il faut au moins une entrée incertaine.", valeur=inputs)
    points = qmc.Sobol(2 * inputs, scramble=True, rng=seed).random(n)
    points = np.clip(points, 1e-9, 1.0 - 1e-9)  # an end of the cube would be an infinite score
    first, second = points[:, :inputs], points[:, inputs:]
    values_a, values_b = function(first), function(second)
    crossed = np.empty((inputs, n))
    for i in range(inputs):
        mixed = first.copy()
        mixed[:, i] = second[:, i]
        crossed[i] = function(mixed)
    return _indices(values_a, values_b, crossed, np.random.default_rng(seed))


def _indices(values_a: Floats, values_b: Floats, crossed: Floats, rng: np.random.Generator) -> pd.DataFrame:
    centre = np.concatenate([values_a, values_b]).mean()
    a, b, ab = values_a - centre, values_b - centre, crossed - centre
    alone, total = b * (ab - a), 0.5 * (a - ab) ** 2
    own = 0.5 * (a**2 + b**2)

    def shares(rows: NDArray[np.intp] | slice) -> tuple[Floats, Floats]:
        variance = own[rows].mean()
        if not variance > 0:
            return np.full(len(ab), np.nan), np.full(len(ab), np.nan)
        return alone[:, rows].mean(axis=1) / variance, total[:, rows].mean(axis=1) / variance

    found = shares(slice(None))
    again = np.array([shares(rng.integers(len(a), size=len(a))) for _ in range(RESAMPLES)])
    errors = again.std(axis=0, ddof=1)
    return pd.DataFrame(
        {"premier": found[0], "premier_erreur": errors[0], "total": found[1], "total_erreur": errors[1]}
    )
