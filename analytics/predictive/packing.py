"""A run of the models as plain bytes: numbers and texts, nothing that could be executed when read."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any, TypeVar

import numpy as np

from analytics.predictive.regarima import Effect
from analytics.predictive.run import Run

Packed = TypeVar("Packed", Run, tuple[Effect, ...])
_TYPES = {kind.__name__: kind for kind in (Run, Effect)}


def pack(value: Run | tuple[Effect, ...]) -> bytes:
    """A run, or effects, as bytes: one line of JSON, then the tables end to end.

    Raises
    ------
    TypeError
        It holds something else than numbers, texts and tables of numbers.
    """
    tables: list[np.ndarray] = []
    facts = json.dumps(_lay(value, tables), ensure_ascii=False)
    return facts.encode() + b"\n" + b"".join(t.astype("<f8").tobytes() for t in tables)


def unpack(data: bytes) -> Run | tuple[Effect, ...]:
    """What was packed, to the last bit.

    Raises
    ------
    ValueError
        These bytes are not those of a run, nor of effects.
    """
    facts, _, rest = data.partition(b"\n")
    try:
        tables = np.frombuffer(rest, "<f8").astype(float)
        found = _raise(json.loads(facts), tables)
    except (KeyError, TypeError, IndexError, AttributeError) as error:
        raise ValueError("not a run") from error
    effects = isinstance(found, tuple) and all(isinstance(e, Effect) for e in found)
    if not effects and not isinstance(found, Run):
        raise ValueError("not a run")
    return found


def _lay(value: Any, tables: list[np.ndarray]) -> Any:
    if is_dataclass(value) and type(value).__name__ in _TYPES:
        return {
            "type": type(value).__name__,
            "champs": {f.name: _lay(getattr(value, f.name), tables) for f in fields(value)},
        }
    if isinstance(value, np.ndarray) and value.dtype == np.float64:
        start = sum(t.size for t in tables)
        tables.append(value)
        return {"table": value.shape, "debut": start}
    if isinstance(value, Mapping):
        return {"cles": {k: _lay(v, tables) for k, v in value.items()}}
    if isinstance(value, tuple):
        return [_lay(v, tables) for v in value]
    if isinstance(value, np.generic):
        return value.item()
    if value is None or isinstance(value, str | bool | int | float):
        return value
    raise TypeError(f"{type(value).__name__} cannot be remembered")


def _raise(value: Any, tables: np.ndarray) -> Any:
    if isinstance(value, list):
        return tuple(_raise(v, tables) for v in value)
    if not isinstance(value, dict):
        return value
    if "type" in value:
        return _TYPES[value["type"]](**{k: _raise(v, tables) for k, v in value["champs"].items()})
    if "cles" in value:
        return {k: _raise(v, tables) for k, v in value["cles"].items()}
    size = math.prod(value["table"])
    return tables[value["debut"] : value["debut"] + size].reshape(value["table"]).copy()
