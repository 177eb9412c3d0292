"""Folders of the uploads: bytes received whole or not at all, and a small record beside them."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import io
import json
import os
import re
import secrets
import shutil
import stat
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from os import PathLike
from pathlib import Path
from typing import Any, BinaryIO

from analytics.errors import ReadError
from analytics.french import THIN, format_number
from data.sandbox.messages import clean

SOURCE, RECORD, REPORT = "source", "depot.json", "report.json"
#: Largest file received unless the caller says otherwise.
LIMIT_BYTES = 8 << 30
_NAME = re.compile(r"[A-Za-z0-9_-]{22}")
#: What stays free on the disk: the server still has to write what it makes of the file.
_KEPT_FREE = 64 << 20
_PIECE = 1 << 20
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class Reception:
    """One file being received piece by piece; either :meth:`finish` succeeds or nothing is left.

    Parameters
    ----------
    root : pathlib.Path
        Folder of the uploads.
    name : str
        Name of the file, as its owner calls it.
    limit_bytes : int
        Largest size accepted.
    """

    def __init__(self, root: Path, name: str, *, limit_bytes: int = LIMIT_BYTES) -> None:
        self.token = secrets.token_urlsafe(16)
        self.size = 0
        self._name, self._limit = short_name(name), limit_bytes
        self._folder = root / self.token
        self._part = self._folder / f"{SOURCE}.part"
        self._digest, self._newlines, self._last, self._start = hashlib.sha256(), 0, b"", b""
        with _told_in_french():
            self._folder.mkdir(parents=True, mode=0o700)
            self._stream = self._part.open("wb")

    def __enter__(self) -> Reception:
        return self

    def __exit__(self, *_error: object) -> None:
        if not self._stream.closed:  # neither finished nor abandoned: something failed in between
            self.abandon()

    def write(self, piece: bytes) -> None:
        """Add bytes.

        Raises
        ------
        ReadError
            The file is larger than the limit, or the disk is full; what was received is erased.
        """
        self.size += len(piece)
        try:
            if self.size > self._limit:
                raise _too_large(self._limit)
            with _told_in_french():
                if self.size % (64 * _PIECE) < len(piece) and shutil.disk_usage(self._folder).free < _KEPT_FREE:
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                self._stream.write(piece)
        except ReadError:
            self.abandon()
            raise
        self._digest.update(piece)
        self._newlines += piece.count(b"\n")
        self._last = piece[-1:] or self._last
        self._start = self._start or piece[:4]

    def finish(self) -> str:
        """Put the file on the disk for good and return the name of its folder.

        Raises
        ------
        ReadError
            The disk is full; nothing is left.
        """
        try:
            with _told_in_french():
                self._stream.flush()
                os.fsync(self._stream.fileno())
                self._stream.close()
                os.replace(self._part, self._folder / SOURCE)
                write_json(self._folder / RECORD, self._record())
        except ReadError:
            self.abandon()
            raise
        return self.token

    def abandon(self) -> None:
        """Erase what was received."""
        with contextlib.suppress(OSError):  # closing flushes, which a full disk refuses once more
            self._stream.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _record(self) -> dict[str, Any]:
        plain = not self._start.startswith((b"\x1f\x8b", b"PK", b"PAR1", b"\xd0\xcf"))
        lines = self._newlines + (self._last != b"\n") if plain and self.size else None
        return {
            "name": self._name,
            "size": self.size,
            "lines": lines,
            "sha256": self._digest.hexdigest(),
            "received_at": datetime.now(UTC).isoformat(),
            "state": "recu",
            "answers": {},
            "attempt": 0,
        }


Source = bytes | PathLike[str] | BinaryIO | Iterable[bytes]


def pieces_of(source: Source) -> Iterator[bytes]:
    """Pieces of bounded size of bytes, of a path, of an open file, or of bytes that arrive."""
    if isinstance(source, PathLike):
        with open(source, "rb") as stream:
            yield from _read_pieces(stream)
    elif isinstance(source, (bytes, bytearray, memoryview)):
        yield from _read_pieces(io.BytesIO(source))
    elif hasattr(source, "read"):
        yield from _read_pieces(source)
    else:
        for chunk in source:
            yield from _read_pieces(io.BytesIO(chunk))


def _read_pieces(stream: BinaryIO) -> Iterator[bytes]:
    while piece := stream.read(_PIECE):
        yield piece


def folder_of(root: Path, token: str) -> Path:
    """Folder of an upload.

    Raises
    ------
    ReadError
        Malformed name, or no such upload.
    """
    if not isinstance(token, str) or not _NAME.fullmatch(token) or not (root / token / RECORD).is_file():
        raise ReadError("Ce dépôt n’existe pas ou plus.", remede="Déposez de nouveau le fichier.")
    return root / token


def short_name(name: str) -> str:
    """Name of a file without its folders, bounded; « Fichier déposé » when nothing is left of it."""
    return clean(re.split(r"[\\/]", str(name))[-1], 200).replace("\n", " ").strip() or "Fichier déposé"


def read_json(path: Path, *, largest: int = 16 << 20) -> dict[str, Any]:
    """A JSON object of ours; never through a link, never beyond a size.

    Raises
    ------
    ReadError
        Missing, damaged or too large.
    """
    try:
        content = json.loads(read_plain(path, largest=largest))
    except (OSError, ValueError, RecursionError) as error:
        raise damaged() from error
    if not isinstance(content, dict):
        raise damaged()
    return content


def damaged() -> ReadError:
    """The error of an upload that is no longer what was written."""
    return ReadError("Ce dépôt est abîmé sur le disque.", remede="Déposez de nouveau le fichier.")


def read_plain(path: Path, *, largest: int) -> bytes:
    """Bytes of a regular file that is not a link.

    Raises
    ------
    OSError
    ValueError
        Not a regular file, or larger than `largest`.
    """
    place = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    with os.fdopen(place, "rb") as stream:
        about = os.fstat(stream.fileno())
        if not stat.S_ISREG(about.st_mode) or about.st_size > largest:
            raise ValueError("not a plain file of a reasonable size")
        return stream.read()


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write beside, flush to the disk, then rename."""
    part = path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")
    try:
        with part.open("w", encoding="utf-8") as stream:
            json.dump(content, stream, ensure_ascii=False)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def old_folders(root: Path, seconds: float) -> Iterator[Path]:
    """Folders of uploads that nobody touched for a time, half received ones included."""
    if not root.is_dir():
        return
    for folder in root.iterdir():
        if folder.is_dir() and _NAME.fullmatch(folder.name):
            with contextlib.suppress(FileNotFoundError):
                touched = max(p.stat().st_mtime for p in (folder, *folder.glob("*")))
                if touched < time.time() - seconds:
                    yield folder


@contextlib.contextmanager
def _told_in_french() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise ReadError(
                "Le disque du serveur est plein : le fichier n’a pas été gardé.",
                remede="Libérez de la place, ou prévenez la personne qui administre Paliers, puis recommencez.",
            ) from error
        raise ReadError(
            "Le fichier n’a pas pu être écrit sur le serveur.",
            remede="Prévenez la personne qui administre Paliers : son dossier de données n’est pas accessible.",
        ) from error


def _too_large(limit: int) -> ReadError:
    return ReadError(
        f"Le fichier dépasse {format_number(limit / (1 << 20))}{THIN}Mo : il n’est pas reçu.",
        remede="Déposez un fichier plus petit, par exemple une année à la fois, ou compressez-le en .gz.",
    )
