"""Prophet, as a candidate that is shown beside the others and never enters the median.

On logarithms of positive series, five Fourier orders (twelve months cannot carry ten). Its own intervals hold only
trend changes and independent noise; they are known to be far too narrow and are shown as measured.
"""

from __future__ import annotations

import contextlib
import logging
import warnings
from collections.abc import Iterator

import numpy as np
import pandas as pd

from analytics.predictive.models.sample import Prediction, Sample

FOURIER_ORDER = 5
_DRAWS = 300
_LOGGERS = ("cmdstanpy", "prophet")


def _load():
    """Import Prophet, which reports at import the plotting library it does not find."""
    logging.getLogger("prophet.plot").setLevel(logging.CRITICAL)
    from prophet import Prophet

    return Prophet


@contextlib.contextmanager
def _quiet_and_seeded(seed: int = 0) -> Iterator[None]:
    """Prophet logs each fit, uses pandas calls on their way out and draws from the global generator."""
    loggers = [logging.getLogger(name) for name in _LOGGERS]
    disabled = [logger.disabled for logger in loggers]
    state = np.random.get_state()  # noqa: NPY002 - Prophet only knows the global generator
    try:
        for logger in loggers:
            logger.disabled = True
        np.random.seed(seed)  # noqa: NPY002
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", category=DeprecationWarning)
            warnings.simplefilter("ignore", category=FutureWarning)
            yield
    finally:
        np.random.set_state(state)  # noqa: NPY002
        for logger, was in zip(loggers, disabled, strict=True):
            logger.disabled = was


def predict(sample: Sample, horizon: int) -> Prediction:
    """Prophet forecast; the calendar used is arbitrary, as only the order of months enters."""
    engine = _load()
    with _quiet_and_seeded():
        dates = pd.date_range("2000-01-01", periods=len(sample.y) + horizon, freq="MS")
        model = engine(
            yearly_seasonality=FOURIER_ORDER,
            weekly_seasonality=False,
            daily_seasonality=False,
            uncertainty_samples=_DRAWS,
        )
        model.fit(pd.DataFrame({"ds": dates[: len(sample.y)], "y": sample.z}))
        future = pd.DataFrame({"ds": dates[len(sample.y) :]})
        draws = model.predictive_samples(future)["yhat"]
        centre = model.predict(future)["yhat"].to_numpy()
    return Prediction(centre, np.asarray(draws).std(axis=1), sample.log)
