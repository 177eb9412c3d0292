"""What the month of care does to the number of acts: season, working days, lockdowns."""

from __future__ import annotations

from collections.abc import Sequence

import holidays
import numpy as np
import pandas as pd

from data.demo.world import POSTES

#: Working days of an ordinary month, and answer of each poste to one day more (elasticity).
ORDINARY_DAYS = 21.0
ELASTICITY = {
    "hospitalisation": 0.3,
    "soins courants": 0.7,
    "pharmacie": 0.6,
    "dentaire": 0.8,
    "optique": 0.6,
    "audiologie": 0.7,
    "autres": 0.5,
}

#: Twelve months, January first; scaled to a mean of 1 when used.
SEASON: dict[str, Sequence[float]] = {
    "hospitalisation": (1.03, 1.01, 1.05, 1.01, 0.98, 1.04, 0.94, 0.85, 1.00, 1.05, 1.03, 1.01),
    "soins courants": (1.10, 1.05, 1.07, 0.99, 0.98, 1.01, 0.92, 0.77, 0.98, 1.05, 1.05, 1.03),
    "pharmacie": (1.10, 1.06, 1.05, 0.98, 0.96, 0.97, 0.94, 0.86, 0.97, 1.03, 1.04, 1.04),
    "dentaire": (1.08, 1.04, 1.07, 1.00, 1.00, 1.06, 0.93, 0.62, 0.98, 1.07, 1.08, 1.07),
    "optique": (1.20, 0.99, 0.98, 0.95, 0.95, 0.98, 0.97, 0.80, 1.04, 1.05, 1.00, 1.09),
    "audiologie": (1.15, 0.99, 1.02, 0.99, 0.98, 1.03, 0.92, 0.72, 1.00, 1.07, 1.05, 1.08),
    "autres": (1.04, 1.01, 1.04, 1.00, 0.99, 1.03, 0.96, 0.84, 1.00, 1.05, 1.03, 1.01),
}

#: Factor on the acts of each poste, in the order of POSTES, for the months of 2020 that are not ordinary.
LOCKDOWN: dict[str, Sequence[float]] = {
    "2020-03": (0.75, 0.68, 1.02, 0.52, 0.52, 0.52, 0.68),
    "2020-04": (0.42, 0.40, 0.76, 0.08, 0.08, 0.08, 0.38),
    "2020-05": (0.68, 0.70, 0.85, 0.45, 0.62, 0.58, 0.68),
    "2020-06": (1.02, 1.05, 1.00, 1.14, 1.22, 1.15, 1.06),
    "2020-07": (1.05, 1.04, 1.00, 1.12, 1.12, 1.10, 1.05),
    "2020-09": (1.03, 1.02, 1.00, 1.05, 1.03, 1.03, 1.02),
    "2020-11": (0.94, 0.93, 0.97, 0.92, 0.92, 0.93, 0.95),
}


def count_working_days(months: pd.DatetimeIndex) -> np.ndarray:
    """Days from Monday to Friday that are not a French public holiday, one count per month."""
    years = range(months[0].year, months[-1].year + 1)
    closed = np.array(sorted(holidays.country_holidays("FR", years=years)), dtype="datetime64[D]")
    first = months.to_numpy().astype("datetime64[M]")
    following = first + np.timedelta64(1, "M")
    return np.busday_count(first.astype("datetime64[D]"), following.astype("datetime64[D]"), holidays=closed)


def activity(months: pd.DatetimeIndex, *, lockdowns: bool = True) -> np.ndarray:
    """Factor on the acts, months × postes: season × working days × lockdowns."""
    season = np.array([SEASON[poste] for poste in POSTES])
    season = season / season.mean(axis=1, keepdims=True)
    elasticity = np.array([ELASTICITY[poste] for poste in POSTES])
    days = (count_working_days(months) / ORDINARY_DAYS)[:, None] ** elasticity
    if not lockdowns:
        return season.T[months.month - 1] * days
    lockdown = np.array([LOCKDOWN.get(f"{month:%Y-%m}", (1.0,) * len(POSTES)) for month in months])
    return season.T[months.month - 1] * days * lockdown
