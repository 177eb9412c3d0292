"""A crossed table as a heat map: one tile by cell, darker where the value is larger, its figure written on it."""

from __future__ import annotations

import altair as alt
import numpy as np
import pandas as pd

from analytics.french import format_value
from charts.picture import Picture, check_marks, kept, source, titled, to_spec
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
    data = check_marks(table[table["valeur"].notna() | table["secret"]]).reset_index(drop=True)
    values = data["valeur"].to_numpy(dtype="float64")
    told = values[~np.isnan(values)]
    low, high = (told.min(), told.max()) if len(told) else (np.nan, np.nan)
    words = [_MASKED if s else format_value(v, unit) for v, s in zip(values, data["secret"], strict=True)]
    data = data.assign(etiquette=words, rang=(values - low) / (high - low if high > low else 1.0))
    shown = data[["ligne", "colonne", "valeur"]].rename(columns={"ligne": rows, "colonne": columns, "valeur": title})
    across = data["colonne"].nunique()
    spec = _spec(rows, columns, across <= _LEVEL, across <= _MOST_LABELS)
    spec = _fitted(spec, tuple(dict.fromkeys(table["colonne"])), data["ligne"].nunique(), missing)
    note = f"Plus foncé : plus élevé. Un clic filtre toute la page. {missing}".rstrip()
    spec["title"] = titled(title, is_demo=is_demo, note=note).to_dict()
    kept = ["i", "j", "ligne", "colonne", "valeur", "etiquette", "rang"]
    return Picture(spec, data[kept], f"{_alt(data, title)} {missing}".rstrip(), title, shown)


def _fitted(spec: dict, order: tuple[str, ...], lines: int, missing: str) -> dict:
    """The specification with its columns in order, at the height of its lines."""
    height = TILE * max(lines, 1) + 2 * AXIS + 3 * TITLE_LINE + (2 * TITLE_LINE if missing else 0)
    if "layer" not in spec:
        return {**_in_order(spec, order), "height": height}
    return {**spec, "layer": [_in_order(part, order) for part in spec["layer"]], "height": height}


def _in_order(part: dict, order: tuple[str, ...]) -> dict:
    encoding = part["encoding"]
    return {**part, "encoding": {**encoding, "x": {**encoding["x"], "sort": list(order)}}}


@kept(256)
def _spec(rows: str, columns: str, is_level: bool, is_written: bool) -> dict:
    click = alt.selection_point(name=CLICK, fields=["i", "j"])
    heads = alt.Axis(title=None, orient="top", labelLimit=110, grid=False, labelAngle=0 if is_level else -45)
    base = alt.Chart(source()).encode(
        x=alt.X("colonne:N", axis=heads),
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
    tiles = tiles.add_params(click)
    if not is_written:
        return to_spec(tiles)
    # Tiles are opaque: the ink that reads on each is the same in light and dark.
    ink = alt.condition(f"datum.rang > {_WHITE_FROM}", alt.value("white"), alt.value(INK))
    return to_spec(tiles + base.mark_text(fontSize=11, cursor="pointer").encode(text="etiquette:N", color=ink))


def _alt(data: pd.DataFrame, title: str) -> str:
    told = data[data["valeur"].notna()]
    if told.empty:
        return f"{title} : aucune valeur."
    values = told["valeur"].to_numpy()
    top, bottom = told.iloc[values.argmax()], told.iloc[values.argmin()]
    text = (
        f"{title} : {len(data)} cases, la plus élevée est {top['ligne']}, {top['colonne']} avec {top['etiquette']}, la "
        f"plus basse {bottom['ligne']}, {bottom['colonne']} avec {bottom['etiquette']}."
    )
    hidden = int(data["secret"].sum())
    return f"{text} {hidden} sous secret statistique." if hidden else text
