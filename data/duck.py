"""DuckDB locked down: in memory, no network, no file outside the folders named, nothing left to configure."""

from __future__ import annotations

from collections.abc import Iterable
from os import PathLike, cpu_count
from pathlib import Path

import duckdb

#: Largest temporary files that a query may write when memory is short.
MAX_TEMP = "20GB"


def connect(
    *,
    directories: Iterable[str | PathLike[str]] = (),
    files: Iterable[str | PathLike[str]] = (),
    memory_limit: str = "512MB",
    threads: int | None = None,
    temp: str | PathLike[str] | None = None,
) -> duckdb.DuckDBPyConnection:
    """Open a database in memory that reads and writes the folders named and nothing else.

    Parameters
    ----------
    directories : iterable of path
        Folders that queries may read and write.
    files : iterable of path
        Files that they may read and write, alone in their folders.
    memory_limit : str
        Memory that queries may use before they write to `temp`.
    threads : int, optional
        Threads of a query; the processors of the machine by default.
    temp : path, optional
        Folder of the temporary files; without it a query that lacks memory fails.
    """
    folders = [str(Path(d).resolve()) for d in (*directories, *([temp] if temp is not None else []))]
    connection = duckdb.connect(":memory:")
    # The order matters: folders are refused once external access is closed, and the lock comes last.
    settings: list[tuple[str, object]] = [
        ("allowed_directories", folders),
        ("allowed_paths", [str(Path(f).resolve()) for f in files]),
        ("python_enable_replacements", False),
        ("memory_limit", memory_limit),
        ("threads", threads or cpu_count() or 1),
        ("temp_directory", str(Path(temp).resolve()) if temp is not None else ""),
        ("max_temp_directory_size", MAX_TEMP if temp is not None else "0KB"),
        ("autoinstall_known_extensions", False),
        ("autoload_known_extensions", False),
        ("allow_community_extensions", False),
        ("enable_external_access", False),
        ("lock_configuration", True),
    ]
    for name, value in settings:
        connection.execute(f"SET {name} = {_literal(value)}")
    return connection


def quote_identifier(name: str) -> str:
    """A name as SQL writes it, whatever it holds; NUL alone cannot be named.

    Raises
    ------
    ValueError
        The name is empty or holds NUL.
    """
    if not name or "\x00" in name:
        raise ValueError("Un nom de colonne SQL n’est ni vide ni coupé par un octet nul.")
    return '"' + name.replace('"', '""') + '"'


def quote_literal(text: str) -> str:
    """A text as SQL writes it, for the places where no parameter is accepted."""
    return "'" + text.replace("'", "''") + "'"


def _literal(value: object) -> str:
    """A setting as SQL writes it; settings take no parameter."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return "[" + ", ".join(_literal(v) for v in value) + "]"
    return str(value) if isinstance(value, int) else quote_literal(str(value))
