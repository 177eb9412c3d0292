"""Which layout a file has, and which answers given to an earlier file of the same layout still fit."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from data.findings import finding, to_frame
from data.mapping.questions import GLOBAL, PREFIXES
from data.mapping.roles import forced_role
from data.readers import Table
from data.readers.dates import parse_dates
from data.vocabulary import normalise

#: Answers about the content of one file: never taken from another.
OF_ONE_FILE = ("zero_manquant", "annee", "feuille", "tableaux")
_OF_COLUMNS = {
    "decimale": ("virgule", "point", "les_deux"),
    "ordre_date": ("jour_mois", "mois_jour", "annee_mois_jour"),
    "total": ("total", "garder"),
}
#: Answers used again only when the file raises the same question.
_IF_ASKED = ("unite", "lignes_total")
#: What stands for any month, quarter or year in a title.
_PERIOD = "<periode>"


@dataclass(frozen=True)
class Merged:
    """Answers to use for a file.

    Attributes
    ----------
    answers : dict of str to str
        Those given now, then those of an earlier file that still fit.
    reused : dict of str to str
        Which of them come from an earlier file.
    dropped : dict of str to str
        Those of an earlier file that no longer fit.
    findings : pandas.DataFrame
        One line that says so, when some are used again.
    """

    answers: Mapping[str, str]
    reused: Mapping[str, str]
    dropped: Mapping[str, str]
    findings: pd.DataFrame


def layout_key(table: Table) -> str:
    """Name of the layout of a table: the same for two exports of the same report, whatever the month.

    SHA-256 of the titles without accents, case nor punctuation, in their order; a title that is a period counts as any
    period, a run of them as one. Separator, encoding and decimal sign play no part. A file without titles has no
    layout that can be recognised: "".
    """
    headers = [str(h) for h in table.frame.columns]
    periods = _are_periods(headers)
    shape: list[str] = []
    for header, period in zip(headers, periods, strict=True):
        name = _PERIOD if period else normalise(header)
        if not (name == _PERIOD and shape and shape[-1] == _PERIOD):
            shape.append(name)
    if all(name.startswith("colonne ") for name in shape):
        return ""
    return hashlib.sha256(json.dumps(shape, ensure_ascii=False).encode()).hexdigest()


def merge_answers(remembered: Mapping[str, str], given: Mapping[str, str], table: Table) -> Merged:
    """Answers of an earlier file of the same layout completed by those given now, which win.

    Parameters
    ----------
    remembered : mapping
        Answers kept from an earlier file.
    given : mapping
        Answers given for this file.
    table : Table
        The file: an answer about a column that it no longer has, or that its cells contradict, is dropped.
    """
    full = {k if k.startswith(PREFIXES) or k not in table.tidy.columns else f"colonne:{k}": v for k, v in given.items()}
    old = {k: v for k, v in remembered.items() if k not in full}
    reused = {k: v for k, v in old.items() if _fits(k, v, table)}
    dropped = {k: v for k, v in old.items() if k not in reused}
    rows = []
    if reused:
        message = f"Réponses reprises d’un dépôt précédent de même présentation ({len(reused)}) : {', '.join(reused)}."
        remedy = "Répondez de nouveau à une question pour changer sa réponse."
        rows.append(finding("accessibilite.reponses_reprises", "info", message, remede=remedy))
    return Merged({**reused, **full}, reused, dropped, to_frame(rows))


def _are_periods(headers: list[str]) -> list[bool]:
    dates = parse_dates(pd.Series(headers, dtype="str"))
    return [bool(ok) for ok in pd.notna(dates.values)]


def _fits(key: str, answer: str, table: Table) -> bool:
    prefix, _, name = key.partition(":")
    asked = next((q for q in table.questions if q.key == key), None)
    if prefix in OF_ONE_FILE or (asked is not None and answer not in asked.choices):
        return False
    if key in GLOBAL:
        return not GLOBAL[key] or answer in GLOBAL[key]
    if prefix == "colonne":
        return name in table.tidy.columns and forced_role(table, name, answer) is not None
    if prefix == "role":
        return answer in table.tidy.columns
    if prefix == "repetition":
        return answer in ("repartie", "repetee")
    if prefix in _IF_ASKED:
        return asked is not None
    if prefix == "sens":
        return name in table.tidy.columns
    if prefix in _OF_COLUMNS:
        return name in table.frame.columns and answer in _OF_COLUMNS[prefix]
    # Other questions of the reading are asked again by the reading itself when the answer is wrong.
    return prefix not in {p.rstrip(":") for p in PREFIXES}
