"""What former versions left, brought to this one: numbered steps of the schema, datasets saved before the database.

A new database is made as :mod:`data.store.tables` says and has every step at once; an existing one gets the steps it
lacks, all in one transaction. To change a table: change `tables.py` and add the step that changes an existing database.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, insert, inspect, select

from analytics.errors import ReadError
from data.store.content import last_day
from data.store.errors import StoreError
from data.store.manifest import read_content, rows_of
from data.store.objects import path_of
from data.store.paths import home, is_token
from data.store.tables import APPLIED, DATASETS, EVENTS, FILES, METADATA

#: Name of each step, and what it does to a database that stopped before it; the first one is the making of the tables.
STEPS: tuple[tuple[str, Callable[[Connection], None]], ...] = (
    ("tables", METADATA.create_all),
    ("calendrier", EVENTS.create),
)


def migrate(connection: Connection) -> None:
    """Bring the database to the schema of this version.

    Raises
    ------
    StoreError
        A later version of Paliers has changed it.
    """
    if not inspect(connection).has_table(APPLIED.name):
        METADATA.create_all(connection)
        _record(connection, range(1, len(STEPS) + 1))
        return
    done = set(connection.scalars(select(APPLIED.c.step)))
    if max(done, default=0) > len(STEPS):
        raise StoreError(
            "La base des données a été écrite par une version plus récente de Paliers.",
            remede="Installez cette version, ou restaurez une sauvegarde plus ancienne.",
        )
    missing = [n for n in range(1, len(STEPS) + 1) if n not in done]
    for number in missing:
        STEPS[number - 1][1](connection)
    _record(connection, missing)


def adopt_manifests(connection: Connection) -> None:
    """Make a row of each manifest of `datasets/`, then erase it; one that cannot be read stays where it is."""
    found = sorted(_readable(), key=lambda pair: str(pair[1].get("saved_at")))
    if not found:
        return
    with connection.begin():
        known = set(connection.scalars(select(DATASETS.c.token)))
        for path, content in found:
            if path.stem not in known:
                _adopt(connection, path.stem, content)
    for path, _ in found:
        path.unlink(missing_ok=True)


def _record(connection: Connection, numbers: range | list[int]) -> None:
    now = datetime.now(UTC)
    for number in numbers:
        name = STEPS[number - 1][0]
        connection.execute(APPLIED.insert().values(step=number, name=name, applied_at=now))


def _readable() -> list[tuple[Path, dict]]:
    found = []
    for path in (home() / "datasets").glob("*.json"):
        with contextlib.suppress(ReadError):
            content = read_content(path)
            rows_of(content)
            if is_token(path.stem):
                found.append((path, content))
    return found


def _adopt(connection: Connection, token: str, content: dict) -> None:
    row = {
        "token": token,
        "source": str(content.get("source", "")).replace("\0", ""),
        "saved_at": _instant(content.get("saved_at")),
        "rows": rows_of(content),
        "months": None,
        "purpose": "",
        "keep_until": last_day(datetime.now(UTC).date()),  # the clock starts now: nothing old goes by surprise
        "is_demo": bool(content.get("is_demo")),
        "manifest": content,
    }
    connection.execute(insert(DATASETS), row)
    for name, table in content["tables"].items():
        path = path_of(table["sha256"])
        size = path.stat().st_size if path.exists() else None
        connection.execute(insert(FILES), {"token": token, "name": name, "sha256": path.stem, "size": size})


def _instant(text: object) -> datetime:
    """When it was saved; a manifest that does not say is as old as its adoption."""
    with contextlib.suppress(TypeError, ValueError):
        return datetime.fromisoformat(str(text)).astimezone(UTC)
    return datetime.now(UTC)
