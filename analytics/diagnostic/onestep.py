"""What a series announced for each month, known the month before: errors as they were truly made, and their scale.

One pass over the months does everything with the past alone: damped Holt-Winters smoothings, the choice among them, the
effect of working days, and the usual spread of the errors, which follows recent months and the calendar month. What is
said of a month is therefore what would have been said at that month, and replaying the past costs nothing more.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analytics.working_days import working_days

YEAR = 12
NORMAL_MAD = 1.4826
DAMPING = 0.95
CLIP = 3.0  # an error teaches the smoothing no more than that many of its usual spreads
BEST = 22  # smoothings averaged: one alone follows the luck of its parameters
SCALE_STEP = 0.06  # weight of the last month in the usual spread: it forgets half in a year
SCALE_CUT = 2.0  # spreads at which an error is cut before it is learnt
_CUT_MEAN = 0.7737  # mean of a normal square cut at SCALE_CUT spreads
SEASON_PRIOR = 6.0  # errors that say each calendar month is like the others
DAYS_PRIOR = 12.0  # errors that say working days change nothing
DAYS_YEARS = 6  # a month is held against the same month of that many years
_GRID = np.array(np.meshgrid((0.05, 0.15, 0.3, 0.5, 0.8), (0.0, 0.05, 0.15), (0.05, 0.2, 0.4))).reshape(3, -1)
_TINY = 1e-300


@dataclass(frozen=True)
class OneStep:
    """Errors of one step, months from the thirteenth on × series.

    Attributes
    ----------
    errors : numpy.ndarray
        What came less what was announced, in the scale of the series given.
    scaled : numpy.ndarray
        The same in usual spreads, known the month before (the first year of errors: known at its end).
    """

    errors: np.ndarray
    scaled: np.ndarray


def one_step(z: np.ndarray, months: pd.Index | None = None) -> OneStep:
    """One-step-ahead errors of many series.

    Parameters
    ----------
    z : numpy.ndarray
        Months × series, values or logarithms, at least 24 months.
    months : pandas.Index, optional
        The months; where they are dates that follow one another, the effect of working days is learnt on each series.
    """
    gaps = day_gaps(months) if _are_months(months) else np.zeros(len(z))
    smoothing, days, scale = _Smoothing(z), _Days(z.shape[1]), None
    errors = np.empty((len(z) - YEAR, z.shape[1]))
    scaled = np.empty_like(errors)
    start = min(YEAR, len(errors) - 1)
    for t in range(len(errors)):
        gap = gaps[t + YEAR]
        effect = days.effect(gap)
        errors[t] = smoothing.step(t + YEAR, z[t + YEAR] - effect)
        if t == start:
            scale = _Scale(errors[:start])
            scaled[:start] = errors[:start] / scale.spread
        if scale is not None:
            scaled[t] = scale.step(t, errors[t])
        days.learn(gap, errors[t] + effect, np.inf if scale is None else CLIP * scale.spread)
    return OneStep(errors, scaled)


def _are_months(months: pd.Index | None) -> bool:
    """Whether the index is first days of months in a row."""
    if not isinstance(months, pd.DatetimeIndex):
        return False
    days = months.tz_localize(None).to_numpy()
    numbers = days.astype("datetime64[M]")
    return bool((numbers == days).all() and (np.diff(numbers.astype(np.int64)) == 1).all())


def day_gaps(months: pd.DatetimeIndex) -> np.ndarray:
    """Working days of each month, relative to those of the same month of the years before (logarithm)."""
    return _gaps_from(months[0], len(months))


@functools.lru_cache(maxsize=64)
def _gaps_from(first: pd.Timestamp, count: int) -> np.ndarray:
    """They only depend on the calendar."""
    earliest = first - pd.DateOffset(years=DAYS_YEARS)
    days = pd.Series(np.log(working_days(pd.date_range(earliest, periods=DAYS_YEARS * YEAR + count, freq="MS"))))
    usual = sum(days.shift(YEAR * years) for years in range(1, DAYS_YEARS + 1)) / DAYS_YEARS
    gaps = (days - usual).to_numpy(copy=True)[-count:]
    gaps.flags.writeable = False
    return gaps


def on_its_scale(values: np.ndarray) -> np.ndarray:
    """Logarithms of the series (columns) that are always positive, the values of the others."""
    positive = (values > 0).all(axis=0)
    return np.where(positive, np.log(np.where(positive, values, 1.0)), values)


def usual_spread(errors: np.ndarray) -> np.ndarray:
    """Robust standard deviation of each column."""
    return spread_of_rows(np.ascontiguousarray(errors.T)).T


def spread_of_rows(errors: np.ndarray) -> np.ndarray:
    """Robust standard deviation along the last axis, which is the quick one to sort."""
    gaps = errors - median_of_rows(errors)[..., None]
    return NORMAL_MAD * median_of_rows(np.abs(gaps, out=gaps))


def median_of_rows(values: np.ndarray) -> np.ndarray:
    """Median along the last axis, of values that are all known."""
    ordered, count = np.sort(values, axis=-1), values.shape[-1]
    return (ordered[..., (count - 1) // 2] + ordered[..., count // 2]) / 2


class _Smoothing:
    """Damped additive Holt-Winters smoothings of every series, bounded against shocks, and the mean of the best few.

    Hyndman, Koehler, Ord and Snyder (2008), ch. 2 and 3; bounded updates: Gelper, Fried and Croux (2010).
    """

    def __init__(self, z: np.ndarray) -> None:
        first = z[:YEAR].mean(axis=0)
        slope = (z[YEAR : 2 * YEAR].mean(axis=0) - first) / YEAR
        centred = np.arange(YEAR) - (YEAR - 1) / 2
        size = _GRID.shape[1]
        self.season = np.repeat((z[:YEAR] - first - slope * centred[:, None])[:, :, None], size, axis=2)
        self.level = np.repeat((first + slope * (YEAR - 1) / 2)[:, None], size, axis=1)
        self.slope = np.repeat(slope[:, None], size, axis=1)
        self.spread = np.full(self.level.shape, np.inf)  # nothing is bounded before a year of errors is known
        self.fit = np.zeros(self.level.shape)
        self.first_year: list[np.ndarray] = []

    def step(self, t: int, z: np.ndarray) -> np.ndarray:
        """Error of the smoothings that were closest before this month; then they learn it."""
        alpha, beta, gamma = _GRID
        season = self.season[t % YEAR]
        self.slope *= DAMPING
        self.level += self.slope
        error = z[:, None] - self.level
        error -= season
        mean = (error * self._closest()).sum(axis=1) / BEST if t > YEAR else error.mean(axis=1)
        self.fit += np.sqrt(np.abs(error))  # a shock, that nobody foresees, must not choose among them
        self._bound(t, error)
        self.level += alpha * error
        self.slope += alpha * beta * error
        season += gamma * (1 - alpha) * error
        return mean

    def _closest(self) -> np.ndarray:
        """Whether each smoothing is among the best few of its series; of those as close, the first ones are."""
        limit = np.partition(self.fit, BEST - 1, axis=1)[:, BEST - 1, None]
        closest = self.fit <= limit
        tied = np.flatnonzero(np.count_nonzero(closest, axis=1) != BEST)
        if len(tied):
            order = np.argsort(self.fit[tied], axis=1, kind="stable")
            closest[tied[:, None], order] = np.arange(order.shape[1]) < BEST
        return closest

    def _bound(self, t: int, error: np.ndarray) -> None:
        """Bound the errors, in place, by what is usual; then that is learnt."""
        if t < 2 * YEAR:
            self.first_year.append(np.abs(error))
            return
        if t == 2 * YEAR:
            self.spread = np.maximum(NORMAL_MAD * np.median(self.first_year, axis=0), _TINY)
        cut = np.square(error)
        variance = np.square(self.spread)
        np.minimum(cut, SCALE_CUT**2 * variance, out=cut)
        bound = CLIP * self.spread
        np.minimum(error, bound, out=error)
        np.maximum(error, -bound, out=error)
        variance *= 0.95
        cut *= 0.05 / _CUT_MEAN
        variance += cut
        self.spread = np.sqrt(variance, out=variance)


class _Days:
    """Effect of working days on each series: a regression through the origin, drawn towards no effect."""

    def __init__(self, series: int) -> None:
        self.products, self.squares, self.count = np.zeros(series), 0.0, 0

    def effect(self, gap: float) -> np.ndarray:
        """What this gap is expected to add."""
        shrink = self.count / (self.count + DAYS_PRIOR)
        return gap * shrink * self.products / max(self.squares, _TINY)

    def learn(self, gap: float, error: np.ndarray, bound: np.ndarray | float) -> None:
        """`error` as if nothing were known of working days."""
        self.products += gap * np.clip(error, -bound, bound)
        self.squares += gap**2
        self.count += 1


class _Scale:
    """Usual spread of the errors: that of recent months, times that of the calendar month.

    January may be harder to foresee than June: the mean square of each calendar month is drawn towards 1 by
    `SEASON_PRIOR` imaginary errors.
    """

    def __init__(self, first: np.ndarray) -> None:
        self.spread = np.maximum(NORMAL_MAD * np.median(np.abs(first), axis=0), _TINY)
        self.squares = np.full((YEAR, first.shape[1]), SEASON_PRIOR)
        self.counts = np.full(YEAR, SEASON_PRIOR)
        for t, error in enumerate(first):
            self._learn_season(t, error)

    def step(self, t: int, error: np.ndarray) -> np.ndarray:
        """The error in usual spreads; then it is learnt."""
        season = np.sqrt(self.squares[t % YEAR] / self.counts[t % YEAR])
        self._learn_season(t, error)
        scaled = error / (self.spread * season)
        cut = np.minimum(np.abs(scaled), SCALE_CUT) ** 2 / _CUT_MEAN
        self.spread = np.maximum(self.spread * np.sqrt(1 - SCALE_STEP + SCALE_STEP * cut), _TINY)
        return scaled

    def _learn_season(self, t: int, error: np.ndarray) -> None:
        self.squares[t % YEAR] += np.minimum(np.abs(error / self.spread), CLIP) ** 2
        self.counts[t % YEAR] += 1
