"""How each engine is reached, read-only, in the time of Paris, with its own habits."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import pyarrow as pa

from data.engine.address import Address
from data.engine.errors import not_installed, unreachable
from data.engine.expressions import Habits
from data.engine.remote import IbisEngine

_ZONE = "Europe/Paris"
_SPARK_VIEW = "paliers_source"
#: Seconds after which a server that does not answer is given up.
PATIENCE = 15


def connect(address: Address) -> IbisEngine:
    """Open the engine of an address other than Parquet.

    Raises
    ------
    EngineError
        Its libraries are absent, or it refuses the connection.
    """
    makers: dict[str, tuple[str, Callable[[Address], IbisEngine]]] = {
        "postgres": ("PostgreSQL", _postgres),
        "spark": ("Spark", _spark),
        "clickhouse": ("ClickHouse", _clickhouse),
    }
    name, make = makers[address.kind]
    with _opening(name, address.kind):
        return make(address)


@contextlib.contextmanager
def _opening(name: str, kind: str) -> Iterator[None]:
    try:
        faults = _FAULTS[kind]()
    except ImportError:
        raise not_installed(name) from None
    try:
        yield
    except faults as error:
        # The message of a driver may quote the address, and its password: it goes no further.
        raise unreachable(name, error) from None


@contextlib.contextmanager
def _given_back(close: Callable[[], None]) -> Iterator[None]:
    """A connection closed when what follows fails."""
    with contextlib.ExitStack() as stack:
        stack.callback(close)
        yield
        stack.pop_all()


def _common_faults() -> tuple[type[Exception], ...]:
    from ibis.common.exceptions import IbisError, TableNotFound

    return IbisError, TableNotFound, pa.ArrowException, OSError


def _postgres_faults() -> tuple[type[Exception], ...]:
    import psycopg

    return psycopg.Error, *_common_faults()


def _spark_faults() -> tuple[type[Exception], ...]:
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException

    return PySparkException, Py4JError, RuntimeError, *_common_faults()


def _clickhouse_faults() -> tuple[type[Exception], ...]:
    from clickhouse_connect.driver.exceptions import ClickHouseError

    return ClickHouseError, *_common_faults()


_FAULTS = {"postgres": _postgres_faults, "spark": _spark_faults, "clickhouse": _clickhouse_faults}


def _postgres(address: Address) -> IbisEngine:
    import ibis

    extra = {k: v for k, v in address.options.items() if k in ("sslmode", "sslrootcert")}
    backend = ibis.postgres.connect(
        host=address.host or None,
        port=address.port or 5432,
        user=address.user or None,
        password=address.password or None,
        database=address.database,
        options="-c default_transaction_read_only=on",
        connect_timeout=PATIENCE,
        application_name="paliers",
        **extra,
    )
    with _given_back(backend.disconnect):
        # Ibis sets the time of its sessions to UTC once connected.
        backend.con.execute("SELECT set_config('timezone', %s, false)", (_ZONE,))
        table = backend.table(address.table, database=address.schema or None)
    return IbisEngine(
        "PostgreSQL",
        table,
        compile=backend.compile,
        run=lambda sql: _rows(backend.con, sql),
        habits=Habits(ordered=_bytes_of),
        faults=_postgres_faults(),
        close=backend.disconnect,
    )


def _rows(connection: Any, sql: str) -> pa.Table:
    """Rows of a query, in a transaction of their own that reads one state of the table."""
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute(sql)
        names = [c.name for c in cursor.description]
        rows = cursor.fetchall()
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(names)
    return pa.table([pa.array(values) for values in columns], names=names)


def _bytes_of(text: Any) -> Any:
    """A text by its bytes: their order is that of its characters, whatever the language of the server."""
    import ibis

    @ibis.udf.scalar.builtin(name="convert_to", signature=(("string", "string"), "binary"))
    def convert_to(value, encoding): ...

    return convert_to(text, "UTF8")


def _spark(address: Address) -> IbisEngine:
    import ibis
    from pyspark.sql import SparkSession

    settings = {
        # Without it an overflow is a missing value.
        "spark.sql.ansi.enabled": "true",
        "spark.ui.enabled": "false",
        "spark.sql.execution.arrow.pyspark.enabled": "true",
    }
    builder = SparkSession.builder.master(f"spark://{address.host}:{address.port or 7077}").appName("paliers")
    for name, value in settings.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    with _given_back(session.stop):
        backend = ibis.pyspark.connect(session)
        # Ibis sets the time of its sessions to UTC once connected.
        session.conf.set("spark.sql.session.timeZone", _ZONE)
        if "parquet" in address.options:
            session.read.parquet(address.options["parquet"]).createOrReplaceTempView(_SPARK_VIEW)
        table = backend.table(address.table or _SPARK_VIEW, database=address.schema or None)
    return IbisEngine(
        "Spark",
        table,
        compile=backend.compile,
        run=lambda sql: session.sql(sql).toArrow(),
        habits=Habits(),
        faults=_spark_faults(),
        close=session.stop,
    )


def _clickhouse(address: Address) -> IbisEngine:
    import clickhouse_connect

    secure = address.options.get("secure", "") in ("1", "true")
    client = clickhouse_connect.get_client(
        interface="https" if secure else "http",
        host=address.host,
        port=address.port or (8443 if secure else 8123),
        username=address.user or "default",
        password=address.password,
        database=address.database or "default",
        connect_timeout=PATIENCE,
        query_limit=0,
        settings={"readonly": "2"},  # no writing; settings of a query may still be given
    )
    with _given_back(client.close):
        return clickhouse_engine(client, address.table)


def clickhouse_engine(client: Any, table: str) -> IbisEngine:
    """The engine of a client of ClickHouse, a server or one inside the process."""
    import ibis

    backend = ibis.clickhouse.from_connection(client)
    return IbisEngine(
        "ClickHouse",
        backend.table(table),
        compile=backend.compile,
        run=lambda sql: client.query_arrow(sql, use_strings=True),
        # Its sums wrap around in silence beyond their digits, and its usual count of different values is an estimate.
        habits=Habits(digits=76, distinct=_exact_count, local=_in_paris),
        faults=_clickhouse_faults(),
        close=client.close,
    )


def _exact_count(value: Any) -> Any:
    import ibis

    @ibis.udf.agg.builtin(name="uniqExact", signature=((value.type(),), "int64"))
    def uniq_exact(values): ...

    return uniq_exact(value)


def _in_paris(instant: Any) -> Any:
    import ibis

    @ibis.udf.scalar.builtin(name="toTimezone", signature=((instant.type(), "string"), instant.type()))
    def to_timezone(value, zone): ...

    return to_timezone(instant, _ZONE)
