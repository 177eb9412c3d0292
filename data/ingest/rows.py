"""Accepted lines of a file as Parquet under their canonical names: no half file, and a name that is its digest."""

from __future__ import annotations

import hashlib
import os
import uuid
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from analytics.schema import MONTHS
from data.duck import quote_identifier, quote_literal
from data.ingest.query import Groups, Source, amount_sql
from data.mapping.lines import NOT_GIVEN, Lines
from data.mapping.propose import Mapping

_COMPRESSION = "zstd"


def write_rows(
    source: Source, lines: Lines, mapping: Mapping, groups: Groups, folder: Path, *, all_regular: bool
) -> str:
    """Write the regular lines from the text and the others from `lines`; name of the file in `folder`.

    Parameters
    ----------
    source : Source
        Its connection may write in `folder`.
    lines : Lines
        Groups, then irregular lines.
    mapping : Mapping
    groups : Groups
        Cells of the months and of the dimensions.
    folder : pathlib.Path
        An existing folder.
    all_regular : bool
        True when every line of the file is in a group.
    """
    columns = [*_months(source, lines, groups), *_dimensions(source, mapping, groups), *_amounts(source, mapping)]
    query = f"SELECT {', '.join(columns)} FROM {source.rows}"  # noqa: S608 - quoted
    if not all_regular:
        query = f"SELECT * FROM ({query} WHERE {source.regular}) WHERE mois IS NOT NULL"  # noqa: S608 - quoted
    others = lines.frame.iloc[len(groups.counts) :]

    def write(part: Path) -> None:
        if others.empty:
            target = quote_literal(str(part.resolve()))
            source.connection.execute(f"COPY ({query}) TO {target} (FORMAT parquet, COMPRESSION {_COMPRESSION})")
            return
        reader = source.connection.sql(query).to_arrow_reader(122_880)
        with pq.ParquetWriter(part, reader.schema, compression=_COMPRESSION) as writer:
            for batch in reader:
                writer.write_batch(batch)
            writer.write_table(_table(others, reader.schema))

    return _publish(folder, write)


def write_lines(lines: Lines, folder: Path) -> str:
    """Write the lines of a file read in memory; name of the file in `folder`."""
    frame = lines.frame
    fields = [
        pa.field(c, pa.date32() if c in MONTHS else pa.float64() if c in lines.measures else pa.string())
        for c in frame.columns
    ]
    return _publish(folder, lambda part: pq.write_table(_table(frame, pa.schema(fields)), part, compression="zstd"))


def _table(frame: pd.DataFrame, schema: pa.Schema) -> pa.Table:
    arrays = []
    for field in schema:
        values = frame[field.name]
        if isinstance(values.dtype, pd.CategoricalDtype):
            values = values.astype("str")
        if pa.types.is_decimal(field.type):
            exact = pa.array(values, from_pandas=True)
            arrays.append(exact.cast(pa.decimal128(38, field.type.scale), safe=False).cast(field.type))
        else:
            arrays.append(pa.array(values, from_pandas=True).cast(field.type, safe=False))
    return pa.table(arrays, schema=schema)


def _publish(folder: Path, write: Callable[[Path], None]) -> str:
    """Write beside, flush, check, then rename: a reader sees the whole file or none."""
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f"{uuid.uuid4().hex}.part"
    try:
        write(part)
        with part.open("rb+") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            os.fsync(file.fileno())
        pq.read_metadata(part)
        name = f"{digest}.parquet"
        os.replace(part, folder / name)
    finally:
        part.unlink(missing_ok=True)
    if hasattr(os, "O_DIRECTORY"):
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
    return name


def _months(source: Source, lines: Lines, groups: Groups) -> list[str]:
    """Months by their cell: the few cells met are read beforehand."""
    months = source.plan.of_role("mois")
    cells = [f.form.key.format(c=f"c{at}") for at, f in months]
    size = len(groups.counts)
    columns = []
    for name in (c for c in MONTHS if c in lines.frame.columns):
        dates = lines.frame[name].iloc[:size]
        keys = pd.MultiIndex.from_arrays([groups.keys[f.name] for _, f in months])
        known = pd.Series(dates.to_numpy(), index=keys)
        known = known[~known.index.duplicated()].dropna()
        pairs = {"\x1f".join(key): f"{date:%Y-%m-%d}" for key, date in known.items()}
        told = ", ".join(f"{quote_literal(k)}: DATE {quote_literal(d)}" for k, d in pairs.items())
        columns.append(
            f"MAP {{{told}}}[concat_ws({quote_literal(chr(31))}, {', '.join(cells)})] AS {quote_identifier(name)}"
        )
    return columns


def _dimensions(source: Source, mapping: Mapping, groups: Groups) -> list[str]:
    """Dimensions under their label; only the cells that are written otherwise cost something."""
    columns = []
    for at, field in source.plan.of_role("dimension"):
        name = mapping.columns[field.name]
        labels = {v: label or NOT_GIVEN for v, label in mapping.recodes.get(name, {}).items()} | {"": NOT_GIVEN}
        told = {cell: labels.get(cell.strip(), cell.strip()) for cell in set(groups.keys[field.name])}
        cases = [
            f"WHEN {quote_literal(cell)} THEN {quote_literal(label)}" for cell, label in told.items() if cell != label
        ]
        value = f"CASE c{at} {' '.join(cases)} ELSE c{at} END" if cases else f"c{at}"
        columns.append(f"{value} AS {quote_identifier(name)}")
    return columns


def _amounts(source: Source, mapping: Mapping) -> list[str]:
    found = []
    for at, field in source.plan.of_role("mesure"):
        found.append(f"{amount_sql(f'c{at}', field.form)} AS {quote_identifier(mapping.columns[field.name])}")
    return found
