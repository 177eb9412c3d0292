"""Dated events on a picture of months: one thin rule by month where one begins, its names under the pointer."""

from __future__ import annotations

from typing import Any

import altair as alt
import pandas as pd

from analytics.french import format_month, format_period
from charts.picture import source
from charts.theme import GREY

EVENT = "evenement"
#: Vega expression: what every other mark of the picture keeps of the rows.
NO_EVENT = f"datum.serie != '{EVENT}'"
#: Events named in the words of a picture; the others are counted.
MOST_NAMED = 6
#: Between the names of the events of a month, which may hold any other sign.
APART = "\n"
#: Pixels around a rule that answer the pointer.
REACH = 11


def with_events(
    data: pd.DataFrame, events: pd.DataFrame | None, first: pd.Timestamp, last: pd.Timestamp
) -> pd.DataFrame:
    """Rows of a picture and those of its events.

    Parameters
    ----------
    data : pandas.DataFrame
        mois, serie, texte, …
    events : pandas.DataFrame or None
        evenement, debut, fin (missing = lasting), source.
    first, last : pandas.Timestamp
        Months drawn: what begins before or after is left out.
    """
    if events is None or events.empty:
        return data
    within = events[events["debut"].between(first, last)]
    if within.empty:
        return data
    told = pd.DataFrame({
        "mois": within["debut"], "texte": [f"{e.evenement} ({tell_dates(e)})" for e in within.itertuples()],
        "source": within["source"].fillna(""),
    })  # fmt: skip
    told["noms"] = told["texte"]
    rows = told.groupby("mois", as_index=False).agg({
        "texte": " ; ".join, "source": lambda names: " ; ".join(dict.fromkeys(filter(None, names))),
        "noms": APART.join,
    })  # fmt: skip
    return pd.concat([data, rows.assign(serie=EVENT)], ignore_index=True)


def tell_dates(event: Any) -> str:
    """When one row of events happens: « mars 2020 à mai 2020 », « mars 2020 », « dès mars 2020 » when it lasts."""
    if pd.notna(event.fin) and event.fin > event.debut:
        return format_period(event.debut, event.fin)
    month = format_month(event.debut, short=False)
    return f"dès {month}" if pd.isna(event.fin) else month


def has_events(data: pd.DataFrame) -> bool:
    """Whether the rows of a picture hold an event."""
    return bool((data["serie"] == EVENT).any())


def event_rules() -> tuple[alt.Chart, alt.Chart]:
    """A wide rule that nobody sees and that answers the pointer, then the one that is drawn."""
    base = alt.Chart(source()).transform_filter(f"datum.serie == '{EVENT}'")
    told = base.encode(
        x=alt.X("mois:T"), tooltip=[alt.Tooltip("texte:N", title="Événement"), alt.Tooltip("source:N", title="Source")]
    )
    drawn = told.mark_rule(color=GREY, strokeDash=[2, 2], strokeWidth=1.2)
    return told.mark_rule(strokeWidth=REACH, opacity=0, aria=False), drawn


def name_events(data: pd.DataFrame) -> str:
    """The events of the rows of a picture as the end of its words; empty without any."""
    if "noms" not in data:
        return ""
    names = [name for text in data.loc[data["serie"] == EVENT, "noms"] for name in text.split(APART)]
    if not names:
        return ""
    more = len(names) - MOST_NAMED
    rest = f" et {more} autre{'s' if more > 1 else ''}" if more > 0 else ""
    return f" Événements marqués : {' ; '.join(names[:MOST_NAMED])}{rest}."
