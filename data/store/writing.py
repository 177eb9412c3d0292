"""A writing: rows done whole or not at all, files put before the rows that name them and erased after."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection, Engine, select
from sqlalchemy.exc import OperationalError

from data.store.database import submit
from data.store.engines import checkpoint, exclusive
from data.store.errors import translated
from data.store.objects import Kept, keep
from data.store.paths import flush_folder, objects
from data.store.tables import FILES

T = TypeVar("T")


@dataclass(frozen=True)
class Work:
    """One writing: what it does to the database is done whole or not at all, and the files follow.

    Attributes
    ----------
    connection : sqlalchemy.Connection
        Inside a transaction.
    created : list of pathlib.Path
        New files, taken away if the transaction fails.
    doomed : list of pathlib.Path
        Files to erase once the transaction is done; one that resists is left, for whoever looks again.
    """

    connection: Connection
    created: list[Path] = field(default_factory=list)
    doomed: list[Path] = field(default_factory=list)

    def keep(self, files: list[Kept]) -> None:
        """Put files on the disk before the rows that name them."""
        for file in files:
            path = keep(file)
            if path is not None:
                self.created.append(path)
        flush_folder(objects())


def write(work: Callable[[Work], T], *, journal_emptied: bool = False) -> T:
    """Do a piece of work in the writing thread, and wait until it will outlive a power cut.

    Parameters
    ----------
    work : callable
        Takes a :class:`Work`; what it returns is returned.
    journal_emptied : bool
        Empty the journal of SQLite first, so that nothing erased before is left in it.

    Raises
    ------
    StoreError
        Nothing could be written, and nothing was.
    """
    return submit(lambda engine: _transaction(engine, work, journal_emptied)).result()


def _transaction(engine: Engine, function: Callable[[Work], T], journal_emptied: bool) -> T:
    with translated(), exclusive(engine) as connection:
        if journal_emptied:
            checkpoint(engine)
        work = Work(connection)
        try:
            with connection.begin():
                value = function(work)
        except BaseException:
            _take_away(work.created, engine)
            raise
        _erase(work.doomed)
        return value


def _erase(doomed: list[Path]) -> None:
    """Erase files for good: their names do not come back after a power cut."""
    for path in doomed:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)
    for folder in {path.parent for path in doomed if path.parent.is_dir()}:
        flush_folder(folder)


def _take_away(created: list[Path], engine: Engine) -> None:
    """Erase the files of a failed writing, after a look at the database: a broken line may hide a success."""
    if not created:
        return
    # A database that no longer answers leaves orphans, which `sweep` erases.
    with contextlib.suppress(OperationalError, OSError), engine.connect() as connection:
        digests = [path.stem for path in created]
        used = set(connection.scalars(select(FILES.c.sha256).where(FILES.c.sha256.in_(digests))))
        for path in created:
            if path.stem not in used:
                path.unlink(missing_ok=True)
