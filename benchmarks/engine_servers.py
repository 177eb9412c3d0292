"""Servers of the measure of `benchmarks.engines`, started for it on the loopback and stopped after it."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks import Absent

#: How long a server may take to answer.
PATIENCE = 60
_POSTGRES = {
    "string": "text",
    "large_string": "text",
    "bool": "boolean",
    "double": "double precision",
    "date32[day]": "date",
}


@contextlib.contextmanager
def postgres(lines: Path) -> Iterator[str]:
    """A server with the lines in it, by an ordinary user: it refuses root."""
    _need("ibis", "psycopg")
    import psycopg

    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    binary = str(found[-1]) if found else shutil.which("initdb")
    if binary is None:
        raise Absent("binaires de PostgreSQL introuvables")
    folder, user = Path(tempfile.mkdtemp(prefix="paliers-pg-")), ""
    if os.getuid() == 0:
        user = next(u for u in ("postgres", "nobody") if any(p.pw_name == u for p in pwd.getpwall()))
        shutil.chown(folder, user)
    run = _as_user(Path(binary).parent, folder, user)
    port = _port()
    try:
        # A French collation, when there is one: the order of its texts is not that of their characters.
        if run("initdb", *_INIT, f"{folder}/base", "--locale-provider=icu", "--icu-locale=fr-FR"):
            run("initdb", *_INIT, f"{folder}/base", check=True)
        run("pg_ctl", "-D", f"{folder}/base", "-w", "-l", f"{folder}/journal", "-o",
            f"-k {folder} -p {port} -c listen_addresses=127.0.0.1 -c fsync=off", "start", check=True)  # fmt: skip
        with psycopg.connect(f"host=127.0.0.1 port={port} user=paliers dbname=postgres", autocommit=True) as connection:
            _copy(connection, pq.read_table(lines))
        yield f"postgres://paliers:sans@127.0.0.1:{port}/postgres/lignes"
    finally:
        run("pg_ctl", "-D", f"{folder}/base", "-w", "-m", "immediate", "stop")
        shutil.rmtree(folder, ignore_errors=True)


_INIT = ("-U", "paliers", "-A", "trust", "-E", "UTF8", "--no-sync", "--locale=C.UTF-8", "-D")


def _as_user(binaries: Path, folder: Path, user: str):
    rights = {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []} if user else {}

    def run(program: str, *arguments: str, check: bool = False) -> int:
        with (folder / "sortie").open("ab") as output:
            done = subprocess.run(
                [binaries / program, *arguments], **rights, env={"PATH": os.environ["PATH"], "LC_ALL": "C"}, cwd=folder,
                stdin=subprocess.DEVNULL, stdout=output, stderr=output, timeout=120, check=False,
            )  # fmt: skip
        if check and done.returncode:
            raise Absent(f"{program} : code {done.returncode}")
        return done.returncode

    return run


def _copy(connection, lines: pa.Table) -> None:
    from psycopg import sql

    types = [_POSTGRES.get(str(f.type)) or _postgres_type(f.type) for f in lines.schema]
    columns = [sql.SQL("{} " + t).format(sql.Identifier(n)) for n, t in zip(lines.column_names, types, strict=True)]
    connection.execute(sql.SQL("CREATE TABLE lignes ({})").format(sql.SQL(", ").join(columns)))
    with connection.cursor() as cursor, cursor.copy("COPY lignes FROM STDIN") as copy:
        for batch in lines.to_batches(20_000):
            for row in zip(*(c.to_pylist() for c in batch.columns), strict=True):
                copy.write_row(row)
    connection.execute("ANALYZE lignes")


def _postgres_type(kind: pa.DataType) -> str:
    if pa.types.is_decimal(kind):
        return f"numeric({kind.precision}, {kind.scale})"
    if pa.types.is_timestamp(kind):
        return "timestamptz" if kind.tz else "timestamp"
    return "bigint" if kind.bit_width == 64 else "integer"


@contextlib.contextmanager
def spark(lines: Path) -> Iterator[str]:
    """A standalone cluster, a master and a worker, from the wheel of PySpark and the Java of the machine."""
    _need("ibis", "pyspark")
    if shutil.which("java") is None:
        raise Absent("Java introuvable")
    home = Path(importlib.util.find_spec("pyspark").origin).parent
    folder = Path(tempfile.mkdtemp(prefix="paliers-spark-"))
    port, processes = _port(), []
    os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"
    master = ["master.Master", "--host", "127.0.0.1", "--port", str(port), "--webui-port", "0"]
    worker = ["worker.Worker", "--host", "127.0.0.1", "--webui-port", "0", "--cores", "2", "--memory", "3g",
              "--work-dir", str(folder), f"spark://127.0.0.1:{port}"]  # fmt: skip
    try:
        with (folder / "journal").open("wb") as output:
            for name, *arguments in (master, worker):
                command = [home / "bin" / "spark-class", f"org.apache.spark.deploy.{name}", *arguments]
                environment = {**os.environ, "SPARK_HOME": str(home)}
                processes.append(subprocess.Popen(command, stdout=output, stderr=output, env=environment))
                _wait(port)
        yield f"spark://127.0.0.1:{port}?parquet={lines}"
    finally:
        for process in reversed(processes):
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(20)
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def clickhouse(lines: Path) -> Iterator[object]:
    """ClickHouse inside this process, with the lines in it: its client."""
    _need("ibis", "chdb", "clickhouse_connect")
    import clickhouse_connect

    client = clickhouse_connect.get_client(interface="chdb")
    # It has no dates with time without a zone: those of the file are written in the zone of the server.
    text = "SELECT * REPLACE (CAST(toString(saisie) AS Nullable(DateTime64(6))) AS saisie) FROM file({lines:String})"
    try:
        create = "CREATE TABLE lignes ENGINE = MergeTree ORDER BY tuple() AS " + text
        client.command(create, parameters={"lines": str(lines)})
        yield client
    finally:
        client.close()


def _need(*modules: str) -> None:
    absent = [m for m in modules if importlib.util.find_spec(m) is None]
    if absent:
        raise Absent(f"{', '.join(absent)} : pip install -r requirements-scale.txt")


def _port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def _wait(port: int) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.2)
    raise Absent("le serveur ne répond pas")
