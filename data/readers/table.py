"""A file read as a table: text cells, typed cells, and every line that is not in them with its reason."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from os import PathLike

import numpy as np
import pandas as pd
import pyarrow as pa

from analytics.errors import Question, ReadError
from data.findings import finding, to_frame
from data.readers.columns import Column, type_columns
from data.readers.dialect import Layout, find_layout
from data.readers.encodings import Decoded, decode
from data.readers.grid import Grid, lines_frame, read_grid
from data.readers.opening import open_archive, read_bytes
from data.vocabulary import normalise

_TOTAL = re.compile(
    r"(grand |sous )?tota(l|ux)"
    r"( .*)?"
)


@dataclass(frozen=True)
class Table:
    """What was read of a file. Lines of the file = rows of `tidy` + `rejected` + `left_out` + the header.

    Attributes
    ----------
    frame : pandas.DataFrame
        Text cells under the header found, as written in the file; one row per accepted line.
    tidy : pandas.DataFrame
        The same rows, typed: datetime64[s] for dates, float64 for numbers, category of trimmed text for the rest.
        Missing is NaT or NaN.
    dialect : dict
        encoding, separator, decimal ("," or "." or None), header_rows (line numbers), sheet, compression, lignes.
    rejected : pandas.DataFrame
        Lines that cannot be read: ligne, colonne, valeur, raison; one row per line.
    left_out : pandas.DataFrame
        Lines that are not data (blank, title, total): ligne, colonne, valeur, raison.
    questions : tuple of Question
        What the cells do not settle.
    lines : pandas.Series of int
        Line of the file of each row.
    findings : pandas.DataFrame
        What was supposed in reading the file.
    name : str
        Name of the file, when known.
    """

    frame: pd.DataFrame
    tidy: pd.DataFrame
    dialect: Mapping[str, object]
    rejected: pd.DataFrame
    left_out: pd.DataFrame
    questions: tuple[Question, ...] = ()
    lines: pd.Series = field(default_factory=lambda: pd.Series(dtype="int64"))
    findings: pd.DataFrame = field(default_factory=lambda: to_frame(()))
    name: str = ""


def read_table(
    path_or_bytes: str | PathLike[str] | bytes,
    *,
    name: str | None = None,
    sheet: str | None = None,
    answers: Mapping[str, str] | None = None,
) -> Table:
    """Read a delimited text file (CSV, TSV…), plain or compressed alone in a gzip or a zip.

    Parameters
    ----------
    path_or_bytes : path or bytes
        The file.
    name : str, optional
        Name to keep with the data; the name of the path by default.
    sheet : str, optional
        Sheet of a workbook; a text file has none.
    answers : mapping, optional
        Answers to `questions` of an earlier reading, by key.

    Returns
    -------
    Table

    Raises
    ------
    ReadError
        The bytes are not a table: empty, binary, a workbook, no separator, no header, two columns of the same name,
        a quote never closed, or not one line that can be used.
    """
    if sheet is not None:
        raise ReadError("Un fichier texte n’a pas de feuilles.", valeur=sheet, remede="Retirez le nom de feuille.")
    raw, compression = open_archive(read_bytes(path_or_bytes))
    decoded = decode(raw)
    text = _unix_lines(decoded.text)
    layout = find_layout(text)
    grid = read_grid(text, layout)
    columns = type_columns(grid.cells, answers or {})
    kept, rejected, left_out = _sort_lines(grid, columns)
    if not kept.any():
        raise _nothing_left(layout, rejected)
    return Table(
        frame=_text_frame(grid.cells, kept),
        tidy=_tidy_frame(columns, kept),
        dialect=_dialect(decoded, layout, columns, compression, text),
        rejected=rejected,
        left_out=left_out,
        questions=tuple(c.question for c in columns if c.question is not None),
        lines=pd.Series(grid.lines[kept], name="ligne", dtype="int64"),
        findings=_findings(decoded, columns, rejected, left_out),
        name=name if name is not None else _name_of(path_or_bytes),
    )


def _name_of(source: object) -> str:
    return re.split(r"[\\/]", str(source))[-1] if isinstance(source, (str, PathLike)) else ""


def _unix_lines(text: str) -> str:
    """One end of line only; a lone carriage return inside a Windows file is a space."""
    if "\r" not in text:
        return text
    text = text.replace("\r\n", "\n")
    return text.replace("\r", " " if "\n" in text else "\n")


def _sort_lines(grid: Grid, columns: list[Column]) -> tuple[np.ndarray, pd.DataFrame, pd.DataFrame]:
    """Rows kept, then the rejected and left out lines, those of the grid included."""
    rejected, left_out = list(grid.rejected), list(grid.left_out)
    kept = np.ones(len(grid.lines), dtype=bool)
    blank = np.logical_and.reduce([c.missing[c.codes] for c in columns]) if len(kept) else ~kept
    left_out += [(int(line), "", "", "ligne vide") for line in grid.lines[blank]]
    kept &= ~blank
    for column, rows in ((c, _total_rows(c)) for c in columns):
        rows &= kept
        if rows.any() and not rows[kept].all():
            left_out += _described(grid, column, rows, "ligne de total")
            kept &= ~rows
    for column in columns:
        rows = column.bad[column.codes] & kept
        if rows.any():
            rejected += _described(grid, column, rows, _reason(column))
            kept &= ~rows
    return kept, lines_frame(rejected), lines_frame(left_out)


def _total_rows(column: Column) -> np.ndarray:
    """Rows where a cell that is neither a number nor a date says "Total"."""
    words = column.bad if column.kind != "text" else ~column.missing
    total = np.zeros(len(column.texts), dtype=bool)
    candidates = np.flatnonzero(words)
    texts = pd.Series(column.texts.take(pa.array(candidates)), dtype="str")
    likely = texts.str.contains("tota", case=False, regex=False).to_numpy()
    for at in np.flatnonzero(likely):
        total[candidates[at]] = _TOTAL.fullmatch(normalise(texts.iloc[at])) is not None
    return total[column.codes]


def _described(grid: Grid, column: Column, rows: np.ndarray, reason: str) -> list[tuple[int, str, str, str]]:
    texts = column.texts.take(pa.array(column.codes[rows])).to_pylist()
    return [(int(line), column.name, text, reason) for line, text in zip(grid.lines[rows], texts, strict=True)]


def _reason(column: Column) -> str:
    if column.kind == "date":
        return "ce n’est pas une date"
    sign = {",": " à virgule décimale", ".": " à point décimal"}.get(column.decimal or "", "")
    return f"ce n’est pas un nombre{sign}"


def _nothing_left(layout: Layout, rejected: pd.DataFrame) -> ReadError:
    if rejected.empty:
        return ReadError(
            "Le fichier n’a qu’une ligne de titres, aucune donnée.",
            ligne=layout.header_line,
            remede="Vérifiez les filtres de l’export et déposez un fichier qui a des lignes.",
        )
    first = rejected.iloc[0]
    return ReadError(
        f"Aucune ligne n’a pu être lue : {first['raison']}.",
        ligne=int(first["ligne"]),
        colonne=first["colonne"] or None,
        valeur=first["valeur"],
        remede="Corrigez l’export, puis déposez de nouveau le fichier.",
    )


def _text_frame(cells: pa.Table, kept: np.ndarray) -> pd.DataFrame:
    table = cells if kept.all() else cells.filter(pa.array(kept))
    return pd.DataFrame({n: pd.Series(pd.array(table.column(n), dtype="str")) for n in table.column_names})


def _tidy_frame(columns: list[Column], kept: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame({c.name: _typed(c, kept) for c in columns})


def _typed(column: Column, kept: np.ndarray) -> pd.Series:
    codes = column.codes[kept]
    if column.parsed is not None:
        return pd.Series(column.parsed[codes])
    texts = pd.Series(column.texts, dtype="str").str.strip()
    positions, values = pd.factorize(texts.where(~column.missing), use_na_sentinel=True)
    return pd.Series(pd.Categorical.from_codes(positions[codes], categories=values)).cat.remove_unused_categories()


def _dialect(decoded: Decoded, layout: Layout, columns: list[Column], compression: str, text: str) -> dict[str, object]:
    signs = [c.decimal for c in columns if c.decimal in (",", ".")]
    return {
        "encoding": decoded.encoding,
        "separator": layout.separator,
        "decimal": max(set(signs), key=signs.count) if signs else None,
        "header_rows": (layout.header_line,),
        "sheet": None,
        "compression": compression,
        "lignes": text.count("\n") + (not text.endswith("\n")),
    }


def _findings(decoded: Decoded, columns: list[Column], rejected: pd.DataFrame, left_out: pd.DataFrame) -> pd.DataFrame:
    rows = [note for column in columns for note in column.findings]
    if decoded.doubtful:
        message = f"Lignes qui ne sont pas dans le même encodage que les autres : {len(decoded.doubtful)}."
        remedy = "Vérifiez leurs accents, ou exportez de nouveau le fichier en UTF-8."
        rows.append(finding("conformite.encodage", "attention", message, ligne=decoded.doubtful[0], remede=remedy))
    if len(rejected):
        message = f"Lignes rejetées : {len(rejected)}. Première raison : {rejected['raison'].mode().iloc[0]}."
        remedy = "Téléchargez-les, corrigez-les, puis déposez de nouveau le fichier."
        first = int(rejected["ligne"].iloc[0])
        rows.append(finding("conformite.lignes_rejetees", "attention", message, ligne=first, remede=remedy))
    totals = left_out[left_out["raison"] == "ligne de total"]
    if len(totals):
        message = f"Lignes de total laissées de côté, pour ne rien compter deux fois : {len(totals)}."
        rows.append(finding("conformite.totaux", "info", message, ligne=int(totals["ligne"].iloc[0])))
    return to_frame(rows)
