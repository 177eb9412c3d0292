"""Is the last month out of line with what the series announced?

The error of the last month is held against the law of the errors before it: a Student law whose scale and degrees of
freedom are learnt on the series itself, recent months weighing more. A quiet series is then judged severely, an erratic
one leniently, and both keep the same promise: one false alarm in a hundred months at the rate `ALARM`.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import gammaln, stdtr

from analytics.diagnostic.onestep import YEAR, OneStep, on_its_scale, one_step, spread_of_rows, usual_spread
from analytics.errors import ParameterError
from analytics.french import format_number, format_percent
from analytics.verdict import Verdict

MIN_MONTHS = 24
ALARM = 0.01  # promised share of false alarms, one series and one month
HALF_LIFE = 12.0  # months after which an error counts half
MEMORY = 72  # months after which it counts for nothing
#: Degrees of freedom tried, and their weight before the data speak: nearly normal unless the errors say otherwise.
FREEDOM = np.array([1.5, 2.0, 3.0, 4.0, 6.0, 10.0, 30.0])
PRIOR = np.array([0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 6.0])
TINY = 1e-300
_ROUNDS = 12


def detect_last(series: pd.Series, *, rate: float = ALARM) -> Verdict:
    """Compare the last value with its forecast of the month before.

    The one-step-ahead error of damped Holt-Winters smoothings (on logarithms when every value is positive) is held
    against the past ones. An STL residual would not do: its trend follows the shock.

    Parameters
    ----------
    series : pandas.Series
        Monthly values without a gap, the month to judge last; at least 24. Where the index is first days of months,
        what working days explain is not unusual.
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
    Hyndman, Koehler, Ord and Snyder (2008), Forecasting with Exponential Smoothing; :mod:`.onestep` says the rest.
    """
    if not 0 < rate < 1:
        raise ParameterError("Le taux de fausses alertes est compris entre 0 et 1.", valeur=rate)
    series = pd.Series(series, dtype=float)
    y = series.to_numpy()
    if len(y) < MIN_MONTHS or not np.isfinite(y).all():
        return _unknown(f"Il faut {MIN_MONTHS} mois sans trou pour juger le dernier ; il y en a {len(y)}.")
    row = judge_last(series.to_frame("serie")).iloc[0]
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
        Months × series, without a gap, at least 24 months; where the index is dates, working days are allowed for.

    Returns
    -------
    pandas.DataFrame
        One row by series: ecart (relative to what was announced), score (usual spreads, signed), p_value (two-sided;
        NaN for a series that never moves).
    """
    values = panel.to_numpy(float)
    found = errors_of(panel)
    last = found.errors[-1]
    p_values = p_values_at(found, len(found.errors) - 1)
    mean = np.abs(values[:-1]).mean(axis=0)
    gap = np.where((values > 0).all(axis=0), np.expm1(last), last / np.where(mean > 0, mean, np.nan))
    score = np.where(np.isfinite(p_values), found.scaled[-1], np.nan)
    return pd.DataFrame({"ecart": gap, "score": score, "p_value": p_values}, index=panel.columns)


def replay_last(panel: pd.DataFrame, looks: int) -> pd.DataFrame:
    """The p-values that `judge_last` would have given at the months before the last one.

    Parameters
    ----------
    panel : pandas.DataFrame
        Months × series, without a gap.
    looks : int
        Months to replay at most; each is judged on what precedes it, at least 36 months.

    Returns
    -------
    pandas.DataFrame
        Months replayed × series; without a row when the history is too short.
    """
    return replay_errors(errors_of(panel), panel, looks)


def errors_of(panel: pd.DataFrame) -> OneStep:
    """One-step errors of a panel, on logarithms for the series that are always positive."""
    return one_step(on_its_scale(panel.to_numpy(float)), panel.index)


def replay_errors(found: OneStep, panel: pd.DataFrame, looks: int) -> pd.DataFrame:
    """Same as `replay_last`, from the errors of the panel."""
    rows = months_replayed(found, looks)
    table = [p_values_at(found, t) for t in rows]
    return pd.DataFrame(table, index=panel.index[[t + YEAR for t in rows]], columns=panel.columns, dtype=float)


def months_replayed(found: OneStep, looks: int) -> range:
    """Places, among the errors, of the months to replay."""
    count = len(found.errors)
    return range(max(MIN_MONTHS, count - 1 - looks), count - 1)


def p_values_at(found: OneStep, t: int) -> np.ndarray:
    """Two-sided p-values of one month of errors, held against those before it; NaN for a series that never moved."""
    moves = usual_spread(found.errors[:t]) > 0
    p_values = np.full(len(moves), np.nan)
    past = found.scaled[max(0, t - MEMORY) : t]
    p_values[moves] = tail_probability(past[:, moves], found.scaled[t, moves])
    return p_values


def tail_probability(past: np.ndarray, last: np.ndarray) -> np.ndarray:
    """Two-sided probability of an error at least as large as `last`, under the Student law of the past errors.

    Parameters
    ----------
    past : numpy.ndarray
        Months × series, in the usual spreads known the month before each.
    last : numpy.ndarray
        One error by series.

    Notes
    -----
    For each number of degrees of freedom the scale is that of largest likelihood (EM); the tails are averaged with
    the weights that the data give to each, so that the uncertainty on the tails is not forgotten. The errors are in
    spreads that were foreseen: where these were too small, too large or too slow to move, the law has learnt it.
    """
    rows = np.ascontiguousarray(past.T)
    return tails_of(rows**2, len(past), spread_of_rows(rows), last)


def tails_of(squares: np.ndarray, known: np.ndarray | int, spread: np.ndarray, last: np.ndarray) -> np.ndarray:
    """`tail_probability` of cases × months: the last `known` months of each are known, the squares of others are 0."""
    weights, _ = recent_weights(squares.shape[1])
    total = np.cumsum(weights[::-1])[np.asarray(known) - 1]
    scales2, likelihoods = np.empty((2, len(FREEDOM), len(squares)))
    for i, freedom in enumerate(FREEDOM):
        scale2 = np.maximum(spread**2, TINY)
        for _ in range(_ROUNDS):
            scale2 = np.maximum(em_round(freedom, scale2, squares, weights, total), TINY)
        constant = gammaln((freedom + 1) / 2) - gammaln(freedom / 2) - 0.5 * np.log(freedom * np.pi)
        distances = np.log1p(squares / (freedom * scale2)[:, None]) @ weights
        likelihoods[i] = total * (constant - 0.5 * np.log(scale2)) - (freedom + 1) / 2 * distances
        scales2[i] = scale2
    posterior = likelihoods + np.log(PRIOR / PRIOR.sum())[:, None]
    posterior = np.exp(posterior - posterior.max(axis=0))
    posterior /= posterior.sum(axis=0)
    distance = np.abs(last) / np.sqrt(scales2 * (1 + 1 / total))  # the scale is itself estimated
    return (posterior * 2 * stdtr(FREEDOM[:, None], -distance)).sum(axis=0)


def recent_weights(months: int) -> tuple[np.ndarray, float]:
    """Weight of each month, recent ones weighing more, and their sum."""
    weights = 0.5 ** (np.arange(months)[::-1] / HALF_LIFE)
    return weights, weights.sum()


def em_round(
    freedom: float, scale2: np.ndarray, squares: np.ndarray, weights: np.ndarray, total: np.ndarray | float
) -> np.ndarray:
    """Squared scale of the Student law after one more round of EM; it grows with the scale before."""
    pull = (freedom * scale2)[:, None] + squares
    np.divide(squares, pull, out=pull)
    return (freedom + 1) * scale2 * (pull @ weights) / total


def _unknown(sentence: str) -> Verdict:
    return Verdict("on ne peut pas dire", np.nan, np.nan, sentence)
