"""Hostile names of tables, columns and results, hostile values: on PostgreSQL and on ClickHouse inside the process."""

from __future__ import annotations

import random
from decimal import Decimal
from urllib.parse import quote

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from benchmarks import engine_servers
from data.engine import Axis, EngineError, Filter, Measure, Order, Spec, open_engine

pytest.importorskip("ibis", reason="ibis is not installed (requirements-scale.txt)")

PLAIN = "temoin"
QUOTES = ('"', '""', "'", "''", "`", "``", "\\", "\\'", '\\"', "\\`", "--", "/*", "*/", ";", "#")
SLOTS = ("$1", "$$", "%", "%s", "%(a)s", "?", ":nom", "{}", "{{", "{x:String}", "@a", "*", "${jndi:x}")
SPACES = ("a.b", "a.b.c", " ", " a", "a ", "a\tb", "a\nb", "a\r\nb", "\u00a0", "a\u200bb", "\ufeffmois")
WORDS_OF_SQL = ("SELECT", "select", "ORDER", "group", "user", "table", "NULL", "true", "from", "limit", "all", "left")
ATTACKS = (
    *("'; DROP TABLE temoin; --", '"; DROP TABLE temoin; --', "`; DROP TABLE temoin; --", "1=1) OR (1=1"),
    *("') UNION SELECT 1", "<script>alert(1)</script>", "![](http://x)"),
)
OURS = ("paliers_d0", "paliers_m0", "paliers_source", "montant", "Montant", "MONTANT", "1", "1e5", "-1", "0x1F", "=1+1")
LETTERS = ("Été", "Ete\u0301", "\U0001f600", "\u202egnp", "مبلغ", "金額", "ﬁ", "İ", "ß", "x" * 63, "é" * 31)
KNOWN = (*QUOTES, *SLOTS, *SPACES, *WORDS_OF_SQL, *ATTACKS, *OURS, *LETTERS)
PIECES = [*"'\"`\\;(){}?é\n\U0001f600", "--", "/*", "*/", "%s", "$1", "SELECT", "OR 1=1"]


def make_names(count: int, seed: int = 20261123) -> list[str]:
    """Names made of what ends or escapes a name in some SQL, always the same, of at most 63 bytes."""
    draw = random.Random(seed)
    names: list[str] = []
    while len(names) < count:
        name = "".join(draw.choices(PIECES, k=draw.randint(2, 9)))
        if len(name.encode()) <= 63 and name not in (*names, *KNOWN):
            names.append(name)
    return names


NAMES = [*KNOWN, *make_names(40)]
VALUES = [*NAMES, "", None, "x" * 10_000, "é" * 5_000 + "'"]
#: Words that Ibis writes bare when they name a table of ClickHouse.
WORDS = ("SELECT", "TABLE", "FROM")
#: PostgreSQL cuts a name at 63 bytes, that of a result too: two long ones would be the same.
LONG = ("mesure " * 40 + "a", "mesure " * 40 + "b")


def shown(name: str) -> str:
    """A name as the list of tests writes it."""
    return ascii(name)[:40]


def lines_of(name: str) -> pa.Table:
    """Three lines: the hostile name, a text among which the name itself, a plain amount."""
    return pa.table(
        {
            name: pa.array([1, 2, 2], pa.int64()),
            f"{PLAIN}_texte": pa.array([name, "autre", name]),
            f"{PLAIN}_montant": pa.array([Decimal("1.10"), Decimal("2.20"), Decimal("4.40")], pa.decimal128(18, 2)),
        }
    )


def check(engine, name: str) -> None:
    """Every place that a name or a value takes in a question."""
    text, amount = f"{PLAIN}_texte", f"{PLAIN}_montant"
    assert list(engine.columns()) == [name, text, amount]
    cube = engine.cube(Spec([name], [Measure("somme", amount, "total")])).to_pylist()
    assert cube == [{name: 1, "total": Decimal("1.10")}, {name: 2, "total": Decimal("6.60")}]
    spec = Spec(
        [Axis(text, LONG[0])],
        [Measure("somme", name, LONG[1]), Measure("distincts", name, f"{name} "), Measure("maximum", name, "plus")],
        [Filter(text, "egal", (name,)), Filter(name, "entre", (1, 2))],
        [Order(LONG[1], True)],
        5,
    )
    (row,) = engine.cube(spec).to_pylist()
    assert list(row.values()) == [name, Decimal(3), 2, 2]
    assert list(row) == [LONG[0], LONG[1], f"{name} ", "plus"]
    assert engine.lines([Filter(name, "egal", (2,))], columns=[name, text]).num_rows == 2


@pytest.fixture(scope="module")
def witness(tmp_path_factory):
    path = tmp_path_factory.mktemp("noms") / "lignes.parquet"
    pq.write_table(pa.table({"saisie": pa.array([None], pa.timestamp("us")), PLAIN: [1]}), path)
    return path


@pytest.fixture(scope="module")
def postgres(witness):
    try:
        with engine_servers.postgres(witness) as url:
            yield url.rsplit("/", 1)[0]
    except engine_servers.Absent as reason:
        pytest.skip(f"no PostgreSQL: {reason}")


@pytest.fixture(scope="module")
def clickhouse(witness):
    try:
        with engine_servers.clickhouse(witness) as client:
            # In the database that it opens with, a table may be a file of this folder.
            client.command("CREATE DATABASE noms")
            client.command("USE noms")
            yield client
    except engine_servers.Absent as reason:
        pytest.skip(f"no chdb: {reason}")


def fill_postgres(base: str, table: str, lines: pa.Table) -> None:
    import psycopg
    from psycopg import sql

    kinds = [engine_servers._POSTGRES.get(str(f.type)) or engine_servers._postgres_type(f.type) for f in lines.schema]
    columns = [
        sql.SQL("{} " + kind).format(sql.Identifier(n)) for n, kind in zip(lines.column_names, kinds, strict=True)
    ]
    with psycopg.connect(base, autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute(sql.SQL("CREATE TABLE {} ({})").format(sql.Identifier(table), sql.SQL(", ").join(columns)))
        with cursor.copy(sql.SQL("COPY {} FROM STDIN").format(sql.Identifier(table))) as copy:
            for row in zip(*(c.to_pylist() for c in lines.columns), strict=True):
                copy.write_row(row)


@pytest.mark.parametrize("name", NAMES, ids=shown)
def test_postgresql_takes_any_name_of_a_table_and_of_a_column(postgres, name):
    fill_postgres(postgres, name, lines_of(name))
    engine = open_engine(f"{postgres}?table={quote(name, safe='')}")
    try:
        check(engine, name)
    finally:
        engine.close()


def fill_clickhouse(client, table: str, lines: pa.Table, folder) -> None:
    quoted = table.replace("\\", "\\\\").replace("`", "\\`")
    pq.write_table(lines, folder / "lignes.parquet")
    client.command(
        f"CREATE TABLE `{quoted}` ENGINE = MergeTree ORDER BY tuple() AS SELECT * FROM file({{lignes:String}})",
        parameters={"lignes": str(folder / "lignes.parquet")},
    )


@pytest.mark.parametrize("name", NAMES, ids=shown)
def test_clickhouse_takes_any_name_of_a_table_and_of_a_column(clickhouse, tmp_path, name):
    """Ibis does not quote a bare word of SQL that names a table: such a table is refused in French."""
    from data.engine.connections import _opening, clickhouse_engine

    fill_clickhouse(clickhouse, name, lines_of(name), tmp_path)
    try:
        with _opening("ClickHouse", "clickhouse"):
            engine = clickhouse_engine(clickhouse, name)
    except EngineError:
        assert name.upper() in WORDS
        fill_clickhouse(clickhouse, f"{PLAIN}_{name}", lines_of(name), tmp_path)
        engine = clickhouse_engine(clickhouse, f"{PLAIN}_{name}")
    check(engine, name)


def values_table() -> pa.Table:
    return pa.table({"texte": pa.array(VALUES), "rang": pa.array(range(len(VALUES)), pa.int64())})


def check_values(engine) -> None:
    """Each value asked for by itself gives its lines; those between two values, none that is missing."""
    for value in VALUES:
        wanted = [i for i, v in enumerate(VALUES) if (v or None) == (value or None)]
        test = Filter("texte", "egal", (value,)) if value else Filter("texte", "manquant")
        (row,) = engine.cube(Spec([], [Measure("lignes"), Measure("somme", "rang", "r")], [test])).to_pylist()
        assert row == {"lignes": len(wanted), "r": Decimal(sum(wanted))}, shown(str(value))
    everything = engine.cube(Spec(["texte"], [Measure("lignes")])).column("texte").to_pylist()
    assert everything == [*sorted({v for v in VALUES if v}), None]


def test_postgresql_compares_any_value_as_it_is_written(postgres):
    fill_postgres(postgres, "valeurs", values_table())
    engine = open_engine(f"{postgres}/valeurs")
    try:
        check_values(engine)
    finally:
        engine.close()


def test_clickhouse_compares_any_value_as_it_is_written(clickhouse, tmp_path):
    from data.engine.connections import clickhouse_engine

    fill_clickhouse(clickhouse, "valeurs", values_table(), tmp_path)
    check_values(clickhouse_engine(clickhouse, "valeurs"))
