"""Shapley split of the change of a product between its factors, exact and finite at zeros."""

from __future__ import annotations

import functools
import math

import numpy as np


def shapley_product(before: np.ndarray, after: np.ndarray, change: np.ndarray | None = None) -> np.ndarray:
    """Effect of each factor on the change of their product, cell by cell.

    For factor i, the sum over subsets T of the other factors of |T|!(n-1-|T|)!/n! times the product with T and i at
    their new value minus the product with T only (Shapley 1953, Shorrocks 2013). Symmetric, reversible in time.

    Parameters
    ----------
    before, after : numpy.ndarray
        (cells, factors), finite.
    change : numpy.ndarray, optional
        (cells,) exact change; the rounding error goes to the largest effect. None = difference of the products.

    Returns
    -------
    numpy.ndarray
        (cells, factors), whose rows sum to the change.
    """
    cells, factors = before.shape
    products = np.empty((1 << factors, cells))
    for subset in range(1 << factors):
        chosen = [after[:, i] if subset >> i & 1 else before[:, i] for i in range(factors)]
        products[subset] = functools.reduce(np.multiply, chosen, np.ones(cells))
    effects = (_coefficients(factors) @ products).T
    exact = products[-1] - products[0] if change is None else change
    return absorb_rounding(effects, exact)


def absorb_rounding(effects: np.ndarray, change: np.ndarray) -> np.ndarray:
    """Give the rounding error of each row to its largest effect, so that the row sums to `change`."""
    rows, largest = np.arange(len(effects)), np.argmax(np.abs(effects), axis=1)
    effects[rows, largest] += change - effects.sum(axis=1)
    return effects


@functools.cache
def _coefficients(factors: int) -> np.ndarray:
    weights = np.zeros((factors, 1 << factors))
    for subset in range(1 << factors):
        size = subset.bit_count()
        for i in range(factors):
            if subset >> i & 1:
                weights[i, subset] = math.factorial(size - 1) * math.factorial(factors - size)
            else:
                weights[i, subset] = -math.factorial(size) * math.factorial(factors - 1 - size)
    return weights / math.factorial(factors)
