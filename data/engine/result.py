"""From what an engine returns to the cube: same types, same names, same order of rows on every engine."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from analytics.errors import ReadError
from analytics.french import format_number
from data.engine.errors import TooManyRows
from data.engine.plan import MAX_ROWS, Guard, Plan, Term

#: Names of the columns of a query never meet those of the lines, nor their length, case or characters.
GUARD = "g"
ROWS = "paliers_lignes"
#: Months between the year 0 and 1970.
_EPOCH = 1970 * 12


def alias(role: str, position: int) -> str:
    """Name of a column of a query."""
    return f"paliers_{role}{position}"


def finish(raw: pa.Table, plan: Plan) -> pa.Table:
    """The cube of a plan from the rows of an engine.

    Raises
    ------
    TooManyRows
        More than :data:`data.engine.plan.MAX_ROWS` rows.
    ReadError
        Lines whose numbers cannot be added up exactly.
    """
    if raw.num_rows > MAX_ROWS:
        raise TooManyRows(
            f"Ce cube a plus de {format_number(MAX_ROWS)} lignes.",
            remede="Retirez un axe, réduisez la période ou demandez les premières lignes seulement.",
        )
    for position, guard in enumerate(plan.guards):
        faults = pc.sum(raw.column(alias(GUARD, position))).as_py()
        if faults:
            raise _refused(guard, int(faults))
    arrays = [_typed(raw.column(alias("d", i)), t) for i, t in enumerate(plan.dimensions)]
    arrays += [_measured(raw, i, t) for i, t in enumerate(plan.measures)]
    names = [t.name for t in (*plan.dimensions, *plan.measures)]
    table = pa.table(arrays, names=names)
    return table.take(_sorted(table, plan))[: plan.limit] if plan.order else table[: plan.limit]


def _measured(raw: pa.Table, position: int, term: Term) -> pa.Array:
    found = _typed(raw.column(alias("m", position)), term)
    if term.operation not in ("somme", "minimum", "maximum"):
        return found
    # Over no line at all, some engines answer 0: nothing is nothing.
    empty = pc.equal(raw.column(ROWS).combine_chunks(), 0)
    return pc.if_else(empty, pa.scalar(None, found.type), found)


def _typed(column: pa.ChunkedArray, term: Term) -> pa.Array:
    whole = pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)
    if term.operation in ("mois", "periode"):
        return _months(whole)
    if term.operation == "somme" and term.columns[0].kind == "flottant":
        return _shifted(whole, term.scale or 0)
    if pa.types.is_dictionary(whole.type):
        whole = whole.dictionary_decode()
    try:
        found = whole.cast(term.kind)
    except pa.ArrowInvalid:  # its message quotes the value
        raise ReadError("Ce total a trop de chiffres pour être exact.", colonne=term.columns[0].name) from None
    # There are two zeros among doubles.
    return pc.add(found, 0.0) if pa.types.is_floating(found.type) else found


def _months(numbers: pa.Array) -> pa.Array:
    filled = numbers.cast(pa.int64()).fill_null(_EPOCH).to_numpy(zero_copy_only=False)
    days = (filled - _EPOCH).astype("datetime64[M]").astype("datetime64[D]")
    return pa.array(days, pa.date32(), mask=numbers.is_null().to_numpy(zero_copy_only=False).astype(bool))


def _shifted(units: pa.Array, scale: int) -> pa.Array:
    """Whole units of the last decimal as the decimals that they are: the same digits, the point moved."""
    whole = units.cast(pa.decimal128(38, 0))
    return pa.Array.from_buffers(pa.decimal128(38, scale), len(whole), whole.buffers(), offset=whole.offset)


def _sorted(table: pa.Table, plan: Plan) -> pa.Array:
    """Order of the rows: texts by their characters, missing last."""
    keys = pa.table([table.column(o.name) for o in plan.order], names=[f"k{i}" for i in range(len(plan.order))])
    sorts = [(f"k{i}", "descending" if o.descending else "ascending", "at_end") for i, o in enumerate(plan.order)]
    return pc.sort_indices(keys, sort_keys=sorts)


def _refused(guard: Guard, faults: int) -> ReadError:
    said = {
        "entier": "n’est pas un nombre entier",
        "decimales": f"a plus de {guard.scale} décimales, ou n’est pas un nombre",
        "fini": "n’est pas un nombre, ou est trop grand pour être compté au plus juste",
    }[guard.test]
    remedy = {
        "entier": "Convertissez la colonne en nombres entiers dans le moteur.",
        "decimales": "Convertissez la colonne en DECIMAL dans le moteur, ou dites à combien de décimales l’arrondir.",
        "fini": "Corrigez ces lignes dans le moteur.",
    }[guard.test]
    lines = f"{format_number(faults)} ligne{'s' if faults > 1 else ''}"
    return ReadError(f"Sur {lines}, cette colonne {said}.", colonne=guard.column.name, remede=remedy)
