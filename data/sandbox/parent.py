"""Start a confined process, give it one job, watch it from outside, believe only what its messages may say."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import queue
import signal
import subprocess
import sys
import sysconfig
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from data.sandbox.messages import MAX_LINE, Message, parse, stopped
from data.sandbox.watch import group_of, kill_group, memory_of

LOGGER = logging.getLogger("paliers.bac_a_sable")
_ROOT = Path(__file__).resolve().parents[2]
_CHILD = Path(__file__).with_name("child.py")
#: What the confined process imports before it knows its job.
_PRELOAD = ("data.depot.work",)
_START_SECONDS = 60.0
_TICK = 0.02 if sys.platform == "linux" else 0.25  # elsewhere a program is run to look
_OWN_END = 2.0
_COUNT_EVERY = 10  # ticks between two counts of the processes
_MAX_PROCESSES = 8
#: Messages read per second: a child that floods waits, the server does not.
_BETWEEN_MESSAGES = 0.004
#: Part of the memory allowed above which a crash is put down to it.
_NEARLY = 0.6


@dataclass(frozen=True)
class Limits:
    """What a confined process may take, beyond what it holds when its job begins.

    Attributes
    ----------
    memory_bytes : int
        Memory of its own (the pages of files it maps are not counted).
    cpu_seconds : float
        Computing time, all threads together: the same on a busy machine.
    wall_seconds : float
        Time on the clock.
    file_bytes : int
        Largest file it may write.
    """

    memory_bytes: int = 512 << 20
    cpu_seconds: float = 60.0
    wall_seconds: float = 300.0
    file_bytes: int = 4 << 30


def run(
    target: str,
    arguments: dict[str, Any],
    *,
    limits: Limits,
    folder: Path,
    progress: Callable[[float, str], None] | None = None,
    cancelled: threading.Event | None = None,
    readable: Iterable[Path] = (),
) -> dict[str, Any]:
    """Run a function in a confined process and return the dict it returned.

    Parameters
    ----------
    target : str
        "module:function"; it takes `arguments` and a function progress(fraction, text), and returns a dict.
    arguments : dict
        Plain JSON values.
    limits : Limits
    folder : pathlib.Path
        Current folder of the process, the only one it may change; also its $PALIERS_HOME.
    progress : callable, optional
        Called with (fraction, text) from the calling thread.
    cancelled : threading.Event, optional
        Set by another thread to stop the process.
    readable : iterable of pathlib.Path
        Other files it may read, beside the code.

    Returns
    -------
    dict

    Raises
    ------
    Stopped
        A limit struck, the process crashed, or it was cancelled; says which.
    PaliersError
        What the function raised.
    """
    process = _take_ready()
    try:
        watched = _Watch(process, limits, cancelled or threading.Event(), progress)
        order = _order(target, arguments, limits, folder, readable)
        watched.begin(order)
        return watched.follow()
    finally:
        process.end()


def _order(
    target: str, arguments: dict[str, Any], limits: Limits, folder: Path, readable: Iterable[Path]
) -> dict[str, Any]:
    folder = folder.resolve()
    scratch = folder / "tmp"
    scratch.mkdir(parents=True, exist_ok=True)
    return {
        "target": target,
        "arguments": arguments,
        "folder": str(folder),
        "limits": {
            "memory_bytes": limits.memory_bytes,
            "cpu_seconds": limits.cpu_seconds,
            "file_bytes": limits.file_bytes,
        },
        "environment": {"PALIERS_HOME": str(folder), "HOME": str(folder), "TMPDIR": str(scratch)},
        "readable": [*_libraries(), *(str(Path(r).resolve()) for r in readable)],
    }


def _libraries() -> list[str]:
    """Where the code is; not the whole project, which may hold the store."""
    paths = sysconfig.get_paths()
    ours = [str(_ROOT / name) for name in ("analytics", "data")]
    python = [paths["stdlib"], paths["platstdlib"], paths["purelib"], paths["platlib"], sys.prefix, sys.base_prefix]
    added = [p for p in sys.path if p and Path(p).is_dir() and Path(p).resolve() != _ROOT]
    system = ["/usr", "/lib", "/lib64", "/etc", "/dev", "/proc", "/sys"]
    return [*ours, *python, *added, *system]


class _Process:
    """A confined process and the lines it sends."""

    def __init__(self) -> None:
        self.popen = subprocess.Popen(  # noqa: S603  our own file, run by the same interpreter
            [sys.executable, "-I", "-X", "utf8", "-W", "ignore", str(_CHILD)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # a traceback would show rows
            cwd=os.path.abspath(os.sep),
            env=_environment(),
            start_new_session=True,
        )
        self.lines: queue.Queue[bytes] = queue.Queue(maxsize=64)
        self._ended = threading.Event()
        threading.Thread(target=self._receive, daemon=True).start()
        self.tell({"paths": [str(_ROOT), *(p for p in sys.path if p)], "preload": _PRELOAD})

    def tell(self, message: dict[str, Any]) -> None:
        """Send one line; a process already gone is noticed by its silence."""
        with contextlib.suppress(BrokenPipeError):
            self.popen.stdin.write(json.dumps(message).encode() + b"\n")
            self.popen.stdin.flush()

    def _receive(self) -> None:
        """Read bounded lines until the pipe closes, then an empty one."""
        with self.popen.stdout as stream:
            while not self._ended.is_set():
                line = stream.readline(MAX_LINE + 1)
                self._put(line)
                if not line:
                    return
                time.sleep(_BETWEEN_MESSAGES)

    def _put(self, line: bytes) -> None:
        while not self._ended.is_set():
            with contextlib.suppress(queue.Full):
                self.lines.put(line, timeout=0.5)
                return

    def next(self, timeout: float) -> bytes | None:
        """The next line, b"" when there will be none, None when there is none yet."""
        try:
            return self.lines.get(timeout=timeout)
        except queue.Empty:
            return None

    def end(self) -> int:
        """Kill the process and its group, free what it held, return how it ended (a negative signal, or a code)."""
        # Killed before it is waited for: until then its number, hence its group, cannot belong to another.
        if self.popen.returncode is None:
            kill_group(self.popen.pid)
        code = self.popen.wait()
        self._ended.set()
        with contextlib.suppress(BrokenPipeError):
            self.popen.stdin.close()
        return code


def _environment() -> dict[str, str]:
    """Nothing of ours: no key, no address, few threads."""
    kept = {name: os.environ[name] for name in ("SYSTEMROOT", "TZ") if name in os.environ}
    threads = str(min(2, os.cpu_count() or 1))
    return kept | {
        "PATH": os.defpath,
        "LANG": "C.UTF-8",
        "OMP_NUM_THREADS": threads,
        "OPENBLAS_NUM_THREADS": "1",
        "MALLOC_ARENA_MAX": "2",
        "ARROW_DEFAULT_MEMORY_POOL": "system",
    }


# --- one process ready in advance ---------------------------------------------------------------------------------

_READY: list[_Process] = []
_READY_LOCK = threading.Lock()


def prepare() -> None:
    """Start one confined process in advance, so that the next job does not wait for its imports; at most one waits."""
    with _READY_LOCK:
        if not _READY:
            _READY.append(_Process())


def release() -> None:
    """End the process that waits for a job, if any."""
    with _READY_LOCK:
        waiting, _READY[:] = list(_READY), []
    for process in waiting:
        process.end()


def _take_ready() -> _Process:
    with _READY_LOCK:
        waiting = _READY.pop() if _READY else None
    if waiting is None or waiting.popen.poll() is not None:
        if waiting is not None:
            waiting.end()
        return _Process()
    return waiting


# --- following one job --------------------------------------------------------------------------------------------


class _Watch:
    """One job followed to its end, its limits enforced from outside."""

    def __init__(
        self,
        process: _Process,
        limits: Limits,
        cancelled: threading.Event,
        progress: Callable[[float, str], None] | None,
    ) -> None:
        self._process, self._limits, self._cancelled, self._progress = process, limits, cancelled, progress
        self._baseline = self._peak = 0
        self._ends_at = time.monotonic() + _START_SECONDS

    def begin(self, order: dict[str, Any]) -> None:
        """Wait until the process is ready, then give it its job."""
        message = self._next()
        if message.kind != "ready":
            raise stopped("arret")
        self._baseline = memory_of(self._process.popen.pid)
        self._ends_at = time.monotonic() + self._limits.wall_seconds
        self._process.tell(order)

    def follow(self) -> dict[str, Any]:
        """Pass progress on until the result."""
        while True:
            message = self._next()
            if message.kind == "progress" and self._progress is not None:
                self._progress(message.fraction, message.text)
            elif message.kind == "started":
                LOGGER.info("Lecture confinée : %s.", ", ".join(message.applied) or "surveillance seule")
            elif message.kind == "result":
                return message.result
            elif message.kind == "failure":
                if message.limit == "faute":
                    LOGGER.error("Faute pendant une lecture confinée : %s.", message.text)
                raise message.error or self._struck(message.limit)

    def _next(self) -> Message:
        """The next message; raises when a limit strikes first, or when the process ends without one."""
        ticks = 0
        while True:
            line = self._process.next(_TICK)
            ticks += 1
            self._check(count=ticks % _COUNT_EVERY == 0)
            if line == b"":
                raise self._died()
            if line is not None:
                try:
                    return parse(line)
                except (ValueError, TypeError, RecursionError) as error:
                    LOGGER.warning("Message illisible d’une lecture confinée (%s).", type(error).__name__)
                    raise stopped("arret") from None

    def _check(self, *, count: bool) -> None:
        pid = self._process.popen.pid
        if self._cancelled.is_set():
            raise stopped("annule")
        if time.monotonic() > self._ends_at:
            raise self._struck("duree")
        group = group_of(pid) if count else (pid,)
        if len(group) > _MAX_PROCESSES:
            raise self._struck("processus")
        used = sum(memory_of(member) for member in group) - self._baseline
        self._peak = max(self._peak, used)
        if self._baseline and used > self._limits.memory_bytes:
            raise self._struck("memoire")

    def _died(self) -> Exception:
        """Why the process ended without an answer."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.popen.wait(_OWN_END)  # or our own signal would pass for the system's
        code = self._process.end()
        if os.name == "posix" and code in (-signal.SIGXCPU, -signal.SIGKILL):
            # Nobody else kills it: the system does, for its computing time, or for memory when the machine lacks it.
            return self._struck("calcul" if code == -signal.SIGXCPU else "memoire")
        return self._struck("memoire" if self._peak > _NEARLY * self._limits.memory_bytes else "arret")

    def _struck(self, limit: str) -> Exception:
        amounts = {
            "memoire": self._limits.memory_bytes,
            "calcul": self._limits.cpu_seconds,
            "duree": self._limits.wall_seconds,
        }
        return stopped(limit, amount=amounts.get(limit, 0.0))
