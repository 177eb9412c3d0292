"""Is the last month out of line with what the series announced?"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats

from analytics.french import format_number, format_percent
from analytics.verdict import Verdict

YEAR = 12
MIN_MONTHS = 24
ALARM = 0.01  # two-sided: about one false alarm in fifty on quiet series, a robust scale having heavier tails
NORMAL_MAD = 1.4826
DAMPING = 0.95
_GRID = np.array(np.meshgrid((0.05, 0.15, 0.3, 0.5, 0.8), (0.0, 0.05, 0.15), (0.05, 0.2, 0.4))).reshape(3, -1)


def detect_last(series: pd.Series) -> Verdict:
    """Compare the last value with its forecast of the month before.

    The one-step-ahead error of a damped Holt-Winters smoothing (on logarithms when every value is positive) is divided
    by the robust spread of the past ones. An STL residual would not do: its trend follows the shock.

    Parameters
    ----------
    series : pandas.Series
        Monthly values without a gap, the month to judge last; at least 24.

    Returns
    -------
    Verdict
        `score` in robust standard errors, signed; `p_value` two-sided, Student. "on ne peut pas dire" when the series
        is too short, has a gap or never moves.

    References
    ----------
    Hyndman, Koehler, Ord and Snyder (2008), Forecasting with Exponential Smoothing, ch. 2 and 3.
    """
    y = pd.Series(series).to_numpy(float)
    if len(y) < MIN_MONTHS or not np.isfinite(y).all():
        return _unknown(f"Il faut {MIN_MONTHS} mois sans trou pour juger le dernier ; il y en a {len(y)}.")
    z = np.log(y) if (y > 0).all() else y
    errors = one_step_errors(z)
    past = errors[:-1]
    scale = NORMAL_MAD * np.median(np.abs(past - np.median(past)))
    if not scale > 0:
        return _unknown("La série ne bouge pas : rien ne permet de juger le dernier mois.")
    score = float(errors[-1] / scale)
    p_value = float(2 * stats.t.sf(abs(score), df=max(len(past) / 2, 3)))
    unusual = p_value < ALARM
    gap = np.expm1(errors[-1]) if (y > 0).all() else errors[-1] / np.abs(y[:-1]).mean()
    word = "inhabituel" if unusual else "dans la norme"
    return Verdict(
        "oui" if unusual else "non",
        score,
        p_value,
        f"Le dernier mois est {word} : {format_percent(gap, signed=True)} par rapport à ce que la série annonçait, "
        f"soit {format_number(abs(score), 1)} écarts habituels.",
    )


def one_step_errors(z: np.ndarray) -> np.ndarray:
    """Errors of the best damped additive Holt-Winters smoothing of a small grid, first year left out.

    Parameters
    ----------
    z : numpy.ndarray
        Values or logarithms, at least 24.

    Returns
    -------
    numpy.ndarray
        One error by month from the thirteenth on; the parameters are chosen without the last one.
    """
    alpha, beta, gamma = _GRID
    level = np.full(alpha.shape, z[:YEAR].mean())
    slope = np.full(alpha.shape, (z[YEAR : 2 * YEAR].mean() - z[:YEAR].mean()) / YEAR)
    level = level + slope * (YEAR - 1) / 2
    first = z[:YEAR] - z[:YEAR].mean() - slope[0] * (np.arange(YEAR) - (YEAR - 1) / 2)
    season = np.repeat(first[:, None], len(alpha), 1)
    errors = np.empty((len(z) - YEAR, len(alpha)))
    for t in range(YEAR, len(z)):
        expected = level + DAMPING * slope
        error = z[t] - expected - season[t % YEAR]
        errors[t - YEAR] = error
        level = expected + alpha * error
        slope = DAMPING * slope + alpha * beta * error
        season[t % YEAR] += gamma * (1 - alpha) * error
    best = int(np.argmin(np.median(np.abs(errors[:-1]), axis=0)))
    return errors[:, best]


def _unknown(sentence: str) -> Verdict:
    return Verdict("on ne peut pas dire", np.nan, np.nan, sentence)
