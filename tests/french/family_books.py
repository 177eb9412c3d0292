"""Workbooks: XLSX made by openpyxl, ODS written by hand; titles, merged headers, totals, notes, true dates, errors."""

from __future__ import annotations

import datetime as dt
import io
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from xml.sax.saxutils import escape

import openpyxl

from tests.french import words
from tests.french.family_wide import draw_ids, draw_values, long_truth, merged_row, sums
from tests.french.spec import Case, Column, Spec, Style, Truth
from tests.french.tables import Menu, make_lines, months
from tests.french.textfile import zip_files
from tests.french.writing import write_columns, write_month

Cell = object
Merge = tuple[int, int, int, int]  # first row, first column, last row, last column, from 1
#: A workbook has no style of text; this one makes tables with everything in them.
PLAIN = Style(quoting="all")
FORMATS = {"mois": "mmm yyyy", "date": "dd/mm/yyyy", "montant": "# ##0.00 €", "taux": "0.0%"}


@dataclass(frozen=True)
class Page:
    """A sheet as rows of typed cells; `data` are the numbers of the rows that are lines of data."""

    name: str
    rows: tuple[tuple[Cell, ...], ...]
    data: tuple[int, ...] = ()
    merges: tuple[Merge, ...] = ()
    formats: tuple[str, ...] = ()


def to_cell(value: object) -> Cell:
    """A value as a workbook holds it."""
    return float(value) if isinstance(value, Decimal) else value


def make_xlsx(pages: Sequence[Page], *, hidden: str = "") -> bytes:
    """The bytes of an Excel workbook."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for page in pages:
        sheet = book.create_sheet(page.name)
        sheet.sheet_state = "hidden" if page.name == hidden else "visible"
        for r, row in enumerate(page.rows, 1):
            for c, value in enumerate(row, 1):
                cell = sheet.cell(r, c, value)
                if r in page.data and c <= len(page.formats) and page.formats[c - 1]:
                    cell.number_format = page.formats[c - 1]
        for r1, c1, r2, c2 in page.merges:
            sheet.merge_cells(start_row=r1, start_column=c1, end_row=r2, end_column=c2)
    stamp = dt.datetime(2025, 1, 1)
    book.properties.created = book.properties.modified = stamp
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


ODS_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?><office:document-content '
    'xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
    'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" '
    'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" office:version="1.3">'
    "<office:body><office:spreadsheet>"
)
ODS_TAIL = "</office:spreadsheet></office:body></office:document-content>"
ODS_MANIFEST = (
    '<?xml version="1.0" encoding="UTF-8"?><manifest:manifest '
    'xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0" manifest:version="1.3">'
    '<manifest:file-entry manifest:full-path="/" '
    'manifest:media-type="application/vnd.oasis.opendocument.spreadsheet"/>'
    '<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/></manifest:manifest>'
)


def ods_cell(value: Cell, span: int, covered: bool) -> str:
    """One cell of an OpenDocument sheet."""
    if covered:
        return "<table:covered-table-cell/>"
    more = f' table:number-columns-spanned="{span}" table:number-rows-spanned="1"' if span > 1 else ""
    if value is None or value == "":
        return f"<table:table-cell{more}/>"
    if isinstance(value, dt.date):
        shown = value.strftime("%d/%m/%Y")
        more += f' office:value-type="date" office:date-value="{value.isoformat()}"'
    elif isinstance(value, float):
        shown = f"{value:,.2f}".replace(",", " ").replace(".", ",")
        more += f' office:value-type="float" office:value="{value!r}"'
    else:
        shown = escape(str(value))
        more += ' office:value-type="string"'
    return f"<table:table-cell{more}><text:p>{shown}</text:p></table:table-cell>"


def make_ods(pages: Sequence[Page]) -> bytes:
    """The bytes of an OpenDocument workbook: the least that readers ask for."""
    tables = []
    for page in pages:
        spans = {(r1, c1): c2 - c1 + 1 for r1, c1, r2, c2 in page.merges if r1 == r2}
        hidden = {(r, c) for (r, c1), n in spans.items() for c in range(c1 + 1, c1 + n)}
        rows = (
            "".join(ods_cell(v, spans.get((r, c), 1), (r, c) in hidden) for c, v in enumerate(row, 1))
            for r, row in enumerate(page.rows, 1)
        )
        body = "".join(f"<table:table-row>{row}</table:table-row>" for row in rows)
        tables.append(f'<table:table table:name="{escape(page.name)}">{body}</table:table>')
    content = (ODS_HEAD + "".join(tables) + ODS_TAIL).encode()
    kind = b"application/vnd.oasis.opendocument.spreadsheet"
    return zip_files({"mimetype": kind, "content.xml": content, "META-INF/manifest.xml": ODS_MANIFEST.encode()})


def book_columns(rng: random.Random) -> tuple[Column, ...]:
    """A table of lines as Excel users hold it."""
    return make_lines(rng, PLAIN, Menu(comment=0.2, missing=0.05))


def truth_of(columns: Sequence[Column], lines: Sequence[int]) -> Truth:
    """The columns as they must be read."""
    kinds = {"montant": "nombre", "taux": "nombre"}
    return Truth(tuple(Column(c.title, kinds.get(c.kind, c.kind), c.values) for c in columns), tuple(lines))


def lines_page(columns: Sequence[Column], *, above: Sequence[tuple[Cell, ...]] = (), name: str = "Données") -> Page:
    """Rows above, the header, the data."""
    body = [tuple(to_cell(c.values[i]) for c in columns) for i in range(len(columns[0].values))]
    rows = (*above, tuple(c.title for c in columns), *body)
    first = len(above) + 2
    formats = tuple(FORMATS.get(c.kind, "") for c in columns)
    return Page(name, rows, tuple(range(first, first + len(body))), formats=formats)


def extend(page: Page, *rows: tuple[Cell, ...]) -> Page:
    """The page with rows under it."""
    return Page(page.name, (*page.rows, *rows), page.data, page.merges, page.formats)


def book_case(
    spec: Spec, pages: Sequence[Page], truths: tuple[Truth, ...], kind: str, *, main: int = 0, **more: object
) -> Case:
    """The workbook and what must be read in its main sheet; every row that is not blank is accounted for."""
    content = make_ods(pages) if kind == "ods" else make_xlsx(pages)
    records = tuple(r for r, row in enumerate(pages[main].rows, 1) if any(v not in (None, "") for v in row))
    return Case(spec, content, truths=truths, records=records, name=f"export.{kind}", **more)


def kind_of(seed: int) -> str:
    """One workbook in four is an ODS."""
    return "ods" if seed % 4 == 3 else "xlsx"


def plain_book(rng: random.Random, seed: int) -> Case:
    """Header on the first row, true dates and numbers."""
    columns, kind = book_columns(rng), kind_of(seed)
    page = lines_page(columns)
    return book_case(Spec("classeur", seed, None, (("type", kind),)), [page], (truth_of(columns, page.data),), kind)


def total_of(columns: Sequence[Column], label: str) -> tuple[Cell, ...]:
    """A row of totals."""
    cells = [to_cell(sums(c.values)) if c.kind in ("montant", "nombre") else None for c in columns]
    return (label, *cells[1:])


def dressed_book(rng: random.Random, seed: int) -> Case:
    """Titles above (merged), a total and notes under."""
    columns, kind = book_columns(rng), kind_of(seed)
    above = [(text, *[None] * (len(columns) - 1)) for text in rng.choice(words.PREAMBLES)]
    above += [(None,) * len(columns)] * rng.randint(0, 2)
    page = lines_page(columns, above=above)
    if rng.random() < 0.6:
        page = Page(page.name, page.rows, page.data, ((1, 1, 1, len(columns)),), page.formats)
    total = rng.random() < 0.7
    under = [total_of(columns, rng.choice(words.TOTALS))] if total else []
    under += [(None,) * len(columns)] * rng.randint(0, 1)
    under += [(text, *[None] * (len(columns) - 1)) for text in rng.choice(words.NOTES)]
    page = extend(page, *under)
    spec = Spec("classeur_habille", seed, None, (("type", kind), ("au_dessus", len(above)), ("total", total)))
    return book_case(spec, [page], (truth_of(columns, page.data),), kind)


def sheets_book(rng: random.Random, seed: int) -> Case:
    """A sheet of explanations then the table; or two tables, the asked one by its name."""
    columns, kind = book_columns(rng), kind_of(seed)
    page = lines_page(columns)
    two = rng.random() < 0.4
    if two:
        other = lines_page(book_columns(rng), name="Autre")
        spec = Spec("classeur_feuilles", seed, None, (("type", kind), ("comment", "deux tables, nommée")))
        pages = [other, page]
        return book_case(spec, pages, (truth_of(columns, page.data),), kind, main=1, sheet="Données")
    lines = [("Lisez-moi",), (None,), ("Ce classeur suit les prestations santé.",), ("Contact : service études",)]
    readme = Page("Lisez-moi", tuple(lines[: rng.randint(1, 4)]))
    spec = Spec("classeur_feuilles", seed, None, (("type", kind), ("comment", "lisez-moi d’abord")))
    return book_case(spec, [readme, page], (truth_of(columns, page.data),), kind, main=1)


def texts_book(rng: random.Random, seed: int) -> Case:
    """Numbers and months typed as text, as after a paste from a report."""
    columns = book_columns(rng)
    style = Style(quoting="all", thousands="\u202f", unit="\u00a0€", mois="court", date="%d/%m/%Y", percent=" %")
    body = [tuple(cell or None for cell in row) for row in write_columns(columns, style)]
    page = Page("Feuil1", (tuple(c.title for c in columns), *body), tuple(range(2, 2 + len(body))))
    return book_case(Spec("classeur_textes", seed), [page], (truth_of(columns, page.data),), "xlsx")


def errors_book(rng: random.Random, seed: int) -> Case:
    """Cells in error: missing, not zero."""
    columns = list(book_columns(rng))
    place = next(i for i, c in enumerate(columns) if c.kind == "montant")
    page = lines_page(columns)
    rows = [list(row) for row in page.rows]
    values = list(columns[place].values)
    for line in rng.sample(range(3, len(rows)), 2):
        rows[line][place] = "#N/A"
        values[line - 1] = None
    columns[place] = Column(columns[place].title, "montant", tuple(values))
    page = Page(page.name, tuple(tuple(r) for r in rows), page.data, (), page.formats)
    return book_case(Spec("classeur_erreurs", seed), [page], (truth_of(columns, page.data),), "xlsx")


def wide_book(rng: random.Random, seed: int) -> Case:
    """Months as columns, true dates or words in the header, totals around."""
    kind = kind_of(seed)
    calendar = months(rng, rng.choice([6, 12, 18]))
    ids = draw_ids(rng, PLAIN, rng.randint(1, 2), 10)
    matrix = draw_values(rng, len(ids[0].values), len(calendar), 0.04)
    spelling = rng.choice(["vraie date", "court", "%m/%Y", "Long", "excel"])
    titles = [m if spelling == "vraie date" else write_month(m, spelling) for m in calendar]
    total = rng.random() < 0.5
    body = [
        (*(c.values[i] for c in ids), *(to_cell(v) for v in row), *([float(sums(row))] if total else []))
        for i, row in enumerate(matrix)
    ]
    header = (*(c.title for c in ids), *titles, *(["Total"] if total else []))
    above = [("Prestations par mois (en euros)", *[None] * (len(header) - 1)), (None,) * len(header)]
    above = above if rng.random() < 0.5 else []
    page = Page("Mois", (*above, header, *body), tuple(range(len(above) + 2, len(above) + 2 + len(body))))
    if total and rng.random() < 0.5:
        foot = [float(sums([row[j] for row in matrix])) for j in range(len(calendar))]
        page = extend(page, ("Total", *[None] * (len(ids) - 1), *foot, sum(foot)))
    rows = [(*(c.values[i] for c in ids), calendar[j], v) for i, row in enumerate(matrix) for j, v in enumerate(row)]
    truth = long_truth([*((c.title, "texte") for c in ids), ("variable", "mois")], rows)
    spec = Spec("classeur_mois", seed, None, (("type", kind), ("titre", spelling), ("total", total)))
    return book_case(spec, [page], (truth,), kind)


def merged_book(rng: random.Random, seed: int) -> Case:
    """A merged header on two rows, both dimensions."""
    kind = kind_of(seed)
    top, low = rng.choice([(words.SEXES[0], words.AGES[0]), (words.POSTES_TITLES[:3], ("Individuel", "Collectif"))])
    ids = draw_ids(rng, PLAIN, 1, 10)
    matrix = draw_values(rng, len(ids[0].values), len(top) * len(low), 0.03)
    first = (ids[0].title, *(t or None for t in merged_row(top, len(low))))
    body = [(ids[0].values[i], *(to_cell(v) for v in row)) for i, row in enumerate(matrix)]
    rows_above = (first, (None, *list(low) * len(top)))
    merges = tuple((1, 2 + g * len(low), 1, 1 + (g + 1) * len(low)) for g in range(len(top)))
    merges += ((1, 1, 2, 1),) if kind == "xlsx" else ()
    page = Page("Croisé", (*rows_above, *body), tuple(range(3, 3 + len(body))), merges)
    rows = [
        (ids[0].values[i], top[j // len(low)], low[j % len(low)], v)
        for i, row in enumerate(matrix)
        for j, v in enumerate(row)
    ]
    truth = long_truth([(ids[0].title, "texte"), ("niveau 1", "texte"), ("niveau 2", "texte")], rows)
    return book_case(Spec("classeur_fusion", seed, None, (("type", kind), ("haut", top))), [page], (truth,), kind)


FAMILIES: dict[str, Callable[[random.Random, int], Case]] = {
    "classeur": plain_book,
    "classeur_habille": dressed_book,
    "classeur_feuilles": sheets_book,
    "classeur_textes": texts_book,
    "classeur_erreurs": errors_book,
    "classeur_mois": wide_book,
    "classeur_fusion": merged_book,
}
