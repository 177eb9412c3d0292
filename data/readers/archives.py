"""Archives opened under a cap: what a file would become is read in its headers before anything is decompressed."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib

import pyarrow as pa
import pyarrow.parquet as pq

from analytics.errors import ReadError
from data.readers.extent import SheetExtent, TablesExtent, extent_of

#: Largest text accepted once decompressed.
MAX_BYTES = 1 << 30
#: A file that grows more than this when opened is a bomb, not a table.
MAX_RATIO = 200
#: Below this size no ratio is suspicious.
FREE_BYTES = 16 << 20
#: The same for the XML of a workbook, which takes ten times its size once read.
MAX_BOOK_BYTES = 400 << 20
MAX_BOOK_RATIO = 100
#: More cells than this are a database, not a workbook: they are read from a CSV file.
MAX_BOOK_CELLS = 6_000_000
#: Above this, the extent of a sheet is compared with what is written in it: a cell takes a byte at the very least.
FREE_BOOK_CELLS = 1_000_000
#: A cell of Parquet takes some 50 bytes once read as text and as a value: 60 millions take 3 GB, 200 millions 10 GB.
FREE_PARQUET_CELLS = 60_000_000
MAX_PARQUET_CELLS = 200_000_000
#: Between the two, a table of different values has no more cells than this per byte (8 million real lines of 12 columns
#: have 0.6), when a bomb of equal values has hundreds.
PARQUET_CELLS_PER_BYTE = 2
_CHUNK = 1 << 20
_COPY = "Copiez de nouveau le fichier."
_SAVE_AGAIN = "Ouvrez-le, enregistrez-le de nouveau, ou en CSV."
_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError)
_LITTER = ("__MACOSX/", ".DS_Store", "Thumbs.db")


def too_large(limit: int) -> ReadError:
    """The error of a file that holds more than the cap."""
    return ReadError(
        f"Une fois ouvert, le fichier dépasse {limit >> 20} Mo : il n’est pas lu.",
        remede="Déposez un fichier plus petit, par exemple une année à la fois.",
    )


def too_many_cells(sheet: str = "") -> ReadError:
    """The error of a sheet that has more cells than the cap, or than what is written in it."""
    which = f"La feuille « {sheet} »" if sheet else "Une feuille du classeur"
    return ReadError(
        f"{which} s’étend sur trop de cellules : elle n’est pas lue.",
        remede="Enregistrez-la en CSV, puis déposez le CSV.",
    )


def gunzip(raw: bytes) -> bytes:
    """Plain bytes of a gzip of one or several members.

    Raises
    ------
    ReadError
        A damaged or cut archive, or a bomb.
    """
    limit, out, rest = _cap(len(raw)), bytearray(), raw
    try:
        while rest.startswith(b"\x1f\x8b"):
            member = zlib.decompressobj(wbits=31)
            piece = rest
            while not member.eof:
                out += member.decompress(piece, min(_CHUNK, limit + 1 - len(out)))
                if len(out) > limit:
                    raise too_large(limit)
                piece = member.unconsumed_tail
                if not piece and not member.eof:
                    raise ReadError("L’archive gzip est coupée : la fin manque.", remede=_COPY)
            rest = member.unused_data
    except zlib.error as error:
        raise ReadError("L’archive gzip est abîmée.", remede=_COPY) from error
    return bytes(out)


def unzip(raw: bytes) -> bytes:
    """Plain bytes of the one file of a zip.

    Raises
    ------
    ReadError
        Several files, a password, a damaged archive, or a bomb.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            member = _only_member(archive)
            limit = _cap(member.compress_size)
            if member.file_size > limit:
                raise too_large(limit)
            with archive.open(member) as stream:
                data = stream.read(limit + 1)
    except _DAMAGED as error:
        raise ReadError(
            "L’archive zip est abîmée ou protégée par un mot de passe.",
            remede="Décompressez-la vous-même et déposez le CSV.",
        ) from error
    if len(data) > limit:
        raise too_large(limit)
    return data


def zip_names(raw: bytes) -> frozenset[str]:
    """Names of the files of a zip.

    Raises
    ------
    ReadError
        A damaged archive.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            return frozenset(archive.namelist())
    except _DAMAGED as error:
        raise ReadError("L’archive zip est abîmée.", remede=_COPY) from error


def check_workbook(raw: bytes) -> None:
    """Refuse a zipped workbook (xlsx, xlsb, ods) that would not fit once open.

    The sizes that the headers announce come first; since they may lie, the members are then inflated without being
    kept, and the cells of the sheets counted: two far corners, or one cell repeated, take no room in the file.

    Raises
    ------
    ReadError
        A bomb, or a damaged workbook.
    """
    limit = min(MAX_BOOK_BYTES, max(FREE_BYTES, MAX_BOOK_RATIO * len(raw)))
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            members = archive.infolist()
    except _DAMAGED as error:
        raise ReadError("Le classeur est abîmé.", remede=_SAVE_AGAIN) from error
    if sum(m.file_size for m in members) > limit:
        raise too_large(limit)
    left = limit
    for member in members:
        left -= _inflated(raw, member, left)
        if left < 0:
            raise too_large(limit)


def check_parquet(raw: bytes) -> None:
    """Refuse a Parquet file of too many cells, told by its footer: equal values take no room in the file.

    Raises
    ------
    ReadError
        A bomb, or a footer that cannot be read.
    """
    try:
        footer = pq.read_metadata(pa.BufferReader(raw))
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError) as error:
        raise ReadError("Le fichier Parquet est abîmé.", remede="Exportez-le de nouveau, ou en CSV.") from error
    limit = parquet_limit(len(raw))
    if footer.num_rows * footer.num_columns > limit:
        raise ReadError(
            f"Le fichier Parquet a plus de {limit // 1_000_000} millions de cellules : il n’est pas lu.",
            remede="Déposez moins de colonnes, ou une année à la fois.",
        )


def parquet_limit(size: int) -> int:
    """Cells that a Parquet file of so many bytes may have."""
    return min(MAX_PARQUET_CELLS, max(FREE_PARQUET_CELLS, PARQUET_CELLS_PER_BYTE * size))


def _cap(compressed: int) -> int:
    return min(MAX_BYTES, max(FREE_BYTES, MAX_RATIO * compressed))


def _only_member(archive: zipfile.ZipFile) -> zipfile.ZipInfo:
    members = [m for m in archive.infolist() if not m.is_dir() and not any(w in m.filename for w in _LITTER)]
    if len(members) != 1:
        raise ReadError(
            f"L’archive contient {len(members)} fichiers, il en faut un seul.", remede="Déposez les fichiers un par un."
        )
    return members[0]


def _inflated(raw: bytes, member: zipfile.ZipInfo, limit: int) -> int:
    """True size of a member once inflated, counted no further than just over the limit; its cells are counted too."""
    inflate, size, extent = zlib.decompressobj(wbits=-15), 0, extent_of(member.filename)
    try:
        # The local header, 30 bytes then a name and an extra field, stands before the data.
        name, extra = struct.unpack_from("<HH", raw, member.header_offset + 26)
        start = member.header_offset + 30 + name + extra
        piece = raw[start : start + member.compress_size]
        if member.compress_type != zipfile.ZIP_DEFLATED:
            _measure(extent, piece)
            return member.compress_size
        while not inflate.eof and piece and size <= limit:
            out = inflate.decompress(piece, _CHUNK)
            size += len(out)
            _measure(extent, out)
            piece = inflate.unconsumed_tail
        if extent is not None and extent.cells > max(FREE_BOOK_CELLS, size):
            raise too_many_cells()
    except (zlib.error, struct.error) as error:
        raise ReadError("Le classeur est abîmé.", remede=_SAVE_AGAIN) from error
    return size


def _measure(extent: SheetExtent | TablesExtent | None, piece: bytes) -> None:
    """Count the cells of a piece of XML, and refuse more than a workbook may have."""
    if extent is None:
        return
    extent.feed(piece)
    if extent.cells > MAX_BOOK_CELLS:
        raise too_many_cells()
