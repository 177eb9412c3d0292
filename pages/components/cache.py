"""Results kept between reruns: one pre-hashed key, frozen results, bounded.

Streamlit hashes only a sample of a large frame and joins the hashes of several arguments, so a frame or a free text is
never given to its cache: the key is one SHA-256 of what identifies the computation.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from datetime import date
from typing import Any, TypeVar

import streamlit as st

from charts.picture import forget_specs

Result = TypeVar("Result")
MAX_RESULTS = 512
#: What is a few kilobytes and is asked for some thirty times by screen: a hundred people looking at as many perimeters
#: would otherwise drive each other’s results out, and every click would compute its whole screen again.
LIGHT = frozenset({
    "account", "account_reading", "alerts", "announced", "asked_events", "breakdown", "breakdown_picture", "breaks",
    "bridge_bars", "bridge_detail", "bridge_groups", "bridge_keys", "bridge_picture", "card_facts", "causes",
    "causes_errors", "constat", "consumption_calibration", "consumption_relativities", "coverage", "coverage_table",
    "cuts", "data_errors", "data_errors_of", "descriptions", "drivers", "drivers_picture", "effort",
    "efforts_picture", "engagement", "events", "fan", "follow", "follow_picture", "follow_secret", "frontier",
    "funnel", "funnel_picture", "heads_growth", "horizons", "impact", "impact_picture", "impact_series",
    "known_share", "landing_picture", "map", "market_picture", "monthly", "outlook_sentence", "own_figures",
    "own_shares", "parts", "parts_bars", "parts_lines", "path_told", "plan", "plan_actions", "plan_picture",
    "plan_relax", "plan_robust", "planned_events", "planned_shares", "rates", "ratio_sums", "redressement", "regions",
    "replay", "replay_dates", "replay_picture", "scenarios_picture", "scores", "screening", "secret", "secrets",
    "secrets_met", "seek", "segments", "shares", "stability", "stability_picture", "standardised",
    "standardised_picture", "steps", "summary", "taxes", "threshold", "tornado", "tornado_picture", "tree_level",
    "tree_rank", "trend", "versus", "why_not",
})  # fmt: skip
MAX_LIGHT = 8192


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
    remember = _remember_light if name in LIGHT else _remember
    # Named arguments: of the others, Streamlit would look up the names in the signature at every call.
    return remember(key=digest(name, token, options), _compute=compute)


def forget_everything() -> None:
    """Drop every result kept: what was made from deleted data must not outlive them."""
    _remember.clear()
    _remember_light.clear()
    forget_specs()


@st.cache_resource(max_entries=MAX_RESULTS, show_spinner=False)
def _remember(key: str, _compute: Callable[[], Result]) -> Result:
    return _compute()


@st.cache_resource(max_entries=MAX_LIGHT, show_spinner=False)
def _remember_light(key: str, _compute: Callable[[], Result]) -> Result:
    return _compute()


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return {f.name: getattr(value, f.name) for f in fields(value)}
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} does not identify a computation")  # a frame, above all
