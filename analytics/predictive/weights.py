"""What each model weighs in the forecast: what it was worth on the past of all the series of the run together.

The past of one series says almost nothing of which model suits it; that of a hundred does. A window compares models on
the very same months; with few windows the weights stay near equal.
Source: weights by inverse errors, Bates and Granger (1969); pooling and shrinkage, Timmermann (2006).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from analytics.predictive.backtest import SerieRuns
from analytics.predictive.combine import combine, share
from analytics.predictive.run import Run

#: Power of the error, once many windows are known: a model 10 % worse than another weighs 0.47 of it.
POWER = 8.0
#: Windows that halve the power.
FEW = 24.0
Weights = Mapping[str, float]


def weigh(runs: tuple[SerieRuns, ...], middle: int) -> tuple[tuple[SerieRuns, ...], dict[str, Weights]]:
    """Combine every run with what was known of each model at its origin.

    Parameters
    ----------
    runs : tuple of SerieRuns
        Every series of the run.
    middle : int
        Row of the median among the quantiles.

    Returns
    -------
    tuple
        The runs, and for each series the weights of its final forecast (sum to 1, extremes of a month not yet left
        out).
    """
    errors = _Errors(runs, middle)
    found: dict[int, Weights] = {}

    def known(s: SerieRuns, run: Run) -> Weights:
        end = s.history.lag + s.offset(run)
        if end not in found:
            found[end] = errors.weights(end)
        return found[end]

    result = [
        s.replace_combined(
            combine(s.final.members, known(s, s.final)), [combine(r.members, known(s, r)) for r in s.origins]
        )
        for s in runs
    ]
    return tuple(result), {s.history.serie: share(s.final.members, known(s, s.final)) for s in runs}


class _Errors:
    """Absolute errors of every model at every past window, in the unit of MASE."""

    def __init__(self, runs: tuple[SerieRuns, ...], middle: int) -> None:
        windows = [(s, r) for s in runs for r in s.origins if r.scale > 0 and len(r.members) > 1]
        self.models = list(dict.fromkeys(m for _, r in windows for m in r.members))
        self.end = np.array([s.history.lag + s.offset(r) for s, r in windows], dtype=int)
        width = max((r.combined.shape[1] for _, r in windows), default=0)
        self.errors = np.full((len(windows), len(self.models), width), np.nan)
        for i, (s, r) in enumerate(windows):
            actual = s.actual(r)
            for m, quantiles in r.members.items():
                self.errors[i, self.models.index(m), : len(actual)] = np.abs(quantiles[middle] - actual) / r.scale

    def weights(self, end: int) -> dict[str, float]:
        """Relative weights of the models, from what is known `end` months before the last; empty without any."""
        ahead = self.end[:, None] - np.arange(1, self.errors.shape[2] + 1)[None, :]
        seen = (ahead >= end)[:, None, :] & np.isfinite(self.errors)
        count = seen.sum(axis=2)
        total = np.where(seen, self.errors, 0.0).sum(axis=2)
        mean = np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)
        tried = np.isfinite(mean)
        usual = np.divide(np.nansum(mean, axis=1), tried.sum(axis=1), out=np.zeros(len(mean)), where=tried.any(axis=1))
        mean, tried = mean[usual > 0] / usual[usual > 0, None], tried[usual > 0]
        if not len(mean):
            return {}
        known = tried.sum(axis=0)
        error = np.nansum(mean, axis=0)[known > 0] / known[known > 0]
        power = POWER * len(mean) / (len(mean) + FEW)
        floor = max(float(error.min()), np.finfo(float).tiny)
        names = [m for m, n in zip(self.models, known, strict=True) if n]
        return dict(zip(names, ((floor / np.maximum(error, floor)) ** power).tolist(), strict=True))
