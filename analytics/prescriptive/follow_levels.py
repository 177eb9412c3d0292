"""Levels expected and observed over some months of a year, and whether the effect expected is there."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from analytics.french import format_gap, format_number, format_value, is_missing
from analytics.prescriptive.follow_record import LEVELS, SUIVIS, YEAR, Engagement
from analytics.verdict import Reponse, Verdict

COLUMNS = ("indicateur", "attendu", "bas", "haut", "rien", "rien_bas", "rien_haut", "observe", "ecart", "reponse",
           "raison")  # fmt: skip
#: Months under which nothing is concluded.
MIN_MONTHS = 3
UNKNOWN: Reponse = "on ne peut pas dire"
FLOWS = ("resultat", "cotisation", "prestation")
TOO_SHORT = f"Il faut au moins {MIN_MONTHS} mois observés."
SAME_AS_IDLE = "Sans rien faire, on aurait pu observer la même chose."
#: Which indicator answers first.
ORDER = ("resultat", "pc", "cotisation", "prestation", "effectif")


def compare_levels(
    engagement: Engagement,
    expected: Mapping[str, float],
    observed: Mapping[str, float],
    months: int,
    missing: Mapping[str, str],
) -> pd.DataFrame:
    """Each indicator over the months observed.

    Parameters
    ----------
    engagement : Engagement
    expected, observed : mapping of str to float
        Levels over these months.
    months : int
        Months observed, 1 to 12.
    missing : mapping of str to str
        Why an indicator has no observed value.

    Returns
    -------
    pandas.DataFrame
        :data:`COLUMNS`.

    Notes
    -----
    The interval of the year is carried to n months as if months were independent: an amount has √(n/12) of its width, a
    ratio √(12/n) of it, heads all of it. It is wider than what a drift common to every month would give.
    """
    rows = [
        _compare(key, engagement.level(key), expected.get(key, np.nan), observed.get(key, np.nan), months,
                 missing.get(key, ""))
        for key in SUIVIS
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _compare(
    key: str, year: Mapping[str, float], expected: float, observed: float, months: int, reason: str
) -> tuple[object, ...]:
    if is_missing(expected) or reason:
        return key, *(np.nan,) * 8, UNKNOWN, reason or "La décision ne dit pas ce qu’elle en attendait."
    part = months / YEAR
    width, shift = {True: (np.sqrt(part), part), False: (1 / np.sqrt(part), 1.0)}[key in FLOWS]
    if key == "effectif":
        width = 1.0
    low, high = _around(expected, year, LEVELS[:3], width)
    idle = expected + shift * (year["rien"] - year["valeur"])
    idle_low, idle_high = _around(idle, year, LEVELS[3:], width)
    levels = (expected, low, high, idle, idle_low, idle_high, observed, observed - expected)
    answer, why = _judge(observed, (low, high), (idle_low, idle_high), better=SUIVIS[key][2], months=months)
    return key, *levels, answer, why


def _around(centre: float, year: Mapping[str, float], names: tuple[str, ...], width: float) -> tuple[float, float]:
    value, low, high = (year[n] for n in names)
    return centre - width * max(value - low, 0.0), centre + width * max(high - value, 0.0)


def _judge(
    observed: float, span: tuple[float, float], idle: tuple[float, float], *, better: bool, months: int
) -> tuple[Reponse, str]:
    """Is the effect expected there: on the good side of the interval, and not where doing nothing could have led."""
    if is_missing(observed) or any(map(is_missing, span)):
        return UNKNOWN, "La valeur observée ou l’intervalle attendu n’est pas connu."
    if months < MIN_MONTHS:
        return UNKNOWN, TOO_SHORT
    low, high = span
    if observed < low if better else observed > high:
        return "non", ""
    if idle != span and idle[0] <= observed <= idle[1]:
        return UNKNOWN, SAME_AS_IDLE
    return "oui", ""


def judge_whole(levels: pd.DataFrame, period: str, months: int) -> Verdict:
    """« L’effet attendu est-il là ? », on the first indicator of :data:`ORDER` that has a value.

    Parameters
    ----------
    levels : pandas.DataFrame
        From :func:`compare_levels`.
    period : str
        French.
    months : int
    """
    known = levels.set_index("indicateur")
    key = next((k for k in ORDER if not is_missing(known.loc[k, "observe"])), None)
    if key is None:
        return Verdict(UNKNOWN, np.nan, np.nan, f"On ne peut pas dire : {known.loc[ORDER[0], 'raison']}")
    row, (label, unit, _) = known.loc[key], SUIVIS[key]
    observed, expected, low, high = (format_value(row[c], unit) for c in ("observe", "attendu", "bas", "haut"))
    start = {"oui": "Oui", "non": "Non", UNKNOWN: "On ne peut pas dire"}[row["reponse"]]
    name = label[:1].lower() + label[1:]
    told = (
        f"{start}, sur {_count(months)} ({period}) : {name} {observed} pour {expected} attendu "
        f"(de {low} à {high}, 8 fois sur 10), écart {format_gap(row['ecart'], unit)}."
    )
    reason = f" {row['raison']}" if row["raison"] else ""
    half = (row["attendu"] - row["bas"]) if (row["ecart"] < 0) else (row["haut"] - row["attendu"])
    score = float(row["ecart"] / half) if half > 0 else np.nan
    return Verdict(row["reponse"], score, np.nan, told + reason)


def _count(months: int) -> str:
    return f"{format_number(months)} mois observé{'s' if months > 1 else ''}"
