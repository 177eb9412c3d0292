"""Datasets: what is saved comes back, damage is said, one dataset never takes another's data."""

from __future__ import annotations

import json
import os
import shutil
import threading
from dataclasses import fields, replace
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from sqlalchemy import select, update

import data.demo_cache
from analytics.errors import ParameterError, ReadError
from analytics.schema import Dataset
from data import store
from data.demo import generate
from data.store.database import reading
from data.store.tables import DATASETS
from data.store.writing import write


def same(left: Dataset, right: Dataset) -> None:
    for field in fields(Dataset):
        one, other = getattr(left, field.name), getattr(right, field.name)
        if isinstance(other, pd.DataFrame):
            pd.testing.assert_frame_equal(one, other)
        else:
            assert one == other, field.name


def manifest(token: str) -> dict:
    with reading() as connection:
        return connection.scalar(select(DATASETS.c.manifest).where(DATASETS.c.token == token))


def overwrite(token: str, content: object) -> None:
    write(lambda w: w.connection.execute(update(DATASETS).where(DATASETS.c.token == token).values(manifest=content)))


def test_round_trip(paliers_home, dataset):
    token = store.save(dataset)
    same(store.load(token), dataset)
    assert store.exists(token)
    assert len(token) == 22


def test_round_trip_of_the_demo(sqlite_home):
    demo = generate(until="2017-06")
    same(store.load(store.save(demo)), demo)


def test_any_character_of_a_file_comes_back(paliers_home, dataset):
    odd = replace(
        dataset,
        source="é\0\ud800’🦷.csv",
        labels={"x": "\0\ud800\n'; DROP TABLE datasets; --"},
        dialect={"encoding": "cp1252", "header_rows": (1, 2)},
        value_labels={"poste": {"\0": "é"}},
    )
    token = store.save(odd)
    same(store.load(token), odd)
    assert "\0" not in store.recent()[0].source


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
def test_a_token_is_checked_before_the_disk_is_touched(sqlite_home, token):
    actions = [store.load, store.delete, store.lines_path, store.scenarios, store.decisions, store.alerts]
    actions += [store.set_keeping, store.deposit_of, store.previous_deposit, lambda t: store.keep_scenario(t, "x", {})]
    if token is not None:  # in the journal, None is a line about no dataset
        actions.append(lambda t: store.log("lecture", t))
    for action in actions:
        with pytest.raises(ReadError, match="n’existe pas"):
            action(token)
    assert not store.exists(token)
    assert store.about(token) is None
    assert not sqlite_home.exists()


def test_an_unknown_token_is_said(paliers_home):
    dataset_of = (store.load, store.set_keeping, store.delete, store.lines_path)
    for action in (*dataset_of, store.scenarios, store.decisions, store.alerts):
        with pytest.raises(ReadError, match="n’existe pas"):
            action("a" * 22)
    assert not store.exists("a" * 22)
    assert store.about("a" * 22) is None


def test_a_damaged_manifest_is_said(paliers_home, dataset):
    token = store.save(dataset)
    for damage in ({}, [], {"version": 1}, {"version": 99, "tables": {}}, "x", None):
        overwrite(token, damage)
        with pytest.raises(ReadError, match="abîmé") as caught:
            store.load(token)
        assert caught.value.remede
    assert store.delete(token).remaining == 0
    assert list((paliers_home / "objects").iterdir()) == []


def test_a_manifest_that_is_not_json_is_said(sqlite_home, dataset):
    token = store.save(dataset)
    write(lambda w: w.connection.exec_driver_sql("UPDATE datasets SET manifest = '{'"))
    with pytest.raises(ReadError, match="abîmé"):
        store.load(token)


@pytest.mark.parametrize("missing", [True, False])
def test_a_damaged_or_missing_table_is_said(paliers_home, dataset, missing):
    token = store.save(dataset)
    path = paliers_home / "objects" / f"{manifest(token)['tables']['prestation']['sha256']}.parquet"
    if missing:
        path.unlink()
    else:
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
    with pytest.raises(ReadError, match="abîmé"):
        store.load(token)


def test_a_table_spoiled_by_the_disk_is_written_again_by_the_next_save(sqlite_home, dataset):
    first = store.save(dataset)
    path = sqlite_home / "objects" / f"{manifest(first)['tables']['prestation']['sha256']}.parquet"
    whole = path.read_bytes()
    for spoiled in (whole[:-1], bytes(len(whole)), b""):
        path.write_bytes(spoiled)
        same(store.load(store.save(dataset)), dataset)
    same(store.load(first), dataset)


def test_a_manifest_cannot_point_outside_the_store(paliers_home, dataset):
    token = store.save(dataset)
    content = manifest(token)
    content["tables"]["prestation"]["sha256"] = "../../secret"
    overwrite(token, content)
    with pytest.raises(ReadError, match="abîmé"):
        store.load(token)


def test_recent_lists_the_newest_first_with_what_was_said_of_it(paliers_home, dataset):
    tokens = [store.save(dataset) for _ in range(2)]
    tokens.append(store.save(dataset, purpose="Pilotage des garanties", keep_until="2031-12-31"))
    found = store.recent()
    assert [r.token for r in found] == tokens[::-1]
    assert found[0].source == "essai.csv"
    assert found[0].rows == len(dataset.prestation) + len(dataset.cotisation)
    assert found[0].months == len(dataset.months)
    assert (found[0].purpose, found[0].keep_until) == ("Pilotage des garanties", date(2031, 12, 31))
    assert found[0].saved_at.endswith("+00:00")
    assert found[0].saved_at > found[1].saved_at
    assert not found[0].is_demo
    assert len(store.recent(limit=2)) == 2


def test_why_and_until_when_can_be_said_later(paliers_home, dataset):
    token, other = store.save(dataset), store.save(dataset, purpose="Comptes")
    assert store.about(token) == store.recent()[1]
    before = store.about(token).keep_until
    store.set_keeping(token, purpose="Pilotage")
    assert (store.about(token).purpose, store.about(token).keep_until) == ("Pilotage", before)
    store.set_keeping(token, keep_until="2031-12-31")
    assert (store.about(token).purpose, store.about(token).keep_until) == ("Pilotage", date(2031, 12, 31))
    assert store.about(other).purpose == "Comptes"
    for said in ({"purpose": "x" * 501}, {"keep_until": "demain"}):
        with pytest.raises(ParameterError):
            store.set_keeping(token, **said)
    same(store.load(token), dataset)


@pytest.mark.parametrize("said", [{"purpose": "x" * 501}, {"purpose": 3}, {"keep_until": "demain"}])
def test_what_is_said_of_a_deposit_is_checked_before_anything_is_written(paliers_home, dataset, said):
    with pytest.raises(ParameterError):
        store.save(dataset, **said)
    assert not (paliers_home / "objects").exists()


def test_the_lines_are_kept_and_erased_with_their_dataset(paliers_home, dataset, tmp_path):
    lines = pd.DataFrame({"ligne": range(1000), "montant": 1.5})
    lines.to_parquet(tmp_path / "lignes.parquet", index=False)
    token, other = store.save(dataset, lines=tmp_path / "lignes.parquet"), store.save(dataset)
    (tmp_path / "lignes.parquet").unlink()
    pd.testing.assert_frame_equal(pd.read_parquet(store.lines_path(token)), lines)
    assert store.lines_path(other) is None
    same(store.load(token), dataset)
    path = store.lines_path(token)
    store.delete(token)
    assert not path.exists()
    same(store.load(other), dataset)


def test_lines_of_another_disk_are_copied(paliers_home, dataset, tmp_path, monkeypatch):
    def refused(*_):
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", refused)
    pd.DataFrame({"ligne": [1]}).to_parquet(tmp_path / "lignes.parquet", index=False)
    assert len(pd.read_parquet(store.lines_path(store.save(dataset, lines=tmp_path / "lignes.parquet")))) == 1


def test_lines_that_are_not_parquet_are_refused(paliers_home, dataset, tmp_path):
    (tmp_path / "lignes.parquet").write_text("a;b\n1;2\n")
    with pytest.raises(ReadError, match="Parquet"):
        store.save(dataset, lines=tmp_path / "lignes.parquet")
    assert store.recent() == ()


def test_many_threads_save_and_read_at_once(paliers_home, dataset):
    tokens, failures = [], []

    def work() -> None:
        try:
            for _ in range(4):
                token = store.save(dataset)
                same(store.load(token), dataset)
                store.recent()
                tokens.append(token)
        except (AssertionError, ValueError) as error:
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert sorted(tokens) == sorted(r.token for r in store.recent(100))


def test_a_store_wiped_under_a_running_server_is_made_again(sqlite_home, dataset):
    lost = store.save(dataset)
    shutil.rmtree(sqlite_home)
    token = store.save(dataset)
    assert not store.exists(lost)
    store.close()
    same(store.load(token), dataset)


def test_tables_may_be_read_from_another_folder_but_not_through_a_link(sqlite_home, dataset, tmp_path):
    store.write_manifest(dataset, tmp_path / "manifeste.json")
    elsewhere = tmp_path / "tables"
    (sqlite_home / "objects").rename(elsewhere)
    same(store.read_manifest(tmp_path / "manifeste.json", objects=elsewhere), dataset)
    with pytest.raises(ReadError, match="abîmé"):
        store.read_manifest(tmp_path / "manifeste.json")
    table = next(elsewhere.iterdir())
    table.rename(tmp_path / "ailleurs.parquet")
    table.symlink_to(tmp_path / "ailleurs.parquet")
    with pytest.raises(ReadError, match="abîmé"):
        store.read_manifest(tmp_path / "manifeste.json", objects=elsewhere)


# --- the demonstration ----------------------------------------------------------------------------------------------


def test_the_demo_is_made_once(sqlite_home, monkeypatch):
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
    next((sqlite_home / "demo").glob("*.json")).write_bytes(b"{")
    for until, seed in (("2017-03", 20210319), ("2017-04", 20210319), ("2017-03", 1)):
        data.demo_dataset(seed=seed, until=until)
    assert len(calls) == 4


def test_a_dataset_deleted_or_a_sweep_does_not_take_the_demo_away(sqlite_home):
    demo = data.demo_dataset(until="2017-02")
    proof = store.delete(store.save(demo))
    assert (proof.files, proof.shared) == ((), len({t["sha256"] for t in _demo_tables(sqlite_home)}))
    assert store.sweep() == ()
    same(store.read_manifest(next((sqlite_home / "demo").glob("*.json"))), demo)


def _demo_tables(folder: Path) -> list[dict]:
    return list(json.loads(next((folder / "demo").glob("*.json")).read_text())["tables"].values())


def test_the_demo_works_where_nothing_can_be_written(tmp_path, monkeypatch):
    blocked = tmp_path / "fichier"
    blocked.write_text("")
    monkeypatch.setenv("PALIERS_HOME", str(blocked / "dessous"))
    assert data.demo_dataset(until="2017-01").is_demo
