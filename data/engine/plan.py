"""A spec put against the columns of an engine: every type settled, every doubt refused or guarded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa

from analytics.errors import ParameterError
from data.engine.columns import Column, Columns, readable
from data.engine.spec import (
    Dimension,
    Filter,
    Measure,
    Month,
    Order,
    Period,
    Spec,
    as_dimension,
    check_filter,
    check_limit,
    name_of,
)
from data.engine.values import checked_values

#: Rows of a cube that may be pulled from an engine.
MAX_ROWS = 1_000_000
#: Decimals of amounts whose type does not say how many they have.
CENTS = 2


@dataclass(frozen=True)
class Term:
    """One column of a query.

    Attributes
    ----------
    operation : str
        "valeur", "mois" or "periode" for an axis, else the operation of a measure.
    columns : tuple of Column
        None for the lines, two for a period.
    name : str
        In the result.
    kind : pyarrow.DataType
        In the result.
    scale : int or None
        Decimals of a sum.
    """

    operation: str
    columns: tuple[Column, ...]
    name: str
    kind: pa.DataType
    scale: int | None = None


@dataclass(frozen=True)
class Guard:
    """What every line must respect for the answer to be exact: "entier", "decimales" or "fini"."""

    test: str
    column: Column
    scale: int = 0


@dataclass(frozen=True)
class Condition:
    """A filter whose values are those of its column; `missing` when a missing value passes too."""

    term: Term
    test: str
    values: tuple = ()
    missing: bool = False


@dataclass(frozen=True)
class Plan:
    """What an engine is to compute: one row per combination of the axes met.

    Attributes
    ----------
    dimensions, measures : tuple of Term
    conditions : tuple of Condition
    guards : tuple of Guard
        Each is a count of faulty lines, which must be 0.
    order : tuple of Order
        Of the whole result, the axes that break ties included.
    limit : int or None
    """

    dimensions: tuple[Term, ...]
    measures: tuple[Term, ...]
    conditions: tuple[Condition, ...]
    guards: tuple[Guard, ...]
    order: tuple[Order, ...]
    limit: int | None

    @property
    def pushed(self) -> bool:
        """Whether the engine may keep the first rows only: a guard must see them all."""
        return self.limit is not None and not self.guards

    @property
    def rows(self) -> int:
        """Most rows to ask of the engine; one more than allowed tells that there are too many."""
        return self.limit if self.pushed and self.limit is not None else MAX_ROWS + 1


def make_plan(spec: Spec, columns: Columns) -> Plan:
    """Settle a spec against columns.

    Raises
    ------
    ParameterError
        A column is absent, or of a type that the operation, or the value of a filter, does not fit.
    """
    dimensions = tuple(dimension_term(d, columns) for d in spec.dimensions)
    measures = tuple(_measure_term(m, columns) for m in spec.measures)
    guards = [g for t in dimensions for g in _axis_guards(t)]
    guards += [g for t, m in zip(measures, spec.measures, strict=True) for g in _measure_guards(t, m)]
    order: dict[str, Order] = {}
    for asked in (*spec.order, *(Order(t.name) for t in dimensions)):
        order.setdefault(asked.name, asked)
    conditions = make_conditions(spec.filters, columns)
    return Plan(dimensions, measures, conditions, tuple(dict.fromkeys(guards)), tuple(order.values()), spec.limit)


def make_conditions(filters: Sequence[Filter], columns: Columns) -> tuple[Condition, ...]:
    """Settle filters against columns; same errors as :func:`make_plan`."""
    return tuple(_condition(f, columns) for f in filters)


def column_named(name: str, columns: Columns) -> Column:
    """The column of that name.

    Raises
    ------
    ParameterError
        There is none, or nothing can be asked of it.
    """
    found = columns.get(name)
    if found is None:
        raise ParameterError("Cette colonne n’existe pas dans les lignes du moteur.", colonne=str(name))
    if found.kind == "autre":
        raise ParameterError("Le type de cette colonne n’est ni un texte, ni un nombre, ni une date.", colonne=name)
    return found


def names_to_read(filters: Sequence[Filter], columns: Sequence[str] | None, limit: int, known: Columns) -> list[str]:
    """Columns of the lines asked for, all those that can be shown by default, once the question is found valid.

    Raises
    ------
    ParameterError
        A filter, a column or the limit is not valid.
    """
    check_limit(limit)
    for item in filters:
        check_filter(item)
    return [column_named(name, known).name for name in columns or readable(known)]


def dimension_term(asked: Dimension, columns: Columns) -> Term:
    """An axis settled."""
    if isinstance(asked, Period):
        parts = (column_named(asked.year, columns), column_named(asked.month, columns))
        for part in parts:
            _need(part, ("entier", "decimal", "flottant"), "une année ou un numéro de mois")
        return Term("periode", parts, name_of(asked), pa.date32())
    column = column_named(asked.column, columns)
    if isinstance(asked, Month):
        _need(column, ("date", "horodatage"), "une date")
        return Term("mois", (column,), name_of(asked), pa.date32())
    return Term("valeur", (column,), name_of(asked), _value_type(column))


def _measure_term(measure: Measure, columns: Columns) -> Term:
    name, operation = name_of(measure), measure.operation
    if operation == "lignes":
        return Term(operation, (), name, pa.int64())
    column = column_named(measure.column, columns)
    if operation in ("renseignes", "distincts"):
        return Term(operation, (column,), name, pa.int64())
    if operation == "somme":
        _need(column, ("entier", "decimal", "flottant"), "un nombre")
        scale = _scale(measure, column)
        return Term(operation, (column,), name, pa.decimal128(38, scale), scale)
    # The least of two texts depends on the alphabet of the engine.
    _need(column, ("entier", "decimal", "flottant", "date", "horodatage"), "un nombre ou une date")
    return Term(operation, (column,), name, pa.float64() if column.kind == "flottant" else _value_type(column))


def _scale(measure: Measure, column: Column) -> int:
    if column.vague:
        return CENTS if measure.scale is None else measure.scale
    own = column.scale or 0
    if measure.scale not in (None, own):
        raise ParameterError(
            f"Cette colonne a déjà un nombre de décimales, {own}.",
            colonne=column.name,
            valeur=measure.scale,
            remede="Ne donnez pas de nombre de décimales.",
        )
    return own


def _value_type(column: Column) -> pa.DataType:
    if column.kind == "decimal":
        return pa.decimal128(38, CENTS if column.scale is None else column.scale)
    return {
        "texte": pa.string(),
        "entier": pa.int64(),
        "flottant": pa.int64(),
        "date": pa.date32(),
        "horodatage": pa.date32(),
        "booleen": pa.bool_(),
    }[column.kind]


def _axis_guards(term: Term) -> list[Guard]:
    if term.operation == "periode":
        return [Guard("entier", c) for c in term.columns if c.kind != "entier" and c.scale != 0]
    return [Guard("entier", c) if c.kind == "flottant" else Guard("decimales", c, CENTS) for c in _vague(term)]


def _vague(term: Term) -> list[Column]:
    return [c for c in term.columns if c.vague]


def _measure_guards(term: Term, measure: Measure) -> list[Guard]:
    column = term.columns[0] if term.columns else None
    if column is None or not column.vague or term.operation == "renseignes":
        return []
    if term.operation == "somme":
        rounded = measure.scale is not None
        if rounded and column.kind == "decimal":
            return []
        return [Guard("fini" if rounded else "decimales", column, term.scale or 0)]
    if column.kind == "decimal":
        return [Guard("decimales", column, CENTS)]
    return [Guard("entier" if term.operation == "distincts" else "fini", column)]


def _condition(item: Filter, columns: Columns) -> Condition:
    term = dimension_term(as_dimension(item.column), columns)
    if item.test in ("manquant", "renseigne"):
        return Condition(term, item.test)
    if item.test == "entre" and term.operation == "valeur" and term.columns[0].kind in ("texte", "booleen"):
        raise ParameterError(
            "Un intervalle porte sur des nombres ou des dates : l’ordre des textes dépend du moteur.",
            colonne=term.columns[0].name,
        )
    values = checked_values(item.values, term.columns[0], month=term.operation != "valeur")
    if item.test == "entre":
        return Condition(term, "entre", values)
    kept = tuple(dict.fromkeys(v for v in values if v is not None))
    return Condition(term, "parmi", kept, missing=None in values)


def _need(column: Column, kinds: tuple[str, ...], what: str) -> None:
    if column.kind not in kinds:
        raise ParameterError(f"Cette colonne n’est pas {what}.", colonne=column.name, valeur=column.kind)
