"""Records to bytes, with the physical line on which each record starts."""

from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass

from tests.french.spec import Style

HEADER, DATA, ASIDE, BAD = "entete", "donnee", "hors", "rejet"


@dataclass(frozen=True)
class Record:
    """One record: its part in the file, its cells; `raw` cells are written without quotes whatever they hold."""

    part: str
    cells: tuple[str, ...]
    raw: bool = False


@dataclass(frozen=True)
class Written:
    """The bytes, and the first line of the records of each part."""

    content: bytes
    starts: tuple[tuple[str, int], ...]

    def lines(self, *parts: str) -> tuple[int, ...]:
        """Lines of the records of these parts, all when none is named."""
        return tuple(n for part, n in self.starts if not parts or part in parts)


def looks_numeric(cell: str) -> bool:
    """What a program that quotes text only leaves bare."""
    return cell.replace(".", "", 1).replace("-", "", 1).isdigit()


def quote(cell: str, style: Style) -> str:
    """The cell between quotes when the style wants it."""
    must = any(c in cell for c in (style.separator, '"', "\n", "\r"))
    wanted = {"all": True, "texte": cell != "" and not looks_numeric(cell), "minimal": must, "none": False}
    return '"' + cell.replace('"', '""') + '"' if wanted[style.quoting] else cell


def write_record(record: Record, style: Style) -> str:
    """One record without its end of line."""
    cells = record.cells if record.raw else [quote(c, style) for c in record.cells]
    line = style.separator.join(cells)
    if len(record.cells) > 1 and (style.trailing == "tout" or (style.trailing == "donnees" and record.part != HEADER)):
        line += style.separator
    return line


def write_text(records: Sequence[Record], style: Style) -> Written:
    """The file, encoded, and where its records start."""
    lines, starts, number = [], [], 1
    for record in records:
        line = write_record(record, style)
        starts.append((record.part, number))
        number += 1 + line.count("\n" if style.end != "\r" else "\r")
        lines.append(line)
    text = style.end.join(lines) + (style.end if style.final_newline else "")
    return Written(pack(text.encode(style.encoding), style.pack), tuple(starts))


def pack(content: bytes, how: str, names: Sequence[str] = ("export.csv",)) -> bytes:
    """The bytes alone, or compressed."""
    if how == "gz":
        return gzip.compress(content, mtime=0)
    if how == "zip":
        return zip_files(dict.fromkeys(names, content))
    return content


def zip_files(files: dict[str, bytes]) -> bytes:
    """A zip whose bytes depend on nothing but its files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, (2025, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()
