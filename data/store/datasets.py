"""Datasets: saved, found again by their token, listed."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, date, datetime
from os import PathLike
from pathlib import Path

from sqlalchemy import Connection, RowMapping, Select, insert, select, update

from analytics.schema import Dataset
from data.store import journal
from data.store.content import as_day, as_text, last_day
from data.store.database import reading
from data.store.errors import damaged, unknown
from data.store.manifest import content_of, dataset_of, read_manifest, rows_of, tables_of
from data.store.objects import examine, path_of
from data.store.paths import checked, is_token, old_manifest
from data.store.tables import DATASETS, FILES
from data.store.writing import Work, write

_LINES = "lignes"


@dataclass(frozen=True)
class Recent:
    """One dataset of the store.

    Attributes
    ----------
    token : str
        What :func:`load` and :func:`delete` take; whoever holds it may read the data.
    source : str
        Name of the file.
    saved_at : str
        Date and time of saving, ISO 8601, UTC.
    rows : int
        Rows of the two tables.
    is_demo : bool
    months : int or None
        Months of the tables; None for a dataset saved by a former version.
    purpose : str
        What the data are used for, as said when they were deposited.
    keep_until : datetime.date or None
        Last day on which they are kept; None = no limit.
    """

    token: str
    source: str
    saved_at: str
    rows: int
    is_demo: bool
    months: int | None = None
    purpose: str = ""
    keep_until: date | None = None


def save(
    dataset: Dataset,
    *,
    purpose: str = "",
    keep_until: date | str | None = None,
    lines: str | PathLike[str] | None = None,
) -> str:
    """Keep a dataset and return its token of 128 random bits: once returned, a power cut does not lose it.

    Parameters
    ----------
    dataset : Dataset
    purpose : str
        What the data are used for, 500 characters at most.
    keep_until : date, optional
        Last day on which it is kept; None = :func:`data.store.content.last_day`.
    lines : path, optional
        Parquet file of the lines, kept with the dataset (see :func:`lines_path`). The file given is left in place and
        must not be changed afterwards: on the same disk both are one file.

    Raises
    ------
    StoreError
        The folder or the database cannot be written; nothing is then left that :func:`load` would take for a dataset.
    ParameterError
        The purpose is too long, or the day is not one.
    ReadError
        `lines` is not a Parquet file.
    """
    tables = tables_of(dataset)
    content = content_of(dataset, tables)
    now = datetime.now(UTC)
    row = {
        "token": secrets.token_urlsafe(16),
        "source": as_text(dataset.source[:500], limit=500, name="source"),
        "saved_at": now,
        "rows": rows_of(content),
        "months": len(dataset.months),
        "purpose": _purpose(purpose),
        "keep_until": as_day(keep_until) or last_day(now.date()),
        "is_demo": dataset.is_demo,
        "manifest": content,
    }
    files = tables | ({} if lines is None else {_LINES: examine(Path(lines))})

    def record(work: Work) -> None:
        work.keep(list(files.values()))
        work.connection.execute(insert(DATASETS), row)
        named = [{"token": row["token"], "name": n, "sha256": f.sha256, "size": f.size} for n, f in files.items()]
        work.connection.execute(insert(FILES), named)
        journal.note(work.connection, "enregistrement", row["token"], lignes=row["rows"], fichiers=len(files))

    write(record)
    return row["token"]


def load(token: str) -> Dataset:
    """Dataset of a token.

    Raises
    ------
    ReadError
        Unknown or malformed token, or a file that is missing or damaged.
    """
    asked = select(DATASETS.c.manifest).where(DATASETS.c.token == checked(token))
    with reading() as connection:
        try:
            row = connection.execute(asked).one_or_none()
        except ValueError as error:  # the JSON of the row
            raise damaged() from error
    return read_manifest(old_manifest(token)) if row is None else dataset_of(row.manifest)


def exists(token: str) -> bool:
    """Whether a dataset has this token, without reading it."""
    if not is_token(token):
        return False
    with reading() as connection:
        return is_kept(connection, token) or old_manifest(token).is_file()


def lines_path(token: str) -> Path | None:
    """Parquet file of the lines of a dataset, None when they were not kept.

    Raises
    ------
    ReadError
        Unknown or malformed token.
    """
    asked = select(FILES.c.sha256).where(FILES.c.token == checked(token), FILES.c.name == _LINES)
    with reading() as connection:
        require(connection, token)
        digest = connection.scalar(asked)
    return None if digest is None else path_of(digest)


def recent(limit: int = 20) -> tuple[Recent, ...]:
    """The last datasets saved, newest first."""
    asked = _described().order_by(DATASETS.c.saved_at.desc(), DATASETS.c.number.desc()).limit(limit)
    with reading() as connection:
        return tuple(map(_recent, connection.execute(asked).mappings()))


def about(token: str) -> Recent | None:
    """What is said of a dataset, without reading it: its file, its purpose, its last day; None when there is none."""
    if not is_token(token):
        return None
    with reading() as connection:
        row = connection.execute(_described().where(DATASETS.c.token == token)).mappings().one_or_none()
    return None if row is None else _recent(row)


def set_keeping(token: str, *, purpose: str | None = None, keep_until: date | str | None = None) -> None:
    """Change why or until when a dataset is kept; what is None stays as it was.

    Raises
    ------
    ReadError
        Unknown or malformed token.
    ParameterError
        The purpose is too long, or the day is not one.
    StoreError
        The database cannot be written.
    """
    new = {"purpose": None if purpose is None else _purpose(purpose), "keep_until": as_day(keep_until)}
    said = {name: value for name, value in new.items() if value is not None}
    here = DATASETS.c.token == checked(token)

    def record(work: Work) -> None:
        require(work.connection, token)
        if said:
            work.connection.execute(update(DATASETS).where(here).values(said))
            journal.note(work.connection, "conservation", token)

    write(record)


def is_kept(connection: Connection, token: str) -> bool:
    """Whether the database has this dataset."""
    return connection.scalar(select(DATASETS.c.number).where(DATASETS.c.token == token)) is not None


def require(connection: Connection, token: str) -> None:
    """Refuse a token that the database does not have.

    Raises
    ------
    ReadError
    """
    if not is_kept(connection, token):
        raise unknown()


def _purpose(purpose: str) -> str:
    return as_text(purpose, limit=500, name="finalité")


def _described() -> Select:
    return select(*(DATASETS.c[name] for name in Recent.__dataclass_fields__))


def _recent(row: RowMapping) -> Recent:
    return Recent(**dict(row) | {"saved_at": row["saved_at"].isoformat()})
