"""What was computed from a table: once for everybody, forgotten with the table, no larger than it."""

from __future__ import annotations

import gc
import itertools
import threading

import numpy as np
import pandas as pd

from analytics.descriptive import memory, reduced
from analytics.descriptive.memory import remember


def test_sessions_that_meet_a_table_together_compute_once():
    for _ in range(20):
        frame, runs, gate = pd.DataFrame({"a": [1.0]}), [], threading.Barrier(12)

        def ask(frame=frame, runs=runs, gate=gate):
            gate.wait()
            remember(frame, "sum", lambda: runs.append(1) or 7)

        threads = [threading.Thread(target=ask) for _ in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(runs) == 1


def test_a_change_of_index_is_a_change():
    frame = pd.DataFrame({"a": [1.0, 2.0]})
    assert remember(frame, "x", lambda: 1) == 1
    frame.index = [5, 6]
    assert remember(frame, "x", lambda: 2) == 2


def test_the_sums_of_a_table_are_bounded(monkeypatch):
    monkeypatch.setattr(reduced, "SMALL", 0)
    monkeypatch.setattr(reduced, "MOST_HELD", 1)
    rng = np.random.default_rng(0)
    months = pd.date_range("2024-01-01", periods=3, freq="MS")
    names = [f"d{i}" for i in range(7)]
    frame = pd.DataFrame(
        {"mois": months[rng.integers(3, size=4000)]} | {n: rng.choice(list("abc"), 4000) for n in names}
    )
    frame = frame.astype(dict.fromkeys(names, "str")).assign(prestation=1.0)
    gc.collect()
    before = len(memory._TABLES)
    for keys in itertools.combinations(names, 4):
        assert reduced.reduced(frame, keys)["prestation"].sum() == 4000
    held = remember(frame, "sums", reduced._Sums)._tables
    assert sum(len(t) for t in held.values() if t is not None) <= 4000
    assert 1 < len(held) < 35
    first = next(iter(held))
    assert reduced.reduced(frame, first) is held[first]
    gc.collect()
    assert len(memory._TABLES) <= before + 1 + len(held)
