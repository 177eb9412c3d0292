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
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy import stats

from analytics.descriptive.indicator import compute_indicator
from analytics.descriptive.regroup import regroup
from analytics.descriptive.standardise import (
    UNKNOWN,
    Standardised,
    estimate_dispersion,
    known_cells,
    sum_over_months,
)
from analytics.errors import InsufficientData, ParameterError
from analytics.indicators import get_indicator
from analytics.schema import Dataset, Selection

LEVELS = {"95": 0.95, "998": 0.998}
_SIDES = (("bas", -1), ("haut", 1))
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
    if equal is not None:
        groups = equal.table.rename(columns={by: "groupe", "observe": "numerateur"})
        groups = groups.assign(denominateur=groups["attendu"] / equal.reference)
        left = [g for g, reason in zip(groups["groupe"], groups["raison"], strict=True) if UNKNOWN in reason]
        return replace(compute_funnel(groups, unit=equal.dispersion), raison=_left_out(left, by, dataset))
    named, indicator = regroup(dataset, by), get_indicator(key, dataset)
    monthly = compute_indicator(named, key, by=(by,), selection=selection)
    if "" not in set(monthly["raison"]):
        reason = monthly["raison"].iloc[0] if len(monthly) else "aucune valeur dans ce périmètre"
        raise ParameterError(f"{indicator.label} par groupe : {reason}.")
    monthly, unknown = known_cells(monthly, named, indicator, (by,), selection or Selection())
    counts = all(measure == "actes" for measure, _ in indicator.numerator)
    groups = sum_over_months(monthly, (by,)).rename(columns={by: "groupe"})
    funnel = compute_funnel(groups, unit=estimate_dispersion(monthly, (by,), is_count=counts))
    return replace(funnel, raison=_left_out(unknown[by], by, dataset))


def _left_out(groups: Iterable[str], by: str, dataset: Dataset) -> str:
    names = ", ".join(sorted({dataset.value_label(by, g) for g in groups}))
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
    curve = np.geomspace(exposure.min() * 0.8, exposure.max() * 1.1, CURVE_POINTS)
    both = _limits(np.concatenate([exposure, curve]), target, unit=total)
    bounds, limits = ({name: v[part] for name, v in both.items()} for part in
                      (slice(len(rows)), slice(len(rows), None)))  # fmt: skip
    alone = bounds if total == within else _limits(exposure, target, unit=within)
    z, position = scores * math.sqrt(within / total), _positions(value, bounds)
    table = pd.DataFrame({
        "groupe": rows["groupe"].to_numpy(), "valeur": value, "exposition": exposure, "z": z, **bounds,
        "position": position, "position_hasard": _positions(value, alone),
        "sens": np.where(position == INSIDE, "", np.where(value > target, "au-dessus", "au-dessous")),
    })  # fmt: skip
    table = table.iloc[np.argsort(-np.abs(z), kind="stable")].reset_index(drop=True)
    curves = pd.DataFrame({"exposition": curve, **limits})
    return Funnel(table, curves, target, within if known else math.nan, phi, wide)


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
    sizes = np.asarray(exposure, dtype="float64")
    return pd.DataFrame({"exposition": sizes, **_limits(sizes, target, unit=unit)})


def _limits(exposure: np.ndarray, target: float, *, unit: float) -> dict[str, np.ndarray]:
    mean = exposure * target / unit
    names, parts = zip(
        *((f"{side}_{name}", (1 + sign * level) / 2) for name, level in LEVELS.items() for side, sign in _SIDES),
        strict=True,
    )
    return dict(zip(names, poisson_quantile(mean, np.array(parts)[:, None]) * target / mean, strict=True))


def poisson_quantile(mean: np.ndarray, part: float | np.ndarray) -> np.ndarray:
    """Quantile of a Poisson law made continuous by interpolation: r − (F(r) − p) ÷ (F(r) − F(r − 1)), never negative.

    Parameters
    ----------
    mean : numpy.ndarray
    part : float or numpy.ndarray
        Probability below; an array is spread over the means as numpy does.
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


def _positions(value: np.ndarray, bounds: Mapping[str, np.ndarray]) -> np.ndarray:
    far, near = (~((value >= bounds[f"bas_{name}"]) & (value <= bounds[f"haut_{name}"])) for name in ("998", "95"))
    return np.select([far, near], [FAR, NEAR], INSIDE)
