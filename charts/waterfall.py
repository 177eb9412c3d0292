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
#: Clicked bars, and the field that names them.
SELECTION, FIELD = "barre", "etape"
INK, HALO = "#1F2A37", "#FFFFFF"  # an interval is read on a bar as on either background


def chart_waterfall(
    effects: pd.DataFrame,
    *,
    start: float,
    start_label: str,
    end_label: str,
    title: str,
    unit: str,
    is_demo: bool = False,
    chosen: str = "",
    clickable: bool = False,
) -> Picture:
    """Waterfall of effects that sum to the change.

    Parameters
    ----------
    effects : pandas.DataFrame
        effet (French label), montant, in the order drawn; and when known bas, haut: 80 % interval of the amount,
        missing for an effect that has none.
    start : float
        Level before the first effect.
    start_label, end_label : str
        Names of the two levels.
    title, unit, is_demo
        As in `charts.trend.chart_trend`.
    chosen : str
        Effect framed.
    clickable : bool
        Whether a bar can be clicked.
    """
    amounts = effects["montant"].to_numpy(float)
    ends = start + np.cumsum(amounts)
    end = float(ends[-1]) if len(ends) else start
    low, high = (effects.get(c, pd.Series(np.nan, effects.index)).to_numpy(float) for c in ("bas", "haut"))
    between = [_between(a, b, unit) for a, b in zip(low, high, strict=True)]
    nothing = [np.nan]
    steps = pd.DataFrame(
        {
            "etape": [start_label, *effects["effet"], end_label],
            "bas": [0.0, *(ends - amounts), 0.0],
            "haut": [start, *ends, end],
            "nature": [TOTAL, *np.where(amounts >= 0, UP, DOWN), TOTAL],
            "texte": [format_value(start, unit), *(format_gap(a, unit) for a in amounts), format_value(end, unit)],
            "de": np.concatenate([nothing, ends - amounts + low, nothing]),
            "a": np.concatenate([nothing, ends - amounts + high, nothing]),
            "intervalle": ["", *between, ""],
            "choisie": [False, *(effects["effet"] == chosen), False],
        }
    )
    steps["sommet"] = steps[["bas", "haut", "a"]].max(axis=1)
    floor = _floor(steps)
    steps.loc[steps["nature"] == TOTAL, "bas"] = floor
    names = {"etape": "Étape", "texte": "Montant", **({"intervalle": "Intervalle à 80 %"} if any(between) else {})}
    table = steps[list(names)].rename(columns=names)
    spec = _spec(title, unit, is_demo, floor > 0, len(steps), any(between), clickable)
    return Picture(spec, check_marks(steps), _alt(effects, start, end, title, unit), title, table)


def _between(low: float, high: float, unit: str) -> str:
    return "" if np.isnan(low) else f"de {format_gap(low, unit)} à {format_gap(high, unit)}"


def _floor(steps: pd.DataFrame) -> float:
    """Where the axis starts: near the smallest level, so that effects of a few per cent can be seen."""
    levels = steps[["haut", "de", "a"]].to_numpy().ravel()
    lowest, highest = np.nanmin(levels), np.nanmax(levels)
    spread = highest - lowest
    return float(max(lowest - 0.6 * spread, 0.0)) if lowest > 0 and spread < 0.5 * lowest else 0.0


@kept(64)
def _spec(title: str, unit: str, is_demo: bool, cut: bool, rows: int, intervals: bool, clickable: bool) -> dict:
    base = alt.Chart(source()).encode(
        y=alt.Y("etape:N", sort=None, axis=alt.Axis(title=None, grid=False, labelLimit=150)),
        tooltip=[
            alt.Tooltip("etape:N", title="Étape"),
            alt.Tooltip("texte:N", title="Montant"),
            *([alt.Tooltip("intervalle:N", title="Intervalle à 80 %")] if intervals else []),
        ],
    )
    bars = base.mark_bar(height={"band": 0.66}, **({"cursor": "pointer"} if clickable else {})).encode(
        x=alt.X("bas:Q", axis=value_axis(unit), scale=alt.Scale(zero=not cut, padding=64)),
        x2="haut:Q",
        color=alt.Color("nature:N", scale=alt.Scale(domain=[TOTAL, UP, DOWN], range=[GREY, ORANGE, BLUE])),
    )
    frame = base.transform_filter("datum.choisie").mark_bar(height={"band": 0.86}, filled=False, stroke=INK)
    frame = frame.encode(x="bas:Q", x2="haut:Q", strokeWidth=alt.value(2))
    spans = [
        base.transform_filter("isValid(datum.de)").mark_rule(color=colour, strokeWidth=width).encode(x="de:Q", x2="a:Q")
        for colour, width in (((HALO, 5), (INK, 2)) if intervals else ())
    ]
    labels = base.mark_text(align="left", dx=6, color=TEXT, fontSize=12).encode(x="sommet:Q", text="texte:N")
    notes = ["L’axe ne part pas de zéro"] if cut else []
    notes += ["trait sombre : intervalle à 80 %"] if intervals else []
    note = " ; ".join(notes)
    if clickable:
        bars = bars.add_params(alt.selection_point(name=SELECTION, fields=[FIELD]))
    height = ROW * rows + AXIS + 5 * TITLE_LINE
    layers = alt.layer(bars, frame, *spans, labels)
    return to_spec(
        layers.properties(height=height, title=titled(title, is_demo=is_demo, note=note[:1].upper() + note[1:]))
    )


def _alt(effects: pd.DataFrame, start: float, end: float, title: str, unit: str) -> str:
    if effects.empty:
        return f"{title} : aucun effet."
    main = effects.loc[effects["montant"].abs().idxmax()]
    found = _between(main.get("bas", np.nan), main.get("haut", np.nan), unit)
    span = f" ({found}, 8 fois sur 10)" if found else ""
    return (
        f"{title} : de {format_value(start, unit)} à {format_value(end, unit)} ; "
        f"premier effet : {main['effet']}, {format_gap(main['montant'], unit)}{span}."
    )
