"""Whether a column identifies people, by its title and by its distinct cells."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import pyarrow as pa

from analytics.french import format_percent
from data.personal import births, identifiers, names, phones
from data.personal.texts import distinct, matches
from data.personal.titles import KINDS, says_organisation, says_other, says_other_date, title_kind

#: What may be done with a column of personal data before anything is written: French label of each answer.
ACTIONS = {"supprimer": "Supprimer la colonne", "pseudonymiser": "La remplacer par des pseudonymes"}
#: Least share of dates for a title that speaks of birth to mean a date of birth.
_DATED = 0.5


@dataclass(frozen=True)
class Personal:
    """Personal data found in a column.

    Attributes
    ----------
    kind : str
        Key of :data:`data.personal.KINDS`.
    share : float
        Share of the distinct values where it was recognised; 0 when the title alone says it.
    reason : str
        Why, in French, without any value of the column.
    """

    kind: str
    share: float
    reason: str

    @property
    def label(self) -> str:
        """What the column holds, in French plural."""
        return KINDS[self.kind]

    @property
    def actions(self) -> tuple[str, ...]:
        """Answers that make sense: a date or an address has no use once it is a pseudonym."""
        useless = ("naissance", "adresse")
        return ("supprimer",) if self.kind in useless else tuple(ACTIONS)


def detect(header: str, texts: pd.Series | pa.Array | pa.ChunkedArray) -> Personal | None:
    """Personal data of a column, or None.

    Parameters
    ----------
    header : str
        Title of the column.
    texts : pandas.Series of str or pyarrow array of strings
        Its cells, missing and empty ones included.
    """
    values = distinct(texts)
    kind, share = _by_content(values, header)
    if kind:
        reason = f"{format_percent(share, 0)} des valeurs distinctes sont des {KINDS[kind]}"
        return Personal(kind, round(share, 4), reason)
    kind = _by_title(header, values)
    return Personal(kind, 0.0, f"le titre annonce des {KINDS[kind]}") if kind else None


def personal_content(header: str, texts: pd.Series) -> str:
    """What personal data a column holds, in French plural; "" for none."""
    found = detect(header, texts)
    return found.label if found else ""


def _by_content(values: pa.Array, header: str) -> tuple[str, float]:
    """Kind and share that the cells show: what a key proves first, what a distribution suggests last."""
    if len(values) == 0:
        return "", 0.0
    for kind, measure in (
        ("courriel", identifiers.email_share),
        ("iban", identifiers.iban_share),
        ("telephone", phones.phone_share),
    ):
        share = measure(values)
        if share:
            return kind, share
    kind, share = identifiers.nir_share(values)
    if share:
        return kind, share
    if not says_other_date(header):
        share = births.birth_share(values)
        if share:
            return "naissance", share
    share = 0.0 if says_organisation(header) else identifiers.address_share(values)
    if share:
        return "adresse", share
    share = names.name_share(values, alone=not says_other(header))
    return ("nom", share) if share else ("", 0.0)


def _by_title(header: str, values: pa.Array) -> str:
    """Kind that the title announces, when no cell contradicts it."""
    kind = title_kind(header)
    if not kind or len(values) == 0:
        return kind
    amounts = matches(values, r"^-?\d{1,6}[.,]\d{1,2}( ?€)?$").mean()
    if amounts > 0.5:
        return ""
    if kind == "naissance" and births.date_share(values) < _DATED:
        return "personnelle"  # a place, a year or a rank of birth
    return kind
