"""The regions as tiles of one size: value in each, colour beside it, a click to keep one."""

from __future__ import annotations

import altair as alt
import numpy as np
import pandas as pd

from analytics.french import format_gap, format_percent, format_value
from charts.picture import Picture, check_marks, kept, source, titled, to_spec
from charts.theme import AXIS, ORANGE, TITLE_LINE, value_axis

#: Light to dark in one hue: read in grey as well.
PALE, DEEP, EMPTY = "#DCE9F5", "#174A7C", "#E3E6EA"
ON_PALE, ON_DEEP = "#1F2933", "#FFFFFF"
#: What a click on a tile is called, and the field it gives.
SELECTION, FIELD = "tuile", "code"
TILE, LINE = 62, 13  # letters that a line of a tile holds on a telephone


def chart_regions(tiles: pd.DataFrame, *, title: str, unit: str, is_demo: bool = False) -> Picture:
    """Tile map of an indicator.

    Parameters
    ----------
    tiles : pandas.DataFrame
        code, nom, court, colonne, ligne, valeur, reference, ecart, evolution, choisie (bool): one row per tile drawn,
        those without data included.
    title, unit, is_demo
        As in `charts.trend.chart_trend`.
    """
    values = tiles["valeur"].to_numpy(dtype="float64")
    known = np.flatnonzero(~np.isnan(values))
    low, span = (values[known].min(), np.ptp(values[known])) if len(known) else (np.nan, 0.0)
    names = [_name(nom, court) for nom, court in zip(tiles["nom"], tiles["court"], strict=True)]
    data = tiles[["code", "nom", "court", "colonne", "ligne", "valeur", "choisie"]].assign(
        etiquette=names,
        hauteur=[2 if "\n" in name else 1 for name in names],
        texte=[format_value(v, unit) for v in values],
        change=[format_gap(v, unit) for v in tiles["ecart"]],
        encre=np.where((values - low > 0.62 * span) & (span > 0), ON_DEEP, ON_PALE),
    )
    heads = {"nom": "Région", "code": "Code INSEE", "valeur": title, "reference": "Référence", "ecart": "Écart"}
    first = known[np.argsort(-values[known], kind="stable")]
    rows = tiles.iloc[first].reset_index(drop=True)
    table = rows[list(heads)].rename(columns=heads)
    table["Évolution"] = [format_percent(v, signed=True) for v in rows["evolution"]]
    spec = _spec(title, unit, is_demo, int(tiles["ligne"].max()), bool(tiles["choisie"].any()))
    return Picture(spec, check_marks(data), _alt(data, title), title, table)


@kept(128)
def _spec(title: str, unit: str, is_demo: bool, rows: int, chosen: bool) -> dict:
    base = alt.Chart(source()).encode(
        x=alt.X("colonne:O", axis=None, scale=alt.Scale(domain=list(range(1, 6)), paddingInner=0.06)),
        y=alt.Y("ligne:O", axis=None, scale=alt.Scale(domain=list(range(1, rows + 1)), paddingInner=0.06)),
        tooltip=[
            alt.Tooltip("nom:N", title="Région"),
            alt.Tooltip("texte:N", title="Valeur"),
            alt.Tooltip("change:N", title="Écart"),
        ],
    )
    legend = alt.Legend(title=None, orient="top", gradientLength=220, labelExpr=value_axis(unit)["labelExpr"])
    empty = base.mark_rect(cornerRadius=5, color=EMPTY)
    tile = base.transform_filter("isValid(datum.valeur)").mark_rect(cornerRadius=5, cursor="pointer")
    tile = tile.encode(color=alt.Color("valeur:Q", scale=alt.Scale(range=[PALE, DEEP], zero=False), legend=legend))
    frame = base.transform_filter("datum.choisie").mark_rect(cornerRadius=5, filled=False, stroke=ORANGE, strokeWidth=3)
    ink = alt.condition(f"datum.encre == '{ON_DEEP}'", alt.value(ON_DEEP), alt.value(ON_PALE))
    size = alt.ExprRef("width < 420 ? 10 : 11")
    one, two = (base.transform_filter(f"datum.hauteur == {n}") for n in (1, 2))
    names = [
        rows.mark_text(dy=shift, fontSize=size, lineBreak="\n").encode(text="etiquette:N", color=ink)
        for rows, shift in ((one, -10), (two, -18))
    ]
    value = base.mark_text(dy=12, fontSize=12, fontWeight=600).encode(text="texte:N", color=ink)
    click = alt.selection_point(name=SELECTION, fields=[FIELD])
    layers = [empty, tile.add_params(click), *([frame] if chosen else []), *names, value]
    note = "Une tuile par région ; gris : aucune donnée"
    height = TILE * rows + AXIS + 4 * TITLE_LINE
    return to_spec(alt.layer(*layers).properties(height=height, title=titled(title, is_demo=is_demo, note=note)))


def _name(nom: str, court: str) -> str:
    """The whole name on one line or two; the short form of a name that two lines do not hold."""
    if len(nom) <= LINE:
        return nom
    cuts = [i + 1 for i, letter in enumerate(nom) if letter in " -"]
    halves = [(nom[:i].rstrip(" "), nom[i:]) for i in cuts]
    best = min(halves, key=lambda pair: max(map(len, pair)), default=(nom, ""))
    return "\n".join(best) if max(map(len, best)) <= LINE else court


def _alt(data: pd.DataFrame, title: str) -> str:
    known = data[data["valeur"].notna()]
    if known.empty:
        return f"{title}, carte en tuiles : aucune région n’a de valeur."
    values = known["valeur"].to_numpy()
    top, low = (known.iloc[place] for place in (values.argmax(), values.argmin()))
    count = f"{len(known)} régions" if len(known) > 1 else "une région"
    empty = f" ; {len(data) - len(known)} sans donnée" if len(known) < len(data) else ""
    return (
        f"{title}, carte en tuiles : {count}, de {low['texte']} ({low['nom']}) à {top['texte']} ({top['nom']}){empty}."
    )
