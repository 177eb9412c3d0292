"""Tables of a mutual made by hand, as values, before anything is written."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass, replace
from decimal import Decimal

from tests.french import words
from tests.french.spec import Column, Style
from tests.french.writing import NBSP, NNBSP, fit

ENCODINGS = ("utf-8", "utf-8-sig", "cp1252", "cp1252", "iso-8859-15", "mac_roman", "cp850", "utf-16", "utf-8")
MONTH_STYLES = (
    "%Y-%m", "%m/%Y", "court", "long", "Long", "LONG", "excel", "sans point", "%Y%m", "serie", "%d/%m/%Y", "%Y-%m-%d",
    "%d/%m/%y", "%d/%m/%Y %H:%M:%S", "%Y-%m-%dT00:00:00",
)  # fmt: skip
DATE_STYLES = (
    "%d/%m/%Y", "%d/%m/%y", "%Y-%m-%d", "%d-%m-%Y", "%d.%m.%Y", "serie", "%d/%m/%Y 08:30:00", "%Y-%m-%d 14:05:33",
    "%Y%m%d", "%Y/%m/%d",
)  # fmt: skip
MISSING = ("", "", "-", "ND", "n.d.", "NC", "#N/A")


def draw_style(rng: random.Random, **fixed: object) -> Style:
    """A style whose parts go together: no sign is both a separator and part of a bare cell."""
    encoding = fixed.get("encoding") or rng.choice(ENCODINGS)
    separator = fixed.get("separator") or rng.choice(";;;;,\t\t|")
    decimal = fixed.get("decimal") or ("." if separator == "," and rng.random() < 0.6 else rng.choice(",,,."))
    spaces = ["", "", " ", NBSP, fit(NNBSP, encoding)]
    grouping = rng.choice([*spaces, "."] if decimal == "," else [*spaces, "'"])
    bare = separator == ";" or decimal != separator
    money = "" if encoding == "cp850" else rng.choice(["", "", f"{NBSP}€", " €", "€"])
    style = Style(
        encoding=encoding,
        separator=separator,
        quoting=rng.choice(["none", "minimal", "minimal", "all", "texte"] if bare else ["minimal", "all"]),
        decimal=decimal,
        thousands=grouping,
        negative=rng.choice(["-{}", "-{}", "({})", "{}-"]) if not money else rng.choice(["-{}", "({})"]),
        unit=money,
        percent=rng.choice([" %", f"{NBSP}%", "%", fit(f"{NNBSP}%", encoding)]),
        date=rng.choice(DATE_STYLES),
        mois=rng.choice(MONTH_STYLES),
        missing=rng.choice(MISSING),
        end=rng.choice(["\r\n", "\r\n", "\n", "\r"]),
        final_newline=rng.random() < 0.8,
        trailing=rng.choice(["", "", "", "", "", "", "tout", "donnees"]),
        strip_zeros=rng.random() < 0.2,
        pack=rng.choice(["", "", "", "", "", "", "", "", "gz", "zip"]),
    )
    return replace(style, **fixed)


def months(rng: random.Random, count: int) -> list[dt.date]:
    """Consecutive months."""
    start = rng.randint(2017 * 12, 2022 * 12)
    return [dt.date((start + i) // 12, (start + i) % 12 + 1, 1) for i in range(count)]


def amount(rng: random.Random, *, negative: float = 0.06) -> Decimal:
    """Euros and cents, from a few to a few millions."""
    cents = int(10 ** rng.uniform(2.5, 8.3))
    return Decimal(-cents if rng.random() < negative else cents) / 100


def measure(rng: random.Random, kind: str, rows: int, missing: float) -> tuple[Decimal | None, ...]:
    """Values of a measure; the first ones are never missing, and tell decimals and thousands apart."""
    draws = {
        "montant": lambda: amount(rng),
        "nombre": lambda: Decimal(int(10 ** rng.uniform(1, 5.2))),
        "taux": lambda: Decimal(rng.randint(-99, 999)) / 1000,
    }
    values = [draws[kind]() if rng.random() >= missing else None for _ in range(rows)]
    sure = {"montant": ["1234.56", "87.35", "15320.48"], "nombre": ["25", "412", "1893"], "taux": ["0.655", "0.123"]}
    for i, text in enumerate(sure[kind]):
        values[(i * 5 + 1) % rows] = Decimal(text)
    return tuple(values)


@dataclass(frozen=True)
class Menu:
    """What a table of lines may hold."""

    rows: tuple[int, int] = (14, 40)
    when: tuple[str, ...] = ("mois", "mois", "date")
    measures: tuple[int, int] = (1, 4)
    dims: tuple[int, int] = (1, 3)
    missing: float = 0.06
    comment: float = 0.35
    codes: float = 0.3


DIMS = {
    "region": lambda _: words.REGIONS,
    "poste": lambda _: words.POSTES,
    "formule": lambda rng: rng.choice([words.FORMULES, words.FORMULES, words.FORMULES_TRAP]),
    "age": lambda rng: rng.choice(words.AGES),
    "sexe": lambda rng: rng.choice(words.SEXES),
    "canal": lambda _: words.CANAUX,
}


def make_code(rng: random.Random, rows: int) -> Column:
    """Codes whose leading zeros count: département, FINESS, garantie, acte."""
    title, codes = rng.choice(
        [
            ("Département", ("01", "02", "2A", "2B", "35", "75", "974")),
            ("Code département", ("01", "04", "09", "22", "35", "69")),
            ("N° FINESS", ("010000024", "750100018", "350000741", "060785003")),
            ("Code garantie", ("001", "010", "1E5", "2E10", "100")),
            ("Code acte", ("TO90", "SC", "CS", "HBMD038", "00C12")),
            ("Code postal", ("01000", "35000", "06200", "97400", "20000")),
            ("SIRET", ("00512345600018", "35600000000048", "78467169500087")),
        ]
    )
    return Column(title, "code", (codes[0], *rng.choices(codes, k=rows - 1)))


def make_comment(rng: random.Random, rows: int, style: Style) -> Column:
    """Free text, mostly empty, with what breaks naive readers when the quoting allows it."""
    texts = list(words.COMMENTS)
    if style.quoting != "none":
        texts += ["optique ; dentaire", 'voir "note 3"', "dent, couronne", "a | b", '"urgent"']
        texts += ["ligne 1\nligne 2"] if style.end != "\r" else []
    values = [rng.choice(texts) if rng.random() < 0.3 else None for _ in range(rows)]
    values[rng.randrange(rows)] = rng.choice(texts)
    return Column(rng.choice(["Commentaire", "Observation", "Libellé libre"]), "texte", tuple(values))


def make_when(rng: random.Random, kind: str, rows: int) -> Column:
    """The date of each line, in order; a column of days has days after the 12th."""
    title = rng.choice(words.TITLES[kind])
    if kind == "mois":
        calendar = months(rng, rng.randint(6, 24))
        return Column(title, "mois", tuple(calendar[i * len(calendar) // rows] for i in range(rows)))
    start = dt.date(rng.randint(2018, 2023), rng.randint(1, 12), 1)
    days = sorted(start + dt.timedelta(days=rng.randint(0, 500)) for _ in range(rows))
    days[rows // 2] = days[rows // 2].replace(day=27)
    return Column(title, "date", tuple(days))


def make_lines(rng: random.Random, style: Style, menu: Menu | None = None) -> tuple[Column, ...]:
    """A table of lines: when, dimensions, codes, measures, comment."""
    menu = menu or Menu()
    rows = rng.randint(*menu.rows)
    columns = [make_when(rng, rng.choice(menu.when), rows)]
    for dim in rng.sample(sorted(DIMS), rng.randint(*menu.dims)):
        values = DIMS[dim](rng)
        columns.append(Column(rng.choice(words.TITLES[dim]), "texte", tuple(rng.choices(values, k=rows))))
    if rng.random() < menu.codes:
        columns.append(make_code(rng, rows))
    kinds = ["montant", *rng.choices(["montant", "montant", "nombre", "taux"], k=rng.randint(*menu.measures) - 1)]
    titles: set[str] = set()
    for kind in kinds:
        title = rng.choice([t for t in words.MEASURES[kind] if t not in titles])
        titles.add(title)
        columns.append(Column(title, kind, measure(rng, kind, rows, menu.missing)))
    if rng.random() < menu.comment:
        columns.append(make_comment(rng, rows, style))
    return tuple(fit_column(c, style.encoding) for c in columns)


def fit_column(column: Column, encoding: str) -> Column:
    """The column as the encoding can say it."""
    values = tuple(fit(v, encoding) if isinstance(v, str) else v for v in column.values)
    return Column(fit(column.title, encoding), column.kind, values)
