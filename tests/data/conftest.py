"""Small French files written by the tests, and the demonstration pinned to a month."""

from __future__ import annotations

import pytest

import data.demo


@pytest.fixture
def paliers_home(tmp_path, monkeypatch):
    """An empty folder of data."""
    monkeypatch.setenv("PALIERS_HOME", str(tmp_path / "paliers"))
    return tmp_path / "paliers"


@pytest.fixture(scope="session")
def demo():
    """The demonstration to December 2024: both planted errors are in it."""
    return data.demo.generate(until="2024-12")


@pytest.fixture(scope="session")
def clean_demo():
    """The same without what was planted."""
    return data.demo.generate(until="2024-12", planted=False)
