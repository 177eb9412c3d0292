"""A dataset handed from the confined process to the server: Parquet and JSON in a folder, checked when read."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from analytics.errors import PaliersError
from analytics.schema import Dataset, validate
from data.depot.files import damaged, read_json, read_plain

WORDS, LINES = "jeu.json", "lignes.parquet"
_TABLES = ("cotisation", "prestation", "findings", "rejected", "left_out")
_LARGEST = 2 << 30
#: Cells of one table beyond which it is no monthly cube: a few bytes of Parquet may announce billions.
_MOST_CELLS = 300_000_000


def write_dataset(dataset: Dataset, folder: Path) -> None:
    """Write a dataset in a folder that another process will read."""
    for name in _TABLES:
        getattr(dataset, name).to_parquet(folder / f"{name}.parquet", index=False, compression="zstd")
    words = {f.name: _plain(getattr(dataset, f.name)) for f in fields(Dataset) if f.name not in _TABLES}
    (folder / WORDS).write_text(json.dumps(words, ensure_ascii=False), encoding="utf-8")


def read_dataset(folder: Path) -> Dataset:
    """Dataset that another process wrote; nothing of it is believed before it is checked.

    Raises
    ------
    ReadError
        A file is missing, is a link, or is not what its name says.
    SchemaError
        The tables do not respect the contract.
    """
    words = read_json(folder / WORDS)
    known = {f.name for f in fields(Dataset)} - set(_TABLES)
    try:
        tables = {name: _read_table(folder / f"{name}.parquet") for name in _TABLES}
        values = {name: _frozen(value) for name, value in words.items() if name in known}
        if values.get("as_of") is not None:
            values["as_of"] = pd.Timestamp(values["as_of"])
        return validate(Dataset(**tables, **values))
    except PaliersError:
        raise
    except (OSError, ValueError, TypeError, KeyError, pa.ArrowException) as error:
        raise damaged() from error


def lines_of(folder: Path) -> Path | None:
    """File of the lines, when the process kept them: one plain Parquet file."""
    path = folder / LINES
    return path if path.is_file() and not path.is_symlink() else None


def _read_table(path: Path) -> pd.DataFrame:
    content = io.BytesIO(read_plain(path, largest=_LARGEST))
    about = pq.read_metadata(content)
    if about.num_rows * max(about.num_columns, 1) > _MOST_CELLS:
        raise ValueError("more cells than any cube has")
    content.seek(0)
    frame = pd.read_parquet(content)
    return frame if len(frame.columns) else pd.DataFrame()


def _plain(value: object) -> object:
    if isinstance(value, pd.Timestamp):
        return None if pd.isna(value) else value.isoformat()
    if hasattr(value, "items"):
        return dict(_entries(value))
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    return value.item() if hasattr(value, "item") else value


def _entries(value: Any) -> Iterator[tuple[str, object]]:
    for key, one in value.items():
        yield str(key), _plain(one)


def _frozen(value: object) -> object:
    """JSON has no tuples; a dataset has no lists."""
    if isinstance(value, dict):
        return {k: _frozen(v) for k, v in value.items()}
    return tuple(_frozen(v) for v in value) if isinstance(value, list) else value
