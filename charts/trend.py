"""A series by month beside the same months a year before, its incomplete months muted, events marked."""

from __future__ import annotations

import altair as alt
import pandas as pd

from analytics.french import format_month, format_value
from charts.events import NO_EVENT, event_rules, has_events, name_events, with_events
from charts.picture import Picture, check_marks, kept, source, titled, to_spec
from charts.theme import BLUE, GREY, HEIGHT, ORANGE, month_axis, value_axis

NOW, BEFORE, OPEN = "Mois par mois", "Un an avant", "Mois incomplet"
STYLES = {NOW: (BLUE, [1, 0]), BEFORE: (GREY, [5, 3]), OPEN: (ORANGE, [2, 3])}


def chart_trend(
    series: pd.DataFrame, *, title: str, unit: str, events: pd.DataFrame | None = None, is_demo: bool = False
) -> Picture:
    """Line of an indicator by month.

    Parameters
    ----------
    series : pandas.DataFrame
        mois, valeur, reference (a year before; NaN where it is not shown), statut ("complet", "provisoire" or
        "incomplet").
    title : str
        Title in French.
    unit : str
        Unit of the indicator.
    events : pandas.DataFrame, optional
        evenement, debut, fin, source: those that begin in the months drawn are thin dated rules.
    is_demo : bool
        Whether the data are simulated.
    """
    data = with_events(_rows(series, unit), events, series["mois"].min(), series["mois"].max())
    data["seul"] = data["seul"].eq(True)
    table = series[["mois", "valeur", "reference", "statut"]].rename(
        columns={"mois": "Mois", "valeur": title, "reference": "Un an avant", "statut": "État du mois"}
    )
    shown = tuple(name for name in STYLES if name in set(data["serie"]))
    spec = _spec(title, unit, is_demo, shown, bool(data["seul"].any()), has_events(data))
    return Picture(spec, check_marks(data), _alt(series, title, unit) + name_events(data), title, table)


def _rows(series: pd.DataFrame, unit: str) -> pd.DataFrame:
    incomplete = series["statut"].eq("incomplet")
    closed, unfinished = series[~incomplete], series[incomplete]
    parts = [closed.assign(serie=NOW), series.assign(serie=BEFORE, valeur=series["reference"])]
    if len(unfinished):
        parts.append(pd.concat([closed.tail(1), unfinished]).assign(serie=OPEN))
    rows = pd.concat(parts, ignore_index=True)[["mois", "serie", "valeur"]].dropna(subset=["valeur"])
    months = rows["mois"].map(format_month)
    rows["seul"] = rows.groupby("serie")["mois"].transform("size") == 1  # a line of one month is not drawn
    rows["texte"] = months + " : " + rows["valeur"].map(lambda v: format_value(v, unit))
    return rows


@kept(128)
def _spec(title: str, unit: str, is_demo: bool, shown: tuple[str, ...], alone: bool, dated: bool) -> dict:
    base = alt.Chart(source()).encode(
        x=alt.X("mois:T", axis=month_axis()),
        y=alt.Y("valeur:Q", axis=value_axis(unit), scale=alt.Scale(zero=False)),
    )
    colours, dashes = zip(*(STYLES[name] for name in shown), strict=True)
    coloured = base.encode(
        color=alt.Color(
            "serie:N", scale=alt.Scale(domain=shown, range=colours), legend=alt.Legend(symbolType="stroke")
        ),
        tooltip=[alt.Tooltip("serie:N", title="Série"), alt.Tooltip("texte:N", title="Valeur")],
    )
    dash = alt.StrokeDash("serie:N", scale=alt.Scale(domain=shown, range=dashes))
    lines = coloured.transform_filter(NO_EVENT).mark_line(strokeWidth=2.2).encode(strokeDash=dash)
    single = coloured.transform_filter("datum.seul").mark_point(filled=True, size=80)
    layers = (*(event_rules() if dated else ()), lines, *([single] if alone else []))
    return to_spec(alt.layer(*layers).properties(height=HEIGHT, title=titled(title, is_demo=is_demo)))


def _alt(series: pd.DataFrame, title: str, unit: str) -> str:
    known = series[series["statut"] != "incomplet"].dropna(subset=["valeur"])
    if known.empty:
        return f"{title} : aucun mois complet."
    last, top = known.iloc[-1], known.loc[known["valeur"].idxmax()]
    return (
        f"{title}, de {format_month(known['mois'].iloc[0])} à {format_month(last['mois'])} : "
        f"dernier mois {format_value(last['valeur'], unit)}, "
        f"plus haut {format_value(top['valeur'], unit)} en {format_month(top['mois'])}."
    )
