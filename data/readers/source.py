"""What every kind of file becomes before its cells are typed: a grid of text and what the file says of itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import pyarrow as pa
import pyarrow.compute as pc

from analytics.errors import Question
from data.findings import finding
from data.readers.columns import Column, Hints
from data.readers.dialect import find_text_layout, unix_lines
from data.readers.encodings import decode
from data.readers.grid import Grid, read_grid

_FORMULA = r'^\s*="([^"]*)"\s*$'


@dataclass(frozen=True)
class Source:
    """A file cut into cells.

    Attributes
    ----------
    grid : Grid
        Text cells, and the lines that are not rows.
    dialect : dict
        encoding, separator, sheet, lignes; None where the kind of file has none.
    hints : Hints
        What the file says of its cells.
    typed : mapping of str to Column
        Columns that the file itself types (Parquet).
    titles : tuple of str
        Names in which the year of bare months may stand.
    questions, findings : tuple
    """

    grid: Grid
    dialect: Mapping[str, object]
    hints: Hints = field(default_factory=Hints)
    typed: Mapping[str, Column] = field(default_factory=dict)
    titles: tuple[str, ...] = ()
    questions: tuple[Question, ...] = ()
    findings: tuple[dict, ...] = ()


def read_text(data: bytes) -> Source:
    """Cut a delimited text.

    Raises
    ------
    ReadError
        The bytes are not text, or the text is not a table.
    """
    decoded = decode(data)
    text = unix_lines(decoded.text)
    layout = find_text_layout(text)
    notes = []
    if decoded.doubtful:
        message = f"Lignes qui ne sont pas dans le même encodage que les autres : {len(decoded.doubtful)}."
        remedy = "Vérifiez leurs accents, ou exportez de nouveau le fichier en UTF-8."
        notes.append(finding("conformite.encodage", "attention", message, ligne=decoded.doubtful[0], remede=remedy))
    if not layout.header_lines:
        message = "Le fichier n’a pas de ligne de titres : ses colonnes sont numérotées."
        remedy = "Ajoutez en tête une ligne qui nomme chaque colonne."
        notes.append(finding("conformite.sans_titres", "attention", message, ligne=layout.first_line, remede=remedy))
    dialect = {
        "encoding": decoded.encoding,
        "separator": layout.separator,
        "sheet": None,
        "lignes": text.count("\n") + (not text.endswith("\n")),
    }
    grid = read_grid(text, layout)
    return Source(grid, dialect, findings=(*notes, *_quote_notes(grid)))


def _quote_notes(grid: Grid) -> list[dict]:
    """Cells that keep a quote which nothing closes: their text may lack what followed it."""
    if not grid.unclosed:
        return []
    line, column, text = grid.unclosed[0]
    message = f"Guillemets ouverts et jamais refermés, gardés dans la cellule : {len(grid.unclosed)}."
    remedy = "Fermez ou retirez ce guillemet dans le fichier, et vérifiez la cellule."
    return [
        finding("conformite.guillemet", "attention", message, ligne=line, colonne=column, valeur=text, remede=remedy)
    ]


def without_formulas(grid: Grid) -> Grid:
    """The grid where the text formulas of a spreadsheet, ="01/2024", are their text."""
    found = {n: grid.cells.column(n) for n in grid.cells.column_names if _holds_formulas(grid.cells.column(n))}
    cells = grid.cells
    for name, column in found.items():
        texts = pc.replace_substring_regex(column, pattern=_FORMULA, replacement=r"\1")
        cells = cells.set_column(cells.column_names.index(name), name, texts)
    return replace(grid, cells=cells) if found else grid


def _holds_formulas(column: pa.ChunkedArray) -> bool:
    return bool(pc.any(pc.starts_with(column, '="')).as_py())
