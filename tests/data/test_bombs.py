"""Small files that become huge: refused from their headers, and stopped by the sandbox when nothing reads these."""

from __future__ import annotations

import sys
import threading
import time

import pytest

from data import sandbox
from data.depot import Depot, reading
from tests.data import bombs

#: Reading them as a naive program would: no header is looked at.
NAIVE = """
import gzip
import pandas as pd
from python_calamine import CalamineWorkbook

def workbook(arguments, progress):
    rows = CalamineWorkbook.from_path(arguments["path"]).get_sheet_by_index(0).to_python()
    return {"state": "pret", "answers": {}, "report": {"lines": len(pd.DataFrame(rows).astype("str"))}}

def parquet(arguments, progress):
    frame = pd.read_parquet(arguments["path"])
    return {"state": "pret", "answers": {}, "report": {"lines": len(frame.astype("str"))}}

def gzipped(arguments, progress):
    lines = gzip.open(arguments["path"], "rt").read().split("\\n")
    return {"state": "pret", "answers": {}, "report": {"lines": len(lines)}}
"""
MADE = {
    "workbook": ("bombe.xlsx", bombs.workbook_bomb),
    "parquet": ("bombe.parquet", bombs.parquet_bomb),
    "gzipped": ("bombe.csv.gz", bombs.gzip_bomb),
}


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bombes")
    return {kind: make(folder / name) for kind, (name, make) in MADE.items()}


@pytest.fixture
def depot(paliers_home):
    yield Depot(spare=False)
    sandbox.release()


class _Neighbour:
    """Another session: the longest it was kept from working while a block ran, in seconds."""

    def __enter__(self):
        self.longest, self._over = 0.0, threading.Event()
        self._thread = threading.Thread(target=self._work)
        self._thread.start()
        return self

    def _work(self) -> None:
        last = time.monotonic()
        while not self._over.wait(0.01):
            sum(range(1000))
            now = time.monotonic()
            self.longest, last = max(self.longest, now - last), now

    def __exit__(self, *_):
        self._over.set()
        self._thread.join()


def memory_of_this_process() -> int:
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) << 10 for line in status if line.startswith("VmRSS"))


def test_the_bombs_are_as_small_as_those_met(files):
    assert {kind: path.stat().st_size < 1 << 20 for kind, path in files.items()} == dict.fromkeys(MADE, True)


@pytest.mark.parametrize("kind", MADE)
def test_a_bomb_is_refused_from_its_header(depot, files, kind):
    with _Neighbour() as neighbour:
        token = depot.receive(files[kind], files[kind].name)
        depot.start(token)
        assert depot.wait(token, seconds=120).state == "refuse"
    error = depot.report(token).error
    assert not isinstance(error, sandbox.Stopped)  # no limit had to strike
    assert "n’est pas lu" in error.message
    assert error.remede
    assert neighbour.longest < 2.0
    depot.discard(token)


@pytest.mark.skipif(sys.platform != "linux", reason="limits of the Linux kernel")
@pytest.mark.parametrize("kind", MADE)
def test_a_bomb_that_nobody_saw_is_stopped_by_the_sandbox(depot, files, kind, tmp_path, monkeypatch):
    (tmp_path / "naif.py").write_text(NAIVE)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(reading, "TARGET", f"naif:{kind}")
    before = memory_of_this_process()
    with _Neighbour() as neighbour:
        token = depot.receive(files[kind], files[kind].name)
        depot.start(token)
        assert depot.wait(token, seconds=120).state == "refuse"
    error = depot.report(token).error
    assert isinstance(error, sandbox.Stopped)
    assert error.limit in ("memoire", "calcul")
    assert "est arrêtée" in error.message
    assert memory_of_this_process() - before < 64 << 20
    assert neighbour.longest < 2.0
