"""The tables of the store: what each holds. A change here needs a step in :mod:`data.store.migrations`."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator


class Instant(TypeDecorator):
    """An instant in UTC, with its time zone on every database."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """SQLite keeps no time zone: it is given UTC."""
        if value is None:
            return None
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """UTC again, whatever the session of the database."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _number() -> Column:
    """Order of arrival, which no clock set back can change."""
    return Column("number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True)


def _token() -> Column:
    return Column("token", Text, ForeignKey("datasets.token", ondelete="CASCADE"), nullable=False, index=True)


def _instant(name: str, *, nullable: bool = False) -> Column:
    return Column(name, Instant, nullable=nullable)


def _text(name: str) -> Column:
    return Column(name, Text, nullable=False)


def _json(name: str) -> Column:
    return Column(name, JSON, nullable=False)


METADATA = MetaData()

DATASETS = Table(
    "datasets",
    METADATA,
    _number(),
    Column("token", Text, nullable=False, unique=True),
    _text("source"),
    _instant("saved_at"),
    Column("rows", BigInteger, nullable=False),
    Column("months", Integer),
    _text("purpose"),
    Column("keep_until", Date, index=True),
    Column("is_demo", Boolean, nullable=False),
    _json("manifest"),
)
FILES = Table(
    "files",
    METADATA,
    _number(),
    _token(),
    _text("name"),
    Column("sha256", Text, nullable=False, index=True),
    Column("size", BigInteger),
    UniqueConstraint("token", "name"),
)
DEPOSITS = Table(
    "deposits",
    METADATA,
    _number(),
    _token(),
    Column("source_key", Text, nullable=False, index=True),
    _instant("made_at"),
    _json("summary"),
)
SCENARIOS = Table(
    "scenarios",
    METADATA,
    _number(),
    _token(),
    _text("name"),
    _instant("saved_at"),
    _json("content"),
    UniqueConstraint("token", "name"),
)
DECISIONS = Table(
    "decisions",
    METADATA,
    _number(),
    _token(),
    _instant("made_at"),
    _text("who"),
    _text("why"),
    _text("expected"),
    _json("content"),
)
ALERTS = Table(
    "alerts",
    METADATA,
    _number(),
    _token(),
    _text("key"),
    _instant("set_at"),
    _json("content"),
    _instant("seen_at", nullable=True),
    _text("reason"),
    UniqueConstraint("token", "key"),
)
EVENTS = Table(
    "events",
    METADATA,
    _number(),
    _token(),
    _text("name"),
    _instant("saved_at"),
    Column("debut", Date),
    Column("fin", Date),
    _text("forme"),
    _json("postes"),
    _text("source"),
    Column("active", Boolean, nullable=False),
    Column("of_all", Boolean, nullable=False),
    UniqueConstraint("token", "name"),
)
LAYOUTS = Table(
    "layouts",
    METADATA,
    Column("layout_key", Text, primary_key=True),
    _instant("used_at"),
    _json("answers"),
)
#: The journal and the proofs name a dataset by its trace: they stay when it is gone, and open nothing.
AUDIT = Table(
    "audit",
    METADATA,
    _number(),
    _instant("done_at"),
    _text("action"),
    _text("who"),
    Column("trace", Text),
    _json("counts"),
)
ERASURES = Table(
    "erasures",
    METADATA,
    _number(),
    _instant("erased_at"),
    _text("trace"),
    _json("proof"),
    Column("remains", JSON(none_as_null=True)),
    Column("proved", Boolean, nullable=False, index=True),
)
APPLIED = Table(
    "steps",
    METADATA,
    Column("step", Integer, primary_key=True, autoincrement=False),
    _text("name"),
    _instant("applied_at"),
)

#: Every table that belongs to a dataset, and goes with it.
ATTACHED = (FILES, DEPOSITS, SCENARIOS, DECISIONS, ALERTS, EVENTS)
