"""What the kernel can take away from a process that reads a stranger's file; runs there, standard library only.

Each function returns whether it applied: a system that lacks one keeps the others, and the parent watches in any case.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterable
from pathlib import Path

try:
    import fcntl
    import resource
except ImportError:  # Windows: the watching parent is the only limit
    fcntl = resource = None

_NEW_USER, _NEW_NETWORK = 0x10000000, 0x40000000
_SET_DUMPABLE, _SET_NO_NEW_PRIVILEGES = 4, 38
_CAPABILITY_VERSION = 0x20080522
_MAX_OPEN_FILES = 128
_MAX_PROCESSES = 64
_SET_SIGNAL = 10  # F_SETSIG, which the standard library does not name
#: Address space beyond the memory allowed: stacks of threads and freed blocks are not memory in use.
_SLACK = 192 << 20

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_READ = (1 << 2) | (1 << 3)  # files, folders
_EXECUTE = 1 << 0
#: Rights on files that each version of Landlock knows (a version adds bits, never removes them).
_RIGHTS = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 5: (1 << 16) - 1}
_NETWORK_RIGHTS, _SCOPES = 0b11, 0b11
_NETWORK_VERSION, _SCOPE_VERSION = 4, 6


def _libc() -> ctypes.CDLL | None:
    return ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def enter() -> tuple[str, ...]:
    """Give up what reading a file never needs; to be called before any thread exists.

    Returns
    -------
    tuple of str
        What applied: "privileges" (none can be gained), "reseau" (no network interface), "capacites".
    """
    if resource is not None:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    libc = _libc()
    if libc is None:
        return ()
    libc.prctl(_SET_DUMPABLE, 0, 0, 0, 0)
    applied = []
    if libc.prctl(_SET_NO_NEW_PRIVILEGES, 1, 0, 0, 0) == 0:
        applied.append("privileges")
    # A user namespace of its own is what lets an ordinary user leave the network.
    if libc.unshare(_NEW_USER | _NEW_NETWORK) == 0:
        applied.append("reseau")
        resource.setrlimit(resource.RLIMIT_NPROC, (_MAX_PROCESSES, _MAX_PROCESSES))  # counted inside the namespace
    if _drop_capabilities(libc):
        applied.append("capacites")
    return tuple(applied)


def _drop_capabilities(libc: ctypes.CDLL) -> bool:
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION, 0)
    nothing = (ctypes.c_uint32 * 6)()
    return libc.capset(header, nothing) == 0


def limit(*, memory_bytes: int, cpu_seconds: float, file_bytes: int) -> tuple[str, ...]:
    """Cap what the process may still take, beyond what it already holds.

    Parameters
    ----------
    memory_bytes : int
        Memory beyond that of now. Counted as data (private writable pages): the address space that libraries reserve
        without using it is several times larger and says nothing.
    cpu_seconds : float
        Computing time beyond that of now.
    file_bytes : int
        Largest file that may be written.
    """
    if resource is None:
        return ()
    used = resource.getrusage(resource.RUSAGE_SELF)
    seconds = int(used.ru_utime + used.ru_stime + cpu_seconds + 1)
    _lower(resource.RLIMIT_CPU, seconds, seconds + 2)
    _lower(resource.RLIMIT_FSIZE, file_bytes)
    _lower(resource.RLIMIT_NOFILE, _MAX_OPEN_FILES)
    applied = ["calcul", "disque"]
    data = _data_bytes()
    if data is not None:
        _lower(resource.RLIMIT_DATA, data + memory_bytes + _SLACK)
        applied.append("memoire")
    return tuple(applied)


def _lower(kind: int, soft: int, hard: int | None = None) -> None:
    """Set a limit, never above what the system already imposes."""
    ceiling = resource.getrlimit(kind)[1]
    wanted = [soft, soft if hard is None else hard]
    if ceiling != resource.RLIM_INFINITY:
        wanted = [min(w, ceiling) for w in wanted]
    resource.setrlimit(kind, tuple(wanted))


def _data_bytes() -> int | None:
    try:
        status = Path("/proc/self/status").read_text("ascii", errors="replace")
    except OSError:
        return None
    line = next((line for line in status.splitlines() if line.startswith("VmData:")), None)
    return None if line is None else int(line.split()[1]) << 10


def restrict_files(*, read: Iterable[str], write: str) -> tuple[str, ...]:
    """Leave only some folders readable and one writable, when the kernel has Landlock.

    Parameters
    ----------
    read : iterable of str
        Files and folders that stay readable; one that does not exist is passed over.
    write : str
        The one folder that may be changed.

    Returns
    -------
    tuple of str
        "fichiers" when it applied; with it no connection either, and no signal to a process outside.
    """
    libc = _libc()
    version = libc.syscall(_CREATE_RULESET, None, 0, 1) if libc is not None else 0
    if version < 1:
        return ()
    rights = _RIGHTS[max(v for v in _RIGHTS if v <= version)]
    attributes = [rights]
    if version >= _NETWORK_VERSION:
        attributes.append(_NETWORK_RIGHTS)
    if version >= _SCOPE_VERSION:
        attributes.append(_SCOPES)
    packed = (ctypes.c_uint64 * len(attributes))(*attributes)
    ruleset = libc.syscall(_CREATE_RULESET, packed, ctypes.sizeof(packed), 0)
    if ruleset < 0:
        return ()
    try:
        for path in read:
            _allow(libc, ruleset, path, (_READ | _EXECUTE) & rights)
        _allow(libc, ruleset, write, rights & ~_EXECUTE)
        done = libc.syscall(_RESTRICT_SELF, ruleset, 0) == 0
    finally:
        os.close(ruleset)
    return ("fichiers",) if done else ()


def _allow(libc: ctypes.CDLL, ruleset: int, path: str, rights: int) -> None:
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        if not os.path.isdir(path):
            rights &= ~(1 << 3)  # a file has no list of files
        rule = rights.to_bytes(8, sys.byteorder) + place.to_bytes(4, sys.byteorder)
        if libc.syscall(_ADD_RULE, ruleset, 1, ctypes.c_char_p(rule), 0) != 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), path)
    finally:
        os.close(place)


def die_with(pipe: int) -> tuple[str, ...]:
    """Have the kernel kill the whole group of this process when the other end of a pipe closes.

    Unlike a thread that waits for the end of the pipe, it works while a library holds the interpreter.
    """
    if sys.platform != "linux":
        return ()
    # The owner first: the signal must never find none.
    fcntl.fcntl(pipe, fcntl.F_SETOWN, -os.getpgrp())
    fcntl.fcntl(pipe, _SET_SIGNAL, 9)
    fcntl.fcntl(pipe, fcntl.F_SETFL, fcntl.fcntl(pipe, fcntl.F_GETFL) | os.O_ASYNC)
    return ("parent",)
