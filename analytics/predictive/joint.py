"""Futures drawn month after month and series by series together, so that sums and ratios have honest ranges.

Each future is a random mixture of whole rows of past errors, one row by origin of the backtest: an error that lasted
the year lasts in the drawing too, and series that went wrong together do so again (multiplier bootstrap: Wu, 1986).
Few origins say little: rows drawn from a plain prior are mixed in. Each month keeps the width of its calibrated bounds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from analytics.predictive.menu import COMBINED
from analytics.uncertainty import CORRELATION, Z_80

DRAWS, SEED = 4000, 20260101
#: Rows of errors that the prior (two months of one forecast go wrong together at 50 %) weighs as much as.
PRIOR_ROWS = 6.0
#: Two series are drawn together only when this many origins show that their errors go together.
MIN_ORIGINS, RISK = 6, 0.10
_FAR = 3.0  # an error counts at most for as many standard errors: one broken year must not rule the others


@dataclass(frozen=True)
class Draws:
    """Possible futures of one series.

    Attributes
    ----------
    mois : pandas.DatetimeIndex
        Months ahead.
    point : numpy.ndarray
        The forecast, which is the mean of the draws.
    values : numpy.ndarray
        (draws, months); NaN for a month without bounds.
    """

    mois: pd.DatetimeIndex
    point: np.ndarray
    values: np.ndarray

    @property
    def known(self) -> bool:
        """Whether every month has bounds to draw from."""
        return bool(np.isfinite(self.values).all())


def error_rows(backtest: pd.DataFrame, name: str, *, until: pd.Timestamp | None = None) -> pd.DataFrame:
    """Errors of a series at each past origin, in standard errors of the band that it was given.

    Parameters
    ----------
    backtest : pandas.DataFrame
        As :class:`analytics.predictive.forecast.Forecast` gives it, bounds at 80 % included.
    name : str
        Series.
    until : pandas.Timestamp, optional
        Only what was known at the end of this month.

    Returns
    -------
    pandas.DataFrame
        One row by origin, one column by month ahead (1, 2, …); NaN where not known.
    """
    rows = backtest[(backtest["serie"] == name) & (backtest["modele"] == COMBINED)]
    if until is not None:
        rows = rows[rows["mois"] <= until]
    if "bas_80" not in rows.columns or rows.empty:
        return pd.DataFrame()
    units = _units(*(rows[c].to_numpy(dtype=float) for c in ("reel", "valeur", "bas_80", "haut_80")))
    return rows.assign(ecart=units).pivot(index="origine", columns="horizon", values="ecart").sort_index()


def draw(ahead: pd.DataFrame, rows: pd.DataFrame, *, draws: int = DRAWS, seed: int = SEED) -> Draws:
    """Possible futures of one series.

    Parameters
    ----------
    ahead : pandas.DataFrame
        mois, valeur, bas_80, haut_80 of the months ahead.
    rows : pandas.DataFrame
        As made by :func:`error_rows`; without any, the prior alone says how errors last.
    draws, seed : int
        Number of futures, and what makes them the same at every run.
    """
    return draw_together((ahead,), (rows,), linked=False, draws=draws, seed=seed)[0]


def draw_together(
    aheads: tuple[pd.DataFrame, ...], rows: tuple[pd.DataFrame, ...], *, linked: bool, draws: int = DRAWS,
    seed: int = SEED,
) -> tuple[Draws, ...]:  # fmt: skip
    """Possible futures of several series: the same draw is the same future of each.

    Parameters
    ----------
    aheads, rows : tuple of pandas.DataFrame
        One of each by series, as in :func:`draw`.
    linked : bool
        Whether the origins that the series share are mixed with the same weights; independent otherwise.
    draws, seed : int
        As in :func:`draw`.
    """
    rng = np.random.default_rng(seed)
    origins = sorted(set().union(*(r.index for r in rows)))
    shared = rng.standard_normal((draws, len(origins)))
    found = []
    for ahead, own in zip(aheads, rows, strict=True):
        weights = shared[:, [origins.index(o) for o in own.index]] if linked else None
        shocks = _shocks(own, len(ahead), weights, draws, rng)
        point, low, high = (ahead[c].to_numpy(dtype=float) for c in ("valeur", "bas_80", "haut_80"))
        found.append(Draws(pd.DatetimeIndex(ahead["mois"]), point, _values(shocks, point, low, high)))
    return tuple(found)


def link(first: pd.DataFrame, second: pd.DataFrame) -> tuple[bool, float, int]:
    """Whether the errors of two series go together.

    Parameters
    ----------
    first, second : pandas.DataFrame
        As made by :func:`error_rows`.

    Returns
    -------
    tuple of (bool, float, int)
        Shown by the backtest (at 10 %, on six origins at least), correlation of the mean error of each origin (NaN when
        it cannot be told), origins compared.
    """
    common = [] if first.empty or second.empty else first.index.intersection(second.index)
    if len(common) < MIN_ORIGINS:
        return False, np.nan, len(common)
    means = [rows.loc[common].mean(axis=1).to_numpy() for rows in (first, second)]
    told = np.isfinite(means).all(axis=0)
    if told.sum() < MIN_ORIGINS or min(np.ptp(m[told]) for m in means) == 0:
        return False, np.nan, int(told.sum())
    found = stats.pearsonr(means[0][told], means[1][told])
    return bool(found.pvalue <= RISK), float(found.statistic), int(told.sum())


def _units(actual: np.ndarray, point: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Error in standard errors of its own side; on logarithms where the band is positive, as it was calibrated."""
    positive = (low > 0) & (actual > 0)
    value, centre, bottom, top = (_log_where(v, positive) for v in (actual, point, low, high))
    width = np.where(value >= centre, top - centre, centre - bottom)
    units = np.divide(value - centre, width, out=np.full(len(value), np.nan), where=width > 0)
    return np.clip(units * Z_80, -_FAR, _FAR)


def _log_where(values: np.ndarray, positive: np.ndarray) -> np.ndarray:
    return np.where(positive, np.log(np.where(positive, values, 1.0)), values)


def _shocks(
    rows: pd.DataFrame, months: int, weights: np.ndarray | None, draws: int, rng: np.random.Generator
) -> np.ndarray:
    """(draws, months) of unit variance: rows mixed at random, with as much of the prior as it weighs."""
    errors = np.zeros((len(rows), months))
    for horizon in rows.columns.intersection(range(1, months + 1)):
        errors[:, horizon - 1] = rows[horizon].fillna(0.0)
    if weights is None:
        weights = rng.standard_normal((draws, len(rows)))
    lasting = np.sqrt(CORRELATION) * rng.standard_normal((draws, 1))
    prior = lasting + np.sqrt(1 - CORRELATION) * rng.standard_normal((draws, months))
    mixed = weights @ errors + np.sqrt(PRIOR_ROWS) * prior
    return mixed / np.sqrt((errors**2).sum(axis=0) + PRIOR_ROWS)


def _values(shocks: np.ndarray, point: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Shocks at the width of each side of the bounds, their mean brought to the forecast."""
    positive = (low > 0) & (point > 0)
    centre, bottom, top = (_log_where(v, positive) for v in (point, low, high))
    width = np.where(shocks >= 0, top - centre, centre - bottom) / Z_80
    values = centre + shocks * width
    values = np.where(positive, np.exp(np.where(positive, values, 0.0)), values)
    mean = values.mean(axis=0)
    scale = np.divide(point, mean, out=np.ones_like(mean), where=positive)
    values = np.where(positive, values * scale, values + np.where(positive, 0.0, point - mean))
    if not (low >= 0).all():
        return values
    values = np.maximum(values, 0.0)  # a measure that is never negative, near zero
    mean = values.mean(axis=0)
    return values * np.divide(point, mean, out=np.ones_like(mean), where=mean > 0)
