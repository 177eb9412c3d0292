"""Where a computing process keeps its nodes: one file each, in the folder of their dataset; no Streamlit here.

Files rather than a database: a file is put in place whole or not at all, whatever two processes do at once; erasing a
dataset is erasing a folder. The folder is made by the server, never here: once it is erased, a computation that still
runs can write nothing back.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import re
import secrets
import time
from collections import defaultdict
from collections.abc import Iterator, MutableMapping
from pathlib import Path

LOGGER = logging.getLogger("paliers.calculs")
LIMIT = 200 * 2**20
#: A node that no run asked for since then is erased: a month is added every month.
KEPT_DAYS = 100
_AFTER_TRIM = 0.8
_TRIM_EVERY = 2_000
_STALE_PART = 3600.0
_DAY = 86_400.0
_NAME = re.compile(r"[0-9a-f]{64}")
_SEAL = hashlib.sha256().digest_size


class NodeStore(MutableMapping[str, bytes]):
    """The nodes of one dataset, and those of the others that have the very same name.

    A name is the digest of all that a node depends on, its values included: the dataset of the next month finds the
    nodes of the previous one, and shares the file. Erasing either leaves the other its own.

    Parameters
    ----------
    folder : pathlib.Path
        Folder of the dataset, beside those of the others; nothing is kept when it does not exist.
    limit : int
        Bytes that all the folders together may take; what was used least recently goes first.
    """

    def __init__(self, folder: Path, limit: int = LIMIT) -> None:
        self.folder, self.limit = Path(folder), limit
        self._others: list[Path] | None = None
        self._written = 0

    def __getitem__(self, key: str) -> bytes:
        """What was kept under this name.

        Raises
        ------
        KeyError
            Nothing was, or the disk spoiled it.
        """
        name = _checked(key)
        data = _read(self.folder / name)
        return self._borrow(name) if data is None else data

    def __setitem__(self, key: str, data: bytes) -> None:
        """Keep it if the disk lets us: a memory that fails costs time, never a result."""
        name = _checked(key)
        if self._written % _TRIM_EVERY == 0:
            trim(self.folder.parent, self.limit)
        self._written += 1
        try:
            _write(self.folder / name, data)
        except FileNotFoundError:  # the dataset was erased meanwhile
            LOGGER.debug("Dossier effacé.")
        except OSError as error:
            LOGGER.warning("Un résultat intermédiaire n’a pas été gardé (%s).", type(error).__name__)

    def __delitem__(self, key: str) -> None:
        """Forget it; nothing to forget is no fault."""
        (self.folder / _checked(key)).unlink(missing_ok=True)

    def __iter__(self) -> Iterator[str]:
        """Names kept for this dataset."""
        return (name for name in _listed(self.folder) if _NAME.fullmatch(name))

    def __len__(self) -> int:
        """Number of names kept for this dataset."""
        return sum(1 for _ in self)

    def _borrow(self, name: str) -> bytes:
        """The node of another dataset that has the same values, from now on shared with it."""
        if self._others is None:
            above = self.folder.parent
            self._others = [above / other for other in _listed(above) if above / other != self.folder]
        for other in self._others:
            data = _read(other / name)
            if data is not None:
                self._share(other / name, data)
                return data
        raise KeyError(name)

    def _share(self, path: Path, data: bytes) -> None:
        try:
            os.link(path, self.folder / path.name)
        except FileExistsError:  # by another process
            return
        except OSError:  # erased meanwhile, or a disk without links
            self[path.name] = data


def trim(root: Path, limit: int = LIMIT, now: float | None = None) -> int:
    """Erase what is too old, what a killed process left half written, then the least recent beyond a size.

    Parameters
    ----------
    root : pathlib.Path
        Holds the folders of the datasets.
    limit : int
        Bytes allowed; beyond, four fifths of it are kept.
    now : float, optional
        Seconds since 1970; None = the clock.

    Returns
    -------
    int
        Bytes left; a file shared by several datasets counts once, and goes with all its names.
    """
    now = time.time() if now is None else now
    names: dict[int, list[Path]] = defaultdict(list)
    facts: dict[int, tuple[float, int]] = {}
    for folder in _listed(root):
        for entry in _entries(root / folder):
            with contextlib.suppress(FileNotFoundError):
                found = entry.stat(follow_symlinks=False)
                if not _NAME.fullmatch(entry.name):
                    if now - found.st_mtime > _STALE_PART:
                        _erase(Path(entry.path))
                    continue
                names[found.st_ino].append(Path(entry.path))
                facts[found.st_ino] = found.st_mtime, found.st_size
    total = sum(size for _, size in facts.values())
    target = total if total <= limit else _AFTER_TRIM * limit
    for inode, (used, size) in sorted(facts.items(), key=lambda item: item[1]):
        if total <= target and now - used <= KEPT_DAYS * _DAY:
            break
        for path in names[inode]:
            _erase(path)
        total -= size
    return total


def _checked(key: str) -> str:
    """The name of a file, which cannot leave the folder."""
    if not isinstance(key, str) or not _NAME.fullmatch(key):
        raise KeyError(key)
    return key


def _read(path: Path) -> bytes | None:
    """What was written, and now used; None when it is absent or no longer what it was."""
    try:
        sealed = path.read_bytes()
    except OSError:
        return None
    data = sealed[_SEAL:]
    if hashlib.sha256(data).digest() != sealed[:_SEAL]:
        _erase(path)
        return None
    with contextlib.suppress(OSError):
        os.utime(path)
    return data


def _write(path: Path, data: bytes) -> None:
    """Write beside, then rename: a reader sees all of it or nothing. Not flushed: a power cut costs a computation."""
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
            stream.write(hashlib.sha256(data).digest() + data)
        os.replace(part, path)
    except OSError:
        _erase(part)
        raise


def _erase(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink(missing_ok=True)


def _listed(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as found:
            return list(found)
    except OSError:
        return []
