"""Horizontal bars: a value by group beside its reference."""

from __future__ import annotations

import functools

import altair as alt
import pandas as pd

from analytics.french import format_gap, format_percent, format_value
from charts.picture import Picture, check_marks, source, titled, to_spec
from charts.theme import AXIS, BLUE, GREY, TEXT, TITLE_LINE, value_axis

BAR = 30
LETTER, NARROW = 6.6, 300  # pixels of a letter of a label, and of a plot too narrow for whole labels


def chart_breakdown(
    table: pd.DataFrame, *, group: str, title: str, unit: str, reference: str = "Un an avant", is_demo: bool = False
) -> Picture:
    """Bars of an indicator by group, with a tick at its reference.

    Parameters
    ----------
    table : pandas.DataFrame
        groupe, valeur, reference, ecart, evolution; drawn in the order given.
    group : str
        French name of the dimension.
    reference : str
        French name of the period compared with.
    title, unit, is_demo
        As in `charts.trend.chart_trend`.
    """
    data = table.dropna(subset=["valeur"]).copy()
    data["etiquette"] = data["valeur"].map(lambda v: format_value(v, unit))
    data["avant"] = data["reference"].map(lambda v: format_value(v, unit))
    data["change"] = data["court"] = data["ecart"].map(lambda v: format_gap(v, unit))
    if unit != "taux":
        data["court"] = data["evolution"].map(lambda v: format_percent(v, signed=True))
        data["change"] += " (" + data["court"] + ")"
    for words in ("change", "court"):
        data[words] = data[words].where(data["ecart"].notna(), data["etiquette"])
    data["ancre"] = data[["valeur", "reference"]].max(axis=1).clip(lower=0.0)  # clear of the bar and of the tick
    names = {"groupe": group, "valeur": title, "reference": reference, "ecart": "Écart", "evolution": "Évolution"}
    shown = table[list(names)].rename(columns=names)
    shown["Évolution"] = table["evolution"].map(lambda v: format_percent(v, signed=True))
    columns = ["groupe", "valeur", "reference", "etiquette", "avant", "change", "court", "ancre"]
    rooms = tuple(int(data[words].str.len().max() * LETTER + 14) if len(data) else 0 for words in ("change", "court"))
    spec = _spec(title, unit, is_demo, max(len(data), 1), bool(data["reference"].notna().any()), rooms)
    return Picture(spec, check_marks(data[columns]), _alt(data, title), title, shown)


@functools.lru_cache(maxsize=256)
def _spec(title: str, unit: str, is_demo: bool, bars: int, compared: bool, rooms: tuple[int, int]) -> dict:
    base = alt.Chart(source()).encode(
        y=alt.Y("groupe:N", sort=None, axis=alt.Axis(title=None, grid=False, labelLimit=180)),
        tooltip=[
            alt.Tooltip("groupe:N", title="Groupe"),
            alt.Tooltip("etiquette:N", title="Valeur"),
            alt.Tooltip("avant:N", title="Référence"),
            alt.Tooltip("change:N", title="Écart"),
        ],
    )
    whole, short = rooms
    end = alt.ExprRef(f"max(width - (width < {NARROW} ? {short} : {whole}), 0.3 * width)")  # the labels stay inside
    bar = base.mark_bar(color=BLUE, height={"band": 0.62}).encode(
        x=alt.X("valeur:Q", axis=value_axis(unit), scale=alt.Scale(range=[0, end], nice=False))
    )
    tick = base.mark_tick(color=GREY, thickness=3, height={"band": 0.85}).encode(x="reference:Q")
    words = alt.ExprRef(f"width < {NARROW} ? datum.court : datum.change")
    text = base.mark_text(align="left", dx=6, color=TEXT, fontSize=12, text=words).encode(x="ancre:Q")
    note = "Trait gris : période de comparaison" if compared else ""
    return to_spec(
        alt.layer(bar, *([tick] if compared else []), text).properties(
            height=BAR * bars + AXIS + 4 * TITLE_LINE, title=titled(title, is_demo=is_demo, note=note)
        )
    )


def _alt(data: pd.DataFrame, title: str) -> str:
    if data.empty:
        return f"{title} : aucune valeur."
    top = data.loc[data["valeur"].idxmax()]
    return (
        f"{title} : {len(data)} groupes, le plus élevé est {top['groupe']} avec {top['etiquette']} ({top['change']})."
    )
