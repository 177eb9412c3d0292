"""What a forecast says of the year: where it should end (atterrissage), how that moved, how right it used to be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from analytics.constat import Sentence
from analytics.french import format_euros, format_month, format_percent
from analytics.predictive.forecast import forecast
from analytics.predictive.joint import DRAWS, SEED, draw, error_rows
from analytics.predictive.menu import COMBINED
from analytics.predictive.reconciliation import WHOLE
from analytics.uncertainty import pooled_error

YEAR = 12
TAILS = (0.10, 0.90)
#: Origins of the backtest behind the bounds of each past landing: fewer, because it is done again every month.
REFRESH_ORIGINS = 6


@dataclass(frozen=True)
class Landing:
    """Where a calendar year should end.

    Attributes
    ----------
    annee : int
    connu : float
        Sum of the complete months (EUR), those that are still an estimate included.
    mois_connus : int
    estime : float
        Part of `connu` that is still an estimate: months not wholly paid, completed.
    mois_estimes : int
    prevu : float
        Sum of the months ahead.
    mois_prevus : int
    total : float
        connu + prevu.
    bas_80, haut_80 : float
        Range of the total, 8 chances out of 10; NaN when the forecast has no bounds.
    tirages : numpy.ndarray
        Possible totals of the year, whose mean is `total`.
    """

    annee: int
    connu: float
    mois_connus: int
    total: float
    bas_80: float
    haut_80: float
    estime: float = 0.0
    mois_estimes: int = 0
    prevu: float = 0.0
    mois_prevus: int = 0
    tirages: np.ndarray = field(default_factory=lambda: np.empty(0), repr=False)


def land(
    history: pd.DataFrame, ahead: pd.DataFrame, *, rows: pd.DataFrame | None = None, errors: pd.DataFrame | None = None,
    draws: int = DRAWS, seed: int = SEED,
) -> Landing | None:  # fmt: skip
    """Landing of the year of the first month ahead.

    Parameters
    ----------
    history : pandas.DataFrame
        mois, valeur of the complete months.
    ahead : pandas.DataFrame
        mois, valeur, bas_80, haut_80.
    rows : pandas.DataFrame, optional
        Past errors (:func:`analytics.predictive.joint.error_rows`): how they last from a month to the next.
    errors : pandas.DataFrame, optional
        mois, se (EUR): standard error of the months of `history` that are still an estimate.
    draws, seed : int
        As in :func:`analytics.predictive.joint.draw`.

    Returns
    -------
    Landing or None
        None when known and forecast months together do not make a whole year.
    """
    year = int(ahead["mois"].iloc[0].year)
    known = history[history["mois"].dt.year == year]
    rest = ahead[ahead["mois"].dt.year == year]
    if len(known) + len(rest) != YEAR or known["valeur"].isna().any():
        return None
    futures = draw(rest, pd.DataFrame() if rows is None else rows, draws=draws, seed=seed)
    estimated, spread = _estimated(known, errors)
    base, coming = float(known["valeur"].sum()), float(rest["valeur"].sum())
    totals = base + futures.values.sum(axis=1) + spread * _centred(draws, seed)
    low, high = np.quantile(totals, TAILS) if np.isfinite(totals).all() else (np.nan, np.nan)
    return Landing(
        year, base, len(known), base + coming, float(low), float(high), float(estimated.sum()), len(estimated),
        coming, len(rest), totals,
    )  # fmt: skip


def _estimated(known: pd.DataFrame, errors: pd.DataFrame | None) -> tuple[np.ndarray, float]:
    """Amounts of the months that are still an estimate, and the standard error of their sum."""
    if errors is None or known.empty:
        return np.empty(0), 0.0
    error = known["mois"].map(errors.set_index("mois")["se"]).to_numpy(dtype=float)
    doubtful = error > 0
    spread = pooled_error(float(error[doubtful].sum()), float((error[doubtful] ** 2).sum()))
    return known["valeur"].to_numpy(dtype=float)[doubtful], float(spread)


def _centred(draws: int, seed: int) -> np.ndarray:
    """Normal draws of mean zero, apart from those of the months ahead."""
    values = np.random.default_rng((seed, 1)).standard_normal(draws)
    return values - values.mean()


def past_landings(frame: pd.DataFrame, backtest: pd.DataFrame) -> pd.DataFrame:
    """What each past origin said of its year, beside how that year ended.

    Parameters
    ----------
    frame : pandas.DataFrame
        serie, mois, valeur: the histories.
    backtest : pandas.DataFrame
        As :class:`analytics.predictive.forecast.Forecast` gives it; only what was known at each origin is used.

    Returns
    -------
    pandas.DataFrame
        serie, origine, annee, mois_prevus, total, bas_80, haut_80, reel, dedans: one row by series and origin whose
        year is wholly known today.
    """
    found = []
    middle = backtest[backtest["modele"] == COMBINED]
    for (name, origin), ahead in middle.groupby(["serie", "origine"], observed=True, sort=False):
        own = frame[(frame["serie"] == name) & (frame["mois"] <= origin)]
        landing = land(own, ahead, rows=error_rows(backtest, name, until=origin))
        if landing is None or np.isnan(landing.bas_80):
            continue
        actual = landing.connu + float(ahead.loc[ahead["mois"].dt.year == landing.annee, "reel"].sum())
        found.append(
            (name, origin, landing.annee, landing.mois_prevus, landing.total, landing.bas_80, landing.haut_80, actual)
        )
    columns = ["serie", "origine", "annee", "mois_prevus", "total", "bas_80", "haut_80", "reel"]
    table = pd.DataFrame(found, columns=columns)
    return table.assign(dedans=table["reel"].between(table["bas_80"], table["haut_80"]))


def refresh_landings(
    history: pd.DataFrame,
    year: int,
    *,
    serie: str = WHOLE,
    progress: Callable[[float, str], None] | None = None,
    **options: Any,
) -> pd.DataFrame:
    """What would have been said of a year, month after month, with the months known by then.

    Parameters
    ----------
    history : pandas.DataFrame
        mois, valeur of the complete months, as known today.
    year : int
        Year whose end is asked.
    serie : str
        Name of the series: events may touch one only.
    progress : callable, optional
        Called with the share done and a French sentence.
    **options
        Given to :func:`analytics.predictive.forecast.forecast`: events, calendar, mode… An event whose effect is
        supposed (`effet`) is left out: what is supposed of it today was not known then.

    Returns
    -------
    pandas.DataFrame
        mois (last known month: from December before the year to the one before the last known), total, bas_80,
        haut_80. Empty when no such month has a year of history before it.
    """
    start, last = pd.Timestamp(year - 1, 12, 1), history["mois"].max()
    dates = [m for m in pd.date_range(start, last, freq="MS") if m < last and (history["mois"] <= m).sum() >= YEAR]
    found, options = [], _without_supposed(options)
    for rank, month in enumerate(dates):
        if progress is not None:
            progress(rank / len(dates), f"{year} vu à fin {format_month(month, short=False)}")
        then = history[history["mois"] <= month]
        options_then = {"horizon": YEAR, "prophet": False, "n_origins": REFRESH_ORIGINS} | options
        told = forecast(then.assign(serie=serie), **options_then)
        landing = land(then, told.table, rows=error_rows(told.backtest, serie))
        if landing is not None:
            found.append((month, landing.total, landing.bas_80, landing.haut_80))
    if progress is not None:
        progress(1.0, "Prévisions passées refaites")
    return pd.DataFrame(found, columns=["mois", "total", "bas_80", "haut_80"])


def _without_supposed(options: dict[str, Any]) -> dict[str, Any]:
    events = options.get("events")
    if events is None or "effet" not in events:
        return options
    return options | {"events": events[events["effet"].isna()].reset_index(drop=True)}


def describe_past(past: pd.DataFrame) -> str:
    """How often the range of a past landing held the year, in one French sentence; empty without any."""
    if past.empty:
        return ""
    inside, count = int(past["dedans"].sum()), len(past)
    error = format_percent(float((past["total"] / past["reel"] - 1).abs().mean()))
    plural = "s" if count > 1 else ""
    return (
        f"Sur le passé : {count} atterrissage{plural} refait{plural} avec ce que l’on savait alors, {inside} dans la "
        f"fourchette (8 sur 10 attendus) ; écart moyen {error}."
    )


def describe_ahead(history: pd.DataFrame, ahead: pd.DataFrame, *, subject: str, measure: str) -> Sentence:
    """The sum of the months ahead beside that of as many known months, in one French sentence.

    Parameters
    ----------
    history, ahead : pandas.DataFrame
        mois, valeur.
    subject, measure : str
        Perimeter and measure, in French.
    """
    months = len(ahead)
    coming = format_euros(float(ahead["valeur"].sum()))
    text = f"{subject} : {coming} de {measure} attendus sur les {months} prochains mois"
    past = float(history["valeur"].tail(months).sum(min_count=months))
    if not past > 0:
        return Sentence(f"{text}.", (coming,))
    known, change = format_euros(past), format_percent(float(ahead["valeur"].sum()) / past - 1, signed=True)
    text += f", contre {known} sur les {months} derniers mois connus ({change})."
    return Sentence(text, (coming, known, change))
