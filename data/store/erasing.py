"""Erasing: a dataset with all that belongs to it, proved by looking again; what is past its day; what nobody names."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import Connection, RowMapping, func, insert, select, update

from analytics.errors import ReadError
from data.store import journal
from data.store.content import as_day
from data.store.database import current, reading
from data.store.datasets import is_kept
from data.store.errors import DiskFullError, StoreError, unknown
from data.store.manifest import digests, read_content
from data.store.nodes import count_nodes, erase_nodes, sweep_nodes
from data.store.objects import path_of
from data.store.paths import checked, home, make_reserve, objects, old_manifest, release_reserve, trace
from data.store.tables import ATTACHED, DATASETS, ERASURES, FILES
from data.store.writing import Work, write


@dataclass(frozen=True)
class ErasedFile:
    """A file erased: its SHA-256, which stays on the server, and its size in bytes when it was known."""

    sha256: str
    size: int | None


@dataclass(frozen=True)
class Erasure:
    """Proof that a dataset was erased; it holds no value of the file, nor the token.

    Attributes
    ----------
    erased_at : datetime.datetime
        UTC.
    trace : str
        Which dataset, by :func:`data.store.paths.trace` of its token.
    files : tuple of ErasedFile
        Files erased.
    shared : int
        Files left because another dataset, or the demonstration, has the same table.
    rows : dict of str to int
        Rows removed from each table of the database.
    remains : dict of str to int
        What was found by looking again afterwards: "lignes" that name the dataset, its "fichiers", its "previsions"
        remembered, "temporaires" of cut savings, and with SQLite the bytes of its "journal". Empty = not looked at
        yet, `sweep` will.
    """

    erased_at: datetime
    trace: str
    files: tuple[ErasedFile, ...]
    shared: int
    rows: dict[str, int]
    remains: dict[str, int]

    @property
    def remaining(self) -> int | None:
        """Sum of what remains: 0 is the proof; None = not looked at yet."""
        return sum(self.remains.values()) if self.remains else None

    def as_dict(self) -> dict[str, object]:
        """The proof in plain values, to be given away as JSON."""
        return asdict(self) | {"erased_at": self.erased_at.isoformat(), "remaining": self.remaining}


@dataclass(frozen=True)
class Usage:
    """What the store takes: datasets, bytes of their files, bytes of the database (None elsewhere), bytes left free."""

    datasets: int
    files: int
    database: int | None
    free: int


def delete(token: str) -> Erasure:
    """Erase a dataset, all that belongs to it and the files that no other dataset uses; then look again.

    Raises
    ------
    ReadError
        Unknown or malformed token.
    StoreError
        The folder or the database cannot be written: nothing was erased.
    """
    known = checked(token)

    def remove(work: Work) -> list[int]:
        if not is_kept(work.connection, known) and not old_manifest(known).is_file():
            raise unknown()
        return [_remove(work, known, "suppression")]

    return _erase(remove)[0]


def purge(now: date | datetime | str | None = None) -> tuple[Erasure, ...]:
    """Erase every dataset kept past its last day, and what nobody names any more; return the proofs.

    Parameters
    ----------
    now : date, optional
        The day it is; None = today, UTC.

    Raises
    ------
    StoreError
        The folder or the database cannot be written.
    """
    day = as_day(now) or datetime.now(UTC).date()

    def remove(work: Work) -> list[int]:
        past = select(DATASETS.c.token).where(DATASETS.c.keep_until < day).order_by(DATASETS.c.number)
        return [_remove(work, token, "purge") for token in work.connection.scalars(past).all()]

    proofs = _erase(remove)
    sweep()
    return proofs


def sweep() -> tuple[str, ...]:
    """Erase the files that no dataset names (a saving cut short leaves some) and return their names.

    Raises
    ------
    StoreError
        The folder or the database cannot be written.
    """

    def clean(work: Work) -> list[Path]:
        used = set(work.connection.scalars(select(FILES.c.sha256))) | _used_by_manifests()
        found = [p for p in objects().glob("*") if p.suffix != ".parquet" or p.stem not in used]
        tokens = {*work.connection.scalars(select(DATASETS.c.token)), *(p.stem for p in home().glob("datasets/*.json"))}
        sweep_nodes({trace(token) for token in tokens})
        work.doomed.extend([*found, *home().glob("d*/*.part")])  # of a manifest: `demo`, and `datasets` of old
        return work.doomed

    found = write(clean)
    _look_again()
    return tuple(sorted(path.name for path in found if not path.exists()))


def erasures(limit: int = 100) -> tuple[Erasure, ...]:
    """The last proofs of erasure, newest first."""
    asked = select(ERASURES).order_by(ERASURES.c.number.desc()).limit(limit)
    with reading() as connection:
        return tuple(_proof(row) for row in connection.execute(asked).mappings())


def disk_usage() -> Usage:
    """What the store takes on its disk."""
    with reading() as connection:
        count = connection.scalar(select(func.count()).select_from(DATASETS))
    file = current().file
    parts = [] if file is None else [file.with_name(f"{file.name}{end}") for end in ("", "-wal", "-shm")]
    folder = next(p for p in (home(), *home().parents) if p.exists())
    return Usage(
        datasets=count,
        files=sum(_size(path) or 0 for path in objects().glob("*")),
        database=None if file is None else sum(_size(path) or 0 for path in parts),
        free=shutil.disk_usage(folder).free,
    )


def _erase(remove: Callable[[Work], list[int]]) -> tuple[Erasure, ...]:
    """Erase, look again, and return the proofs."""
    try:
        numbers = write(remove)
    except DiskFullError:  # what is erased is first written down, and that takes room
        release_reserve()
        numbers = write(remove)
    with contextlib.suppress(StoreError):  # erased all the same: the proof says that nobody looked, `sweep` will
        _look_again()
    make_reserve()
    asked = select(ERASURES).where(ERASURES.c.number.in_(numbers)).order_by(ERASURES.c.number)
    with reading() as connection:
        return tuple(_proof(row) for row in connection.execute(asked).mappings())


def _remove(work: Work, token: str, action: str) -> int:
    """Remove the rows of a dataset, doom its files, write its proof; return the number of the proof."""
    erase_nodes(trace(token))  # first: a computation that still runs can keep nothing more of it
    connection, old = work.connection, old_manifest(token)
    files = _files(connection, token, old)
    rows = {
        table.name: connection.execute(sa.delete(table).where(table.c.token == token)).rowcount
        for table in (*ATTACHED, DATASETS)
    }
    used = set(connection.scalars(select(FILES.c.sha256).where(FILES.c.sha256.in_(files))))
    used |= files.keys() & _used_by_manifests(but=old)
    erased = [ErasedFile(digest, files[digest]) for digest in sorted(files.keys() - used)]
    work.doomed.extend([old, *(path_of(file.sha256) for file in erased), *objects().glob("*.part")])
    proof = {"files": [asdict(file) for file in erased], "shared": len(used), "rows": rows}
    row = {"erased_at": datetime.now(UTC), "trace": trace(token), "proof": proof, "remains": None, "proved": False}
    journal.note(connection, action, token, fichiers=len(erased), lignes=sum(rows.values()))
    return connection.execute(insert(ERASURES), row).inserted_primary_key[0]


def _look_again() -> None:
    """Count what is left of each erasure not yet proved, and write it in its proof."""
    file = current().file
    write(lambda work: _look(work.connection, file), journal_emptied=True)


def _look(connection: Connection, file: Path | None) -> None:
    pending = connection.execute(select(ERASURES).where(~ERASURES.c.proved)).mappings().all()
    if not pending:
        return
    named = [trace(t) for table in (DATASETS, *ATTACHED) for t in connection.scalars(select(table.c.token))]
    named += [trace(path.stem) for path in (home() / "datasets").glob("*.json")]
    used = set(connection.scalars(select(FILES.c.sha256))) | _used_by_manifests()
    common = {"temporaires": len(list(objects().glob("*.part")))}
    if file is not None:
        common["journal"] = _size(file.with_name(f"{file.name}-wal")) or 0
    for row in pending:
        proof = _proof(row)
        left = sum(path_of(f.sha256).exists() and f.sha256 not in used for f in proof.files)
        rows = named.count(proof.trace)
        remains = {"lignes": rows, "fichiers": left, "previsions": count_nodes(proof.trace)} | common
        values = {"remains": remains, "proved": not any(remains.values())}
        connection.execute(update(ERASURES).where(ERASURES.c.number == row["number"]).values(values))


def _files(connection: Connection, token: str, old: Path) -> dict[str, int | None]:
    """Digest and size of the files of a dataset; a damaged manifest names none."""
    named = select(FILES.c.sha256, FILES.c.size).where(FILES.c.token == token)
    files = {row.sha256: row.size for row in connection.execute(named)}
    with contextlib.suppress(ReadError):
        files |= {digest: _size(path_of(digest)) for digest in digests(read_content(old)) - files.keys()}
    return files


def _used_by_manifests(but: Path | None = None) -> set[str]:
    """Digests of the demonstration and of the manifests left as they were; a damaged one keeps nothing."""
    used: set[str] = set()
    for path in home().glob("*/*.json"):
        if path != but:
            with contextlib.suppress(ReadError):
                used |= digests(read_content(path))
    return used


def _proof(row: RowMapping) -> Erasure:
    proof = row["proof"]
    files = tuple(ErasedFile(**file) for file in proof["files"])
    return Erasure(row["erased_at"], row["trace"], files, proof["shared"], proof["rows"], row["remains"] or {})


def _size(path: Path) -> int | None:
    """Bytes of a file; None when it is no longer there."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return None
