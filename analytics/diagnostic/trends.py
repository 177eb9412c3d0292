"""A series laid out for the models of an impact: three ideas of its trend, its season, the changes already known."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analytics.diagnostic.breaks import YEAR, is_monthly
from analytics.diagnostic.counterfactual import RIDGE, Expected, Prior, expect

Floats = NDArray[np.float64]
#: By model of the trend, the first one being the answer: effect, and the forecast that it is the gap to.
Told = dict[str, tuple[float, Expected]]
#: Defaults of CausalImpact: level drifting by a hundredth of the series, regression expected to explain 80 % of it.
WITH_CONTROLS = (Prior(0.01, 32.0), Prior(np.sqrt(0.2), 50.0))
#: The same regression on a level as free as the data make it.
LOOSE = (Prior(0.1, 2.0), WITH_CONTROLS[1])
#: In standard deviations of what is left around the line and the season. Hardly any opinion: the data decide.
ALONE = (Prior(0.03, 1.0), Prior(0.8, 2.0))
MAIN, BARE, BENT = "tendance droite", "sans tendance", "tendance courbe"
CONTROLS, LINE, FREE = "témoins", "témoins et tendance", "témoins et niveau libre"
#: Harmonics of the season that are tried, the likeliest being kept; one for six months known at most.
HARMONICS = (0, 1, 2, 3, 6)
MONTHS_BY_HARMONIC = 6
#: Prior precision of a term of the season: a few standard deviations of the noise.
SEASON_RIDGE = 0.1
#: Part of the spread of a series that is never explained.
TRACE = 1e-4
#: What the other models may multiply the interval of the first one by.
MOST_DOUBT = 2.5


@dataclass(frozen=True)
class Layout:
    """A series laid out for the models: values, periods that count, season, columns of each model of the trend."""

    values: Floats
    counted: NDArray[np.bool_]
    hidden: NDArray[np.bool_]
    season: Floats
    models: dict[str, tuple[Floats, tuple[Prior, Prior]]]
    steps: tuple[int, ...] = ()
    alone: bool = True
    harmonics: int = 0

    def expected(self, model: str, start: int, stop: int) -> Expected:
        """Forecast of the periods start to stop − 1 that count, from those before."""
        columns, (level, noise) = self.models[model]
        counted = np.flatnonzero(self.counted[:stop])
        before, after = counted[counted < start], counted[counted >= start]
        season = self.season[:, : 2 * min(self.harmonics, len(before) // MONTHS_BY_HARMONIC)]
        ridge = np.r_[np.full(columns.shape[1], RIDGE), np.full(season.shape[1], SEASON_RIDGE)]
        columns = np.column_stack([columns, season])
        values = self.values[before]
        scale = _left_over(values, columns[before]) if self.alone else None
        if scale is not None:  # a trend or a season may be many times the noise, hardly more than the series
            ridge *= (scale / values.std()) ** 2
        return expect(
            values, before.astype(float), columns[before], after.astype(float), columns[after],
            level=level, noise=noise, ridge=ridge, scale=scale,
        )  # fmt: skip

    def with_answer_only(self) -> Layout:
        """The same with the first model alone."""
        return replace(self, models=dict([next(iter(self.models.items()))]))

    def effects(self, start: int, stop: int) -> Told:
        """By model, mean of the values less what was expected."""
        inside = self.counted.copy()
        inside[:start] = inside[stop:] = False
        told = {model: self.expected(model, start, stop) for model in self.models}
        return {model: (float(self.values[inside].mean() - e.mean), e) for model, e in told.items()}


def lay_out(
    y: pd.Series, controls: Floats | None, hidden: NDArray[np.bool_], start: int, steps: tuple[int, ...]
) -> Layout:
    """Columns of the three models of the trend; the first one is the answer."""
    time = (np.arange(len(y)) - start / 2) / max(start, 1)
    season = _season(y.index) if is_monthly(y.index) and start >= 2 * YEAR else np.empty((len(y), 0))
    line, curve = time[:, None], np.column_stack([time, time**2])
    if controls is None:
        shapes = {MAIN: (line, ALONE), BARE: (line[:, :0], ALONE), BENT: (curve, ALONE)}
    else:
        shapes = {CONTROLS: (controls, WITH_CONTROLS), LINE: (np.column_stack([controls, line]), WITH_CONTROLS),
                  FREE: (controls, LOOSE)}  # fmt: skip
    marches = (np.arange(len(y))[:, None] >= np.array(steps, dtype=int)).astype(float)
    models = {name: (np.column_stack([columns, marches]), priors) for name, (columns, priors) in shapes.items()}
    return Layout(y.to_numpy(), np.isfinite(y.to_numpy()) & ~hidden, hidden, season, models, steps, controls is None)


def _left_over(values: Floats, columns: Floats) -> float:
    """Standard deviation around the least squares on the columns; an exact fit leaves a trace of that of the values."""
    full = np.column_stack([np.ones(len(values)), columns])
    left = values - full @ np.linalg.lstsq(full, values, rcond=None)[0]
    return max(float(np.sqrt(left @ left / max(len(values) - full.shape[1], 1))), TRACE * float(values.std()))


def with_season(series: Layout, start: int) -> Layout:
    """With the likeliest number of harmonics."""
    if not series.season.shape[1]:
        return series
    known, main = int(series.counted[:start].sum()), next(iter(series.models))
    tried = [replace(series, harmonics=h) for h in HARMONICS if h <= known // MONTHS_BY_HARMONIC]
    return max(tried, key=lambda one: one.expected(main, start, len(series.values)).evidence)


def _season(index: pd.DatetimeIndex) -> Floats:
    """Cosine and sine of each harmonic in turn; the last sine is nought on every month."""
    angle = 2 * np.pi * np.outer(index.month, np.arange(1, YEAR // 2 + 1)) / YEAR
    return np.stack([np.cos(angle), np.sin(angle)], axis=2).reshape(len(index), -1)[:, :-1]


def doubt_of(told: Told) -> float:
    """How much wider an interval around the first model must be to hold what all say, as much as they are likely."""
    effects, deviations, evidence = np.array([(e, x.deviation, x.evidence) for e, x in told.values()]).T
    weights = np.exp(evidence - evidence.max())
    square = weights @ (deviations**2 + (effects - effects[0]) ** 2) / weights.sum()
    return float(np.clip(np.sqrt(square) / deviations[0], 1.0, MOST_DOUBT))
