"""From one deposit to the next: the quality of each source; and the answers given once for the whole server."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, Select, delete, insert, select, update

from data.store.content import as_json, as_text
from data.store.database import reading
from data.store.datasets import require
from data.store.paths import checked
from data.store.tables import DEPOSITS, LAYOUTS
from data.store.writing import Work, write

_LONGEST = 64 * 1024


@dataclass(frozen=True)
class Deposit:
    """One deposit of a source.

    Attributes
    ----------
    token : str
        Dataset made of it.
    source_key : str
        What tells a source from another.
    made_at : datetime.datetime
        UTC.
    summary : dict
        What was measured then: scores, counts, totals.
    """

    token: str
    source_key: str
    made_at: datetime
    summary: dict[str, object]


def record_deposit(token: str, source_key: str, summary: dict[str, object]) -> None:
    """Keep the summary of a deposit; saying it again for the same dataset replaces it.

    Raises
    ------
    ReadError
        Unknown or malformed token.
    ParameterError
        The summary is not made of plain values, or is too large.
    StoreError
        The database cannot be written.
    """
    row = {
        "token": checked(token),
        "source_key": _source(source_key),
        "made_at": datetime.now(UTC),
        "summary": as_json(summary),
    }

    def record(work: Work) -> None:
        require(work.connection, token)
        work.connection.execute(delete(DEPOSITS).where(DEPOSITS.c.token == token))
        work.connection.execute(insert(DEPOSITS), row)

    write(record)


def quality_history(source_key: str, limit: int = 100) -> tuple[Deposit, ...]:
    """The last deposits of a source that are still kept, oldest first."""
    asked = _deposits().where(DEPOSITS.c.source_key == _source(source_key)).limit(limit)
    return _read(asked)[::-1]


def history(limit: int = 20) -> tuple[Deposit, ...]:
    """The last deposits of every source, newest first."""
    return _read(_deposits().limit(limit))


def deposit_of(token: str) -> Deposit | None:
    """The deposit of a dataset; None when it was not recorded.

    Raises
    ------
    ReadError
        Malformed token.
    """
    return next(iter(_read(_deposits().where(DEPOSITS.c.token == checked(token)))), None)


def previous_deposit(token: str) -> Deposit | None:
    """The deposit of the same source just before the one of this dataset; None when there is none.

    Raises
    ------
    ReadError
        Malformed token.
    """
    here = select(DEPOSITS.c.number, DEPOSITS.c.source_key).where(DEPOSITS.c.token == checked(token)).subquery()
    same = (DEPOSITS.c.source_key == here.c.source_key) & (DEPOSITS.c.number < here.c.number)
    return next(iter(_read(_deposits().join(here, same).limit(1))), None)


def remember_answers(layout_key: str, answers: dict[str, object]) -> None:
    """Keep answers that every session of the server uses, as those about its engine; the others given before stay.

    Parameters
    ----------
    layout_key : str
        What they are about, 200 characters at most.
    answers : dict
        Answer by question; None forgets the one given before.

    Raises
    ------
    ParameterError
        Not plain values, or too large.
    StoreError
        The database cannot be written.
    """
    key, new = _layout(layout_key), as_json(answers, limit=_LONGEST)

    def record(work: Work) -> None:
        merged = {q: a for q, a in (_answers(work.connection, key) | new).items() if a is not None}
        row = {"used_at": datetime.now(UTC), "answers": as_json(merged, limit=_LONGEST)}
        if not work.connection.execute(update(LAYOUTS).where(LAYOUTS.c.layout_key == key).values(row)).rowcount:
            work.connection.execute(insert(LAYOUTS), row | {"layout_key": key})

    write(record)


def recall_answers(layout_key: str) -> dict[str, object]:
    """Answers kept by :func:`remember_answers`; empty when there is none."""
    key = _layout(layout_key)
    with reading() as connection:
        return _answers(connection, key)


def _deposits() -> Select:
    columns = (DEPOSITS.c[name] for name in Deposit.__dataclass_fields__)
    return select(*columns).select_from(DEPOSITS).order_by(DEPOSITS.c.number.desc())


def _read(asked: Select) -> tuple[Deposit, ...]:
    with reading() as connection:
        return tuple(Deposit(**row) for row in connection.execute(asked).mappings())


def _source(source_key: str) -> str:
    return as_text(source_key, limit=200, name="source", required=True)


def _layout(layout_key: str) -> str:
    return as_text(layout_key, limit=200, name="disposition", required=True)


def _answers(connection: Connection, key: str) -> dict[str, object]:
    return connection.scalar(select(LAYOUTS.c.answers).where(LAYOUTS.c.layout_key == key)) or {}
