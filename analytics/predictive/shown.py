"""Prophet beside the forecast of one series: same history, same known effects, tried at the same past dates."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from analytics.predictive import menu, scores
from analytics.predictive.backtest import bounds, run_serie, tabulate
from analytics.predictive.calendar import check_events
from analytics.predictive.forecast import Progress
from analytics.predictive.prepare import prepare
from analytics.predictive.run import Settings

#: Past dates at which it is tried: each costs one fit of several seconds.
N_ORIGINS = 3


@dataclass(frozen=True)
class Candidate:
    """A model that is shown and does not enter the median.

    Attributes
    ----------
    table : pandas.DataFrame
        mois, valeur, bas_80, haut_80; empty when it could not run.
    wape, reference : float
        Its error and that of the median, on the same months of the same past dates; NaN when never tried.
    n, origines : int
        Months and past dates compared.
    raison : str
        Why there is nothing to show, in French; empty otherwise.
    """

    table: pd.DataFrame
    wape: float
    reference: float
    n: int
    origines: int
    raison: str = ""


def run_prophet(
    frame: pd.DataFrame, *, horizon: int = 12, events: pd.DataFrame | None = None, calendar: str | None = "FR",
    progress: Progress | None = None,
) -> Candidate:  # fmt: skip
    """Prophet on one series, working days and events removed then put back as for the other models.

    Parameters
    ----------
    frame : pandas.DataFrame
        serie, mois, valeur of a single series.
    horizon, events, calendar, progress
        As in :func:`analytics.predictive.forecast`.

    Raises
    ------
    SchemaError, InsufficientData
        As :func:`analytics.predictive.prepare.prepare`.
    """
    if progress is not None:
        progress(0.0, "Prophet, pour comparaison")
    history = prepare(frame)[0]
    settings = Settings(horizon, (80,), "core4", prophet=True, n_origins=N_ORIGINS, calendar=calendar)
    runs = run_serie(history, settings, check_events(events))
    found = runs.final.others.get(menu.PROPHET)
    empty = pd.DataFrame({"mois": runs.months[:0], "valeur": [], "bas_80": [], "haut_80": []})
    if found is None:
        short = f"il faut {menu.MEDIUM} mois d’historique"
        return Candidate(empty, *[float("nan")] * 2, 0, 0, runs.final.rejected.get(menu.PROPHET, short))
    months = runs.months[runs.final.n : runs.final.n + found.shape[1]]
    table = pd.DataFrame({"mois": months, "valeur": found[settings.middle], **bounds(found, settings)})
    return Candidate(table, *_compared(tabulate((runs,), settings)))


def _compared(backtest: pd.DataFrame) -> tuple[float, float, int, int]:
    """Errors of Prophet and of the median where both were tried."""
    tried = set(backtest.loc[backtest["modele"] == menu.PROPHET, "origine"])
    common = backtest[backtest["origine"].isin(tried)]
    if common.empty:
        return float("nan"), float("nan"), 0, 0
    table = scores.compute_scores(common, (80,)).set_index("modele")
    row = table.loc[menu.PROPHET]
    return float(row["wape"]), float(table.loc[menu.COMBINED, "wape"]), int(row["n"]), int(row["origines"])
