"""Kill a server while files are dropped on it, many times: `python tests/data/upload_crash.py --times 100`.

Each server receives, reads and accepts files until it is killed at a moment drawn at random. What it acknowledged went
through a pipe. The next server must list no half file, have every dataset acknowledged, and every confined process must
have died with the one that it worked for.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import psutil

from data import sandbox, store
from data.depot import Depot
from tests.data.store.crash import Child, checked

LONGEST = 4.0
_GONE = 10.0


def content_of(number: int) -> bytes:
    """A file like no other: 2,000 lines."""
    months = [f"{1 + i % 12:02d}/{2020 + i // 12 % 5}" for i in range(2000)]
    rows = [f"{m};poste {i % 7};{number}{i % 900:03d},50" for i, m in enumerate(months)]
    return "\n".join(["Mois;Poste;Prestations", *rows]).encode("cp1252")


def total_of(number: int) -> float:
    """Sum of its amounts."""
    return sum(int(f"{number}{i % 900:03d}") + 0.5 for i in range(2000))


def serve(say: Callable[[str], None], start: int) -> None:
    """Drop files one after the other, each word said once it is true."""
    depot = Depot()
    sandbox.prepare()
    for number in range(start, start + 1000):
        token = depot.receive(_in_pieces(content_of(number)), f"{number}.csv")
        say(f"recu {number} {token}")
        depot.start(token)
        assert depot.wait(token, seconds=120).state == "pret"
        say(f"accepte {number} {depot.accept(token)}")


def _in_pieces(content: bytes) -> Iterator[bytes]:
    for start in range(0, len(content), 4096):
        yield content[start : start + 4096]


def look(accepted: dict[str, int]) -> None:
    """What the next server finds."""
    depot = Depot(spare=False)
    listed = {recent.token: int(recent.source.removesuffix(".csv")) for recent in store.recent(1_000_000)}
    assert accepted.items() <= listed.items(), "un jeu accepté est perdu"
    for token, number in listed.items():
        assert round(float(store.load(token).prestation["prestation"].sum()), 2) == total_of(number)
    for record in depot.root.glob("*/depot.json"):
        number = int(json.loads(record.read_text("utf-8"))["name"].removesuffix(".csv"))
        assert (record.parent / "source").read_bytes() == content_of(number), "un fichier reçu est incomplet"
        assert depot.status(record.parent.name).state in ("recu", "interrompu", "pret")
    store.sweep()


def no_orphan() -> None:
    """Every confined process dies with its server."""
    end = time.monotonic() + _GONE
    while left := [p for p in psutil.process_iter(["ppid", "cmdline"]) if _is_orphan(p)]:
        assert time.monotonic() < end, f"{len(left)} lectures sans serveur"
        time.sleep(0.1)


def _is_orphan(process: psutil.Process) -> bool:
    return process.info["ppid"] == 1 and any(str(a).endswith("sandbox/child.py") for a in process.info["cmdline"] or ())


def at_random(times: int, seed: int) -> str:
    """Kill `times` servers."""
    draw = random.Random(seed)
    received: dict[str, int] = {}
    accepted: dict[str, int] = {}
    for turn in range(times):
        child = Child(partial(serve, start=turn * 1000))
        end = time.monotonic() + draw.random() * LONGEST
        while (left := end - time.monotonic()) > 0 and child.read(left):
            pass
        child.kill()
        child.join()
        for word, number, token in map(str.split, child.acknowledged):
            {"recu": received, "accepte": accepted}[word][token] = int(number)
        if turn % 10 == 9 or turn == times - 1:
            no_orphan()
            checked(partial(look, accepted))
    return f"{times} serveurs tués, {len(received)} fichiers reçus, {len(accepted)} jeux acceptés, 0 perdu"


def main() -> None:
    """Run it in a folder of its own."""
    parser = argparse.ArgumentParser(description="Tuer un serveur qui reçoit des fichiers.")
    parser.add_argument("--times", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        os.environ["PALIERS_HOME"] = str(Path(home))
        sys.stdout.write(at_random(options.times, options.seed) + "\n")


if __name__ == "__main__":
    main()
