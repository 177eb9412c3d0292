"""Results kept between reruns: one pre-hashed key, frozen results, bounded.

Streamlit hashes only a sample of a large frame and joins the hashes of several arguments, so a frame or a free text is
never given to its cache: the key is one SHA-256 of what identifies the computation.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, is_dataclass
from datetime import date
from typing import Any, TypeVar

import streamlit as st

Result = TypeVar("Result")
MAX_RESULTS = 512


def digest(*parts: Any) -> str:
    """SHA-256 of the canonical JSON of what identifies a computation: texts, numbers, dates, dataclasses of them.

    Raises
    ------
    TypeError
        Anything else: a frame, above all, whose text would leave rows out.
    """
    text = json.dumps(parts, sort_keys=True, default=_plain, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def cached(name: str, token: str, compute: Callable[[], Result], **options: Any) -> Result:
    """Result of `compute`, run once for this name, dataset and options.

    Parameters
    ----------
    name : str
        What is computed.
    token : str
        Identifier of the dataset, so that no result crosses from one dataset to another.
    compute : callable
        Computation without argument; its result is shared between sessions and must not be changed.
    **options
        Everything else that the result depends on.
    """
    return _remember(digest(name, token, options), compute)


def forget_everything() -> None:
    """Drop every result kept: what was made from deleted data must not outlive them."""
    _remember.clear()


@st.cache_resource(max_entries=MAX_RESULTS, show_spinner=False)
def _remember(key: str, _compute: Callable[[], Result]) -> Result:
    return _compute()


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return asdict(value)
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} does not identify a computation")  # a frame, above all
