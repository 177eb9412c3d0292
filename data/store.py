"""Datasets on disk: tables as content-addressed Parquet, one manifest per dataset, found by an unguessable token."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import re
import secrets
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pyarrow as pa

try:
    import fcntl
except ImportError:  # Windows: one server at a time writes there, and the thread lock is enough for it
    fcntl = None

from analytics.errors import ReadError
from analytics.schema import Dataset

VERSION = 1
_THREADS = threading.Lock()
_TOKEN = re.compile(r"[A-Za-z0-9_-]{22}")
_FRAMES = ("cotisation", "prestation", "findings", "rejected", "left_out")
_PLAIN = ("base", "date_basis", "source", "fingerprint", "mapping", "dialect", "labels", "value_labels", "is_demo")


@dataclass(frozen=True)
class Recent:
    """One dataset of the store.

    Attributes
    ----------
    token : str
        What :func:`load` and :func:`delete` take; whoever holds it may read the data.
    source : str
        Name of the file.
    saved_at : str
        Date and time of saving, ISO 8601, UTC.
    rows : int
        Rows of the two tables.
    is_demo : bool
    """

    token: str
    source: str
    saved_at: str
    rows: int
    is_demo: bool


def home() -> Path:
    """Folder of the data: $PALIERS_HOME, or `.paliers` in the project."""
    return Path(os.environ.get("PALIERS_HOME") or Path(__file__).resolve().parents[1] / ".paliers")


def save(dataset: Dataset) -> str:
    """Keep a dataset and return its token of 128 random bits.

    Raises
    ------
    OSError
        The folder cannot be written; nothing is then left that :func:`load` would take for a dataset.
    """
    token = secrets.token_urlsafe(16)
    with _locked():
        write_manifest(dataset, _manifest(token))
    return token


def load(token: str) -> Dataset:
    """Dataset of a token.

    Raises
    ------
    ReadError
        Unknown or malformed token, or a file that is missing or damaged.
    """
    return read_manifest(_manifest(token))


def exists(token: str) -> bool:
    """Whether a dataset has this token, without reading it."""
    return bool(_TOKEN.fullmatch(token)) and _manifest(token).is_file()


def delete(token: str) -> None:
    """Forget a dataset, and erase the tables that no other dataset uses.

    Raises
    ------
    ReadError
        Unknown or malformed token.
    """
    path = _manifest(token)
    with _locked():
        if not path.exists():
            raise _unknown()
        path.unlink()
        used = {h for m in home().glob("*/*.json") for h in _hashes(m)}
        for stored in (home() / "objects").glob("*"):
            if stored.stem not in used:
                stored.unlink()


def recent(limit: int = 20) -> tuple[Recent, ...]:
    """The last datasets saved, newest first; a damaged one is not listed."""
    found = []
    for path in (home() / "datasets").glob("*.json"):
        with contextlib.suppress(ReadError):
            content = _read_json(path)
            rows = sum(content["tables"][t]["rows"] for t in ("cotisation", "prestation"))
            found.append(Recent(path.stem, content["source"], content["saved_at"], rows, content["is_demo"]))
    return tuple(sorted(found, key=lambda r: r.saved_at, reverse=True)[:limit])


def write_manifest(dataset: Dataset, path: Path) -> None:
    """Write the tables, then the manifest that names them: a manifest on disk is always complete."""
    tables = {name: _write_table(getattr(dataset, name)) for name in _FRAMES}
    content = {name: _plain(getattr(dataset, name)) for name in _PLAIN} | {
        "version": VERSION,
        "saved_at": datetime.now(UTC).isoformat(),
        "as_of": None if dataset.as_of is None else dataset.as_of.isoformat(),
        "tables": tables,
    }
    _write_atomically(path, json.dumps(content, ensure_ascii=False).encode("utf-8"))


def read_manifest(path: Path) -> Dataset:
    """Dataset of a manifest.

    Raises
    ------
    ReadError
        A file is missing or damaged, or was written by another version.
    """
    content = _read_json(path)
    try:
        frames = {name: _read_table(content["tables"][name]["sha256"]) for name in _FRAMES}
        plain = {name: content[name] for name in _PLAIN}
        as_of = None if content["as_of"] is None else pd.Timestamp(content["as_of"])
    except (KeyError, TypeError, ValueError) as error:
        raise _damaged() from error
    plain["dialect"] = {k: tuple(v) if isinstance(v, list) else v for k, v in plain["dialect"].items()}
    return Dataset(**frames, **plain, as_of=as_of)


def _manifest(token: str) -> Path:
    if not isinstance(token, str) or not _TOKEN.fullmatch(token):
        raise _unknown()
    return home() / "datasets" / f"{token}.json"


def _unknown() -> ReadError:
    return ReadError("Ce jeu de données n’existe pas ou a été supprimé.", remede="Déposez de nouveau le fichier.")


def _damaged() -> ReadError:
    return ReadError(
        "Ce jeu de données est abîmé sur le disque.", remede="Supprimez-le et déposez de nouveau le fichier."
    )


def _read_json(path: Path) -> dict:
    try:
        content = json.loads(path.read_bytes())
    except FileNotFoundError as error:
        raise _unknown() from error
    except (OSError, ValueError) as error:
        raise _damaged() from error
    if (
        not isinstance(content, dict)
        or content.get("version") != VERSION
        or not isinstance(content.get("tables"), dict)
    ):
        raise _damaged()
    return content


def _hashes(path: Path) -> set[str]:
    """Tables named by a manifest; a damaged one cannot be loaded, so it keeps nothing."""
    with contextlib.suppress(ReadError):
        return {t["sha256"] for t in _read_json(path)["tables"].values()}
    return set()


def _plain(value: object) -> object:
    return dict(value) if hasattr(value, "items") else value


def _write_table(frame: pd.DataFrame) -> dict[str, object]:
    buffer = io.BytesIO()
    frame.to_parquet(buffer, index=False, compression="zstd")
    data = buffer.getvalue()
    digest = hashlib.sha256(data).hexdigest()
    path = home() / "objects" / f"{digest}.parquet"
    if not path.exists():
        _write_atomically(path, data)
    return {"sha256": digest, "rows": len(frame)}


def _read_table(digest: str) -> pd.DataFrame:
    if not re.fullmatch(r"[0-9a-f]{64}", str(digest)):
        raise _damaged()
    try:
        data = (home() / "objects" / f"{digest}.parquet").read_bytes()
        if hashlib.sha256(data).hexdigest() != digest:
            raise _damaged()
        frame = pd.read_parquet(io.BytesIO(data))
    except (OSError, pa.ArrowException) as error:
        raise _damaged() from error
    return frame if len(frame.columns) else pd.DataFrame()


def _write_atomically(path: Path, data: bytes) -> None:
    """Write beside, flush to the disk, then rename: a reader sees the whole file or none."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = path.with_name(f"{path.name}.{secrets.token_hex(8)}.part")
    try:
        with part.open("wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
    if os.name != "posix":  # a folder cannot be opened there, nor does it need to be
        return
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


@contextlib.contextmanager
def _locked() -> Iterator[None]:
    """One writer at a time, in this process and in others: a table being shared is not erased meanwhile."""
    home().mkdir(parents=True, exist_ok=True, mode=0o700)
    with _THREADS, (home() / ".lock").open("w") as lock:
        if fcntl is not None:
            fcntl.flock(lock, fcntl.LOCK_EX)  # released when the file is closed
        yield
