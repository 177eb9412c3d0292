"""What the reader of workbooks does not tell: the errors of formulas and the day from which dates are counted."""

from __future__ import annotations

import re
import zipfile

_SHEET = re.compile(rb"<(?:\w+:)?sheet\s[^>]*>")
_RELATION = re.compile(rb"<(?:\w+:)?Relationship\s[^>]*>")
_ERROR_CELL = re.compile(
    rb'<(?:\w+:)?c\s(?=[^>]*\bt="e")[^>]*?\br="([A-Z]{1,3})(\d{1,7})"[^>]*>(?:(?!</(?:\w+:)?c>).)*?<(?:\w+:)?v>([^<]*)<',
    re.DOTALL,
)
#: A formula without a value; a text formula whose result is empty says t="str".
_UNCALCULATED = re.compile(
    rb'<(?:\w+:)?c\s(?![^>]*\bt="(?:str|e)")[^>]*?\br="([A-Z]{1,3}\d{1,7})"[^>/]*>\s*'
    rb"<(?:\w+:)?f(?:\s[^>]*/>|[^>/]*/>|(?:\s[^>]*)?>[^<]*</(?:\w+:)?f>)\s*"
    rb"(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v>\s*</(?:\w+:)?v>)?\s*</(?:\w+:)?c>"
)
#: A day number less than half a millisecond before midnight.
_LAST_INSTANT = re.compile(
    rb'<(?:\w+:)?c\s[^>]*?\br="([A-Z]{1,3})(\d{1,7})"[^>]*>(?:<(?:\w+:)?f[^>]*>[^<]*</(?:\w+:)?f>)?'
    rb"<(?:\w+:)?v>\d{4,5}\.99999999\d*<"
)


def starts_in_1904(archive: zipfile.ZipFile) -> bool:
    """Whether an xlsx workbook counts its days from 1 January 1904."""
    return re.search(rb'date1904="(1|true)"', _member(archive, "xl/workbook.xml")) is not None


def error_cells(archive: zipfile.ZipFile, position: int) -> dict[tuple[int, int], str]:
    """Cells of a sheet whose formula failed, by row and column counted from 0.

    Parameters
    ----------
    archive : zipfile.ZipFile
        The workbook; only xlsx says where its errors are.
    position : int
        Position of the sheet in the workbook.
    """
    sheet = _member(archive, _path(archive, position))
    if b't="e"' not in sheet:
        return {}
    return {
        (int(row) - 1, _column(letters)): text.decode("utf-8", "replace")
        for letters, row, text in _ERROR_CELL.findall(sheet)
    }


def uncalculated_cells(archive: zipfile.ZipFile, position: int) -> list[str]:
    """Cells of a sheet whose formula has no result, as C4."""
    sheet = _member(archive, _path(archive, position))
    return [cell.decode() for cell in _UNCALCULATED.findall(sheet)] if b"<f" in sheet or b":f" in sheet else []


def last_instants(archive: zipfile.ZipFile, position: int) -> list[tuple[int, int]]:
    """Cells of a sheet that hold the last instant of a day, by row and column counted from 0."""
    sheet = _member(archive, _path(archive, position))
    if b".99999999" not in sheet:
        return []
    return [(int(row) - 1, _column(letters)) for letters, row in _LAST_INSTANT.findall(sheet)]


def unplaced_errors(archive: zipfile.ZipFile) -> int:
    """Errors of an OpenDocument workbook, whose place is not known."""
    return _member(archive, "content.xml").count(b'calcext:value-type="error"')


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = 26 * number + letter - 64
    return number - 1


def _path(archive: zipfile.ZipFile, position: int) -> str:
    """Member of the archive that holds a sheet, "" when the workbook does not say."""
    sheets = _SHEET.findall(_member(archive, "xl/workbook.xml"))
    targets = {
        _attribute(relation, b"Id"): _attribute(relation, b"Target")
        for relation in _RELATION.findall(_member(archive, "xl/_rels/workbook.xml.rels"))
    }
    target = targets.get(_attribute(sheets[position], rb"\w+:id"), "") if position < len(sheets) else ""
    return target.removeprefix("/") if target.startswith("/") else f"xl/{target}"


def _attribute(tag: bytes, name: bytes) -> str:
    found = re.search(rb"\s" + name + rb'="([^"]*)"', tag)
    return found[1].decode("utf-8", "replace") if found else ""


def _member(archive: zipfile.ZipFile, name: str) -> bytes:
    return archive.read(name) if name in archive.namelist() else b""
