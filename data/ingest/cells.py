"""One piece of a text, whole lines of it, as exact columns; nothing at all when a line is out of the ordinary."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as csv

from data.ingest.plan import Field, Plan
from data.ingest.stream import Unsuited

#: Digits of a whole number that its form accepts: the larger ones are left to the readers.
_LARGEST = 10**12
_MINUS, _POINT, _ZERO, _NINE = (ord(sign) for sign in "-.09")
_WEIGHTS = np.random.default_rng(20260101).integers(1, 2**63, 4096, dtype=np.uint64) | np.uint64(1)
_WORD = 8
#: Bits of a word that belong to a text of so many bytes.
_KEPT = np.array([(1 << (8 * length)) - 1 for length in range(_WORD + 1)], dtype=np.uint64)


@dataclass(frozen=True)
class Sheet:
    """How each column of a plan is read.

    Attributes
    ----------
    fields : tuple of Field
    kinds : tuple of {"code", "nombre", "libre"}
        A few values, numbers, anything.
    separator : str
    utf8 : bool
        True when texts must be valid UTF-8.
    digests : bool
        True when what tells two rows apart is asked for.
    """

    fields: tuple[Field, ...]
    kinds: tuple[str, ...]
    separator: str
    utf8: bool
    digests: bool


@dataclass(frozen=True)
class Cells:
    """The cells of a piece.

    Attributes
    ----------
    rows : int
    codes : dict of int to (numpy.ndarray of int, list of bytes or None)
        Column -> index of the value of each row, and the values; None is an empty cell.
    numbers : dict of int to (numpy.ndarray of int, numpy.ndarray of bool or None)
        Column -> amount of each row in units of its last decimal, 0 when the cell is empty; the rows where it is.
    digests : numpy.ndarray of uint64 or None
        What tells two rows apart, the coded columns not included, when it is asked for.
    free : dict of int to bytes
        Column that may hold anything -> its cells end to end.
    ranks : dict of int to numpy.ndarray
        Column of numbers, or of texts of eight bytes at most -> values in the same order as the cells.
    """

    rows: int
    codes: dict[int, tuple[np.ndarray, list[bytes | None]]]
    numbers: dict[int, tuple[np.ndarray, np.ndarray | None]]
    digests: np.ndarray | None
    free: dict[int, bytes]
    ranks: dict[int, np.ndarray]


def make_sheet(plan: Plan, *, utf8: bool, digests: bool) -> Sheet:
    """How the columns of a plan are read.

    Raises
    ------
    Unsuited
        Amounts with spaces, currencies or words.
    """
    return Sheet(plan.fields, tuple(_kind(field, plan) for field in plan.fields), plan.layout.separator, utf8, digests)


def _kind(field: Field, plan: Plan) -> str:
    signs = {f.form.decimal for _, f in plan.of_role("mesure") if f.form.decimal}
    if field.role in ("mois", "dimension"):
        return "code"
    if field.kind == "nombre" and field.form.plain and len(signs) < 2:
        return "nombre"
    if field.role == "mesure":
        raise Unsuited("montants écrits avec des espaces ou des signes")
    return "code" if field.form.pattern else "libre"


def read_cells(piece: pa.Buffer, lines: int, sheet: Sheet) -> Cells | None:
    """The cells of whole lines; None when one of them is not what the plan says.

    Parameters
    ----------
    piece : pyarrow.Buffer
        Lines in an encoding where ASCII is itself, without a quote; the last one may have no end.
    lines : int
        How many they are.
    sheet : Sheet
    """
    try:
        table = _parsed(piece, sheet)
        if table.num_rows != lines or any(column.num_chunks != 1 for column in table.columns):
            return None
        return _columns(table, sheet)
    except pa.ArrowInvalid:
        return None


def _parsed(piece: pa.Buffer, sheet: Sheet) -> pa.Table:
    names = [f"c{at}" for at in range(len(sheet.fields))]
    forms = {"code": pa.dictionary(pa.int32(), pa.binary()), "nombre": pa.binary()}
    forms["libre"] = pa.string() if sheet.utf8 else pa.binary()
    types = {name: forms[kind] for name, kind in zip(names, sheet.kinds, strict=True)}
    return csv.read_csv(
        piece,
        read_options=csv.ReadOptions(column_names=names, block_size=piece.size + 1, use_threads=False),
        parse_options=csv.ParseOptions(delimiter=sheet.separator, quote_char=False, ignore_empty_lines=False),
        convert_options=csv.ConvertOptions(
            column_types=types, check_utf8=True, null_values=[""], strings_can_be_null=True
        ),
    )


def _columns(table: pa.Table, sheet: Sheet) -> Cells | None:
    digests = np.zeros(table.num_rows, dtype=np.uint64) if sheet.digests else None
    cells = Cells(table.num_rows, {}, {}, digests, {}, {})
    for at, (field, kind) in enumerate(zip(sheet.fields, sheet.kinds, strict=True)):
        column = table.column(at).chunk(0)
        if kind == "code":
            indices = column.indices.fill_null(-1) if column.null_count else column.indices
            cells.codes[at] = indices.to_numpy(), [*column.dictionary.to_pylist(), None]
        elif kind == "libre":
            cells.free[at] = bytes(_data(column))
            _add_words(column, at, cells)
        elif (found := _numbers(column, field)) is None:
            return None
        else:
            cells.numbers[at] = found
            _add_numbers(*found, at, cells)
    return cells


def _add_numbers(values: np.ndarray, blank: np.ndarray | None, at: int, cells: Cells) -> None:
    if blank is None:
        cells.ranks[at] = values
    if cells.digests is not None:
        _mix(cells.digests, values.view(np.uint64), at)
        if blank is not None:
            cells.digests[blank] += _WEIGHTS[-4 - at]


def mix_codes(digests: np.ndarray, codes: np.ndarray, at: int) -> None:
    """Add the values of a coded column, each under a number that is its own in the whole file, to the digests."""
    _mix(digests, codes.astype(np.uint64), at)


def _mix(digests: np.ndarray, values: np.ndarray, at: int) -> None:
    """A sum of values times odd weights drawn at random: two rows that differ have the same once in 2^63."""
    digests += values * _WEIGHTS[at]


def _data(column: pa.Array) -> memoryview:
    offsets = _offsets(column)
    return memoryview(column.buffers()[2] or b"")[: offsets[-1]]


def _offsets(column: pa.Array) -> np.ndarray:
    return np.frombuffer(column.buffers()[1], np.int32, len(column) + 1)


def _add_words(column: pa.Array, at: int, cells: Cells) -> None:
    """Ranks of texts of eight bytes at most; a digest of each text, of its length and its first, last, middle bytes.

    Texts of more than 24 bytes may share theirs: rows of the same digest are compared in full.
    """
    offsets = _offsets(column)
    starts, lengths = offsets[:-1], np.diff(offsets)
    spare = np.maximum(lengths - _WORD, 0)
    long = bool(spare.any())
    if long and cells.digests is None:
        return
    padded = bytes(_data(column)) + bytes(_WORD)
    words = np.ndarray(len(padded) - _WORD + 1, dtype="<u8", buffer=padded, strides=(1,))
    kept = _KEPT[np.minimum(lengths, _WORD)]
    first = words[starts] & kept
    if not long:
        cells.ranks[at] = first.byteswap()
    if cells.digests is None:
        return
    digests = lengths.astype(np.uint64) + _spread(first, -1)
    if long:
        digests += _spread(words[starts + spare] & kept, -2) + _spread(words[starts + spare // 2] & kept, -3)
    _mix(cells.digests, digests, at)


def _spread(words: np.ndarray, at: int) -> np.ndarray:
    """The high bits of a product brought down, so that the sums of two words are not the same for little."""
    product = words * _WEIGHTS[at]
    return product ^ (product >> np.uint64(29))


def _numbers(column: pa.Array, field: Field) -> tuple[np.ndarray, np.ndarray | None] | None:
    """Exact amounts in units of the last decimal of the form, and where there is none; None for another spelling."""
    form = field.form
    blank = np.diff(_offsets(column)) == 0 if column.null_count else None
    scaled = _whole(column) if not form.decimal or not form.scale else _decimals(column, form.decimal, form.scale)
    most = _LARGEST * 10**form.scale
    if scaled is None or scaled.max(initial=0) >= most or scaled.min(initial=0) <= -most:
        return None
    return scaled, blank


def _decimals(column: pa.Array, sign: str, scale: int) -> np.ndarray | None:
    uniform = _without_sign(column, ord(sign))
    if uniform is not None:
        found = _whole(uniform)
        return None if found is None else found * 10 ** (scale - 2) if scale > 2 else found
    return _any_decimals(column, sign, scale)


def _without_sign(column: pa.Array, sign: int) -> pa.Array | None:
    """The same cells in cents, when every one has two decimals: no other reading is as fast."""
    offsets, data = _offsets(column), np.frombuffer(_data(column), np.uint8)
    starts, ends = offsets[:-1], offsets[1:]
    before = np.arange(len(offsets), dtype=np.int32)  # signs before each cell
    if column.null_count:
        filled = starts < ends
        before[1:] = np.cumsum(filled)
        starts, ends = starts[filled], ends[filled]
    marks = data == sign
    if np.count_nonzero(marks) != len(ends) or (ends - starts).min(initial=4) < 4:
        return None
    if not (data.take(ends - 3) == sign).all():
        return None
    kept = np.compress(~marks, data)
    if kept.min(initial=_ZERO) < _ZERO and (data.take(ends - 4) == _MINUS).any():
        return None
    moved = offsets - before
    return _array(column, pa.py_buffer(moved), pa.py_buffer(kept))


def _array(column: pa.Array, offsets: pa.Buffer, data: pa.Buffer) -> pa.Array:
    return pa.Array.from_buffers(pa.string(), len(column), [column.buffers()[0], offsets, data], column.null_count)


def _whole(column: pa.Array) -> np.ndarray | None:
    """Whole numbers made of digits and a minus, 0 for an empty cell."""
    data = np.frombuffer(column.buffers()[2] or b"", np.uint8, _offsets(column)[-1])
    if data.max(initial=0) > _NINE:
        return None  # hexadecimal, which the cast takes
    found = pc.cast(_array(column, *column.buffers()[1:]), pa.int64())
    return (found.fill_null(0) if found.null_count else found).to_numpy()


def _any_decimals(column: pa.Array, sign: str, scale: int) -> np.ndarray | None:
    """Amounts of any number of decimals up to `scale`."""
    raw = bytes(_data(column))
    # A cast of numbers takes exponents and a plus sign, no form does.
    if any(other in raw for other in (b"e", b"E", b"+")) or (sign != "." and b"." in raw):
        return None
    raw = raw.replace(sign.encode(), b".")
    data, offsets = np.frombuffer(raw, np.uint8), _offsets(column)
    filled = np.diff(offsets) > 0
    edges = np.concatenate([data[offsets[:-1][filled]], data[offsets[1:][filled] - 1]])
    after = data[np.flatnonzero(data[:-1] == _MINUS) + 1] if len(data) else data
    if (edges == _POINT).any() or (after == _POINT).any():
        return None
    found = pc.cast(_array(column, column.buffers()[1], pa.py_buffer(raw)), pa.decimal128(18, scale))
    # The low half of a decimal of 18 digits is the whole of it.
    halves = np.frombuffer(found.buffers()[1], np.int64)[::2]
    return np.where(filled, halves, 0)
