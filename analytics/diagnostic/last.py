"""Is the last month out of line with what the series announced?

The error of the last month is held against the law of the errors before it: a Student law whose scale and degrees of
freedom are learnt on the series itself, recent months weighing more. A quiet series is then judged severely, an erratic
one leniently, and both keep the same promise: one false alarm in a hundred months at the rate `ALARM`.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats
from scipy.special import gammaln

from analytics.errors import ParameterError
from analytics.french import format_number, format_percent
from analytics.verdict import Verdict

YEAR = 12
MIN_MONTHS = 24
ALARM = 0.01  # promised share of false alarms, one series and one month
NORMAL_MAD = 1.4826
DAMPING = 0.95
CLIP = 3.0  # an error teaches the smoothing no more than that many of its usual spreads
BEST = 22  # smoothings averaged: one alone follows the luck of its parameters
HALF_LIFE = 20.0  # months after which an error counts half
#: Degrees of freedom tried, and their weight before the data speak: nearly normal unless the errors say otherwise.
FREEDOM = np.array([1.5, 2.0, 3.0, 4.0, 6.0, 10.0, 30.0])
PRIOR = np.array([0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 3.0])
SEASON_PRIOR = 12.0  # errors
ESTIMATED = 2.5  # what the scale costs for being estimated, in errors: set on the series of benchmarks/alerts.py
_GRID = np.array(np.meshgrid((0.05, 0.15, 0.3, 0.5, 0.8), (0.0, 0.05, 0.15), (0.05, 0.2, 0.4))).reshape(3, -1)
_TINY = 1e-300
_ROUNDS = 12


def detect_last(series: pd.Series, *, rate: float = ALARM) -> Verdict:
    """Compare the last value with its forecast of the month before.

    The one-step-ahead error of damped Holt-Winters smoothings (on logarithms when every value is positive) is held
    against the past ones. An STL residual would not do: its trend follows the shock.

    Parameters
    ----------
    series : pandas.Series
        Monthly values without a gap, the month to judge last; at least 24.
    rate : float
        Share of false alarms accepted, two-sided.

    Returns
    -------
    Verdict
        `score` in usual spreads of the past errors, signed; `p_value` two-sided. "on ne peut pas dire" when the series
        is too short, has a gap or never moves.

    Raises
    ------
    ParameterError
        `rate` is not between 0 and 1.

    References
    ----------
    Hyndman, Koehler, Ord and Snyder (2008), Forecasting with Exponential Smoothing, ch. 2 and 3; bounded updates:
    Gelper, Fried and Croux (2010), Robust forecasting with exponential and Holt-Winters smoothing.
    """
    if not 0 < rate < 1:
        raise ParameterError("Le taux de fausses alertes est compris entre 0 et 1.", valeur=rate)
    y = pd.Series(series).to_numpy(float)
    if len(y) < MIN_MONTHS or not np.isfinite(y).all():
        return _unknown(f"Il faut {MIN_MONTHS} mois sans trou pour juger le dernier ; il y en a {len(y)}.")
    row = judge_last(pd.DataFrame({"serie": y})).iloc[0]
    if not np.isfinite(row["p_value"]):
        return _unknown("La série ne bouge pas : rien ne permet de juger le dernier mois.")
    unusual = row["p_value"] < rate
    word = "inhabituel" if unusual else "dans la norme"
    return Verdict(
        "oui" if unusual else "non",
        float(row["score"]),
        float(row["p_value"]),
        f"Le dernier mois est {word} : {format_percent(row['ecart'], signed=True)} par rapport à ce que la série "
        f"annonçait, soit {format_number(abs(row['score']), 1)} écarts habituels.",
    )


def judge_last(panel: pd.DataFrame) -> pd.DataFrame:
    """The last month of many series at once.

    Parameters
    ----------
    panel : pandas.DataFrame
        Months × series, without a gap, at least 24 months.

    Returns
    -------
    pandas.DataFrame
        One row by series: ecart (relative to what was announced), score (usual spreads, signed), p_value (two-sided;
        NaN for a series that never moves).
    """
    values = panel.to_numpy(float)
    positive = (values > 0).all(axis=0)
    errors = one_step_errors(on_its_scale(values))
    past, last = errors[:-1], errors[-1]
    spread = usual_spread(past)
    moves = spread > 0
    p_values = np.full(len(spread), np.nan)
    p_values[moves] = tail_probability(past[:, moves], last[moves])
    mean = np.abs(values[:-1]).mean(axis=0)
    gap = np.where(positive, np.expm1(last), last / np.where(mean > 0, mean, np.nan))
    score = last / np.where(moves, spread, np.nan)
    return pd.DataFrame({"ecart": gap, "score": score, "p_value": p_values}, index=panel.columns)


def replay_last(panel: pd.DataFrame, looks: int) -> pd.DataFrame:
    """The p-values that `judge_last` would have given at the months before the last one.

    Parameters
    ----------
    panel : pandas.DataFrame
        Months × series, without a gap.
    looks : int
        Months to replay at most; each is judged on what precedes it, at least 24 months.

    Returns
    -------
    pandas.DataFrame
        Months replayed × series; without a row when the history is too short.
    """
    values = panel.to_numpy(float)
    tried = _smooth(on_its_scale(values))
    first = max(MIN_MONTHS, len(tried) - 1 - looks)
    rows = []
    for t in range(first, len(tried) - 1):
        errors = _mean_of_best(tried[: t + 1])
        moves = usual_spread(errors[:-1]) > 0
        row = np.full(values.shape[1], np.nan)
        row[moves] = tail_probability(errors[:-1, moves], errors[-1, moves])
        rows.append(row)
    months = panel.index[first + YEAR : len(panel) - 1]
    return pd.DataFrame(rows, index=months[: len(rows)], columns=panel.columns, dtype=float)


def on_its_scale(values: np.ndarray) -> np.ndarray:
    """Logarithms of the series (columns) that are always positive, the values of the others."""
    positive = (values > 0).all(axis=0)
    return np.where(positive, np.log(np.where(positive, values, 1.0)), values)


def usual_spread(errors: np.ndarray) -> np.ndarray:
    """Robust standard deviation of each column."""
    return NORMAL_MAD * np.median(np.abs(errors - np.median(errors, axis=0)), axis=0)


def one_step_errors(z: np.ndarray) -> np.ndarray:
    """Errors of damped additive Holt-Winters smoothings, first year left out: mean of the best few of a small grid.

    Parameters
    ----------
    z : numpy.ndarray
        Values or logarithms, at least 24; one series, or months × series.

    Returns
    -------
    numpy.ndarray
        One error by month from the thirteenth on; the smoothings are chosen without the last one.
    """
    columns = z[:, None] if z.ndim == 1 else z
    errors = _mean_of_best(_smooth(columns))
    return errors[:, 0] if z.ndim == 1 else errors


def _mean_of_best(tried: np.ndarray) -> np.ndarray:
    """Mean of the smoothings that were closest before the last month."""
    fit = np.median(np.abs(tried[:-1]), axis=0)
    best = np.argsort(fit, axis=-1, kind="stable")[:, :BEST]
    return np.take_along_axis(tried, best[None], axis=2).mean(axis=2)


def _smooth(z: np.ndarray) -> np.ndarray:
    """Errors of every smoothing of the grid: months from the thirteenth on × series × grid."""
    alpha, beta, gamma = _GRID
    slope = (z[YEAR : 2 * YEAR].mean(axis=0) - z[:YEAR].mean(axis=0)) / YEAR
    centred = np.arange(YEAR) - (YEAR - 1) / 2
    season = np.repeat((z[:YEAR] - z[:YEAR].mean(axis=0) - slope * centred[:, None])[:, :, None], len(alpha), axis=2)
    level = np.repeat((z[:YEAR].mean(axis=0) + slope * (YEAR - 1) / 2)[:, None], len(alpha), axis=1)
    slope = np.repeat(slope[:, None], len(alpha), axis=1)
    errors = np.empty((len(z) - YEAR, z.shape[1], len(alpha)))
    spread = np.full(level.shape, np.inf)  # nothing is bounded before a year of errors is known
    for t in range(YEAR, len(z)):
        expected = level + DAMPING * slope
        error = z[t][:, None] - expected - season[t % YEAR]
        errors[t - YEAR] = error
        if t == 2 * YEAR:
            spread = np.maximum(NORMAL_MAD * np.median(np.abs(errors[:YEAR]), axis=0), _TINY)
        bounded = np.clip(error, -CLIP * spread, CLIP * spread)
        if t >= 2 * YEAR:  # 1.25 makes up for the squares cut at two spreads
            spread = np.sqrt(0.95 * spread**2 + 0.05 * 1.25 * np.minimum(error**2, (2 * spread) ** 2))
        level = expected + alpha * bounded
        slope = DAMPING * slope + alpha * beta * bounded
        season[t % YEAR] += gamma * (1 - alpha) * bounded
    return errors


def tail_probability(past: np.ndarray, last: np.ndarray) -> np.ndarray:
    """Two-sided probability of an error at least as large as `last`, under the Student law of the past errors.

    Parameters
    ----------
    past : numpy.ndarray
        Months × series.
    last : numpy.ndarray
        One error by series.

    Notes
    -----
    For each number of degrees of freedom the scale is that of largest likelihood (EM); the tails are averaged with
    the weights that the data give to each, so that the uncertainty on the tails is not forgotten.
    """
    past, last = by_season(past, last)
    weights = 0.5 ** (np.arange(len(past))[::-1, None] / HALF_LIFE)
    total = weights.sum()
    freedom = FREEDOM[:, None, None]
    squares = past[None] ** 2
    scale2 = np.repeat(np.maximum(usual_spread(past)[None] ** 2, _TINY), len(FREEDOM), axis=0)
    for _ in range(_ROUNDS):
        pull = (freedom + 1) / (freedom + squares / scale2[:, None])
        scale2 = np.maximum((weights * pull * squares).sum(axis=1) / total, _TINY)
    constant = gammaln((freedom + 1) / 2) - gammaln(freedom / 2) - 0.5 * np.log(freedom * np.pi)
    density = constant - 0.5 * np.log(scale2)[:, None]
    density = density - (freedom + 1) / 2 * np.log1p(squares / scale2[:, None] / freedom)
    posterior = (weights * density).sum(axis=1) + np.log(PRIOR / PRIOR.sum())[:, None]
    posterior = np.exp(posterior - posterior.max(axis=0))
    posterior /= posterior.sum(axis=0)
    distance = np.abs(last) / np.sqrt(scale2 * (1 + ESTIMATED / total))  # the scale is itself estimated
    return (posterior * 2 * stats.t.sf(distance, FREEDOM[:, None])).sum(axis=0)


def by_season(past: np.ndarray, last: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The same errors over the spread of their calendar month: January may be harder to foresee than June.

    The mean square of each of the twelve months, cut at three usual spreads, is drawn towards that of the whole year by
    `SEASON_PRIOR` imaginary errors; `last` is the month that follows `past`.
    """
    squares = np.minimum((past / np.maximum(usual_spread(past), _TINY)) ** 2, CLIP**2)
    squares = squares / np.maximum(squares.mean(axis=0), _TINY)
    month = (np.arange(len(past)) - len(past)) % YEAR  # the month to judge is 0
    spread = np.empty((YEAR, past.shape[1]))
    for m in range(YEAR):
        own = squares[month == m]
        spread[m] = np.sqrt((SEASON_PRIOR + own.sum(axis=0)) / (SEASON_PRIOR + len(own)))
    return past / spread[month], last / spread[0]


def _unknown(sentence: str) -> Verdict:
    return Verdict("on ne peut pas dire", np.nan, np.nan, sentence)
