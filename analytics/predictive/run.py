"""One series at one origin: adjust, run the models, guard them, put the effects back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from analytics.predictive import combine, guards, menu, regarima
from analytics.predictive.calendar import Regressor
from analytics.predictive.models.sample import MONTHS_IN_YEAR, Prediction, Sample
from analytics.predictive.prepare import History, classify

#: Numerical failures that a model may meet; anything else is a defect and is not hidden.
_FAILURES = (np.linalg.LinAlgError, FloatingPointError, ZeroDivisionError, ValueError, RuntimeError)


@dataclass(frozen=True)
class Settings:
    """What does not change from one series to the next."""

    horizon: int
    levels: tuple[int, ...]
    mode: str = "sm4"
    prophet: bool = False
    n_origins: int = 8
    incomplete: int = 0
    saturday: float = 0.0
    calendar: str | None = "FR"

    @property
    def probabilities(self) -> np.ndarray:
        """Lower bounds from the widest, the median, upper bounds to the widest."""
        tails = np.array([(100 - level) / 200 for level in sorted(self.levels, reverse=True)])
        return np.concatenate([tails, [0.5], 1 - tails[::-1]])

    @property
    def middle(self) -> int:
        """Row of the median among the probabilities."""
        return len(self.levels)


@dataclass(frozen=True)
class Run:
    """Every model at one origin, in the unit of the series.

    Attributes
    ----------
    n : int
        Months of history used.
    members : dict of str to numpy.ndarray
        Quantiles of the models in the median.
    others : dict of str to numpy.ndarray
        Quantiles of the reference and of the candidates that are only shown.
    rejected : dict of str to str
        Why a model was left out.
    combined : numpy.ndarray
        Median of the members.
    scale : float
        Mean absolute change over twelve months in the history, the unit of MASE; NaN when unknown.
    effects : tuple of Effect
        Known effects tried.
    """

    n: int
    members: Mapping[str, np.ndarray]
    others: Mapping[str, np.ndarray]
    rejected: Mapping[str, str]
    combined: np.ndarray
    scale: float
    effects: tuple[regarima.Effect, ...] = field(default_factory=tuple)


def run_origin(
    history: History, n: int, regressors: tuple[Regressor, ...], settings: Settings, *, horizon: int, prophet: bool
) -> Run:
    """Forecast `history` from its first `n` months, knowing nothing of what follows.

    Parameters
    ----------
    history : History
        The series.
    n : int
        Months known at the origin.
    regressors : tuple of Regressor
        At least n + horizon months each.
    settings : Settings
        Levels and models.
    horizon : int
        Months ahead.
    prophet : bool
        Whether the shown candidate runs too.
    """
    y = history.y[:n]
    kind = classify(y)
    log = kind == "positive"
    z = np.log(y) if log else y
    known = np.isfinite(y)
    adjustment = _adjust(history, n, z, regressors, horizon, kind)
    sample = Sample(np.exp(adjustment.z) if log else adjustment.z, log)
    names = menu.choose_members(int(known.sum()), kind, settings.mode)
    members, rejected = _run_models(names, sample, horizon)
    shown = (menu.NAIVE, menu.PROPHET) if prophet and len(y) >= menu.MEDIUM else (menu.NAIVE,)
    others, failed = _run_models(shown if len(y) >= menu.SHORT else (), sample, horizon, guarded=False)
    if not members:
        name, prediction = _fallback(sample, horizon)
        members = {name: prediction}

    def finish(prediction: Prediction) -> np.ndarray:
        return _finish(prediction, adjustment.future, log, history, settings.probabilities)

    done = {k: finish(p) for k, p in members.items()}
    shown_done = {k: finish(p) for k, p in others.items()}
    scale = _naive_scale(y) * history.scale
    return Run(n, done, shown_done, {**rejected, **failed}, combine.combine(done), scale, adjustment.effects)


def estimate_effects(history: History, n: int, regressors: tuple[Regressor, ...]) -> tuple[regarima.Effect, ...]:
    """Known effects of a series on logarithms, from its first `n` months alone; none for the others."""
    y = history.y[:n]
    if classify(y) != "positive":
        return ()
    tried = {r.name for r in regressors if np.isnan(r.effect)}
    return tuple(e for e in _adjust(history, n, np.log(y), regressors, 0, "positive").effects if e.name in tried)


def _adjust(history: History, n: int, z: np.ndarray, regressors, horizon: int, kind: str) -> regarima.Adjustment:
    """Known effects apply to series that a model can follow month by month; the others are only filled."""
    if kind not in ("positive", "additive"):
        return regarima.Adjustment(regarima.fill_gaps(z), np.zeros(n), np.zeros(horizon), ())
    level = np.nan if kind == "positive" else _recent_level(z)
    labels = history.months[:n].strftime("%Y-%m").tolist()
    return regarima.adjust(z, regressors, horizon, labels=labels, additive_mean=level)


def _recent_level(z: np.ndarray) -> float:
    """Level that a given relative effect applies to: what is known of the last year, not of a distant past."""
    return float(np.mean(z[np.isfinite(z)][-MONTHS_IN_YEAR:]))


def _run_models(names, sample: Sample, horizon: int, *, guarded: bool = True):
    """Predictions of the models that ran, and the reasons of those that did not."""
    done: dict[str, Prediction] = {}
    rejected: dict[str, str] = {}
    for name in names:
        try:
            with np.errstate(all="ignore"):  # what is not finite is refused below, with its reason
                prediction = menu.MODELS[name](sample, horizon)
        except _FAILURES as error:
            rejected[name] = f"le calcul a échoué ({type(error).__name__})"
            continue
        reason = guards.refuse(prediction, sample) if guarded else ""
        if reason:
            rejected[name] = reason
        else:
            done[name] = prediction
    return done, rejected


def _fallback(sample: Sample, horizon: int) -> tuple[str, Prediction]:
    """When every member was refused: the seasonal naive, or the mean of a very short series."""
    name = menu.NAIVE if len(sample.y) > menu.SHORT else "moyenne"
    return name, menu.MODELS[name](sample, horizon)


def _finish(prediction: Prediction, future, log: bool, history: History, probabilities) -> np.ndarray:
    """Quantiles in the unit of the series, known effects put back, never negative when the history is not."""
    values = prediction.quantiles(probabilities)
    values = values * np.exp(future) if log else values + future
    if history.non_negative:
        values = np.maximum(values, 0.0)
    return values * history.scale


def _naive_scale(y: np.ndarray) -> float:
    change = np.abs(y[12:] - y[:-12])
    known = change[np.isfinite(change)]
    return float(known.mean()) if len(known) and known.mean() > 0 else np.nan
