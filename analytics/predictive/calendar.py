"""Known effects as regressors: French working days and dated events."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analytics.errors import ParameterError, SchemaError
from analytics.working_days import working_days

SHAPES = ("impulsion", "palier", "rampe")
WORKING_DAYS = "jours ouvrés"
EVENT_COLUMNS = ("evenement", "debut", "forme")
#: The long run is a full cycle of 28 years, so that every weekday falls on every date equally often.
_LONG_RUN = (2001, 2028)
_MAX_PULSES = 12


@dataclass(frozen=True)
class Regressor:
    """One column of the design.

    Attributes
    ----------
    name : str
        Shown name, in French.
    column : numpy.ndarray
        One value per month, history then future.
    effect : float
        Known effect (0.05 = +5 %) that is not estimated; NaN when it is to be estimated.
    start : int
        First month on which it acts; 0 for the calendar.
    prior : tuple of float, optional
        Centre and spread of this effect among the series of the same family, for an estimated effect.
    """

    name: str
    column: np.ndarray
    effect: float = np.nan
    start: int = 0
    prior: tuple[float, float] | None = None


@functools.lru_cache(maxsize=8)
def _usual_days(saturday: float) -> np.ndarray:
    """Mean of the logarithm of working days of each calendar month over the long run."""
    months = pd.date_range(f"{_LONG_RUN[0]}-01-01", f"{_LONG_RUN[1]}-12-01", freq="MS")
    return np.log(working_days(months, saturday=saturday)).reshape(-1, 12).mean(axis=0)


def log_working_days(months: pd.DatetimeIndex, *, saturday: float = 0.0) -> np.ndarray:
    """Logarithm of working days less its long-run mean for the same calendar month: seasonality stays in the series."""
    usual = _usual_days(saturday)[months.month.to_numpy() - 1]
    return np.log(working_days(months, saturday=saturday)) - usual


def check_events(events: pd.DataFrame | None) -> pd.DataFrame | None:
    """Return the events with all their columns, or say which one is wrong.

    Parameters
    ----------
    events : pandas.DataFrame or None
        evenement, debut, forme ("impulsion", "palier", "rampe"); optional: fin, serie (empty = every series),
        effet (known effect, 0.05 = +5 %, empty = estimated).

    Raises
    ------
    SchemaError
        Missing column, event without a start, end before start.
    ParameterError
        Unknown shape, or a ramp without an end, or a known effect of -100 % or less.
    """
    if events is None or events.empty:
        return None
    missing = [c for c in EVENT_COLUMNS if c not in events.columns]
    if missing:
        raise SchemaError("Il manque une colonne aux événements.", colonne=missing[0])
    full = events.reset_index(drop=True).copy()
    for column, empty in (("fin", pd.NaT), ("serie", None), ("effet", np.nan)):
        if column not in full.columns:
            full[column] = empty
    full["debut"], full["fin"] = pd.to_datetime(full["debut"]), pd.to_datetime(full["fin"])
    full["effet"] = full["effet"].astype(float)
    for row in full.itertuples():
        _check_event(row)
    return full


def _check_event(row) -> None:
    if pd.isna(row.debut):
        raise SchemaError(f"L’événement « {row.evenement} » n’a pas de début.", colonne="debut")
    if pd.notna(row.fin) and row.fin < row.debut:
        raise SchemaError(f"L’événement « {row.evenement} » finit avant de commencer.", colonne="fin", valeur=row.fin)
    if row.forme not in SHAPES:
        raise ParameterError(
            f"L’événement « {row.evenement} » a une forme inconnue.",
            valeur=row.forme,
            remede="Choisissez impulsion, palier ou rampe.",
        )
    if row.forme == "rampe" and pd.isna(row.fin):
        raise ParameterError(f"La rampe « {row.evenement} » n’a pas de fin.", remede="Indiquez son dernier mois.")
    if row.effet <= -1:
        raise ParameterError(f"L’effet de « {row.evenement} » est de −100 % ou moins.", valeur=row.effet)


def build_regressors(
    months: pd.DatetimeIndex,
    n_history: int,
    serie: str,
    *,
    events: pd.DataFrame | None,
    calendar: str | None,
    saturday: float = 0.0,
) -> tuple[Regressor, ...]:
    """Columns of the design for one series, history and future together.

    Parameters
    ----------
    months : pandas.DatetimeIndex
        Months of the history, then of the future.
    n_history : int
        Number of months of history.
    serie : str
        Keeps the events of this series and those of every series; an event of some postes (column `postes` of the
        calendar of the product) is kept by the series of these names.
    events : pandas.DataFrame or None
        As returned by :func:`check_events`.
    calendar : {"FR", None}
        None for a series without a real calendar.
    saturday : float
        Weight of an open Saturday.
    """
    found: list[Regressor] = []
    if calendar == "FR":
        found.append(Regressor(WORKING_DAYS, log_working_days(months, saturday=saturday)))
    if events is not None:
        mine = events[events["serie"].isna() | (events["serie"].astype(str) == serie)]
        if "postes" in mine.columns:
            mine = mine.loc[[_touches(postes, serie) for postes in mine["postes"]]]
        for row in mine.itertuples():
            found.extend(_columns(row, months, n_history))
    return tuple(found)


def _touches(postes: object, serie: str) -> bool:
    """Whether an event of these postes is one of a series: of any, when it names none."""
    if not isinstance(postes, tuple | list | set | frozenset) or not postes:
        return True
    return serie.casefold() in {str(p).casefold() for p in postes}


def _columns(row, months: pd.DatetimeIndex, n_history: int) -> Sequence[Regressor]:
    """One column per event, except a past impulse of a few months: one per month, as its depth varies."""
    position = (months.year - row.debut.year) * 12 + months.month - row.debut.month
    t = np.asarray(position, dtype=float)
    length = np.inf if pd.isna(row.fin) else (row.fin.year - row.debut.year) * 12 + row.fin.month - row.debut.month
    start = int(-t[0])
    if row.forme == "rampe":
        return [Regressor(row.evenement, np.clip((t + 1) / (length + 1), 0.0, 1.0), row.effet, start)]
    if row.forme == "palier":
        return [Regressor(row.evenement, ((t >= 0) & (t <= length)).astype(float), row.effet, start)]
    length = 0 if np.isinf(length) else int(length)
    inside = ((t >= 0) & (t <= length)).astype(float)
    over = start + length < n_history
    if length == 0 or not over or length >= _MAX_PULSES or not np.isnan(row.effet):
        return [Regressor(row.evenement, inside, row.effet, start)]
    label = [f"{row.evenement} ({row.debut + pd.DateOffset(months=k):%Y-%m})" for k in range(length + 1)]
    return [Regressor(label[k], (t == k).astype(float), np.nan, start + k) for k in range(length + 1)]
