"""One level of a decomposition tree: what each value did to the change, beside the pace of the level."""

from __future__ import annotations

import altair as alt
import numpy as np
import pandas as pd

from analytics.french import format_gap, format_percent, is_missing
from charts.picture import Picture, check_marks, kept, source, titled, to_spec
from charts.theme import BLUE, GREY, ORANGE, TEXT, TITLE_LINE
from charts.waterfall import DOWN, UP

#: What a click on a row is called, and the field that it gives: the value, "" for the row of the others.
SELECTION, FIELD = "branche", "code"
ROW, HEAD = 42, 26
#: Pixels: a plot too narrow for everything on one line; the names and the figures on each side of the bars.
NARROW, NAMES, FIGURES, SHORT = 560, 190, 290, 128
_LINE = f"width < {NARROW}"  # Vega expression: two lines by row


def chart_tree(table: pd.DataFrame, *, group: str, level: str, title: str, unit: str, is_demo: bool = False) -> Picture:
    """Bars of the change by value, orange up and blue down, with a tick at what the pace of the level would give.

    Parameters
    ----------
    table : pandas.DataFrame
        code, valeur (French label), montant, part, attendu, ecart; drawn in the order given. A row without code is the
        sum of the other values.
    group : str
        French name of the dimension.
    level : str
        French name of the level split.
    title, unit, is_demo
        As in `charts.trend.chart_trend`.
    """
    data = table[["code", "valeur", "montant", "attendu"]].assign(
        rang=np.arange(len(table)),
        sens=np.where(table["montant"] >= 0, UP, DOWN),
        change=[format_gap(v, unit) for v in table["montant"]],
        poids=[format_percent(v, 0) for v in table["part"]],
        rythme=[format_gap(v, unit) for v in table["ecart"]],
        prevu=[format_gap(v, unit) for v in table["attendu"]],
    )
    data["court"], data["suite"] = data["change"] + " · " + data["poids"], "rythme " + data["rythme"]
    heads = {"valeur": group, "change": "Écart", "prevu": f"Au rythme de « {level} »", "rythme": "Face au rythme"}
    figures = data[list(heads)].rename(columns=heads)
    figures.insert(2, f"Part de « {level} »", [format_percent(v) for v in table["part"]])
    spec = _spec(title, level, is_demo, len(data), bool(table["attendu"].notna().any()))
    return Picture(spec, check_marks(data), _alt(table, title, level, unit), title, figures)


@kept(256)
def _spec(title: str, level: str, is_demo: bool, rows: int, paced: bool) -> dict:
    base = alt.Chart(source()).encode(y=alt.Y("rang:O", axis=None, scale=alt.Scale(padding=0)))
    click = alt.selection_point(name=SELECTION, fields=[FIELD])
    tooltip = [
        alt.Tooltip("valeur:N", title="Valeur"),
        alt.Tooltip("change:N", title="Écart"),
        alt.Tooltip("poids:N", title="Part"),
        alt.Tooltip("prevu:N", title="Au rythme du niveau"),
        alt.Tooltip("rythme:N", title="Face au rythme"),
    ]
    # The whole row is to be clicked: a bar may be a pixel wide.
    row = base.mark_bar(color=GREY, opacity=0.06, cursor="pointer", height={"band": 0.92}, cornerRadius=4)
    row = row.encode(x=alt.value(0), x2=alt.value("width"), tooltip=tooltip).add_params(click)
    scale = alt.Scale(
        range=[
            {"expr": f"{_LINE} ? 8 : {NAMES}"},
            {"expr": f"{_LINE} ? width - {SHORT} : max(width - {FIGURES}, {NAMES} + 60)"},
        ],
        nice=False,
        zero=True,
    )
    x = alt.X("montant:Q", scale=scale, axis=None)
    lower = alt.ExprRef(f"{_LINE} ? 8 : 0")
    bar = base.mark_bar(height={"band": 0.36}, yOffset=lower, y2Offset=lower, cornerRadius=2).encode(
        x=x, color=alt.Color("sens:N", scale=alt.Scale(domain=[UP, DOWN], range=[ORANGE, BLUE]))
    )
    tick = base.mark_tick(color=TEXT, thickness=3, height={"band": 0.5}, yOffset=lower).encode(x="attendu:Q")
    layers = [row, bar, *([tick] if paced else []), *_names(base), *_figures(base)]
    note = f"Trait gris : au rythme de « {level} »" if paced else ""
    height = ROW * rows + HEAD + 6 * TITLE_LINE
    layered = alt.layer(*layers).properties(height=height, title=titled(title, is_demo=is_demo, note=note))
    return to_spec(layered)


def _names(base: alt.Chart) -> list[alt.Chart]:
    """The name of each value: beside the bars, or above them on a telephone."""
    return [
        base.mark_text(
            align=alt.ExprRef(f"{_LINE} ? 'left' : 'right'"), dx=alt.ExprRef(f"{_LINE} ? 8 : {NAMES - 12}"),
            dy=alt.ExprRef(f"{_LINE} ? -9 : 0"), limit=alt.ExprRef(f"{_LINE} ? width - 130 : {NAMES - 20}"),
            color=TEXT, fontSize=12.5, fontWeight=600,
        ).encode(x=alt.value(0), text="valeur:N")
    ]  # fmt: skip


def _figures(base: alt.Chart) -> list[alt.Chart]:
    """The figures in columns on the right under their heads; on a telephone, two above and one beside the bar."""
    columns = (("change", "Écart", 206), ("poids", "Part", 132), ("rythme", "Face au rythme", 8))
    end, layers = alt.value("width"), []
    for field, head, right in columns:
        words = base.mark_text(align="right", color=TEXT, fontSize=12, dx=-right, opacity=_shown(wide=True))
        layers.append(words.encode(x=end, text=f"{field}:N"))
        title = base.transform_filter("datum.rang == 0").mark_text(
            align="right", color=TEXT, fontSize=11, dx=-right, dy=-ROW * 0.5 - 9, opacity=_shown(wide=True), text=head
        )
        layers.append(title.encode(x=end))
    for field, dy in (("court", -9), ("suite", 8)):
        words = base.mark_text(align="right", color=TEXT, fontSize=12, dx=-8, dy=dy, opacity=_shown(wide=False))
        layers.append(words.encode(x=end, text=f"{field}:N"))
    return layers


def _shown(*, wide: bool) -> alt.ExprRef:
    return alt.ExprRef(f"{_LINE} ? {0 if wide else 1} : {1 if wide else 0}")


def _alt(table: pd.DataFrame, title: str, level: str, unit: str) -> str:
    named = table[table["code"] != ""]
    if named.empty:
        return f"{title} : aucune valeur à montrer."
    top, low = named.iloc[named["montant"].argmax()], named.iloc[named["montant"].argmin()]
    count = f"{len(named)} valeurs" if len(named) > 1 else "une valeur"
    told = f"{title} : {count}, de {_told(top, unit)} à {_told(low, unit)}"
    gaps = named["ecart"].abs()
    if is_missing(gaps.max()):
        return f"{told}."
    far = named.loc[gaps.idxmax()]
    return f"{told} ; la plus loin du rythme de « {level} » est {far['valeur']}, {format_gap(far['ecart'], unit)}."


def _told(row: pd.Series, unit: str) -> str:
    return f"{row['valeur']} ({format_gap(row['montant'], unit)})"
