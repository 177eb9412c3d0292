"""The folder of the data: where things are, what a token may look like, and one writer at a time."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import threading
import time
from collections.abc import Iterator
from io import TextIOWrapper
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows: one server at a time writes there, and the thread lock is enough for it
    fcntl = None

from data.store.errors import busy, unknown

#: Seconds after which a writer that waits gives up, and says so.
PATIENCE = 60.0
_RESERVE = 1 << 20
_TOKEN = re.compile(r"[A-Za-z0-9_-]{22}")
_threads = threading.Lock()


def home() -> Path:
    """Folder of the data: $PALIERS_HOME, or `.paliers` in the project."""
    return Path(os.environ.get("PALIERS_HOME") or Path(__file__).resolve().parents[2] / ".paliers")


def objects() -> Path:
    """Folder of the content-addressed files."""
    return home() / "objects"


def is_token(token: object) -> bool:
    """Whether this could be a token: checked before the disk or the database is touched."""
    return isinstance(token, str) and bool(_TOKEN.fullmatch(token))


def checked(token: object) -> str:
    """The token, or the error of an unknown dataset."""
    if not isinstance(token, str) or not is_token(token):
        raise unknown()
    return token


def old_manifest(token: str) -> Path:
    """Manifest of a dataset saved before the database: adopted at opening, left there when it cannot be read."""
    return home() / "datasets" / f"{token}.json"


def trace(token: str) -> str:
    """Name of a dataset in the journal and in the proofs: it tells two datasets apart and opens neither."""
    return hashlib.sha256(token.encode()).hexdigest()[:16]


def make_reserve() -> None:
    """Take the room that erasing will need on a full disk, where there is room for it."""
    path = home() / ".reserve"
    if path.exists():
        return
    try:
        path.write_bytes(bytes(_RESERVE))
    except OSError:
        path.unlink(missing_ok=True)


def release_reserve() -> None:
    """Give that room back, for an erasure that needs it."""
    (home() / ".reserve").unlink(missing_ok=True)


def make_folder(folder: Path) -> None:
    """Make a folder whose name will outlive a power cut."""
    if not folder.is_dir():
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        flush_folder(folder.parent)


def flush_folder(folder: Path) -> None:
    """Make the new names of a folder last through a power cut."""
    if os.name != "posix":  # a folder cannot be opened there, nor does it need to be
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def file_lock(folder: Path) -> Iterator[None]:
    """Hold the lock of a folder of data, made when it does not exist; a file being shared is not erased meanwhile.

    Raises
    ------
    OSError
        The folder cannot be written.
    StoreError
        Another program holds the lock.
    """
    make_folder(folder)
    deadline = time.monotonic() + PATIENCE
    with (folder / ".lock").open("a") as stream:
        if not _threads.acquire(timeout=PATIENCE):
            raise busy()
        try:
            _wait(stream, deadline)
            yield  # the lock of the file is released when it is closed, or when the process dies
        finally:
            _threads.release()


def _wait(stream: TextIOWrapper, deadline: float) -> None:
    """Ask again rather than block: a stopped process must not stop all the others for ever."""
    pause = 0.001
    while fcntl is not None:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise busy() from None
            time.sleep(pause)
            pause = min(2 * pause, 0.02)
        else:
            return


def _new_lock() -> None:
    """In a forked child, the thread that held the lock does not exist."""
    global _threads
    _threads = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_new_lock)
