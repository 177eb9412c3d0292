"""A recent change of level that no event of the calendar explains: a forecast may take it for a trend.

Each of the last months is tried as the first of a lasting step and as an abnormal month, beside the effects already
kept, in the airline model of what precedes the last year; the most significant is told when it is a step beyond chance.
Source: detection of level shifts, Chen and Liu (1993), with their critical value for short series.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analytics.predictive.calendar import build_regressors, check_events
from analytics.predictive.models.airline import difference, fit_airline, whiten
from analytics.predictive.models.sample import MONTHS_IN_YEAR
from analytics.predictive.prepare import prepare
from analytics.predictive.regarima import fill_gaps

T_STEP = 4.0
SMALLEST = 0.03
_LEAST_AFTER = 3  # fewer months cannot tell a step from one abnormal month
_LEAST_BEFORE = 36
_FLAT = 1e-10
_SAME = 1e-6  # share of a column that the others leave, under which it is one of them


@dataclass(frozen=True)
class Step:
    """A change of level found in the last year.

    Attributes
    ----------
    serie : str
    mois : pandas.Timestamp
        First month of the new level.
    variation : float
        Size (0.05 = +5 %).
    t : float
        Student statistic.
    """

    serie: str
    mois: pd.Timestamp
    variation: float
    t: float


def find_step(
    history: pd.DataFrame, *, serie: str, events: pd.DataFrame | None = None, kept: Collection[str] = ()
) -> Step | None:
    """The step of the last twelve months that chance does not explain.

    Parameters
    ----------
    history : pandas.DataFrame
        mois, valeur of one series.
    serie : str
        Its name: events may touch one series only.
    events : pandas.DataFrame, optional
        As given to :func:`analytics.predictive.forecast`.
    kept : collection of str
        Effects that its forecast counted: they explain their part first.

    Returns
    -------
    Step or None
        None also for a series that cannot be read in logarithms, or of fewer than four years.
    """
    known = prepare(history.assign(serie=serie)[["serie", "mois", "valeur"]])[0]
    n = len(known.y)
    before = n - MONTHS_IN_YEAR
    if not known.log or before < _LEAST_BEFORE:
        return None
    regressors = build_regressors(known.months, n, serie, events=check_events(events), calendar="FR")
    columns = [r.column[:n] for r in regressors if r.name in set(kept)]
    z = fill_gaps(np.log(known.y))
    fit = fit_airline(z[:before], _varying([c[:before] for c in columns]))
    design = _varying(columns)
    others = [] if design is None else [design]
    past = np.arange(n)
    shapes = [(start, past >= start, True) for start in range(before, n - _LEAST_AFTER + 1)]
    shapes += [(month, past == month, False) for month in range(before, n)]  # an abnormal month is no step
    found = []
    for start, shape, lasting in shapes:
        data = np.asfortranarray(difference(np.column_stack([z, *others, shape])))
        beta, se = _last_effect(whiten(data, fit.theta, fit.seasonal_theta)[0])
        found.append((abs(beta) / max(se, _FLAT), lasting, start, beta))
    t, lasting, start, size = max(found)
    variation = float(np.expm1(size))
    if not lasting or t <= T_STEP or abs(variation) < SMALLEST:
        return None
    return Step(serie, known.months[start], variation, float(t))


def _last_effect(white: np.ndarray) -> tuple[float, float]:
    """Effect of the last whitened column and its standard error, whose noise a few odd months do not inflate."""
    y, others, last = white[:, 0], white[:, 1:-1], white[:, -1]
    if others.shape[1]:
        y, last_left = (v - others @ np.linalg.lstsq(others, v, rcond=None)[0] for v in (y, last))
    else:
        last_left = last
    size = float(last_left @ last_left)
    if size <= _SAME * float(last @ last):
        return 0.0, np.inf  # another effect already says it
    beta = float(last_left @ y) / size
    freedom = max(len(white) - others.shape[1] - 3, 1)
    noise = 1.4826 * float(np.median(np.abs(y - beta * last_left))) * np.sqrt(len(white) / freedom)
    return beta, noise / np.sqrt(size)


def _varying(columns: list[np.ndarray]) -> np.ndarray | None:
    """Columns that still vary once differenced, side by side; None without any."""
    kept = [c for c in columns if (difference(c) ** 2).sum() > _FLAT]
    return np.column_stack(kept) if kept else None
