"""A budget of false alerts, « au plus 2 fausses alertes par an », turned into what one look may cost.

One look a month: B false alerts a year are λ = B / 12 a look, half for the last months, half for breaks and drifts.

- m tests at the level λ / 2 / m give at most λ / 2 false alarms a look in expectation, whatever their dependence
  (Bonferroni, in the sense of the expected number: per-family error rate).
- For the last months this is then calibrated on the very data: what the same tests would have said at each of the L
  past months is replayed, and the threshold is lowered until no more than (L + 1) · λ / 2 of those looks alarm. Data
  that jump by nature thus keep their budget too, as in conformal prediction (Vovk, Gammerman and Shafer, 2005).
"""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from analytics.errors import ParameterError

BUDGETS = (1, 2, 4, 12)
DEFAULT_BUDGET = 2
LOOKS_PER_YEAR = 12
MIN_LOOKS = 12


def looks_rate(budget: float) -> float:
    """False alerts that one monthly look may cost, λ = B / 12.

    Raises
    ------
    ParameterError
        A budget that is not positive, or above one a month.
    """
    if not 0 < budget <= LOOKS_PER_YEAR:
        raise ParameterError("Le budget de fausses alertes est compris entre 0 et 12 par an.", valeur=budget)
    return budget / LOOKS_PER_YEAR


def last_threshold(budget: float, past_minima: pd.Series, tests: int) -> float:
    """Largest p-value of a last month that is shown.

    Parameters
    ----------
    budget : float
        False alerts a year.
    past_minima : pandas.Series
        Smallest p-value of each past look.
    tests : int
        Last months judged in this look.
    """
    plain = other_threshold(budget, tests)
    minima = np.sort(past_minima.dropna().to_numpy())
    allowed = math.floor(looks_rate(budget) / 2 * (len(minima) + 1))  # the look of today is one of them
    if len(minima) < MIN_LOOKS or not allowed:
        return plain if not len(minima) else min(plain, float(np.nextafter(minima[0], 0)))
    return min(plain, float(np.nextafter(minima[allowed - 1], 0)))


def other_threshold(budget: float, tests: int) -> float:
    """Largest p-value of a break or of a drift that is shown, by the number of tests alone."""
    return looks_rate(budget) / 2 / max(tests, 1)


def last_per_year(p_value: float, past_minima: pd.Series, tests: int) -> float:
    """How many times a year noise alone would show a last month as unusual as this one, at most."""
    looks = past_minima.dropna()
    replayed = float((looks <= p_value).sum()) / max(len(looks), 1)
    return max(LOOKS_PER_YEAR * replayed, other_per_year(p_value, tests))


def other_per_year(p_value: float, tests: int) -> float:
    """How many times a year noise alone would show a break or a drift as sharp as this one, at most."""
    return LOOKS_PER_YEAR * min(1.0, p_value * tests)
