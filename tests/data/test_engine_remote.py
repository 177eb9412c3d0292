"""The same cubes through Ibis: on PostgreSQL, and in the SQL written for the others."""

from __future__ import annotations

import re

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings

from analytics.errors import ParameterError, ReadError
from benchmarks import engine_servers
from benchmarks.engine_lines import make_lines, make_specs
from data import load_dataset
from data.engine import EngineError, Filter, Measure, Month, Order, Spec, load_from_engine, open_engine
from data.engine.embedded import DuckEngine
from tests.data.engine_cases import SCHEMA, make_rows, specs
from tests.data.engine_oracle import expected
from tests.data.test_engine_load import assert_same, claims, write

ibis = pytest.importorskip("ibis", reason="ibis is not installed (requirements-scale.txt)")
ESTIMATES = re.compile(r"\buniq\(|approx|hll|sketch|quantile|sample|topk|any_value|avg\(", re.IGNORECASE)


@pytest.fixture(scope="module")
def rows():
    return make_rows(400)


@pytest.fixture(scope="module")
def address(rows, tmp_path_factory):
    path = tmp_path_factory.mktemp("lignes") / "lignes.parquet"
    pq.write_table(pa.Table.from_pylist(rows, SCHEMA), path)
    try:
        with engine_servers.postgres(path) as url:
            yield url
    except engine_servers.Absent as reason:
        pytest.skip(f"no PostgreSQL: {reason}")


@pytest.fixture(scope="module")
def engine(address):
    opened = open_engine(address)
    yield opened
    opened.close()


@settings(max_examples=100, deadline=None)
@given(spec=specs())
def test_any_cube_of_postgresql_is_what_a_count_line_by_line_finds(engine, rows, spec):
    assert [tuple(r.values()) for r in engine.cube(spec).to_pylist()] == expected(rows, spec)


def test_the_cubes_of_the_measure_are_the_same_tables(tmp_path):
    path = tmp_path / "lignes.parquet"
    pq.write_table(make_lines(3_000), path)
    embedded = DuckEngine(path)
    try:
        with engine_servers.postgres(path) as url:
            remote = open_engine(url)
            for name, spec in make_specs().items():
                assert remote.cube(spec).equals(embedded.cube(spec)), name
            remote.close()
    except engine_servers.Absent as reason:
        pytest.skip(f"no PostgreSQL: {reason}")
    finally:
        embedded.close()


def test_the_session_cannot_write(engine):
    import psycopg

    for text in ("CREATE TABLE autre (a int)", "DELETE FROM lignes", "INSERT INTO lignes (texte) VALUES ('x')"):
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            engine._run(text)
    assert engine.cube(Spec([], [Measure("lignes")])).to_pylist() == [{"lignes": 400}]


def test_a_table_that_is_not_there_is_refused_in_french(address):
    with pytest.raises(EngineError, match="PostgreSQL ne répond pas"):
        open_engine(address.replace("/lignes", "/absente"))


def test_a_server_that_is_not_there_is_refused_without_the_password():
    with pytest.raises(EngineError, match="PALIERS_ENGINE") as error:
        open_engine("postgres://lecteur:tr0p-secret@127.0.0.1:9/base/lignes")
    assert "tr0p" not in f"{error.value}{error.value!r}"
    assert error.value.__suppress_context__


def test_numbers_without_a_number_of_decimals_are_taken_in_cents_or_refused(address):
    import psycopg

    with psycopg.connect(address.rsplit("/", 1)[0], autocommit=True) as connection:
        connection.execute("CREATE TABLE vagues (m numeric, n numeric)")
        connection.execute("INSERT INTO vagues VALUES (1.10, 0.125), (-3, 2), (NULL, NULL)")
    engine = open_engine(address.replace("/lignes", "/vagues"))
    try:
        assert str(engine.cube(Spec([], [Measure("somme", "m")])).column(0)[0]) == "-1.90"
        assert str(engine.cube(Spec([], [Measure("somme", "n", scale=3)])).column(0)[0]) == "2.125"
        with pytest.raises(ReadError, match="plus de 2 décimales"):
            engine.cube(Spec([], [Measure("somme", "n")]))
    finally:
        engine.close()


def test_lines_and_limits_are_those_of_the_embedded_engine(engine, rows):
    kept = engine.lines([Filter("texte", "egal", ("O'Brien",))], columns=["texte", "personne"])
    assert kept.num_rows == sum(r["texte"] == "O'Brien" for r in rows)
    with pytest.raises(ParameterError):
        engine.lines(limit=0)


def test_a_dataset_made_from_postgresql_is_that_of_the_file(tmp_path):
    path = write(claims(800), tmp_path / "soins.parquet")
    try:
        with engine_servers.postgres(tmp_path / "soins.parquet") as url:
            engine = open_engine(url)
            ours = load_from_engine(engine, name="soins.parquet")
            engine.close()
    except engine_servers.Absent as reason:
        pytest.skip(f"no PostgreSQL: {reason}")
    assert_same(ours, load_dataset(path))
    assert ours.dialect["moteur"] == "PostgreSQL"
    assert ours.dialect["lignes"] == 800


@settings(max_examples=60, deadline=None)
@given(spec=specs())
def test_no_engine_is_asked_for_an_estimate(spec):
    from data.engine.connections import _bytes_of, _exact_count, _in_paris
    from data.engine.expressions import Habits
    from data.engine.remote import IbisEngine

    lines = ibis.table(ibis.schema(SCHEMA), name="lignes")
    habits = {
        "postgres": Habits(ordered=_bytes_of),
        "clickhouse": Habits(digits=76, distinct=_exact_count, local=_in_paris),
    }
    for dialect, own in habits.items():
        asked = IbisEngine(
            dialect,
            lines,
            compile=lambda e, dialect=dialect: ibis.to_sql(e, dialect=dialect),
            run=lambda sql: None,
            habits=own,
            faults=(),
            close=lambda: None,
        )
        text = re.sub(r"\s+", "", asked.query_of(spec))
        assert not ESTIMATES.search(text), text
        assert text.upper().startswith("SELECT")
        distinct = [m for m in spec.measures if m.operation == "distincts"]
        exact = text.count("uniqExact(") if dialect == "clickhouse" else text.upper().count("COUNT(DISTINCT")
        assert exact >= len(distinct)


def test_the_first_rows_are_chosen_by_the_engine(engine):
    """Only they travel, in the order of characters whatever the language of the server."""
    spec = Spec(["texte", Month("jour")], [Measure("lignes")], order=[Order("texte", True)], limit=2)
    text = engine.query_of(spec)
    assert re.search(r"LIMIT 2\b", text)
    assert "CONVERT_TO" in text.upper()
