"""From a path or bytes to the plain bytes of one text file: archives opened under a cap, other formats refused."""

from __future__ import annotations

import io
import zipfile
import zlib
from os import PathLike
from pathlib import Path

from analytics.errors import ReadError

#: Largest text accepted once decompressed.
MAX_BYTES = 1 << 30
#: A file that grows more than this when opened is a bomb, not a table.
MAX_RATIO = 200
#: Below this size no ratio is suspicious.
FREE_BYTES = 16 << 20
_CHUNK = 1 << 20

_CSV_ADVICE = (
    "Enregistrez la feuille en CSV (dans Excel : Fichier, Enregistrer sous, « CSV UTF-8 ») puis déposez ce fichier."
)
_SIGNATURES = (
    (b"\xd0\xcf\x11\xe0", "C’est un classeur Excel (.xls) : il n’est pas encore lu directement.", _CSV_ADVICE),
    (b"PAR1", "C’est un fichier Parquet : il n’est pas encore lu directement.", "Exportez-le en CSV."),
    (b"%PDF", "C’est un PDF, pas une table.", "Demandez l’export CSV des mêmes chiffres."),
    (b"7z\xbc\xaf\x27\x1c", "C’est une archive 7z, que nous n’ouvrons pas.", "Décompressez-la et déposez le CSV."),
    (b"Rar!", "C’est une archive RAR, que nous n’ouvrons pas.", "Décompressez-la et déposez le CSV."),
)


def read_bytes(source: str | PathLike[str] | bytes | bytearray | memoryview) -> bytes:
    """Bytes of a path, or the bytes themselves.

    Raises
    ------
    ReadError
        No such file, a folder, or a file larger than :data:`MAX_BYTES`.
    """
    if isinstance(source, (bytes, bytearray, memoryview)):
        return bytes(source)
    if not isinstance(source, (str, PathLike)):
        raise ReadError("Il faut un chemin de fichier ou des octets.", valeur=type(source).__name__)
    path = Path(source)
    try:
        if path.stat().st_size > MAX_BYTES:
            raise _too_large(MAX_BYTES)
        return path.read_bytes()
    except OSError as error:
        raise ReadError(
            f"Le fichier « {path.name} » ne peut pas être ouvert.",
            remede="Vérifiez qu’il existe et que vous avez le droit de le lire.",
        ) from error


def open_archive(raw: bytes) -> tuple[bytes, str]:
    """Plain bytes of the one file inside a gzip or a zip, and the compression met ("gzip", "zip" or "").

    Raises
    ------
    ReadError
        Empty file, several files in a zip, a password, a damaged archive, a bomb, or a format that is not text.
    """
    if not raw.strip():
        raise ReadError(
            "Le fichier est vide.", ligne=1, remede="Vérifiez l’export et déposez un fichier qui a des lignes."
        )
    if raw.startswith(b"\x1f\x8b"):
        inner, kind = _gunzip(raw), "gzip"
    elif raw.startswith(b"PK\x03\x04"):
        inner, kind = _unzip(raw), "zip"
    else:
        inner, kind = raw, ""
    if not inner.strip():
        raise ReadError(
            "Le fichier est vide.", ligne=1, remede="Vérifiez l’export et déposez un fichier qui a des lignes."
        )
    _refuse_other_formats(inner, nested=bool(kind))
    return inner, kind


def _refuse_other_formats(data: bytes, *, nested: bool) -> None:
    for signature, message, remedy in _SIGNATURES:
        if data.startswith(signature):
            raise ReadError(message, remede=remedy)
    if nested and data.startswith((b"\x1f\x8b", b"PK\x03\x04")):
        raise ReadError("L’archive contient une autre archive.", remede="Déposez le CSV, compressé une seule fois.")


def _cap(compressed: int) -> int:
    return min(MAX_BYTES, max(FREE_BYTES, MAX_RATIO * compressed))


def _too_large(limit: int) -> ReadError:
    return ReadError(
        f"Une fois ouvert, le fichier dépasse {limit >> 20} Mo : il n’est pas lu.",
        remede="Déposez un fichier plus petit, par exemple une année à la fois.",
    )


def _gunzip(raw: bytes) -> bytes:
    limit, out, rest = _cap(len(raw)), bytearray(), raw
    try:
        while rest.startswith(b"\x1f\x8b"):
            member = zlib.decompressobj(wbits=31)
            piece = rest
            while not member.eof:
                out += member.decompress(piece, min(_CHUNK, limit + 1 - len(out)))
                if len(out) > limit:
                    raise _too_large(limit)
                piece = member.unconsumed_tail
                if not piece and not member.eof:
                    raise ReadError(
                        "L’archive gzip est coupée : la fin manque.", remede="Copiez de nouveau le fichier."
                    )
            rest = member.unused_data
    except zlib.error as error:
        raise ReadError("L’archive gzip est abîmée.", remede="Copiez de nouveau le fichier.") from error
    return bytes(out)


def _unzip(raw: bytes) -> bytes:
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            member = _only_member(archive)
            limit = _cap(member.compress_size)
            if member.file_size > limit:
                raise _too_large(limit)
            with archive.open(member) as stream:
                data = stream.read(limit + 1)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise ReadError(
            "L’archive zip est abîmée ou protégée par un mot de passe.",
            remede="Décompressez-la vous-même et déposez le CSV.",
        ) from error
    if len(data) > limit:
        raise _too_large(limit)
    return data


def _only_member(archive: zipfile.ZipFile) -> zipfile.ZipInfo:
    names = archive.namelist()
    if "[Content_Types].xml" in names:
        raise ReadError("C’est un classeur Excel (.xlsx) : il n’est pas encore lu directement.", remede=_CSV_ADVICE)
    if "content.xml" in names and "mimetype" in names:
        raise ReadError(
            "C’est un classeur LibreOffice (.ods) : il n’est pas encore lu directement.", remede=_CSV_ADVICE
        )
    members = [m for m in archive.infolist() if not m.is_dir() and not m.filename.startswith("__MACOSX/")]
    if len(members) != 1:
        raise ReadError(
            f"L’archive contient {len(members)} fichiers, il en faut un seul.", remede="Déposez les fichiers un par un."
        )
    return members[0]
