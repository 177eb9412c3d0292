"""What every kind of file becomes before its cells are typed: a grid of text and what the file says of itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from analytics.errors import Question
from data.findings import finding
from data.readers.columns import Column, Hints
from data.readers.dialect import find_text_layout, unix_lines
from data.readers.encodings import decode
from data.readers.grid import Grid, read_grid


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
    return Source(read_grid(text, layout), dialect, findings=tuple(notes))
