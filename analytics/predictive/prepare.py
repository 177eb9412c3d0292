"""From a long frame to regular monthly histories: gaps stay gaps, doubtful input is refused by name."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analytics.errors import InsufficientData, SchemaError
from analytics.predictive.models.sample import MONTHS_IN_YEAR

COLUMNS = ("serie", "mois", "valeur")
_ZEROS_SHARE = 0.30  # above this share of zeros a series is intermittent
_NEAR_ZERO = 1e-4  # below this share of the median a value makes logarithms meaningless


@dataclass(frozen=True)
class History:
    """One series on a regular monthly grid.

    Attributes
    ----------
    serie : str
        Name of the series.
    months : pandas.DatetimeIndex
        From its first to its last known month.
    y : numpy.ndarray
        Values divided by `scale`; NaN where the month is missing.
    scale : float
        Power of two nearest to the mean absolute value; results are multiplied back, and nothing is rounded.
    kind : {"positive", "additive", "intermittente", "constante", "vide"}
        How the series may be modelled: logarithms, values, smoothed level, as it is, not at all.
    non_negative : bool
        True when no value is negative: forecasts are then kept at zero or above.
    lag : int
        Months between its last known month and the last month of the frame.
    """

    serie: str
    months: pd.DatetimeIndex
    y: np.ndarray
    scale: float
    kind: str
    non_negative: bool
    lag: int

    @property
    def n_known(self) -> int:
        """Number of months with a value."""
        return int(np.isfinite(self.y).sum())

    @property
    def n_gaps(self) -> int:
        """Number of missing months inside the history."""
        return len(self.y) - self.n_known

    @property
    def log(self) -> bool:
        """Whether models may work on logarithms."""
        return self.kind == "positive"


def check_frame(frame: pd.DataFrame) -> pd.DataFrame:
    """Return serie (str), mois (first of month), valeur (float), sorted; refuse what cannot be read safely.

    Raises
    ------
    SchemaError
        Missing column, month that is not the first of a month, infinite value, the same serie and month twice.
    InsufficientData
        No row.
    """
    missing = [c for c in COLUMNS if c not in frame.columns]
    if missing:
        raise SchemaError(
            "Il manque une colonne pour prévoir.", colonne=missing[0], remede="Attendu : serie, mois, valeur."
        )
    if frame.empty:
        raise InsufficientData("Il n’y a aucune valeur à prolonger.", remede="Élargissez la sélection.")
    if not pd.api.types.is_datetime64_any_dtype(frame["mois"]) or frame["mois"].isna().any():
        raise SchemaError("Chaque ligne doit porter un mois.", colonne="mois")
    if not pd.api.types.is_numeric_dtype(frame["valeur"]):
        raise SchemaError("Les valeurs à prévoir ne sont pas des nombres.", colonne="valeur")
    tidy = pd.DataFrame(
        {
            "serie": frame["serie"].astype(str).to_numpy(),
            "mois": frame["mois"].astype("datetime64[ns]").to_numpy(),
            "valeur": frame["valeur"].astype(float).to_numpy(),
        }
    ).sort_values(["serie", "mois"], ignore_index=True)
    _refuse(tidy, tidy["mois"].dt.day != 1, "Un mois est désigné par son premier jour")
    _refuse(tidy, np.isinf(tidy["valeur"]), "Une valeur est infinie")
    remede = "Additionnez ou supprimez les lignes en double."
    _refuse(tidy, tidy.duplicated(["serie", "mois"]), "Le même mois figure deux fois", remede)
    return tidy


def _refuse(tidy: pd.DataFrame, wrong: pd.Series, message: str, remede: str = "") -> None:
    if wrong.any():
        row = tidy[wrong].iloc[0]
        raise SchemaError(f"{message} : série « {row['serie']} », mois {row['mois']:%Y-%m-%d}.", remede=remede)


def classify(y: np.ndarray) -> str:
    """Kind of a series, from its known values."""
    known = y[np.isfinite(y)]
    if len(known) == 0:
        return "vide"
    recent = known[-3 * MONTHS_IN_YEAR :]
    if len(known) >= MONTHS_IN_YEAR and np.ptp(recent) <= 1e-12 * max(abs(recent[0]), 1e-300):
        return "constante"
    if (known < 0).any():
        return "additive"
    if (known == 0).mean() > _ZEROS_SHARE or not known[-MONTHS_IN_YEAR:].any():
        return "intermittente"
    return "positive" if known.min() > _NEAR_ZERO * np.median(known) else "additive"


def prepare(frame: pd.DataFrame, *, incomplete: int = 0) -> tuple[History, ...]:
    """Regular histories, one per series in alphabetical order, without the last `incomplete` months.

    Parameters
    ----------
    frame : pandas.DataFrame
        serie, mois (first of month), valeur; a missing row or a NaN is a missing month, never a zero.
    incomplete : int
        Months left out at the end of the frame because they are not fully known yet.

    Raises
    ------
    SchemaError
        See :func:`check_frame`.
    InsufficientData
        No series has a single value.
    """
    tidy = check_frame(frame)
    end = tidy["mois"].max() - pd.DateOffset(months=incomplete)
    wide = tidy.pivot_table(index="mois", columns="serie", values="valeur", aggfunc="first", dropna=False)
    grid = pd.date_range(min(wide.index.min(), end), end, freq="MS")
    wide = wide.reindex(grid)
    histories = tuple(_history(name, grid, wide[name].to_numpy()) for name in wide.columns)
    if all(h.kind == "vide" for h in histories):
        raise InsufficientData(
            "Aucune série n’a de valeur à prolonger.", remede="Choisissez une période qui contient des données."
        )
    return histories


def even_scale(values: np.ndarray) -> float:
    """Power of two nearest to the mean absolute value: values are divided and multiplied back without rounding."""
    known = np.abs(values[np.isfinite(values)])
    mean = float(known.mean()) if len(known) else 0.0
    return math.ldexp(1.0, round(math.log2(mean))) if mean > 0 else 1.0


def _history(name: str, grid: pd.DatetimeIndex, values: np.ndarray) -> History:
    known = np.flatnonzero(np.isfinite(values))
    if len(known) == 0:
        return History(name, grid[:0], np.empty(0), 1.0, "vide", True, 0)
    first, last = known[0], known[-1] + 1
    y = values[first:last]
    scale = even_scale(y)
    y = y / scale
    return History(name, grid[first:last], y, scale, classify(y), bool(np.nanmin(y) >= 0), len(values) - last)
