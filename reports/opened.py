"""A dataset as the pages open it: months completed, their maturity, the selection of a first visit."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import pandas as pd

from analytics.completion import Development, complete, develop_dataset, has_both_months, maturity
from analytics.errors import InsufficientData
from analytics.schema import Dataset, Selection

YEAR = 12


@dataclass(frozen=True)
class Opened:
    """What every report starts from.

    Attributes
    ----------
    raw, completed : Dataset
        As in the file; payment months summed away and immature months developed.
    maturity : pandas.DataFrame
        mois, part_connue, statut.
    development : Development or None
        None without both months.
    """

    raw: Dataset
    completed: Dataset
    maturity: pd.DataFrame
    development: Development | None = None

    @functools.cached_property
    def statuses(self) -> dict[pd.Timestamp, str]:
        """Status of each month; one that is not named is complete."""
        return dict(zip(self.maturity["mois"], self.maturity["statut"], strict=True))

    @functools.cached_property
    def complete_months(self) -> pd.DatetimeIndex:
        """Months known well enough to be compared."""
        return pd.DatetimeIndex(self.maturity.loc[self.maturity["statut"] != "incomplet", "mois"])


def open_for_report(raw: Dataset) -> Opened:
    """Complete a dataset once for a report.

    Raises
    ------
    InsufficientData
        No month at all.
    """
    if raw.months.empty:
        raise InsufficientData(
            "Les données n’ont aucun mois.", remede="Donnez un fichier avec au moins une ligne datée."
        )
    both = has_both_months(raw) and raw.main_measure is not None
    development = develop_dataset(raw) if both else None
    completed = complete(raw, development=development)
    return Opened(raw, completed, maturity(raw, development=development), development)


def default_selection(opened: Opened) -> Selection:
    """The last twelve months known well enough, against the year before."""
    months, complete_ones = opened.completed.months, opened.complete_months
    last = complete_ones[-1] if len(complete_ones) else months[-1]
    return Selection(max(last - pd.DateOffset(months=YEAR - 1), months[0]), last, {}, "N-1")
