"""Bytes of a file of any size, opened under the caps of the readers, cut between two lines."""

from __future__ import annotations

import shutil
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from typing import BinaryIO

from analytics.errors import ReadError
from data.readers.archives import FREE_BYTES, MAX_RATIO

#: Texts of this size and more are read in constant memory.
LARGE = 24 << 20
#: Small enough to stay in the processor's cache: decoding is then twice as fast.
CHUNK = 1 << 20
#: A line longer than this is not a line of a table.
MAX_LINE = 16 << 20
#: Largest text accepted once decompressed.
MAX_TEXT = 64 << 30


class Unsuited(Exception):
    """A file that the fast path cannot read as exactly as the reading in memory would."""


def large_file(source: object, folder: Path, threshold: int) -> Path | None:
    """Path of a source to stream, bytes and streams being copied in `folder`; None for a small one.

    Parameters
    ----------
    source : path, bytes or binary file
    folder : pathlib.Path
        Where a copy may be written.
    threshold : int
        Bytes from which a source is large; a stream always is.
    """
    if isinstance(source, (str, PathLike)):
        path = Path(source)
        return path if path.is_file() and path.stat().st_size >= threshold else None
    copy = folder / "depot"
    if isinstance(source, (bytes, bytearray, memoryview)):
        if len(source) < threshold:
            return None
        copy.write_bytes(source)
        return copy
    if not hasattr(source, "read"):
        return None
    with copy.open("wb") as file:
        shutil.copyfileobj(source, file, CHUNK)
    return copy


@contextmanager
def open_stream(source: Path, *, watch: Callable[[bytes], None] | None = None) -> Iterator[tuple[BinaryIO, str]]:
    """Plain bytes of a file, and its compression; `watch` sees the bytes as they are on disk.

    Raises
    ------
    ReadError
        No such file, or a damaged archive.
    Unsuited
        An archive that only the reading in memory knows how to open or to refuse.
    """
    try:
        file = source.open("rb")
    except OSError as error:
        raise ReadError(
            f"Le fichier « {source.name} » ne peut pas être ouvert.",
            remede="Vérifiez qu’il existe et que vous avez le droit de le lire.",
        ) from error
    with file:
        start = file.read(4)
        file.seek(0)
        watched = _Watched(file, watch) if watch is not None else file
        if start.startswith(b"\x1f\x8b"):
            yield _Gunzip(watched, source.stat().st_size), "gzip"
        elif start == b"PK\x03\x04":
            with _opened_zip(file, source) as member:
                yield member, "zip"
        elif start in (b"PAR1", b"\xd0\xcf\x11\xe0", b"%PDF", b"Rar!"):
            raise Unsuited("classeur ou autre format")
        else:
            yield watched, ""


@contextmanager
def _opened_zip(file: BinaryIO, source: Path) -> Iterator[BinaryIO]:
    """The only text of a zip, refused when it grows like a bomb; `watch` cannot see it, whose end is read first."""
    try:
        with zipfile.ZipFile(file) as archive:
            members = [m for m in archive.infolist() if not m.is_dir() and not m.filename.startswith("__MACOSX/")]
            if len(members) != 1:
                raise Unsuited("archive de plusieurs fichiers, ou classeur")
            with archive.open(members[0]) as stream:
                yield _Capped(stream, _cap(source.stat().st_size))
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise ReadError(
            "L’archive zip est abîmée ou protégée par un mot de passe.",
            remede="Décompressez-la vous-même et déposez le CSV.",
        ) from error


def _cap(size: int) -> int:
    return min(MAX_TEXT, max(FREE_BYTES, MAX_RATIO * size))


def _refuse_growth() -> None:
    raise ReadError(
        "Une fois ouvert, le fichier grossit trop : il n’est pas lu.",
        remede="Déposez un fichier plus petit, par exemple une année à la fois.",
    )


class _Capped:
    """A stream that holds no more than what is said."""

    def __init__(self, stream: BinaryIO, limit: int) -> None:
        self._stream, self._left = stream, limit

    def read(self, size: int) -> bytes:
        chunk = self._stream.read(size)
        self._left -= len(chunk)
        if self._left < 0:
            _refuse_growth()
        return chunk


class _Watched:
    """A file whose every byte read is shown to someone."""

    def __init__(self, file: BinaryIO, watch: Callable[[bytes], None]) -> None:
        self._file, self._watch = file, watch

    def read(self, size: int) -> bytes:
        chunk = self._file.read(size)
        if chunk:
            self._watch(chunk)
        return chunk


class _Gunzip:
    """A gzip read piece by piece, refused when it grows like a bomb."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file, self._member, self._rest = file, zlib.decompressobj(wbits=31), b""
        self._left = _cap(size)

    def read(self, size: int) -> bytes:
        while True:
            if not self._rest and not (piece := self._file.read(CHUNK)):
                return self._ended()
            self._rest = self._rest or piece
            if self._member.eof:
                if not self._rest.startswith(b"\x1f\x8b"):
                    return b""
                self._member = zlib.decompressobj(wbits=31)
            out = self._inflate(size)
            if out:
                return out

    def _inflate(self, size: int) -> bytes:
        try:
            out = self._member.decompress(self._rest, size)
        except zlib.error as error:
            raise ReadError("L’archive gzip est abîmée.", remede="Copiez de nouveau le fichier.") from error
        self._rest = self._member.unused_data if self._member.eof else self._member.unconsumed_tail
        self._left -= len(out)
        if self._left < 0:
            _refuse_growth()
        return out

    def _ended(self) -> bytes:
        if not self._member.eof:
            raise ReadError("L’archive gzip est coupée : la fin manque.", remede="Copiez de nouveau le fichier.")
        return b""


def whole_lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes, each piece ending with a line feed except the last."""
    rest = b""
    for chunk in chunks:
        cut = chunk.rfind(b"\n") + 1
        if not cut:
            rest += chunk
            if len(rest) > MAX_LINE:
                raise Unsuited("lignes sans fin")
            continue
        yield rest + chunk[:cut]
        rest = chunk[cut:]
    if rest:
        yield rest
