"""A series beside what would have come without an event, from its date on."""

from __future__ import annotations

import altair as alt
import pandas as pd

from analytics.french import format_gap, format_month, format_value
from charts.events import NO_EVENT, event_rules, has_events, name_events, with_events
from charts.picture import Picture, check_marks, kept, source, titled, to_spec
from charts.theme import BLUE, GREY, HEIGHT, ORANGE, month_axis, value_axis

KNOWN, WITHOUT = "Réalisé", "Attendu sans l’événement"
STYLES = {KNOWN: (BLUE, [1, 0]), WITHOUT: (ORANGE, [7, 5])}


def chart_impact(
    history: pd.DataFrame, after: pd.DataFrame, *, event: str, title: str, unit: str,
    events: pd.DataFrame | None = None, is_demo: bool = False,
) -> Picture:  # fmt: skip
    """What happened, what was expected with its band, and the date between the two.

    Parameters
    ----------
    history : pandas.DataFrame
        mois, valeur before the event.
    after : pandas.DataFrame
        date, valeur, attendu, bas, haut, effet, as `analytics.diagnostic.Impact.table`.
    event : str
        Its name.
    title, unit, events, is_demo
        As in `charts.trend.chart_trend`.
    """
    after = after.rename(columns={"date": "mois"})
    known = pd.concat([history[["mois", "valeur"]], after[["mois", "valeur"]]])
    expected = after[["mois", "attendu", "bas", "haut"]].rename(columns={"attendu": "valeur"})
    data = pd.concat([known.assign(serie=KNOWN), expected.assign(serie=WITHOUT)], ignore_index=True)
    data = data.dropna(subset=["valeur"]).reset_index(drop=True)
    data["texte"] = [
        f"{format_month(m)} : {format_value(v, unit)}" for m, v in zip(data["mois"], data["valeur"], strict=True)
    ]
    start = after["mois"].iloc[0]
    if events is not None:
        events = events[(events["evenement"] != event) | (events["debut"] != start)]  # it has its own rule
    data = with_events(data, events, data["mois"].min(), data["mois"].max())
    names = {"mois": "Mois", "valeur": KNOWN, "attendu": WITHOUT, "bas": "Bas 95 %", "haut": "Haut 95 %",
             "effet": "Écart"}  # fmt: skip
    spec = _spec(title, unit, is_demo, f"{event} : {format_month(start, short=False)}", f"{start:%Y-%m-%d}",
                 has_events(data))  # fmt: skip
    words = _alt(after, event, title, unit) + name_events(data)
    return Picture(spec, check_marks(data), words, title, after[list(names)].rename(columns=names))


@kept(64)
def _spec(title: str, unit: str, is_demo: bool, note: str, start: str, dated: bool) -> dict:
    base = alt.Chart(source()).encode(x=alt.X("mois:T", axis=month_axis()))
    band = base.transform_filter(f"datum.serie == '{WITHOUT}'").mark_area(color=ORANGE, opacity=0.2)
    band = band.encode(y=alt.Y("bas:Q", axis=value_axis(unit)), y2="haut:Q")
    colours, dashes = zip(*STYLES.values(), strict=True)
    stroke = alt.Legend(symbolType="stroke", symbolSize=300)
    lines = (
        base.transform_filter(NO_EVENT)
        .mark_line(strokeWidth=2.2)
        .encode(
            y=alt.Y("valeur:Q", axis=value_axis(unit), scale=alt.Scale(zero=False)),
            color=alt.Color("serie:N", scale=alt.Scale(domain=list(STYLES), range=list(colours)), legend=stroke),
            strokeDash=alt.StrokeDash(
                "serie:N", scale=alt.Scale(domain=list(STYLES), range=list(dashes)), legend=stroke
            ),
            tooltip=[alt.Tooltip("serie:N", title="Série"), alt.Tooltip("texte:N", title="Valeur")],
        )
    )
    date = base.transform_filter(f"datum.serie == '{WITHOUT}' && time(datum.mois) == time(toDate('{start}T00:00:00'))")
    rule = date.mark_rule(color=GREY, strokeDash=[2, 3], strokeWidth=1.5)
    layers = (*(event_rules() if dated else ()), band, rule, lines)
    return to_spec(alt.layer(*layers).properties(height=HEIGHT, title=titled(title, is_demo=is_demo, note=note)))


def _alt(after: pd.DataFrame, event: str, title: str, unit: str) -> str:
    told = after.dropna(subset=["effet"])
    if told.empty:
        return f"{title}, {event} : rien ne dit ce qui serait venu sans lui."
    return (
        f"{title}, {event} : {format_value(told['valeur'].mean(), unit)} par mois en moyenne ensuite, pour "
        f"{format_value(told['attendu'].mean(), unit)} attendus sans lui ({format_gap(told['effet'].mean(), unit)})."
    )
