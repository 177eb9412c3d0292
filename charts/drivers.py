"""How much a series moves with another, by number of months between the two, with intervals."""

from __future__ import annotations

import altair as alt
import pandas as pd

from analytics.french import format_value
from charts.picture import Picture, check_marks, kept, source, titled, to_spec
from charts.theme import BLUE, GREY, value_axis

HEIGHT = 260


def chart_lags(
    tested: pd.DataFrame, *, chosen: int, title: str, note: str, unit: str, is_demo: bool = False
) -> Picture:
    """Effect of a candidate at each lag, its interval, the lag that is told standing out.

    Parameters
    ----------
    tested : pandas.DataFrame
        decalage (months), effet, bas, haut: rows of one candidate of `Drivers.tested`.
    chosen : int
        Lag that is told.
    title, note : str
        Names of the two series, and what the effect answers to.
    unit, is_demo
        As in `charts.trend.chart_trend`; unit of the effect.
    """
    data = tested[["decalage", "effet", "bas", "haut"]].reset_index(drop=True)
    data = data.assign(retenu=data["decalage"] == chosen)
    data["texte"] = [
        f"{format_value(e, unit, signed=True)} (de {format_value(low, unit)} à {format_value(high, unit)})"
        for e, low, high in zip(data["effet"], data["bas"], data["haut"], strict=True)
    ]
    names = {"decalage": "Mois de décalage", "effet": "Effet", "bas": "Bas 95 %", "haut": "Haut 95 %"}
    told = data.loc[data["retenu"], "texte"]
    alt_text = f"{title}, {note} : {told.iloc[0] if len(told) else 'aucun effet mesuré'} à {chosen} mois de décalage."
    return Picture(
        _spec(title, note, unit, is_demo), check_marks(data), alt_text, title, data[list(names)].rename(columns=names)
    )


@kept(64)
def _spec(title: str, note: str, unit: str, is_demo: bool) -> dict:
    base = alt.Chart(source()).encode(
        x=alt.X("decalage:O", axis=alt.Axis(title="Mois de décalage", labelAngle=0, grid=False)),
        color=alt.condition("datum.retenu", alt.value(BLUE), alt.value(GREY)),
        tooltip=[alt.Tooltip("decalage:O", title="Mois de décalage"), alt.Tooltip("texte:N", title="Effet")],
    )
    bars = base.mark_rule(strokeWidth=2.5).encode(y=alt.Y("bas:Q", axis=value_axis(unit)), y2="haut:Q")
    points = base.mark_point(filled=True, size=70, opacity=1).encode(y=alt.Y("effet:Q", axis=value_axis(unit)))
    zero = alt.Chart(source()).mark_rule(color=GREY, strokeDash=[2, 3]).encode(y=alt.datum(0))
    chart = (zero + bars + points).properties(height=HEIGHT, title=titled(title, is_demo=is_demo, note=note))
    return to_spec(chart)
