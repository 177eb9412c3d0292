"""Files of one line per fact: plain, dressed for reading, damaged, with doubtful titles."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal

from tests.french import words
from tests.french.spec import Case, Column, Spec, Style, Truth
from tests.french.tables import Menu, draw_style, make_lines
from tests.french.textfile import ASIDE, BAD, DATA, HEADER, Record, Written, write_text
from tests.french.writing import fit, write_cell, write_columns

#: Kinds of the truth; how a number is spelled is no longer its matter.
TRUE_KINDS = {"montant": "nombre", "taux": "nombre"}
Dress = Callable[[random.Random, tuple[Column, ...], list[Record], Style], list[Record]]


def make_records(columns: Sequence[Column], style: Style) -> list[Record]:
    """Header and lines, nothing else."""
    header = Record(HEADER, tuple(c.title for c in columns))
    return [header, *(Record(DATA, tuple(row)) for row in write_columns(tuple(columns), style))]


def make_truth(columns: Sequence[Column], written: Written, *, dropped: Sequence[int] = ()) -> Truth:
    """The columns as values, on the lines that stay; `dropped` are row numbers that must be rejected."""
    rows = [i for i in range(len(columns[0].values)) if i not in set(dropped)]
    lines = written.lines(DATA, BAD)
    kept = tuple(Column(c.title, TRUE_KINDS.get(c.kind, c.kind), tuple(c.values[i] for i in rows)) for c in columns)
    return Truth(kept, tuple(lines[i] for i in rows))


def make_case(spec: Spec, columns: Sequence[Column], records: Sequence[Record], style: Style, **more: object) -> Case:
    """Write the records and note what must be read."""
    written = write_text(records, style)
    damaged = [i for i, r in enumerate(r for r in records if r.part in (DATA, BAD)) if r.part == BAD]
    defaults = {
        "truths": (make_truth(columns, written, dropped=damaged),),
        "records": written.lines(),
        "rejected": written.lines(BAD),
        "frame": tuple(r.cells for r in records if r.part == DATA),
        "name": "export.csv" + {"gz": ".gz", "zip": ".zip"}.get(style.pack, ""),
    }
    if style.pack == "zip":
        defaults["name"] = "export.zip"
    return Case(spec, written.content, **{**defaults, **more})


def plain(rng: random.Random, seed: int) -> Case:
    """A table and its header."""
    style = draw_style(rng)
    columns = make_lines(rng, style)
    return make_case(Spec("lignes", seed, style), columns, make_records(columns, style), style)


def aside(text: Sequence[str], style: Style, width: int, padded: bool) -> Record:
    """A line around the table, alone on its line or padded with separators as Excel does."""
    cells = [fit(t, style.encoding) for t in text]
    return Record(ASIDE, tuple(cells + [""] * (width - len(cells) if padded else 0)))


def add_preamble(rng: random.Random, columns: tuple[Column, ...], records: list[Record], style: Style) -> list[Record]:
    """Title, date of extraction, blank lines."""
    padded, width = rng.random() < 0.5, len(columns)
    top = [aside([text], style, width, padded) for text in rng.choice(words.PREAMBLES)]
    if rng.random() < 0.3 and width > 2:
        top.append(aside(["Période :", "tous les mois"], style, width, padded))
    top += [aside([""], style, width, padded)] * rng.randint(0, 2)
    return top + records


def add_notes(rng: random.Random, columns: tuple[Column, ...], records: list[Record], style: Style) -> list[Record]:
    """Foot-notes, after a blank line or not."""
    padded, width = rng.random() < 0.4, len(columns)
    blank = [aside([""], style, width, padded)] * rng.randint(0, 2)
    return [*records, *blank, *(aside([text], style, width, padded) for text in rng.choice(words.NOTES))]


def add_blanks(rng: random.Random, columns: tuple[Column, ...], records: list[Record], style: Style) -> list[Record]:
    """Blank lines in the middle, bare or made of separators."""
    out = list(records)
    for _ in range(rng.randint(1, 3)):
        place = rng.randint(2, len(out) - 1)
        out.insert(place, aside([""], style, len(columns), rng.random() < 0.5))
    return out


def total_cells(columns: Sequence[Column], label: str, rows: Sequence[int], style: Style) -> tuple[str, ...]:
    """A line of totals: the label in the first column, the sums under the amounts."""
    cells = []
    for i, column in enumerate(columns):
        summed = column.kind in ("montant", "nombre")
        total = sum((column.values[r] for r in rows if column.values[r] is not None), Decimal(0)) if summed else None
        cells.append(fit(label, style.encoding) if i == 0 else write_cell(column.kind, total, style) if summed else "")
    return tuple(cells)


def add_total(rng: random.Random, columns: tuple[Column, ...], records: list[Record], style: Style) -> list[Record]:
    """The grand total, after the last line."""
    rows = range(len(columns[0].values))
    return [*records, Record(ASIDE, total_cells(columns, rng.choice(words.TOTALS), rows, style))]


DRESSES: dict[str, Dress] = {
    "titre": add_preamble,
    "notes": add_notes,
    "vides": add_blanks,
    "total": add_total,
}
#: Inside first: the total belongs to the table, notes come after it, the title before everything.
ORDER = ("vides", "total", "notes", "titre")


def dressed(rng: random.Random, seed: int) -> Case:
    """A table made to be looked at: title, blank lines, total, notes."""
    style = draw_style(rng)
    columns = make_lines(rng, style, Menu(comment=0.2))
    chosen = set(rng.sample(ORDER, rng.randint(1, 4)))
    records = make_records(columns, style)
    for name in ORDER:
        if name in chosen:
            records = DRESSES[name](rng, columns, records, style)
    spec = Spec("habillage", seed, style, (("habits", tuple(n for n in ORDER if n in chosen)),))
    return make_case(spec, columns, records, style)


def subtotals(rng: random.Random, seed: int) -> Case:
    """Lines by group, a sub-total after each, a grand total at the end."""
    style = draw_style(rng, trailing="")
    columns = make_lines(rng, style, Menu(dims=(1, 2), comment=0.0, codes=0.0))
    dim = next(i for i, c in enumerate(columns) if c.kind == "texte")
    order = sorted(range(len(columns[0].values)), key=lambda r: str(columns[dim].values[r]))
    moved = [columns[dim], *(c for i, c in enumerate(columns) if i != dim)]
    columns = tuple(Column(c.title, c.kind, tuple(c.values[r] for r in order)) for c in moved)
    head, *body = make_records(columns, style)
    records, group = [head], []
    word = rng.choice(["Sous-total", "Total", "SOUS-TOTAL"])
    for r, record in enumerate(body):
        records.append(record)
        group.append(r)
        value = columns[0].values[r]
        if r + 1 == len(body) or columns[0].values[r + 1] != value:
            records.append(Record(ASIDE, total_cells(columns, f"{word} {value}", group, style)))
            group = []
    records = add_total(rng, columns, records, style)
    return make_case(Spec("sous_totaux", seed, style, (("mot", word),)), columns, records, style)


def ragged(rng: random.Random, seed: int) -> Case:
    """One or two lines with cells in excess or missing: they are rejected, the others do not move."""
    style = draw_style(rng, trailing="", pack="", missing="")
    columns = make_lines(rng, style, Menu(rows=(20, 40), missing=0.0, comment=0.0, dims=(2, 3)))
    records = make_records(columns, style)
    how = rng.choice(["courte", "longue", "separateur", "deux"])
    places = rng.sample(range(3, len(records) - 1), 2 if how == "deux" else 1)
    for place, kind in zip(places, ("courte", "longue") if how == "deux" else (how,), strict=True):
        records[place] = damage(records[place], kind)
    return make_case(Spec("lignes_boiteuses", seed, style, (("comment", how),)), columns, records, style)


def damage(record: Record, how: str) -> Record:
    """A line that lost its last cell, gained one, or whose text holds a bare separator."""
    cells = list(record.cells)
    if how == "courte":
        return replace(record, part=BAD, cells=tuple(cells[:-1]))
    if how == "longue":
        return replace(record, part=BAD, cells=(*cells, cells[-1]))
    return replace(record, part=BAD, cells=(cells[0], "dont", *cells[1:]))


WRONG = {
    "montant": ("erreur", "12,5,3", "1 23,4", "voir note", "12€50", "l0,50"),
    "nombre": ("erreur", "douze", "1O5"),
    "mois": ("31/02/2024", "2024-13", "inconnu"),
    "date": ("31/02/2024", "45/45/2024", "date ?"),
}


def wrong_cells(rng: random.Random, seed: int) -> Case:
    """One cell that is neither a number nor a date in a column of them: its line is rejected."""
    style = draw_style(rng, trailing="", quoting="all")
    columns = make_lines(rng, style, Menu(rows=(24, 40), missing=0.0))
    records = make_records(columns, style)
    chosen = rng.choice([i for i, c in enumerate(columns) if c.kind in WRONG])
    place = rng.randrange(5, len(records) - 2)
    cells = list(records[place].cells)
    cells[chosen] = fit(rng.choice(WRONG[columns[chosen].kind]), style.encoding)
    records[place] = Record(BAD, tuple(cells))
    spec = Spec("cellule_fausse", seed, style, (("colonne", columns[chosen].title), ("valeur", cells[chosen])))
    return make_case(spec, columns, records, style)


def odd_titles(rng: random.Random, seed: int) -> Case:
    """Two columns of the same title, or a column without one."""
    style = draw_style(rng, trailing="")
    columns = list(make_lines(rng, style, Menu(measures=(2, 3), dims=(1, 2), comment=0.0)))
    how = rng.choice(["double", "sans titre", "premier sans titre"])
    written = list(columns)
    if how == "double":
        first = next(i for i, c in enumerate(columns) if c.kind == "montant")
        columns[first + 1] = replace(columns[first + 1], title=f"{columns[first].title} (2)")
        written[first + 1] = replace(columns[first + 1], title=columns[first].title)
    else:
        place = 0 if how == "premier sans titre" else next(i for i, c in enumerate(columns) if c.kind == "texte")
        written[place] = replace(columns[place], title="")
        columns[place] = replace(columns[place], title=f"Colonne {place + 1}")
        if place == 0:  # the title no longer says that whole numbers are dates
            style = replace(style, date="%d/%m/%Y", mois="%m/%Y")
    spec = Spec("titres_douteux", seed, style, (("comment", how),))
    return make_case(spec, columns, make_records(written, style), style)


def units_row(rng: random.Random, seed: int) -> Case:
    """A second row of header gives the units."""
    style = draw_style(rng, trailing="", unit="")
    columns = make_lines(rng, style, Menu(comment=0.0))
    names = {"montant": "en euros", "nombre": "en nombre", "taux": "en %"}
    head, *body = make_records(columns, style)
    units = Record(HEADER, tuple(names.get(c.kind, "") for c in columns))
    records = [head, units, *body]
    if rng.random() < 0.4:
        records = add_preamble(rng, columns, records, style)
    return make_case(Spec("ligne_unites", seed, style), columns, records, style)


FAMILIES: dict[str, Callable[[random.Random, int], Case]] = {
    "lignes": plain,
    "habillage": dressed,
    "sous_totaux": subtotals,
    "lignes_boiteuses": ragged,
    "cellule_fausse": wrong_cells,
    "titres_douteux": odd_titles,
    "ligne_unites": units_row,
}
