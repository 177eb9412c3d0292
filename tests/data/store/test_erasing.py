"""Erasing: everything of a dataset goes, nothing of another does, and the proof is made by looking again."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import replace
from datetime import date

import pytest

from analytics.errors import ParameterError
from data import store
from data.store import erasing
from data.store.content import last_day
from data.store.paths import trace

CANARY = "CANARI-7f3a91"


def with_canary(dataset):
    care = dataset.prestation.assign(poste=[f"{CANARY}-{n}" for n in range(len(dataset.prestation))])
    return replace(dataset, prestation=care, source=f"{CANARY}.csv", labels={"poste": CANARY})


def attach(token: str) -> None:
    store.record_deposit(token, "source", {"note": CANARY})
    store.keep_scenario(token, CANARY, {"x": CANARY})
    store.record_decision(token, CANARY, CANARY, CANARY, {"x": CANARY})
    store.note_alert(token, store.set_alert(token, {"x": CANARY}), CANARY)
    store.keep_event(token, store.KeptEvent(CANARY, date(2025, 1, 1), None, "palier", (CANARY,), CANARY))


def test_the_proof_says_what_was_erased(paliers_home, dataset):
    shared, token = store.save(dataset), store.save(with_canary(dataset))
    attach(token)
    before = {p.stem: p for p in (paliers_home / "objects").iterdir()}
    contents = {name: path.read_bytes() for name, path in before.items()}
    proof = store.delete(token)
    gone = {name for name, path in before.items() if not path.exists()}
    assert {f.sha256 for f in proof.files} == gone
    assert all(hashlib.sha256(contents[f.sha256]).hexdigest() == f.sha256 for f in proof.files)
    assert all(len(contents[f.sha256]) == f.size for f in proof.files)
    assert proof.shared > 0
    assert proof.rows == {
        "files": 5, "deposits": 1, "scenarios": 1, "decisions": 1, "alerts": 1, "events": 1, "datasets": 1
    }  # fmt: skip
    on_disk = set() if "PALIERS_DATABASE" in os.environ else {"journal"}
    looked_for = {"lignes", "fichiers", "previsions", "temporaires"} | on_disk
    assert proof.remains == dict.fromkeys(looked_for, 0)
    assert proof.remaining == 0
    assert store.erasures() == (proof,)
    assert token not in repr(proof)
    assert CANARY not in repr(proof)
    assert json.loads(json.dumps(proof.as_dict()))["remaining"] == 0
    store.load(shared)


def test_nothing_erased_can_be_found_in_any_file(sqlite_home, dataset):
    """SQLite overwrites what it deletes, and its journal is emptied: read byte by byte, the folder holds nothing."""
    kept = store.save(dataset, purpose="TEMOIN-41")
    token = store.save(with_canary(dataset), purpose=CANARY)
    attach(token)
    found = [p for p in sqlite_home.rglob("*") if p.is_file() and CANARY.encode() in p.read_bytes()]
    assert len(found) >= 1  # the test would see it
    store.delete(token)
    everything = b"".join(p.read_bytes() for p in sqlite_home.rglob("*") if p.is_file())
    assert CANARY.encode() not in everything
    assert token.encode() not in everything
    assert b"TEMOIN-41" in everything
    store.load(kept)


def test_what_is_left_is_counted_not_supposed(sqlite_home, dataset, monkeypatch):
    """A file that cannot be erased: the proof must not say 0."""
    token = store.save(dataset)
    real = erasing.path_of
    monkeypatch.setattr("pathlib.Path.unlink", lambda self, missing_ok=False: None)
    proof = store.delete(token)
    monkeypatch.undo()
    monkeypatch.setenv("PALIERS_HOME", str(sqlite_home))
    assert all(real(f.sha256).exists() for f in proof.files)
    assert proof.remaining == len(proof.files)


def test_an_erasure_cut_short_is_finished_by_the_next_sweep(paliers_home, dataset, monkeypatch):
    token = store.save(dataset)

    def cut() -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(erasing, "_look_again", cut)
        with pytest.raises(KeyboardInterrupt):
            store.delete(token)
    assert store.erasures()[0].remaining is None
    assert not store.exists(token)
    store.sweep()
    assert store.erasures()[0].remaining == 0


def test_a_sweep_erases_what_nobody_names_and_nothing_else(paliers_home, dataset):
    token = store.save(dataset)
    orphan = paliers_home / "objects" / f"{'0' * 64}.parquet"
    part = paliers_home / "objects" / "x.parquet.1234.part"
    for path in (orphan, part):
        path.write_bytes(b"x")
    assert store.sweep() == tuple(sorted((orphan.name, part.name)))
    assert store.sweep() == ()
    store.load(token)


def test_the_purge_follows_the_day_it_is_given(paliers_home, dataset):
    days = {day: store.save(dataset, keep_until=day) for day in ("2030-01-31", "2030-02-01", "2031-01-01")}
    forever = store.save(dataset, keep_until="9999-12-31")
    attach(days["2030-01-31"])
    assert store.purge("2030-01-31") == ()  # the last day is included
    assert [p.trace for p in store.purge(date(2030, 2, 1))] == [trace(days["2030-01-31"])]
    assert [p.trace for p in store.purge("2030-06-01")] == [trace(days["2030-02-01"])]
    assert store.purge("2030-06-01") == ()
    assert {r.token for r in store.recent()} == {days["2031-01-01"], forever}
    assert all(e.remaining == 0 for e in store.erasures())
    assert [e.action for e in store.audit()].count("purge") == 2
    store.load(forever)


@pytest.mark.parametrize(
    ("months", "day"), [("", date(2028, 2, 28)), ("1", date(2026, 3, 28)), ("0", None), ("12", date(2027, 2, 28))]
)
def test_how_long_data_are_kept_can_be_set(monkeypatch, months, day):
    monkeypatch.setenv("PALIERS_RETENTION", months)
    assert last_day(date(2026, 2, 28)) == day


@pytest.mark.parametrize("months", ["deux", "-1", "1.5", "99999"])
def test_a_retention_that_is_not_a_number_of_months_is_refused(monkeypatch, months):
    monkeypatch.setenv("PALIERS_RETENTION", months)
    with pytest.raises(ParameterError, match="conservation"):
        last_day(date(2026, 1, 1))


def test_a_dataset_without_limit_is_never_purged(paliers_home, dataset, monkeypatch):
    monkeypatch.setenv("PALIERS_RETENTION", "0")
    token = store.save(dataset)
    assert store.recent()[0].keep_until is None
    assert store.purge("2900-01-01") == ()
    assert store.exists(token)


def test_the_disk_used_is_the_sum_of_the_files(paliers_home, dataset):
    assert store.disk_usage().datasets == 0
    store.save(dataset)
    store.save(dataset)
    usage = store.disk_usage()
    assert usage.datasets == 2
    assert usage.files == sum(p.stat().st_size for p in (paliers_home / "objects").iterdir())
    assert usage.free > 0
