"""Intervals and sums of errors: what every estimate of the product has in common."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
import pandas as pd

#: Half-width of a normal 80 % interval, in standard errors.
Z_80 = 1.2815515655446004
#: Share of correlation assumed between the errors of two cells (two postes, two months): they come in part from the
#: same factors, and a delay in the office hits every cell at once.
CORRELATION = 0.5
Amount = TypeVar("Amount", float, np.ndarray, pd.Series)


def pooled_error(total: Amount, squares: Amount, correlation: float = CORRELATION) -> Amount:
    """Standard error of a sum of cells whose errors are equally correlated: √(c·(Σ se)² + (1 − c)·Σ se²).

    Parameters
    ----------
    total : float, array or Series
        Σ se.
    squares : float, array or Series
        Σ se².
    correlation : float
        c, 0 to 1.
    """
    return np.sqrt(correlation * total**2 + (1.0 - correlation) * squares)
