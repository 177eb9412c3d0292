"""DuckDB locked down: nothing outside the folders named, no network, no variable of ours, no setting to change."""

from __future__ import annotations

import duckdb
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.duck import connect, quote_identifier

SECRET = pd.DataFrame({"a": [1]})


@pytest.fixture
def locked(tmp_path):
    (tmp_path / "permis").mkdir()
    (tmp_path / "permis" / "a.csv").write_text("x;y\n1;2\n")
    (tmp_path / "secret.csv").write_text("x;y\n3;4\n")
    with connect(directories=[tmp_path / "permis"], temp=tmp_path / "permis") as connection:
        yield connection, tmp_path


def test_the_folder_named_is_read_and_written(locked):
    connection, folder = locked
    assert connection.sql(f"FROM read_csv('{folder}/permis/a.csv')").fetchall() == [(1, 2)]
    connection.execute(f"COPY (SELECT 1 AS a) TO '{folder}/permis/b.parquet'")
    assert (folder / "permis" / "b.parquet").exists()


def test_a_file_named_is_read_and_not_its_neighbours(tmp_path):
    for name in ("un.csv", "deux.csv"):
        (tmp_path / name).write_text("x\n1\n")
    with connect(files=[tmp_path / "un.csv"]) as connection:
        assert connection.sql(f"FROM read_csv('{tmp_path}/un.csv')").fetchall() == [(1,)]
        with pytest.raises(duckdb.Error):
            connection.sql(f"FROM read_csv('{tmp_path}/deux.csv')").fetchall()


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM '/etc/passwd'",
        "SELECT * FROM read_csv('{folder}/permis/../secret.csv')",
        "SELECT * FROM read_csv('{folder}/secret.csv')",
        "SELECT * FROM glob('/etc/*')",
        "COPY (SELECT 1) TO '{folder}/dehors.csv'",
        "ATTACH '{folder}/dehors.db'",
        "EXPORT DATABASE '{folder}/export'",
        "IMPORT DATABASE '{folder}/export'",
        "SELECT * FROM SECRET",
        "SELECT * FROM read_csv('http://127.0.0.1:1/x.csv')",
        "INSTALL httpfs",
        "LOAD httpfs",
        "LOAD '{folder}/x.duckdb_extension'",
        "CREATE SECRET s (TYPE s3)",
        "SET threads = 4",
        "SET enable_external_access = true",
        "RESET lock_configuration",
        "SET allowed_directories = ['/']",
        "SET python_enable_replacements = true",
    ],
)
def test_escapes_are_refused(locked, query):
    connection, folder = locked
    with pytest.raises(duckdb.Error):
        connection.execute(query.format(folder=folder)).fetchall()
    assert not (folder / "dehors.csv").exists()
    assert not (folder / "dehors.db").exists()


@settings(max_examples=200, deadline=None)
@given(st.text(min_size=1).filter(lambda t: "\x00" not in t and t.isprintable()))
def test_any_title_can_be_a_column(title):
    with duckdb.connect() as connection:
        relation = connection.sql(f"SELECT 1 AS {quote_identifier(title)}")
        assert relation.columns == [title]


@pytest.mark.parametrize("name", ["", "a\x00b"])
def test_what_cannot_be_named_is_refused(name):
    with pytest.raises(ValueError, match="SQL"):
        quote_identifier(name)


def test_a_quote_in_a_folder_is_only_a_quote(tmp_path):
    folder = tmp_path / "l'été"
    folder.mkdir()
    with connect(directories=[folder]) as connection:
        assert connection.sql("SELECT 1").fetchall() == [(1,)]
