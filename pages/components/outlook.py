"""A finished forecast and what it was asked with: the one thing that every section of the page is given."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

from analytics.predictive import Forecast
from analytics.predictive.questions import ENSUITE
from analytics.predictive.series import Series

HORIZON = 12


@dataclass(frozen=True)
class Ask:
    """What a forecast is asked with; every part of it is in the link.

    Attributes
    ----------
    question : str
        `ENSUITE` or `TENDANCE` of :mod:`analytics.predictive.questions`.
    with_events : bool
        Whether the calendar of events is used at all.
    sizes : tuple of (str, float)
        Events to come and their supposed effect (0.05 = +5 % on the postes that they touch).
    depuis : pandas.Timestamp or None
        First month of the history used; None = all of it.
    """

    question: str = ENSUITE
    with_events: bool = True
    sizes: tuple[tuple[str, float], ...] = ()
    depuis: pd.Timestamp | None = None


@dataclass(frozen=True)
class Outlook:
    """A finished forecast, under the key of its job, with the series that it starts from.

    Attributes
    ----------
    key : str
        Key of its job: whatever is computed from the forecast is kept under it.
    series : Series
        The whole of the perimeter and its parts, complete months, never cut.
    forecast : Forecast
    ask : Ask
        What it was asked with.
    events : pandas.DataFrame or None
        Events that it was given.
    """

    key: str
    series: Series
    forecast: Forecast
    ask: Ask = field(default_factory=Ask)
    events: pd.DataFrame | None = None

    def history(self, name: str) -> pd.DataFrame:
        """mois, valeur of one series, every complete month."""
        rows = self.series.frame
        return rows.loc[rows["serie"] == name, ["mois", "valeur"]]

    def used(self, name: str) -> pd.DataFrame:
        """The history that the forecast starts from: cut when the reader asked for it."""
        rows = self.history(name)
        return rows if self.ask.depuis is None else rows[rows["mois"] >= self.ask.depuis]

    def ahead(self, name: str) -> pd.DataFrame:
        """Forecast of one series."""
        return self.forecast.table[self.forecast.table["serie"] == name]
