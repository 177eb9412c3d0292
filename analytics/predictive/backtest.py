"""Rolling origins: what would have been forecast, knowing only what was known, against what happened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from analytics.predictive import menu
from analytics.predictive.borrow import find_parents, lend
from analytics.predictive.calendar import Regressor, build_regressors
from analytics.predictive.models.sample import MONTHS_IN_YEAR
from analytics.predictive.nodes import Memory, anchored, run_effects, run_node
from analytics.predictive.prepare import History
from analytics.predictive.reconciliation import Hierarchy
from analytics.predictive.regarima import Effect, Prior
from analytics.predictive.run import Run, Settings

_MIN_WINDOW = 3
_PROPHET_ORIGINS = 3
#: Last known month, series, effect: what it leans on.
Lent = Mapping[pd.Timestamp, Mapping[str, Mapping[str, Prior]]]


@dataclass(frozen=True)
class SerieRuns:
    """A series, its final forecast and its backtest, oldest origin first."""

    history: History
    months: pd.DatetimeIndex
    final: Run
    origins: tuple[Run, ...]

    def actual(self, run: Run) -> np.ndarray:
        """What happened after the origin, in the unit of the series; NaN where unknown or not yet known."""
        horizon = run.combined.shape[1]
        values = np.full(horizon, np.nan)
        seen = self.history.y[run.n : run.n + horizon] * self.history.scale
        values[: len(seen)] = seen
        return values

    def offset(self, run: Run) -> int:
        """Months between the origin and the end of the history; 0 for the final forecast."""
        return len(self.history.y) - run.n

    def replace_combined(self, final: np.ndarray, origins: list[np.ndarray]) -> SerieRuns:
        """The same runs with other combined quantiles (reconciled, or calibrated)."""
        kept = tuple(replace(run, combined=q) for run, q in zip(self.origins, origins, strict=True))
        return replace(self, final=replace(self.final, combined=final), origins=kept)


def choose_origins(months: pd.DatetimeIndex, y: np.ndarray, horizon: int, wanted: int) -> list[int]:
    """Lengths of history at each origin, oldest first: each June and December, up to a year before the end.

    Parameters
    ----------
    months : pandas.DatetimeIndex
        Months of the history, and possibly more.
    y : numpy.ndarray
        History, NaN where missing.
    horizon : int
        Months ahead of the final forecast.
    wanted : int
        Largest number of origins.
    """
    n = len(y)
    known = np.cumsum(np.isfinite(y))
    if wanted == 0 or n == 0 or known[-1] < menu.SHORT + _MIN_WINDOW:
        return []
    minimum = menu.minimum_history(int(known[-1]))
    last = n - min(horizon, MONTHS_IN_YEAR)
    found = [t for t in anchored(months, last) if known[t - 1] >= minimum][:wanted]
    if not found:
        earliest = int(np.searchsorted(known, minimum)) + 1
        found = [earliest] if n - earliest >= _MIN_WINDOW else []
    return found[::-1]


def run_serie(
    history: History,
    settings: Settings,
    events: pd.DataFrame | None,
    lent: Lent | None = None,
    memory: Memory | None = None,
) -> SerieRuns:
    """Final forecast and backtest of one series.

    Parameters
    ----------
    history : History
        The series.
    settings : Settings
        Horizon, models, number of origins.
    events : pandas.DataFrame or None
        As returned by :func:`analytics.predictive.calendar.check_events`.
    lent : mapping, optional
        What its effects lean on at each origin: see :func:`lend_effects`.
    memory : mutable mapping of str to bytes, optional
        What was computed before, at the same origins.
    """
    horizon = settings.horizon + settings.incomplete + history.lag
    n = len(history.y)
    months = _months(history, settings)

    def run_at(t: int, ahead: int, prophet: bool) -> Run:
        regressors = _regressors(history, t, settings, events)
        priors = (lent or {}).get(months[t - 1], {}).get(history.serie, {})
        regressors = tuple(replace(r, prior=priors.get(r.name)) for r in regressors)
        return run_node(memory, history, t, regressors, settings, horizon=ahead, prophet=prophet)

    origins = choose_origins(months, history.y, settings.horizon, settings.n_origins)
    late = origins[-_PROPHET_ORIGINS:] if settings.prophet else []
    runs = tuple(run_at(t, settings.horizon, t in late) for t in origins)
    return SerieRuns(history, months, run_at(n, horizon, settings.prophet), runs)


def _months(history: History, settings: Settings) -> pd.DatetimeIndex:
    ahead = settings.horizon + settings.incomplete + history.lag
    return pd.date_range(history.months[0], periods=len(history.y) + ahead, freq="MS")


def _regressors(history: History, t: int, settings: Settings, events: pd.DataFrame | None) -> tuple[Regressor, ...]:
    return build_regressors(
        _months(history, settings), t, history.serie, events=events, calendar=settings.calendar,
        saturday=settings.saturday,
    )  # fmt: skip


def lend_effects(
    histories: Sequence[History],
    settings: Settings,
    events: pd.DataFrame | None,
    hierarchy: Hierarchy | None,
    memory: Memory | None = None,
) -> Lent:
    """What the effects of each series lean on, by last known month: those of its parent, or of the other series.

    Parameters
    ----------
    histories : sequence of History
        Every series; only those on logarithms lend or borrow, the effects of the others are in their own unit.
    settings : Settings
        Horizon and number of origins.
    events : pandas.DataFrame or None
        As returned by :func:`analytics.predictive.calendar.check_events`.
    hierarchy : mapping of str to sequence of str, or None
        Aggregate series to the leaf series it sums.
    memory : mutable mapping of str to bytes, optional
        What was computed before.
    """
    if not hierarchy or (events is None and settings.calendar is None):
        return {}
    parents = find_parents([h.serie for h in histories], hierarchy)
    found: dict[pd.Timestamp, dict[str, tuple[Effect, ...]]] = {}
    for h in histories:
        for t in (*choose_origins(h.months, h.y, settings.horizon, settings.n_origins), len(h.y)):
            effects = run_effects(memory, h, t, _regressors(h, t, settings, events))
            found.setdefault(h.months[t - 1], {})[h.serie] = effects
    return {end: lend(effects, parents) for end, effects in found.items()}


def tabulate(series: tuple[SerieRuns, ...], settings: Settings) -> pd.DataFrame:
    """Backtest as a tidy frame, one row per series, origin, month and model.

    Returns
    -------
    pandas.DataFrame
        serie, origine (last known month), mois, horizon, modele, valeur, reel, bas_L, haut_L for each level L, and
        echelle (mean absolute yearly change before the origin, the unit of MASE).
    """
    parts = [_block(s, run, settings) for s in series for run in s.origins]
    columns = ["serie", "origine", "mois", "horizon", "modele", "valeur", "reel", *bound_columns(settings), "echelle"]
    if not parts:
        return pd.DataFrame({c: pd.Series(dtype=_dtype(c)) for c in columns})
    return pd.concat(parts, ignore_index=True)[columns]


def bound_columns(settings: Settings) -> list[str]:
    """bas_80, haut_80, bas_95, haut_95 for the levels asked."""
    return [f"{side}_{level}" for level in sorted(settings.levels) for side in ("bas", "haut")]


def bounds(quantiles: np.ndarray, settings: Settings) -> dict[str, np.ndarray]:
    """Rows of quantiles as named bounds."""
    widest = sorted(settings.levels, reverse=True)
    low = {f"bas_{level}": quantiles[i] for i, level in enumerate(widest)}
    return low | {f"haut_{level}": quantiles[-1 - i] for i, level in enumerate(widest)}


def _block(serie: SerieRuns, run: Run, settings: Settings) -> pd.DataFrame:
    actual = serie.actual(run)
    seen = np.isfinite(actual)
    models = {menu.COMBINED: run.combined} | dict(run.others) | dict(run.members)
    stacked = np.concatenate([q[:, seen] for q in models.values()], axis=1)
    count = int(seen.sum())
    steps = np.flatnonzero(seen)
    return pd.DataFrame(
        {
            "serie": serie.history.serie,
            "origine": serie.months[run.n - 1],
            "mois": np.tile(serie.months[run.n + steps], len(models)),
            "horizon": np.tile(steps + 1, len(models)),
            "modele": np.repeat(list(models), count),
            "valeur": stacked[settings.middle],
            "reel": np.tile(actual[seen], len(models)),
            **bounds(stacked, settings),
            "echelle": run.scale,
        }
    )


def _dtype(column: str) -> str:
    if column in ("serie", "modele"):
        return "str"
    if column in ("origine", "mois"):
        return "datetime64[us]"
    return "int64" if column == "horizon" else "float64"
