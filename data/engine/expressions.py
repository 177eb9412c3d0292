"""A plan as an expression of Ibis, the same for PostgreSQL, Spark and ClickHouse.

It says what :mod:`data.engine.sql` says to DuckDB; where an engine has a habit of its own, :class:`Habits` holds it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from data.engine.columns import Column
from data.engine.plan import Condition, Guard, Plan, Term
from data.engine.result import GUARD, ROWS, alias
from data.engine.sql import EXACT, HUGE

#: A table or a column of Ibis, which is imported only when it is used.
Expression = Any


@dataclass(frozen=True)
class Habits:
    """What an engine does in its own way.

    Attributes
    ----------
    digits : int
        Digits in which sums are made: more than the result has, where an overflow would be silent.
    distinct : callable or None
        Exact count of different values, where the ordinary one is an estimate.
    ordered : callable or None
        What texts are sorted by, where their order depends on a language.
    local : callable or None
        An instant as the time it was in Paris, where the session does not do it.
    """

    digits: int = 38
    distinct: Callable[[Expression], Expression] | None = None
    ordered: Callable[[Expression], Expression] | None = None
    local: Callable[[Expression], Expression] | None = None


def make_expression(plan: Plan, lines: Expression, habits: Habits) -> Expression:
    """The expression of a cube over a table of lines."""
    lines = keep(lines, plan.conditions, habits)
    axes = {alias("d", i): _axis(lines, t, habits) for i, t in enumerate(plan.dimensions)}
    measures = {alias("m", i): _measure(lines, t, habits) for i, t in enumerate(plan.measures)}
    measures |= {alias(GUARD, i): _fault(lines, g) for i, g in enumerate(plan.guards)}
    measures[ROWS] = lines.count()
    cube = lines.group_by(**axes).aggregate(**measures) if axes else lines.aggregate(**measures)
    if plan.pushed and plan.order:
        cube = cube.order_by(_sorts(cube, plan, habits))
    return cube.limit(plan.rows)


def keep(lines: Expression, conditions: tuple[Condition, ...], habits: Habits) -> Expression:
    """Lines that respect every condition."""
    return lines.filter([_condition(lines, c, habits) for c in conditions]) if conditions else lines


def _sorts(cube: Expression, plan: Plan, habits: Habits) -> list[Expression]:
    where = {t.name: (alias("d", i), t) for i, t in enumerate(plan.dimensions)}
    where |= {t.name: (alias("m", i), t) for i, t in enumerate(plan.measures)}
    sorts = []
    for order in plan.order:
        name, term = where[order.name]
        text = term.operation == "valeur" and term.columns[0].kind == "texte"
        key = habits.ordered(cube[name]) if text and habits.ordered else cube[name]
        sorts.append(key.desc(nulls_first=False) if order.descending else key.asc(nulls_first=False))
    return sorts


def _axis(lines: Expression, term: Term, habits: Habits) -> Expression:
    if term.operation == "mois":
        day = _day(lines, term.columns[0], habits)
        return day.year().cast("int64") * 12 + day.month().cast("int64") - 1
    if term.operation == "periode":
        year, month = (_whole(lines, c) for c in term.columns)
        return _when(year.between(1, 9999) & month.between(1, 12), year * 12 + month - 1)
    return _value(lines, term.columns[0], habits)


def _value(lines: Expression, column: Column, habits: Habits) -> Expression:
    """A column as an axis sees it: an empty text is missing, an instant is a day, a number is whole or decimal."""
    found = lines[column.name]
    if column.kind == "texte":
        return found.cast("string").nullif("")
    if column.kind == "flottant":
        return _whole(lines, column)
    if column.kind in ("date", "horodatage"):
        return _day(lines, column, habits)
    if column.kind == "decimal":
        return found.cast(f"decimal(38, {2 if column.scale is None else column.scale})")
    return found.cast("int64") if column.kind == "entier" else found


def _day(lines: Expression, column: Column, habits: Habits) -> Expression:
    """The day of a date; an instant is dated in Paris."""
    found = lines[column.name]
    if column.zoned and habits.local:
        found = habits.local(found)
    return found.cast("date") if column.kind == "horodatage" else found


def _whole(lines: Expression, column: Column) -> Expression:
    found = lines[column.name]
    if column.kind == "entier":
        return found.cast("int64")
    return _when(found.between(-EXACT, EXACT), found.floor().cast("int64"))


def _measure(lines: Expression, term: Term, habits: Habits) -> Expression:
    if term.operation == "lignes":
        return lines.count()
    column = term.columns[0]
    found = lines[column.name]
    if term.operation == "renseignes":
        return (_value(lines, column, habits) if column.kind == "texte" else found).count()
    if term.operation == "distincts":
        value = _value(lines, column, habits)
        return habits.distinct(value) if habits.distinct else value.nunique()
    if term.operation == "somme":
        return _units(found, column, term.scale or 0, habits.digits).sum()
    inner = found if column.kind == "flottant" else _value(lines, column, habits)
    return inner.min() if term.operation == "minimum" else inner.max()


def _units(found: Expression, column: Column, scale: int, digits: int) -> Expression:
    """What is added up: the number itself when it is exact, else whole units of its last decimal, half up."""
    if column.kind != "flottant":
        return found.cast(f"decimal(38, {scale})").cast(f"decimal({digits}, {scale})")
    factor = 10**scale
    units = (found.cast("float64") * float(factor) + 0.5).floor().cast("int64")
    return _when(found.between(-(EXACT // factor), EXACT // factor), units).cast(f"decimal({digits}, 0)")


def _fault(lines: Expression, guard: Guard) -> Expression:
    found = lines[guard.column.name]
    factor = 10**guard.scale
    sound = found.between(-(EXACT // factor), EXACT // factor)
    if guard.test == "fini" and not guard.scale:
        sound = found.between(-HUGE, HUGE)
    if guard.test == "entier":
        sound &= found.floor() == found
    if guard.test == "decimales" and guard.column.kind == "decimal":
        sound = found == found.cast(f"decimal(38, {guard.scale})")
    elif guard.test == "decimales":
        units = found.cast("float64") * float(factor)
        sound &= (units - (units + 0.5).floor().cast("float64")).abs() <= 0.01
    return _when(found.notnull() & ~sound, 1).count()


def _condition(lines: Expression, condition: Condition, habits: Habits) -> Expression:
    term, test = condition.term, condition.test
    column = term.columns[0]
    raw = term.operation == "valeur" and column.vague
    value = lines[column.name] if raw else _axis(lines, term, habits)
    if test == "manquant":
        return value.isnull()
    if test == "renseigne":
        return value.notnull()
    if test == "entre":
        low, high = (None if v is None else _literal(v, term) for v in condition.values)
        kept = value.between(-HUGE, HUGE) if raw and column.kind == "flottant" else value.notnull()
        kept = kept if low is None else kept & (value >= low)
        return kept if high is None else kept & (value <= high)
    tests = [value.isin([_literal(v, term) for v in condition.values])] if condition.values else []
    tests += [value.isnull()] if condition.missing else []
    return tests[0] | tests[1] if len(tests) == 2 else tests[0]


def _literal(value: object, term: Term) -> Expression:
    import ibis

    column = term.columns[0]
    if term.operation == "valeur" and column.kind == "decimal":
        return ibis.literal(value, type=f"decimal(38, {12 if column.scale is None else column.scale})")
    return ibis.literal(value)


def _when(test: Expression, value: object) -> Expression:
    """A value where a test is true, missing elsewhere, a missing test included."""
    import ibis

    return ibis.cases((test, value))
