"""Uploads being read: two at a time, the others wait; each is followed and cancelled by its name."""

from __future__ import annotations

import contextlib
import logging
import os
import queue
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from analytics.errors import place_of

try:
    import fcntl
except ImportError:  # Windows: one server at a time
    fcntl = None

LOGGER = logging.getLogger("paliers.depot")
AT_ONCE = 2
#: Share done below which the time left would be a guess.
_ENOUGH = 0.05


@dataclass
class Run:
    """One reading of one upload, waiting or under way."""

    token: str
    attempt: int
    lines: int | None
    work: Callable[[Run], None]
    cancelled: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)
    began: float | None = None
    fraction: float = 0.0
    text: str = "En attente de lecture"

    def progress(self, fraction: float, text: str) -> None:
        """Note how far the reading is; it never goes back."""
        self.fraction, self.text = max(self.fraction, fraction), text

    def speed(self) -> tuple[float | None, float | None]:
        """Lines per second and seconds left; None while it is too early to say."""
        if self.began is None or self.fraction < _ENOUGH:
            return None, None
        elapsed = max(time.monotonic() - self.began, 1e-3)
        rate = None if self.lines is None else self.lines * self.fraction / elapsed
        return rate, elapsed * (1.0 - self.fraction) / self.fraction


class Runs:
    """The readings of this server process."""

    def __init__(self) -> None:
        self._waiting: queue.SimpleQueue[Run] = queue.SimpleQueue()
        self._current: dict[str, Run] = {}
        self._lock = threading.Lock()
        self._threads = 0

    def submit(self, run: Run) -> None:
        """Queue a reading; it replaces the one of the same upload, which is cancelled."""
        with self._lock:
            previous = self._current.get(run.token)
            self._current[run.token] = run
            if self._threads < AT_ONCE:
                self._threads += 1
                threading.Thread(target=self._serve, name=f"depot-{self._threads}", daemon=True).start()
        if previous is not None:
            previous.cancelled.set()
        self._waiting.put(run)

    def get(self, token: str) -> Run | None:
        """The reading of an upload that is waiting or under way."""
        with self._lock:
            return self._current.get(token)

    def cancel(self, token: str) -> Run | None:
        """Ask the reading of an upload to stop; one that has not begun never will."""
        with self._lock:
            run = self._current.get(token)
            if run is not None:
                run.cancelled.set()
                if run.began is None:
                    del self._current[token]
                    run.ended.set()
        return run

    def _serve(self) -> None:
        while True:
            run = self._waiting.get()
            with self._lock:
                if run.cancelled.is_set():
                    run.ended.set()
                    continue
                run.began, run.text = time.monotonic(), "Lecture du fichier"
            try:
                run.work(run)
            except Exception as error:  # noqa: BLE001  the next reading must go on; no traceback: it may quote cells
                LOGGER.error("Lecture d’un dépôt interrompue par une faute : %s.", place_of(error))
            finally:
                with self._lock:
                    if self._current.get(run.token) is run:
                        del self._current[run.token]
                run.ended.set()


RUNS = Runs()

# --- which server process reads what ------------------------------------------------------------------------------

_OWNERS: dict[Path, str] = {}
_OWNERS_LOCK = threading.Lock()


def owner(root: Path) -> str:
    """Name of this process among those that share a folder of uploads; its lock goes with the process, even killed."""
    with _OWNERS_LOCK:
        if root not in _OWNERS:
            name = secrets.token_hex(8)
            root.mkdir(parents=True, exist_ok=True, mode=0o700)
            lock = os.open(root / f"serveur-{name}.lock", os.O_WRONLY | os.O_CREAT, 0o600)  # never closed
            if fcntl is not None:
                fcntl.flock(lock, fcntl.LOCK_EX)
            _OWNERS[root] = name
        return _OWNERS[root]


def is_alive(root: Path, name: str) -> bool:
    """Whether the process of this name still runs."""
    if _OWNERS.get(root) == name:
        return True
    with _locked_by_nobody(root / f"serveur-{name}.lock") as free:
        return not free


@contextlib.contextmanager
def _locked_by_nobody(path: Path) -> Iterator[bool]:
    if fcntl is None or not path.is_file():
        yield True
        return
    with path.open("r") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


def forget_dead_owners(root: Path) -> None:
    """Erase the locks of processes that are gone."""
    for path in root.glob("serveur-*.lock"):
        name = path.stem.removeprefix("serveur-")
        if not is_alive(root, name):
            path.unlink(missing_ok=True)
