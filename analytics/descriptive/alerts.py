"""What deserves attention: segments that drift away from the whole, and last months out of line.

Each candidate is tested on completed data, the false-discovery rate is held over all of them together
(Benjamini and Hochberg, 1995), nested echoes of one cause are reduced to the sharpest, and the rest is ranked by euros.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from analytics.completion import complete, maturity
from analytics.constat import Constat
from analytics.descriptive.finding import build_constat
from analytics.descriptive.indicator import compute_indicator
from analytics.diagnostic import detect_last
from analytics.errors import ParameterError
from analytics.indicators import INDICATORS, missing_measures
from analytics.schema import CARE_DIMENSIONS, Dataset, Selection

YEAR = 12
MIN_MONTHS = 36  # one year to judge, one to compare with, one to know the noise
MAX_VALUES = 40
MIN_SHARE = 0.002  # a segment under 0.2 % of the whole is not worth an executive's minute
MIN_DRIFT = 0.02
MIN_FREEDOM = 5
MOST = 0.6  # a part that carries this share of a gap is its place
NORMAL_MAD = 1.4826


@dataclass(frozen=True)
class _Candidate:
    filters: dict[str, tuple[str, ...]]
    debut: pd.Timestamp
    fin: pd.Timestamp
    p_value: float
    euros: float


def find_alerts(
    dataset: Dataset,
    *,
    selection: Selection | None = None,
    fdr: float = 0.05,
    maturity_table: pd.DataFrame | None = None,
) -> tuple[Constat, ...]:
    """Findings that deserve attention, heaviest in euros first.

    Parameters
    ----------
    dataset : Dataset
        Paid or completed; paid data with both months are completed first, immature months are left out.
    selection : Selection, optional
        Perimeter; its last month bounds the year that is judged.
    fdr : float
        Largest expected share of false alerts among those shown.
    maturity_table : pandas.DataFrame, optional
        Result of `maturity`; given, `dataset` is taken as already completed.

    Returns
    -------
    tuple of Constat
        On the main measure of the dataset, compared with the same months a year before; empty when the history is
        shorter than 36 complete months or when nothing stands out.

    Raises
    ------
    ParameterError
        `fdr` is not between 0 and 1.
    """
    if not 0 < fdr < 1:
        raise ParameterError("Le taux de fausses alertes est compris entre 0 et 1.", valeur=fdr)
    selection = selection or Selection()
    table = maturity(dataset) if maturity_table is None else maturity_table
    months = _mature_months(table, selection)
    if dataset.main_measure is None or len(months) < MIN_MONTHS:
        return ()
    known = table.set_index("mois")["part_connue"]
    whole = complete(dataset) if maturity_table is None else dataset
    scope = whole.filtered(Selection(months[0], months[-1], selection.filtres))
    settled = months[months <= _last_settled(table)]
    found = [c for by in _groupings(scope) for c in _candidates(scope, by, months, settled)]
    if not found:
        return ()
    q_values = stats.false_discovery_control([c.p_value for c in found])
    kept = [(c, q) for c, q in zip(found, q_values, strict=True) if q <= fdr]
    return tuple(_constat(scope, selection, c, q, known) for c, q in _prune(kept))


def _mature_months(table: pd.DataFrame, selection: Selection) -> pd.DatetimeIndex:
    """Every month of the calendar up to the last mature one, holes included: a year is twelve rows, always."""
    months = pd.DatetimeIndex(table.loc[table["statut"] != "incomplet", "mois"])
    months = months[months <= selection.fin] if selection.fin is not None else months
    return pd.date_range(months.min(), months.max(), freq="MS") if len(months) else months


def _last_settled(table: pd.DataFrame) -> pd.Timestamp:
    """Last month that is no longer an estimate: a single developed month is too uncertain to raise an alarm on."""
    return table.loc[table["statut"] == "complet", "mois"].max()


def _groupings(dataset: Dataset) -> list[tuple[str, ...]]:
    """Each dimension alone, then poste crossed with each other one."""
    dimensions = [d for d in dataset.dimensions if d in dataset.prestation.columns and _is_readable(dataset, d)]
    pairs = [("poste", d) for d in dimensions if d != "poste"] if "poste" in dimensions else []
    return [(), *((d,) for d in dimensions), *pairs]


def _is_readable(dataset: Dataset, dimension: str) -> bool:
    return 1 < dataset.prestation[dimension].nunique() <= MAX_VALUES


def _candidates(
    dataset: Dataset, by: tuple[str, ...], months: pd.DatetimeIndex, settled: pd.DatetimeIndex
) -> list[_Candidate]:
    amounts = _panel(dataset, dataset.main_measure, by, months)
    per_head = _per_head(dataset, by, months, amounts)
    yearly = dataset.prestation[dataset.main_measure].sum() * YEAR / len(months)
    large = amounts.columns[amounts.iloc[-YEAR:].sum() >= MIN_SHARE * yearly]
    found = [c for group in large for c in _last_month(per_head[group], amounts[group], _filters(by, group), settled)]
    if by and len(large):
        found.extend(_drifts(dataset, by, per_head[large], amounts[large], months))
    return found


def _filters(by: tuple[str, ...], group: object) -> dict[str, tuple[str, ...]]:
    values = group if isinstance(group, tuple) else (group,)
    return {dimension: (str(value),) for dimension, value in zip(by, values, strict=True)} if by else {}


def _panel(dataset: Dataset, key: str, by: tuple[str, ...], months: pd.DatetimeIndex) -> pd.DataFrame:
    """Months × groups."""
    table = compute_indicator(dataset, key, by=by)
    if not by:
        return table.set_index("mois")[["valeur"]].rename(columns={"valeur": "ensemble"}).reindex(months)
    columns = by[0] if len(by) == 1 else list(by)
    return table.pivot(index="mois", columns=columns, values="valeur").reindex(months)


def _per_head(dataset: Dataset, by: tuple[str, ...], months: pd.DatetimeIndex, amounts: pd.DataFrame) -> pd.DataFrame:
    """Spending per covered person where exposure is known by those dimensions, else the amounts themselves."""
    exposed = "beneficiaires" in dataset.cotisation.columns and all(
        d in dataset.cotisation.columns or d in CARE_DIMENSIONS for d in by
    )
    if not exposed or dataset.main_measure != "prestation" or missing_measures(INDICATORS["consommation"], dataset):
        return amounts
    return _panel(dataset, "consommation", by, months).reindex(columns=amounts.columns)


def _last_month(
    series: pd.Series, amounts: pd.Series, filters: dict[str, tuple[str, ...]], months: pd.DatetimeIndex
) -> list[_Candidate]:
    series, amounts = series.reindex(months), amounts.reindex(months)
    if series.isna().any():
        return []
    verdict = detect_last(series)
    if not np.isfinite(verdict.p_value):
        return []
    euros = float(amounts.iloc[-1] - amounts.iloc[-1 - YEAR])
    return [_Candidate(filters, months[-1], months[-1], verdict.p_value, euros)]


def _drifts(
    dataset: Dataset, by: tuple[str, ...], per_head: pd.DataFrame, amounts: pd.DataFrame, months: pd.DatetimeIndex
) -> list[_Candidate]:
    """Mean gap, over the last year, between a segment's growth and that of what it belongs to.

    A crossed segment is held against its poste, a simple one against the whole. The standard error is that of a mean of
    twelve autocorrelated monthly gaps; the spread of all the segments of the grouping is added to it, so that only a
    segment unlike its peers stands out.
    """
    gaps = _yearly_growth(per_head) - _growth_of_parents(dataset, by, per_head.columns, months)
    recent, past = gaps.iloc[-YEAR:], gaps.iloc[YEAR:-YEAR]
    drift = recent.mean() - past.median()
    noise = NORMAL_MAD * (past - past.median()).abs().median()
    correlation = past.apply(lambda column: column.autocorr(1)).clip(0, 0.8).fillna(0)
    inflation = (1 + correlation) / (1 - correlation)
    peers = len(drift) > 2
    centre = drift.median() if peers else 0.0
    spread = NORMAL_MAD * (drift - centre).abs().median() if peers else 0.0
    z = (drift - centre) / np.sqrt(noise**2 * inflation / YEAR + spread**2)
    p_values = 2 * stats.t.sf(z.abs(), df=np.maximum(past.count() / inflation - 1, MIN_FREEDOM))
    weight = amounts.iloc[-2 * YEAR : -YEAR].sum()
    found = []
    for group, p_value in zip(z.index, p_values, strict=True):
        if not np.isfinite(p_value) or abs(drift[group]) < MIN_DRIFT or per_head[group].iloc[-2 * YEAR :].isna().any():
            continue
        euros = float(np.expm1(drift[group]) * weight[group])
        found.append(_Candidate(_filters(by, group), months[-YEAR], months[-1], float(p_value), euros))
    return found


def _growth_of_parents(
    dataset: Dataset, by: tuple[str, ...], columns: pd.Index, months: pd.DatetimeIndex
) -> pd.DataFrame:
    """Growth of what each segment is held against, under the columns of the segments."""
    parent = by[:-1]
    growth = _yearly_growth(_per_head(dataset, parent, months, _panel(dataset, dataset.main_measure, parent, months)))
    names = [column[0] for column in columns] if parent else ["ensemble"] * len(columns)
    return growth[names].set_axis(columns, axis=1)


def _yearly_growth(panel: pd.DataFrame) -> pd.DataFrame:
    logs = np.log(panel.where(panel > 0))
    return logs - logs.shift(YEAR)


def _prune(kept: list[tuple[_Candidate, float]]) -> list[tuple[_Candidate, float]]:
    """One finding by cause: a part that carries most of its whole replaces it; what then shares a condition with a
    heavier finding that goes the same way is its echo.
    """
    precise = [pair for pair in kept if not any(_explains(other, pair[0]) for other, _ in kept)]
    roots: list[tuple[_Candidate, float]] = []
    for candidate, q in sorted(precise, key=lambda pair: -abs(pair[0].euros)):
        if not any(_echoes(candidate, root) for root, _ in roots):
            roots.append((candidate, q))
    return roots


def _explains(part: _Candidate, whole: _Candidate) -> bool:
    inside = whole.filters.items() < part.filters.items()
    return inside and part.euros * whole.euros > 0 and abs(part.euros) >= MOST * abs(whole.euros)


def _echoes(candidate: _Candidate, root: _Candidate) -> bool:
    shared = candidate.filters.items() & root.filters.items()
    return bool(shared or not candidate.filters or not root.filters) and candidate.euros * root.euros > 0


def _constat(
    dataset: Dataset, selection: Selection, candidate: _Candidate, q_value: float, known: pd.Series
) -> Constat:
    filters = {**selection.filtres, **candidate.filters}
    scope = Selection(candidate.debut, candidate.fin, filters, "N-1")
    return build_constat(dataset, dataset.main_measure, scope, q_value=float(q_value), known=known)
