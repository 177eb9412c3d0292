"""Horizontal bars: a value by group beside its reference."""

from __future__ import annotations

import altair as alt
import numpy as np
import pandas as pd

from analytics.french import format_gap, format_percent, format_value, is_missing
from charts.picture import Picture, check_marks, kept, source, titled, to_spec
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
    shown = table[table["valeur"].notna()]
    words = [format_value(v, unit) for v in shown["valeur"]]
    told = [
        _change(gap, rate, unit) or (word, word)
        for gap, rate, word in zip(shown["ecart"], shown["evolution"], words, strict=True)
    ]
    data = shown[["groupe", "valeur", "reference"]].assign(
        etiquette=words,
        avant=[format_value(v, unit) for v in shown["reference"]],
        change=[whole for whole, _ in told],
        court=[short for _, short in told],
        ancre=np.fmax(np.fmax(shown["valeur"], shown["reference"]), 0.0),  # clear of the bar and of the tick
    )
    names = {"groupe": group, "valeur": title, "reference": reference, "ecart": "Écart", "evolution": "Évolution"}
    figures = table[list(names)].rename(columns=names)
    figures["Évolution"] = [format_percent(v, signed=True) for v in table["evolution"]]
    rooms = (int(max(map(len, words), default=-14 / LETTER) * LETTER + 14) for words in zip(*told, strict=True))
    spec = _fitted(_spec(title, unit, is_demo, bool(data["reference"].notna().any())), max(len(data), 1), *rooms)
    return Picture(spec, check_marks(data), _alt(data, title), title, figures)


def _change(gap: float, rate: float, unit: str) -> tuple[str, str] | None:
    """The change of a group in full and in short; None when it is not known."""
    if is_missing(gap):
        return None
    whole = format_gap(gap, unit)
    short = whole if unit == "taux" else format_percent(rate, signed=True)
    return (whole if unit == "taux" else f"{whole} ({short})"), short


def _fitted(spec: dict, bars: int, whole: int = 0, short: int = 0) -> dict:
    """The specification at the height of its bars, its scale leaving the labels, in full or in short, their room."""
    end = f"max(width - (width < {NARROW} ? {short} : {whole}), 0.3 * width)"
    bar, *others = spec["layer"]
    x = bar["encoding"]["x"]
    scale = {**x["scale"], "range": [0, {"expr": end}]}
    bar = {**bar, "encoding": {**bar["encoding"], "x": {**x, "scale": scale}}}
    return {**spec, "layer": [bar, *others], "height": BAR * bars + AXIS + 4 * TITLE_LINE}


@kept(256)
def _spec(title: str, unit: str, is_demo: bool, compared: bool) -> dict:
    base = alt.Chart(source()).encode(
        y=alt.Y("groupe:N", sort=None, axis=alt.Axis(title=None, grid=False, labelLimit=180)),
        tooltip=[
            alt.Tooltip("groupe:N", title="Groupe"),
            alt.Tooltip("etiquette:N", title="Valeur"),
            alt.Tooltip("avant:N", title="Référence"),
            alt.Tooltip("change:N", title="Écart"),
        ],
    )
    bar = base.mark_bar(color=BLUE, height={"band": 0.62}).encode(
        x=alt.X("valeur:Q", axis=value_axis(unit), scale=alt.Scale(nice=False))
    )
    tick = base.mark_tick(color=GREY, thickness=3, height={"band": 0.85}).encode(x="reference:Q")
    words = alt.ExprRef(f"width < {NARROW} ? datum.court : datum.change")
    text = base.mark_text(align="left", dx=6, color=TEXT, fontSize=12, text=words).encode(x="ancre:Q")
    note = "Trait gris : période de comparaison" if compared else ""
    return to_spec(
        alt.layer(bar, *([tick] if compared else []), text).properties(title=titled(title, is_demo=is_demo, note=note))
    )


def _alt(data: pd.DataFrame, title: str) -> str:
    if data.empty:
        return f"{title} : aucune valeur."
    top = data.iloc[data["valeur"].to_numpy().argmax()]
    return (
        f"{title} : {len(data)} groupes, le plus élevé est {top['groupe']} avec {top['etiquette']} ({top['change']})."
    )
