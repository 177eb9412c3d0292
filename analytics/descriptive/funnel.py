"""Funnel plot: which groups differ from the whole by more than their size explains.

A small group varies more than a large one: its control limits are wider. Limits are the exact quantiles of a Poisson
count (interpolated), amounts being counted in the unit that gives them the variance seen from month to month. When the
groups differ among themselves by more than that (over-dispersion), the limits are widened.

References
----------
Spiegelhalter D.J. (2005), Funnel plots for comparing institutional performance, Statistics in Medicine 24, 1185-1202:
limits at 95 and 99,8 %, exact limits of discrete laws (appendix A.1), over-dispersion factor and its test (§ 3.4).
Spiegelhalter D.J. (2005), Handling over-dispersion of performance indicators, Quality and Safety in Health Care 14,
347-351: scores winsorised at 10 % so that the outliers looked for do not hide themselves.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy import stats

from analytics.descriptive.indicator import compute_indicator
from analytics.descriptive.regroup import regroup
from analytics.descriptive.standardise import UNKNOWN, Standardised, estimate_dispersion, known_cells
from analytics.errors import InsufficientData, ParameterError
from analytics.indicators import get_indicator
from analytics.schema import Dataset, Selection

LEVELS = {"95": 0.95, "998": 0.998}
INSIDE, NEAR, FAR = "dans les limites", "hors des limites à 95 %", "hors des limites à 99,8 %"
WINSOR = 0.10
#: Under this number of groups their own spread cannot be judged.
MIN_GROUPS = 5
CURVE_POINTS = 120


@dataclass(frozen=True)
class Funnel:
    """Groups against their control limits.

    Attributes
    ----------
    table : pandas.DataFrame
        `groupe`, `valeur`, `exposition`, `z` (gap to the target in standard deviations, over-dispersion included),
        `bas_95`, `haut_95`, `bas_998`, `haut_998`, `position` (:data:`INSIDE`, :data:`NEAR`, :data:`FAR`),
        `position_hasard` (the same without widening for over-dispersion), `sens` ("au-dessus", "au-dessous", "");
        farthest first.
    limits : pandas.DataFrame
        `exposition` and the same four limits, for the curves.
    target : float
        Rate of all the groups together.
    unit : float
        Variance of a numerator over its expectation before over-dispersion; 1 for counts.
    phi : float
        Variance of the groups over what `unit` alone would give, winsorised; NaN with fewer than five groups.
    overdispersed : bool
        Whether the limits were widened by √phi.
    raison : str
        What was left out for want of its amount, in French; empty when nothing was.
    """

    table: pd.DataFrame
    limits: pd.DataFrame
    target: float
    unit: float
    phi: float
    overdispersed: bool
    raison: str = ""


def funnel_of(
    dataset: Dataset, key: str, *, by: str, selection: Selection | None = None, equal: Standardised | None = None
) -> Funnel:
    """Funnel of an indicator by the values of a dimension.

    Parameters
    ----------
    dataset : Dataset
    key : str
        "consommation", "frequence" or any ratio whose numerator has a variance that grows with it.
    by : str
        Contract dimension of the groups.
    selection : Selection, optional
    equal : Standardised, optional
        The same indicator at equal structure: the exposure of a group is then the one that its expected figure would
        have in the whole, and its value the rate of the whole × observed ÷ expected.

    Raises
    ------
    ParameterError
        The indicator cannot be split so.
    InsufficientData
        As :func:`compute_funnel`.
    """
    named, indicator = regroup(dataset, by), get_indicator(key, dataset)
    monthly = compute_indicator(named, key, by=(by,), selection=selection)
    if not monthly["raison"].eq("").any():
        reason = monthly["raison"].iloc[0] if len(monthly) else "aucune valeur dans ce périmètre"
        raise ParameterError(f"{indicator.label} par groupe : {reason}.")
    if equal is not None:
        groups = equal.table.rename(columns={by: "groupe", "observe": "numerateur"})
        groups = groups.assign(denominateur=groups["attendu"] / equal.reference)
        left = groups.loc[groups["raison"].str.contains(UNKNOWN, regex=False), "groupe"]
        return replace(compute_funnel(groups, unit=equal.dispersion), raison=_left_out(left))
    monthly, unknown = known_cells(monthly, named, indicator, (by,), selection or Selection())
    counts = all(measure == "actes" for measure, _ in indicator.numerator)
    groups = monthly.groupby(by)[["numerateur", "denominateur"]].sum().rename_axis("groupe").reset_index()
    funnel = compute_funnel(groups, unit=estimate_dispersion(monthly, (by,), is_count=counts))
    return replace(funnel, raison=_left_out(unknown[by]))


def _left_out(groups: pd.Series) -> str:
    names = ", ".join(sorted(set(groups.astype("str"))))
    return f"{names} : {UNKNOWN}" if names else ""


def compute_funnel(groups: pd.DataFrame, *, unit: float = 1.0, consistent: bool = True) -> Funnel:
    """Control limits of a rate by size of group.

    Parameters
    ----------
    groups : pandas.DataFrame
        `groupe`, `numerateur`, `denominateur`; for a standardised rate, `denominateur` is the expected figure over the
        target. Groups without exposure are left out.
    unit : float
        See :func:`analytics.descriptive.standardise.estimate_dispersion`. NaN: not known, the spread of the groups
        alone makes the limits.
    consistent : bool
        Divide the winsorised factor by what it is worth for normal scores (0.68), so that the limits keep their
        promise; False gives the published one.

    Raises
    ------
    InsufficientData
        Fewer than two groups with an exposure, or no positive rate; without `unit`, fewer than five.
    """
    rows = groups[(groups["denominateur"] > 0) & groups["numerateur"].notna()]
    exposure = rows["denominateur"].to_numpy(dtype="float64")
    target = float(rows["numerateur"].sum() / exposure.sum()) if len(rows) else math.nan
    known = math.isfinite(unit) and unit > 0
    if len(rows) < (2 if known else MIN_GROUPS) or not target > 0:
        raise InsufficientData(
            "Trop peu de groupes pour les comparer.", remede="Choisissez une dimension qui a plus de valeurs."
        )
    value = rows["numerateur"].to_numpy(dtype="float64") / exposure
    within = unit if known else 1.0
    scores = (value - target) / np.sqrt(within * target / exposure)
    phi = overdispersion(scores, consistent=consistent) if len(rows) >= MIN_GROUPS else math.nan
    wide = phi > 1 + 2 * math.sqrt(2 / len(rows)) if known else True
    total = within * phi if wide else within
    bounds = control_limits(exposure, target, unit=total)
    table = pd.DataFrame({"groupe": rows["groupe"].to_numpy(), "valeur": value, "exposition": exposure})
    table["z"] = scores * math.sqrt(within / total)
    table = pd.concat([table, bounds.drop(columns="exposition")], axis=1)
    table["position"] = _positions(table)
    table["position_hasard"] = _positions(control_limits(exposure, target, unit=within).assign(valeur=value))
    table["sens"] = np.where(table["valeur"] > target, "au-dessus", "au-dessous")
    table["sens"] = table["sens"].where(table["position"] != INSIDE, "")
    order = table["z"].abs().sort_values(ascending=False, kind="stable").index
    curve = np.geomspace(exposure.min() * 0.8, exposure.max() * 1.1, CURVE_POINTS)
    limits = control_limits(curve, target, unit=total)
    return Funnel(table.loc[order].reset_index(drop=True), limits, target, within if known else math.nan, phi, wide)


def control_limits(exposure: np.ndarray, target: float, *, unit: float = 1.0) -> pd.DataFrame:
    """Limits of a rate by exposure: `exposition`, `bas_95`, `haut_95`, `bas_998`, `haut_998`.

    Parameters
    ----------
    exposure : numpy.ndarray
        Denominators, positive.
    target : float
        Rate expected.
    unit : float
        Variance over expectation: the numerator counted in this unit is a Poisson count.
    """
    mean = np.asarray(exposure, dtype="float64") * target / unit
    limits = {"exposition": np.asarray(exposure, dtype="float64")}
    for name, level in LEVELS.items():
        for side, part in (("bas", (1 - level) / 2), ("haut", (1 + level) / 2)):
            limits[f"{side}_{name}"] = poisson_quantile(mean, part) * target / mean
    return pd.DataFrame(limits)


def poisson_quantile(mean: np.ndarray, part: float) -> np.ndarray:
    """Quantile of a Poisson law made continuous by interpolation: r − (F(r) − p) ÷ (F(r) − F(r − 1)), never negative.

    Parameters
    ----------
    mean : numpy.ndarray
    part : float
        Probability below.
    """
    whole = stats.poisson.ppf(part, mean)
    above, below = stats.poisson.cdf(whole, mean), stats.poisson.cdf(whole - 1, mean)
    return np.clip(whole - (above - part) / (above - below), 0.0, None)


def overdispersion(scores: np.ndarray, *, winsor: float = WINSOR, consistent: bool = True) -> float:
    """Mean square of the scores, their tails brought back to the quantiles `winsor` and 1 − `winsor`.

    Parameters
    ----------
    scores : numpy.ndarray
        Standardised gaps to the target.
    winsor : float
        Share of the groups brought back on each side.
    consistent : bool
        Divide by the value of that mean square for normal scores.
    """
    low, high = np.quantile(scores, [winsor, 1 - winsor])
    phi = float(np.mean(np.clip(scores, low, high) ** 2))
    return phi / _normal_share(winsor) if consistent else phi


def _normal_share(winsor: float) -> float:
    """Mean square of a standard normal winsorised on both sides."""
    cut = float(stats.norm.ppf(1 - winsor))
    return (1 - 2 * winsor) - 2 * cut * float(stats.norm.pdf(cut)) + 2 * winsor * cut**2


def _positions(table: pd.DataFrame) -> pd.Series:
    out = {name: ~table["valeur"].between(table[f"bas_{name}"], table[f"haut_{name}"]) for name in LEVELS}
    return pd.Series(np.select([out["998"], out["95"]], [FAR, NEAR], INSIDE), index=table.index)
