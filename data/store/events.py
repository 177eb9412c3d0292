"""What people change of the calendar of events for a dataset: events of their own, those of everybody dated otherwise.

It goes with the dataset.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime

from sqlalchemy import delete, func, insert, select, update

from analytics.errors import ParameterError
from data.store.content import as_day, as_text
from data.store.database import reading
from data.store.datasets import require
from data.store.paths import checked
from data.store.tables import EVENTS
from data.store.writing import Work, write

#: Most events added to one dataset, and most events of everybody changed for it.
MOST_EVENTS = 50
#: Letters of a name, and of a source.
LONGEST_NAME, LONGEST_SOURCE = 100, 300
_LONGEST_LIST = 200


@dataclass(frozen=True)
class KeptEvent:
    """An event added to a dataset, or what is changed for it of an event of everybody.

    Attributes
    ----------
    name : str
        One event of a dataset by name; of an event of everybody, its name there.
    debut, fin : datetime.date or None
        First days of the first and last months; no end = lasting. Of an event of everybody, no start = its own dates.
    forme : str
        "palier", "impulsion" or "rampe"; "" = that of the event of everybody.
    postes : tuple of str
        Values of the dataset; empty = every poste.
    source : str
        Where it comes from, or who added it.
    active : bool
        Whether it is taken into account.
    of_all : bool
        Whether it changes an event of everybody.
    """

    name: str
    debut: date | None = None
    fin: date | None = None
    forme: str = ""
    postes: tuple[str, ...] = ()
    source: str = ""
    active: bool = True
    of_all: bool = False


def keep_event(token: str, event: KeptEvent, *, instead_of: str | None = None) -> None:
    """Keep an event; another of the same name is replaced, and so is `instead_of`, its former name.

    Raises
    ------
    ReadError
        Unknown or malformed token.
    ParameterError
        No name, a text too long, a date that is not one, or too many events.
    StoreError
        The database cannot be written.
    """
    row = _row(event) | {"token": checked(token), "saved_at": datetime.now(UTC)}
    mine = EVENTS.c.token == token

    def put(work: Work) -> None:
        require(work.connection, token)
        if instead_of is not None and instead_of != row["name"]:
            # The one that had the new name gives way, so that the row keeps its place.
            work.connection.execute(delete(EVENTS).where(mine & (EVENTS.c.name == row["name"])))
        same = mine & (EVENTS.c.name == (row["name"] if instead_of is None else instead_of))
        if work.connection.execute(update(EVENTS).where(same).values(row)).rowcount:
            return
        alike = mine & (EVENTS.c.of_all == event.of_all)
        if work.connection.scalar(select(func.count()).select_from(EVENTS).where(alike)) >= MOST_EVENTS:
            raise ParameterError(
                f"Il y a déjà {MOST_EVENTS} événements pour ces données.", remede="Supprimez-en, puis recommencez."
            )
        work.connection.execute(insert(EVENTS), row)

    write(put)


def kept_events(token: str) -> tuple[KeptEvent, ...]:
    """What was changed of the calendar for a dataset, oldest first.

    Raises
    ------
    ReadError
        Unknown or malformed token.
    """
    columns = (EVENTS.c[name] for name in KeptEvent.__dataclass_fields__)
    asked = select(*columns).where(EVENTS.c.token == checked(token)).order_by(EVENTS.c.number)
    with reading() as connection:
        require(connection, token)
        rows = connection.execute(asked).mappings().all()
    return tuple(KeptEvent(**{**row, "postes": tuple(row["postes"])}) for row in rows)


def forget_event(token: str, name: str) -> None:
    """Forget an event, or what was changed of one of everybody; one that does not exist is already forgotten.

    Raises
    ------
    ReadError
        Unknown or malformed token.
    StoreError
        The database cannot be written.
    """
    here = (EVENTS.c.token == checked(token)) & (EVENTS.c.name == name)

    def remove(work: Work) -> None:
        require(work.connection, token)
        work.connection.execute(delete(EVENTS).where(here))

    write(remove)


def _row(event: KeptEvent) -> dict[str, object]:
    """The event as any database takes it."""
    if len(event.postes) > _LONGEST_LIST:
        raise ParameterError(f"Un événement touche {_LONGEST_LIST} postes au plus.")
    return asdict(event) | {
        "name": as_text(event.name, limit=LONGEST_NAME, name="nom", required=True),
        "debut": as_day(event.debut),
        "fin": as_day(event.fin),
        "forme": as_text(event.forme, limit=20, name="forme"),
        "postes": [as_text(poste, limit=LONGEST_SOURCE, name="poste") for poste in event.postes],
        "source": as_text(event.source, limit=LONGEST_SOURCE, name="source"),
    }
