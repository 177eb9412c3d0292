"""Pre-adjustment: known effects are estimated with an airline model, removed, and put back in the forecast.

Missing months enter as one pulse each, so that the same generalised least squares fills them with their expectation.
Months that no model explains (|t| > 5) are corrected in the history, and said; they are not put back.
Source: regARIMA of X-13 (Findley et al., 1998); missing values as additive outliers, Gómez, Maravall and Peña (1999);
detection of additive outliers, Chen and Liu (1993).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from analytics.predictive.calendar import Regressor
from analytics.predictive.models.airline import LOST, AirlineFit, difference, fit_airline, whiten
from analytics.predictive.models.airline import effects as estimate_effects

T_KEPT = 2.0
T_ABERRANT = 5.0
_MAX_ABERRANT = 4
_MIN_ABERRANT = 60  # with fewer years a month has too few others to be compared with
_LAST_SPARED = 2
_MIN_MONTHS = 30
_MIN_FREEDOM = 10


#: Centre and standard deviation of an effect among the series of a family.
Prior = tuple[float, float]


@dataclass(frozen=True)
class Effect:
    """One estimated or given effect: size on the scale of logarithms (or of values), and whether it was kept."""

    name: str
    beta: float
    se: float
    kept: bool
    reason: str

    @property
    def t(self) -> float:
        """Student statistic; NaN for a given effect."""
        return self.beta / self.se if self.se > 0 else np.nan

    def lean(self, prior: Prior) -> tuple[float, float]:
        """Size and standard error once it leans on its family, by precision."""
        own, other = self.se**-2, prior[1] ** -2
        return (own * self.beta + other * prior[0]) / (own + other), (own + other) ** -0.5


@dataclass(frozen=True)
class Adjustment:
    """A history without its known effects.

    Attributes
    ----------
    z : numpy.ndarray
        Adjusted history, gaps filled, on the scale where effects add up.
    past, future : numpy.ndarray
        Effect to add back, month by month.
    effects : tuple of Effect
        What was tried.
    """

    z: np.ndarray
    past: np.ndarray
    future: np.ndarray
    effects: tuple[Effect, ...]


def fill_gaps(z: np.ndarray) -> np.ndarray:
    """Linear interpolation of the missing months: only a starting point, or the rule for short series."""
    known = np.isfinite(z)
    return np.where(known, z, np.interp(np.arange(len(z)), np.flatnonzero(known), z[known]))


def adjust(
    z: np.ndarray,
    regressors: tuple[Regressor, ...],
    horizon: int,
    *,
    labels: Sequence[str] = (),
    additive_mean: float = np.nan,
) -> Adjustment:
    """Remove known effects from a history.

    Parameters
    ----------
    z : numpy.ndarray
        History on the scale where effects add up; NaN where missing.
    regressors : tuple of Regressor
        At least len(z) + horizon values each; what lies after the history is only read for the future.
    horizon : int
        Months ahead.
    labels : sequence of str
        Names of the months of the history, for the aberrant ones.
    additive_mean : float
        When `z` is not in logarithms: the level to which a given relative effect applies.

    Returns
    -------
    Adjustment
    """
    n = len(z)
    past, future, effects = _given(regressors, n, horizon, additive_mean)
    estimated = [r for r in regressors if np.isnan(r.effect)]
    z = z - past
    if n < _MIN_MONTHS:
        effects += [Effect(r.name, np.nan, np.nan, False, "historique trop court") for r in estimated]
        return Adjustment(fill_gaps(z), past, future, tuple(effects))
    filled, beta, kept, tried = _estimate(z, estimated, labels or [str(k + 1) for k in range(n)])
    if any(r.prior for r in estimated):
        beta, kept, tried = _borrow(estimated, beta, kept, tried)
    if kept:
        columns = np.column_stack([r.column[: n + horizon] for r in kept]) @ beta
        filled, past, future = filled - columns[:n], past + columns[:n], future + columns[n:]
    return Adjustment(filled, past, future, tuple(effects + tried))


def _borrow(estimated: list[Regressor], beta: np.ndarray, kept: list[Regressor], tried: list[Effect]):
    """Effects leaning on those of their family: one too weak alone may be kept, one that stood by chance may not."""
    size = {r.name: float(b) for r, b in zip(kept, beta, strict=True)}
    place = {e.name: i for i, e in enumerate(tried)}
    tried = list(tried)
    for r in estimated:
        own = tried[place[r.name]]
        if r.prior is None or not own.se > 0:
            continue
        moved, se = own.lean(r.prior)
        strong = abs(moved) > T_KEPT * se
        reason = "" if strong else "trop faible pour être distingué du hasard (|t| ≤ 2)"
        tried[place[r.name]] = Effect(r.name, moved, se, strong, reason)
        size.pop(r.name, None)
        if strong:
            size[r.name] = moved
    kept = [r for r in estimated if r.name in size]
    return np.array([size[r.name] for r in kept]), kept, tried


def _given(regressors, n: int, horizon: int, additive_mean: float):
    """Effects that the caller states: applied, never estimated."""
    past, future, effects = np.zeros(n), np.zeros(horizon), []
    for r in regressors:
        if np.isnan(r.effect):
            continue
        size = r.effect * additive_mean if np.isfinite(additive_mean) else np.log1p(r.effect)
        past, future = past + size * r.column[:n], future + size * r.column[n : n + horizon]
        effects.append(Effect(r.name, float(size), np.nan, True, "effet donné"))
    return past, future, effects


def _estimate(z: np.ndarray, regressors: list[Regressor], labels: Sequence[str]):
    """Fit, drop the weak effects, correct the aberrant months, fit again until nothing changes.

    Returns the history with gaps filled and aberrant months corrected, the effects kept and the list of what was tried.
    """
    n = len(z)
    pulses = np.eye(n)[:, ~np.isfinite(z)]
    gaps, aberrant = pulses.shape[1], []
    filled = fill_gaps(z)
    kept, tried = _estimable(regressors, pulses, n)
    while True:
        design = np.column_stack([pulses, *(r.column[:n] for r in kept)])
        fit = fit_airline(filled, design if design.shape[1] else None)
        kept, dropped = _drop_weak(filled, pulses, kept, fit)
        tried += dropped
        if dropped:
            continue
        month = None
        if n >= _MIN_ABERRANT and len(aberrant) < _MAX_ABERRANT:
            month = _aberrant_month(filled - design @ fit.beta, fit, design.shape[1])
        if month is None or month in aberrant:
            break
        aberrant.append(month)
        pulses = np.column_stack([pulses, np.eye(n)[:, month]])
    count = pulses.shape[1]
    found = [(f"mois aberrant ({labels[m]})", "détecté, corrigé dans l’historique") for m in aberrant]
    found += [(r.name, "") for r in kept]
    estimates = zip(found, fit.beta[gaps:], fit.se[gaps:], strict=True)
    tried += [Effect(name, float(b), float(s), True, reason) for (name, reason), b, s in estimates]
    return filled - pulses @ fit.beta[:count], fit.beta[count:], kept, tried


def _aberrant_month(residual_z: np.ndarray, fit: AirlineFit, n_effects: int) -> int | None:
    """The month whose pulse is the most significant, when it is beyond chance; the last ones are left alone.

    An abnormal last month may be the start of a new level: one month cannot tell.
    """
    n = len(residual_z)
    data = difference(np.column_stack([residual_z, np.eye(n)[:, : n - _LAST_SPARED]]))
    white = whiten(np.asfortranarray(data), fit.theta, fit.seasonal_theta)[0]
    freedom = max(len(white) - n_effects - 2, 1)
    noise = 1.4826 * float(np.median(np.abs(white[:, 0]))) * np.sqrt(len(white) / freedom)
    if noise <= 1e-9:
        return None
    t = np.abs(white[:, 1:].T @ white[:, 0]) / (noise * np.sqrt((white[:, 1:] ** 2).sum(axis=0)))
    month = int(np.argmax(t))
    return month if t[month] > T_ABERRANT else None


def _estimable(regressors: list[Regressor], gaps: np.ndarray, n: int) -> tuple[list[Regressor], list[Effect]]:
    """Leave out what the history cannot tell: events to come, columns that repeat others, too many columns."""
    kept: list[Regressor] = []
    refused: list[Effect] = []
    basis = difference(gaps)
    for r in regressors:
        column = difference(r.column[:n])
        size = float(column @ column)
        reason = ""
        if r.start >= n:
            reason = "postérieur à l’historique : effet inconnu"
        elif size < 1e-10:
            reason = "sans variation dans l’historique"
        elif basis.shape[1] and _unexplained(basis, column) < 1e-6 * size:
            reason = "indiscernable d’un autre effet ou d’un mois manquant"
        elif n - LOST - basis.shape[1] - 1 < _MIN_FREEDOM:
            reason = "historique trop court pour un effet de plus"
        if reason:
            refused.append(Effect(r.name, np.nan, np.nan, False, reason))
        else:
            kept.append(r)
            basis = np.column_stack([basis, column])
    return kept, refused


def _unexplained(basis: np.ndarray, column: np.ndarray) -> float:
    residual = column - basis @ np.linalg.lstsq(basis, column, rcond=None)[0]
    return float(residual @ residual)


def _drop_weak(filled, gaps, kept: list[Regressor], fit: AirlineFit) -> tuple[list[Regressor], list[Effect]]:
    """Backward elimination of the effects with |t| at most 2, the moving averages being held."""
    kept, dropped, holes = list(kept), [], gaps.shape[1]
    while kept:
        data = difference(np.column_stack([filled, gaps, *(r.column[: len(filled)] for r in kept)]))
        beta, se = estimate_effects(np.asfortranarray(data), fit.theta, fit.seasonal_theta)
        t = np.abs(beta[holes:]) / np.maximum(se[holes:], 1e-300)
        weakest = int(np.argmin(t))
        if t[weakest] > T_KEPT:
            break
        name = kept.pop(weakest).name
        b, s = float(beta[holes + weakest]), float(se[holes + weakest])
        dropped.append(Effect(name, b, s, False, "trop faible pour être distingué du hasard (|t| ≤ 2)"))
    return kept, dropped
