"""One pass over a file of any size: UTF-8 text on disk, and its size, digest, lines, encoding; constant memory."""

from __future__ import annotations

import codecs
import hashlib
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

import numpy as np

from analytics.errors import ReadError
from data.ingest.stream import CHUNK, Unsuited, open_stream, whole_lines
from data.readers.encodings import decode

#: Bytes of lines with accents enough to tell the encoding.
_ENOUGH = 256 << 10
_HEAD = 128 << 10
#: Encodings whose text needs no other.
UTF8 = ("utf-8", "utf-8-sig")
_LINE = ord("\n")


@dataclass(frozen=True)
class Transcoded:
    """A file as UTF-8 text.

    Attributes
    ----------
    path : pathlib.Path
        The text: the copy made in UTF-8, or the file itself.
    copied : bool
        True when `path` is a copy.
    encoding : str
        Encoding of the file.
    compression : str
        "gzip", "zip" or "".
    lines : int
        Lines, the last one without an end included.
    size : int
        Bytes of the file.
    sha256 : str
        Digest of the file, as it is on disk.
    quotes : bool
        True when a double quote is somewhere in it.
    totals : bool
        True when « tota » is somewhere in it, whatever its case.
    newline : str
        End of its lines.
    marks : tuple of (int, int)
        Position in `path` of the beginning of a line, and its number (1 for the first), from time to time.
    """

    path: Path
    copied: bool
    encoding: str
    compression: str
    lines: int
    size: int
    sha256: str
    quotes: bool
    totals: bool
    newline: str
    marks: tuple[tuple[int, int], ...]

    @property
    def charset(self) -> str:
        """Encoding of the text at `path`."""
        return "utf-8" if self.copied else self.encoding


class _Retry(Exception):
    """The bytes are not what the pass supposed."""

    def __init__(self, encoding: str) -> None:
        super().__init__(encoding)
        self.encoding = encoding


def transcode(source: Path, destination: Path, progress: Callable[[int], None] | None = None) -> Transcoded:
    """Read a text file once, write it as UTF-8 with line feeds unless it already is.

    Parameters
    ----------
    source, destination : pathlib.Path
        The file, plain or compressed alone in a gzip or a zip; the copy, not written when `source` can be used.
    progress : callable, optional
        Called from time to time with the bytes read since the last call.

    Raises
    ------
    ReadError
        Empty, binary, damaged, or too large once opened.
    Unsuited
        Text that must be read as a whole: two encodings in one file, lines that never end.
    """
    encoding, compression = guess_encoding(source)
    copied = bool(compression) or encoding != "utf-8"
    while True:
        try:
            return _run(source, destination, encoding, copied, progress or (lambda _: None))
        except _Retry as retry:
            encoding, copied = retry.encoding, True


def copy_in_utf8(text: Transcoded, destination: Path, progress: Callable[[int], None]) -> Transcoded:
    """A text already read to its end, copied in UTF-8 with line feeds: nothing of it has to be checked again.

    Parameters
    ----------
    text : Transcoded
        A plain file, in one byte per character.
    destination : pathlib.Path
    progress : callable
        Called with the bytes read since the last call.
    """
    with text.path.open("rb") as source, destination.open("wb") as out:
        for piece in whole_lines(_raw(source, lambda chunk: progress(len(chunk)))):
            out.write(_converted(piece, text.encoding, first=out.tell() == 0, copied=True))
    return replace(text, path=destination, copied=True, newline="\n", marks=())


def guess_encoding(source: Path) -> tuple[str, str]:
    """Encoding of a text, found on its first lines with accents, and its compression.

    Raises
    ------
    ReadError
        An empty file.
    Unsuited
        Two encodings in one file.
    """
    with open_stream(source) as (stream, compression):
        head = stream.read(_HEAD)
    if not head.strip():
        raise ReadError(
            "Le fichier est vide.", ligne=1, remede="Vérifiez l’export et déposez un fichier qui a des lignes."
        )
    cut = head.rfind(b"\n") + 1
    # Two bytes per character: the end of a line is no place to cut.
    wide = head.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\x00" in head[:2]
    found = decode(head[: len(head) // 2 * 2] if wide else head[:cut] or head).encoding
    if found.startswith("utf-8+"):
        raise Unsuited("deux encodages")
    if found not in UTF8 and not found.startswith("utf-16"):
        found = _vote(source)
    return found, compression


def _vote(source: Path) -> str:
    """Encoding of the first lines that hold accents, wherever they are."""
    high: list[bytes] = []
    size = 0
    with open_stream(source) as (stream, _):
        for piece in whole_lines(_raw(stream, None)):
            if piece.isascii():
                continue
            lines = [line for line in piece.split(b"\n") if not line.isascii()]
            high += lines
            size += sum(map(len, lines))
            if size >= _ENOUGH:
                break
    sample = b"\n".join(high)
    found = decode(sample[: sample.rfind(b"\n", 0, _ENOUGH) % (len(sample) + 1)]).encoding
    if found.startswith("utf-8+"):
        raise Unsuited("deux encodages")
    return found


def _raw(stream: BinaryIO, sink: Callable[[bytes], object] | None) -> Iterator[bytes]:
    while chunk := stream.read(CHUNK):
        if sink is not None:
            sink(chunk)
        yield chunk


def _run(source: Path, destination: Path, encoding: str, copied: bool, progress: Callable[[int], None]) -> Transcoded:
    digest = hashlib.sha256()
    pending: list[Future] = []
    with ThreadPoolExecutor(1) as hasher, open_stream(source, watch=_hashed(digest, hasher, pending)) as (stream, kind):
        out = destination.open("wb") if copied else None
        try:
            tally = _Tally()
            for piece in whole_lines(_utf16(_raw(stream, lambda c: progress(len(c))), encoding)):
                text = _converted(piece, encoding, first=tally.position == 0, copied=copied)
                tally.add(text)
                if out is not None:
                    out.write(text)
        finally:
            if out is not None:
                out.close()
    return Transcoded(
        path=destination if copied else source,
        copied=copied,
        encoding=encoding,
        compression=kind,
        lines=tally.lines + (not tally.ended),
        size=source.stat().st_size,
        sha256=digest.hexdigest() if kind != "zip" else digest_of(source),
        quotes=tally.quotes,
        totals=tally.totals,
        newline=tally.newline,
        marks=tuple(tally.marks),
    )


def _hashed(digest, hasher: ThreadPoolExecutor, pending: list[Future]) -> Callable[[bytes], None]:
    """A sink that hashes on another thread, two chunks late at most."""

    def sink(chunk: bytes) -> None:
        pending.append(hasher.submit(digest.update, chunk))
        if len(pending) > 2:
            pending.pop(0).result()

    return sink


def digest_of(source: Path) -> str:
    """SHA-256 of a file."""
    with source.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class _Tally:
    """What is counted on the text as it passes."""

    def __init__(self) -> None:
        self.position, self.lines, self.ended = 0, 0, True
        self.quotes, self.totals, self.newline = False, False, "\n"
        self.marks: list[tuple[int, int]] = []

    def add(self, text: bytes) -> None:
        if b"\x00" in text:
            _refuse_binary(text, self.lines)
        self.marks.append((self.position, self.lines + 1))
        self.position += len(text)
        self.lines += int(np.count_nonzero(np.frombuffer(text, np.uint8) == _LINE))
        self.quotes = self.quotes or b'"' in text
        self.totals = self.totals or says_total(text)
        if b"\r\n" in text:
            self.newline = "\r\n"
        self.ended = text.endswith(b"\n")


def says_total(text: bytes) -> bool:
    """True when « tota » is in a text, whatever its case."""
    # One letter is found ten times faster than a capital is made.
    return (b"t" in text or b"T" in text) and b"TOTA" in text.upper()


def _refuse_binary(text: bytes, lines: int) -> None:
    at = lines + text.count(b"\n", 0, text.find(b"\x00")) + 1
    raise ReadError(
        "Ce n’est pas un fichier texte : il contient des octets binaires.",
        ligne=at,
        remede="Déposez un fichier CSV (texte avec séparateurs).",
    )


def _utf16(chunks: Iterator[bytes], encoding: str) -> Iterator[bytes]:
    """UTF-16 turned into UTF-8 as it comes; other encodings pass."""
    if not encoding.startswith("utf-16"):
        yield from chunks
        return
    decoder = codecs.getincrementaldecoder(encoding)()
    for chunk in chunks:
        yield decoder.decode(chunk).encode("utf-8")
    yield decoder.decode(b"", final=True).encode("utf-8")


def _converted(piece: bytes, encoding: str, *, first: bool, copied: bool) -> bytes:
    """Whole lines in UTF-8 with line feeds."""
    if encoding in UTF8 or encoding.startswith("utf-16"):
        text = piece.removeprefix(b"\xef\xbb\xbf") if first else piece
        _check_utf8(text, encoding)
    else:
        _refuse_mixture(piece)
        text = _from_single_byte(piece, encoding)
    if b"\r" not in text:
        return text
    if not copied and text.count(b"\r\n") == text.count(b"\r") == text.count(b"\n"):
        return text
    if not copied:
        raise _Retry(encoding)
    return text.replace(b"\r\n", b"\n").replace(b"\r", b" ")


def _check_utf8(text: bytes, encoding: str) -> None:
    if text.isascii():
        return
    try:
        text.decode("utf-8")
    except UnicodeDecodeError as error:
        if encoding != "utf-8":
            raise Unsuited("encodage annoncé mais non respecté") from error
        raise _Retry(_settle_late(text)) from error


def _settle_late(text: bytes) -> str:
    """Encoding of a file whose first lines had no accent."""
    found = decode(b"\n".join(line for line in text.split(b"\n") if not line.isascii())).encoding
    if found.startswith("utf-8+"):
        raise Unsuited("deux encodages")
    return found


def _refuse_mixture(piece: bytes) -> None:
    """A line whose accents are all valid UTF-8, in a file that is not, must be read apart."""
    for at in utf8_pairs(piece):
        line = piece[piece.rfind(b"\n", 0, at) + 1 : piece.find(b"\n", at) % (len(piece) + 1)]
        if is_utf8(line):
            raise Unsuited("deux encodages")


def utf8_pairs(text: bytes) -> np.ndarray:
    """Where bytes follow that may be one character of UTF-8."""
    if text.isascii():
        return np.zeros(0, dtype=np.int64)
    continued = (np.frombuffer(text, np.int8)[1:] < -64) & (np.frombuffer(text, np.uint8)[:-1] >= 0xC2)
    return np.flatnonzero(continued) + 1 if continued.any() else np.zeros(0, dtype=np.int64)


def is_utf8(line: bytes) -> bool:
    """True when bytes are valid UTF-8."""
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _from_single_byte(piece: bytes, encoding: str) -> bytes:
    """Latin-1 is decoded three times faster than cp1252 and agrees with it outside 0x80–0x9F."""
    if piece.isascii():
        return piece
    if encoding == "cp1252" and not (np.frombuffer(piece, np.int8) < -96).any():
        return piece.decode("latin-1").encode("utf-8")
    try:
        return piece.decode(encoding).encode("utf-8")
    except UnicodeDecodeError as error:
        raise Unsuited("octets étrangers à l’encodage") from error
