"""A disk that fills up: said in French, nothing listed by halves, nothing acknowledged lost, and room can be made."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from analytics.schema import Dataset
from data import store
from data.store import engines
from tests.samples import make_dataset


@pytest.fixture(scope="module")
def large():
    return make_dataset(36)


def fill(disk: Path) -> Path:
    """Take every byte left, and the path of what took it."""
    filler = disk / "remplissage"
    with filler.open("ab", buffering=0) as stream:
        while shutil.disk_usage(disk).free:
            stream.write(b"x" * 4096)
    return filler


def save_until_refused(make_next: Callable[[int], Dataset], tokens: list[str], **options: str) -> None:
    tokens.extend(store.save(make_next(number), **options) for number in range(1000))


def whole(tokens: list[str]) -> None:
    """Listed: what was acknowledged, nothing else; and it can all be read."""
    assert sorted(r.token for r in store.recent(1000)) == sorted(tokens)
    for token in tokens:
        store.load(token)
    assert not list(store.home().rglob("*.part"))


def different(dataset, number: int):
    care = dataset.prestation.assign(prestation=dataset.prestation["prestation"] + number)
    return type(dataset)(dataset.cotisation, care, source=f"{number}.csv")


def test_a_disk_that_fills_up(small_disk, large):
    tokens = []
    with pytest.raises(store.DiskFullError, match="est plein : rien n’a été enregistré") as caught:
        save_until_refused(lambda number: different(large, number), tokens)
    assert caught.value.remede
    assert 0 < len(tokens) < 1000
    whole(tokens)
    store.close()
    whole(tokens)


def test_room_can_be_made_on_a_disk_without_one_byte_left(small_disk, large):
    tokens = [store.save(different(large, number)) for number in range(3)]
    filler = fill(small_disk)
    for action in (lambda: store.save(large), lambda: store.log("essai"), lambda: store.set_alert(tokens[0], {"n": 1})):
        with pytest.raises(store.StoreError, match="plein"):
            action()
    whole(tokens)
    assert store.delete(tokens.pop()).remaining == 0
    whole(tokens)
    filler.unlink()
    tokens.append(store.save(large))
    whole(tokens)


def test_a_server_starts_on_a_full_disk(small_disk, large):
    tokens = [store.save(large)]
    filler = fill(small_disk)
    store.close()
    whole(tokens)
    with pytest.raises(store.StoreError, match="plein"):
        store.save(large)
    filler.unlink()
    tokens.append(store.save(large))
    whole(tokens)


@pytest.mark.parametrize(
    ("call", "turn", "number", "said"),
    [("fsync", 0, errno.ENOSPC, "plein"), ("fsync", 1, errno.EDQUOT, "plein"), ("fsync", 2, errno.EIO, "Vérifiez"),
     ("replace", 0, errno.EROFS, "ne peut pas être écrit"), ("replace", 1, errno.ENOSPC, "plein"),
     ("link", 0, errno.EXDEV, "")],
)  # fmt: skip
def test_any_call_to_the_disk_may_fail(paliers_home, dataset, tmp_path, monkeypatch, call, turn, number, said):
    pd.DataFrame({"ligne": [1]}).to_parquet(tmp_path / "lignes.parquet", index=False)
    tokens = [store.save(dataset)]
    with monkeypatch.context() as patch:
        patch.setattr(os, call, failing(getattr(os, call), turn, number))
        with pytest.raises(store.StoreError, match=said) if said else contextlib.nullcontext():
            tokens.append(store.save(different(dataset, turn), lines=tmp_path / "lignes.parquet"))
    whole(tokens)
    assert store.sweep() == (), "what was written for nothing is taken away at once"


def failing(real: Callable, turn: int, number: int) -> Callable:
    calls = iter(range(1_000_000))

    def call(*arguments, **options):
        if next(calls) == turn:
            raise OSError(number, os.strerror(number))
        return real(*arguments, **options)

    return call


def test_a_database_that_cannot_grow(sqlite_home, dataset, monkeypatch):
    """The file of SQLite held to its present size: the same refusal, and the files put for it are taken away."""
    tokens = [store.save(dataset)]
    store.close()
    pages = (sqlite_home / "paliers.db").stat().st_size // 4096
    monkeypatch.setattr(engines, "_WRITER", (*engines._WRITER, f"PRAGMA max_page_count={pages}"))
    with pytest.raises(store.DiskFullError, match="plein"):
        save_until_refused(lambda _: dataset, tokens, purpose="x" * 500)
    whole(tokens)
    assert store.sweep() == ()
