"""The rises of a plan, segment by segment."""

from __future__ import annotations

import altair as alt
import pandas as pd

from analytics.french import format_number, format_percent
from charts.picture import Picture, check_marks, kept, source, titled, to_spec
from charts.theme import AXIS, BLUE, GREY, ORANGE, TITLE_LINE, value_axis

ROW, MOST = 20, 24
UP, DOWN, STILL = "Hausse", "Baisse", "Inchangée"
#: Rises closer to 0 than this are told as none.
NONE = 5e-5


def chart_plan(table: pd.DataFrame, *, title: str, mean: float, is_demo: bool = False) -> Picture:
    """Bars of the rises, those of most members when there are many.

    Parameters
    ----------
    table : pandas.DataFrame
        segment, hausse, beneficiaires; other columns are left.
    mean : float
        Average rise of the plan, as it is told beside.
    title, is_demo
        As in `charts.trend.chart_trend`.
    """
    order = table.sort_values("beneficiaires", ascending=False, kind="stable").head(MOST)
    data = order.sort_values("hausse", ascending=False, kind="stable")[["segment", "hausse", "beneficiaires"]]
    data = data.assign(rang=range(len(data)))
    data["sens"] = [UP if h > NONE else DOWN if h < -NONE else STILL for h in data["hausse"]]
    data["texte"] = [
        f"{format_percent(r.hausse, 2, signed=True)} ({format_number(r.beneficiaires)} personnes)"
        for r in data.itertuples()
    ]
    names = {"segment": "Segment", "hausse": "Hausse", "beneficiaires": "Personnes"}
    top, low = data.iloc[0], data.iloc[-1]
    words = (
        f"{title} : {format_percent(mean, signed=True)} en moyenne, de {format_percent(low['hausse'], signed=True)} "
        f"({low['segment']}) à {format_percent(top['hausse'], signed=True)} ({top['segment']})."
    )
    note = f"Les {MOST} segments qui comptent le plus de personnes, sur {len(table)}" if len(table) > MOST else ""
    shown = data[list(names)].assign(beneficiaires=data["beneficiaires"].round()).rename(columns=names)
    return Picture(_spec(title, is_demo, len(data), note), check_marks(data), words, title, shown)


@kept(64)
def _spec(title: str, is_demo: bool, rows: int, note: str) -> dict:
    bars = (
        alt.Chart(source())
        .mark_bar(height=12)
        .encode(
            y=alt.Y("segment:N", sort=alt.EncodingSortField("rang", op="min"),
                    axis=alt.Axis(title=None, grid=False, labelLimit=220, labelOverlap=False)),
            x=alt.X("hausse:Q", axis=value_axis("taux")),
            color=alt.Color("sens:N", scale=alt.Scale(domain=[UP, DOWN, STILL], range=[ORANGE, BLUE, GREY])),
            tooltip=[alt.Tooltip("segment:N", title="Segment"), alt.Tooltip("texte:N", title="Hausse")],
        )
    )  # fmt: skip
    height = ROW * rows + AXIS + 5 * TITLE_LINE
    return to_spec(bars.properties(height=height, title=titled(title, is_demo=is_demo, note=note)))
