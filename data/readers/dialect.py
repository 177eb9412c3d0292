"""Separator and header line: the pair under which the first lines are most regular and most typed."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass

from analytics.errors import ReadError

SEPARATORS = (";", "\t", "|", ",")
_SAMPLE_LINES = 200
_VALUE = re.compile(
    r"^[-+−]?\d[\d \u00a0\u202f.]*[.,]\d+\s*[€%]?$|^\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}$|^\d{4}-\d\d-\d\d", re.ASCII
)
_TYPED = re.compile(
    r"^\(?[-+−]?[\d \u00a0\u202f.,]*\d\)?\s*[€%]?-?$|^\d{1,4}[-/.]\d{1,2}([-/.]\d{1,4})?([T ].*)?$", re.ASCII
)


@dataclass(frozen=True)
class Layout:
    """Where the table is in the text.

    Attributes
    ----------
    separator : str
        One of :data:`SEPARATORS`.
    header_line : int
        Line of the header, 1 for the first.
    header : tuple of str
        Cells of the header, as written, without the empty ones at the end.
    """

    separator: str
    header_line: int
    header: tuple[str, ...]


def find_layout(text: str) -> Layout:
    """Find the separator and the header of a text.

    Raises
    ------
    ReadError
        No separator gives two columns, or no line names the columns.
    """
    lines = _first_lines(text)
    scores = {separator: _score(lines, separator) for separator in SEPARATORS}
    separator = max(SEPARATORS, key=lambda s: scores[s])
    if scores[separator] <= 0:
        raise ReadError(
            "Aucun séparateur de colonnes n’a été trouvé (point-virgule, virgule, tabulation ou barre).",
            ligne=1,
            remede="Exportez la table en CSV avec au moins deux colonnes.",
        )
    return _find_header(lines, separator)


_ADVICE = "Ajoutez en tête une ligne qui nomme chaque colonne ; si les mois sont en colonnes, mettez-les en lignes."


def _find_header(lines: list[tuple[int, str]], separator: str) -> Layout:
    """The first line as wide as the others and mostly filled; what stands above is a title."""
    width = _modal_width(lines, separator)
    narrow = 0
    for number, line in lines:
        cells = split(line, separator)
        full = len(cells)
        while cells and not cells[-1].strip():
            cells.pop()
        filled = sum(bool(c.strip()) for c in cells)
        wide_enough = full >= width or (len(cells) == width - 1 and _ends_empty(lines, separator, width))
        if wide_enough and filled >= 2 and filled * 2 >= len(cells):
            if narrow and _holds_values(cells):
                raise ReadError(
                    f"L’en-tête nomme {narrow} colonnes mais les lignes ont {width} cellules.",
                    ligne=lines[0][0],
                    remede="Si les décimales sont des virgules, exportez avec le point-virgule comme séparateur.",
                )
            return Layout(separator, number, _checked_header(cells, number))
        narrow = narrow or (len(cells) if len(cells) > 1 else 0)
    raise ReadError("La ligne des titres de colonnes n’a pas été trouvée.", ligne=lines[0][0], remede=_ADVICE)


def _ends_empty(lines: list[tuple[int, str]], separator: str, width: int) -> bool:
    rows = [r for r in (split(line, separator) for _, line in lines) if len(r) == width]
    return sum(not r[-1].strip() for r in rows) * 2 > len(rows)


def _holds_values(cells: list[str]) -> bool:
    names = [c.strip() for c in cells]
    return sum(bool(_TYPED.match(n)) for n in names) * 2 > len(names) or any(_VALUE.match(n) for n in names)


def split(line: str, separator: str) -> list[str]:
    """Cells of one line."""
    return next(csv.reader([line], delimiter=separator), [])


def _first_lines(text: str) -> list[tuple[int, str]]:
    """The first lines that hold something, with their numbers."""
    lines: list[tuple[int, str]] = []
    start, number = 0, 0
    while start < len(text) and len(lines) < _SAMPLE_LINES:
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        number += 1
        line = text[start:end].rstrip("\r")
        if line.strip(' \t;,|"\u00a0'):
            lines.append((number, line))
        start = end + 1
    return lines


def _widths(lines: list[tuple[int, str]], separator: str) -> list[int]:
    return [len(split(line, separator)) for _, line in lines]


def _modal_width(lines: list[tuple[int, str]], separator: str) -> int:
    """Width of most lines, the wider on a tie."""
    widths = _widths(lines, separator)
    return max(set(widths), key=lambda w: (w > 1, widths.count(w), w))


def _score(lines: list[tuple[int, str]], separator: str) -> float:
    """Share of the lines that have the usual width, times the share of their cells that are numbers, dates or empty."""
    width = _modal_width(lines, separator)
    if width < 2:
        return 0.0
    rows = [split(line, separator) for _, line in lines]
    regular = [r for r in rows if len(r) == width]
    cells = [c.strip() for r in (regular[1:] or regular) for c in r]
    typed = sum(not c or bool(_TYPED.match(c)) for c in cells) / len(cells)
    head = 1.0 if len(rows[0]) == width else 0.7
    share = len(regular) / len(rows)
    return 0.0 if share < 0.3 else share * (0.2 + typed) * head * (1.0 + 0.01 * min(width, 20))


def _checked_header(cells: list[str], line: int) -> tuple[str, ...]:
    names = [c.strip() for c in cells]
    if _holds_values(names):
        raise ReadError(
            "La première ligne contient des valeurs, pas des titres de colonnes.", ligne=line, remede=_ADVICE
        )
    for position, name in enumerate(names, start=1):
        if not name:
            raise ReadError(
                f"La colonne n° {position} n’a pas de titre.",
                ligne=line,
                remede="Nommez-la, ou supprimez-la du fichier.",
            )
    for name in names:
        if names.count(name) > 1:
            raise ReadError(
                "Deux colonnes portent le même titre.",
                ligne=line,
                colonne=name,
                remede="Renommez l’une des deux, puis déposez de nouveau le fichier.",
            )
    return tuple(names)
