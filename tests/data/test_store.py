"""The store: what is saved comes back, damaged files are said, one dataset never takes another's data."""

from __future__ import annotations

import json

import pandas as pd
import pytest

import data.demo_cache
from analytics.errors import ReadError
from data import load_dataset, store
from data.demo import generate

FILE = (
    "mois;poste;prestations;cotisation_ht\n03/04/2024;Optique;10,5;7\n05/06/2024;Dentaire;x;8\n"
    "05/06/2024;Dentaire;2;8\n05/06/2024;Autre;2;8\n"
)


@pytest.fixture
def dataset():
    return load_dataset(FILE.encode(), name="essai.csv", mapping={"date_basis": "soins"})


def same(left, right) -> None:
    for name in ("cotisation", "prestation", "findings", "rejected", "left_out"):
        pd.testing.assert_frame_equal(getattr(left, name), getattr(right, name))
    for name in (
        "base",
        "date_basis",
        "as_of",
        "source",
        "fingerprint",
        "mapping",
        "dialect",
        "labels",
        "value_labels",
        "is_demo",
    ):
        assert getattr(left, name) == getattr(right, name)


def test_round_trip(paliers_home, dataset):
    token = store.save(dataset)
    same(store.load(token), dataset)
    assert len(token) == 22


def test_round_trip_of_the_demo(paliers_home):
    demo = generate(until="2017-06")
    same(store.load(store.save(demo)), demo)


def test_tokens_are_never_the_same_and_say_nothing_of_the_content(paliers_home, dataset):
    tokens = {store.save(dataset) for _ in range(5)}
    assert len(tokens) == 5
    assert not any(dataset.fingerprint.startswith(t[:4]) for t in tokens)


def test_the_same_tables_are_stored_once_and_deleted_with_their_last_user(paliers_home, dataset):
    first, second = store.save(dataset), store.save(dataset)
    before = len(list((paliers_home / "objects").iterdir()))
    store.delete(first)
    same(store.load(second), dataset)
    assert len(list((paliers_home / "objects").iterdir())) == before
    store.delete(second)
    assert list((paliers_home / "objects").iterdir()) == []
    with pytest.raises(ReadError, match="n’existe pas"):
        store.load(first)


@pytest.mark.parametrize(
    "token", ["", "../../etc/passwd", "a" * 21, "a" * 23, "a" * 21 + "/", "a" * 21 + "\n", "..", None, 3, "é" * 22]
)
def test_a_token_is_checked_before_the_disk_is_touched(paliers_home, token):
    for action in (store.load, store.delete):
        with pytest.raises(ReadError, match="n’existe pas"):
            action(token)
    assert not paliers_home.exists()


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"version": 1}', b'{"version": 99, "tables": {}}', b"\xff"])
def test_a_damaged_manifest_is_said(paliers_home, dataset, damage):
    token = store.save(dataset)
    (paliers_home / "datasets" / f"{token}.json").write_bytes(damage)
    with pytest.raises(ReadError, match="abîmé") as caught:
        store.load(token)
    assert caught.value.remede
    assert store.recent() == ()


@pytest.mark.parametrize("missing", [True, False])
def test_a_damaged_or_missing_table_is_said(paliers_home, dataset, missing):
    token = store.save(dataset)
    manifest = json.loads((paliers_home / "datasets" / f"{token}.json").read_text())
    path = paliers_home / "objects" / f"{manifest['tables']['prestation']['sha256']}.parquet"
    if missing:
        path.unlink()
    else:
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
    with pytest.raises(ReadError, match="abîmé"):
        store.load(token)


def test_a_manifest_cannot_point_outside_the_store(paliers_home, dataset):
    token = store.save(dataset)
    path = paliers_home / "datasets" / f"{token}.json"
    content = json.loads(path.read_text())
    content["tables"]["prestation"]["sha256"] = "../../secret"
    path.write_text(json.dumps(content))
    with pytest.raises(ReadError, match="abîmé"):
        store.load(token)


def test_a_full_disk_leaves_nothing_behind(paliers_home, dataset, monkeypatch):
    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(store.os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        store.save(dataset)
    assert store.recent() == ()
    assert list(paliers_home.rglob("*.part")) == []


def test_recent_lists_the_newest_first(paliers_home, dataset):
    tokens = [store.save(dataset) for _ in range(3)]
    found = store.recent()
    assert [r.token for r in found] == tokens[::-1]
    assert found[0].source == "essai.csv"
    assert found[0].rows == len(dataset.prestation) + len(dataset.cotisation)
    assert len(store.recent(limit=2)) == 2


def test_the_demo_is_made_once(paliers_home, monkeypatch):
    calls = []

    def counted(seed, *, until):
        calls.append(until)
        return generate(seed, until=until)

    monkeypatch.setattr(data.demo_cache, "generate", counted)
    first = data.demo_dataset(until="2017-03")
    same(data.demo_dataset(until="2017-03"), first)
    assert calls == ["2017-03"]
    data.demo_dataset(until="2017-04")
    data.demo_dataset(seed=1, until="2017-03")
    assert len(calls) == 3
    next((paliers_home / "demo").glob("*.json")).write_bytes(b"{")
    for until, seed in (("2017-03", 20210319), ("2017-04", 20210319), ("2017-03", 1)):
        data.demo_dataset(seed=seed, until=until)
    assert len(calls) == 4


def test_a_dataset_deleted_does_not_take_the_demo_away(paliers_home):
    demo = data.demo_dataset(until="2017-02")
    store.delete(store.save(demo))
    same(store.read_manifest(next((paliers_home / "demo").glob("*.json"))), demo)


def test_the_demo_works_where_nothing_can_be_written(tmp_path, monkeypatch):
    blocked = tmp_path / "fichier"
    blocked.write_text("")
    monkeypatch.setenv("PALIERS_HOME", str(blocked / "dessous"))
    assert data.demo_dataset(until="2017-01").is_demo
