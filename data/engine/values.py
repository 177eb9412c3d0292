"""Values of filters: of the type of their column, or refused."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Context, Decimal

from analytics.errors import ParameterError
from data.engine.columns import Column
from data.engine.spec import MAX_SCALE

_WHOLE = 1 << 63
_EXACT = 1 << 53
_WIDE = Context(prec=100)


def checked_values(values: Sequence[object], column: Column, *, month: bool = False) -> tuple:
    """Values ready to be bound; None stays None, an empty text becomes None, a month becomes its number.

    Parameters
    ----------
    values : sequence
        As given.
    column : Column
        What they are compared with.
    month : bool
        Whether they stand for a whole month: any of its days.

    Raises
    ------
    ParameterError
        A value is not of the type of the column, or not exactly.
    """
    if month:
        return tuple(None if v is None else month_number(_day(v, column)) for v in values)
    check = {
        "texte": _text,
        "entier": _whole,
        "decimal": _decimal,
        "flottant": _float,
        "date": _day,
        "horodatage": _day,
        "booleen": _boolean,
    }[column.kind]
    return tuple(None if v is None else check(v, column) for v in values)


def month_number(day: date) -> int:
    """Months since the year 0: how months are compared and grouped on every engine."""
    return day.year * 12 + day.month - 1


def _text(value: object, column: Column) -> str | None:
    if not isinstance(value, str):
        raise _wrong(value, column, "un texte")
    if "\x00" in value or any("\ud800" <= c <= "\udfff" for c in value):
        raise ParameterError("Ce texte contient un caractère que les moteurs refusent.", colonne=column.name)
    return value or None


def _whole(value: object, column: Column) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not -_WHOLE <= value < _WHOLE:
        raise _wrong(value, column, "un nombre entier")
    return value


def _decimal(value: object, column: Column) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, (int, Decimal)) or not Decimal(value).is_finite():
        raise _wrong(value, column, "un nombre exact (entier ou Decimal)")
    scale = MAX_SCALE if column.scale is None else column.scale
    units = Decimal(value).scaleb(scale, _WIDE)
    if units != units.to_integral_value(context=_WIDE) or abs(units) >= 10**38:
        raise ParameterError(
            f"Cette valeur ne s’écrit pas avec les {scale} décimales de la colonne.", colonne=column.name, valeur=value
        )
    return Decimal(value).quantize(Decimal(1).scaleb(-scale), context=_WIDE)


def _float(value: object, column: Column) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal)) or not math.isfinite(value):
        raise _wrong(value, column, "un nombre")
    if isinstance(value, int) and abs(value) > _EXACT:
        raise _wrong(value, column, "un nombre que la colonne puisse contenir")
    return float(value)


def _day(value: object, column: Column) -> date:
    if not isinstance(value, date):
        raise _wrong(value, column, "une date")
    # A Timestamp is a datetime: its day is what is compared.
    return value.date() if isinstance(value, datetime) else value


def _boolean(value: object, column: Column) -> bool:
    if not isinstance(value, bool):
        raise _wrong(value, column, "vrai ou faux")
    return value


def _wrong(value: object, column: Column, what: str) -> ParameterError:
    return ParameterError(f"La valeur d’un filtre n’est pas {what}.", colonne=column.name, valeur=value)
