"""Kill a process that saves or erases, many times, and check what is left: `python tests/data/store/crash.py --help`.

The process is killed by the system (SIGKILL), at a moment drawn at random or at each of its calls to the disk and to
the database in turn. What it had acknowledged was written to a pipe, so that it is known whatever happens to it.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import os
import random
import select
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pandas as pd

from analytics.schema import Dataset
from data import store

CALLS = {"fsync", "replace", "unlink", "link", "mkdir", "flock", "open", "write", "commit", "rollback", "execute"}


def make(number: int) -> Dataset:
    """A dataset like no other; the table of premiums is the same in all of them."""
    months = pd.date_range("2024-01-01", periods=6, freq="MS").repeat(200)
    care = pd.DataFrame({"mois": months, "prestation": [float(number * 7919 + i) for i in range(len(months))]})
    premiums = pd.DataFrame({"mois": months.unique(), "cotisation": 1.0})
    return Dataset(premiums, care, source=f"{number}.csv", fingerprint=str(number))


# --- processes ------------------------------------------------------------------------------------------------------


class Child:
    """A forked process, and what it acknowledges, one line after the other."""

    def __init__(self, work: Callable[[Callable[[str], None]], None]) -> None:
        self.acknowledged, self._rest = [], b""
        self.pipe, ours = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            code = 1
            try:
                os.close(self.pipe)
                work(lambda line: os.write(ours, f"{line}\n".encode()))
                code = 0
            finally:
                if code:
                    traceback.print_exc()
                os._exit(code)
        os.close(ours)

    def read(self, patience: float | None = None) -> bool:
        """Take what it says; False once it is over."""
        if not select.select([self.pipe], [], [], patience)[0]:
            return True
        piece = os.read(self.pipe, 65536)
        *whole, self._rest = (self._rest + piece).split(b"\n")
        self.acknowledged += [line.decode() for line in whole]
        return bool(piece)

    def kill(self) -> None:
        """End it without notice."""
        os.kill(self.pid, signal.SIGKILL)

    def join(self) -> int:
        """Wait for its end, hearing everything it had said; its exit code, negative when it was killed."""
        while self.read():
            pass
        os.close(self.pipe)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def checked(work: Callable[[], None]) -> None:
    """Look at the store from another process, as the next server would."""
    if Child(lambda _: work()).join():
        raise SystemExit("ÉCHEC")


def kill_at(number: int) -> None:
    """Make this process die at its n-th call to the disk or to the database."""
    calls = itertools.count(1)

    def watch(_frame: object, event: str, called: object) -> None:
        if event in ("c_call", "c_return") and getattr(called, "__name__", "") in CALLS and next(calls) == number:
            os.kill(os.getpid(), signal.SIGKILL)

    threading.setprofile(watch)
    sys.setprofile(watch)


# --- what must hold -------------------------------------------------------------------------------------------------


def look(kept: dict[str, int], maybe: set[int] = frozenset()) -> None:
    """What was acknowledged is listed and whole; whatever else is listed is whole too; a sweep leaves no orphan."""
    listed = {recent.token: int(recent.source.removesuffix(".csv")) for recent in store.recent(1_000_000)}
    lost = kept.keys() - listed.keys()
    assert not lost, f"{len(lost)} jeux perdus"
    assert {n for t, n in listed.items() if t not in kept} <= maybe, "un jeu jamais commencé est listé"
    for token, number in listed.items():
        loaded, truth = store.load(token), make(number)
        pd.testing.assert_frame_equal(loaded.prestation, truth.prestation)
        pd.testing.assert_frame_equal(loaded.cotisation, truth.cotisation)
    store.sweep()
    assert all(proof.remaining == 0 for proof in store.erasures(1_000_000)), "une preuve n’est pas complète"
    files = list((store.home() / "objects").glob("*"))
    assert all(hashlib.sha256(f.read_bytes()).hexdigest() == f.stem for f in files), "un fichier est faux"
    assert len(files) <= 2 * len(listed) + 3, "des fichiers sont restés"


def at_random(times: int, seed: int) -> str:
    """Kill a process that saves again and again, after a number of savings and a delay drawn at random."""
    draw = random.Random(seed)
    kept: dict[str, int] = {}
    going: set[int] = set()
    for turn in range(times):
        start = turn * 1000

        def save_again(say: Callable[[str], None], start: int = start) -> None:
            for number in range(start, start + 1000):
                say(f"{number} {store.save(make(number))}")

        child, wanted = Child(save_again), draw.randrange(4)
        while len(child.acknowledged) < wanted and child.read():
            pass
        child.read(draw.random() * 0.1)
        child.kill()
        code = child.join()
        assert code == -signal.SIGKILL, f"le processus s’est arrêté seul : {code}"
        kept |= {token: int(number) for number, token in map(str.split, child.acknowledged)}
        going.add(start + len(child.acknowledged))
        if turn % 5 == 4 or turn == times - 1:
            checked(partial(look, kept, going))
    return f"{times} morts au hasard, {len(kept)} enregistrements acquittés, 0 perdu"


def saving_step_by_step(stride: int, home: Path) -> str:
    """Kill a process at each call of its first savings, the making of the database included."""

    def work(say: Callable[[str], None], step: int) -> None:
        kill_at(step)
        for number in (1, 2):
            say(f"{number} {store.save(make(number))}")

    def verify(said: list[str], _: int) -> None:
        look({token: int(number) for number, token in map(str.split, said)}, {len(said) + 1})

    return _step_by_step("enregistrement", work, verify, stride, home)


def erasing_step_by_step(stride: int, home: Path) -> str:
    """Kill a process at each call of an erasure: the dataset is whole or gone, its neighbour is there."""

    def work(say: Callable[[str], None], step: int) -> None:
        doomed, neighbour = store.save(make(1)), store.save(make(2))
        say(doomed)
        say(neighbour)
        store.close()  # the writing thread is watched from its start
        kill_at(step)
        store.delete(doomed)
        sys.setprofile(None)
        say("effacé")

    def verify(said: list[str], _: int) -> None:
        doomed, neighbour, *done = said
        assert not (done and store.exists(doomed)), "un effacement acquitté est perdu"
        kept = {neighbour: 2} | ({doomed: 1} if store.exists(doomed) else {})
        look(kept)
        assert not store.exists(doomed) or store.delete(doomed).remaining == 0

    return _step_by_step("effacement", work, verify, stride, home)


def together(processes: int) -> str:
    """Save from several processes at once, forked from one whose store is open and goes on saving."""
    kept = {store.save(make(0)): 0}

    def save_some(say: Callable[[str], None], start: int) -> None:
        for number in range(start, start + 5):
            say(f"{number} {store.save(make(number))}")

    children = [Child(partial(save_some, start=10 * n)) for n in range(1, processes + 1)]
    kept |= {store.save(make(number)): number for number in range(1, 6)}
    for child in children:
        assert child.join() == 0
        kept |= {token: int(number) for number, token in map(str.split, child.acknowledged)}
    assert len(kept) == 1 + 5 * (processes + 1)
    look(kept)
    return f"{processes + 1} processus ensemble, {len(kept)} enregistrements, 0 perdu"


def _step_by_step(name: str, work: Callable, verify: Callable, stride: int, home: Path) -> str:
    for turn in itertools.count():
        step = 1 + turn * stride
        os.environ["PALIERS_HOME"] = str(home / f"{name}-{step}")
        child = Child(lambda say, step=step: work(say, step))
        code = child.join()
        assert code in (0, -signal.SIGKILL), f"pas {step} : {code}"
        checked(lambda said=child.acknowledged, step=step: verify(said, step))
        if code == 0:
            return f"{name} : {turn} morts en {step} pas, rien de perdu"
    raise AssertionError


def main() -> None:
    """Run one of the trials in the folder of $PALIERS_HOME, with the database of $PALIERS_DATABASE."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("trial", choices=["hasard", "enregistrement", "effacement", "ensemble"])
    parser.add_argument("--times", type=int, default=100, help="morts, pour « hasard »")
    parser.add_argument("--stride", type=int, default=1, help="un pas sur combien, pour les autres")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    home = store.home()
    trials = {
        "hasard": lambda: at_random(given.times, given.seed),
        "enregistrement": lambda: saving_step_by_step(given.stride, home),
        "effacement": lambda: erasing_step_by_step(given.stride, home),
        "ensemble": lambda: together(4),
    }
    sys.stdout.write(f"{trials[given.trial]()}\n")


if __name__ == "__main__":
    main()
