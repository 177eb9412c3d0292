"""Parquet files: columns already typed are kept as they are, the others are typed like those of a text."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from analytics.errors import ReadError
from data.readers.columns import Column, Hints
from data.readers.grid import Grid
from data.readers.layout import Layout
from data.readers.source import Source
from data.readers.workbook import number_text
from data.vocabulary import guess, looks_like_code


def read_parquet(data: bytes) -> Source:
    """Read a Parquet file; its lines are the numbers of its rows.

    Raises
    ------
    ReadError
        A damaged file, or columns that hold lists or records.
    """
    try:
        file = pq.ParquetFile(pa.BufferReader(data))
        _check(file)
        table = file.read()
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError) as error:
        raise ReadError("Le fichier Parquet est abîmé.", remede="Exportez-le de nouveau, ou en CSV.") from error
    columns = {name: _flat(name, table.column(name)) for name in table.column_names}
    cells = pa.table({name: _texts(column) for name, column in columns.items()})
    typed = {name: _typed(name, column) for name, column in columns.items()}
    names = tuple(cells.column_names)
    layout = Layout("", "", "", (), names, (names,), 1, len(names), (True,) * len(names))
    lines = np.arange(1, table.num_rows + 1)
    numeric = {n: "." for n, c in columns.items() if not pa.types.is_string(c.type)}
    return Source(
        Grid(cells, lines, [], [], layout),
        {"encoding": None, "separator": None, "sheet": None, "lignes": table.num_rows},
        hints=Hints(numeric),
        typed={name: column for name, column in typed.items() if column is not None},
    )


def _check(file: pq.ParquetFile) -> None:
    schema = file.schema_arrow
    for name in schema.names:
        if schema.names.count(name) > 1:
            raise ReadError("Deux colonnes portent le même nom.", colonne=name, remede="Renommez l’une des deux.")
    for column in schema:
        if pa.types.is_nested(column.type):
            raise ReadError(
                "Cette colonne contient des listes ou des enregistrements, pas des valeurs.",
                colonne=column.name,
                remede="Exportez une valeur par cellule.",
            )


def _flat(name: str, column: pa.ChunkedArray) -> pa.Array:
    """The column as one of text, float64, bool or timestamp[s]."""
    kind = column.type
    whole = column.combine_chunks()
    whole = whole.combine_chunks() if isinstance(whole, pa.ChunkedArray) else whole
    if pa.types.is_dictionary(kind):
        return _flat(name, pa.chunked_array([whole.dictionary_decode()]))
    if pa.types.is_temporal(kind) and (pa.types.is_timestamp(kind) or pa.types.is_date(kind)):
        return pc.cast(whole, pa.timestamp("s"), safe=False) if not _zoned(kind) else _local(whole)
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return whole
    if pa.types.is_boolean(kind):
        return pc.if_else(whole, "VRAI", "FAUX")
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        raise ReadError(
            "Cette colonne contient des octets, pas du texte.", colonne=name, remede="Retirez-la du fichier."
        )
    return pc.cast(whole, pa.string())


def _zoned(kind: pa.DataType) -> bool:
    return pa.types.is_timestamp(kind) and kind.tz is not None


def _local(column: pa.Array) -> pa.Array:
    """Clock time as it was written: midnight in Paris stays midnight."""
    return pc.cast(pc.local_timestamp(column), pa.timestamp("s"), safe=False)


def _texts(column: pa.Array) -> pa.Array:
    """Cells as text, "" for a missing one."""
    if pa.types.is_string(column.type):
        return pc.fill_null(column, "")
    encoded = column.dictionary_encode()
    if pa.types.is_timestamp(column.type):
        words = [t.removesuffix(" 00:00:00") for t in pc.strftime(encoded.dictionary, "%Y-%m-%d %H:%M:%S").to_pylist()]
    else:
        words = [_number(v) for v in encoded.dictionary.to_pylist()]
    return pc.fill_null(pa.array(words, pa.string()).take(encoded.indices), "")


def _number(value: object) -> str:
    if isinstance(value, float):
        return number_text(value) if np.isfinite(value) else "" if np.isnan(value) else str(value)
    return format(value, "f") if not isinstance(value, int) else str(value)


def _typed(name: str, column: pa.Array) -> Column | None:
    """The column with the type of the file; None when the words of its title or its texts have to be read."""
    if pa.types.is_string(column.type):
        return None
    hint = guess(name)
    dated = pa.types.is_timestamp(column.type)
    read_as_text = hint is not None and hint.kind in ("dimension", "identifier", "personal", "month", "calendar")
    if not dated and (read_as_text or (hint is None and looks_like_code(name))):
        return None
    encoded = column.dictionary_encode()
    codes = pc.fill_null(encoded.indices, len(encoded.dictionary)).to_numpy(zero_copy_only=False).astype(np.int64)
    if dated:
        values = encoded.dictionary.to_numpy(zero_copy_only=False).astype("datetime64[s]")
        parsed = np.append(values, np.datetime64("NaT", "s"))
    else:
        parsed = np.append(pc.cast(encoded.dictionary, pa.float64(), safe=False).to_numpy(zero_copy_only=False), np.nan)
    missing = np.isnat(parsed) if dated else np.isnan(parsed)
    bad = np.zeros(len(parsed), dtype=bool) if dated else np.isinf(parsed)
    words = _texts(encoded.dictionary).to_pylist()
    kind = "date" if dated else "number"
    decimal = None if dated else "."
    return Column(name, kind, pa.array([*words, ""], pa.string()), codes, parsed, missing, bad, decimal)
