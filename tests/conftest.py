"""What every test may need: the root, the shared real data, a tiny dataset."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from analytics.schema import Dataset
from tests.samples import make_dataset

ROOT = Path(__file__).resolve().parents[1]
#: The same cases on every machine, however slow; `--hypothesis-profile=default` draws new ones.
settings.register_profile("stable", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("stable")

SHARED = Path(os.environ.get("PALIERS_SHARED", ROOT.parent / "shared")) / "data"


@pytest.fixture(scope="session")
def shared():
    """Folder of the real data; a test that needs it is skipped, and says so, when it is absent."""
    if not SHARED.is_dir():
        pytest.skip(f"real data not found: {SHARED}")
    return SHARED


@pytest.fixture(scope="session")
def small() -> Dataset:
    """The small mutual, five years, nothing planted."""
    return make_dataset()
