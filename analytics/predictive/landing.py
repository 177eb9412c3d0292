"""What a forecast says of the year: the next twelve months in a sentence, and where the calendar year should end."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from analytics.constat import Sentence
from analytics.french import format_euros, format_percent

YEAR = 12


@dataclass(frozen=True)
class Landing:
    """Where a calendar year should end.

    Attributes
    ----------
    annee : int
    connu : float
        Sum of the complete months (EUR).
    mois_connus : int
    total, bas_80, haut_80 : float
        Expected total of the year and its range; months are taken as fully correlated, which is cautious.
    """

    annee: int
    connu: float
    mois_connus: int
    total: float
    bas_80: float
    haut_80: float


def land(history: pd.DataFrame, ahead: pd.DataFrame) -> Landing | None:
    """Landing of the year of the first month ahead, or of the last known one when the year is over.

    Parameters
    ----------
    history : pandas.DataFrame
        mois, valeur of the complete months.
    ahead : pandas.DataFrame
        mois, valeur, bas_80, haut_80.

    Returns
    -------
    Landing or None
        None when known and forecast months together do not make a whole year.
    """
    year = int(ahead["mois"].iloc[0].year)
    known = history[history["mois"].dt.year == year]
    rest = ahead[ahead["mois"].dt.year == year]
    if len(known) + len(rest) != YEAR:
        return None
    base = float(known["valeur"].sum())
    totals = {name: base + float(rest[name].sum()) for name in ("valeur", "bas_80", "haut_80")}
    return Landing(year, base, len(known), totals["valeur"], totals["bas_80"], totals["haut_80"])


def describe_ahead(history: pd.DataFrame, ahead: pd.DataFrame, *, subject: str, measure: str) -> Sentence:
    """The sum of the months ahead beside that of as many known months, in one French sentence.

    Parameters
    ----------
    history, ahead : pandas.DataFrame
        mois, valeur.
    subject, measure : str
        Perimeter and measure, in French.
    """
    months = len(ahead)
    coming = format_euros(float(ahead["valeur"].sum()))
    text = f"{subject} : {coming} de {measure} attendus sur les {months} prochains mois"
    past = float(history["valeur"].tail(months).sum(min_count=months))
    if not past > 0:
        return Sentence(f"{text}.", (coming,))
    known, change = format_euros(past), format_percent(float(ahead["valeur"].sum()) / past - 1, signed=True)
    text += f", contre {known} sur les {months} derniers mois connus ({change})."
    return Sentence(text, (coming, known, change))
