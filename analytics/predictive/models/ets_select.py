"""Exponential smoothing, its forms averaged by the corrected Akaike criterion.

Six additive forms, on values and, for positive series, on logarithms (where they are the multiplicative forms to first
order). Source: Hyndman et al. (2002), automatic forecasting with state space models; Kolassa (2011) for the weights,
here flattened: on a few years the criterion is surer of the best form than the months that follow.
"""

from __future__ import annotations

import numpy as np

from analytics.predictive.models.sample import Prediction, Sample
from analytics.predictive.models.smoothing import Form, fit_forms

FORMS = tuple(Form(trend, seasonal) for seasonal in (False, True) for trend in ("N", "A", "Ad"))
_FLATTENED = 3.0
_NEGLIGIBLE = 1e-3


def predict(sample: Sample, horizon: int) -> Prediction:
    """Mean of the forms, each weighted by its criterion, on the scale of the sample."""
    y = sample.y
    scales = (False, True) if sample.log else (False,)
    columns = np.column_stack([np.log(y) if log else y for log in scales for _ in FORMS])
    fits = fit_forms(columns, FORMS * len(scales))
    jacobian = np.repeat([np.log(y).sum() if log else 0.0 for log in scales], len(FORMS))
    scores = np.array([fit.aicc(extra) for fit, extra in zip(fits, jacobian, strict=True)])
    weights = np.exp(-(scores - scores.min()) / (2 * _FLATTENED))
    on_logs = np.repeat(scales, len(FORMS))
    total, centre, sd = 0.0, np.zeros(horizon), np.zeros(horizon)
    for k in np.flatnonzero(weights >= _NEGLIGIBLE * weights.sum()):
        own, spread = fits[k].extend(horizon)
        if sample.log and not on_logs[k]:
            if own.min() <= 0:
                continue
            own, spread = np.log(own), spread / own
        total, centre, sd = total + weights[k], centre + weights[k] * own, sd + weights[k] * spread
    if total == 0:
        raise ValueError("no form stays positive")
    return Prediction(centre / total, sd / total, sample.log)
