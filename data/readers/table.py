"""A file read as a table: text cells, typed cells, and every line that is not in them with its reason."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from os import PathLike

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from analytics.errors import Question, ReadError
from data.findings import finding, to_frame
from data.readers.body import Body, type_body
from data.readers.columns import Column
from data.readers.grid import Entry, lines_frame
from data.readers.numbers import ERRORS
from data.readers.opening import Opened, open_source
from data.readers.parquet import read_parquet
from data.readers.rows import TOTAL_LINE, sort_rows
from data.readers.sheets import SHEETS, placed
from data.readers.source import Source, read_text, without_formulas
from data.readers.unfold import settle_zeros, unfold
from data.readers.units import Units, scale, take_units
from data.readers.wide import Wide, look_wide
from data.readers.workbook import read_workbook

#: The end of a sentence or of a line of a letter, or many words.
_SENTENCE = re.compile(r"[.,:;!?…]\s*$|(\S+\s+){5}\S")


@dataclass(frozen=True)
class Table:
    """What was read of a file. Lines of the file = distinct `lines` + `rejected` + `left_out` + the header.

    Attributes
    ----------
    frame : pandas.DataFrame
        Text cells under the header found, in the shape of the file; one row per accepted line.
    tidy : pandas.DataFrame
        Typed: datetime64[s] for dates, float64 for numbers, category of trimmed text for the rest. The rows of `frame`,
        or a long table when months, quarters, postes or header rows were columns (see `wide`). Missing is NaT or NaN.
    dialect : dict
        encoding, separator, decimal ("," or "." or None), header_rows (line numbers), sheet, compression, lignes,
        periode ("mois", "trimestre", "jour", "annee" or ""), unites (column -> unit that was multiplied), ordres
        (column -> order of its dates). When several sheets were read, feuilles gives the lines above the first one of
        each: line 12 of the table is line 12 - feuilles["2024"] of the sheet « 2024 ».
    rejected : pandas.DataFrame
        Lines that cannot be read: ligne, colonne, valeur, raison; one row per line.
    left_out : pandas.DataFrame
        Lines that are not data (blank, title, total, codes, note): ligne, colonne, valeur, raison.
    questions : tuple of Question
        What the cells do not settle.
    lines : pandas.Series of int
        Line of the file of each row of `tidy`.
    findings : pandas.DataFrame
        What was supposed in reading the file.
    name : str
        Name of the file, when known.
    wide : Wide or None
        How a wide table was made long.
    columns : tuple of Column
        Columns of a long `tidy`, from which `texts` is made; () otherwise.
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
    wide: Wide | None = None
    columns: tuple[Column, ...] = field(default=(), repr=False)

    @cached_property
    def texts(self) -> pd.DataFrame:
        """Text of each cell of `tidy`, as written in the file; `frame` itself when the table is not wide."""
        if self.wide is None:
            return self.frame
        return pd.DataFrame({c.name: pd.array(c.texts.take(pa.array(c.codes)), dtype="str") for c in self.columns})


def read_table(
    path_or_bytes: str | PathLike[str] | bytes,
    *,
    name: str | None = None,
    sheet: str | None = None,
    answers: Mapping[str, str] | None = None,
) -> Table:
    """Read a delimited text (CSV, TSV…), a workbook (xlsx, xls, ods) or a Parquet file, plain or alone in an archive.

    Parameters
    ----------
    path_or_bytes : path or bytes
        The file.
    name : str, optional
        Name to keep with the data; the name of the path by default.
    sheet : str, optional
        Sheet of a workbook; the others have none.
    answers : mapping, optional
        Answers to `questions` of an earlier reading, by key.

    Returns
    -------
    Table
        Its `tidy` is empty when the file has titles and no line: see :func:`refuse_empty`.

    Raises
    ------
    ReadError
        The bytes are not a table: empty, binary, damaged, a bomb, a quote never closed, no such sheet, or lines of
        which none can be used.
    """
    answers = answers or {}
    opened = open_source(path_or_bytes)
    known = name if name is not None else _name_of(path_or_bytes)
    source, units = _read(opened, sheet, answers)
    titles = (known, *source.titles)
    found = look_wide(source.grid, answers, titles=titles, since_1904=source.hints.since_1904)
    body = scale(type_body(source, found, answers), units, answers)
    _refuse_prose(source, body)
    rows = sort_rows(body, answers, source.dialect["separator"] or "")
    kept, rejected, left_out = rows.kept, rows.rejected, rows.left_out
    texts_only = not body.amounts and all(c.kind == "text" for c in body.columns)
    if rejected and (not kept.any() or (texts_only and len(rejected) >= kept.sum())):
        raise _nothing_read(rejected)
    columns, asked, said = _long(body, kept, answers)
    notes = [*(n for c in columns for n in c.findings), *source.findings, *found.findings, *body.findings, *said]
    notes += [*rows.findings, *_error_notes(body, kept), *_line_notes(rejected, left_out)]
    return Table(
        frame=_text_frame(body.grid.cells, kept),
        tidy=pd.DataFrame({c.name: _typed(c) for c in columns}),
        dialect=_dialect(source, body, columns, opened.compression),
        rejected=lines_frame(placed(rejected, source.dialect.get(SHEETS))),
        left_out=lines_frame(placed(left_out, source.dialect.get(SHEETS))),
        questions=_questions(source, body, columns, [*rows.questions, *asked]),
        lines=pd.Series(np.repeat(body.grid.lines[kept], body.width), name="ligne", dtype="int64"),
        findings=to_frame(notes),
        name=known,
        wide=_wide(body, columns),
        columns=tuple(columns) if found.shape else (),
    )


def refuse_empty(table: Table) -> None:
    """Refuse a table without a single row.

    Raises
    ------
    ReadError
        The file has titles and no data.
    """
    if len(table.tidy):
        return
    header = table.dialect["header_rows"]
    raise ReadError(
        "Le fichier n’a qu’une ligne de titres, aucune donnée.",
        ligne=header[-1] if header else 1,
        remede="Vérifiez les filtres de l’export et déposez un fichier qui a des lignes.",
    )


def _read(opened: Opened, sheet: str | None, answers: Mapping[str, str]) -> tuple[Source, Units]:
    """The file cut into cells, without what a spreadsheet adds around them, and the units that it says."""
    source = _cut(opened, sheet, answers)
    grid, units = take_units(without_formulas(source.grid), typed=bool(source.typed))
    return replace(source, grid=grid), units


def _cut(opened: Opened, sheet: str | None, answers: Mapping[str, str]) -> Source:
    if opened.kind == "classeur":
        return read_workbook(opened.data, sheet=sheet, answers=answers)
    if sheet is not None:
        raise ReadError("Ce fichier n’a pas de feuilles.", valeur=sheet, remede="Retirez le nom de feuille.")
    return read_parquet(opened.data) if opened.kind == "parquet" else read_text(opened.data)


def _name_of(source: object) -> str:
    return re.split(r"[\\/]", str(source))[-1] if isinstance(source, (str, PathLike)) else ""


def _refuse_prose(source: Source, body: Body) -> None:
    """Refuse a letter: one column without number nor date, most lines of which are sentences."""
    if source.dialect["separator"] != "" or len(body.columns) != 1 or body.columns[0].kind != "text":
        return
    column = body.columns[0]
    texts = [t for t in (column.name, *column.texts.to_pylist()) if t.strip()]
    sentences = sum(_SENTENCE.search(t) is not None for t in texts)
    if sentences * 2 >= len(texts) > 1:
        raise ReadError(
            "C’est un texte suivi, pas une table : aucun séparateur de colonnes n’a été trouvé.",
            ligne=1,
            remede="Déposez l’export CSV ou le classeur qui contient les chiffres.",
        )


def _nothing_read(rejected: list[tuple[int, str, str, str]]) -> ReadError:
    line, column, value, reason = min(rejected)
    return ReadError(
        f"Aucune ligne n’a pu être lue : {reason}.",
        ligne=line,
        colonne=column or None,
        valeur=value,
        remede="Corrigez l’export, puis déposez de nouveau le fichier.",
    )


def _long(body: Body, kept: np.ndarray, answers: Mapping[str, str]) -> tuple[list[Column], list[Question], list[dict]]:
    """Columns of `tidy`, restricted to the rows kept."""
    if body.found.shape is None:
        return [_restricted(c, kept) for c in body.columns], [], []
    columns = unfold(body, kept)
    if body.found.shape.kind == "jour":
        return columns, [], []
    return settle_zeros(columns, len(body.amounts), answers)


def _restricted(column: Column, kept: np.ndarray) -> Column:
    if kept.all():
        return column
    return Column(**{**vars(column), "codes": column.codes[kept]})


def _text_frame(cells: pa.Table, kept: np.ndarray) -> pd.DataFrame:
    table = cells if kept.all() else cells.filter(pa.array(kept))
    return pd.DataFrame({n: pd.array(table.column(n), dtype="str") for n in table.column_names})


def _typed(column: Column) -> pd.Series:
    if column.parsed is not None:
        return pd.Series(column.parsed[column.codes])
    filled = pc.if_else(pa.array(column.missing), None, pc.utf8_trim_whitespace(column.texts))
    encoded = filled.dictionary_encode()
    codes = pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False)[column.codes]
    used = np.bincount(codes[codes >= 0], minlength=len(encoded.dictionary)) > 0
    # Without the words of the lines left out; the last place is that of the code -1.
    places = np.append(np.where(used, np.cumsum(used) - 1, -1), -1)
    categories = pd.array(encoded.dictionary.filter(pa.array(used)), dtype="str")
    return pd.Series(pd.Categorical.from_codes(places[codes], categories=categories))


def _wide(body: Body, columns: list[Column]) -> Wide | None:
    shape = body.found.shape
    if shape is None:
        return None
    names = [c.name for c in columns]
    keys, values = len(body.columns), len(body.amounts)
    return Wide(
        keys=tuple(names[:keys]),
        variables=tuple(names[keys : len(names) - values]),
        values=tuple(names[len(names) - values :]),
        columns=tuple(body.grid.cells.column_names[j] for j in shape.body),
        aside=body.aside,
        periode=_period(body, columns),
    )


def _period(body: Body, columns: list[Column]) -> str:
    if any(c.quarters for c in columns):
        return "trimestre"
    shape = body.found.shape
    if shape is None or not shape.periods:
        return ""
    return "mois" if body.halves is not None else shape.kind.removesuffix("_nu")


def _questions(source: Source, body: Body, columns: list[Column], asked: list[Question]) -> tuple[Question, ...]:
    cells = [c.question for c in columns if c.question is not None]
    return (*source.questions, *body.found.questions, *body.questions, *asked, *cells)


def _dialect(source: Source, body: Body, columns: list[Column], compression: str) -> dict[str, object]:
    signs = [c.decimal for c in columns if c.decimal in (",", ".")]
    return {
        **source.dialect,
        "decimal": max(set(signs), key=signs.count) if signs else None,
        "header_rows": source.grid.layout.header_lines,
        "compression": compression,
        "periode": _period(body, columns),
        "unites": dict(body.units),
        "ordres": {c.name: c.order for c in columns if c.order},
    }


def _error_notes(body: Body, kept: np.ndarray) -> list[dict]:
    """Cells whose formula failed, one finding per column with its first line."""
    notes = []
    for name in body.grid.cells.column_names:
        cells = body.grid.cells.column(name)
        likely = pc.starts_with(cells, "#")
        if not pc.any(likely).as_py():
            continue
        wrong = pc.is_in(pc.utf8_lower(pc.utf8_trim_whitespace(cells)), value_set=pa.array(ERRORS))
        rows = np.flatnonzero(wrong.to_numpy().astype(bool) & kept)
        if len(rows):
            line, text = int(body.grid.lines[rows[0]]), cells[int(rows[0])].as_py()
            message = f"Cellules en erreur lues comme manquantes : {len(rows)}."
            remedy = "Corrigez la formule dans le classeur."
            notes.append(
                finding(
                    "exactitude.cellule_en_erreur",
                    "attention",
                    message,
                    colonne=name,
                    ligne=line,
                    valeur=text,
                    remede=remedy,
                )
            )
    return notes


def _line_notes(rejected: list[Entry], left_out: list[Entry]) -> list[dict]:
    """How many lines are rejected, and how many are totals."""
    notes = []
    if rejected:
        reasons = Counter(reason for *_, reason in rejected)
        message = f"Lignes rejetées : {len(rejected)}. Première raison : {reasons.most_common(1)[0][0]}."
        remedy = "Téléchargez-les, corrigez-les, puis déposez de nouveau le fichier."
        first = min(line for line, *_ in rejected)
        notes.append(finding("conformite.lignes_rejetees", "attention", message, ligne=first, remede=remedy))
    totals = [line for line, *_, reason in left_out if reason.startswith(TOTAL_LINE)]
    if totals:
        message = f"Lignes de total laissées de côté, pour ne rien compter deux fois : {len(totals)}."
        notes.append(finding("conformite.totaux", "info", message, ligne=min(totals)))
    return notes
