"""How far a recent month departs from what it should cost, told by every month at once.

The ladder of a month says ultimate = paid / share known, with an error that grows as the share shrinks; the a-priori of
`expected` says level × season × growth, with an error of its own. The best linear estimate (Bühlmann and Straub, 1970,
with a level that may move: Gluck, 1997, generalised Cape Cod) weighs both by their measured variances. One rule holds
for every age: a month of which 3 % is paid follows the a-priori, a month known at 95 % follows its ladder, and what the
half-known months say of the level corrects the a-priori of the last one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
#: Months weighed together, at most.
HISTORY = 36
#: Changes from one mature month to the next needed to measure the noise; with fewer the share known is the weight.
MIN_CHANGES = 4
#: Variance of the monthly step of the level in parts of the monthly noise: averaged by likelihood, each step three
#: times less likely than the one before (a level is stable until the months say otherwise).
DRIFTS, CALM = (0.01, 0.03, 0.1, 0.3), 3.0
#: Variance of what is left of the season, in parts of the monthly noise.
SEASON = 0.5
#: Standard deviation of the level around the a-priori before any month is seen: nothing is assumed.
VAGUE = 0.5
#: Elasticity of cost to the working days and how sure of it: in proportion, unless the months say otherwise. Open DAMIR
#: has 0.62 ± 0.07 with Saturdays closed, 0.81 ± 0.08 with Saturdays half open.
WORKING_DAYS, WORKING_DAYS_SD = 1.0, 0.4
USUAL_WEEKDAYS = 365.2425 / 7 * 5 / 12
#: Least variance of a ladder in parts of noise × (1 − share) / share: at 1 its weight would not exceed the share known.
SURPRISE = 0.25
#: A book whose monthly change varies less than this has nothing to weigh: it is computed, not observed.
QUIET = 1e-8
#: Cells weighed in one go (memory).
BATCH = 400
#: Months weighed of each cell where only the last ones known are asked for.
LATEST = 4


@dataclass(frozen=True)
class Evidence:
    """What the payments say of G cells over N months without gap, in parts of the a-priori.

    Attributes
    ----------
    gap : ndarray, shape (G, N)
        Ladder / a-priori − 1; NaN where the ladder says nothing.
    variance : ndarray, shape (G, N)
        Variance of the ladder by Mack; NaN where unknown.
    unknown : ndarray, shape (G, N)
        (1 − share) / share, for the least variance.
    working : ndarray, shape (G, N)
        Logarithm of the weekdays of the month over the usual ones.
    asked : ndarray of int, shape (G, L)
        Positions of the months whose gap is wanted.
    """

    gap: Floats
    variance: Floats
    unknown: Floats
    working: Floats
    asked: Integers

    def of(self, cells: NDArray[np.bool_]) -> Evidence:
        """The same of some cells."""
        parts = (self.gap, self.variance, self.unknown, self.working, self.asked)
        return Evidence(*(values[cells] for values in parts))


def blend(
    ladder: Floats,
    variance: Floats,
    prior: Floats,
    known: Floats,
    settled: NDArray[np.bool_],
    months: Integers,
    *,
    reached: Integers | None = None,
) -> tuple[Floats, Floats]:
    """Weigh the ladder of each month and the a-priori by their errors.

    Parameters
    ----------
    ladder : ndarray, shape (G, M)
        Paid / share known, EUR; NaN where it says nothing.
    variance : ndarray, shape (G, M)
        Variance of the ladder, EUR²; NaN where unknown.
    prior : ndarray, shape (G, M)
        A-priori, EUR; NaN where it cannot be said.
    known : ndarray, shape (G, M)
        Share known.
    settled : ndarray of bool, shape (G, M)
        Months known well enough to teach the noise.
    months : ndarray of int, shape (M,)
        Months since January 1970, without gap.
    reached : ndarray of int, shape (G,), optional
        Months known at the closing of each cell, the ladder being NaN after them; None: all, at the same closing.

    Returns
    -------
    ultimate, se : ndarray, shape (G, M)
        EUR; NaN before the last `HISTORY` months (with `reached`: but for the last `LATEST` of each cell), and for a
        cell with too few settled months or no noise at all.
    """  # fmt: skip
    ultimate, se = np.full(ladder.shape, np.nan), np.full(ladder.shape, np.nan)
    working = np.log(weekdays(months) / USUAL_WEEKDAYS)
    windows, asked = _windows(ladder.shape, reached)
    for first in range(0, len(ladder), BATCH):
        cells = slice(first, first + BATCH)
        rows, window = np.arange(len(ladder))[cells, None], windows[cells]
        at = (rows, window)
        base = np.where(prior[at] > 0, prior[at], np.nan)
        share = np.where(known[at] > 0, np.clip(known[at], 0.0, 1.0), np.nan)
        gap = ladder[at] / base - 1.0
        told = Evidence(gap, variance[at] / base**2, (1.0 - share) / share, working[window], asked[cells])
        variance_of_change, n = _change_variance(np.where(settled[at], gap, np.nan), told.working)
        moved, spread = _average(told, variance_of_change)
        # the noise is itself measured, on n changes: variance of a Student law with as many degrees of freedom
        small = np.sqrt(n / np.maximum(n - 2.0, 1.0))
        base = np.take_along_axis(base, told.asked, axis=1)
        to = (rows, np.take_along_axis(window, told.asked, axis=1))
        ultimate[to], se[to] = (1.0 + moved) * base, spread * base * small[:, None]
    return ultimate, se


def weekdays(months: Integers) -> Floats:
    """Monday-to-Friday days of each month, public holidays included: no country is assumed."""
    first, after = (n.astype("datetime64[M]").astype("datetime64[D]") for n in (months, months + 1))
    return np.busday_count(first, after).astype(float)


def _windows(shape: tuple[int, int], reached: Integers | None) -> tuple[Integers, Integers]:
    """Positions of the months that each cell weighs, and of those asked for inside them."""
    size = min(HISTORY, shape[1])
    if reached is None:
        window, asked = np.arange(shape[1] - size, shape[1]), np.arange(size)
        return np.tile(window, (shape[0], 1)), np.tile(asked, (shape[0], 1))
    start = np.maximum(reached - HISTORY, 0)
    # of a closing with fewer months than LATEST, the first one is asked for again
    asked = np.maximum((reached - start)[:, None] - np.arange(1, LATEST + 1), 0)
    return start[:, None] + np.arange(size), asked


def _change_variance(gap: Floats, working: Floats) -> tuple[Floats, Integers]:
    """Variance of the change from a settled month to the next, working days taken out, and number of changes."""
    change, days = np.diff(gap, axis=1), np.diff(working, axis=1)
    seen = np.isfinite(change)
    change, days = np.where(seen, change, 0.0), np.where(seen, days, 0.0)
    square = (days**2).sum(axis=1)
    slope = np.divide((change * days).sum(axis=1), square, out=np.zeros(len(gap)), where=square > 0)
    left = ((change - slope[:, None] * days) ** 2).sum(axis=1)
    n = seen.sum(axis=1)
    return np.divide(left, n - 1, out=np.full(len(gap), np.nan), where=n >= MIN_CHANGES), n


def _average(told: Evidence, change_variance: Floats) -> tuple[Floats, Floats]:
    """Gap of the months asked for and its standard error, averaged over how much the level may move."""
    moved, spread = np.full(told.asked.shape, np.nan), np.full(told.asked.shape, np.nan)
    able = change_variance > QUIET
    if not able.any():
        return moved, spread
    told = told.of(able)
    parts = [_smooth(told, change_variance[able], drift) for drift in DRIFTS]
    mean, variance, likelihood = (np.array(values) for values in zip(*parts, strict=True))
    weight = np.exp(likelihood - likelihood.max(axis=0)) * CALM ** -np.arange(len(DRIFTS))[:, None]
    weight = (weight / weight.sum(axis=0))[:, :, None]
    moved[able] = (weight * mean).sum(axis=0)
    spread[able] = np.sqrt((weight * (variance + (mean - moved[able]) ** 2)).sum(axis=0))
    return moved, spread


def _smooth(told: Evidence, change_variance: Floats, drift: float) -> tuple[Floats, Floats, Floats]:
    """Best linear estimate of each gap, its variance, and the log-likelihood of the cell (Gaussian conditioning)."""
    noise = change_variance / (2.0 + drift + 2.0 * SEASON)
    cost = _covariance(told, noise, drift)
    seen = np.isfinite(told.gap) & np.isfinite(told.variance)
    error = np.maximum(told.variance, SURPRISE * noise[:, None] * told.unknown)
    rows, diagonal = np.arange(len(seen))[:, None], np.arange(seen.shape[1])
    own = cost[rows, told.asked, told.asked]
    towards = np.where(seen[:, :, None], np.take_along_axis(cost, told.asked[:, None, :], axis=2), 0.0)
    # a month that says nothing has no tie with the others: the system keeps its size
    observed = np.where(seen[:, :, None] & seen[:, None, :], cost, 0.0)
    observed[:, diagonal, diagonal] += np.where(seen, error, 1.0)
    usual = WORKING_DAYS * told.working
    departure = np.where(seen, told.gap - usual, 0.0)[:, :, None]
    solved = np.linalg.solve(observed, np.concatenate([towards, departure], axis=2))
    weights, scaled = solved[:, :, :-1], solved[:, :, -1:]
    mean = usual[rows, told.asked] + (weights * departure).sum(axis=1)
    variance = np.maximum(own - (weights * towards).sum(axis=1), 0.0)
    likelihood = -0.5 * ((departure * scaled).sum(axis=(1, 2)) + np.linalg.slogdet(observed)[1])
    return mean, variance, likelihood


def _covariance(told: Evidence, noise: Floats, drift: float) -> Floats:
    """Covariance of the gaps of a cell before any payment, shape (G, N, N): level, season, working days, noise."""
    step = np.arange(1, told.gap.shape[1] + 1)
    same_season = (step[:, None] - step) % 12 == 0
    by_noise = drift * np.minimum.outer(step, step) + SEASON * same_season + np.eye(len(step))
    days = WORKING_DAYS_SD * told.working
    return VAGUE**2 + days[:, :, None] * days[:, None, :] + noise[:, None, None] * by_noise
