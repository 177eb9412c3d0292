"""What the parent of a confined process sees from outside: memory and number of processes of its group."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

_OWN_MEMORY = ("RssAnon:", "RssShmem:")


def memory_of(pid: int) -> int:
    """Bytes of memory of a process that belong to it alone; 0 when it is gone or cannot be seen.

    Pages of the files it maps are left out: the system takes them back when it wants.
    """
    if sys.platform != "linux":
        return _memory_by_ps(pid)
    try:
        lines = Path(f"/proc/{pid}/status").read_text("ascii", errors="replace").splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) << 10 for line in lines if line.startswith(_OWN_MEMORY))


def _memory_by_ps(pid: int) -> int:
    if os.name != "posix":
        return 0
    answer = subprocess.run(  # noqa: S603  fixed program, a number as argument
        ["/bin/ps", "-o", "rss=", "-p", str(pid)], capture_output=True, check=False, timeout=5
    )
    text = answer.stdout.strip()
    return int(text) << 10 if text.isdigit() else 0


def group_of(leader: int) -> tuple[int, ...]:
    """Processes of the session that a process leads, itself included; only itself where the system does not say."""
    found = {leader}
    if sys.platform == "linux":
        for entry in os.scandir("/proc"):
            if entry.name.isdigit() and _session(entry.name) == leader:
                found.add(int(entry.name))
    return tuple(found)


def _session(pid: str) -> int:
    try:
        stat = Path("/proc", pid, "stat").read_text("ascii", errors="replace")
    except OSError:
        return 0
    return int(stat.rpartition(")")[2].split()[3])  # state, parent, group, session


def kill_group(leader: int) -> None:
    """Kill a process, its group and what left the group inside the same session."""
    if os.name != "posix":
        with contextlib.suppress(OSError):
            os.kill(leader, signal.SIGTERM)
        return
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)
    for pid in group_of(leader):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)
