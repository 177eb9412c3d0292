"""The confined process of :mod:`data.sandbox`: started by its path, confined first, then told what to do by its parent.

Lines of JSON both ways. In: what to import, then one job. Out: progress, then a result or an error.
"""

from __future__ import annotations

import contextlib
import errno
import importlib
import json
import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

_NICENESS = 5
_BETWEEN_PROGRESS = 0.1
#: Events of the interpreter that reading a file never causes.
_REFUSED = ("socket.", "subprocess.", "os.exec", "os.fork", "os.posix_spawn", "os.spawn", "os.system", "pty.spawn")


class _Messages:
    """Lines to the parent; progress is sent at most ten times a second."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._last = 0.0

    def send(self, **message: Any) -> None:
        self._stream.write(json.dumps(message, ensure_ascii=True, allow_nan=False).encode("ascii") + b"\n")
        self._stream.flush()

    def answer(self, message: dict[str, Any]) -> None:
        try:
            self.send(**message)
        except (TypeError, ValueError, RecursionError) as error:  # a result that is not plain JSON
            self.send(kind="unexpected", place=type(error).__name__)

    def progress(self, fraction: float, text: str = "") -> None:
        now = time.monotonic()
        if now - self._last >= _BETWEEN_PROGRESS:
            self._last = now
            self.send(kind="progress", fraction=float(fraction), text=str(text))


def main() -> None:
    """Confine this process, import what was asked, do one job, end."""
    commands, messages = _take_pipes()
    import confine  # beside this file: the package it belongs to would import pandas, and threads, too early

    applied = list(confine.enter())
    if hasattr(os, "nice"):
        os.nice(_NICENESS)
    first = _read(commands)
    sys.path[:] = first["paths"]
    for module in first["preload"]:
        importlib.import_module(module)
    messages.send(kind="ready")
    order = _read(commands)
    os.chdir(order["folder"])
    os.environ.update(order["environment"])
    tempfile.tempdir = None  # chosen before, in a folder that is closed from now on
    applied += confine.limit(**order["limits"])
    applied += confine.restrict_files(read=order["readable"], write=order["folder"])
    applied += confine.die_with(commands.fileno())
    sys.addaudithook(_refuse)
    threading.Thread(target=_end_with_parent, args=(commands,), daemon=True).start()
    messages.send(kind="started", applied=applied)
    messages.answer(_do(order["target"], order["arguments"], messages))
    os._exit(0)  # nothing of a library that read the file runs after the answer


def _take_pipes() -> tuple[BinaryIO, _Messages]:
    """Keep the two pipes for ourselves: whoever reads its input or prints finds nothing there."""
    commands, messages = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nothing, standard)
    os.close(nothing)
    return os.fdopen(commands, "rb", buffering=0), _Messages(os.fdopen(messages, "wb"))


def _read(commands: BinaryIO) -> dict[str, Any]:
    """One line of the parent; a parent that is gone needs nothing more."""
    line = bytearray()
    while not line.endswith(b"\n"):
        piece = commands.read(1 << 16)
        if not piece:
            os._exit(0)
        line += piece
    return json.loads(line)


def _end_with_parent(commands: BinaryIO) -> None:
    """Where the kernel does not do it: end when the parent closes its end, even killed."""
    with contextlib.suppress(OSError):
        commands.read(1)
    os._exit(0)


def _refuse(event: str, _arguments: tuple[Any, ...]) -> None:
    """No connection and no other program from Python code, also where the kernel has no such limit."""
    if event.startswith(_REFUSED):
        raise PermissionError(errno.EPERM, f"refused: {event}")


def _do(target: str, arguments: dict[str, Any], messages: _Messages) -> dict[str, Any]:
    """Message that carries the result of the job, or its error without a traceback: it would show rows."""
    try:
        function = _function(target)
        return {"kind": "result", "result": function(arguments, messages.progress)}
    except MemoryError:
        return {"kind": "limit", "limit": "memoire"}
    except OSError as error:
        if error.errno in (errno.EFBIG, errno.ENOSPC, errno.EDQUOT):
            return {"kind": "limit", "limit": "disque"}
        told = _unexpected(error)
    except Exception as error:  # noqa: BLE001  whatever a library raises is told to the parent, never lost
        told = _told(error)
    return told


def _function(target: str) -> Callable[[dict[str, Any], Callable[..., None]], Any]:
    module, _, name = target.partition(":")
    return getattr(importlib.import_module(module), name)


def _told(error: Exception) -> dict[str, Any]:
    from analytics.errors import PaliersError
    from data.sandbox.messages import error_fields

    if type(error).__name__ == "OutOfMemoryException":  # DuckDB's, which is no MemoryError
        return {"kind": "limit", "limit": "memoire"}
    if not isinstance(error, PaliersError):
        return _unexpected(error)
    return {"kind": "error", **error_fields(error)}


def _unexpected(error: Exception) -> dict[str, Any]:
    from analytics.errors import place_of

    return {"kind": "unexpected", "place": place_of(error)}


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent))
    main()
