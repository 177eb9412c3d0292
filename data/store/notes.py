"""What people add to a dataset: scenarios, decisions, alerts. All of it goes with the dataset."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

from sqlalchemy import Table, delete, func, insert, select, update

from analytics.errors import ParameterError
from data.store.content import as_json, as_text
from data.store.database import reading
from data.store.datasets import require
from data.store.paths import checked
from data.store.tables import ALERTS, DECISIONS, DEPOSITS, SCENARIOS
from data.store.writing import Work, write

#: Most scenarios, decisions or alerts of one dataset.
MOST = 500
T = TypeVar("T")


@dataclass(frozen=True)
class Scenario:
    """A scenario kept under a name."""

    name: str
    saved_at: datetime
    content: dict[str, object]


@dataclass(frozen=True)
class Decision:
    """A decision: who took it, why, what was expected of it, and the figures it was taken on."""

    made_at: datetime
    who: str
    why: str
    expected: str
    content: dict[str, object]


@dataclass(frozen=True)
class Alert:
    """An alert: its threshold, and, once seen, when and why it needs nothing more ("vu, parce que…")."""

    key: str
    set_at: datetime
    content: dict[str, object]
    seen_at: datetime | None
    reason: str


def keep_scenario(token: str, name: str, content: dict[str, object]) -> None:
    """Keep a scenario; another of the same name is replaced.

    Raises
    ------
    ReadError
        Unknown or malformed token.
    ParameterError
        No name, content that is not made of plain values or is too large, or too many scenarios.
    StoreError
        The database cannot be written.
    """
    row = {
        "token": checked(token),
        "name": as_text(name, limit=200, name="nom", required=True),
        "saved_at": datetime.now(UTC),
        "content": as_json(content),
    }
    write(lambda work: _put(work, SCENARIOS, row, "name"))


def scenarios(token: str) -> tuple[Scenario, ...]:
    """Scenarios of a dataset, oldest first.

    Raises
    ------
    ReadError
        Unknown or malformed token.
    """
    return _read(SCENARIOS, token, Scenario)


def forget_scenario(token: str, name: str) -> None:
    """Forget a scenario; one that does not exist is already forgotten.

    Raises
    ------
    ReadError
        Unknown or malformed token.
    """
    _remove(SCENARIOS, token, "name", name)


def record_decision(token: str, who: str, why: str, expected: str, content: dict[str, object]) -> None:
    """Write a decision down: it is never changed afterwards.

    Raises
    ------
    ReadError
        Unknown or malformed token.
    ParameterError
        A text is too long, no reason is given, content that is not made of plain values, or too many decisions.
    StoreError
        The database cannot be written.
    """
    row = {
        "token": checked(token),
        "made_at": datetime.now(UTC),
        "who": as_text(who, limit=200, name="qui"),
        "why": as_text(why, limit=4000, name="pourquoi", required=True),
        "expected": as_text(expected, limit=4000, name="effet attendu"),
        "content": as_json(content),
    }
    write(lambda work: _put(work, DECISIONS, row))


def decisions(token: str) -> tuple[Decision, ...]:
    """Decisions of a dataset, oldest first.

    Raises
    ------
    ReadError
        Unknown or malformed token.
    """
    return _read(DECISIONS, token, Decision)


def earlier_decisions(token: str) -> tuple[Decision, ...]:
    """Decisions taken on the deposits of the same source before the one of this dataset, oldest first.

    Of those that are still kept: they go with the dataset that they were taken on.

    Raises
    ------
    ReadError
        Unknown or malformed token.
    """
    here = select(DEPOSITS.c.number, DEPOSITS.c.source_key).where(DEPOSITS.c.token == checked(token)).subquery()
    same = (DEPOSITS.c.source_key == here.c.source_key) & (DEPOSITS.c.number < here.c.number)
    before = select(DEPOSITS.c.token).join(here, same)
    columns = (DECISIONS.c[name] for name in Decision.__dataclass_fields__)
    asked = select(*columns).where(DECISIONS.c.token.in_(before)).order_by(DECISIONS.c.number).limit(MOST)
    with reading() as connection:
        require(connection, token)
        return tuple(Decision(**row) for row in connection.execute(asked).mappings())


def set_alert(token: str, content: dict[str, object], *, key: str | None = None) -> str:
    """Set an alert and return its key; the same key set again replaces it, and it is to be seen again.

    Parameters
    ----------
    token : str
    content : dict
        Indicator, threshold, perimeter…
    key : str, optional
        Name of the alert; None = a digest of its content.

    Raises
    ------
    ReadError
        Unknown or malformed token.
    ParameterError
        Content that is not made of plain values or is too large, or too many alerts.
    StoreError
        The database cannot be written.
    """
    plain = as_json(content)
    digest = hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()[:22]
    row = {
        "token": checked(token),
        "key": as_text(digest if key is None else key, limit=200, name="alerte", required=True),
        "set_at": datetime.now(UTC),
        "content": plain,
        "seen_at": None,
        "reason": "",
    }
    write(lambda work: _put(work, ALERTS, row, "key"))
    return row["key"]


def note_alert(token: str, key: str, reason: str) -> None:
    """Say that an alert was seen, and why it needs nothing more.

    Raises
    ------
    ReadError
        Unknown or malformed token.
    ParameterError
        No such alert, or no reason.
    StoreError
        The database cannot be written.
    """
    seen = {"seen_at": datetime.now(UTC), "reason": as_text(reason, limit=4000, name="raison", required=True)}

    here = (ALERTS.c.token == checked(token)) & (ALERTS.c.key == key)

    def record(work: Work) -> None:
        require(work.connection, token)
        if not work.connection.execute(update(ALERTS).where(here).values(seen)).rowcount:
            raise ParameterError("Cette alerte n’existe pas ou a été retirée.")

    write(record)


def alerts(token: str) -> tuple[Alert, ...]:
    """Alerts of a dataset, oldest first.

    Raises
    ------
    ReadError
        Unknown or malformed token.
    """
    return _read(ALERTS, token, Alert)


def forget_alert(token: str, key: str) -> None:
    """Remove an alert; one that does not exist is already removed.

    Raises
    ------
    ReadError
        Unknown or malformed token.
    """
    _remove(ALERTS, token, "key", key)


def _put(work: Work, table: Table, row: dict[str, object], name: str | None = None) -> None:
    require(work.connection, row["token"])
    mine = table.c.token == row["token"]
    if name is not None:
        same = mine & (table.c[name] == row[name])
        if work.connection.execute(update(table).where(same).values(row)).rowcount:
            return
    if work.connection.scalar(select(func.count()).select_from(table).where(mine)) >= MOST:
        raise ParameterError(f"Il y en a déjà {MOST} pour ces données.", remede="Supprimez-en, puis recommencez.")
    work.connection.execute(insert(table), row)


def _read(table: Table, token: str, kind: Callable[..., T]) -> tuple[T, ...]:
    columns = (table.c[name] for name in kind.__dataclass_fields__)
    asked = select(*columns).where(table.c.token == checked(token)).order_by(table.c.number)
    with reading() as connection:
        require(connection, token)
        return tuple(kind(**row) for row in connection.execute(asked).mappings())


def _remove(table: Table, token: str, column: str, value: str) -> None:
    here = (table.c.token == checked(token)) & (table.c[column] == value)

    def remove(work: Work) -> None:
        require(work.connection, token)
        work.connection.execute(delete(table).where(here))

    write(remove)
