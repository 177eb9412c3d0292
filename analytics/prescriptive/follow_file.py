"""A decision as plain values: what the store keeps and what a file carries; what comes back is checked, never run."""

from __future__ import annotations

import json
import math
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NoReturn

import pandas as pd

from analytics.errors import ParameterError
from analytics.prescriptive.follow_record import (
    LEVELS,
    LONGEST_TEXT,
    MEASURES,
    MOST,
    MOST_NOTES,
    NUMBERS,
    SUIVIS,
    YEAR,
    Engagement,
    check_dates,
)
from analytics.prescriptive.levers import LEVIERS
from analytics.schema import BASES, MONTHS

FORMAT, VERSION = "paliers-decision", 1
#: Largest file read, in bytes; longest name and reason, in characters.
LARGEST, LONGEST_NAME, LONGEST_REASON = 256 * 1024, 200, 4000
MOST_DIMENSIONS, MOST_VALUES = 8, 2000
#: No mutual has more persons or euros than that.
_HUGE = 1e13
_YEARS = range(1990, 2101)
_DAY, _MONTH = re.compile(r"\d{4}-\d{2}-\d{2}"), re.compile(r"\d{4}-\d{2}")
_SHARE = 1e-3


@dataclass(frozen=True)
class DecisionFile:
    """What a file of decision holds."""

    qui: str
    pourquoi: str
    engagement: Engagement


def to_plain(engagement: Engagement) -> dict[str, Any]:
    """The decision in types of JSON; a missing number is null."""
    e = engagement
    return {
        "format": FORMAT,
        "version": VERSION,
        "nom": e.nom,
        "decide_le": e.decide_le.isoformat(),
        "a_revoir_le": e.a_revoir_le.isoformat(),
        "effet": f"{e.effet:%Y-%m}",
        "debut": f"{e.debut:%Y-%m}",
        "fin": f"{e.fin:%Y-%m}",
        "base": e.base,
        "dimensions": list(e.dimensions),
        "filtres": {d: [str(v) for v in values] for d, values in e.filtres.items()},
        "segments": _columns(e.segments),
        "saison": _columns(e.saison[list(MEASURES)]),
        "attendu": {row.indicateur: {c: _plain(getattr(row, c)) for c in LEVELS} for row in e.attendu.itertuples()},
        "leviers": [list(lever) for lever in e.leviers],
        "hypotheses": list(e.hypotheses),
    }


def from_plain(content: object) -> Engagement:
    """The decision of :func:`to_plain`, every value checked.

    Raises
    ------
    ParameterError
        Something is missing, of another kind, too long, infinite, or cannot be: the message names it.
    """
    given = _mapping(content, "decision")
    if given.get("format") != FORMAT or given.get("version") != VERSION:
        raise ParameterError(
            "Ce fichier n’est pas une décision de cette version.",
            remede="Joignez le fichier JSON exporté d’une décision.",
        )
    dimensions = tuple(_words(d, "dimensions") for d in _sequence(given, "dimensions", MOST_DIMENSIONS))
    if len(set(dimensions)) < len(dimensions) or set(dimensions) & {*NUMBERS, *MONTHS, "indicateur"}:
        _refuse("dimensions")
    decided, review = (_day(given, key) for key in ("decide_le", "a_revoir_le"))
    effet, debut, fin = (_month(given, key) for key in ("effet", "debut", "fin"))
    check_dates(debut, fin, effet, decided, review)
    base = given.get("base")
    if base is not None and base not in BASES:
        _refuse("base")
    return Engagement(
        nom=_words(given.get("nom"), "nom"), decide_le=decided, effet=effet, a_revoir_le=review, debut=debut, fin=fin,
        dimensions=dimensions, filtres=_filters(given), segments=_segments(given, dimensions), saison=_season(given),
        attendu=_expected(given), leviers=tuple(map(_lever, _sequence(given, "leviers", MOST))),
        hypotheses=tuple(
            _words(note, "hypotheses", LONGEST_TEXT) for note in _sequence(given, "hypotheses", MOST_NOTES)
        ),
        base=base,
    )  # fmt: skip


def export_decision(qui: str, pourquoi: str, engagement: Engagement) -> bytes:
    """File of a decision, to be joined to the next deposit."""
    content = to_plain(engagement) | {"qui": qui, "pourquoi": pourquoi}
    return json.dumps(content, ensure_ascii=False, allow_nan=False).encode()


def import_decision(raw: bytes) -> DecisionFile:
    """Read a file of :func:`export_decision`, whoever made it.

    Raises
    ------
    ParameterError
        Too large, not JSON in UTF-8, or refused by :func:`from_plain`.
    """
    if len(raw) > LARGEST:
        raise ParameterError(
            f"Ce fichier est trop gros pour une décision : {LARGEST // 1024} ko au plus.",
            remede="Joignez le fichier JSON exporté d’une décision.",
        )
    try:
        content = json.loads(raw.decode("utf-8-sig"), parse_constant=_refuse, object_pairs_hook=_once)
    except (UnicodeDecodeError, RecursionError, ValueError) as error:
        if isinstance(error, ParameterError):
            raise
        raise ParameterError(
            "Ce fichier n’est pas lisible : ce n’est pas du JSON.",
            remede="Joignez le fichier JSON exporté d’une décision, sans le modifier.",
        ) from error
    given = _mapping(content, "decision")
    engagement = from_plain(given)
    who = _words(given.get("qui", ""), "qui", required=False)
    return DecisionFile(who, _words(given.get("pourquoi"), "pourquoi", LONGEST_REASON), engagement)


def _refuse(name: str) -> NoReturn:
    raise ParameterError(
        "Cette décision n’est pas lisible.", colonne=name, remede="Joignez le fichier exporté, sans le modifier."
    )


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        _refuse("nom répété")
    return found


def _mapping(value: object, name: str) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else _refuse(name)


def _sequence(given: Mapping[str, Any], name: str, most: int) -> Sequence[Any]:
    value = given.get(name)
    return value if isinstance(value, list | tuple) and len(value) <= most else _refuse(name)


def _words(value: object, name: str, longest: int = LONGEST_NAME, *, required: bool = True) -> str:
    """One line of text: no control character, no half character, no mark that turns the direction of writing."""
    if not isinstance(value, str) or len(value) > longest:
        _refuse(name)
    clean = "".join(" " if c.isspace() and c < " " else c for c in value)
    clean = "".join(c for c in clean if unicodedata.category(c)[0] != "C").strip()
    return clean if clean or not required else _refuse(name)


def _number(value: object, name: str, *, low: float = -_HUGE, high: float = _HUGE, missing: bool = False) -> float:
    if value is None and missing:
        return math.nan
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        _refuse(name)
    return float(value)


def _day(given: Mapping[str, Any], name: str) -> date:
    text = given.get(name)
    if not isinstance(text, str) or not _DAY.fullmatch(text):
        _refuse(name)
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise ParameterError("Cette décision porte une date impossible.", colonne=name, valeur=text) from error
    return day if day.year in _YEARS else _refuse(name)


def _month(given: Mapping[str, Any], name: str) -> pd.Timestamp:
    text = given.get(name)
    if not isinstance(text, str) or not _MONTH.fullmatch(text):
        _refuse(name)
    return pd.Timestamp(_day({name: f"{text}-01"}, name))


def _filters(given: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    asked = _mapping(given.get("filtres"), "filtres")
    if len(asked) > MOST_DIMENSIONS:
        _refuse("filtres")
    return {_words(d, "filtres"): tuple(_words(v, "filtres") for v in _sequence(asked, d, MOST_VALUES)) for d in asked}


def _segments(given: Mapping[str, Any], dimensions: tuple[str, ...]) -> pd.DataFrame:
    columns = _mapping(given.get("segments"), "segments")
    names = {d: [_words(v, "segments") for v in _sequence(columns, d, MOST)] for d in dimensions}
    signed = ("nette", "hausse", "charges")
    numbers = {
        c: [
            _number(v, c, low=-_HUGE if c in signed else 0.0, missing=c == "hausse")
            for v in _sequence(columns, c, MOST)
        ]
        for c in NUMBERS
    }
    sizes = {len(v) for v in (*names.values(), *numbers.values())}
    if len(sizes) != 1 or sizes == {0} or len(columns) != len(names) + len(numbers):
        _refuse("segments")
    table = pd.DataFrame({**{d: pd.Series(v, dtype="str") for d, v in names.items()}, **numbers})
    repeated = table.duplicated(list(dimensions)).any() if dimensions else len(table) > 1
    if repeated or not (table[["effectif", "cotisation"]].sum() > 0).all():
        _refuse("segments")
    return table


def _season(given: Mapping[str, Any]) -> pd.DataFrame:
    columns = _mapping(given.get("saison"), "saison")
    table = pd.DataFrame({"mois": range(1, YEAR + 1)})
    for measure in MEASURES:
        shares = [_number(v, "saison", low=0.0, high=1.0) for v in _sequence(columns, measure, YEAR)]
        if len(shares) != YEAR or abs(sum(shares) - 1.0) > _SHARE:
            _refuse("saison")
        table[measure] = shares
    return table


def _expected(given: Mapping[str, Any]) -> pd.DataFrame:
    levels = _mapping(given.get("attendu"), "attendu")
    rows = []
    for key in SUIVIS:
        own = _mapping(levels.get(key), "attendu")
        rows.append((key, *(_number(own.get(c), "attendu", missing=True) for c in LEVELS)))
    return pd.DataFrame(rows, columns=["indicateur", *LEVELS])


def _lever(given: object) -> tuple[str, str, str, float]:
    if (
        not isinstance(given, list | tuple)
        or len(given) != 4
        or not isinstance(given[1], str)
        or given[1] not in LEVIERS
    ):
        _refuse("leviers")
    segment, lever, poste, value = given
    return _words(segment, "leviers", LONGEST_TEXT), lever, _words(poste, "leviers"), _number(value, "leviers")


def _columns(frame: pd.DataFrame) -> dict[str, list[Any]]:
    return {str(c): [_plain(v) for v in frame[c].tolist()] for c in frame.columns}


def _plain(value: object) -> object:
    return None if isinstance(value, float) and not math.isfinite(value) else value
