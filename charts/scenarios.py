"""Scenarios side by side: the median of an indicator and the range it stays in 8 times out of 10."""

from __future__ import annotations

import altair as alt
import pandas as pd

from analytics.french import format_value
from charts.picture import Picture, check_marks, kept, source, titled, to_spec
from charts.theme import AXIS, BLUE, ORANGE, TEXT, TITLE_LINE, value_axis

ROW = 64


def chart_scenarios(
    table: pd.DataFrame, *, title: str, unit: str, target: float | None = None, is_demo: bool = False
) -> Picture:
    """Ranges of one indicator by scenario.

    Parameters
    ----------
    table : pandas.DataFrame
        scenario, p10, p50, p90.
    target : float, optional
        Level drawn as a rule.
    title, unit, is_demo
        As in `charts.trend.chart_trend`.
    """
    data = table.copy()
    data["texte"] = [
        f"{format_value(m, unit)} (de {format_value(a, unit)} à {format_value(b, unit)})"
        for m, a, b in zip(data["p50"], data["p10"], data["p90"], strict=True)
    ]
    if target is not None:
        data["cible"] = target
    names = {"scenario": "Scénario", "p10": "Bas (1 sur 10)", "p50": "Médiane", "p90": "Haut (1 sur 10)"}
    alt_text = f"{title} : " + " ; ".join(f"{r.scenario} {r.texte}" for r in data.itertuples()) + "."
    spec = _spec(title, unit, is_demo, len(data), target is not None)
    return Picture(spec, check_marks(data), alt_text, title, table[list(names)].rename(columns=names))


@kept(64)
def _spec(title: str, unit: str, is_demo: bool, rows: int, has_target: bool) -> dict:
    base = alt.Chart(source()).encode(
        y=alt.Y("scenario:N", sort=None, axis=alt.Axis(title=None, grid=False, labelLimit=200)),
        tooltip=[alt.Tooltip("scenario:N", title="Scénario"), alt.Tooltip("texte:N", title=title)],
    )
    scale = alt.Scale(zero=False, padding=20)
    span = base.mark_bar(color=BLUE, opacity=0.3, height=14).encode(
        x=alt.X("p10:Q", axis=value_axis(unit), scale=scale), x2="p90:Q"
    )
    point = base.mark_point(color=BLUE, filled=True, size=130).encode(x="p50:Q")
    text = base.mark_text(dy=-16, color=TEXT, fontSize=12).encode(x="p50:Q", text="texte:N")
    layers = [span, point, text]
    if has_target:
        layers.append(alt.Chart(source()).mark_rule(color=ORANGE, strokeDash=[5, 3]).encode(x="cible:Q"))
    note = "Point : médiane ; barre : 8 fois sur 10" + (" ; trait : cible" if has_target else "")
    return to_spec(
        alt.layer(*layers).properties(
            height=ROW * rows + AXIS + 4 * TITLE_LINE, title=titled(title, is_demo=is_demo, note=note)
        )
    )
