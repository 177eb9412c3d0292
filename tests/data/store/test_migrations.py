"""What former versions left is brought to this one: datasets saved before the database, steps of the schema."""

from __future__ import annotations

import hashlib
import io
import json
from pathlib import Path

import pandas as pd
import pytest
from sqlalchemy import inspect, select, text

from analytics.errors import ReadError
from data import store
from data.store import migrations
from data.store.database import reading
from data.store.tables import APPLIED, METADATA
from data.store.writing import write

FRAMES = ("cotisation", "prestation", "findings", "rejected", "left_out")
WORDS = ("base", "date_basis", "source", "fingerprint", "mapping", "dialect", "labels", "value_labels", "is_demo")


def save_as_before(dataset, home: Path, token: str, saved_at: str) -> Path:
    """As the first version did: five tables in `objects`, one manifest in `datasets`."""
    tables = {}
    (home / "objects").mkdir(parents=True, exist_ok=True)
    (home / "datasets").mkdir(exist_ok=True)
    for name in FRAMES:
        buffer = io.BytesIO()
        getattr(dataset, name).to_parquet(buffer, index=False, compression="zstd")
        digest = hashlib.sha256(buffer.getvalue()).hexdigest()
        (home / "objects" / f"{digest}.parquet").write_bytes(buffer.getvalue())
        tables[name] = {"sha256": digest, "rows": len(getattr(dataset, name))}
    content = {name: getattr(dataset, name) for name in WORDS}
    content = {name: dict(value) if hasattr(value, "items") else value for name, value in content.items()}
    content |= {"version": 1, "saved_at": saved_at, "as_of": None, "tables": tables}
    path = home / "datasets" / f"{token}.json"
    path.write_text(json.dumps(content, ensure_ascii=False), "utf-8")
    return path


def test_datasets_saved_before_the_database_are_adopted(paliers_home, dataset):
    old, older = "a" * 22, "b" * 22
    save_as_before(dataset, paliers_home, old, "2026-02-01T00:00:00+00:00")
    save_as_before(dataset, paliers_home, older, "2026-01-01T00:00:00+00:00")
    rows = len(dataset.cotisation) + len(dataset.prestation)
    found = [(r.token, r.source, r.rows) for r in store.recent()]
    assert found == [(old, "essai.csv", rows), (older, "essai.csv", rows)]
    pd.testing.assert_frame_equal(store.load(old).prestation, dataset.prestation)
    assert store.load(old).mapping == dataset.mapping
    assert list((paliers_home / "datasets").iterdir()) == []
    assert store.purge("2026-03-01") == ()  # their clock starts at the adoption
    assert store.about(old).keep_until is not None
    store.keep_scenario(old, "gel", {})
    assert store.sweep() == ()
    store.delete(old)
    assert store.delete(older).remaining == 0
    assert list((paliers_home / "objects").iterdir()) == []


def test_an_adoption_cut_short_is_finished_without_doubles(paliers_home, dataset):
    path = save_as_before(dataset, paliers_home, "a" * 22, "2026-02-01T00:00:00+00:00")
    content = path.read_bytes()
    store.recent()
    path.write_bytes(content)  # killed after the rows, before the manifest was erased
    store.close()
    assert [r.token for r in store.recent()] == ["a" * 22]
    assert not path.exists()


@pytest.mark.parametrize("content", ["{", "[]", '{"version": 1, "tables": {}}', '{"version": 7, "tables": {}}'])
def test_a_manifest_that_cannot_be_read_is_left_and_said(paliers_home, dataset, content):
    path = save_as_before(dataset, paliers_home, "a" * 22, "2026-02-01T00:00:00+00:00")
    save_as_before(dataset, paliers_home, "b" * 22, "2026-02-01T00:00:00+00:00")
    path.write_text(content)
    assert [r.token for r in store.recent()] == ["b" * 22]
    assert path.exists()
    assert store.exists("a" * 22)
    with pytest.raises(ReadError, match="abîmé"):
        store.load("a" * 22)
    assert store.delete("a" * 22).remaining == 0
    assert not store.exists("a" * 22)
    assert not path.exists()


def test_the_schema_is_the_one_written_in_tables(paliers_home):
    with reading() as connection:
        seen = inspect(connection)
        found = {table: {c["name"] for c in seen.get_columns(table)} for table in seen.get_table_names()}
        steps = connection.scalars(select(APPLIED.c.step)).all()
    assert found == {table.name: {c.name for c in table.columns} for table in METADATA.sorted_tables}
    assert steps == list(range(1, len(migrations.STEPS) + 1))


def test_a_step_is_done_once_and_keeps_what_is_there(paliers_home, dataset, monkeypatch):
    token, done = store.save(dataset), []

    def add_a_column(connection) -> None:
        done.append(1)
        connection.execute(text("ALTER TABLE datasets ADD COLUMN couleur TEXT"))

    monkeypatch.setattr(migrations, "STEPS", (*migrations.STEPS, ("couleur", add_a_column)))
    for _ in range(2):
        store.close()
        assert store.exists(token)
    assert done == [1]
    with reading() as connection:
        assert "couleur" in {c["name"] for c in inspect(connection).get_columns("datasets")}


def test_a_step_that_fails_changes_nothing(paliers_home, dataset, monkeypatch):
    token = store.save(dataset)

    def fail(connection) -> None:
        connection.execute(text("ALTER TABLE datasets ADD COLUMN couleur TEXT"))
        raise RuntimeError

    with monkeypatch.context() as patch:
        patch.setattr(migrations, "STEPS", (*migrations.STEPS, ("couleur", fail)))
        store.close()
        with pytest.raises(RuntimeError):
            store.recent()
    assert store.exists(token)
    with reading() as connection:
        assert "couleur" not in {c["name"] for c in inspect(connection).get_columns("datasets")}


def test_a_database_of_a_later_version_is_refused(paliers_home, dataset):
    token = store.save(dataset)
    row = {"step": 99, "name": "demain", "applied_at": pd.Timestamp("2030-01-01", tz="UTC").to_pydatetime()}
    write(lambda work: work.connection.execute(APPLIED.insert(), row))
    store.close()
    with pytest.raises(store.StoreError, match="plus récente"):
        store.load(token)
