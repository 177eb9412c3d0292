"""Which version of the product, and of its definitions, made a file."""

from __future__ import annotations

import functools
import hashlib
import re
from pathlib import Path

from analytics.indicators import INDICATORS

_CHANGES = Path(__file__).resolve().parents[1] / "CHANGELOG.md"
_HEAD = re.compile(r"^## \[?([^\]\n]+)\]?", re.MULTILINE)
_UNRELEASED, _DEVELOPMENT = "Unreleased", "en développement"


@functools.cache
def version() -> str:
    """« Paliers 1.2, définitions 3fa1c2d4 »: the last heading of the changelog, and a digest of the formulas."""
    found = _HEAD.search(_CHANGES.read_text("utf-8")) if _CHANGES.is_file() else None
    name = found.group(1).strip() if found else _UNRELEASED
    formulas = "\n".join(f"{i.key}|{i.unit}|{i.numerator}|{i.denominator}|{i.definition}" for i in INDICATORS.values())
    digest = hashlib.sha256(formulas.encode()).hexdigest()[:8]
    return f"Paliers {_DEVELOPMENT if name == _UNRELEASED else name}, définitions {digest}"
