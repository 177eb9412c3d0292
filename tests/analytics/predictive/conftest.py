"""Small monthly series, and the real ones when they are at hand."""

import numpy as np
import pandas as pd
import pytest

from tests.conftest import SHARED


def make_frame(values, serie="A", start="2017-01-01"):
    months = pd.date_range(start, periods=len(values), freq="MS")
    return pd.DataFrame({"serie": serie, "mois": months, "valeur": np.asarray(values, dtype=float)})


def make_series(n=84, seed=1, level=1000.0, growth=0.003, noise=0.02):
    rng = np.random.default_rng(seed)
    t = np.arange(n)
    return level * np.exp(growth * t + 0.10 * np.sin(2 * np.pi * t / 12) + noise * rng.standard_normal(n))


@pytest.fixture
def frame_of():
    return make_frame


@pytest.fixture
def series_of():
    return make_series


@pytest.fixture(scope="session")
def real_path():
    def find(*parts):
        path = SHARED.joinpath(*parts)
        if not path.exists():
            pytest.skip(f"données réelles absentes : {path.name}")
        return path

    return find
