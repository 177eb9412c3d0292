"""From a path or bytes to what is in the file: a text, a workbook or a Parquet table, out of its archive."""

from __future__ import annotations

import re
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Literal

from analytics.errors import ReadError
from data.readers.archives import (
    FREE_BYTES,
    MAX_BYTES,
    MAX_RATIO,
    check_parquet,
    check_workbook,
    gunzip,
    too_large,
    unzip,
    zip_names,
)

__all__ = ["FREE_BYTES", "MAX_RATIO", "Opened", "open_source", "read_bytes"]

_GZIP, _ZIP, _OLE, _PARQUET = b"\x1f\x8b", b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"PAR1"
_UNPACK = "Décompressez-la et déposez le CSV."
_RESAVE = "Ouvrez-le dans Excel ou LibreOffice, enregistrez-le en CSV (« CSV UTF-8 ») puis déposez ce nouveau fichier."
_ASK_CSV = "Demandez l’export CSV ou Excel des mêmes chiffres."
_SIGNATURES = (
    (b"%PDF", "C’est un PDF, pas une table.", _ASK_CSV),
    (b"{\\rtf", "C’est un document de traitement de texte, pas une table.", _ASK_CSV),
    (b"7z\xbc\xaf\x27\x1c", "C’est une archive 7z, que nous n’ouvrons pas.", _UNPACK),
    (b"Rar!", "C’est une archive RAR, que nous n’ouvrons pas.", _UNPACK),
    (b"BZh", "C’est une archive bzip2, que nous n’ouvrons pas.", _UNPACK),
    (b"\xfd7zXZ", "C’est une archive xz, que nous n’ouvrons pas.", _UNPACK),
    (b"\x28\xb5\x2f\xfd", "C’est une archive zstd, que nous n’ouvrons pas.", _UNPACK),
)
_WEB_PAGE = re.compile(rb"<(!doctype html|html|head|body|table)\b", re.IGNORECASE)
_XML = re.compile(rb"<\?xml\b", re.IGNORECASE)
_JSON = re.compile(rb"\[?\s*\{\s*(\"[^\"\n]*\"\s*:|\})")


@dataclass(frozen=True)
class Opened:
    """What a file holds.

    Attributes
    ----------
    kind : {"texte", "classeur", "parquet"}
        How it must be read.
    data : bytes
        The plain bytes.
    compression : str
        "gzip" or "zip" when it was alone in an archive, else "".
    """

    kind: Literal["texte", "classeur", "parquet"]
    data: bytes
    compression: str = ""


def open_source(source: str | PathLike[str] | bytes | bytearray | memoryview) -> Opened:
    """Recognise a file by its first bytes, whatever its name, and take it out of its archive.

    Raises
    ------
    ReadError
        No such file, an empty one, several files in a zip, a password, a damaged archive, a bomb (told by its headers),
        or a format that is not a table.
    """
    raw = read_bytes(source)
    _refuse_empty(raw)
    if raw.startswith(_GZIP):
        return _recognised(gunzip(raw), "gzip")
    if raw.startswith(_ZIP) and not _is_document(raw):
        return _recognised(unzip(raw), "zip")
    return _recognised(raw, "")


def read_bytes(source: str | PathLike[str] | bytes | bytearray | memoryview) -> bytes:
    """Bytes of a path, or the bytes themselves.

    Raises
    ------
    ReadError
        No such file, a folder, or a file larger than :data:`data.readers.archives.MAX_BYTES`.
    """
    if isinstance(source, (bytes, bytearray, memoryview)):
        return bytes(source)
    if not isinstance(source, (str, PathLike)):
        raise ReadError("Il faut un chemin de fichier ou des octets.", valeur=type(source).__name__)
    path = Path(source)
    try:
        if path.stat().st_size > MAX_BYTES:
            raise too_large(MAX_BYTES)
        return path.read_bytes()
    except OSError as error:
        raise ReadError(
            f"Le fichier « {path.name} » ne peut pas être ouvert.",
            remede="Vérifiez qu’il existe et que vous avez le droit de le lire.",
        ) from error


def _recognised(data: bytes, compression: str) -> Opened:
    """The kind of plain bytes, checked against bombs."""
    _refuse_empty(data)
    if data.startswith(_PARQUET):
        check_parquet(data)
        return Opened("parquet", data, compression)
    if data.startswith(_OLE):
        return Opened("classeur", data, compression)
    if data.startswith(_ZIP) and _is_document(data):
        _refuse_other_documents(zip_names(data))
        check_workbook(data)
        return Opened("classeur", data, compression)
    if data.startswith((_GZIP, _ZIP)):
        raise ReadError("L’archive contient une autre archive.", remede="Déposez le CSV, compressé une seule fois.")
    _refuse_other_formats(data)
    return Opened("texte", data, compression)


def _refuse_empty(data: bytes) -> None:
    if not data[:4096].strip() and not data.strip():
        raise ReadError(
            "Le fichier est vide.", ligne=1, remede="Vérifiez l’export et déposez un fichier qui a des lignes."
        )


def _is_document(raw: bytes) -> bool:
    """True for a zip that is a document of an office suite, not an archive of files."""
    names = zip_names(raw)
    return "[Content_Types].xml" in names or ("mimetype" in names and "content.xml" in names)


def _refuse_other_documents(names: frozenset[str]) -> None:
    if "[Content_Types].xml" in names and not any(name.startswith("xl/") for name in names):
        raise ReadError("C’est un document ou une présentation, pas un classeur.", remede=_ASK_CSV)


def _refuse_other_formats(data: bytes) -> None:
    for signature, message, remedy in _SIGNATURES:
        if data.startswith(signature):
            raise ReadError(message, remede=remedy)
    # Read as UTF-16 or UTF-8 alike: the marks and the null bytes say nothing here.
    head = data[:4096].replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe").lstrip()
    xml = _XML.match(head)
    if xml and b"urn:schemas-microsoft-com:office:spreadsheet" in head:
        raise ReadError("C’est un ancien classeur Excel en XML, que nous ne lisons pas.", ligne=1, remede=_RESAVE)
    if _WEB_PAGE.match(head) or (xml and _WEB_PAGE.search(head)):
        if re.search(rb"<t[dh]\b", data.replace(b"\0", b""), re.IGNORECASE):
            raise ReadError("C’est une page web enregistrée, que nous ne lisons pas.", ligne=1, remede=_RESAVE)
        remedy = "Reconnectez-vous au logiciel qui fait l’export, puis exportez de nouveau."
        raise ReadError("C’est une page web, pas une table : la session a peut-être expiré.", ligne=1, remede=remedy)
    if xml:
        raise ReadError("C’est un fichier XML, que nous ne lisons pas.", ligne=1, remede=_ASK_CSV)
    if _JSON.match(head):
        raise ReadError("C’est un fichier JSON, que nous ne lisons pas.", ligne=1, remede=_ASK_CSV)
