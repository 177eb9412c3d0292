"""Exponential smoothing whose form is chosen by the corrected Akaike criterion.

Six additive forms, on values and, for positive series, on logarithms (where they are the multiplicative forms to first
order). Source: Hyndman et al. (2002), automatic forecasting with state space models.
"""

from __future__ import annotations

import numpy as np

from analytics.predictive.models.sample import Prediction, Sample
from analytics.predictive.models.smoothing import Form, fit_forms

FORMS = tuple(Form(trend, seasonal) for seasonal in (False, True) for trend in ("N", "A", "Ad"))


def predict(sample: Sample, horizon: int) -> Prediction:
    """Forecast of the form with the smallest AICc."""
    y = sample.y
    scales = (False, True) if sample.log else (False,)
    columns = np.column_stack([np.log(y) if log else y for log in scales for _ in FORMS])
    fits = fit_forms(columns, FORMS * len(scales))
    jacobian = np.repeat([np.log(y).sum() if log else 0.0 for log in scales], len(FORMS))
    scores = [fit.aicc(extra) for fit, extra in zip(fits, jacobian, strict=True)]
    best = int(np.argmin(scores))
    centre, sd = fits[best].extend(horizon)
    return Prediction(centre, sd, log=scales[best // len(FORMS)])
