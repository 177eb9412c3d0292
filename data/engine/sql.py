"""A plan as SQL of DuckDB: quoted identifiers, bound values, nothing else that comes from outside."""

from __future__ import annotations

from dataclasses import dataclass

from data.duck import quote_identifier
from data.engine.columns import Column
from data.engine.plan import Condition, Guard, Plan, Term
from data.engine.result import GUARD, ROWS, alias

#: Instants are dated where the insurer is.
ZONE = "'Europe/Paris'"
#: Largest whole number that a double holds without rounding.
EXACT = 1 << 53
#: Largest double: what is beyond is infinite.
HUGE = 1.7976931348623157e308


@dataclass(frozen=True)
class Query:
    """A text and the values bound to its question marks, in order."""

    text: str
    values: tuple = ()


def write_query(plan: Plan, source: str) -> Query:
    """The query of a cube; `source` is a quoted identifier."""
    columns = [(_axis(t), alias("d", i)) for i, t in enumerate(plan.dimensions)]
    columns += [(_measure(t), alias("m", i)) for i, t in enumerate(plan.measures)]
    columns += [(_fault(g), alias(GUARD, i)) for i, g in enumerate(plan.guards)]
    columns.append(("COUNT(*)", ROWS))
    where, values = write_where(plan.conditions)
    parts = ["SELECT", ", ".join(f"{e} AS {quote_identifier(n)}" for e, n in columns), "FROM", source, *where]
    if plan.dimensions:
        parts += ["GROUP BY", ", ".join(str(i + 1) for i in range(len(plan.dimensions)))]
    if plan.pushed:
        parts += ["ORDER BY", ", ".join(_sorts(plan))] if plan.order else []
    return Query(" ".join([*parts, "LIMIT ?"]), (*values, plan.rows))


def write_where(conditions: tuple[Condition, ...]) -> tuple[list[str], list]:
    """Conditions, all true at once, and their values."""
    texts, values = [], []
    for condition in conditions:
        text, bound = _condition(condition)
        texts.append(f"({text})")
        values += bound
    return (["WHERE", " AND ".join(texts)] if texts else []), values


def _name(column: Column) -> str:
    return quote_identifier(column.name)


def _sorts(plan: Plan) -> list[str]:
    where = {t.name: alias("d", i) for i, t in enumerate(plan.dimensions)}
    where |= {t.name: alias("m", i) for i, t in enumerate(plan.measures)}
    return [f"{quote_identifier(where[o.name])} {'DESC' if o.descending else 'ASC'} NULLS LAST" for o in plan.order]


def _axis(term: Term) -> str:
    if term.operation == "mois":
        day = _day(term.columns[0])
        return f"CAST(year({day}) * 12 + month({day}) - 1 AS BIGINT)"
    if term.operation == "periode":
        year, month = map(_whole, term.columns)
        return f"CASE WHEN {year} BETWEEN 1 AND 9999 AND {month} BETWEEN 1 AND 12 THEN {year} * 12 + {month} - 1 END"
    return _value(term.columns[0])


def _value(column: Column) -> str:
    """A column as an axis sees it: an empty text is missing, an instant is a day, a number is whole or decimal."""
    name = _name(column)
    if column.kind == "texte":
        return f"NULLIF(CAST({name} AS VARCHAR), '')"
    if column.kind == "flottant":
        return _whole(column)
    if column.kind in ("date", "horodatage"):
        return _day(column)
    return f"CAST({name} AS DECIMAL(38, {column.scale}))" if column.kind == "decimal" else name


def _day(column: Column) -> str:
    name = _name(column)
    if column.kind == "horodatage":
        return f"CAST(timezone({ZONE}, {name}) AS DATE)" if column.zoned else f"CAST({name} AS DATE)"
    return name


def _whole(column: Column) -> str:
    """A number as a whole one; what does not fit is missing, and counted by a guard when it is not exact."""
    name = _name(column)
    if column.kind == "entier":
        return f"CAST({name} AS BIGINT)"
    return f"CASE WHEN {_within(column, EXACT)} THEN CAST(floor({name}) AS BIGINT) END"


def _within(column: Column, limit: float) -> str:
    """Whether a number is one and is not too large.

    DuckDB takes the bounds written in Parquet files for those of the column, and they ignore what is not a number:
    between two bounds alone, such a line would pass.
    """
    name = _name(column)
    between = f"{name} BETWEEN {-limit!r} AND {limit!r}"
    return f"isfinite({name}) AND {between}" if column.kind == "flottant" else between


def _measure(term: Term) -> str:
    if term.operation == "lignes":
        return "COUNT(*)"
    column = term.columns[0]
    if term.operation == "renseignes":
        return f"COUNT({_value(column) if column.kind == 'texte' else _name(column)})"
    if term.operation == "distincts":
        return f"COUNT(DISTINCT {_value(column)})"
    if term.operation == "somme":
        return (
            f"CAST(SUM({_units(column, term.scale or 0)}) AS DECIMAL(38, {0 if column.vague else column.scale or 0}))"
        )
    inner = _name(column) if column.kind == "flottant" else _value(column)
    return f"{'MIN' if term.operation == 'minimum' else 'MAX'}({inner})"


def _units(column: Column, scale: int) -> str:
    """What is added up: the number itself when it is exact, else whole units of its last decimal, half up."""
    name = _name(column)
    if column.kind != "flottant":
        return name
    factor = 10**scale
    units = f"floor({_double(name)} * {factor} + 0.5::DOUBLE)"
    return f"CASE WHEN {_within(column, EXACT // factor)} THEN CAST({units} AS BIGINT) END"


def _double(name: str) -> str:
    return f"CAST({name} AS DOUBLE)"


def _fault(guard: Guard) -> str:
    name, factor = _name(guard.column), 10**guard.scale
    sound = _within(guard.column, HUGE if guard.test == "fini" and not guard.scale else EXACT // factor)
    if guard.test == "entier":
        sound += f" AND floor({name}) = {name}"
    if guard.test == "decimales":
        units = f"{_double(name)} * {factor}"
        # A double is never exactly at its decimals: a hundredth of the last one is its noise.
        sound += f" AND abs({units} - floor({units} + 0.5::DOUBLE)) <= 0.01::DOUBLE"
    return f"COUNT(CASE WHEN {name} IS NULL OR ({sound}) THEN NULL ELSE 1 END)"


def _condition(condition: Condition) -> tuple[str, list]:
    term, test = condition.term, condition.test
    column = term.columns[0]
    raw = term.operation == "valeur" and column.kind == "flottant"
    value = _name(column) if raw else _axis(term)
    if test == "manquant":
        return f"{value} IS NULL", []
    if test == "renseigne":
        return f"{value} IS NOT NULL", []
    if test == "entre":
        bounds = [(s, v) for s, v in zip((">=", "<="), condition.values, strict=True) if v is not None]
        # Infinite numbers and those that are none are in no interval, on any engine.
        texts = [f"isfinite({value})" if raw else f"{value} IS NOT NULL"]
        return " AND ".join([*texts, *(f"{value} {s} ?" for s, _ in bounds)]), [v for _, v in bounds]
    texts = [f"{value} IN ({', '.join('?' * len(condition.values))})"] if condition.values else []
    texts += [f"{value} IS NULL"] if condition.missing else []
    return " OR ".join(texts), list(condition.values)
