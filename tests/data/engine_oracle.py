"""The answer of a cube, computed line by line in Python with Decimal: what every engine must find."""

from __future__ import annotations

from datetime import date, datetime
from decimal import ROUND_FLOOR, Decimal
from typing import Any
from zoneinfo import ZoneInfo

from data.engine import Axis, Filter, Month, Period, Spec

Row = dict[str, Any]


def expected(rows: list[Row], spec: Spec) -> list[tuple]:
    """Rows of the cube in their order, as tuples in the order of `spec.names`."""
    kept = [r for r in rows if all(_passes(r, f) for f in spec.filters)]
    groups: dict[tuple, list[Row]] = {} if spec.dimensions else {(): kept}
    for row in kept if spec.dimensions else ():
        groups.setdefault(tuple(axis_value(row, d) for d in spec.dimensions), []).append(row)
    cube = [(*key, *(_measured(lines, m) for m in spec.measures)) for key, lines in groups.items()]
    sorts = [(spec.names.index(o.name), o.descending) for o in spec.order]
    sorts += [(i, False) for i in range(len(spec.dimensions))]
    for position, descending in reversed(sorts):
        filled = sorted((r for r in cube if r[position] is not None), key=lambda r: _key(r[position]))
        # A stable sort, the other way round for equal rows that must keep their order.
        if descending:
            filled = sorted((r for r in cube if r[position] is not None), key=lambda r: _key(r[position]), reverse=True)
        cube = filled + [r for r in cube if r[position] is None]
    return cube[: spec.limit]


def axis_value(row: Row, dimension: Axis | Month | Period) -> object:
    """Value of an axis on a line."""
    if isinstance(dimension, Period):
        year, month = row[dimension.year], row[dimension.month]
        valid = year is not None and month is not None and 1 <= month <= 12 and 1 <= year <= 9999
        return date(int(year), int(month), 1) if valid else None
    value = _plain(row[dimension.column])
    return value.replace(day=1) if isinstance(dimension, Month) and value is not None else value


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return (value.astimezone(ZoneInfo("Europe/Paris")) if value.tzinfo else value).date()
    if isinstance(value, float):
        return int(value)
    return None if value == "" else value


def _measured(lines: list[Row], measure) -> object:
    if measure.operation == "lignes":
        return len(lines)
    raw = [r[measure.column] for r in lines]
    values = [v for v in map(_plain, raw) if v is not None]
    if measure.operation == "renseignes":
        return len(values)
    if measure.operation == "distincts":
        return len(set(values))
    raw = [v for v in raw if v is not None]
    if not raw:
        return None
    if measure.operation == "somme":
        return sum((_exact(v, 2 if measure.scale is None else measure.scale) for v in raw), Decimal(0))
    best = min if measure.operation == "minimum" else max
    return best(raw) if isinstance(raw[0], float) else best(values)


def _exact(value: object, scale: int) -> Decimal:
    if not isinstance(value, float):
        return Decimal(value)
    units = Decimal(value * float(10**scale) + 0.5).to_integral_value(ROUND_FLOOR)
    return units.scaleb(-scale)


def _passes(row: Row, item: Filter) -> bool:
    dimension = Axis(item.column) if isinstance(item.column, str) else item.column
    raw = isinstance(dimension, Axis) and isinstance(row[dimension.column], float)
    value = row[dimension.column] if raw else axis_value(row, dimension)
    if item.test == "manquant":
        return value is None
    if item.test == "renseigne":
        return value is not None
    month = not isinstance(dimension, Axis)
    wanted = [v.replace(day=1) if month and v is not None else (None if v == "" else v) for v in item.values]
    if item.test == "entre":
        low, high = wanted
        return value is not None and (low is None or value >= low) and (high is None or value <= high)
    return value in wanted


def _key(value: object) -> object:
    return value.encode() if isinstance(value, str) else value
