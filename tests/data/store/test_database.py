"""The database: absent, busy, damaged, read-only or badly named, it is said in French and nothing is lost."""

from __future__ import annotations

import fcntl
import sqlite3

import pytest

from data import store
from data.store import engines, paths
from data.store.database import current, reading


def test_a_server_stopped_and_started_again(request, paliers_home, dataset):
    if "postgresql" not in request.node.name:
        pytest.skip("SQLite has no server")
    server, token = request.getfixturevalue("postgres"), store.save(dataset)
    server.stop()
    try:
        for action in (store.recent, lambda: store.load(token), lambda: store.save(dataset), store.sweep):
            with pytest.raises(store.StoreError, match="ne répond pas"):
                action()
    finally:
        server.start()
    assert [r.token for r in store.recent()] == [token]
    store.load(store.save(dataset))
    assert store.sweep() == ()


@pytest.mark.parametrize(
    "address",
    ["mysql://ana:SECRET@h/b", "nimporte:SECRET", "postgresql://ana:SECRET@h", "sqlite://"],
)
def test_an_address_that_is_not_understood_is_not_repeated(sqlite_home, monkeypatch, address):
    monkeypatch.setenv("PALIERS_DATABASE", address)
    with pytest.raises(store.StoreError, match="adresse") as caught:
        store.recent()
    assert "SECRET" not in str(caught.value)


def test_a_server_that_does_not_exist_is_said_without_its_password(sqlite_home, monkeypatch, tmp_path):
    pytest.importorskip("psycopg", reason="psycopg is not installed")
    monkeypatch.setenv("PALIERS_DATABASE", f"postgresql://ana:SECRET@/base?host={tmp_path}")
    with pytest.raises(store.StoreError, match="ne répond pas") as caught:
        store.recent()
    assert "SECRET" not in str(caught.value)


def test_a_file_of_sqlite_may_be_elsewhere(sqlite_home, dataset, monkeypatch, tmp_path):
    monkeypatch.setenv("PALIERS_DATABASE", f"sqlite:///{tmp_path}/ailleurs/base.db")
    token = store.save(dataset)
    assert (tmp_path / "ailleurs" / "base.db").is_file()
    monkeypatch.delenv("PALIERS_DATABASE")
    assert not store.exists(token)


def test_another_program_that_writes_is_waited_for_then_said(paliers_home, dataset, monkeypatch):
    token = store.save(dataset)
    monkeypatch.setattr(paths, "PATIENCE", 0.05)
    with (paliers_home / ".lock").open("a") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(store.StoreError, match="occupée"):
            store.save(dataset)
        store.load(token)
    store.save(dataset)
    assert len(store.recent()) == 2


def test_a_file_of_sqlite_locked_by_another_program(sqlite_home, dataset, monkeypatch):
    monkeypatch.setattr(engines, "PATIENCE", 0.05)
    token = store.save(dataset)
    other = sqlite3.connect(sqlite_home / "paliers.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(store.StoreError, match="occupée"):
        store.save(dataset)
    store.load(token)
    other.execute("ROLLBACK")
    other.close()
    assert [r.token for r in store.recent()] == [token]
    assert store.sweep() == ()


def test_an_erasure_under_a_reader_is_not_called_complete(sqlite_home, dataset, monkeypatch):
    """A reader keeps the journal from being emptied: the proof says so, and a later sweep completes it."""
    monkeypatch.setattr(engines, "PATIENCE", 0.05)
    token = store.save(dataset)
    with reading() as connection:
        connection.exec_driver_sql("SELECT count(*) FROM datasets").fetchall()
        assert store.delete(token).remains["journal"] > 0
    store.sweep()
    assert store.erasures()[0].remaining == 0


@pytest.mark.parametrize("content", [b"pas une base" * 1000, b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_damaged_database_is_said_and_left_as_it_is(sqlite_home, dataset, content):
    store.save(dataset)
    store.close()
    (sqlite_home / "paliers.db").write_bytes(content)
    with pytest.raises(store.StoreError, match="abîmée") as caught:
        store.recent()
    assert "sauvegarde" in caught.value.remede
    with pytest.raises(store.StoreError, match="abîmée"):
        store.save(dataset)
    assert (sqlite_home / "paliers.db").read_bytes() == content


def test_a_folder_that_cannot_be_written_is_still_read(remount, dataset):
    token = store.save(dataset)
    store.close()
    remount("ro")
    try:
        store.load(token)
        assert [r.token for r in store.recent()] == [token]
        for action in (lambda: store.save(dataset), lambda: store.delete(token)):
            with pytest.raises(store.StoreError, match="ne peut pas être écrit"):
                action()
        store.load(token)
    finally:
        remount("rw")
    assert store.delete(token).remaining == 0


def test_a_folder_that_cannot_be_made_is_said(tmp_path, monkeypatch, dataset):
    (tmp_path / "fichier").write_text("")
    monkeypatch.setenv("PALIERS_HOME", str(tmp_path / "fichier" / "dessous"))
    monkeypatch.delenv("PALIERS_DATABASE", raising=False)
    for action in (store.recent, lambda: store.exists("a" * 22), lambda: store.save(dataset)):
        with pytest.raises(store.StoreError, match="ne peut pas être écrit"):
            action()


def test_what_is_acknowledged_outlives_a_power_cut(sqlite_home, dataset):
    """No power is cut here: the settings that SQLite documents for it are read back."""
    store.save(dataset)
    with current().writer.connect() as connection:
        asked = [f"PRAGMA {name}" for name in ("journal_mode", "synchronous", "secure_delete", "foreign_keys")]
        found = [connection.exec_driver_sql(pragma).scalar() for pragma in asked]
    assert found == ["wal", 2, 1, 1]


def test_a_reader_cannot_write(paliers_home, dataset):
    store.save(dataset)
    with pytest.raises(store.StoreError, match="ne peut pas être écrit"), reading() as connection:
        connection.exec_driver_sql("DELETE FROM datasets")
    assert len(store.recent()) == 1
