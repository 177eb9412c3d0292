"""Two monthly series, one some months after the other: pre-whitened, with errors that resist autocorrelation.

Two series with a season or a trend always go together. What is compared here is what neither the season, nor the
trend, nor the past of the candidate announced: the changes from month to month, less their mean by calendar month, then
less an autoregression fitted to the candidate, the same for both series, so that the lag and the size of the link are
kept (Box and Jenkins, 1976).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
YEAR = 12
#: Past changes that the autoregression of a candidate, and that of the explained series, may use, besides a year ago.
MAX_ORDER, MAX_OWN = 6, 3
#: Changes are brought back to this many robust deviations: one month gone wrong makes no association.
CLIP = 3.5
TO_DEVIATION = 1.4826
MIN_FREE = 10
SMALLEST = 1e-12


@dataclass(frozen=True)
class Moves:
    """Monthly changes without season.

    Attributes
    ----------
    values : numpy.ndarray
        One per month, the first one unknown; 0, the mean, where unknown.
    known : numpy.ndarray of bool
        Months whose change is known.
    """

    values: Floats
    known: Bools


@dataclass(frozen=True)
class Link:
    """Association of two series at one lag.

    Attributes
    ----------
    effect : float
        Change of the explained series for a change of 1 of the other, `lag` months before; NaN when untested.
    error : float
        Its standard error.
    free : int
        Degrees of freedom of the error.
    n : int
        Pairs of months.
    """

    effect: float
    error: float
    free: int
    n: int

    @property
    def p_value(self) -> float:
        """Two-sided, Student."""
        return float(2 * stdtr(self.free, -abs(self.effect) / self.error)) if self.error > 0 else float("nan")

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Interval of the effect at that level."""
        room = self.error * float(stdtrit(self.free, (1 + level) / 2)) if self.error > 0 else float("nan")
        return self.effect - room, self.effect + room


def changes(values: Floats) -> Floats:
    """Change since the month before; NaN where either is unknown."""
    return np.concatenate([[np.nan], np.diff(values)])


def seasonless(values: Floats, calendar: Floats) -> Moves:
    """Monthly changes less what the month of the year, and the other columns of `calendar`, make of them."""
    moves = changes(values)
    known = np.isfinite(moves)
    rest = _rest(moves[known], calendar[known])
    spread = TO_DEVIATION * np.median(np.abs(rest - np.median(rest))) if len(rest) else 0.0
    if spread > 0:
        rest = _rest(np.clip(rest, -CLIP * spread, CLIP * spread), calendar[known])
    filled = np.zeros(len(moves))
    filled[known] = rest
    return Moves(filled, known)


def calendar_of(months: NDArray[np.int64], beside: Floats) -> Floats:
    """Columns of the season: one per month of the year (0 to 11), then the changes of series known to matter."""
    moved = np.column_stack([np.nan_to_num(changes(column)) for column in beside.T]) if beside.size else beside
    return np.column_stack([np.eye(YEAR)[months], moved])


def best_lags(moves: Moves, most: int) -> tuple[tuple[int, ...], Floats]:
    """Autoregression of least AICc: the last months up to `most`, with or without the same month a year ago."""
    near = tuple(range(1, most + 1))
    usable = moves.known.copy()
    usable[: YEAR + 1] = False
    past, now = shifted(moves.values, (*near, YEAR))[usable], moves.values[usable]
    products, crossed, whole = past.T @ past, past.T @ now, float(now @ now)
    products[np.diag_indices(len(products))] += SMALLEST * max(np.trace(products), SMALLEST)  # never singular
    best = (np.inf, (), np.zeros(0))
    for order in range(most + 1):
        for last in ((), (most,)):
            places = [*range(order), *last]
            weights = np.linalg.solve(products[np.ix_(places, places)], crossed[places])
            left = max(whole - float(crossed[places] @ weights), SMALLEST * whole)
            score = _aicc(left, len(now), len(places) + YEAR)
            if score < best[0]:
                best = (score, tuple((*near, YEAR)[i] for i in places), weights)
    return best[1], best[2]


def filtered(moves: Moves, lags: tuple[int, ...], weights: Floats) -> Moves:
    """What an autoregression did not announce."""
    return Moves(moves.values - shifted(moves.values, lags) @ weights, moves.known)


def shifted(values: Floats, lags: tuple[int, ...]) -> Floats:
    """One column per lag; what precedes the first month is 0, the mean."""
    columns = np.zeros((len(values), len(lags)))
    for place, lag in enumerate(lags):
        columns[lag:, place] = values[: len(values) - lag]
    return columns


def links(explained: Moves, candidate: Moves, max_lag: int, lost: int) -> list[Link]:
    """Association of two whitened series at each lag from 0 on; `lost` parameters were spent on the season.

    The own past of the explained series is in the regression: it makes its noise smaller and moves nothing else, since
    a whitened candidate has no link with it.
    """
    own = shifted(explained.values, best_lags(explained, MAX_OWN)[0])
    found = []
    for lag in range(max_lag + 1):
        rows = explained.known.copy()
        rows[:lag] = False
        rows[lag:] &= candidate.known[: len(rows) - lag]
        columns = np.column_stack([np.ones(len(rows)), own, shifted(candidate.values, (lag,))])
        found.append(slope(explained.values, columns, rows, lost=lost))
    return found


def slope(values: Floats, columns: Floats, rows: Bools, *, lost: int = 0, hac_only: bool = False) -> Link:
    """Coefficient of the last column, with the larger of its HAC error and of its ordinary one.

    Parameters
    ----------
    values, columns : numpy.ndarray
        What is explained and the design, one row per month.
    rows : numpy.ndarray of bool
        Months that count; the others cut the autocorrelation.
    lost : int
        Parameters spent before, off the degrees of freedom.
    hac_only : bool
        The HAC error alone, as `statsmodels` gives it with its correction for few observations.

    Notes
    -----
    Newey and West (1987), Bartlett weights up to 4·(n/100)^(2/9) months. On sixty months the HAC error is too small
    beyond its mean: taken alone it finds something in a third of the runs where there is nothing. The ordinary one is
    right when the candidate is white, which the filter makes it; the larger one is kept.
    """
    design, known = columns[rows], values[rows]
    n, width = design.shape
    free = n - width - lost
    if free < MIN_FREE or not np.ptp(design[:, -1]) > 0:
        return Link(np.nan, np.nan, max(free, 0), n)
    inverse = np.linalg.pinv(design.T @ design)
    coefficients = inverse @ (design.T @ known)
    residuals = known - design @ coefficients
    scores = np.zeros(len(values))
    scores[rows] = (design @ inverse[-1]) * residuals
    most = int(4 * (n / 100) ** (2 / 9))
    robust = scores @ scores
    for lag in range(1, most + 1):
        robust += 2 * (1 - lag / (most + 1)) * (scores[lag:] @ scores[:-lag])
    robust *= n / free
    ordinary = inverse[-1, -1] * (residuals @ residuals) / free
    variance = robust if hac_only else max(robust, ordinary)
    return Link(float(coefficients[-1]), float(np.sqrt(max(variance, 0.0))), free, n)


def gain(explained: Floats, candidate: Floats, calendar: Floats, lag: int, holdout: int) -> tuple[float, int]:
    """Share of the mean absolute error that the candidate takes off, one month ahead over the last months.

    Each month is forecast with what precedes it, without then with the candidate `lag` months before, and both are
    fitted again every month. At lag 0 the candidate of the month itself is used: no forecast could.

    Returns
    -------
    tuple of float and int
        Share, negative when the candidate does worse, and number of months forecast.
    """
    moves, start = changes(explained), len(explained) - holdout
    before = seasonless(explained[:start], calendar[:start])
    own = shifted(moves, best_lags(before, MAX_OWN)[0])
    late = shifted(changes(candidate), (lag,))
    longest = max(lag, YEAR) + 1
    design = np.column_stack([calendar, own, late])
    rows = np.isfinite(moves) & np.isfinite(design).all(axis=1)
    rows[:longest] = False
    scale = np.sqrt((design[rows] ** 2).mean(axis=0))
    design[:, scale > 0] /= scale[scale > 0]
    judged = np.flatnonzero(rows & (np.arange(len(rows)) >= start))
    without, with_ = (_errors(design[:, :w], moves, rows, judged) for w in (-1, design.shape[1]))
    return (float(1 - with_ / without) if without > 0 else np.nan), len(judged)


def _errors(design: Floats, moves: Floats, rows: Bools, judged: NDArray[np.int64]) -> float:
    """Sum of the absolute errors of forecasts one month ahead, fitted on all that precedes each."""
    total = 0.0
    for month in judged:
        past = np.flatnonzero(rows[:month])
        weights = np.linalg.lstsq(design[past], moves[past], rcond=None)[0]
        total += abs(float(moves[month] - design[month] @ weights))
    return total


def _rest(values: Floats, columns: Floats) -> Floats:
    return values - columns @ np.linalg.lstsq(columns, values, rcond=None)[0] if len(values) else values


def _aicc(left: float, n: int, parameters: int) -> float:
    if not left > 0:
        return -np.inf if n else 0.0
    return n * np.log(left / n) + 2 * parameters * n / max(n - parameters - 1, 1)
