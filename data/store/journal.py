"""The journal: who did what and when, with counts, never with a value of a file."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, insert, select

from data.store.content import as_action, as_counts, as_text
from data.store.database import reading
from data.store.paths import checked, trace
from data.store.tables import AUDIT
from data.store.writing import write


@dataclass(frozen=True)
class Entry:
    """One line of the journal.

    Attributes
    ----------
    done_at : datetime.datetime
        UTC.
    action : str
        What was done.
    who : str
        Who did it, as given; empty when nobody said.
    trace : str or None
        Which dataset, by :func:`data.store.paths.trace`: it does not open it.
    counts : dict of str to int
        How many of what.
    """

    done_at: datetime
    action: str
    who: str
    trace: str | None
    counts: dict[str, int]


def log(action: str, token: str | None = None, *, who: str = "", **counts: int) -> None:
    """Add a line to the journal.

    Parameters
    ----------
    action : str
        A few lower-case words, without digits.
    token : str, optional
        The dataset; only its trace is written.
    who : str
        Who did it, 100 characters at most.
    **counts : int
        Whole numbers only.

    Raises
    ------
    ParameterError
        Something that could carry a value of a file.
    ReadError
        Malformed token.
    StoreError
        The database cannot be written.
    """
    row = _row(action, None if token is None else checked(token), who, counts)
    write(lambda work: work.connection.execute(insert(AUDIT), row))


def note(connection: Connection, action: str, token: str | None = None, *, who: str = "", **counts: int) -> None:
    """The same, inside a writing under way."""
    connection.execute(insert(AUDIT), _row(action, token, who, counts))


def audit(limit: int = 100) -> tuple[Entry, ...]:
    """The last lines of the journal, newest first."""
    columns = (AUDIT.c[name] for name in Entry.__dataclass_fields__)
    with reading() as connection:
        rows = connection.execute(select(*columns).order_by(AUDIT.c.number.desc()).limit(limit)).mappings().all()
    return tuple(Entry(**row) for row in rows)


def _row(action: str, token: str | None, who: str, counts: dict[str, int]) -> dict[str, object]:
    return {
        "done_at": datetime.now(UTC),
        "action": as_action(action),
        "who": as_text(who, limit=100, name="auteur"),
        "trace": None if token is None else trace(token),
        "counts": as_counts(counts),
    }
