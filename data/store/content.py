"""What may be kept beside a dataset, how large and how long: JSON, short texts, counts, days; no object of Python."""

from __future__ import annotations

import json
import os
import re
from datetime import date

import pandas as pd

from analytics.errors import ParameterError

#: Largest JSON kept in one row, in bytes.
LARGEST = 256 * 1024
#: Months for which a dataset is kept when $PALIERS_RETENTION does not say; 0 there means without limit.
MONTHS = 24
_COUNT = re.compile(r"[a-z][a-z0-9_]{0,39}")
_ACTION = re.compile(r"[a-zà-ÿœ_ ’-]{1,60}")


def as_json(content: object, *, limit: int = LARGEST) -> dict:
    """The content as it will be read back, or a refusal.

    Raises
    ------
    ParameterError
        Not a dictionary of plain values, or too large.
    """
    if not isinstance(content, dict) or not all(isinstance(key, str) for key in content):
        raise ParameterError("Seul un ensemble de réponses nommées peut être enregistré.")
    try:
        text = json.dumps(content, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise ParameterError(
            "Ce contenu ne peut pas être enregistré.",
            remede="Il doit n’avoir que des textes, des nombres et des dates.",
        ) from error
    if len(text) > limit:
        raise ParameterError(f"Ce contenu est trop gros : {limit // 1024} ko au plus.", remede="Enregistrez-en moins.")
    return json.loads(text)


def as_text(text: object, *, limit: int, name: str, required: bool = False) -> str:
    """A text that every database takes: no NUL, no half character, no more than `limit` characters.

    Raises
    ------
    ParameterError
        Too long, or empty when it is required.
    """
    if not isinstance(text, str):
        raise ParameterError(f"« {name} » doit être un texte.")
    clean = text.encode("utf-8", "replace").decode("utf-8").replace("\0", "").strip()
    if len(clean) > limit:
        raise ParameterError(f"« {name} » est trop long : {limit} caractères au plus.")
    if required and not clean:
        raise ParameterError(f"« {name} » est vide.", remede="Écrivez-le, puis recommencez.")
    return clean


def as_counts(counts: dict[str, object]) -> dict[str, int]:
    """Counts of the journal: whole numbers only, so that no value of a file can slip in.

    Raises
    ------
    ParameterError
        Something else than a whole number, or a name that is not a word.
    """
    for name, count in counts.items():
        if not _COUNT.fullmatch(name) or isinstance(count, bool) or not isinstance(count, int) or abs(count) >= 2**63:
            raise ParameterError("Le journal ne garde que des nombres entiers.")
    return dict(counts)


def as_action(action: object) -> str:
    """Name of an action of the journal: a few lower-case words, without digits.

    Raises
    ------
    ParameterError
        Anything else.
    """
    if not isinstance(action, str) or not _ACTION.fullmatch(action):
        raise ParameterError("Une action du journal est faite de quelques mots, sans chiffre.")
    return action


def last_day(saved: date) -> date | None:
    """Last day on which a dataset saved that day is kept; None = no limit.

    Raises
    ------
    ParameterError
        $PALIERS_RETENTION is not a number of months.
    """
    text = os.environ.get("PALIERS_RETENTION", "").strip() or str(MONTHS)
    if not text.isdecimal() or int(text) > 1200:
        raise ParameterError(
            "La durée de conservation n’est pas comprise.",
            remede="PALIERS_RETENTION est un nombre de mois, de 0 (sans limite) à 1200.",
        )
    months = int(text)
    return (pd.Timestamp(saved) + pd.DateOffset(months=months)).date() if months else None


def as_day(day: date | str | None) -> date | None:
    """A day given as a date, a timestamp or ISO 8601.

    Raises
    ------
    ParameterError
        Not a day.
    """
    try:
        found = pd.Timestamp(day)
    except (TypeError, ValueError) as error:
        raise ParameterError("Cette date n’est pas comprise.", remede="Écrivez-la ainsi : 2026-12-31.") from error
    return None if found is pd.NaT else found.date()
