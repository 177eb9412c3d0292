"""Standard errors of completed months reach the bounds, in quadrature, and nothing else."""

import numpy as np
import pytest
from scipy.stats import norm

from analytics.errors import SchemaError
from analytics.predictive import forecast
from analytics.predictive.completed import widen

OPTIONS = {"horizon": 6, "calendar": None, "prophet": False, "n_origins": 0}


def test_errors_add_in_quadrature():
    score = norm.ppf([0.1, 0.5, 0.9])
    found = widen(np.outer(score * 3.0, np.ones(2)) + 100.0, 4.0, np.array([0.1, 0.5, 0.9]), start=100.0)
    np.testing.assert_allclose(found, np.outer(score * 5.0, np.ones(2)) + 100.0)


def test_a_month_less_sure_widens_the_bounds_and_leaves_the_forecast(frame_of, series_of):
    frame = frame_of(series_of(72))
    sure = forecast(frame, **OPTIONS).table
    zero = forecast(frame.assign(erreur_type=0.0), **OPTIONS).table
    error = np.where(np.arange(72) == 71, 80.0, np.nan)
    unsure = forecast(frame.assign(erreur_type=error), **OPTIONS).table
    old = forecast(frame.assign(erreur_type=np.where(np.arange(72) == 40, 80.0, 0.0)), **OPTIONS).table
    assert zero.equals(sure)
    np.testing.assert_array_equal(unsure["valeur"], sure["valeur"])
    for level in (80, 95):
        before, after = (t[f"haut_{level}"] - t[f"bas_{level}"] for t in (sure, unsure))
        assert (after > 1.02 * before).all()
        aged = old[f"haut_{level}"] - old[f"bas_{level}"]
        np.testing.assert_allclose(aged, before, rtol=1e-6)


def test_a_negative_error_is_refused(frame_of, series_of):
    with pytest.raises(SchemaError):
        forecast(frame_of(series_of(48)).assign(erreur_type=-1.0), **OPTIONS)
