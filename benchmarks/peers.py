"""The environment of the peers that refuse our pins, made once from ``requirements-peers.txt``."""

from __future__ import annotations

import functools
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from benchmarks import Absent

REQUIREMENTS = Path(__file__).with_name("requirements-peers.txt")
#: Signs, in what pip says, that the index was not reached.
_UNREACHED = ("NewConnectionError", "NameResolutionError", "ConnectTimeout", "ProxyError", "Network is unreachable")


def find_python() -> Path:
    """Interpreter of the peers; the first call makes their environment, in the cache folder of the user.

    Raises
    ------
    Absent
        It could not be made: no network, or a requirement that does not install here.
    """
    python, reason = _prepare()
    if reason:
        raise Absent(reason)
    return python


def environment_folder(requirements: Path = REQUIREMENTS) -> Path:
    """Where they live: outside the project, one folder per content of the requirements and version of Python."""
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    version = "{}.{}".format(*sys.version_info)
    key = hashlib.sha256(requirements.read_bytes()).hexdigest()[:12]
    return home / "paliers" / f"peers-{version}-{key}"


@functools.cache
def _prepare() -> tuple[Path, str]:
    """Interpreter, and why it cannot be used: a failure is not tried again for every peer."""
    folder = environment_folder()
    python, ready = folder / "bin" / "python", folder / "ready"
    if ready.exists():
        return python, ""
    print(f"Installation des lecteurs comparés dans {folder} (une fois, une minute)", file=sys.stderr, flush=True)
    try:
        _run(sys.executable, "-m", "venv", "--clear", folder)
        _run(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", "--retries", "1",
             "-r", REQUIREMENTS)  # fmt: skip
    except (Absent, OSError) as error:
        shutil.rmtree(folder, ignore_errors=True)
        return python, f"{REQUIREMENTS.name} ne s’installe pas : {error}"
    ready.touch()
    return python, ""


def _run(*command: object) -> None:
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    if done.returncode:
        said = done.stdout + done.stderr
        if any(sign in said for sign in _UNREACHED):
            raise Absent("pas de réseau")
        raise Absent((said.strip().splitlines() or ["sans message"])[-1][:110])
