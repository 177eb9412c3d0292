"""A crossed table as a heat map: one tile by cell, darker where the value is larger, its figure written on it."""

from __future__ import annotations

import functools

import altair as alt
import pandas as pd

from analytics.french import format_value
from charts.picture import Picture, check_marks, source, titled, to_spec
from charts.theme import AXIS, GREY, TITLE_LINE

#: Name of the selection: what a click on a tile sends.
CLICK = "case"
TILE = 26
_MOST_LABELS = 14  # columns beyond which figures do not fit on the tiles
_LEVEL = 5  # columns beyond which their names lean
_MASKED = "secret"
LIGHT, DARK, INK = "#E3F1F5", "#0B6380", "#08141B"
_WHITE_FROM = 0.77  # of the scale: from there white is read better than ink


def chart_heatmap(
    table: pd.DataFrame, *, title: str, unit: str, rows: str, columns: str, is_demo: bool = False, missing: str = ""
) -> Picture:
    """Tiles of an indicator by line and column.

    Parameters
    ----------
    table : pandas.DataFrame
        i, j (what a click on the tile sends), ligne, colonne (text, drawn in the order met), valeur, secret (bool); one
        row per cell, 2,000 at most.
    rows, columns : str
        French names of the axes.
    missing : str
        What of the table is not drawn, in French: written under the title and read out.
    title, unit, is_demo
        As in `charts.trend.chart_trend`.
    """
    data = check_marks(table[table["valeur"].notna() | table["secret"]]).copy()
    data["etiquette"] = data["valeur"].map(lambda v: format_value(v, unit)).where(~data["secret"], _MASKED)
    low, high = data["valeur"].min(), data["valeur"].max()
    spread = high - low if high > low else 1.0
    data["rang"] = (data["valeur"] - low) / spread
    shown = data[["ligne", "colonne", "valeur"]].rename(columns={"ligne": rows, "colonne": columns, "valeur": title})
    names = data["ligne"].nunique(), data["colonne"].nunique()
    spec = _spec(title, rows, columns, is_demo, names, tuple(dict.fromkeys(table["colonne"])), missing)
    kept = ["i", "j", "ligne", "colonne", "valeur", "etiquette", "rang"]
    told = f"{_alt(data, title)} {missing}".rstrip()
    return Picture(spec, data[kept].reset_index(drop=True), told, title, shown.reset_index(drop=True))


@functools.lru_cache(maxsize=256)
def _spec(
    title: str, rows: str, columns: str, is_demo: bool, names: tuple[int, int], order: tuple[str, ...], missing: str
) -> dict:
    click = alt.selection_point(name=CLICK, fields=["i", "j"])
    heads = alt.Axis(title=None, orient="top", labelLimit=110, grid=False, labelAngle=0 if names[1] <= _LEVEL else -45)
    base = alt.Chart(source()).encode(
        x=alt.X("colonne:N", sort=list(order), axis=heads),
        y=alt.Y("ligne:N", sort=None, axis=alt.Axis(title=None, labelLimit=170, grid=False)),
        tooltip=[
            alt.Tooltip("ligne:N", title=rows),
            alt.Tooltip("colonne:N", title=columns),
            alt.Tooltip("etiquette:N", title="Valeur"),
        ],
    )
    known = "isValid(datum.rang)"
    shade = alt.Color("rang:Q", scale=alt.Scale(domain=[0, 1], range=[LIGHT, DARK]), legend=None)
    tiles = base.mark_rect(stroke="white", strokeWidth=0.5, cursor="pointer").encode(
        color=alt.condition(known, shade, alt.value(GREY))
    )
    layers = tiles.add_params(click)
    if names[1] <= _MOST_LABELS:
        # Tiles are opaque: the ink that reads on each is the same in light and dark.
        ink = alt.condition(f"datum.rang > {_WHITE_FROM}", alt.value("white"), alt.value(INK))
        layers = layers + base.mark_text(fontSize=11, cursor="pointer").encode(text="etiquette:N", color=ink)
    height = TILE * max(names[0], 1) + 2 * AXIS + 3 * TITLE_LINE
    note = f"Plus foncé : plus élevé. Un clic filtre toute la page. {missing}".rstrip()
    height += 2 * TITLE_LINE if missing else 0
    return to_spec(layers.properties(height=height, title=titled(title, is_demo=is_demo, note=note)))


def _alt(data: pd.DataFrame, title: str) -> str:
    told = data.dropna(subset=["valeur"])
    if told.empty:
        return f"{title} : aucune valeur."
    top, bottom = told.loc[told["valeur"].idxmax()], told.loc[told["valeur"].idxmin()]
    text = (
        f"{title} : {len(data)} cases, la plus élevée est {top['ligne']}, {top['colonne']} avec {top['etiquette']}, la "
        f"plus basse {bottom['ligne']}, {bottom['colonne']} avec {bottom['etiquette']}."
    )
    hidden = int(data["secret"].sum())
    return f"{text} {hidden} sous secret statistique." if hidden else text
