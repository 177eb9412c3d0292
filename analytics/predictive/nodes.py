"""One series at one origin is a node: named by all that it depends on, it is computed once and then remembered.

A month more leaves the past origins as they were, so that only the new ones cost anything. What is remembered is bytes
under a SHA-256; where they are kept is the business of whoever gives the memory.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
import importlib.resources
import json
import platform
import secrets
from collections.abc import Callable, Iterator, MutableMapping
from dataclasses import fields, is_dataclass, replace
from importlib.resources.abc import Traversable
from typing import Any

import numpy as np
import pandas as pd

from analytics.predictive.calendar import Regressor
from analytics.predictive.packing import Packed, pack, unpack
from analytics.predictive.prepare import History, classify, even_scale
from analytics.predictive.regarima import Effect
from analytics.predictive.run import Run, Settings, estimate_effects, run_origin

Memory = MutableMapping[str, bytes]
STEP = 6
_LIBRARIES = ("numpy", "scipy", "statsmodels", "prophet")
#: Settings that reach a node through its regressors, or say which nodes there are: they do not name it.
_ELSEWHERE = frozenset({"horizon", "prophet", "n_origins", "incomplete", "saturday", "calendar"})
_COLUMN = frozenset({"column"})


def run_node(
    memory: Memory | None,
    history: History,
    n: int,
    regressors: tuple[Regressor, ...],
    settings: Settings,
    *,
    horizon: int,
    prophet: bool,
    extra: Any = None,
    run: Callable[..., Run] = run_origin,
) -> Run:
    """Forecast `history` from its first `n` months, or remember having done it.

    Parameters
    ----------
    memory : mutable mapping of str to bytes, or None
        What was computed before; None computes.
    history, n, regressors, settings, horizon, prophet
        As for :func:`analytics.predictive.run.run_origin`.
    extra : optional
        Anything else that the result depends on, in JSON types (an effect borrowed from a parent).
    run : callable
        What computes a node; the signature of :func:`analytics.predictive.run.run_origin`.

    Returns
    -------
    Run
        The same one with and without a memory.
    """
    if n < len(history.y):
        # What is planned for after the window says nothing about it: adding it leaves the past origins as they were.
        regressors = tuple(r for r in regressors if r.start < n + horizon)
    known = known_until(history, n)

    def compute() -> Run:
        return run(known, n, regressors, settings, horizon=horizon, prophet=prophet)

    if memory is None:
        return compute()
    key = node_key(known, regressors, settings, horizon=horizon, prophet=prophet, extra=extra)
    return remembered(memory, key, compute)


def run_effects(
    memory: Memory | None, history: History, n: int, regressors: tuple[Regressor, ...]
) -> tuple[Effect, ...]:
    """Own effects of a series in its first `n` months, or the memory of them.

    See :func:`analytics.predictive.run.estimate_effects`; those that begin later are left out.
    """
    regressors = tuple(r for r in regressors if r.start < n)
    known = known_until(history, n)

    def compute() -> tuple[Effect, ...]:
        return estimate_effects(known, n, regressors)

    if memory is None:
        return compute()
    return remembered(memory, node_key(known, regressors, None, horizon=0, prophet=False), compute)


def remembered(memory: Memory, key: str, compute: Callable[[], Packed]) -> Packed:
    """What the memory holds under a key; computed, then remembered, when it holds nothing that can be read."""
    kept = memory.get(key)
    if kept is not None:
        try:
            return unpack(kept)
        except ValueError:
            del memory[key]
    found = compute()
    memory[key] = pack(found)
    return found


def node_key(
    history: History,
    regressors: tuple[Regressor, ...],
    settings: Settings | None,
    *,
    horizon: int,
    prophet: bool,
    extra: Any = None,
) -> str:
    """SHA-256 of all that a node depends on, the name of its series excepted: two equal series share it.

    Parameters
    ----------
    history : History
        Up to the origin, as :func:`known_until` gives it.
    regressors : tuple of Regressor
        Only their months up to the horizon count.
    settings : Settings or None
        Those that do not reach the node through its regressors; None when only the effects are estimated.
    horizon : int
        Months ahead.
    prophet : bool
        Whether the shown candidate runs too.
    extra : optional
        Anything else, in JSON types.
    """
    n = len(history.y)
    facts = {
        "moteur": engine_version(),
        "debut": f"{history.months[0]:%Y-%m}" if n else "",
        "n": n,
        "horizon": horizon,
        "prophet": prophet,
        "positif": history.non_negative,
        "reglages": None if settings is None else _facts(settings, _ELSEWHERE),
        "effets": [_facts(r, _COLUMN) for r in regressors],
        "autres": extra,
    }
    found = hashlib.sha256(json.dumps(facts, sort_keys=True, default=_plain_number).encode())
    for values in (history.y * history.scale, *(r.column[: n + horizon] for r in regressors)):
        found.update(_canonical(values))
    return found.hexdigest()


def known_until(history: History, n: int) -> History:
    """The history as it was at an origin: its unit and its sign come from its first `n` months only.

    Exact when the scale of the history is a power of two, as :func:`even_scale` gives it: a month more then leaves the
    past to the last bit.
    """
    values = history.y[:n] * history.scale
    scale = even_scale(values)
    y = values / scale
    known = y[np.isfinite(y)]
    return replace(
        history,
        months=history.months[:n],
        y=y,
        scale=scale,
        kind=classify(y),
        non_negative=bool(len(known) == 0 or known.min() >= 0),
    )


def anchored(months: pd.DatetimeIndex, last: int) -> Iterator[int]:
    """Lengths of history that end in June or in December, the longest first.

    Counted back from the end, every origin would move when a month is added, and nothing could be remembered; all the
    series of a hierarchy have these ones in common, wherever they begin.

    Parameters
    ----------
    months : pandas.DatetimeIndex
        Months of the history.
    last : int
        Longest length allowed.
    """
    if last < 1:
        return
    beyond = int(months[last - 1].month) % STEP
    yield from range(last - beyond, 0, -STEP)


@functools.cache
def engine_version() -> str:
    """Digest of the source of this package and of the libraries that compute: a change of either forgets everything."""
    found = hashlib.sha256(platform.python_version().encode())
    for name in _LIBRARIES:
        found.update(f"{name} {_version(name)}\n".encode())
    sources = sorted(_sources(importlib.resources.files(__package__)))
    if not sources:  # nothing tells one version from another: nothing is reused
        found.update(secrets.token_bytes(16))
    for name, text in sources:
        found.update(f"{name} {len(text)}\n".encode() + text)
    return found.hexdigest()


def _version(library: str) -> str:
    try:
        return importlib.metadata.version(library)
    except importlib.metadata.PackageNotFoundError:  # Prophet may be absent
        return ""


def _sources(folder: Traversable, above: str = "") -> Iterator[tuple[str, bytes]]:
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _sources(entry, f"{above}{entry.name}/")
        elif entry.name.endswith(".py"):
            yield above + entry.name, entry.read_bytes()


def _canonical(values: np.ndarray) -> bytes:
    """Bytes of the values: one zero, one missing value."""
    plain = np.where(np.isnan(values), np.nan, values + 0.0)
    return f"{len(plain)}\n".encode() + plain.astype("<f8").tobytes()


def _facts(value: Any, without: frozenset[str] = frozenset()) -> dict[str, Any]:
    """Every field but some: one that is added to the class changes the name, and cannot be forgotten."""
    return {f.name: getattr(value, f.name) for f in fields(value) if f.name not in without}


def _plain_number(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    if is_dataclass(value):
        return _facts(value)
    raise TypeError(f"{type(value).__name__} does not name a node")
