"""STL decomposition, then exponential smoothing with a damped trend on the seasonally adjusted series.

Source: Cleveland et al. (1990) for STL; forecast as in Hyndman and Athanasopoulos, FPP3, ch. 5.7.
"""

from __future__ import annotations

import numpy as np
from statsmodels.tsa.stl._stl import STL

from analytics.predictive.models.sample import MONTHS_IN_YEAR, Prediction, Sample
from analytics.predictive.models.smoothing import Form, fit_forms

_SEASONAL_WINDOW = 23  # years: a narrow window would let the profile follow the noise of short histories
_TREND_SPREAD = 0.05  # what the decomposition leaves is smooth by construction: its slope is not news


def predict(sample: Sample, horizon: int) -> Prediction:
    """Damped trend of the adjusted series plus the last year of the seasonal component."""
    z = np.ascontiguousarray(sample.z, dtype=float)
    seasonal = np.asarray(STL(z, period=MONTHS_IN_YEAR, seasonal=_SEASONAL_WINDOW).fit().seasonal)
    fit = fit_forms((z - seasonal)[:, None], (Form("Ad", seasonal=False),), trend_spread=_TREND_SPREAD)[0]
    centre, sd = fit.extend(horizon)
    future = seasonal[-MONTHS_IN_YEAR:][np.arange(horizon) % MONTHS_IN_YEAR]
    return Prediction(centre + future, sd, sample.log)
