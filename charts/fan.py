"""A forecast as a fan: what is known, the median ahead and its two bands."""

from __future__ import annotations

import altair as alt
import pandas as pd

from analytics.french import format_month, format_value
from charts.events import NO_EVENT, event_rules, has_events, name_events, with_events
from charts.picture import Picture, check_marks, kept, source, titled, to_spec
from charts.theme import BLUE, GREY, HEIGHT, ORANGE, month_axis, value_axis

KNOWN, AHEAD, PROPHET = "Réalisé", "Prévision", "Prophet (pour comparaison)"
STYLES = {KNOWN: (GREY, [1, 0]), AHEAD: (BLUE, [1, 0]), PROPHET: (ORANGE, [3, 3])}


def chart_fan(
    history: pd.DataFrame, ahead: pd.DataFrame, *, title: str, unit: str, candidate: pd.DataFrame | None = None,
    events: pd.DataFrame | None = None, is_demo: bool = False,
) -> Picture:  # fmt: skip
    """Fan chart of one series.

    Parameters
    ----------
    history : pandas.DataFrame
        mois, valeur of the complete months.
    ahead : pandas.DataFrame
        mois, valeur, bas_80, haut_80, bas_95, haut_95.
    candidate : pandas.DataFrame, optional
        mois, valeur of a model shown for comparison and not used.
    title, unit, events, is_demo
        As in `charts.trend.chart_trend`.
    """
    bridge = history.tail(1)[["mois", "valeur"]]
    parts = [history[["mois", "valeur"]].assign(serie=KNOWN), pd.concat([bridge, ahead]).assign(serie=AHEAD)]
    if candidate is not None and len(candidate):
        parts.append(pd.concat([bridge, candidate[["mois", "valeur"]]]).assign(serie=PROPHET))
    data = pd.concat(parts, ignore_index=True)
    data["texte"] = [
        f"{format_month(m)} : {format_value(v, unit)}" for m, v in zip(data["mois"], data["valeur"], strict=True)
    ]
    data = with_events(data, events, history["mois"].min(), ahead["mois"].max())
    names = {"mois": "Mois", "valeur": "Prévision", "bas_80": "Bas 80 %", "haut_80": "Haut 80 %",
             "bas_95": "Bas 95 %", "haut_95": "Haut 95 %"}  # fmt: skip
    table = ahead[list(names)].rename(columns=names)
    shown = tuple(name for name in STYLES if name in set(data["serie"]))
    spec = _spec(title, unit, is_demo, shown, has_events(data))
    return Picture(spec, check_marks(data), _alt(ahead, title, unit) + name_events(data), title, table)


@kept(64)
def _spec(title: str, unit: str, is_demo: bool, shown: tuple[str, ...], dated: bool) -> dict:
    base = alt.Chart(source()).encode(x=alt.X("mois:T", axis=month_axis()))
    band = base.transform_filter(f"datum.serie == '{AHEAD}'")
    wide = band.mark_area(color=BLUE, opacity=0.16).encode(y=alt.Y("bas_95:Q", axis=value_axis(unit)), y2="haut_95:Q")
    near = band.mark_area(color=BLUE, opacity=0.26).encode(y="bas_80:Q", y2="haut_80:Q")
    colours, dashes = zip(*(STYLES[name] for name in shown), strict=True)
    lines = (
        base.transform_filter(NO_EVENT)
        .mark_line(strokeWidth=2.2)
        .encode(
            y=alt.Y("valeur:Q", scale=alt.Scale(zero=False)),
            color=alt.Color("serie:N", scale=alt.Scale(domain=shown, range=colours)),
            strokeDash=alt.StrokeDash("serie:N", scale=alt.Scale(domain=shown, range=dashes)),
            tooltip=[alt.Tooltip("serie:N", title="Série"), alt.Tooltip("texte:N", title="Valeur")],
        )
    )
    note = "Bande foncée : 8 chances sur 10 ; bande claire : 95 chances sur 100"
    return to_spec(
        alt.layer(*(event_rules() if dated else ()), wide, near, lines).properties(
            height=HEIGHT + 20, title=titled(title, is_demo=is_demo, note=note)
        )
    )


def _alt(ahead: pd.DataFrame, title: str, unit: str) -> str:
    last = ahead.iloc[-1]
    return (
        f"{title} : {format_value(last['valeur'], unit)} attendus en {format_month(last['mois'])}, "
        f"entre {format_value(last['bas_80'], unit)} et {format_value(last['haut_80'], unit)} 8 fois sur 10."
    )
