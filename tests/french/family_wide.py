"""Files whose columns are months, quarters, postes or the levels of a merged header."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable, Sequence
from decimal import Decimal

from tests.french import words
from tests.french.family_lines import add_notes, add_preamble
from tests.french.spec import Case, Column, Spec, Style, Truth
from tests.french.tables import DIMS, amount, draw_style, fit_column, months
from tests.french.textfile import ASIDE, DATA, HEADER, Record, write_text
from tests.french.writing import fit, write_cell, write_month

#: Spellings of a month as the title of a column.
MONTH_TITLES = ("%Y-%m", "%m/%Y", "court", "excel", "Long", "%Y%m", "sans point", "%d/%m/%Y", "long")
QUARTER_TITLES = ("{y}T{q}", "T{q} {y}", "{y}-T{q}", "T{q}-{y}", "{y} T{q}")
YEAR_MONTH_TITLES = (words.CAPITALS, tuple(m.capitalize() for m in words.MONTHS), words.SHORT, words.MONTHS)


def long_truth(
    keys: Sequence[tuple[str, str]], rows: Sequence[tuple[object, ...]], *, optional: tuple[str, ...] = ()
) -> Truth:
    """Rows (keys…, value) as columns; the value is the last."""
    names = [*keys, ("valeur", "nombre")]
    kept = [row for row in rows if row[-1] is not None]
    columns = tuple(Column(t, k, tuple(r[i] for r in kept)) for i, (t, k) in enumerate(names))
    return Truth(columns, long=True, optional=optional)


def draw_ids(rng: random.Random, style: Style, count: int, rows: int) -> list[Column]:
    """Columns that name the lines; their combinations are unique."""
    columns = []
    for dim in rng.sample(["region", "formule", "canal"], count):
        pool = DIMS[dim](rng)
        columns.append(fit_column(Column(rng.choice(words.TITLES[dim]), "texte", tuple(pool)), style.encoding))
    combos = [(a,) for a in columns[0].values] if count == 1 else [
        (a, b) for a in columns[0].values for b in columns[1].values
    ]  # fmt: skip
    combos = combos[: max(3, min(rows, len(combos)))]
    return [Column(c.title, c.kind, tuple(combo[i] for combo in combos)) for i, c in enumerate(columns)]


def draw_values(rng: random.Random, rows: int, width: int, missing: float) -> list[list[Decimal | None]]:
    """A matrix of amounts; the first cell of each row is there."""
    matrix = [[amount(rng) if rng.random() >= missing else None for _ in range(width)] for _ in range(rows)]
    for row in matrix:
        row[0] = row[0] or Decimal("1234.56")
    return matrix


def wide_style(rng: random.Random) -> Style:
    """A style for tables that people look at."""
    return draw_style(rng, trailing="", end=rng.choice(["\r\n", "\n"]))


def finish(
    rng: random.Random, spec: Spec, records: list[Record], style: Style, truths: tuple[Truth, ...], width: int
) -> Case:
    """Sometimes a title and notes around, then the bytes."""
    around = tuple(Column("", "texte", ()) for _ in range(width))
    if rng.random() < 0.3:
        records = add_notes(rng, around, records, style)
    if rng.random() < 0.3:
        records = add_preamble(rng, around, records, style)
    written = write_text(records, style)
    frame = tuple(r.cells for r in records if r.part == DATA)
    name = {"gz": "export.csv.gz", "zip": "export.zip"}.get(style.pack, "export.csv")
    return Case(spec, written.content, truths=truths, records=written.lines(), frame=frame, name=name)


def sums(values: Sequence[Decimal | None]) -> Decimal:
    """What a total says."""
    return sum((v for v in values if v is not None), Decimal(0))


def write_matrix(
    ids: Sequence[Column], titles: Sequence[str], matrix: Sequence[Sequence[Decimal | None]], style: Style, *,
    total_column: str = "", total_row: str = "",
) -> list[Record]:  # fmt: skip
    """Header, one record per row, totals where asked."""
    more = [total_column] if total_column else []
    records = [Record(HEADER, (*(c.title for c in ids), *titles, *more))]
    for i, row in enumerate(matrix):
        values = [*row, *([sums(row)] if more else [])]
        cells = (str(c.values[i]) for c in ids)
        records.append(Record(DATA, (*cells, *(write_cell("montant", v, style) for v in values))))
    if total_row:
        values = [sums([row[j] for row in matrix]) for j in range(len(titles))]
        values += [sums(values)] if more else []
        blank = [""] * (len(ids) - 1)
        records.append(Record(ASIDE, (total_row, *blank, *(write_cell("montant", v, style) for v in values))))
    return records


def wide_table(
    rng: random.Random, style: Style, titles: Sequence[str], variable: Sequence[object], kind: str
) -> tuple[list[Record], Truth, int, tuple[tuple[str, object], ...]]:
    """A table whose variable is in columns: records, truth, width, options."""
    ids = draw_ids(rng, style, rng.randint(1, 2), rng.randint(5, 12))
    matrix = draw_values(rng, len(ids[0].values), len(titles), 0.05)
    total_column = rng.choice(["", "", "Total", "TOTAL"])
    total_row = rng.choice(["", "", "Total", "TOTAL GÉNÉRAL"])
    total_row = fit(total_row, style.encoding)
    records = write_matrix(ids, titles, matrix, style, total_column=total_column, total_row=total_row)
    rows = [
        (*(c.values[i] for c in ids), variable[j], value) for i, row in enumerate(matrix) for j, value in enumerate(row)
    ]
    keys = [*((c.title, "texte") for c in ids), ("variable", kind)]
    width = len(records[0].cells)
    return records, long_truth(keys, rows), width, (("total_colonne", total_column), ("total_ligne", total_row))


def wide_months(rng: random.Random, seed: int) -> Case:
    """Months as columns."""
    style, spelling = wide_style(rng), rng.choice(MONTH_TITLES)
    calendar = months(rng, rng.choice([6, 12, 12, 18, 24]))
    titles = [fit(write_month(m, spelling), style.encoding) for m in calendar]
    records, truth, width, options = wide_table(rng, style, titles, calendar, "mois")
    spec = Spec("mois_en_colonnes", seed, style, (("titre", spelling), *options))
    return finish(rng, spec, records, style, (truth,), width)


def wide_quarters(rng: random.Random, seed: int) -> Case:
    """Quarters as columns."""
    style, spelling = wide_style(rng), rng.choice(QUARTER_TITLES)
    start = rng.randint(1990, 2021)
    calendar = [(start + i // 4, i % 4 + 1) for i in range(rng.choice([4, 8, 12]))]
    titles = [spelling.format(y=y, q=q) for y, q in calendar]
    days = [dt.date(y, 3 * q - 2, 1) for y, q in calendar]
    records, truth, width, options = wide_table(rng, style, titles, days, "mois")
    spec = Spec("trimestres_en_colonnes", seed, style, (("titre", spelling), *options))
    return finish(rng, spec, records, style, (truth,), width)


def wide_postes(rng: random.Random, seed: int) -> Case:
    """One line per month and region, the postes as columns."""
    style = wide_style(rng)
    postes = rng.sample(words.POSTES_TITLES, rng.randint(3, 6))
    calendar = months(rng, rng.randint(6, 18))
    region = rng.random() < 0.5
    pairs = [(m, r) for m in calendar for r in (words.REGIONS[:2] if region else ("",))]
    matrix = draw_values(rng, len(pairs), len(postes), 0.05)
    written = tuple(write_cell("mois", m, style) for m, _ in pairs)
    ids = [Column(rng.choice(words.TITLES["mois"]), "texte", tuple(fit(w, style.encoding) for w in written))]
    keys = [(ids[0].title, "mois")]
    if region:
        ids.append(fit_column(Column("Région", "texte", tuple(r for _, r in pairs)), style.encoding))
        keys.append(("Région", "texte"))
    total = rng.choice(["", "Total", "Total"])
    records = write_matrix(ids, postes, matrix, style, total_column=total, total_row=rng.choice(["", "Total"]))
    rows = [
        (pair[0], *([ids[1].values[i]] if region else []), poste, matrix[i][j])
        for i, pair in enumerate(pairs)
        for j, poste in enumerate(postes)
    ]
    truth = long_truth([*keys, ("variable", "texte")], rows)
    spec = Spec("postes_en_colonnes", seed, style, (("total_colonne", total),))
    return finish(rng, spec, records, style, (truth,), len(records[0].cells))


def year_and_months(rng: random.Random, seed: int) -> Case:
    """One line per year, the twelve months as columns, often a total."""
    style = wide_style(rng)
    titles = [fit(t, style.encoding) for t in rng.choice(YEAR_MONTH_TITLES)]
    years = list(range(rng.randint(2010, 2016), 2024))
    years = years if rng.random() < 0.5 else years[::-1]
    regions = words.REGIONS[:2] if rng.random() < 0.4 else ()
    pairs = [(y, r) for r in (regions or ("",)) for y in years]
    matrix = draw_values(rng, len(pairs), 12, 0.03)
    first = rng.choice(["Année", "ANNEE", "Exercice", "" if not regions else "Année"])
    ids = [Column(first, "texte", tuple(str(y) for y, _ in pairs))]
    keys = []
    if regions:
        ids.insert(0, fit_column(Column("Région", "texte", tuple(r for _, r in pairs)), style.encoding))
        keys = [("Région", "texte")]
    total = rng.choice(["", "Total"])
    records = write_matrix(ids, titles, matrix, style, total_column=total)
    rows = [
        (*([ids[0].values[i]] if regions else []), dt.date(y, j + 1, 1), matrix[i][j])
        for i, (y, _) in enumerate(pairs)
        for j in range(12)
    ]
    truth = long_truth([*keys, ("variable", "mois")], rows, optional=(first or f"Colonne {len(ids)}",))
    spec = Spec("annee_et_mois", seed, style, (("titres", titles[0]), ("annee", first), ("total", total)))
    return finish(rng, spec, records, style, (truth,), len(records[0].cells))


def flag_rows(rng: random.Random, seed: int) -> Case:
    """Each series is followed by the flags of its values, as the statistical institute exports them."""
    style = wide_style(rng)
    start = rng.randint(1995, 2021)
    calendar = [(start + i // 4, i % 4 + 1) for i in range(12)]
    titles = [f"{y}-T{q}" for y, q in calendar]
    regions = [fit(f"Taux de recours – {r}", style.encoding) for r in words.REGIONS[: rng.randint(4, 8)]]
    codes = [f"{1515842 + i:09d}" for i in range(len(regions))]
    ids = [Column(fit("Libellé", style.encoding), "texte", tuple(regions)), Column("idBank", "texte", tuple(codes))]
    matrix = draw_values(rng, len(regions), 12, 0.0)
    head, *body = write_matrix(ids, titles, matrix, style)
    flags = [rng.choice(["A", "A", "A", "P", "R"]) for _ in titles]
    records = [head]
    for record in body:
        records += [record, Record(ASIDE, ("Codes", "", *flags))]
    rows = [
        (regions[i], codes[i], dt.date(y, 3 * q - 2, 1), matrix[i][j])
        for i in range(len(regions))
        for j, (y, q) in enumerate(calendar)
    ]
    truth = long_truth([(ids[0].title, "texte"), ("idBank", "code"), ("variable", "mois")], rows)
    return finish(rng, Spec("lignes_de_codes", seed, style), records, style, (truth,), len(head.cells))


def merged_row(labels: Sequence[str], span: int) -> list[str]:
    """A row of header whose merged cells leave empty ones on their right."""
    return [cell for label in labels for cell in (label, *[""] * (span - 1))]


Level = tuple[str, ...]


def two_levels(rng: random.Random, seed: int) -> Case:
    """A header on two rows: both rows are values of dimensions (sexe × âge, poste × contrat)."""
    style = wide_style(rng)
    top, low = rng.choice(
        [(s, a) for s in words.SEXES[:1] for a in words.AGES[:1] + words.AGES[2:]]
        + [(words.POSTES_TITLES[:3], ("Individuel", "Collectif"))]
        + [(("Individuel", "Collectif"), words.POSTES_TITLES[:4])]
    )
    top, low = ([fit(t, style.encoding) for t in level] for level in (top, low))
    ids = draw_ids(rng, style, 1, 10)
    matrix = draw_values(rng, len(ids[0].values), len(top) * len(low), 0.03)
    inside = rng.random() < 0.5
    first, second = (ids[0].title, "") if inside else ("", ids[0].title)
    body = write_matrix(ids, [str(i) for i in range(len(top) * len(low))], matrix, style)[1:]
    records = [
        Record(HEADER, (first, *merged_row(top, len(low)))),
        Record(HEADER, (second, *list(low) * len(top))),
        *body,
    ]
    rows = [
        (ids[0].values[i], top[j // len(low)], low[j % len(low)], value)
        for i, row in enumerate(matrix)
        for j, value in enumerate(row)
    ]
    truth = long_truth([(ids[0].title, "texte"), ("niveau 1", "texte"), ("niveau 2", "texte")], rows)
    options = (("haut", tuple(top)), ("bas", tuple(low)), ("titre_en_haut", inside))
    spec = Spec("entete_deux_niveaux", seed, style, options)
    return finish(rng, spec, records, style, (truth,), len(records[0].cells))


def measures_below(rng: random.Random, seed: int) -> Case:
    """A header on two rows whose second row names measures: one line per group, or wholly long, both are right."""
    style = wide_style(rng)
    top = [fit(p, style.encoding) for p in words.POSTES_TITLES[: rng.randint(2, 4)]]
    low = [fit(t, style.encoding) for t in rng.choice([("Cotisations", "Prestations"), ("Frais réels", "Prestations")])]
    ids = draw_ids(rng, style, 1, 10)
    matrix = draw_values(rng, len(ids[0].values), len(top) * len(low), 0.0)
    body = write_matrix(ids, [str(i) for i in range(len(top) * len(low))], matrix, style)[1:]
    records = [
        Record(HEADER, ("", *merged_row(top, len(low)))),
        Record(HEADER, (ids[0].title, *low * len(top))),
        *body,
    ]
    cells = [(ids[0].values[i], j, value) for i, row in enumerate(matrix) for j, value in enumerate(row)]
    full = long_truth(
        [(ids[0].title, "texte"), ("niveau 1", "texte"), ("niveau 2", "texte")],
        [(a, top[j // 2], low[j % 2], v) for a, j, v in cells],
    )
    groups = [
        (ids[0].values[i], name, row[2 * g], row[2 * g + 1])
        for i, row in enumerate(matrix)
        for g, name in enumerate(top)
    ]
    names = [(ids[0].title, "texte"), ("niveau 1", "texte"), (low[0], "nombre"), (low[1], "nombre")]
    half = Truth(tuple(Column(t, k, tuple(g[i] for g in groups)) for i, (t, k) in enumerate(names)), long=True)
    spec = Spec("entete_mesures", seed, style, (("haut", tuple(top)), ("bas", tuple(low))))
    return finish(rng, spec, records, style, (half, full), len(records[0].cells))


def crossed(rng: random.Random, seed: int) -> Case:
    """Regions in lines, age bands in columns: kept as it is or made long, both are right."""
    style = wide_style(rng)
    bands = [fit(b, style.encoding) for b in rng.choice([words.AGES[0], words.AGES[2], words.AGES[3]])]
    ids = draw_ids(rng, style, 1, 10)
    matrix = draw_values(rng, len(ids[0].values), len(bands), 0.0)
    records = write_matrix(ids, bands, matrix, style)
    written = write_text(records, style)
    kept = [ids[0], *(Column(b, "nombre", tuple(row[j] for row in matrix)) for j, b in enumerate(bands))]
    as_is = Truth(tuple(kept), written.lines(DATA))
    rows = [(ids[0].values[i], bands[j], v) for i, row in enumerate(matrix) for j, v in enumerate(row)]
    long = long_truth([(ids[0].title, "texte"), ("variable", "texte")], rows)
    frame = tuple(r.cells for r in records if r.part == DATA)
    name = {"gz": "export.csv.gz", "zip": "export.zip"}.get(style.pack, "export.csv")
    spec = Spec("croise", seed, style, (("tranches", tuple(bands)),))
    return Case(spec, written.content, truths=(as_is, long), records=written.lines(), frame=frame, name=name)


FAMILIES: dict[str, Callable[[random.Random, int], Case]] = {
    "mois_en_colonnes": wide_months,
    "trimestres_en_colonnes": wide_quarters,
    "postes_en_colonnes": wide_postes,
    "annee_et_mois": year_and_months,
    "lignes_de_codes": flag_rows,
    "entete_deux_niveaux": two_levels,
    "entete_mesures": measures_below,
    "croise": crossed,
}
