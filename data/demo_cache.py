"""The demonstration, made once: kept on disk until the generator changes."""

from __future__ import annotations

import contextlib
import hashlib
from pathlib import Path

import pandas as pd

from analytics.errors import ReadError
from analytics.schema import Dataset
from data.demo import SEED, generate, last_complete_month
from data.store import StoreError, home, read_manifest, write_manifest

_HERE = Path(__file__).parent


def demo_dataset(seed: int = SEED, *, until: str | pd.Timestamp | None = None) -> Dataset:
    """The simulated mutual, from the cache on disk when it is there.

    Parameters
    ----------
    seed : int
        Seed of the generator.
    until : str or pandas.Timestamp, optional
        Last month; None = the last complete month. Earlier facts do not move.

    Returns
    -------
    Dataset
        See :func:`data.demo.generate`; `is_demo` is True.

    Raises
    ------
    ParameterError
        `until` is not a month.
    """
    month = last_complete_month(pd.Timestamp.today()) if until is None else until
    path = home() / "demo" / f"{_key(seed, month)}.json"
    with contextlib.suppress(ReadError):
        return read_manifest(path)
    dataset = generate(seed, until=month)
    # A folder that cannot be written only costs the next start its few seconds.
    with contextlib.suppress(StoreError):
        write_manifest(dataset, path)
    return dataset


def _key(seed: int, until: str | pd.Timestamp) -> str:
    """Digest of what the result depends on: seed, month and source of the generator."""
    digest = hashlib.sha256(f"{seed}|{pd.Timestamp(until):%Y-%m}".encode())
    for path in sorted([*(_HERE / "demo").rglob("*.py"), *(_HERE / "demo").rglob("*.yaml")]):
        digest.update(path.name.encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()
