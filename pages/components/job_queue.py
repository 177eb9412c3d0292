"""The queue of the long computations and the process that computes them, one at a time; no Streamlit here.

A job is named by the digest of its inputs: asking twice, from two sessions or after a reload of the page, follows the
same computation. One separate process computes while the pages stay quick; it is killed to cancel, replaced when it
dies, and never outlives the server.
"""

from __future__ import annotations

import logging
import pickle
import queue
import subprocess
import threading
import time
import weakref
from collections import OrderedDict
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection
from typing import Any

from analytics.errors import PaliersError
from data.store.paths import trace
from pages.components.pace import Pace, describe_remaining
from pages.components.worker import JobFailed, kill_worker, start_worker

LOGGER = logging.getLogger("paliers.calculs")
MAX_FINISHED = 64
#: A session that has not asked where a job is for so long is gone, or its page is.
FOLLOWED_SECONDS = 5.0
JOIN_SECONDS = 5
_NOT_PICKLABLE = (pickle.PicklingError, TypeError, AttributeError, ValueError)


@dataclass(frozen=True)
class Status:
    """Where a job stands.

    Attributes
    ----------
    state : str
        "absent", "attente", "en cours", "fini", "echec" or "arrete".
    fraction : float
        Share done, 0 to 1.
    text : str
        What is being done, or why it failed, in French.
    remaining : float or None
        Seconds it should still take, when there is something to tell it from.
    """

    state: str
    fraction: float = 0.0
    text: str = ""
    remaining: float | None = None

    @property
    def running(self) -> bool:
        """Whether a result may still come by itself."""
        return self.state in ("attente", "en cours")

    @property
    def words(self) -> str:
        """« 37 séries sur 120, environ 40 s »."""
        if self.state != "en cours":
            return self.text
        if self.remaining is None:
            return f"{self.text} : {self.fraction:.0%}".replace("%", "\u202f%")
        return f"{self.text}, {describe_remaining(self.remaining)}"


@dataclass
class _Job:
    """One registered computation, its progress and what it gave."""

    key: str
    call: bytes
    owner: str | None = None
    status: Status = field(default_factory=lambda: Status("attente", 0.0, "En attente d’un autre calcul"))
    result: Any = None
    error: Exception | None = None
    cancelled: bool = False
    pace: Pace = field(default_factory=Pace)
    followers: dict[str, float] = field(default_factory=dict)
    left_at: float | None = None  # when a session asked to stop it while others seemed to wait
    done: threading.Event = field(default_factory=threading.Event)


class Jobs:
    """Queue of jobs, the process that computes them and their last results.

    Parameters
    ----------
    max_finished : int
        Results and failures kept; the least recently read goes first.
    clock : callable
        Gives seconds.
    """

    def __init__(self, max_finished: int = MAX_FINISHED, clock: Callable[[], float] = time.monotonic) -> None:
        self._max_finished = max_finished
        self._clock = clock
        self._jobs: OrderedDict[str, _Job] = OrderedDict()
        self._lock = threading.RLock()
        self._queue: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._process: subprocess.Popen[bytes] | None = None
        self._connection: Connection | None = None
        self._current: _Job | None = None
        self._thread: threading.Thread | None = None
        self._closed = False
        _INSTANCES.add(self)

    def submit(
        self, key: str, function: Callable[..., Any], *args: Any, owner: str | None = None, **options: Any
    ) -> Status:
        """Ask for a computation; a job already known under this key is followed, never started twice.

        Parameters
        ----------
        key : str
            Digest of the inputs, from :func:`pages.components.cache.digest`.
        function : callable
            Defined at the top of an importable module, not of a page. When it has a ``progress`` parameter, it
            receives a callable ``progress(fraction, text="")``.
        *args, **options
            Its arguments, which must be picklable.
        owner : str, optional
            Identifier of the dataset whose numbers it uses, so that :meth:`forget_of` finds it.

        Returns
        -------
        Status
            A job that failed or was stopped stays so until :meth:`cancel` forgets it.

        Raises
        ------
        JobFailed
            The function or an argument cannot be sent to another process, or the server is stopping.
        """
        with self._lock:
            if key in self._jobs:
                return self._jobs[key].status
        call = _pickled(function, args, options)
        with self._lock:
            if self._closed:
                raise JobFailed("Le serveur s’arrête.", remede="Relancez le calcul dans un instant.")
            if key not in self._jobs:
                self._jobs[key] = _Job(key, call, owner and trace(owner))
                self._queue.put(self._jobs[key])
                self._start_thread()
            return self._jobs[key].status

    def status(self, key: str) -> Status:
        """State, fraction done and French text of a job; "absent" for an unknown or cancelled key."""
        with self._lock:
            job = self._jobs.get(key)
            if job is None:
                return Status("absent")
            self._settle(job)
            if job.status.state == "attente" and self._current is not None:
                return replace(job.status, text=f"{job.status.text} ({self._told(self._current).words})")
            return self._told(job) if job.status.state == "en cours" else job.status

    def _told(self, job: _Job) -> Status:
        return replace(job.status, remaining=job.pace.remaining(self._clock()))

    def follow(self, key: str, follower: str) -> Status:
        """The status of a job, for a session that waits for it."""
        with self._lock:
            if key in self._jobs:
                self._jobs[key].followers[follower] = self._clock()
            return self.status(key)

    def stop(self, key: str, follower: str = "") -> bool:
        """Stop a running job for a session; it goes on when another session waits for it.

        What it had kept on the disk stays there, so that it can be taken up again: :meth:`cancel`, then :meth:`submit`.

        Returns
        -------
        bool
            Whether it was stopped; else it stops a little later, unless another session shows that it still waits.
        """
        with self._lock:
            job = self._jobs.get(key)
            if job is None or not job.status.running:
                return False
            job.followers.pop(follower, None)
            if any(self._clock() - seen < FOLLOWED_SECONDS for seen in job.followers.values()):
                job.left_at = self._clock()
                return False
            self._halt(job)
            return True

    def _settle(self, job: _Job) -> None:
        """Stop a job that was asked to, once nobody has come back to it: a page reloaded just before is no one else."""
        if not job.status.running or job.left_at is None or self._clock() - job.left_at < FOLLOWED_SECONDS:
            return
        alone = all(seen <= job.left_at for seen in job.followers.values())
        job.left_at = None
        if alone:
            self._halt(job)

    def _halt(self, job: _Job) -> None:
        share = f"{job.status.fraction:.0%}".replace("%", "\u202f%")
        job.status = replace(job.status, state="arrete", text=f"Calcul arrêté à {share}")
        self._interrupt(job)

    def wait(self, key: str, timeout: float | None = None) -> Status:
        """Block until the job ends, is cancelled, or ``timeout`` seconds have passed; its status then."""
        with self._lock:
            job = self._jobs.get(key)
        if job is not None:
            job.done.wait(timeout)
        return self.status(key)

    def result(self, key: str) -> Any:
        """What a finished job gave.

        Raises
        ------
        JobFailed
            The job is unknown or not finished, or its process died.
        Exception
            Whatever the function raised.
        """
        with self._lock:
            job = self._jobs.get(key)
            if job is None or job.cancelled or job.status.running:
                raise JobFailed("Le calcul n’est pas terminé.", remede="Attendez sa fin, ou relancez-le.")
            self._jobs.move_to_end(key)
            if job.error is not None:
                raise job.error
            return job.result

    def cancel(self, key: str) -> bool:
        """Stop a job and forget it, result included; True when there was something to forget."""
        with self._lock:
            job = self._jobs.pop(key, None)
            if job is None:
                return False
            self._interrupt(job)
            return True

    def forget_of(self, traces: Collection[str]) -> None:
        """Stop and drop the jobs of erased datasets, by their traces, and those whose dataset is not known."""
        with self._lock:
            for key in [key for key, job in self._jobs.items() if job.owner is None or job.owner in traces]:
                self.cancel(key)

    def forget_finished(self) -> None:
        """Drop every result and failure: what was computed from deleted data must not outlive them."""
        with self._lock:
            for key in [key for key, job in self._jobs.items() if not job.status.running]:
                del self._jobs[key]

    def shutdown(self) -> None:
        """Kill the computing process, forget the jobs that had not ended and refuse new ones."""
        with self._lock:
            self._closed = True
            for key in [key for key, job in self._jobs.items() if job.status.running]:
                self.cancel(key)
            self._kill()
            self._queue.put(None)
            thread = self._thread
        if thread is not None:
            thread.join(JOIN_SECONDS)

    def _interrupt(self, job: _Job) -> None:
        job.cancelled = True
        job.call = b""
        if job is self._current:
            self._kill()
        job.done.set()

    def _start_thread(self) -> None:
        if self._thread is None or not self._thread.is_alive():
            if self._current is not None:  # it was being followed by a thread that is no more
                self._end(self._current, error=_stopped())
            self._thread = threading.Thread(target=self._dispatch, name="calculs", daemon=True)
            self._thread.start()

    def _dispatch(self) -> None:
        """Thread of the server that hands the jobs over, one at a time; nothing that befalls one ends it."""
        while (job := self._queue.get()) is not None:
            try:
                begun = self._begin(job)
                if begun is not None:
                    self._follow_to_its_end(job, *begun)
            except JobFailed as error:
                self._end(job, error=error)
            except (EOFError, OSError):
                self._end(job, error=_stopped())
                self._kill()
            except Exception:
                LOGGER.exception("Résultat illisible.")
                self._end(job, error=JobFailed("Le résultat du calcul est illisible.", remede="Relancez-le."))
                self._kill()

    def _begin(self, job: _Job) -> tuple[Connection, bytes] | None:
        """The line to the computing process and what to send; None for a job cancelled meanwhile.

        Under one lock: a job cancelled while the process starts must find it, and kill it.
        """
        with self._lock:
            if job.cancelled:
                return None
            self._current = job
            job.status = Status("en cours", 0.0, "Calcul en cours")
            if self._process is not None and self._process.poll() is not None:  # killed while it had nothing to do
                self._process = self._connection = None
            if self._connection is None:
                try:
                    self._process, self._connection = start_worker()
                except (OSError, subprocess.SubprocessError) as error:
                    LOGGER.warning("Le processus de calcul n’a pas pu démarrer (%s).", type(error).__name__)
                    raise JobFailed(
                        "Le calcul n’a pas pu démarrer, le serveur est peut-être trop chargé.",
                        remede="Relancez-le dans un instant.",
                    ) from error
            return self._connection, job.call

    def _follow_to_its_end(self, job: _Job, connection: Connection, call: bytes) -> None:
        connection.send_bytes(call)
        while not self._take(job, connection.recv()):
            pass

    def _take(self, job: _Job, message: tuple[Any, ...]) -> bool:
        """Record one message of the computing process; True when the job has ended."""
        kind, *content = message
        if kind == "avance":
            with self._lock:
                self._settle(job)
                if not job.cancelled:
                    job.pace.note(self._clock(), content[0])
                    job.status = Status("en cours", content[0], content[1] or job.status.text)
            return False
        if kind == "fini":
            self._end(job, result=content[0])
        else:
            self._end(job, error=content[0])
        return True

    def _end(self, job: _Job, *, result: Any = None, error: Exception | None = None) -> None:
        with self._lock:
            self._current = None
            if job.cancelled:
                return
            job.result, job.error, job.call = result, error, b""
            job.status = Status("fini", 1.0) if error is None else Status("echec", 1.0, _sentence(error))
            finished = [key for key, other in self._jobs.items() if not other.status.running]
            for key in finished[: max(len(finished) - self._max_finished, 0)]:
                del self._jobs[key]
            job.done.set()

    def _kill(self) -> None:
        """Kill the computing process; the next job starts another."""
        with self._lock:
            process, self._process, self._connection = self._process, None, None
        if process is not None:
            kill_worker(process)


def _pickled(function: Callable[..., Any], args: tuple[Any, ...], options: dict[str, Any]) -> bytes:
    if getattr(function, "__module__", None) == "__main__":
        raise JobFailed("Ce calcul est défini dans une page : un autre processus ne peut pas l’importer.")
    try:
        return pickle.dumps((function, args, options))
    except _NOT_PICKLABLE as error:
        raise JobFailed(f"Ce calcul ne peut pas être confié à un autre processus ({error}).") from error


def _stopped() -> JobFailed:
    return JobFailed("Le calcul s’est arrêté brutalement.", remede="Relancez-le.")


def _sentence(error: Exception) -> str:
    """What the screen says of a failure; the traceback of an unforeseen one is in the log, not on the screen."""
    return str(error) if isinstance(error, PaliersError) else "Le calcul a échoué."


_INSTANCES: weakref.WeakSet[Jobs] = weakref.WeakSet()


def shutdown_all() -> None:
    """Stop every computing process of this server; called when it exits."""
    for jobs in list(_INSTANCES):
        jobs.shutdown()
