"""Files named by the SHA-256 of what they hold: written beside, flushed, checked, renamed; checked again when read."""

from __future__ import annotations

import hashlib
import io
import os
import re
import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from analytics.errors import ReadError
from data.store.errors import StoreError, damaged
from data.store.paths import make_folder, objects

_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Kept:
    """A file to keep: its digest, size and rows, and where its bytes are (in memory or on the disk)."""

    sha256: str
    size: int
    rows: int
    data: bytes | Path


def encode(frame: pd.DataFrame) -> Kept:
    """A table as Parquet."""
    buffer = io.BytesIO()
    frame.to_parquet(buffer, index=False, compression="zstd")
    data = buffer.getvalue()
    return Kept(hashlib.sha256(data).hexdigest(), len(data), len(frame), data)


def examine(path: Path) -> Kept:
    """A Parquet file already on the disk.

    Raises
    ------
    ReadError
        It is not a Parquet file.
    """
    try:
        rows = pq.read_metadata(path).num_rows
    except pa.ArrowException as error:
        raise ReadError("Le fichier des lignes n’est pas un fichier Parquet.") from error
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return Kept(digest, path.stat().st_size, rows, path)


def path_of(digest: object, folder: Path | None = None) -> Path:
    """Where the file of this digest is: in the store, or in a folder of the same shape.

    Raises
    ------
    ReadError
        Not a digest: a manifest cannot point outside the store.
    """
    if not isinstance(digest, str) or not _DIGEST.fullmatch(digest):
        raise damaged()
    return (folder or objects()) / f"{digest}.parquet"


def keep(kept: Kept) -> Path | None:
    """Write a file unless it is already there; return its path when it is new. The folder is left to be flushed."""
    path = path_of(kept.sha256)
    if _holds(path, kept):
        return None
    write_beside(path, kept.data, kept.sha256)
    return path


def _holds(path: Path, kept: Kept) -> bool:
    """Whether the file is there and still what it was: one that the disk has spoiled is written again."""
    if not path.is_file() or path.stat().st_size != kept.size:
        return False
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest() == kept.sha256


def write_beside(path: Path, data: bytes | Path, digest: str) -> None:
    """Write beside, flush to the disk, check, then rename: a reader sees the whole file or none."""
    make_folder(path.parent)
    part = path.with_name(f"{path.name}.{secrets.token_hex(8)}.part")
    try:
        _put(data, part)
        with part.open("rb+") as stream:
            os.fsync(stream.fileno())
            if hashlib.file_digest(stream, "sha256").hexdigest() != digest:
                raise StoreError(
                    "Le disque n’a pas rendu ce qui y a été écrit : rien n’a été enregistré.",
                    remede="Vérifiez le disque, puis recommencez.",
                )
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def _put(data: bytes | Path, part: Path) -> None:
    if isinstance(data, bytes):
        part.write_bytes(data)
        return
    try:
        os.link(data, part)  # no second copy of a large file
    except OSError:  # another disk, or a system without links
        shutil.copyfile(data, part)


def read_table(digest: object, folder: Path | None = None) -> pd.DataFrame:
    """Table of a digest.

    Raises
    ------
    ReadError
        The file is missing, or is no longer what it was.
    """
    path = path_of(digest, folder)
    if path.is_symlink() or not path.is_file():
        raise damaged()
    try:
        data = path.read_bytes()
        if hashlib.sha256(data).hexdigest() != digest:
            raise damaged()
        frame = pd.read_parquet(io.BytesIO(data))
    except (OSError, pa.ArrowException) as error:
        raise damaged() from error
    return frame if len(frame.columns) else pd.DataFrame()
