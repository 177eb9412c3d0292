"""What each column holds (dates, numbers or text), decided on its distinct values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analytics.errors import Question
from data.findings import finding
from data.readers.dates import parse_dates
from data.readers.numbers import MISSING, SCIENTIFIC, Numbers, parse_numbers
from data.vocabulary import guess, looks_like_code

#: Share of the filled cells that must be readable for a column to be one of dates or numbers.
SHARE = 0.8
#: The same when the title already says it.
SHARE_NAMED = 0.5
_SAMPLE = 50_000
ORDERS = ("jour_mois", "mois_jour", "annee_mois_jour")
DECIMAL_ANSWERS = {"virgule": ",", "point": ".", "les_deux": "both"}


@dataclass(frozen=True)
class Column:
    """One column, by its distinct cells.

    Attributes
    ----------
    name : str
        Title in the file.
    kind : {"date", "number", "text"}
        What the cells are.
    texts : pyarrow.Array of string
        Distinct cells, as in the file.
    codes : numpy.ndarray of int
        Position in `texts` of each row.
    parsed : numpy.ndarray or None
        Distinct values read (datetime64[s] or float), None for text.
    missing, bad : numpy.ndarray of bool
        Distinct cells that say nothing, and that cannot be read as the others.
    decimal : str or None
        Decimal sign, for numbers.
    question : Question or None
        What the cells do not settle; for a text column, nothing is read before the answer.
    findings : tuple of dict
        What was supposed in reading it.
    quarters : bool
        True for dates that are the first days of quarters.
    order : str
        Order of the day, the month and the year of dates such as 03/04/2024; "" when none is met.
    """

    name: str
    kind: str
    texts: pa.Array
    codes: np.ndarray
    parsed: np.ndarray | None
    missing: np.ndarray
    bad: np.ndarray
    decimal: str | None = None
    question: Question | None = None
    findings: tuple[dict, ...] = field(default=())
    quarters: bool = False
    order: str = ""

    @property
    def undecided(self) -> bool:
        """True for numbers that could be read two ways and are therefore not read."""
        return self.kind == "text" and self.question is not None


@dataclass(frozen=True)
class Hints:
    """What the source says about its own cells, that a text file cannot say.

    Attributes
    ----------
    decimals : mapping
        Decimal sign of the columns whose numbers were already numbers (workbook, Parquet).
    since_1904 : bool
        True when the days of the workbook are counted from 1 January 1904.
    """

    decimals: Mapping[str, str] = field(default_factory=dict)
    since_1904: bool = False


def type_columns(cells: pa.Table, answers: Mapping[str, str], hints: Hints | None = None) -> list[Column]:
    """Type every column; a number that could be read two ways takes the decimal sign of the rest of the file.

    Parameters
    ----------
    cells : pyarrow.Table of string
        One text column per column of the file.
    answers : mapping
        Answers to the questions "decimale:<colonne>" and "ordre_date:<colonne>".
    hints : Hints, optional
        What a workbook says of its cells.
    """
    hints = hints or Hints()
    encoded = {name: _encode(cells.column(name)) for name in cells.column_names}
    columns = [_type_column(name, *encoded[name], answers, hints) for name in cells.column_names]
    # A real number of a workbook says nothing of the sign that a person used in the text cell beside it.
    signs = {c.decimal for c in columns if c.decimal in (",", ".") and c.name not in hints.decimals}
    if len(signs) != 1:
        return columns
    sign = signs.pop()
    return [_retry(c, sign) if c.undecided else c for c in columns]


def _encode(column: pa.ChunkedArray) -> tuple[pa.Array, np.ndarray]:
    """Distinct cells and codes; a column of nearly all different cells is taken as it is."""
    if column.num_chunks == 0:
        return pa.array([], pa.string()), np.zeros(0, dtype=np.int64)
    whole = column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
    sample = whole[:_SAMPLE]
    if len(sample) == _SAMPLE and len(sample.unique()) > 0.5 * _SAMPLE:
        return whole, np.arange(len(whole))
    encoded = whole.dictionary_encode()
    return encoded.dictionary, encoded.indices.to_numpy(zero_copy_only=False)


def _type_column(name: str, texts: pa.Array, codes: np.ndarray, answers: Mapping[str, str], hints: Hints) -> Column:
    counts = np.bincount(codes, minlength=len(texts))
    hint = guess(name)
    kind = hint.kind if hint else ""
    if kind in ("dimension", "identifier", "personal") or (not kind and looks_like_code(name)):
        return _as_text(name, texts, codes)
    dated = _as_date(name, texts, codes, counts, kind, answers, hints)
    if dated is not None:
        return dated
    return _as_number(name, texts, codes, counts, kind, answers, hints) or _as_text(name, texts, codes)


def _as_text(name: str, texts: pa.Array, codes: np.ndarray, question: Question | None = None) -> Column:
    missing = pc.equal(pc.utf8_trim_whitespace(texts), "").to_numpy(zero_copy_only=False).astype(bool)
    good = np.zeros(len(texts), dtype=bool)
    return Column(
        name, "text", texts, codes, None, missing, good, question=question, findings=_scaled(name, texts, missing)
    )


def _scaled(name: str, texts: pa.Array, missing: np.ndarray) -> tuple[dict, ...]:
    """Amounts such as « 12,5 k€ » are not read: nothing says that every line is in the same unit."""
    filled = pc.filter(texts, pa.array(~missing))[:50]
    scaled = pc.sum(pc.match_substring_regex(filled, r"(?i)\d\s*(k|m|md)\s?(€|eur|euros)\s*$")).as_py() or 0
    if scaled * 2 <= len(filled):
        return ()
    message = f"Les montants de « {name} » sont en milliers ou en millions d’euros : ils ne sont pas lus."
    remedy = "Exportez-les en euros, sans k€ ni M€."
    return (finding("conformite.unite", "attention", message, colonne=name, remede=remedy),)


def _share(good: np.ndarray, missing: np.ndarray, counts: np.ndarray) -> float:
    filled = counts[~missing].sum()
    return float(counts[good & ~missing].sum() / filled) if filled else 0.0


def _as_date(
    name: str,
    texts: pa.Array,
    codes: np.ndarray,
    counts: np.ndarray,
    kind: str,
    answers: Mapping[str, str],
    hints: Hints,
) -> Column | None:
    named = kind in ("month", "calendar")
    trimmed = pc.utf8_trim_whitespace(texts)
    missing = pc.is_in(pc.utf8_lower(trimmed), value_set=pa.array(MISSING)).to_numpy(zero_copy_only=False).astype(bool)
    if not named and not _may_hold_dates(trimmed, missing):
        return None
    order = answers.get(f"ordre_date:{name}")
    dates = parse_dates(
        trimmed,
        named=named,
        order=order if order in ORDERS else None,
        since_1904=hints.since_1904,
    )
    read = ~np.isnat(dates.values)
    if _share(read, missing, counts) < (SHARE_NAMED if named else SHARE):
        return None
    notes = []
    if dates.order == "mois_jour" and f"ordre_date:{name}" not in answers:
        notes.append(
            finding("conformite.ordre_date", "attention", "Les dates sont écrites mois puis jour.", colonne=name)
        )
    if not dates.settled:
        notes.append(_order_finding(name, dates.monthly_american, dates.example))
    if dates.serial:
        first = "1er janvier 1904" if hints.since_1904 else "30 décembre 1899"
        message = f"Les dates sont des numéros de jour Excel, comptés depuis le {first}."
        notes.append(finding("conformite.date_excel", "info", message, colonne=name))
    if dates.quarters:
        message = "Les dates sont des trimestres, notés par leur premier jour."
        notes.append(finding("conformite.trimestres", "info", message, colonne=name))
    question = None if dates.settled else order_question(name, dates.example)
    bad = ~read & ~missing
    return Column(
        name,
        "date",
        texts,
        codes,
        dates.values,
        missing,
        bad,
        question=question,
        findings=tuple(notes),
        quarters=dates.quarters,
        order=dates.order,
    )


def _order_finding(name: str, american: bool, example: str) -> dict:
    if example:
        message = f"Rien ne dit si « {example} » commence par le jour ou par l’année : lu jour puis mois."
        advice = f"Si l’année est écrite en premier, répondez « annee_mois_jour » à la question « ordre_date:{name} »."
        return finding("conformite.ordre_date", "attention", message, colonne=name, remede=advice, valeur=example)
    advice = f"Si le mois est écrit en premier, répondez « mois_jour » à la question « ordre_date:{name} »."
    if american:
        message = "Dates lues jour puis mois ; mois puis jour, elles seraient toutes le 1er du mois."
        return finding("conformite.ordre_date", "attention", message, colonne=name, remede=advice)
    message = "Aucune date ne dit si le jour vient avant le mois : lues jour puis mois."
    return finding("conformite.ordre_date", "info", message, colonne=name, remede=advice)


def order_question(name: str, example: str = "") -> Question:
    """The question asked about dates such as 03/04/2024, or as an example whose year may come first."""
    if example:
        return Question(
            f"ordre_date:{name}",
            f"Dans la colonne « {name} », « {example} » commence-t-il par le jour ou par l’année ?",
            {
                "jour_mois": "Par le jour (jour, mois, année)",
                "annee_mois_jour": "Par l’année (année, mois, jour)",
            },
            "Le mois et l’année de chaque ligne en dépendent.",
        )
    return Question(
        f"ordre_date:{name}",
        f"Dans la colonne « {name} », 03/04/2024 est-il le 3 avril ou le 4 mars ?",
        {"jour_mois": "Le 3 avril (jour puis mois)", "mois_jour": "Le 4 mars (mois puis jour)"},
        "Le mois de chaque ligne en dépend.",
    )


def _may_hold_dates(trimmed: pa.Array, missing: np.ndarray) -> bool:
    """A quick look at the first filled cells spares the full reading of columns of amounts."""
    filled = pc.filter(trimmed, pa.array(~missing))[:50]
    if not len(filled):
        return False
    shape = (
        r"\d[-/ .]\d{1,4}([-/.]\d{2,4})?$|\d{4}-\d{2}|[^\W\d_]{3}.*\d{2}|^(19|20)\d{4}$|\d[-/.]\d{1,2}[-/.]\d"
        r"|\d[- ]?[TtQq][1-4]?\b|\b[TtQq][1-4]\b"
    )
    return bool(pc.any(pc.match_substring_regex(filled, shape)).as_py())


def _as_number(
    name: str,
    texts: pa.Array,
    codes: np.ndarray,
    counts: np.ndarray,
    kind: str,
    answers: Mapping[str, str],
    hints: Hints,
) -> Column | None:
    answer = answers.get(f"decimale:{name}")
    numbers = parse_numbers(texts, counts, decimal=DECIMAL_ANSWERS.get(answer or "") or hints.decimals.get(name))
    measured = kind in ("measure", "average")
    if numbers.missing.all():
        # Cells that all say « nothing known » are missing numbers; cells that are all empty say nothing.
        said = pc.any(pc.not_equal(pc.utf8_trim_whitespace(texts), "")).as_py()
        return _number_column(name, texts, codes, numbers) if said else None
    if numbers.undecided:
        if numbers.readable < (SHARE_NAMED if measured else SHARE) * counts[~numbers.missing].sum():
            return None
        return _as_text(name, texts, codes, _decimal_question(name, numbers))
    if _share(~numbers.bad, numbers.missing, counts) < (SHARE_NAMED if measured else SHARE):
        return None
    if not measured and pc.any(pc.match_substring_regex(texts, r"^\s*0\d+\s*$")).as_py():
        return None
    return _number_column(name, texts, codes, numbers)


def _number_column(name: str, texts: pa.Array, codes: np.ndarray, numbers: Numbers) -> Column:
    notes = []
    if numbers.ambiguous and numbers.decimal in (",", "."):
        signs = "1.234 vaut 1234" if numbers.decimal == "," else "1,234 vaut 1234"
        message = f"Les milliers sont reconnus d’après le reste de la colonne ou du fichier ({signs})."
        notes.append(finding("exactitude.milliers", "info", message, colonne=name))
    if pc.any(pc.match_substring_regex(pc.utf8_trim_whitespace(texts), SCIENTIFIC)).as_py():
        message = "Des nombres sont écrits 1,2E+03 : leurs derniers chiffres ont pu être perdus à l’export."
        remedy = "Élargissez la colonne du classeur avant de l’exporter."
        notes.append(finding("exactitude.notation_scientifique", "attention", message, colonne=name, remede=remedy))
    if numbers.percent:
        message = "Les pourcentages sont divisés par cent (12,5 % devient 0,125)."
        notes.append(finding("conformite.pourcentage", "info", message, colonne=name))
    return Column(
        name, "number", texts, codes, numbers.values, numbers.missing, numbers.bad, numbers.decimal, None, tuple(notes)
    )


def _retry(column: Column, sign: str) -> Column:
    """Read again, with the sign of the other columns, numbers such as 1.234 that nothing else settles."""
    counts = np.bincount(column.codes, minlength=len(column.texts))
    alone = parse_numbers(column.texts, counts)
    if alone.comma and alone.point:
        return column
    numbers = parse_numbers(column.texts, counts, decimal=sign)
    return _number_column(column.name, column.texts, column.codes, numbers)


def _decimal_question(name: str, numbers: Numbers) -> Question:
    if numbers.comma and numbers.point:
        text = f"La colonne « {name} » mélange des décimales à virgule et à point. Que faut-il lire ?"
        choices = {
            "virgule": "La virgule décimale ; les lignes écrites avec un point sont rejetées",
            "point": "Le point décimal ; les lignes écrites avec une virgule sont rejetées",
            "les_deux": "Les deux : 12,5 et 12.5 valent douze et demi",
        }
    else:
        text = (
            f"Dans la colonne « {name} », quel signe sépare les décimales ? 1.234 peut valoir 1234 ou un peu plus de 1."
        )
        choices = {
            "virgule": "La virgule sépare les décimales, le point les milliers",
            "point": "Le point sépare les décimales, la virgule les milliers",
        }
    return Question(f"decimale:{name}", text, choices, "Tous les totaux de cette colonne en dépendent.")
