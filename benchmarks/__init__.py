"""Reproducible measures: ``python -m benchmarks.NAME [--quick]`` prints one table, then one line of JSON."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
#: Real data, beside the project when it is there.
SHARED = Path(os.environ.get("PALIERS_SHARED", ROOT.parent / "shared")) / "data"


class Absent(Exception):
    """A peer, an engine or its environment is not on this machine; the text says why."""
