"""A dataset in one JSON manifest: its words, and the digests of its tables."""

from __future__ import annotations

import hashlib
import json
from dataclasses import MISSING, fields
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

from analytics.schema import Dataset
from data.store.errors import damaged, translated, unknown
from data.store.objects import Kept, encode, keep, read_table, write_beside
from data.store.paths import file_lock, flush_folder, home, objects

VERSION = 1
_FACTS = ("cotisation", "prestation")


def tables_of(dataset: Dataset) -> dict[str, Kept]:
    """Every table of a dataset, as Parquet."""
    values = {f.name: getattr(dataset, f.name) for f in fields(Dataset)}
    return {name: encode(value) for name, value in values.items() if isinstance(value, pd.DataFrame)}


def content_of(dataset: Dataset, tables: dict[str, Kept]) -> dict[str, object]:
    """Manifest of a dataset whose tables are those."""
    words = {f.name: _plain(getattr(dataset, f.name)) for f in fields(Dataset) if f.name not in tables}
    return words | {
        "version": VERSION,
        "saved_at": datetime.now(UTC).isoformat(),
        "tables": {name: {"sha256": table.sha256, "rows": table.rows} for name, table in tables.items()},
    }


def rows_of(content: dict) -> int:
    """Rows of the two tables of facts.

    Raises
    ------
    ReadError
        The manifest does not say.
    """
    try:
        return sum(int(content["tables"][name]["rows"]) for name in _FACTS)
    except (KeyError, TypeError, ValueError) as error:
        raise damaged() from error


def dataset_of(content: object, folder: Path | None = None) -> Dataset:
    """Dataset of a manifest; a field that a former version did not write has its default.

    Raises
    ------
    ReadError
        A file is missing or damaged, or was written by another version.
    """
    words = _checked(content)
    try:
        values = {name: read_table(table["sha256"], folder) for name, table in words["tables"].items()}
        values |= {f.name: _frozen(words[f.name]) for f in fields(Dataset) if f.name in words}
        if values.get("as_of") is not None:
            values["as_of"] = pd.Timestamp(values["as_of"])
        required = [f.name for f in fields(Dataset) if f.default is MISSING and f.default_factory is MISSING]
        if not {*required, "source", "is_demo"} <= set(values):
            raise damaged()
        return Dataset(**values)
    except (KeyError, TypeError, ValueError) as error:
        raise damaged() from error


def write_manifest(dataset: Dataset, path: Path) -> None:
    """Write the tables, then the manifest that names them: a manifest on disk is always complete.

    Raises
    ------
    StoreError
        The folder cannot be written; what was written for nothing is taken away.
    """
    tables = tables_of(dataset)
    data = json.dumps(content_of(dataset, tables), ensure_ascii=False).encode("utf-8")
    created: list[Path] = []
    with translated(), file_lock(home()):
        try:
            created += filter(None, map(keep, tables.values()))
            flush_folder(objects())
            write_beside(path, data, hashlib.sha256(data).hexdigest())
            flush_folder(path.parent)
        except OSError:
            for file in created:
                file.unlink(missing_ok=True)
            raise


def read_manifest(path: Path, *, objects: Path | None = None) -> Dataset:
    """Dataset of a manifest.

    Parameters
    ----------
    path : pathlib.Path
    objects : pathlib.Path, optional
        Folder of its tables; None = the one of the store. A table that is a link, or not what its name says, is
        refused.

    Raises
    ------
    ReadError
        A file is missing or damaged, or was written by another version.
    """
    return dataset_of(read_content(path), objects)


def read_content(path: Path) -> dict:
    """What a manifest on disk says.

    Raises
    ------
    ReadError
        No such manifest, or it is damaged.
    """
    try:
        return _checked(json.loads(path.read_bytes()))
    except FileNotFoundError as error:
        raise unknown() from error
    except (OSError, ValueError) as error:
        raise damaged() from error


def digests(content: dict) -> set[str]:
    """Digests of the tables that a manifest names."""
    try:
        return {str(table["sha256"]) for table in content["tables"].values()}
    except (KeyError, TypeError) as error:
        raise damaged() from error


def _checked(content: object) -> dict:
    if (
        not isinstance(content, dict)
        or content.get("version") != VERSION
        or not isinstance(content.get("tables"), dict)
    ):
        raise damaged()
    return content


def _plain(value: object) -> object:
    if isinstance(value, pd.Timestamp):
        return value.isoformat()
    return {str(k): _plain(v) for k, v in value.items()} if hasattr(value, "items") else value


def _frozen(value: object) -> object:
    """JSON has no tuples; a dataset has no lists."""
    if isinstance(value, dict):
        return {k: _frozen(v) for k, v in value.items()}
    return tuple(_frozen(v) for v in value) if isinstance(value, list) else value
