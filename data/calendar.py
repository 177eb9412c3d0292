"""The calendar of a dataset: the events of everybody, what was changed of them for it, and those added to it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pandas as pd

from analytics.errors import ParameterError
from analytics.french import format_month
from data.references import FORMES
from data.store.events import LONGEST_NAME, LONGEST_SOURCE, MOST_EVENTS, KeptEvent

#: Months after the file in which an event may begin: reforms are announced, and a forecast looks a year ahead.
AHEAD = 24
AS_PUBLISHED, CHANGED, ADDED = "", "modifié", "ajouté"


def merge_calendar(reference: pd.DataFrame, kept: Iterable[KeptEvent]) -> pd.DataFrame:
    """Every event of a dataset, those switched off included.

    Parameters
    ----------
    reference : pandas.DataFrame
        As :func:`data.references.load_events` gives it.
    kept : iterable of KeptEvent
        What is kept with the dataset. What changes an event that nobody publishes any more is left out; one added
        under the name of a published event takes its place.

    Returns
    -------
    pandas.DataFrame
        The columns of `reference`, `etat` (:data:`AS_PUBLISHED`, :data:`CHANGED` or :data:`ADDED`) and `actif` (bool),
        in order of date.
    """
    kept = tuple(kept)
    changes, added = {e.name: e for e in kept if e.of_all}, [e for e in kept if not e.of_all]
    names = {e.name for e in added}
    rows = [
        _changed(row, changes.get(row["evenement"]))
        for row in reference.to_dict("records")
        if row["evenement"] not in names
    ]
    rows += [_added(event) for event in added]
    frame = pd.DataFrame(rows, columns=[*reference.columns, "etat", "actif"])
    for column in ("debut", "fin"):
        frame[column] = pd.to_datetime(frame[column]).astype("datetime64[us]")
    frame["postes"] = pd.Series([row["postes"] for row in rows], index=frame.index, dtype=object)
    return frame.astype({"actif": bool}).sort_values("debut", kind="stable", ignore_index=True)


def months_allowed(months: pd.DatetimeIndex) -> pd.DatetimeIndex:
    """Months that an event of a dataset may be given: those of its file, and the :data:`AHEAD` that follow."""
    return pd.date_range(months[0], months[-1] + pd.DateOffset(months=AHEAD), freq="MS")


def check_event(
    event: KeptEvent, calendar: pd.DataFrame, months: pd.DatetimeIndex, *, instead_of: str | None = None
) -> KeptEvent:
    """An event as it will be kept, or what is wrong with it, where, and what to do.

    Parameters
    ----------
    event : KeptEvent
        As typed; its dates are first days of months.
    calendar : pandas.DataFrame
        As :func:`merge_calendar` gives it.
    months : pandas.DatetimeIndex
        Months of the file.
    instead_of : str, optional
        Name, in the calendar, of the event being changed; None = a new one.

    Raises
    ------
    ParameterError
        A name that is empty, too long or taken; no start, or one out of the file; an end before the start, or missing
        where one is needed; an unknown shape; a source too long; too many events.
    """
    name, source = " ".join(event.name.split()), " ".join(event.source.split())
    _check_name(name, calendar, instead_of)
    if len(source) > LONGEST_SOURCE:
        raise ParameterError(
            f"Source : elle est trop longue, {len(source)} caractères.", remede=f"Gardez-en {LONGEST_SOURCE} au plus."
        )
    forme = _shape_of(event, calendar)
    _check_dates(event, forme, calendar, months)
    if instead_of is None and (calendar["etat"] == ADDED).sum() >= MOST_EVENTS:
        raise ParameterError(
            f"Calendrier : il a déjà {MOST_EVENTS} événements ajoutés.",
            remede="Supprimez ceux qui ne servent plus, puis recommencez.",
        )
    fin = event.debut if forme == "impulsion" and event.fin is None else event.fin  # a shock without an end: one month
    return replace(event, name=name, source=source, fin=fin)


def _changed(row: dict, change: KeptEvent | None) -> dict:
    """An event of everybody as it is for the dataset."""
    if change is None:
        return row | {"etat": AS_PUBLISHED, "actif": True}
    if change.debut is None:
        return row | {"etat": AS_PUBLISHED, "actif": change.active}
    dates = {"debut": pd.Timestamp(change.debut), "fin": pd.Timestamp(change.fin)}
    same = all(dates[k] == row[k] or (pd.isna(dates[k]) and pd.isna(row[k])) for k in dates)
    return row | dates | {"etat": AS_PUBLISHED if same else CHANGED, "actif": change.active}


def _added(event: KeptEvent) -> dict:
    return {
        "evenement": event.name, "debut": pd.Timestamp(event.debut), "fin": pd.Timestamp(event.fin),
        "forme": event.forme, "postes": event.postes, "note": "", "source": event.source, "url": "", "etat": ADDED,
        "actif": event.active,
    }  # fmt: skip


def _check_name(name: str, calendar: pd.DataFrame, instead_of: str | None) -> None:
    if not name:
        raise ParameterError("Nom : il est vide.", remede="Écrivez ce qui s’est passé, en quelques mots.")
    if len(name) > LONGEST_NAME:
        raise ParameterError(
            f"Nom : il est trop long, {len(name)} caractères.",
            remede=f"Gardez-en {LONGEST_NAME} au plus ; le détail tient dans la source.",
        )
    others = {n.casefold() for n in calendar["evenement"] if n != instead_of}
    if name.casefold() in others:
        raise ParameterError(
            "Nom : un autre événement du calendrier le porte déjà.", valeur=name,
            remede="Changez le nom, ou modifiez l’événement qui existe.",
        )  # fmt: skip


def _shape_of(event: KeptEvent, calendar: pd.DataFrame) -> str:
    if event.of_all:
        return calendar.loc[calendar["evenement"] == event.name, "forme"].iloc[0]
    if event.forme not in FORMES:
        raise ParameterError("Effet : il n’est pas connu.", valeur=event.forme, remede="Choisissez-le dans la liste.")
    return event.forme


def _check_dates(event: KeptEvent, forme: str, calendar: pd.DataFrame, months: pd.DatetimeIndex) -> None:
    if event.debut is None:
        raise ParameterError("Mois de début : il manque.", remede="Choisissez-le dans la liste.")
    debut, fin, allowed = pd.Timestamp(event.debut), pd.Timestamp(event.fin), months_allowed(months)
    first, last = (format_month(m, short=False) for m in (allowed[0], allowed[-1]))
    known = calendar[calendar["evenement"] == event.name] if event.of_all else calendar.iloc[:0]
    for place, month in (("Mois de début", debut), ("Mois de fin", fin)):
        if pd.notna(month) and month not in allowed and month not in set(known["debut"]) | set(known["fin"]):
            raise ParameterError(
                f"{place} : il est hors du fichier.", valeur=format_month(month, short=False),
                remede=f"Choisissez un mois de {first} à {last}.",
            )  # fmt: skip
    if fin < debut:
        raise ParameterError(
            "Mois de fin : il précède le mois de début.", valeur=format_month(fin, short=False),
            remede=f"Choisissez un mois à partir de {format_month(debut, short=False)}.",
        )  # fmt: skip
    if forme == "rampe" and pd.isna(fin):
        raise ParameterError(
            "Mois de fin : un effet qui monte peu à peu en a un.", remede="Choisissez le mois où il est entier."
        )
