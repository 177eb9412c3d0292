"""How each database is spoken to: what makes a commit last, a reader harmless, and a writer the only one."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, create_engine, event, func, select
from sqlalchemy.pool import QueuePool

from data.store.errors import StoreError
from data.store.paths import file_lock, home, make_folder

#: Seconds for which a busy database is waited for.
PATIENCE = 30
_POSTGRES_LOCK = 7_254_377_001
_WRITER = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",  # what is acknowledged outlives a power cut
    "PRAGMA secure_delete=ON",  # what is deleted is overwritten
)


def sqlite_writer(file: Path) -> Engine:
    """The only engine that writes to a file of SQLite, made when it does not exist."""

    def connect() -> sqlite3.Connection:
        make_folder(file.parent)
        return _connect(str(file), *_WRITER)

    return _sqlite(connect, "BEGIN IMMEDIATE")


def sqlite_reader(file: Path, *, frozen: bool = False) -> Engine:
    """Readers of a file of SQLite; `frozen`: in a folder where not even the journal can be written."""
    if not frozen:
        return _sqlite(lambda: _connect(str(file), "PRAGMA query_only=ON"), "BEGIN")
    journal = file.with_name(f"{file.name}-wal")
    emptied = not journal.exists() or not journal.stat().st_size
    alone = "&immutable=1" if emptied and not os.access(file.parent, os.W_OK) else ""
    return _sqlite(lambda: _connect(f"file:{quote(str(file))}?mode=ro{alone}"), "BEGIN")


def postgres(url: URL, *, read_only: bool = False) -> Engine:
    """Engine of a PostgreSQL database.

    Raises
    ------
    StoreError
        Its driver is not installed.
    """
    options = f"-c timezone=UTC -c lock_timeout={PATIENCE}s -c default_transaction_read_only={str(read_only).lower()}"
    try:
        return create_engine(
            url,
            pool_pre_ping=True,  # the database may have been started again since
            isolation_level="REPEATABLE READ" if read_only else "READ COMMITTED",  # a reader sees one state
            connect_args={"connect_timeout": 5, "options": options, "application_name": "paliers"},
            json_serializer=_dump,
            hide_parameters=True,
        )
    except ModuleNotFoundError as error:
        raise StoreError(
            "Le pilote de PostgreSQL n’est pas installé.", remede='Installez-le : pip install "psycopg[binary]".'
        ) from error


@contextlib.contextmanager
def exclusive(engine: Engine) -> Iterator[Connection]:
    """A connection, and the right to write the database and the files that it names, everywhere at once."""
    with file_lock(home()), engine.connect() as connection:
        shared = engine.dialect.name == "postgresql"  # servers on several machines: the file lock may not reach them
        if shared:
            connection.execute(select(func.pg_advisory_lock(_POSTGRES_LOCK)))
            connection.commit()
        try:
            yield connection
        finally:
            if shared and not connection.invalidated:
                connection.rollback()
                connection.execute(select(func.pg_advisory_unlock(_POSTGRES_LOCK)))
                connection.commit()


def checkpoint(engine: Engine) -> None:
    """Empty the journal of SQLite, where what was deleted could still be read."""
    if engine.dialect.name == "sqlite":
        raw = engine.raw_connection()
        try:
            raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        finally:
            raw.close()


def _connect(address: str, *pragmas: str) -> sqlite3.Connection:
    connection = sqlite3.connect(
        address,
        timeout=PATIENCE,
        isolation_level=None,  # transactions begin where the engine says, not where the driver guesses
        check_same_thread=False,
        uri=address.startswith("file:"),
    )
    for pragma in ("PRAGMA foreign_keys=ON", *pragmas):
        connection.execute(pragma).fetchall()
    return connection


def _sqlite(connect: Callable[[], sqlite3.Connection], begin: str) -> Engine:
    engine = create_engine(
        "sqlite://", creator=connect, poolclass=QueuePool, json_serializer=_dump, hide_parameters=True
    )

    @event.listens_for(engine, "begin")
    def _(connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


def _dump(content: object) -> str:
    """Plain ASCII: any character of a file passes through any database."""
    return json.dumps(content, allow_nan=False)
