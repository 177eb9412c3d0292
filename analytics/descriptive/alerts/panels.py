"""The series that are watched: every segment large enough, month by month, per covered person where that is known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analytics.descriptive.indicator import compute_indicator
from analytics.indicators import INDICATORS, missing_measures
from analytics.schema import CARE_DIMENSIONS, Dataset, Selection

YEAR = 12
MIN_MONTHS = 36  # one year to judge, one to compare with, one to know the noise
MAX_VALUES = 40
MIN_SHARE = 0.002  # a segment under 0.2 % of the whole is not worth an executive's minute


@dataclass(frozen=True)
class Panel:
    """The segments of one grouping.

    Attributes
    ----------
    by : tuple of str
        Dimensions of the grouping; none for the whole.
    amounts : pandas.DataFrame
        Months × segments, EUR.
    series : pandas.DataFrame
        The same per covered person and month where exposure is known by those dimensions, else the amounts.
    growth_of_parents : pandas.DataFrame
        Yearly growth (log) of what each segment belongs to: its poste, or the whole; empty for the whole.
    """

    by: tuple[str, ...]
    amounts: pd.DataFrame
    series: pd.DataFrame
    growth_of_parents: pd.DataFrame

    def filters(self, segment: object) -> dict[str, tuple[str, ...]]:
        """Conditions that name a segment."""
        values = segment if isinstance(segment, tuple) else (segment,)
        return {d: (str(v),) for d, v in zip(self.by, values, strict=True)} if self.by else {}


def mature_months(table: pd.DataFrame, selection: Selection) -> pd.DatetimeIndex:
    """Every month of the calendar up to the last mature one, holes included: a year is twelve rows, always."""
    months = pd.DatetimeIndex(table.loc[table["statut"] != "incomplet", "mois"])
    months = months[months <= selection.fin] if selection.fin is not None else months
    return pd.date_range(months.min(), months.max(), freq="MS") if len(months) else months


def last_settled(table: pd.DataFrame) -> pd.Timestamp:
    """Last month that is no longer an estimate: a single developed month is too uncertain to raise an alarm on."""
    return table.loc[table["statut"] == "complet", "mois"].max()


def build_panels(dataset: Dataset, months: pd.DatetimeIndex) -> Iterator[Panel]:
    """The whole, each dimension alone, then poste crossed with each other one."""
    yearly = dataset.prestation[dataset.main_measure].sum() * YEAR / len(months)
    growth: dict[tuple[str, ...], pd.DataFrame] = {}  # the whole, then the postes, come before what they contain
    for by in _groupings(dataset):
        amounts, series = _tables(dataset, by, months)
        growth[by] = yearly_growth(series)
        large = amounts.columns[amounts.iloc[-YEAR:].sum() >= MIN_SHARE * yearly]
        if not len(large):
            continue
        parents = _of_parents(growth[by[:-1]], large) if by else pd.DataFrame(index=months)
        yield Panel(by, amounts[large], series[large], parents)


def yearly_growth(panel: pd.DataFrame) -> pd.DataFrame:
    """Logarithm of each month less that of the same month a year before; NaN where either is not positive."""
    logs = np.log(panel.where(panel > 0))
    return logs - logs.shift(YEAR)


def _groupings(dataset: Dataset) -> list[tuple[str, ...]]:
    dimensions = [d for d in dataset.dimensions if d in dataset.prestation.columns and _is_readable(dataset, d)]
    pairs = [("poste", d) for d in dimensions if d != "poste"] if "poste" in dimensions else []
    return [(), *((d,) for d in dimensions), *pairs]


def _is_readable(dataset: Dataset, dimension: str) -> bool:
    return 1 < dataset.prestation[dimension].nunique() <= MAX_VALUES


def _tables(dataset: Dataset, by: tuple[str, ...], months: pd.DatetimeIndex) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Amounts, then spending per covered person where exposure is known by those dimensions, else the amounts again."""
    exposed = "beneficiaires" in dataset.cotisation.columns and all(
        d in dataset.cotisation.columns or d in CARE_DIMENSIONS for d in by
    )
    if not exposed or dataset.main_measure != "prestation" or missing_measures(INDICATORS["consommation"], dataset):
        amounts = _wide(compute_indicator(dataset, dataset.main_measure, by=by), "valeur", by, months)
        return amounts, amounts
    table = compute_indicator(dataset, "consommation", by=by)
    return _wide(table, "numerateur", by, months), _wide(table, "valeur", by, months)


def _wide(table: pd.DataFrame, column: str, by: tuple[str, ...], months: pd.DatetimeIndex) -> pd.DataFrame:
    """Months × segments."""
    if not by:
        return table.set_index("mois")[[column]].set_axis(["ensemble"], axis=1).reindex(months)
    columns = by[0] if len(by) == 1 else list(by)
    return table.pivot(index="mois", columns=columns, values=column).reindex(months)


def _of_parents(growth: pd.DataFrame, columns: pd.Index) -> pd.DataFrame:
    """Growth of what each segment is held against, under the columns of the segments."""
    names = [column[0] if isinstance(column, tuple) else "ensemble" for column in columns]
    return growth[names].set_axis(columns, axis=1)
