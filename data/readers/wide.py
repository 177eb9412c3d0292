"""Columns that are values of one variable become rows: which ones, under which names, and what is left aside."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from analytics.errors import Question
from data.findings import finding
from data.readers.dates import month_numbers
from data.readers.grid import Grid
from data.readers.kinds import kind_of
from data.readers.numbers import MISSING, parse_numbers
from data.readers.periods import Period
from data.readers.shape import Shape, find_shape
from data.vocabulary import guess, normalise

#: Share of the filled cells of the body that must be numbers.
_NUMERIC = 0.8
_LONGEST_FLAG = 3
#: Rows looked at to tell what a column holds.
_SEEN = 50
FLAGS = "ligne de codes, sans valeur"
_ROW_YEAR = r"^(?:ann[ée]e |exercice )?((?:19|20)\d{2})(?:[.,]0)?$"


@dataclass(frozen=True)
class Wide:
    """How a wide table was made long.

    Attributes
    ----------
    keys : tuple of str
        Columns repeated on each row.
    variables : tuple of str
        Variables whose values were in the header.
    values : tuple of str
        Amounts.
    columns : tuple of str
        Titles, in the file, of the columns that became rows.
    aside : tuple of str
        Titles of the columns of the file that `tidy` does not hold (totals, amounts that are of no period).
    periode : {"mois", "trimestre", "jour", "annee", ""}
        Period of the first variable.
    """

    keys: tuple[str, ...]
    variables: tuple[str, ...]
    values: tuple[str, ...]
    columns: tuple[str, ...]
    aside: tuple[str, ...] = ()
    periode: str = ""

    @property
    def variable(self) -> str:
        """First variable."""
        return self.variables[0]

    @property
    def value(self) -> str:
        """First amount."""
        return self.values[0]


@dataclass(frozen=True)
class Unfolding:
    """What to do with a grid: its shape once checked on the cells, and what has to be said.

    Attributes
    ----------
    shape : Shape or None
        None when the table is not wide, or not before an answer.
    grid : Grid
        The grid without its rows of flags.
    row_period : str
        Column that holds the other half of the period (the year of bare months, the month of bare years).
    questions, findings : tuple
    """

    shape: Shape | None
    grid: Grid
    row_period: str = ""
    questions: tuple[Question, ...] = ()
    findings: tuple[dict, ...] = ()


def look_wide(
    grid: Grid, answers: Mapping[str, str], *, titles: Sequence[str] = (), since_1904: bool = False
) -> Unfolding:
    """Decide whether the columns of a grid are values of one variable.

    Parameters
    ----------
    grid : Grid
        What was cut of the file.
    answers : mapping
        "forme" ("long" or "colonnes"), "annee" and "total:<colonne>" ("total" or "garder") are used.
    titles : sequence of str
        Name of the file and of the sheet, where the year of bare months may stand beside the titles of the grid.
    """
    if answers.get("forme") == "colonnes" or not len(grid.lines):
        return Unfolding(None, grid)
    names = grid.cells.column_names
    keep = frozenset(j for j, name in enumerate(names) if answers.get(f"total:{name}") == "garder")
    shape = find_shape(grid.layout.levels, since_1904=since_1904, keep=keep)
    if shape is None:
        return Unfolding(None, grid)
    trimmed, flags = _without_flags(grid, shape.body)
    if not _numeric(trimmed, shape.body):
        return Unfolding(None, grid)
    return _dated(Unfolding(shape, trimmed, findings=flags), answers, titles)


def _without_flags(grid: Grid, body: tuple[int, ...]) -> tuple[Grid, tuple[dict, ...]]:
    """The grid without the rows whose every filled cell is a short code of letters, under a row of values."""
    cells = [pc.utf8_trim_whitespace(grid.cells.column(j)) for j in body]
    filled = np.zeros(len(grid.lines), dtype=bool)
    coded = np.ones(len(grid.lines), dtype=bool)
    digits = np.zeros(len(grid.lines), dtype=bool)
    for column in cells:
        says = _mask(pc.not_equal(column, "")) & ~_mask(pc.is_in(pc.utf8_lower(column), value_set=pa.array(MISSING)))
        filled |= says
        digits |= says & _mask(pc.match_substring_regex(column, r"\d"))
        coded &= ~says | _mask(pc.match_substring_regex(column, rf"^[A-Za-z]{{1,{_LONGEST_FLAG}}}$"))
    rows = filled & coded & np.concatenate(([False], digits[:-1]))
    if not rows.any():
        return grid, ()
    labels = grid.cells.column(0).filter(pa.array(rows)).to_pylist()
    left = [(int(line), "", label, FLAGS) for line, label in zip(grid.lines[rows], labels, strict=True)]
    message = f"Lignes de codes laissées de côté, une sous chaque ligne de valeurs : {len(left)}."
    note = finding("conformite.lignes_de_codes", "info", message, ligne=left[0][0])
    kept = replace(
        grid,
        cells=grid.cells.filter(pa.array(~rows)),
        lines=grid.lines[~rows],
        left_out=[*grid.left_out, *left],
    )
    return kept, (note,)


def _mask(values: pa.ChunkedArray) -> np.ndarray:
    return values.to_numpy().astype(bool)


def body_texts(grid: Grid, positions: Sequence[int]) -> pa.Array:
    """Cells of some columns one under the other, row by row; "" where the file has no column."""
    count = len(grid.lines)
    parts = [
        grid.cells.column(j).combine_chunks() if j >= 0 else pa.array([""] * count, pa.string()) for j in positions
    ]
    parts = [p.combine_chunks() if isinstance(p, pa.ChunkedArray) else p for p in parts]
    joined = pa.concat_arrays(parts)
    order = np.arange(len(positions) * count).reshape(len(positions), count).T.ravel()
    return joined.take(pa.array(order))


def _numeric(grid: Grid, body: tuple[int, ...]) -> bool:
    encoded = body_texts(grid, body).dictionary_encode()
    counts = np.bincount(encoded.indices.to_numpy(zero_copy_only=False), minlength=len(encoded.dictionary))
    numbers = parse_numbers(encoded.dictionary, counts)
    filled = counts[~numbers.missing].sum()
    if numbers.undecided:
        return numbers.readable >= _NUMERIC * filled
    return bool(filled and counts[~numbers.bad & ~numbers.missing].sum() >= _NUMERIC * filled)


def _dated(found: Unfolding, answers: Mapping[str, str], titles: Sequence[str]) -> Unfolding:
    """Find the half of the period that the header does not say."""
    shape = found.shape
    if shape.kind in ("mois_nu", "trimestre_nu"):
        return _with_year(found, answers, titles)
    if shape.kind != "annee":
        return found
    column = _row_months(found.grid, shape)
    if column:
        return replace(found, shape=replace(shape, variables=("mois", *shape.variables[1:])), row_period=column)
    if len(shape.variables) > 1 or answers.get("forme") == "long":
        return found
    question = Question(
        "forme",
        "Les colonnes de ce fichier sont des années : faut-il une ligne par année ?",
        {"colonnes": "Non, garder une colonne par année", "long": "Oui, une ligne par année"},
        "Les montants restent les mêmes ; seule la forme du tableau change.",
    )
    return replace(found, shape=None, questions=(question,))


def _with_year(found: Unfolding, answers: Mapping[str, str], titles: Sequence[str]) -> Unfolding:
    column = _row_years(found.grid, found.shape)
    if column:
        # A column titled « Année » may be the total of the year, or hold the year: its cells have just said which.
        at = found.grid.cells.column_names.index(column)
        totals = {j: parts for j, parts in found.shape.totals.items() if j != at}
        return replace(found, shape=replace(found.shape, totals=totals), row_period=column)
    if _counts_delays(found):
        return replace(found, shape=None)
    said = answers.get("annee", "")
    written = {y for t in [*(e[2] for e in found.grid.left_out), *titles] for y in _years_in(t)}
    year = int(said) if re.fullmatch(r"(19|20)\d\d", said) else written.pop() if len(written) == 1 else 0
    if not year:
        question = Question(
            "annee",
            "De quelle année sont les mois de ce fichier ?",
            {str(y): str(y) for y in sorted(written)},
            "Rien dans le fichier ne dit l’année de ses colonnes.",
        )
        return replace(found, shape=None, questions=(question,))
    message = f"L’année des mois en colonnes, {year}, vient du titre ou du nom du fichier."
    note = finding("conformite.annee_du_titre", "attention", message) if not said else None
    periods = tuple(Period(p.kind.removesuffix("_nu"), year, p.month) for p in found.shape.periods)
    combos = tuple((f"{c[0]} {year}", *c[1:]) for c in found.shape.combos)
    return replace(
        found,
        shape=replace(found.shape, periods=periods, combos=combos),
        findings=found.findings + ((note,) if note else ()),
    )


def _counts_delays(found: Unfolding) -> bool:
    """True for columns 1 … 12 beside rows that have their own month: a triangle by delay, not by month."""
    if any(not c[0].strip().isdigit() for c in found.shape.combos):
        return False
    return any(
        all(kind_of(text) == "date" for text in _filled(found.grid, name)[:_SEEN])
        for name in _outside(found.grid, found.shape)
    )


def _years_in(text: str) -> set[int]:
    return {int(y) for y in re.findall(r"(?<![\d.,])((?:19|20)\d\d)(?![\d.,]\d)", text.replace("_", " "))}


def _row_years(grid: Grid, shape: Shape) -> str:
    """The column whose every filled cell is a year."""
    return next((name for name in _outside(grid, shape) if years_of(grid, name, shape.body) is not None), "")


def _row_months(grid: Grid, shape: Shape) -> str:
    """The column whose every filled cell is a bare month."""
    return next((name for name in _outside(grid, shape) if months_of(grid, name, shape.body) is not None), "")


def _outside(grid: Grid, shape: Shape) -> list[str]:
    return [name for j, name in enumerate(grid.cells.column_names) if j not in shape.body]


def _filled(grid: Grid, name: str) -> pd.Series:
    return pd.Series(grid.cells.column(name).to_pylist(), dtype="str").str.strip()


def _empty(grid: Grid, body: Sequence[int]) -> np.ndarray:
    """Rows without a single amount: notes, titles of groups."""
    empty = np.ones(len(grid.lines), dtype=bool)
    for j in body:
        empty &= _mask(pc.equal(pc.utf8_trim_whitespace(grid.cells.column(j)), ""))
    return empty


def years_of(grid: Grid, name: str, body: Sequence[int]) -> np.ndarray | None:
    """Year of each row, 0 where there is none (total, note); None when the column is not one of years."""
    texts = _filled(grid, name)
    years = texts.str.extract(_ROW_YEAR, flags=re.IGNORECASE)[0]
    other = years.isna() & (texts != "") & ~texts.map(normalise).str.contains("tota|moyenne|ensemble|cumul")
    unread = other.any() and (other & ~_empty(grid, body)).any()
    return None if unread or years.isna().all() else years.fillna("0").astype(int).to_numpy()


def months_of(grid: Grid, name: str, body: Sequence[int]) -> np.ndarray | None:
    """Month of each row, 0 where there is none (total, note); None when the column is not one of bare months."""
    texts = _filled(grid, name)
    words = texts.map(normalise)
    hint = guess(name)
    if words.str.fullmatch(r"\d{1,2}( 0)?|").all() and hint is not None and hint.kind in ("month", "calendar"):
        numbers = pd.to_numeric(words.str.removesuffix(" 0"), errors="coerce")
        numbers = numbers.where(numbers.between(1, 12))
    else:
        numbers = month_numbers(words)
    other = numbers.isna() & (texts != "") & ~words.str.contains("tota|moyenne|ensemble|cumul|annee")
    unread = other.any() and (other & ~_empty(grid, body)).any()
    return None if unread or numbers.notna().sum() < 2 else numbers.fillna(0).astype(int).to_numpy()
