"""Additive exponential smoothing, many parameter sets at once.

The six linear forms (no trend, trend, damped trend; with or without seasonality) share one recursion, so that every
candidate of every form is filtered in the same pass over time, and the best ones are searched by narrowing boxes.
Initial states enter the errors linearly: they are found by least squares instead of a numerical search.
Source: Hyndman, Koehler, Ord and Snyder (2008), ch. 3 (forms, AICc) and 6 (variance of the forecast).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analytics.predictive.models.sample import MONTHS_IN_YEAR

N_STATES = 2 + MONTHS_IN_YEAR
_DRAWS = 48
_ELITE = 6
_PASSES = 4
_TINY = 1e-300
_LOWER = np.array([1e-3, 1e-3, 1e-3, 0.80])
_UPPER = np.array([0.999, 0.60, 0.60, 0.98])
#: Weak prior on the box (centre, spread): few years of months tell little of how fast a trend or a season moves.
_LEVEL, _SEASON = (0.4, 0.3), (0.0, 0.2)
TREND_SPREAD = 0.2


@dataclass(frozen=True)
class Form:
    """One additive form: trend "N", "A" or "Ad"; seasonal or not."""

    trend: str
    seasonal: bool

    @property
    def n_parameters(self) -> int:
        """Smoothing parameters, initial states and the variance."""
        trend = {"N": 0, "A": 2, "Ad": 3}[self.trend]
        return 2 + trend + MONTHS_IN_YEAR * self.seasonal + 1


@dataclass(frozen=True)
class Smoothing:
    """A fitted form.

    Attributes
    ----------
    parameters : numpy.ndarray
        alpha, beta, gamma, phi as they multiply the error in the recursion.
    level, slope : float
        Last states.
    season : numpy.ndarray
        Seasonal states of the next twelve months.
    sse : float
        Sum of squared one-step errors.
    n : int
        Number of months fitted.
    """

    form: Form
    parameters: np.ndarray
    level: float
    slope: float
    season: np.ndarray
    sse: float
    n: int

    @property
    def sigma2(self) -> float:
        """Innovation variance, corrected for the number of parameters."""
        return self.sse / max(self.n - self.form.n_parameters + 1, 1)

    def aicc(self, log_jacobian: float = 0.0) -> float:
        """Corrected Akaike criterion; `log_jacobian` = Σ log y when the fit is on logarithms."""
        k = self.form.n_parameters
        if self.n - k - 1 <= 0:
            return np.inf
        correction = 2 * k + 2 * k * (k + 1) / (self.n - k - 1)
        return self.n * np.log(max(self.sse, 1e-300) / self.n) + correction + 2 * log_jacobian

    def extend(self, horizon: int) -> tuple[np.ndarray, np.ndarray]:
        """Forecast and standard error for h = 1 … horizon."""
        alpha, beta, gamma, phi = self.parameters
        damping = np.cumsum(phi ** np.arange(1, horizon + 1))
        steps = np.arange(horizon)
        centre = self.level + self.slope * damping + self.season[steps % MONTHS_IN_YEAR]
        weight = alpha + beta * damping + gamma * ((steps + 1) % MONTHS_IN_YEAR == 0)
        total = 1.0 + np.concatenate([[0.0], np.cumsum(weight[:-1] ** 2)])
        return centre, np.sqrt(self.sigma2 * total)


def _run(y: np.ndarray, parameters: np.ndarray, states: np.ndarray, *, keep: bool = False):
    """Filter every candidate; returns sums of squares, last states and, when asked, the errors.

    y is (n, P), parameters (4, P), states (14, P): level, slope, then the twelve months to come.
    """
    alpha, beta, gamma, phi = parameters
    level, slope = states[0].copy(), states[1].copy()
    season = states[2:].copy()
    sse = np.zeros_like(level)
    errors = np.empty_like(y) if keep else None
    for t in range(len(y)):
        month = season[t % MONTHS_IN_YEAR]
        slope = phi * slope
        level = level + slope
        error = y[t] - level - month
        sse += error * error
        level += alpha * error
        slope += beta * error
        month += gamma * error
        if keep:
            errors[t] = error
    season = np.roll(season, -(len(y) % MONTHS_IN_YEAR), axis=0)
    return sse, np.vstack([level, slope, season]), errors


def start_states(y: np.ndarray, form: Form) -> np.ndarray:
    """Level, slope and seasonal profile of the first years, by regression."""
    n = len(y)
    head = min(n, 4 * MONTHS_IN_YEAR)
    t = np.arange(head, dtype=float)
    months = np.arange(head) % MONTHS_IN_YEAR
    states = np.zeros(N_STATES)
    adjusted = y[:head]
    if form.seasonal:
        dummies = (months[:, None] == np.arange(MONTHS_IN_YEAR)[None, :]).astype(float)
        design = np.column_stack([dummies, t - t.mean()])
        profile = np.linalg.lstsq(design, adjusted, rcond=None)[0][:MONTHS_IN_YEAR]
        states[2:] = profile - profile.mean()
        adjusted = adjusted - states[2:][months]
    first = min(head, MONTHS_IN_YEAR)
    if form.trend == "N":
        states[0] = adjusted[:first].mean()
    else:
        states[1], states[0] = np.polyfit(t[:first] + 1.0, adjusted[:first], 1)
    return states


def _draw(lower: np.ndarray, upper: np.ndarray) -> np.ndarray:
    """Evenly spread points of a box (additive recurrence on the generalised golden ratio)."""
    ratio = 1.1673039782614187  # root of x**5 = x + 1, for four dimensions
    steps = ratio ** -np.arange(1, 5)
    unit = (0.5 + np.outer(np.arange(_DRAWS), steps)) % 1.0
    return lower + unit * (upper - lower)


def _penalty(box: np.ndarray, trend_spread: float) -> np.ndarray:
    """Minus twice the logarithm of the prior of each point of the search box."""
    centres = np.array([_LEVEL[0], 0.0, _SEASON[0]])
    spreads = np.array([_LEVEL[1], trend_spread, _SEASON[1]])
    return (((box[:, :3] - centres) / spreads) ** 2).sum(axis=1)


def _to_recursion(box: np.ndarray, form: Form) -> np.ndarray:
    """From the search box (alpha, beta/alpha, gamma/(1 - alpha), phi) to the recursion."""
    alpha, share, part, phi = box.T
    beta = alpha * share if form.trend != "N" else np.zeros_like(alpha)
    gamma = (1 - alpha) * part if form.seasonal else np.zeros_like(alpha)
    phi = phi if form.trend == "Ad" else np.ones_like(alpha)
    return np.vstack([alpha, beta, gamma, phi])


def _free_states(form: Form) -> list[int]:
    """States estimated by least squares; one month is tied so that level and seasons are identified."""
    trend = [1] if form.trend != "N" else []
    return [0, *trend, *(range(2, N_STATES - 1) if form.seasonal else [])]


def _solve_states(y: np.ndarray, forms: tuple[Form, ...], best: np.ndarray, states: np.ndarray) -> np.ndarray:
    """Initial states that minimise the squared errors of each form at its best parameters."""
    n, width = len(y), N_STATES
    probes = np.zeros((N_STATES, len(forms) * width))
    for i in range(len(forms)):
        probes[:, i * width : (i + 1) * width] = np.eye(N_STATES)
    columns = np.repeat(best, width, axis=1)
    response = -_run(np.zeros((n, probes.shape[1])), columns, probes, keep=True)[2]
    base = _run(y, best, states, keep=True)[2]
    solved = states.copy()
    for i, form in enumerate(forms):
        free = _free_states(form)
        design = response[:, [i * width + j for j in free]]
        ridge = 1e-3 * np.sqrt(n) * np.eye(len(free))
        target = np.concatenate([base[:, i], np.zeros(len(free))])
        solved[free, i] += np.linalg.lstsq(np.vstack([design, ridge]), target, rcond=None)[0]
    return solved


def fit_forms(y: np.ndarray, forms: tuple[Form, ...], *, trend_spread: float = TREND_SPREAD) -> list[Smoothing]:
    """Fit every form to each column of `y`.

    Parameters
    ----------
    y : numpy.ndarray
        (n, len(forms)): the series on the scale of each form.
    forms : tuple of Form
        One per column.
    trend_spread : float
        How far the share of an error that moves the trend may be from zero, in the prior.

    Returns
    -------
    list of Smoothing
        One per form, in the same order.
    """
    n, count = y.shape
    states = np.column_stack([start_states(y[:, i], form) for i, form in enumerate(forms)])
    lower = np.repeat(_LOWER[None, :], count, axis=0)
    upper = np.repeat(_UPPER[None, :], count, axis=0)
    wide_y = np.repeat(y, _DRAWS, axis=1)
    for step in range(_PASSES):
        boxes = [_draw(lower[i], upper[i]) for i in range(count)]
        columns = np.hstack([_to_recursion(box, form) for box, form in zip(boxes, forms, strict=True)])
        sse = _run(wide_y, columns, np.repeat(states, _DRAWS, axis=1))[0].reshape(count, _DRAWS)
        best_boxes = []
        for i in range(count):
            order = np.argsort(n * np.log(np.maximum(sse[i], _TINY)) + _penalty(boxes[i], trend_spread))[:_ELITE]
            elite = boxes[i][order]
            reach = np.maximum(np.ptp(elite, axis=0), (upper[i] - lower[i]) * 0.1) * 0.6
            lower[i] = np.maximum(_LOWER, elite[0] - reach)
            upper[i] = np.minimum(_UPPER, elite[0] + reach)
            best_boxes.append(elite[:1])
        best = np.hstack([_to_recursion(box, form) for box, form in zip(best_boxes, forms, strict=True)])
        if step < _PASSES - 1:
            states = _solve_states(y, forms, best, states)
    sse, last, _ = _run(y, best, states)
    return [
        Smoothing(form, best[:, i], float(last[0, i]), float(last[1, i]), last[2:, i], float(sse[i]), n)
        for i, form in enumerate(forms)
    ]
