"""A measure alone in its own process: its time, its memory, what it found."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks import ROOT


def measure(call: Callable[[], dict]) -> dict:
    """What a call found, with its cost.

    Parameters
    ----------
    call : callable
        Gives a dictionary of figures; libraries are imported before, so that their import is not counted.

    Returns
    -------
    dict
        The figures of the call, then ``secondes`` (wall), ``cpu`` (s) and ``ram`` (MiB, the most this process held).
    """
    start, before = time.perf_counter(), _cpu()
    found = call()
    seconds = time.perf_counter() - start
    return {**found, "secondes": seconds, "cpu": _cpu() - before, "ram": peak_ram()}


def peak_ram() -> float:
    """Most memory this process ever held, in MiB.

    On Linux ``ru_maxrss`` also counts the parent at the time of the fork: the kernel’s own line does not.
    """
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) / 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024 * 1024 if sys.platform == "darwin" else 1024)


def run_child(module: str, *arguments: object, python: str | Path = sys.executable, seconds: float = 1800) -> dict:
    """The JSON object that a module prints last, run alone.

    Parameters
    ----------
    module : str
        Run with ``-m`` from the root of the project.
    *arguments : object
        Its arguments, as text.
    python : str or Path
        Interpreter: ours, or that of :func:`benchmarks.peers.find_python`.
    seconds : float
        Time allowed.

    Returns
    -------
    dict
        Its figures, or ``remarque`` alone, the reason why there are none.
    """
    command = [str(python), "-m", module, *map(str, arguments)]
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=seconds, check=False)
    except subprocess.TimeoutExpired:
        return {"remarque": f"arrêté au bout de {seconds:.0f} s"}
    if done.returncode:
        told = [line for line in done.stderr.splitlines() if "Error" in line or "Exception" in line]
        return {"remarque": (told or ["processus arrêté"])[-1][:110]}
    return json.loads(done.stdout.splitlines()[-1])


def _cpu() -> float:
    spent = resource.getrusage(resource.RUSAGE_SELF)
    return spent.ru_utime + spent.ru_stime
