"""Columns that identify people: see :mod:`data.personal`."""

from __future__ import annotations

from data.personal import masked, personal_content

__all__ = ["masked", "personal_content"]
