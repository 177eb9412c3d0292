"""French regions: where each one stands on the tile map, and which one a file speaks of."""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Iterable

import pandas as pd

from analytics.errors import SchemaError
from data.references import _checked, _read, _source

#: Words that do not tell one region from another.
_VOID = frozenset(("region", "la", "le", "les", "l", "de", "du", "des", "d", "et", "en"))
_CODE = re.compile(r"(?:r|reg|region)?[ _-]*0*(\d{1,2})(?:\.0)?", re.IGNORECASE)
_LABELLED = re.compile(r"(?:\d{1,2}\s*[-–:._ ]\s*(?P<after>\D.*)|(?P<before>.*\D?)\s*\(\s*\d{1,2}\s*\))")
#: Codes that say nothing; they do not tell a column of regions from one of départements.
_UNKNOWN_CODES = frozenset(("0", "9", "99"))
#: Share of the numeric values that must be codes of regions: départements share some of them.
_MOSTLY = 0.8


def load_regions() -> pd.DataFrame:
    """The regions of the tile map.

    Returns
    -------
    pandas.DataFrame
        `code` (INSEE, text), `nom`, `court` (eleven letters at most), `colonne`, `ligne` (place of the tile, from 1),
        `source`, `url`; the last one is Open DAMIR's "Outre-mer", that no file but its own needs.

    Raises
    ------
    SchemaError
        A region without code, place or dated source.
    """
    content = _read("regions.yaml")
    rows = []
    for entry in content["regions"]:
        _checked(entry, ("code", "nom", "court", "colonne", "ligne", "source"))
        source = _checked(_source(entry, content["sources"]), ("nom", "date", "url"))
        kept = {name: entry[name] for name in ("code", "nom", "court", "colonne", "ligne")}
        rows.append({**kept, "source": source["nom"], "url": source["url"]})
    return pd.DataFrame(rows)


def recognise_regions(values: Iterable[object]) -> pd.DataFrame:
    """Region that each value of a column names: by its name, an abbreviation, its INSEE code or an earlier region.

    Parameters
    ----------
    values : iterable
        Distinct values of the column, all together: codes are read as regions only when nearly all of the column's are
        (départements share some of them).

    Returns
    -------
    pandas.DataFrame
        `valeur` (text), `code` ("" when not recognised), `nature` ("nom", "code", "ancienne", "mélangée" or ""), `note`
        (what a reader must know, in French); one row per value, in the order given.
    """
    texts = [str(value).strip() for value in values]
    by_code, by_name = _known()
    numbers = {text: _CODE.fullmatch(text).group(1).lstrip("0") for text in texts if _CODE.fullmatch(text)}
    trusted = _are_regions(numbers.values(), by_code)
    found = pd.DataFrame(
        [{"valeur": text, **_recognise(text, numbers.get(text), trusted, by_code, by_name)} for text in texts],
        columns=["valeur", "code", "nature", "note"],
    )
    if trusted and "5" in numbers.values() and "94" not in numbers.values():
        both = found["nature"].eq("code") & found["code"].eq("93")
        found.loc[both, ["nature", "note"]] = ["mélangée", "compte aussi la Corse dans Open DAMIR"]
    return found


def _recognise(text: str, number: str | None, trusted: bool, by_code: dict, by_name: dict) -> dict[str, str]:
    if number is not None:
        if number in by_code and trusted:
            return by_code[number]
        note = "code qui peut être celui d’un département" if number in by_code or not trusted else ""
        return {"code": "", "nature": "", "note": note}
    labelled = _LABELLED.fullmatch(text)
    words = (labelled.group("after") or labelled.group("before") or "") if labelled else ""
    for candidate in (text, words):
        for key in _keys(candidate):
            if key in by_name:
                return by_name[key]
    return {"code": "", "nature": "", "note": ""}


def _are_regions(numbers: Iterable[str], by_code: dict) -> bool:
    told = [n for n in numbers if n and n not in _UNKNOWN_CODES]
    # The codes overseas are those of the first départements too: alone, or most of them, they tell nothing.
    overseas = sum(len(n) == 1 for n in told)
    return sum(n in by_code for n in told) >= _MOSTLY * len(told) and len(told) > 2 * overseas


@functools.cache
def _known() -> tuple[dict[str, dict[str, str]], dict[str, dict[str, str]]]:
    """What each code and each normalised name means."""
    by_code: dict[str, dict[str, str]] = {}
    by_name: dict[str, dict[str, str]] = {}
    for entry in _read("regions.yaml")["regions"]:
        code, name = entry["code"], entry["nom"]
        was = f"ancienne région, comptée dans {name}"
        mixed = f"compte deux régions, montrées sur la tuile {name}"
        by_code[code.lstrip("0")] = _meaning(code, "code", "")
        for label in (name, *map(str, entry.get("noms", ()))):
            _add(by_name, label, _meaning(code, "nom", ""))
        for old, label in entry.get("anciennes", {}).items():
            by_code[str(old)] = _meaning(code, "ancienne", f"{label}, {was}")
            _add(by_name, label, _meaning(code, "ancienne", was))
        for label in entry.get("anciens_noms", ()):
            _add(by_name, label, _meaning(code, "ancienne", was))
        for label in entry.get("reunions", ()):
            _add(by_name, label, _meaning(code, "ancienne", f"nom provisoire de {name}"))
        for label in entry.get("melangees", ()):
            _add(by_name, label, _meaning(code, "mélangée", mixed))
    return by_code, by_name


def _meaning(code: str, nature: str, note: str) -> dict[str, str]:
    return {"code": code, "nature": nature, "note": note}


def _add(by_name: dict[str, dict[str, str]], label: str, meaning: dict[str, str]) -> None:
    for key in _keys(label):
        if by_name.setdefault(key, meaning)["code"] != meaning["code"]:
            raise SchemaError("Deux régions portent le même nom.", valeur=label)


def _keys(text: str) -> tuple[str, ...]:
    """A name without case, accents, marks and void words; then with these words: « ILEDEFRANCE » is read too."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(c for c in plain if not unicodedata.combining(c))
    words = re.sub(r"[^a-z0-9]+", " ", plain).split()
    kept = "".join(word for word in words if word not in _VOID)
    glued = "".join(words)
    return tuple(key for key in dict.fromkeys((kept, glued)) if key)
