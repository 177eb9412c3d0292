"""Names of persons, told from an embedded list of frequent French names."""

from __future__ import annotations

import functools
import re
from pathlib import Path

import pyarrow as pa

from data.personal.texts import flat, sample

_LOOKED = 3000


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_CIVILITIES = _words("DR DOCTEUR PR M MR MME MLLE MELLE MM MMES MONSIEUR MADAME MADEMOISELLE VEUVE VVE EPOUSE")
_PARTICLES = _words("DE DU DES LE LA D EL AL BEN VAN VON DA DOS DI")
#: Words of places, firms and products: « Saint-Pierre » or « Clinique Pasteur » is not a person.
_THINGS = _words(
    """SAINT SAINTE ST STE SUR SOUS EN AUX AU ET LES RUE AVENUE PLACE CLINIQUE HOPITAL PHARMACIE CABINET
    CENTRE CH CHU CHR EHPAD LABORATOIRE LABO SOCIETE SARL SAS SA SCM SELARL EURL SCI ETS ETABLISSEMENT
    MAISON INSTITUT ASSOCIATION FONDATION MUTUELLE ASSURANCE ASSURANCES CAISSE GROUPE FORMULE OPTION
    PACK RENFORT GARANTIE CONTRAT SANTE PLUS NIVEAU BASE REGION DEPARTEMENT COMMUNE ILE VAL MONT PAYS
    LYCEE COLLEGE ECOLE OPTIQUE OPTICIEN AMBULANCES TAXI POLYCLINIQUE RESIDENCE TOTAL AUTRE AUTRES NON"""
)
_SHAPE = re.compile(r"[^\W\d_]+\.?(?:[ ,'’.\-/]+[^\W\d_]+\.?){0,6}")
_INITIAL = re.compile(r"([A-Z])\.? ?[A-Z][A-Z’'\-]{2,}|[A-Z][A-Z’'\-]{2,},? ([A-Z])\.")
#: A code of at least four digits before or after a name.
_CODE = re.compile(r"^\d{4,}[ \-:_/]+|[ \-:_/(]+\d{4,}\)?$")
_WORDS = re.compile(r"[ ,'’.\-/]+")


def _listed(file: str) -> frozenset[str]:
    lines = (Path(__file__).parent / file).read_text(encoding="utf-8").splitlines()
    words = _words(" ".join(line for line in lines if not line.startswith("#")))
    return frozenset(word.replace("_", " ") for word in words)


@functools.cache
def first_names() -> frozenset[str]:
    """First names given in France, upper case without accents."""
    return _listed("prenoms.txt")


@functools.cache
def family_names() -> frozenset[str]:
    """Most frequent family names of France, upper case without accents."""
    return _listed("noms.txt")


def name_share(values: pa.Array, *, alone: bool = True) -> float:
    """Share of distinct values that are names of persons as far as the list tells; 0 when the column is something else.

    Full names are told by their first name. A list of a few hundred family names covers about one person in five: a
    column of family names alone is told by a tenth of its values, where communes, professions and products reach 4 %.
    With ``alone=False`` one word is never a person: the title says that it is something else.
    """
    looked = [_CODE.sub("", flat(text)) for text in sample(values, _LOOKED)]
    if len(looked) < 3:
        return 0.0
    kinds = [_kind(text) for text in looked]
    full, first, last, shaped = (kinds.count(kind) / len(kinds) for kind in ("full", "first", "last", "one"))
    if full >= 0.4 and full * len(kinds) >= 3:
        return full
    if not alone:
        return 0.0
    initials = [found[1] or found[2] for text in looked if (found := _INITIAL.fullmatch(text)) and ". " in text]
    if len(initials) >= 0.8 * len(looked) and len(set(initials)) >= 5:
        return len(initials) / len(looked)
    both = sum(_is_both(text) for text in looked) / len(kinds)
    if first >= 0.5 and first * len(kinds) >= 4:
        return first
    single = first + last + shaped
    enough = max(5, 0.1 * len(kinds)) if len(kinds) >= 25 else max(4, 0.4 * len(kinds))
    return single if single >= 0.7 and (last + both) * len(kinds) >= enough else 0.0


def _is_both(text: str) -> bool:
    return text in first_names() and text in family_names()


def _kind(text: str) -> str:
    """"full", "first", "last", "one" (one word that no list knows) or "" for what is not a name."""
    if not _SHAPE.fullmatch(text):
        return ""
    words = [word for word in _WORDS.split(text) if word]
    if any(word in _THINGS for word in words):
        return ""
    civil = words[0] in _CIVILITIES and len(words) > 1
    words = [word for word in words if word not in _CIVILITIES]
    if not words:
        return ""
    known_first = [word for word in words if word in first_names()]
    parts = re.split(r"[ ,]+", text.strip(" ,."))
    if civil and len(words) <= 5:
        return "full"
    if len(parts) == 1:
        if len(known_first) == len(words):
            return "first"
        return "last" if text in family_names() or any(w in family_names() for w in words) else "one"
    if text in family_names():
        return "last"
    if len(words) == 2 and 1 in (len(words[0]), len(words[1])):  # « DUPONT J. »
        return "last" if any(word in family_names() for word in words) else "one"
    if words[0] in _PARTICLES and len(words) == 2:
        return "one"
    return "full" if known_first and len(words) <= 6 else ""


def hide_names(text: str) -> str:
    """Text whose words are replaced by « … » when a list of names knows them and a capital letter starts them."""
    return _CAPITALISED.sub(_hidden, text)


_CAPITALISED = re.compile(r"\b[A-ZÀ-ÖØ-Þ][^\W\d_]+\b")


def _hidden(found: re.Match[str]) -> str:
    word = flat(found[0])
    return "…" if word in first_names() or word in family_names() else found[0]
