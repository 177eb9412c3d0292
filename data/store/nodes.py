"""The folder where the computations of a dataset keep their nodes: made here, erased with the dataset.

Its name is the trace of the dataset, so that it opens nothing, and that a proof of erasure knows where to look.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from collections.abc import Collection
from pathlib import Path

from data.store.paths import home, is_token, make_folder, trace

_GONE, _OPEN_TO_ALL = ".efface-", "commun-"


def root() -> Path:
    """Folder of all the nodes, one folder by dataset in it."""
    return home() / "nodes"


def open_nodes(token: str) -> Path:
    """Folder of the nodes of a dataset, which must exist: made when it is not there.

    What is not a dataset of somebody (the demonstration, the engine) has one too, which is never swept.
    """
    folder = root() / (trace(token) if is_token(token) else f"{_OPEN_TO_ALL}{trace(token)}")
    with contextlib.suppress(OSError):  # a disk that cannot be written: nothing is remembered, and all is computed
        make_folder(root())
        folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def erase_nodes(named: str) -> int:
    """Erase the nodes of a dataset, by its trace; return how many there were.

    The folder is renamed first: a computation that runs cannot write in it any more.
    """
    folder = root() / named
    doomed = folder.with_name(f"{_GONE}{secrets.token_hex(8)}")
    try:
        os.replace(folder, doomed)
    except FileNotFoundError:
        return 0
    except OSError:  # a system that does not rename an open folder
        doomed = folder
    count = _count(doomed)
    shutil.rmtree(doomed, ignore_errors=True)
    return count


def count_nodes(named: str) -> int:
    """How many files of a dataset are left, by its trace, those of a cut erasing included: 0 is the proof."""
    return _count(root() / named) + sum(_count(folder) for folder in root().glob(f"{_GONE}*"))


def sweep_nodes(kept: Collection[str]) -> int:
    """Erase the folders of the datasets that have none of these traces; return how many files they held."""
    found = [f.name for f in root().glob("*") if f.name not in kept and not f.name.startswith(_OPEN_TO_ALL)]
    return sum(erase_nodes(name) for name in found)


def _count(folder: Path) -> int:
    return sum(1 for path in folder.rglob("*") if path.is_file())
