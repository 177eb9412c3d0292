"""Files that must be asked about, refused, or whose personal columns must be named."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable
from decimal import Decimal

from tests.french import words
from tests.french.family_books import Page, make_xlsx
from tests.french.family_lines import make_case, make_records
from tests.french.spec import ASK, PERSONAL, REFUSE, Case, Column, Spec, Style
from tests.french.tables import Menu, draw_style, fit_column, make_lines, months
from tests.french.textfile import pack, zip_files

PLAIN = {"pack": "", "trailing": "", "strip_zeros": False}


def ask_decimal(rng: random.Random, seed: int) -> Case:
    """Only numbers such as 1.234: thousands or decimals, nothing in the file says."""
    sign = rng.choice([".", ".", ","])
    style = draw_style(rng, **PLAIN, separator=rng.choice(";\t|"), missing="", unit="", mois="%Y-%m", negative="-{}")
    rows, title = rng.randint(8, 24), rng.choice(words.MEASURES["montant"])
    calendar = months(rng, rows)
    texts = tuple(f"{rng.randint(1, 999)}{sign}{rng.randint(0, 999):03d}" for _ in range(rows))
    columns = (
        Column("Mois", "texte", tuple(m.strftime("%Y-%m") for m in calendar)),
        Column("Poste", "texte", tuple(rng.choices(words.POSTES, k=rows))),
        Column(title, "texte", texts),
    )
    columns = tuple(fit_column(c, style.encoding) for c in columns)
    spec = Spec("doute_decimale", seed, style, (("signe", sign),))
    return make_case(
        spec, columns, make_records(columns, style), style, expected=ASK, truths=(), about=(columns[2].title,)
    )


def ask_mixed_decimals(rng: random.Random, seed: int) -> Case:
    """Two systems pasted together: 12,5 and 12.5 in one column."""
    style = draw_style(rng, **PLAIN, separator=rng.choice(";\t|"), missing="", unit="", thousands="", negative="-{}")
    rows, title = rng.randint(12, 24), rng.choice(words.MEASURES["montant"])
    calendar = months(rng, rows)
    texts = [f"{rng.randint(1, 999)},{rng.randint(10, 99)}" for _ in range(rows)]
    for i in range(1, rows, 2):
        texts[i] = texts[i].replace(",", ".")
    columns = (
        Column("Mois", "mois", tuple(calendar)),
        Column("Poste", "texte", tuple(rng.choices(words.POSTES, k=rows))),
        Column(title, "texte", tuple(texts)),
    )
    columns = tuple(fit_column(c, style.encoding) for c in columns)
    spec = Spec("doute_mixte", seed, style)
    return make_case(
        spec, columns, make_records(columns, style), style, expected=ASK, truths=(), about=(columns[2].title,)
    )


def ask_day_month(rng: random.Random, seed: int) -> Case:
    """Days that never go past the 12th: 03/04/2024 is April or March."""
    pattern = rng.choice(["%d/%m/%Y", "%d/%m/%Y", "%d-%m-%Y", "%d/%m/%y"])
    style = draw_style(rng, **PLAIN, date=pattern)
    rows, year = rng.randint(8, 20), rng.randint(2019, 2024)
    days = sorted(dt.date(year, rng.randint(1, 12), rng.randint(2, 12)) for _ in range(rows))
    amounts = tuple(Decimal(rng.randint(1000, 99999)) / 100 for _ in range(rows))
    columns = (
        Column(rng.choice(words.TITLES["date"]), "date", tuple(days)),
        Column("Poste", "texte", tuple(rng.choices(words.POSTES, k=rows))),
        Column("Prestations", "montant", (Decimal("12.34"), *amounts[1:])),
    )
    columns = tuple(fit_column(c, style.encoding) for c in columns)
    spec = Spec("doute_jour_mois", seed, style)
    return make_case(
        spec, columns, make_records(columns, style), style, expected=ASK, truths=(), about=(columns[0].title,)
    )


def ask_encoding(rng: random.Random, seed: int) -> Case:
    """Lines in UTF-8 and lines in cp1252: the values are known, the mixture must be told."""
    style = draw_style(rng, **PLAIN, encoding="utf-8", end=rng.choice(["\r\n", "\n"]), quoting="minimal")
    style = Style(**{**vars(style), "thousands": "", "unit": "", "percent": " %"})
    columns = make_lines(rng, style, Menu(comment=0.0, dims=(2, 3)))
    regions = Column("Région", "texte", tuple(rng.choices(words.REGIONS[:4], k=len(columns[0].values))))
    columns = (columns[0], regions, *(c for c in columns[1:] if c.title != "Région"))
    case = make_case(Spec("doute_encodage", seed, style), columns, make_records(columns, style), style)
    lines = case.content.split(b"\n")
    accented = [i for i, line in enumerate(lines) if i and any(b > 127 for b in line)]
    for i in accented[: max(1, len(accented) // rng.choice([2, 3, 5]))]:
        lines[i] = lines[i].decode().encode("cp1252")
    return Case(**{**vars(case), "content": b"\n".join(lines), "expected": ASK})


PDF = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer\n<< /Root 1 0 R >>\n%%EOF\n"
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89"
HTML = "<html><head><title>Export</title></head><body><p>Votre session a expiré.</p></body></html>\n"
LETTER = "Madame, Monsieur,\n\nVeuillez trouver ci-joint les prestations.\n\nCordialement,\nLe service études\n"
CSV = "Mois;Région;Prestations\n2024-01;Bretagne;12,50\n2024-02;Bretagne;13,75\n".encode("cp1252")


def refused_bytes(rng: random.Random) -> dict[str, tuple[bytes, str]]:
    """Every kind of file that is not one table, and the name it comes under."""
    noise = bytes(rng.randrange(256) for _ in range(4000))
    book = make_xlsx([Page("Vide", ())])
    full = make_xlsx([Page("D", (("Mois", "Prestations"), ("2024-01", 12.5)))])
    return {
        "vide": (b"", "export.csv"),
        "blancs": (b"\r\n \r\n\r\n", "export.csv"),
        "marque seule": (b"\xef\xbb\xbf", "export.csv"),
        "en-tête seul": (CSV.split(b"\n")[0] + b"\n", "export.csv"),
        "pdf": (PDF, "export.pdf"),
        "pdf nommé csv": (PDF + noise, "export.csv"),
        "image": (PNG + noise, "export.png"),
        "octets au hasard": (b"\x00\x01" + noise, "export.csv"),
        "zip de deux": (zip_files({"a.csv": CSV, "b.csv": CSV}), "export.zip"),
        "zip vide": (zip_files({}), "export.zip"),
        "zip coupé": (pack(CSV * 50, "zip")[:-40], "export.zip"),
        "gz coupé": (pack(bytes(noise) + CSV, "gz")[:-30], "export.csv.gz"),
        "page web": (HTML.encode(), "export.csv"),
        "lettre": (LETTER.encode(), "export.txt"),
        "classeur vide": (book, "export.xlsx"),
        "classeur coupé": (full[: len(full) // 2], "export.xlsx"),
        "octets nuls dedans": (CSV + b"\x00\x00\x00;1;2\n", "export.csv"),
        "document texte": (zip_files({"[Content_Types].xml": b"<Types/>", "word/document.xml": b"<w/>"}), "note.docx"),
    }


def refused(rng: random.Random, seed: int) -> Case:
    """Not a table: refused with a remedy."""
    kinds = refused_bytes(rng)
    kind = sorted(kinds)[seed % len(kinds)]
    content, name = kinds[kind]
    return Case(Spec("refus", seed, None, (("fichier", kind),)), content, expected=REFUSE, name=name)


def make_nir(rng: random.Random, *, key: bool, spaced: bool) -> str:
    """A social security number that respects its rules; no one's in particular."""
    parts = (
        str(rng.randint(1, 2)), f"{rng.randint(30, 99):02d}", f"{rng.randint(1, 12):02d}", f"{rng.randint(1, 95):02d}",
        f"{rng.randint(1, 500):03d}", f"{rng.randint(1, 300):03d}",
    )  # fmt: skip
    parts = tuple("19" if i == 3 and p == "20" else p for i, p in enumerate(parts))
    control = f"{97 - int(''.join(parts)) % 97:02d}"
    return (" " if spaced else "").join([*parts, *([control] if key else [])])


def personal(rng: random.Random, seed: int) -> Case:
    """Columns of identifiers: kept in the frame, named and left out by the mapping."""
    style = draw_style(rng, **PLAIN)
    columns = make_lines(rng, style, Menu(comment=0.0, codes=0.0, rows=(20, 40)))
    rows = len(columns[0].values)
    spaced, key = rng.random() < 0.3, rng.random() < 0.6
    kinds = {
        "nir": (("NIR", "N° de sécurité sociale", "Matricule"), lambda: make_nir(rng, key=key, spaced=spaced)),
        "mail": (("E-mail", "Courriel", "Contact"), lambda: f"prenom.nom{rng.randint(1, 9999)}@exemple.fr"),
        "téléphone": (("Téléphone", "Portable"), lambda: "06" + "".join(f" {rng.randint(10, 99)}" for _ in range(4))),
    }
    kind = rng.choice(sorted(kinds))
    titles, make = kinds[kind]
    extra = Column(fit_column(Column(rng.choice(titles), "libre", ()), style.encoding).title, "libre",
                   tuple(make() for _ in range(rows)))  # fmt: skip
    columns = (columns[0], extra, *columns[1:])
    spec = Spec("personnel", seed, style, (("quoi", kind), ("titre", extra.title), ("cle", key), ("espaces", spaced)))
    return make_case(spec, columns, make_records(columns, style), style, expected=PERSONAL, about=(extra.title,))


FAMILIES: dict[str, Callable[[random.Random, int], Case]] = {
    "doute_decimale": ask_decimal,
    "doute_mixte": ask_mixed_decimals,
    "doute_jour_mois": ask_day_month,
    "doute_encodage": ask_encoding,
    "refus": refused,
    "personnel": personal,
}
