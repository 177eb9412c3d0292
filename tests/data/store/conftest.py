"""The same tests on SQLite and on PostgreSQL: a server is started when its binaries are on the machine."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from data import load_dataset, store

FILE = (
    "mois;poste;prestations;cotisation_ht\n03/04/2024;Optique;10,5;7\n05/06/2024;Dentaire;x;8\n"
    "05/06/2024;Dentaire;2;8\n05/06/2024;Autre;2;8\n"
)


class Postgres:
    """A server of our own on a Unix socket, run by an ordinary user: it refuses root."""

    def __init__(self, binaries: Path, folder: Path, user: str) -> None:
        self.binaries, self.folder, self.user = binaries, folder, user
        self.url = f"postgresql://paliers@/paliers?host={folder}"

    def run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [self.binaries / program, *arguments],
            **({"user": self.user, "group": pwd.getpwnam(self.user).pw_gid, "extra_groups": []} if self.user else {}),
            env={"LC_ALL": "C", "PATH": os.environ["PATH"]},
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,  # a pipe would stay open in the server
            stderr=subprocess.DEVNULL,
            timeout=60,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"{program} : code {done.returncode}")

    def start(self) -> None:
        options = f"-k {self.folder} -c listen_addresses= -c fsync=off -c max_connections=30"
        self.run("pg_ctl", "-D", f"{self.folder}/base", "-w", "-l", f"{self.folder}/journal", "-o", options, "start")

    def stop(self, mode: str = "fast") -> None:
        self.run("pg_ctl", "-D", f"{self.folder}/base", "-w", "-m", mode, "stop")

    def sql(self, text: str, database: str = "paliers") -> None:
        import psycopg

        with psycopg.connect(f"host={self.folder} user=paliers dbname={database}", autocommit=True) as connection:
            connection.execute(text)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """The server; a test that needs it is skipped, and says so, when it is absent."""
    pytest.importorskip("psycopg", reason="psycopg is not installed")
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    binary = str(found[-1]) if found else shutil.which("initdb")
    if binary is None:
        pytest.skip("PostgreSQL binaries not found")
    user = ""
    folder = Path(tempfile.mkdtemp(prefix="paliers-pg-"))
    if os.getuid() == 0:
        user = next(u for u in ("postgres", "nobody") if any(p.pw_name == u for p in pwd.getpwall()))
        shutil.chown(folder, user)
    server = Postgres(Path(binary).parent, folder, user)
    try:
        server.run("initdb", "-D", f"{folder}/base", "-U", "paliers", "-A", "trust", "-E", "UTF8", "--no-sync")
        server.start()
        server.sql("CREATE DATABASE paliers", "postgres")
        yield server
    finally:
        with contextlib.suppress(RuntimeError):
            server.stop("immediate")
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=["sqlite", "postgresql"])
def paliers_home(request, tmp_path, monkeypatch) -> Iterator[Path]:
    """An empty folder of data and an empty database, of one kind then of the other."""
    monkeypatch.setenv("PALIERS_HOME", str(tmp_path / "paliers"))
    monkeypatch.delenv("PALIERS_DATABASE", raising=False)
    monkeypatch.delenv("PALIERS_RETENTION", raising=False)
    if request.param == "postgresql":
        server = request.getfixturevalue("postgres")
        server.sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        monkeypatch.setenv("PALIERS_DATABASE", server.url)
    yield tmp_path / "paliers"
    store.close()


@pytest.fixture
def sqlite_home(tmp_path, monkeypatch) -> Iterator[Path]:
    """An empty folder of data with SQLite, for what is true of files only."""
    monkeypatch.setenv("PALIERS_HOME", str(tmp_path / "paliers"))
    monkeypatch.delenv("PALIERS_DATABASE", raising=False)
    yield tmp_path / "paliers"
    store.close()


@pytest.fixture
def small_disk(tmp_path, monkeypatch) -> Iterator[Path]:
    """A real disk of two megabytes, in memory, with the folder of the data on it."""
    disk = tmp_path / "disque"
    disk.mkdir()
    try:
        mount("-t", "tmpfs", "-o", "size=2m", "none", disk)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("a small disk cannot be mounted here")
    monkeypatch.setenv("PALIERS_HOME", str(disk / "paliers"))
    monkeypatch.delenv("PALIERS_DATABASE", raising=False)
    yield disk
    store.close()
    subprocess.run(["umount", disk], check=True, capture_output=True, timeout=20)


@pytest.fixture
def remount(small_disk):
    """Forbid ("ro") or allow ("rw") writing on the small disk."""
    return lambda how: mount("-o", f"remount,{how}", small_disk)


def mount(*arguments: str | Path) -> None:
    subprocess.run(["mount", *arguments], check=True, capture_output=True, timeout=20)


@pytest.fixture
def dataset():
    answers = {"date_basis": "soins", "ordre_date:mois": "jour_mois"}
    return load_dataset(FILE.encode(), name="essai.csv", mapping=answers)
