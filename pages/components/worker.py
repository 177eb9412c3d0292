"""The computing process of :mod:`pages.components.job_queue`: how it starts and ends, what runs in it.

Imports nothing heavy, and no Streamlit.
"""

from __future__ import annotations

import contextlib
import inspect
import logging
import os
import pickle
import queue
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

from analytics.errors import PaliersError
from pages.components.logs import keep_values_out

LOGGER = logging.getLogger("paliers.calculs")
NICENESS = 5
JOIN_SECONDS = 5


class JobFailed(PaliersError):
    """The computation ended without a result."""

    code = "calcul"


def start_worker() -> tuple[subprocess.Popen[bytes], Connection]:
    """Start a computing process; return it with our end of the line.

    Not :mod:`multiprocessing`: its spawn runs ``__main__`` again, which under Streamlit is the page being drawn.
    """
    ours, theirs = socket.socketpair()
    with theirs, contextlib.ExitStack() as unless_started:
        unless_started.enter_context(ours)
        call = f"from {__name__} import serve; serve({theirs.fileno()})"
        process = subprocess.Popen(
            [sys.executable, "-c", f"import sys; sys.path[:] = {sys.path!r}; {call}"],
            stdin=subprocess.DEVNULL,
            pass_fds=(theirs.fileno(),),
            start_new_session=True,  # Ctrl-C goes to the server alone, and the whole group can be killed
        )
        unless_started.pop_all()
    return process, Connection(ours.detach())


def kill_worker(process: subprocess.Popen[bytes]) -> None:
    """Kill a computing process and what it started; one that the system is slow to end is left to it, and told."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    try:
        process.wait(JOIN_SECONDS)
    except subprocess.TimeoutExpired:  # held in the kernel, by a disk: it dies as soon as it is let go
        LOGGER.warning("Le processus de calcul %d tarde à mourir.", process.pid)


def serve(fd: int) -> None:
    """Compute the jobs that come through the socket, one after another, until the server closes it.

    A job is ``(function, args, options)``. What goes back is ``("avance", fraction, text)`` any number of times, then
    ``("fini", result)`` or ``("echec", error)``.

    Parameters
    ----------
    fd : int
        Our end of the socket; this process leads its own group, and the whole group dies with the server.
    """
    keep_values_out()
    os.nice(NICENESS)  # the pages come first
    connection = Connection(fd)
    calls: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_receive, args=(connection, calls), daemon=True).start()
    while True:
        connection.send_bytes(_answer(calls.get(), connection))


def _receive(connection: Connection, calls: queue.SimpleQueue[bytes]) -> None:
    """Take the jobs in; when the server is gone, even killed, end this process, even in the middle of a computation."""
    try:
        while True:
            calls.put(connection.recv_bytes())
    except (EOFError, OSError):
        os.killpg(os.getpid(), signal.SIGKILL)


def _answer(message: bytes, connection: Connection) -> bytes:
    """Pickled outcome of one pickled job; a job that fails gives its error, the process stays up."""

    def progress(fraction: float, text: str = "") -> None:
        connection.send(("avance", min(max(float(fraction), 0.0), 1.0), text))

    try:
        function, args, options = pickle.loads(message)
        if _wants_progress(function):
            options = {**options, "progress": progress}
        return pickle.dumps(("fini", function(*args, **options)))
    except PaliersError as error:
        return pickle.dumps(("echec", error))
    except Exception as error:
        LOGGER.exception("Échec d’un calcul.")
        return pickle.dumps(("echec", _portable(error)))


def _wants_progress(function: Callable[..., Any]) -> bool:
    try:
        return "progress" in inspect.signature(function).parameters
    except ValueError:  # some built-in functions have no signature
        return False


def _portable(error: Exception) -> Exception:
    """The error itself when it survives the journey, a :class:`JobFailed` that quotes it otherwise."""
    try:
        pickle.loads(pickle.dumps(error))
    except (pickle.PicklingError, TypeError, AttributeError, ValueError):
        return JobFailed(f"Le calcul a échoué ({type(error).__name__}).")
    return error
