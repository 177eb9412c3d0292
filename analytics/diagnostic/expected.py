"""What each cell of a period should have cost: as a year before, for its premiums, or as its past announced it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import norm

from analytics.diagnostic.robust import weighted_median
from analytics.errors import InsufficientData
from analytics.predictive.reconciliation import WHOLE
from analytics.schema import Selection

#: Months from which a forecast is made at least, and months over which it is shared out between cells.
MIN_HISTORY, SHARE_MONTHS = 36, 12
#: Risk of calling abnormal one part of a forecast that is not, all parts together.
RISK = 0.05
_MAX_VALUES = 60


@dataclass(frozen=True)
class Expectation:
    """Actual and expected amounts of the cells of a period.

    Attributes
    ----------
    frame : pandas.DataFrame
        keys…, reel, attendu (EUR), poids (actes of the period and those that `attendu` stands for, when the
        file counts them).
    reference : float
        Amount that the whole is compared with (EUR).
    genre : str
        Why the expected amounts do not sum to `reference`: "effectif" (people covered), "composition" (premiums),
        "marge" (error of the forecast).
    """

    frame: pd.DataFrame
    reference: float
    genre: str

    @property
    def ajustement(self) -> float:
        """Sum of the expected amounts, less the reference."""
        return float(self.frame["attendu"].sum()) - self.reference


@dataclass(frozen=True)
class Announced:
    """Forecast of a whole period, made before it.

    Attributes
    ----------
    parts : pandas.DataFrame
        valeur (value of `by`, or the name of the whole), attendu, bas, haut (EUR over the period; NaN bounds when there
        is no honest one), at a level where one part in all is outside by chance five times in a hundred.
    by : str or None
        Dimension of the parts; None when the perimeter was forecast as one.
    """

    parts: pd.DataFrame
    by: str | None


def expect_like_before(leaves: pd.DataFrame, cell: Sequence[str] | None = None) -> Expectation:
    """The amount of before, for the people that each cell covers now.

    Parameters
    ----------
    leaves : pandas.DataFrame
        keys…, prestation, prestation_avant, and beneficiaires, actes with their _avant when known.
    cell : sequence of str, optional
        Keys that carry the people, repeated on every leaf of their cell; None when the file does not count them.
    """
    wanted = _follow_people(leaves, cell)
    return Expectation(_frame(leaves, wanted), float(_before(leaves).sum()), "effectif")


def expect_for_premiums(leaves: pd.DataFrame, cell: Sequence[str], premiums: tuple[float, float]) -> Expectation:
    """The amount that leaves the P/C ratio of each cell where it was: d = P − R·C, in euros, never a mean of ratios.

    Parameters
    ----------
    leaves : pandas.DataFrame
        keys…, prestation, cotisation and the same with _avant; a premium is repeated on every leaf of its cell, whose
        leaves then share it as they shared its prestations before.
    cell : sequence of str
        Keys that carry the premium.
    premiums : tuple of float
        Premiums of the whole, before and now (EUR): the reference is the ratio of the whole times those of now.

    Raises
    ------
    InsufficientData
        No premium in one of the periods: there is no ratio.
    """
    if not min(premiums) > 0 or "cotisation" not in leaves.columns:
        raise InsufficientData(
            "Le ratio P/C n’a pas de valeur : une des deux périodes n’a pas de cotisation.",
            remede="Choisissez deux périodes avec des cotisations.",
        )
    then, now = (leaves[c].to_numpy(float) for c in ("cotisation_avant", "cotisation"))
    wanted = _follow(leaves, _Exposure.of(leaves, cell, then, now), gone=True)
    reference = float(_before(leaves).sum()) * premiums[1] / premiums[0]
    return Expectation(_frame(leaves, wanted), reference, "composition")


def expect_forecast(leaves: pd.DataFrame, announced: Announced, cell: Sequence[str] | None = None) -> Expectation:
    """The forecast of each part, shared between its leaves as the year before shared it, then freed of its own error.

    A part whose whole stays within the bounds of its forecast is not abnormal: its expected amounts follow what is
    common to its cells (a median, that one cause does not move). One that leaves them keeps its forecast.

    Parameters
    ----------
    leaves : pandas.DataFrame
        As in `expect_like_before`, the _avant columns being those of the twelve months before the period.
    announced : Announced
        The forecast.
    cell : sequence of str, optional
        Keys that carry the people covered.
    """
    attendu = share_out(leaves, announced, cell)
    frame = _frame(leaves, attendu)
    frame["attendu"] = attendu * _common_ratio(frame, announced)
    return Expectation(frame, float(announced.parts["attendu"].sum()), "marge")


def share_out(leaves: pd.DataFrame, announced: Announced, cell: Sequence[str] | None = None) -> np.ndarray:
    """Forecast of each leaf (EUR): those of a part sum to the forecast of the part.

    Each leaf has its share of the twelve months before, times the growth of the people it covers.
    """
    weight = np.maximum(_follow_people(leaves, cell), 0.0)
    part, totals = _parts(leaves, announced)
    sums, counts = np.bincount(part, weight, len(totals)), np.bincount(part, minlength=len(totals))
    # A part that had nothing is shared evenly: nothing says otherwise.
    even = np.divide(1.0, counts, out=np.zeros(len(totals)), where=counts > 0)
    share = np.divide(weight, sums[part], out=even[part], where=sums[part] > 0)
    return share * totals[part]


def announce(table: pd.DataFrame, selection: Selection, by: str | None, names: Mapping[str, str]) -> Announced:
    """The forecast of a period, by part.

    Parameters
    ----------
    table : pandas.DataFrame
        `Forecast.table`: serie, mois, valeur, bas_95, haut_95.
    selection : Selection
        The period.
    by : str or None
        Dimension of the parts.
    names : mapping of str to str
        Value of `by` of each series that is a part.

    Raises
    ------
    InsufficientData
        The forecast does not cover the whole period.
    """
    series = names if by is not None else {WHOLE: WHOLE}
    rows = table[table["mois"].between(selection.debut, selection.fin) & table["serie"].isin(list(series))]
    months = (selection.fin.year - selection.debut.year) * 12 + selection.fin.month - selection.debut.month + 1
    if len(rows) < months * len(series):
        raise InsufficientData("La prévision ne couvre pas toute la période.", remede="Choisissez une période finie.")
    sums = rows.groupby("serie", sort=False)[["valeur", "bas_95", "haut_95"]].agg(lambda c: c.sum(skipna=False))
    # Bounds of 95 % by part, made wider as there are several parts to be wrong on.
    wider = norm.ppf(1 - RISK / 2 / len(sums)) / norm.ppf(0.975)
    middle = sums["valeur"].to_numpy()
    low, high = (middle + wider * (sums[c].to_numpy() - middle) for c in ("bas_95", "haut_95"))
    values = [series[name] for name in sums.index]
    return Announced(pd.DataFrame({"valeur": values, "attendu": middle, "bas": low, "haut": high}), by)


def known_months(complete: pd.DatetimeIndex, selection: Selection) -> pd.DatetimeIndex:
    """Complete months before a period, those from which it is forecast.

    Raises
    ------
    InsufficientData
        Fewer than thirty-six.
    """
    months = complete[complete < selection.debut]
    if len(months) < MIN_HISTORY:
        raise InsufficientData(
            f"il faut {MIN_HISTORY} mois complets avant la période pour la prévoir ; il y en a {len(months)}"
        )
    return months


def _frame(leaves: pd.DataFrame, attendu: np.ndarray) -> pd.DataFrame:
    frame = leaves[_keys(leaves)].assign(reel=np.nan_to_num(leaves["prestation"].to_numpy(float)), attendu=attendu)
    if not {"actes", "actes_avant"} <= set(leaves.columns):
        return frame
    past = _before(leaves)
    scaled = np.divide(attendu, past, out=np.zeros(len(past)), where=past > 0)
    now, then = (np.nan_to_num(leaves[c].to_numpy(float)) for c in ("actes", "actes_avant"))
    return frame.assign(poids=now + then * scaled)


def _keys(leaves: pd.DataFrame) -> list[str]:
    measures = ("prestation", "actes", "beneficiaires", "cotisation")
    return [c for c in leaves.columns if c.removesuffix("_avant") not in measures]


def _before(leaves: pd.DataFrame) -> np.ndarray:
    return np.nan_to_num(leaves["prestation_avant"].to_numpy(float))


@dataclass(frozen=True)
class _Exposure:
    """What carries the amounts of each leaf (people, premiums), before and now: those of its cell, NaN when unknown."""

    cell: tuple[str, ...]
    code: np.ndarray
    then: np.ndarray
    now: np.ndarray

    @classmethod
    def of(cls, leaves: pd.DataFrame, cell: Sequence[str], then: np.ndarray, now: np.ndarray) -> _Exposure:
        """Read on any leaf of a cell: one without a row in a period still belongs to it."""
        code = leaves.groupby(list(cell), dropna=False, sort=False).ngroup().to_numpy() if cell else _zeros(leaves)
        largest = [pd.Series(v).groupby(code).max().to_numpy(float)[code] for v in (then, now)]
        return cls(tuple(cell), code, *largest)

    def totals(self) -> tuple[float, float]:
        """Each cell once."""
        first = np.unique(self.code, return_index=True)[1]
        return float(np.nansum(self.then[first])), float(np.nansum(self.now[first]))


def _follow_people(leaves: pd.DataFrame, cell: Sequence[str] | None) -> np.ndarray:
    if cell is None or "beneficiaires" not in leaves.columns:
        return _before(leaves)
    then, now = (leaves[c].to_numpy(float) for c in ("beneficiaires_avant", "beneficiaires"))
    return _follow(leaves, _Exposure.of(leaves, cell, then, now), gone=False)


def _follow(leaves: pd.DataFrame, exposure: _Exposure, *, gone: bool) -> np.ndarray:
    """Amounts of before at the exposure of now.

    A new cell takes the rate of the whole, shared between its leaves as the whole shared it; one whose exposure is not
    known follows the whole. One without exposure any more, or without claim either unless `gone`, expects nothing.
    """
    before, code, then, now = _before(leaves), exposure.code, exposure.then, exposure.now
    total_then, total_now = exposure.totals()
    if not (total_then > 0 and total_now > 0):
        return before
    silent = np.bincount(code, np.abs(np.nan_to_num(leaves["prestation"].to_numpy(float))))[code] == 0
    now = np.where(np.isnan(now) & (then > 0) & (silent | gone), 0.0, now)
    known = (then > 0) & np.isfinite(now)
    growth = np.divide(now, then, out=np.full(len(leaves), total_now / total_then), where=known)
    newly = ~(then > 0) & (now > 0)
    care = [k for k in _keys(leaves) if k not in exposure.cell]
    rate = float(before.sum()) / total_then
    return np.where(newly, rate * np.nan_to_num(now) * _share_like_whole(leaves, before, care, code), before * growth)


def _zeros(leaves: pd.DataFrame) -> np.ndarray:
    return np.zeros(len(leaves), dtype=np.intp)


def _share_like_whole(leaves: pd.DataFrame, before: np.ndarray, care: list[str], code: np.ndarray) -> np.ndarray:
    """Share of each leaf in its cell, were the cell like the whole."""
    part = leaves.groupby(care, dropna=False, sort=False).ngroup().to_numpy() if care else _zeros(leaves)
    weight = np.maximum(np.bincount(part, before), 0.0)[part]
    total = np.bincount(code, weight)[code]
    return np.divide(weight, total, out=1.0 / np.bincount(code)[code], where=total > 0)


def _parts(leaves: pd.DataFrame, announced: Announced) -> tuple[np.ndarray, np.ndarray]:
    """Place of the part of each leaf, and the forecasts; a leaf of no part has the last place, where 0 is expected."""
    totals = np.append(announced.parts["attendu"].to_numpy(), 0.0)
    if announced.by is None:
        return _zeros(leaves), totals
    places = {value: i for i, value in enumerate(announced.parts["valeur"])}
    part = leaves[announced.by].astype(str).map(places).fillna(len(places))
    return part.to_numpy(dtype=np.intp), totals


def _common_ratio(frame: pd.DataFrame, announced: Announced) -> np.ndarray:
    """Actual over expected common to the cells of each part that stays within its bounds, 1 elsewhere."""
    if announced.by is None:  # what is common to all is taken out by the search itself
        return np.ones(len(frame))
    part, totals = _parts(frame, announced)
    actual = np.bincount(part, frame["reel"].to_numpy(), len(totals))
    cell, size = _widest(frame, announced.by)
    low, high = (announced.parts[c].to_numpy() for c in ("bas", "haut"))
    ratios = np.ones(len(totals))
    for i in range(len(low)):
        if not (actual[i] < low[i] or actual[i] > high[i]) and totals[i] > 0:
            inside = part == i
            sums = [np.bincount(cell[inside], frame[c].to_numpy()[inside], size) for c in ("reel", "attendu")]
            known = sums[1] > 0
            ratios[i] = weighted_median(sums[0][known] / sums[1][known], sums[1][known])
    return np.where(ratios > 0, ratios, 1.0)[part]


def _widest(frame: pd.DataFrame, by: str) -> tuple[np.ndarray, int]:
    """Codes and number of values of the other dimension that has the most values, of which a median makes sense."""
    others = [k for k in frame.columns if k not in (by, "reel", "attendu", "poids")]
    best = max(others, key=lambda k: (frame[k].nunique() <= _MAX_VALUES, frame[k].nunique()), default=None)
    if best is None:
        return _zeros(frame), 1
    code, values = pd.factorize(frame[best])
    return code, len(values)
