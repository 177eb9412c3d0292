"""The nodes on the disk: whole or absent, bounded, shared between datasets, erased with theirs."""

from __future__ import annotations

import os
import pickle
import stat
import subprocess
import sys
import textwrap
from hashlib import sha256

import pytest

from data.store import nodes
from data.store.paths import trace
from pages.components.jobs import node_memory
from pages.components.node_store import KEPT_DAYS, NodeStore, trim
from tests.conftest import ROOT

NOW = 1_000_000_000.0


def name(number):
    return sha256(str(number).encode()).hexdigest()


@pytest.fixture
def place(tmp_path):
    folder = tmp_path / "nodes" / "un"
    folder.mkdir(parents=True)
    return folder


def used(path, days):
    os.utime(path, (NOW - days * 86_400, NOW - days * 86_400))


def test_keeps_and_forgets(place):
    memory = NodeStore(place)
    memory[name(1)] = b"abc"
    again = pickle.loads(pickle.dumps(memory))
    assert again[name(1)] == NodeStore(place)[name(1)] == b"abc"
    assert (len(again), list(again)) == (1, [name(1)])
    del memory[name(1)]
    del memory[name(1)]
    assert memory.get(name(1)) is None


def test_files_are_private(place):
    NodeStore(place)[name(1)] = b"abc"
    assert stat.S_IMODE((place / name(1)).stat().st_mode) == 0o600


@pytest.mark.parametrize("key", ["", "../x", "a" * 63, "A" * 64, "/etc/passwd", None, name(1) + "/"])
def test_a_name_cannot_leave_the_folder(place, key):
    memory = NodeStore(place)
    with pytest.raises(KeyError):
        memory[key]
    with pytest.raises(KeyError):
        memory[key] = b""


@pytest.mark.parametrize("damage", [lambda b: b[:-1], lambda b: b"", lambda b: b[:36], lambda b: b + b"x",
                                    lambda b: b[:35] + bytes([b[35] ^ 1]) + b[36:]])  # fmt: skip
def test_a_spoilt_file_is_absent_then_written_again(place, damage):
    memory = NodeStore(place)
    memory[name(1)] = b"abcdefgh"
    path = place / name(1)
    path.write_bytes(damage(path.read_bytes()))
    assert memory.get(name(1)) is None
    assert not path.exists()
    memory[name(1)] = b"abcdefgh"
    assert memory[name(1)] == b"abcdefgh"


def test_another_dataset_finds_the_same_node_and_keeps_its_own(place):
    NodeStore(place)[name(1)] = b"abc"
    other = place.with_name("deux")
    other.mkdir()
    memory = NodeStore(other)
    assert memory[name(1)] == b"abc"
    assert (other / name(1)).samefile(place / name(1)), "un seul fichier"
    (place / name(1)).unlink()
    place.rmdir()
    assert NodeStore(other)[name(1)] == b"abc"


def test_a_disk_without_links_copies(place, monkeypatch):
    NodeStore(place)[name(1)] = b"abc"
    other = place.with_name("deux")
    other.mkdir()

    def refuse(*_):
        raise PermissionError

    monkeypatch.setattr(os, "link", refuse)
    assert NodeStore(other)[name(1)] == b"abc"
    assert (other / name(1)).exists()


def test_an_erased_folder_is_not_made_again(place):
    memory = NodeStore(place)
    memory[name(1)] = b"abc"
    (place / name(1)).unlink()
    place.rmdir()
    memory[name(2)] = b"def"
    assert memory.get(name(2)) is None
    assert not place.exists()


def test_a_disk_that_refuses_costs_no_result(place, monkeypatch, caplog):
    def full(*_):
        raise OSError(28, "plein")

    monkeypatch.setattr(os, "replace", full)
    NodeStore(place)[name(1)] = b"abc"
    assert not list(place.iterdir())
    assert "n’a pas été gardé" in caplog.text


def test_the_least_recent_goes_first(place):
    memory = NodeStore(place)
    for k in range(10):
        memory[name(k)] = bytes(68)  # 100 bytes with its seal
        used(place / name(k), 10 - k)
    assert trim(place.parent, 1000, NOW) == 1000
    assert trim(place.parent, 999, NOW) == 700  # four fifths
    assert {k for k in range(10) if (place / name(k)).exists()} == set(range(3, 10))


def test_reading_is_using(place):
    memory = NodeStore(place)
    for k in range(2):
        memory[name(k)] = bytes(68)
        used(place / name(k), 20 - k)
    assert memory[name(0)]
    trim(place.parent, 150, (place / name(0)).stat().st_mtime)
    assert [k for k in range(2) if (place / name(k)).exists()] == [0]


def test_what_is_old_or_half_written_goes(place):
    memory = NodeStore(place)
    for k, days in enumerate((KEPT_DAYS + 1, KEPT_DAYS - 1)):
        memory[name(k)] = b"abc"
        used(place / name(k), days)
    for part, days in ((".a.00", 1), (".b.00", 0)):
        (place / part).write_bytes(b"x")
        used(place / part, days)
    trim(place.parent, now=NOW)
    assert sorted(os.listdir(place)) == sorted([name(1), ".b.00"])


def test_a_shared_file_counts_once_and_goes_with_all_its_names(place):
    NodeStore(place)[name(1)] = bytes(68)
    other = place.with_name("deux")
    other.mkdir()
    assert NodeStore(other)[name(1)]
    assert trim(place.parent, 100) == 100
    assert trim(place.parent, 99) == 0
    assert not os.listdir(place)
    assert not os.listdir(other)


def test_two_processes_at_once(place):
    """Both write, read, erase and trim the same names: neither ever reads anything but a whole node."""
    script = textwrap.dedent("""
        import sys
        from pathlib import Path
        from hashlib import sha256
        from pages.components.node_store import NodeStore, trim
        memory = NodeStore(Path(sys.argv[1]))
        names = [sha256(str(k).encode()).hexdigest() for k in range(40)]
        for turn in range(25):
            for k, name in enumerate(names):
                found = memory.get(name)
                assert found in (None, name.encode() * 50), "lu à moitié"
                if found is None:
                    memory[name] = name.encode() * 50
                elif (turn + k) % 7 == 0:
                    del memory[name]
            trim(memory.folder.parent, 100_000)
    """)
    run = [sys.executable, "-W", "error", "-c", script, str(place)]
    both = [subprocess.Popen(run, cwd=ROOT, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    for process in both:
        assert process.communicate(timeout=60)[1] == ""
        assert process.returncode == 0
    assert all(len(entry) == 64 for entry in os.listdir(place)), "rien à moitié écrit"


# --- the dataset ----------------------------------------------------------------------------------------------------


@pytest.fixture
def paliers_home(tmp_path, monkeypatch):
    monkeypatch.setenv("PALIERS_HOME", str(tmp_path / "maison"))
    (tmp_path / "maison").mkdir()
    return tmp_path / "maison"


def test_the_nodes_of_a_dataset_go_with_it_and_those_of_another_stay(paliers_home):
    first, second = node_memory("a" * 22), node_memory("b" * 22)
    first[name(1)] = first[name(2)] = b"CANARI-commun"
    first[name(3)] = b"CANARI-3"
    assert second[name(1)] == b"CANARI-commun"
    assert nodes.erase_nodes(trace("a" * 22)) == 3
    assert nodes.count_nodes(trace("a" * 22)) == 0
    everything = b"".join(p.read_bytes() for p in paliers_home.rglob("*") if p.is_file())
    assert b"CANARI-3" not in everything
    assert second[name(1)] == b"CANARI-commun"
    assert nodes.erase_nodes(trace("a" * 22)) == 0
    first[name(4)] = b"CANARI-4"  # by a computation that was still running
    assert nodes.count_nodes(trace("a" * 22)) == 0


def test_no_file_says_which_dataset_it_is(paliers_home):
    node_memory("a" * 22)[name(1)] = b"x"
    assert not [p for p in paliers_home.rglob("*") if "a" * 22 in str(p)]


def test_what_cannot_be_erased_is_counted(paliers_home, monkeypatch):
    node_memory("a" * 22)[name(1)] = b"x"
    with monkeypatch.context() as patch:
        patch.setattr("shutil.rmtree", lambda *_, **__: None)
        nodes.erase_nodes(trace("a" * 22))
    assert nodes.count_nodes(trace("a" * 22)) == 1
    assert nodes.sweep_nodes(set()) == 1
    assert nodes.count_nodes(trace("a" * 22)) == 0


def test_a_sweep_keeps_the_datasets_it_is_told(paliers_home):
    for token in ("a" * 22, "b" * 22, "demo"):
        node_memory(token)[name(token)] = b"x"
    assert nodes.sweep_nodes({trace("a" * 22)}) == 1
    assert [nodes.count_nodes(trace(t)) for t in ("a" * 22, "b" * 22)] == [1, 0]
    assert node_memory("demo")[name("demo")] == b"x"


def test_a_home_that_cannot_be_written_remembers_nothing(paliers_home, monkeypatch):
    (paliers_home / "nodes").write_bytes(b"un fichier")
    memory = node_memory("a" * 22)
    memory[name(1)] = b"x"
    assert memory.get(name(1)) is None
