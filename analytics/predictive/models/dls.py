"""Damped local seasonal regression: one weighted least squares on the last years.

A level, a slope and twelve months are fitted with weights that halve every two years; the forecast keeps half the
slope and damps it. It needs no search and works from eighteen months on.
"""

from __future__ import annotations

import numpy as np

from analytics.predictive.models.sample import MONTHS_IN_YEAR, Prediction, Sample

WINDOW = 72
HALF_LIFE = 24
KEPT_SLOPE = 0.5
DAMPING = 0.9
MEMORY = 0.3  # weight of the last month in the mean of the latest residuals


def predict(sample: Sample, horizon: int) -> Prediction:
    """Local level, half the local slope damped by 0.9 a month, local seasonal profile."""
    z = sample.z[-WINDOW:]
    n = len(z)
    t = np.arange(n, dtype=float) - (n - 1)
    months = np.eye(MONTHS_IN_YEAR)[np.arange(n) % MONTHS_IN_YEAR] - 1.0 / MONTHS_IN_YEAR
    design = np.column_stack([np.ones(n), t, months])
    root = 0.5 ** (-t / HALF_LIFE / 2)
    beta = np.linalg.lstsq(design * root[:, None], z * root, rcond=None)[0]
    residual = z - design @ beta
    recent = (1 - MEMORY) ** -t
    h = np.arange(1, horizon + 1)
    profile = (months @ beta[2:])[(n + h - 1) % MONTHS_IN_YEAR]
    level = beta[0] + recent @ residual / recent.sum()
    centre = level + KEPT_SLOPE * beta[1] * np.cumsum(DAMPING**h) + profile
    sigma2 = residual @ residual / max(n - MONTHS_IN_YEAR - 1, 1)
    return Prediction(centre, np.sqrt(sigma2 * (1 + MEMORY**2 * h)), sample.log)
