"""What the next twelve months owe to the level, the season, the working days and each event, against the last twelve.

The effect of working days and of events on a month is known once estimated: month by month its amount is exact, shared
between effects of the same month by the logarithmic mean (Ang, 2004: nothing is left over). What they do not explain
is the level and its trend; the season weighs once on each side of a whole year and cancels. The split of each month
between trend and season, for the eye, is an STL decomposition: an estimate.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd
from statsmodels.tsa.seasonal import STL

from analytics.predictive.calendar import WORKING_DAYS, build_regressors, check_events

YEAR = 12
TREND, SEASON, DAYS, EVENTS, ABERRANT = "Niveau et tendance", "Saison", "Jours ouvrés", "Événements", "Mois aberrants"
_ABERRANT = re.compile(r"^mois aberrant \((\d{4}-\d{2})\)$")
_ONE_MONTH = re.compile(r" \(\d{4}-\d{2}\)$")
_LEAST = 3 * YEAR
_SHOWN = 2 * YEAR


@dataclass(frozen=True)
class Parts:
    """Where the change between the last twelve months and the next twelve comes from.

    Attributes
    ----------
    table : pandas.DataFrame
        composante, derniers, prochains (EUR of the effect in each year; NaN for the trend and the season),
        contribution (EUR, sums to the change exactly), nature ("exact", "hypothèse" or "ce qui reste").
    profile : pandas.DataFrame
        mois, composante (trend, season, working days, events), valeur (0.05 = +5 %); empty when the history is too
        short to tell trend and season apart.
    derniers, prochains : float
        Sums of the two years (EUR).
    raison : str
        Why there is nothing, in French; empty otherwise.
    """

    table: pd.DataFrame
    profile: pd.DataFrame
    derniers: float
    prochains: float
    raison: str = ""


def explain_change(
    history: pd.DataFrame, ahead: pd.DataFrame, effects: pd.DataFrame, *, serie: str,
    events: pd.DataFrame | None = None, calendar: str | None = "FR",
) -> Parts:  # fmt: skip
    """Share the change of one series between its components.

    Parameters
    ----------
    history, ahead : pandas.DataFrame
        mois, valeur: the complete months, then the forecast.
    effects : pandas.DataFrame
        Rows of the series, as `Forecast.effects`.
    serie : str
        Name of the series.
    events, calendar
        As they were given to :func:`analytics.predictive.forecast`.
    """
    known = history.set_index("mois")["valeur"].asfreq("MS")
    coming = ahead.set_index("mois")["valeur"].head(YEAR)
    reason = _refusal(known, coming)
    if reason:
        return Parts(pd.DataFrame(), pd.DataFrame(), np.nan, np.nan, reason)
    values = pd.concat([known, coming])
    sizes, kinds = _monthly(values.index, len(known), effects, serie, events, calendar)
    log = bool(effects.loc[effects["retenu"], "variation"].notna().any())
    amounts = _amounts(values.to_numpy(), sizes, log, float(known.abs().mean()))
    last, after = values.iloc[-2 * YEAR : -YEAR].sum(), values.iloc[-YEAR:].sum()
    table = _table(amounts, kinds, float(after - last))
    return Parts(table, _profile(values, sizes, log, float(known.abs().mean())), float(last), float(after))


def _refusal(known: pd.Series, coming: pd.Series) -> str:
    if len(coming) < YEAR or len(known) < YEAR:
        return "il faut douze mois connus et douze mois prévus"
    if known.iloc[-YEAR:].isna().any() or coming.isna().any():
        return "un des douze derniers mois manque"
    return ""


def _monthly(
    months: pd.DatetimeIndex, n: int, effects: pd.DataFrame, serie: str, events: pd.DataFrame | None,
    calendar: str | None,
) -> tuple[pd.DataFrame, dict[str, str]]:  # fmt: skip
    """Size of each kept effect by month (months × components), and what each component is."""
    regressors = build_regressors(months, n, serie, events=check_events(events), calendar=calendar)
    columns = {r.name: r.column for r in regressors}
    sizes, kinds = {}, {}
    for effect in effects[effects["retenu"] & effects["beta"].notna()].itertuples():
        aberrant = _ABERRANT.match(effect.effet)
        if aberrant:
            name, column = ABERRANT, (months == pd.Timestamp(aberrant[1])).astype(float)
        elif effect.effet in columns:
            column = columns[effect.effet]
            name = DAYS if effect.effet == WORKING_DAYS else _ONE_MONTH.sub("", effect.effet)
        else:
            continue
        sizes[name] = sizes.get(name, 0.0) + effect.beta * column
        kinds[name] = "hypothèse" if effect.raison == "effet donné" else "exact"
    return pd.DataFrame(sizes, index=months), kinds


def _amounts(values: np.ndarray, sizes: pd.DataFrame, log: bool, scale: float) -> pd.DataFrame:
    """EUR that each effect adds to each month; their sum is the month less what it would be without any."""
    if not log or sizes.empty:
        return sizes * scale
    total = sizes.sum(axis=1).to_numpy()
    safe = np.where(np.abs(total) > 1e-12, total, 1.0)
    mean = np.where(np.abs(total) > 1e-12, -np.expm1(-total) / safe, 1.0)
    return sizes.mul(values * mean, axis=0)


def _table(amounts: pd.DataFrame, kinds: dict[str, str], change: float) -> pd.DataFrame:
    last, after = amounts.iloc[-2 * YEAR : -YEAR].sum(), amounts.iloc[-YEAR:].sum()
    names = [n for n in amounts.columns if last[n] or after[n]]
    names.sort(key=lambda n: (n != DAYS, n == ABERRANT))
    rows = [(n, last[n], after[n], after[n] - last[n], kinds[n]) for n in names]
    rest = change - sum(row[3] for row in rows)
    head = [(TREND, np.nan, np.nan, rest, "ce qui reste"), (SEASON, np.nan, np.nan, 0.0, "exact")]
    columns = ["composante", "derniers", "prochains", "contribution", "nature"]
    return pd.DataFrame([*head, *rows], columns=columns)


def _profile(values: pd.Series, sizes: pd.DataFrame, log: bool, scale: float) -> pd.DataFrame:
    """Each month as a trend, a season, working days and events, around the mean level of the last known year."""
    known = values.interpolate().to_numpy()
    effect = sizes.sum(axis=1).to_numpy() if sizes.shape[1] else np.zeros(len(known))
    clean = known * np.exp(-effect) if log else known - effect * scale
    if len(known) < _LEAST + YEAR or not (clean > 0).all():
        return pd.DataFrame()
    found = STL(np.log(clean), period=YEAR, robust=True).fit()
    trend = np.exp(found.trend)
    level = trend[-2 * YEAR : -YEAR].mean()
    days = sizes[DAYS].to_numpy() if DAYS in sizes else np.zeros(len(known))
    told = {TREND: trend / level - 1, SEASON: np.expm1(found.seasonal)}
    told |= {name: np.expm1(e) if log else e * scale / level for name, e in ((DAYS, days), (EVENTS, effect - days))}
    parts = [pd.DataFrame({"mois": values.index, "composante": n, "valeur": v}) for n, v in told.items() if v.any()]
    return pd.concat([p.tail(_SHOWN + YEAR) for p in parts], ignore_index=True)
