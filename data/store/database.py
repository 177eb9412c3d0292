"""The database in use: SQLite in the folder of the data, or PostgreSQL by $PALIERS_DATABASE; one thread writes."""

from __future__ import annotations

import atexit
import contextlib
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from sqlalchemy import URL, Connection, Engine, make_url
from sqlalchemy.exc import ArgumentError, OperationalError

from data.store import engines
from data.store.errors import StoreError, said, translated
from data.store.migrations import adopt_manifests, migrate
from data.store.paths import home, make_reserve

T = TypeVar("T")


@dataclass
class Database:
    """An open database.

    Attributes
    ----------
    key : tuple
        Folder and address it was opened for.
    reader, writer : sqlalchemy.Engine
        The writer is None where nothing can be written: what is there can still be read.
    file : pathlib.Path or None
        The file of SQLite.
    identity : tuple or None
        Which file it was when it was opened.
    fault : StoreError or None
        Why nothing can be written.
    thread : ThreadPoolExecutor
        The only thread of this process that writes; its queue is the order of the writings.
    """

    key: tuple[str, str]
    reader: Engine
    writer: Engine | None
    file: Path | None
    identity: tuple[int, int] | None = None
    fault: StoreError | None = None
    thread: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, "paliers-ecriture"))

    def is_current(self) -> bool:
        """Whether it is still the right one: same address, same file on the disk, and nothing better to hope for."""
        return self.writer is not None and self.key == _key() and self.identity == _identity(self.file)

    def close(self) -> None:
        """Finish the writings under way and give the connections back."""
        self.thread.shutdown()
        for engine in (self.reader, self.writer):
            if engine is not None:
                engine.dispose()


_opening = threading.RLock()
_opened: Database | None = None
_inherited: list[Database] = []


def current() -> Database:
    """The database of this moment's environment, opened and brought to this version when it has to be.

    Raises
    ------
    StoreError
        It does not answer, is damaged, or belongs to a later version.
    """
    global _opened
    with _opening:
        if _opened is not None and not _opened.is_current():
            close()
        if _opened is None:
            with translated():
                _opened = _open(_key())
        return _opened


def close() -> None:
    """Close the database; the next call opens it again."""
    global _opened
    with _opening:
        if _opened is not None:
            _opened.close()
            _opened = None


@contextlib.contextmanager
def reading() -> Iterator[Connection]:
    """A connection that sees one state of the database, and cannot change it.

    Raises
    ------
    StoreError
        The database does not answer.
    """
    database = current()
    with translated(), database.reader.connect() as connection:
        yield connection


def submit(work: Callable[[Engine], T]) -> Future[T]:
    """Queue a piece of work for the writing thread.

    Raises
    ------
    StoreError
        Nothing can be written here.
    """
    with _opening:
        database = current()
        if database.fault is not None:
            raise database.fault
        return database.thread.submit(work, database.writer)


def _open(key: tuple[str, str]) -> Database:
    url = _url(key[1])
    file = Path(url.database) if url.drivername == "sqlite" else None
    writer = engines.postgres(url) if file is None else engines.sqlite_writer(file)
    try:
        with engines.exclusive(writer) as connection:
            with connection.begin():
                migrate(connection)
            adopt_manifests(connection)
            make_reserve()
    except (OSError, OperationalError) as error:
        writer.dispose()
        if file is None or not file.exists():
            raise
        # What cannot be written is still read; the next writing says what is wrong.
        return Database(key, engines.sqlite_reader(file, frozen=True), None, file, fault=said(error))
    except BaseException:
        writer.dispose()
        raise
    reader = engines.postgres(url, read_only=True) if file is None else engines.sqlite_reader(file)
    return Database(key, reader, writer, file, _identity(file))


def _key() -> tuple[str, str]:
    return str(home()), os.environ.get("PALIERS_DATABASE", "")


def _identity(file: Path | None) -> tuple[int, int] | None:
    """Device and number of the file: another one at the same place is another database."""
    try:
        found = None if file is None else file.stat()
    except OSError:
        return None
    return None if found is None else (found.st_dev, found.st_ino)


def _url(address: str) -> URL:
    if not address:
        return URL.create("sqlite", database=str(home() / "paliers.db"))
    try:
        url = make_url(address)
    except ArgumentError:
        url = None
    if url is not None and url.drivername in ("postgres", "postgresql"):
        url = url.set(drivername="postgresql+psycopg")
    if url is None or url.drivername not in ("sqlite", "postgresql+psycopg") or not url.database:
        raise StoreError(
            "L’adresse de la base des données n’est pas comprise.",
            remede="PALIERS_DATABASE s’écrit postgresql://utilisateur@serveur/base ou sqlite:////dossier/fichier.db.",
        )
    return url


def _forget() -> None:
    """A forked child opens its own: the connections of its parent are kept unused, closing them would harm it."""
    global _opened, _opening
    _opening = threading.RLock()
    if _opened is not None:
        _inherited.append(_opened)
        _opened = None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
atexit.register(close)
