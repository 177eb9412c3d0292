"""A bridge from one amount to another, bar by bar."""

from __future__ import annotations

import altair as alt
import numpy as np
import pandas as pd

from analytics.french import format_gap, format_value
from charts.picture import Picture, check_marks, kept, source, titled, to_spec
from charts.theme import AXIS, BLUE, GREY, ORANGE, TEXT, TITLE_LINE, value_axis

TOTAL, UP, DOWN = "Niveau", "Hausse", "Baisse"
ROW = 32


def chart_waterfall(
    effects: pd.DataFrame,
    *,
    start: float,
    start_label: str,
    end_label: str,
    title: str,
    unit: str,
    is_demo: bool = False,
) -> Picture:
    """Waterfall of effects that sum to the change.

    Parameters
    ----------
    effects : pandas.DataFrame
        effet (French label), montant, in the order drawn.
    start : float
        Level before the first effect.
    start_label, end_label : str
        Names of the two levels.
    title, unit, is_demo
        As in `charts.trend.chart_trend`.
    """
    amounts = effects["montant"].to_numpy(float)
    ends = start + np.cumsum(amounts)
    end = float(ends[-1]) if len(ends) else start
    steps = pd.DataFrame(
        {
            "etape": [start_label, *effects["effet"], end_label],
            "bas": [0.0, *(ends - amounts), 0.0],
            "haut": [start, *ends, end],
            "nature": [TOTAL, *np.where(amounts >= 0, UP, DOWN), TOTAL],
            "texte": [format_value(start, unit), *(format_gap(a, unit) for a in amounts), format_value(end, unit)],
        }
    )
    steps["sommet"] = steps[["bas", "haut"]].max(axis=1)
    floor = _floor(steps)
    steps.loc[steps["nature"] == TOTAL, "bas"] = floor
    table = steps[["etape", "texte"]].rename(columns={"etape": "Étape", "texte": "Montant"})
    spec = _spec(title, unit, is_demo, floor > 0, len(steps))
    return Picture(spec, check_marks(steps), _alt(effects, start, end, title, unit), title, table)


def _floor(steps: pd.DataFrame) -> float:
    """Where the axis starts: near the smallest level, so that effects of a few per cent can be seen."""
    levels = steps[["haut"]].to_numpy().ravel()
    lowest, spread = levels.min(), np.ptp(levels)
    return float(max(lowest - 0.6 * spread, 0.0)) if lowest > 0 and spread < 0.5 * lowest else 0.0


@kept(64)
def _spec(title: str, unit: str, is_demo: bool, cut: bool, rows: int) -> dict:
    base = alt.Chart(source()).encode(
        y=alt.Y("etape:N", sort=None, axis=alt.Axis(title=None, grid=False, labelLimit=150)),
        tooltip=[alt.Tooltip("etape:N", title="Étape"), alt.Tooltip("texte:N", title="Montant")],
    )
    bars = base.mark_bar(height={"band": 0.66}).encode(
        x=alt.X("bas:Q", axis=value_axis(unit), scale=alt.Scale(zero=not cut, padding=64)),
        x2="haut:Q",
        color=alt.Color("nature:N", scale=alt.Scale(domain=[TOTAL, UP, DOWN], range=[GREY, ORANGE, BLUE])),
    )
    labels = base.mark_text(align="left", dx=6, color=TEXT, fontSize=12).encode(x="sommet:Q", text="texte:N")
    note = "L’axe ne part pas de zéro" if cut else ""
    height = ROW * rows + AXIS + 5 * TITLE_LINE
    return to_spec((bars + labels).properties(height=height, title=titled(title, is_demo=is_demo, note=note)))


def _alt(effects: pd.DataFrame, start: float, end: float, title: str, unit: str) -> str:
    if effects.empty:
        return f"{title} : aucun effet."
    main = effects.loc[effects["montant"].abs().idxmax()]
    return (
        f"{title} : de {format_value(start, unit)} à {format_value(end, unit)} ; "
        f"premier effet : {main['effet']}, {format_gap(main['montant'], unit)}."
    )
