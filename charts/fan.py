"""A forecast as a fan: what is known, what is still estimated, the median ahead and its two bands."""

from __future__ import annotations

import json
from collections.abc import Sequence

import altair as alt
import numpy as np
import pandas as pd

from analytics.french import format_month, format_value, is_missing
from charts.events import event_rules, has_events, name_events, with_events
from charts.picture import Picture, check_marks, kept, source, titled, to_spec
from charts.theme import BLUE, GREY, HEIGHT, ORANGE, PALETTE, month_axis, value_axis

KNOWN, AHEAD, PROPHET = "Réalisé", "Prévision", "Prophet (pour comparaison)"
ESTIMATED, PAID = "Mois encore estimé", "Mois incomplet, payé à ce jour"
#: Colour, dashes and width of each line; those that are not known by name are the other question.
STYLES = {
    KNOWN: (GREY, [1, 0], 2.2),
    AHEAD: (BLUE, [1, 0], 2.2),
    PROPHET: (PALETTE[4], [2, 3], 2.0),
    ESTIMATED: (ORANGE, [1, 0], 2.2),
    PAID: (ORANGE, [1, 0], 2.2),
}
OTHER = (PALETTE[5], [6, 4], 1.3)
POINTS = (ESTIMATED, PAID)


def chart_fan(
    history: pd.DataFrame, ahead: pd.DataFrame, *, title: str, unit: str, candidate: pd.DataFrame | None = None,
    other: pd.DataFrame | None = None, other_name: str = "Autre question", estimated: pd.DataFrame | None = None,
    events: pd.DataFrame | None = None, is_demo: bool = False,
) -> Picture:  # fmt: skip
    """Fan chart of one series.

    Parameters
    ----------
    history : pandas.DataFrame
        mois, valeur of the complete months; a missing value is not drawn.
    ahead : pandas.DataFrame
        mois, valeur, bas_80, haut_80, bas_95, haut_95.
    candidate : pandas.DataFrame, optional
        mois, valeur of a model shown for comparison and not used.
    other : pandas.DataFrame, optional
        mois, valeur of another forecast, a thin line named `other_name`.
    estimated : pandas.DataFrame, optional
        mois, valeur, bas_80, haut_80, nature of the months that are not all paid, as
        `analytics.predictive.estimated.estimated_months`.
    title, unit, events, is_demo
        As in `charts.trend.chart_trend`.
    """
    data = _rows(history, ahead, candidate, other, other_name, estimated)
    data["texte"] = [_told(row, unit) for row in data.itertuples()]
    first = history["mois"].min()
    data = with_events(data, events, first, ahead["mois"].max())
    names = {"mois": "Mois", "valeur": "Prévision", "bas_80": "Bas 80 %", "haut_80": "Haut 80 %",
             "bas_95": "Bas 95 %", "haut_95": "Haut 95 %"}  # fmt: skip
    table = ahead[list(names)].rename(columns=names)
    for line, name in ((other, other_name), (candidate, PROPHET)):
        if line is not None and len(line):
            table[name] = table["Mois"].map(line.set_index("mois")["valeur"])
    present = set(data["serie"])
    shown = tuple(name for name in (KNOWN, AHEAD, other_name, PROPHET, *POINTS) if name in present)
    spec = _spec(title, unit, is_demo, shown, has_events(data))
    return Picture(spec, check_marks(data), _alt(ahead, title, unit) + name_events(data), title, table)


def _rows(history, ahead, candidate, other, other_name: str, estimated) -> pd.DataFrame:
    """One row by mark: what is known stops where the estimate begins, the lines ahead start from the last month."""
    known = history[["mois", "valeur"]].dropna()
    bridge = known.tail(1)
    doubtful = known["mois"].isin([] if estimated is None else estimated["mois"])
    parts = [known[~doubtful].assign(serie=KNOWN), pd.concat([bridge, ahead]).assign(serie=AHEAD)]
    for line, name in ((other, other_name), (candidate, PROPHET)):
        if line is not None and len(line):
            parts.append(pd.concat([bridge, line[["mois", "valeur"]]]).assign(serie=name))
    if estimated is not None and len(estimated):
        points = estimated[estimated["mois"] >= history["mois"].min()]
        serie = np.where(points["bas_80"].notna() | points["nature"].eq("estimé"), ESTIMATED, PAID)
        parts.append(points[["mois", "valeur", "bas_80", "haut_80"]].assign(serie=serie))
    if doubtful.any():
        link = known[doubtful | doubtful.shift(-1, fill_value=False)]
        parts.append(link.assign(serie=ESTIMATED, lien=1))
    return pd.concat(parts, ignore_index=True)


def _told(row, unit: str) -> str:
    """What the pointer reads of one mark."""
    text = f"{format_month(row.mois)} : {format_value(row.valeur, unit)}"
    if pd.isna(row.bas_80):
        return text
    return f"{text} (8 chances sur 10 : {format_value(row.bas_80, unit)} à {format_value(row.haut_80, unit)})"


@kept(64)
def _spec(title: str, unit: str, is_demo: bool, shown: tuple[str, ...], dated: bool) -> dict:
    base = alt.Chart(source()).encode(x=alt.X("mois:T", axis=month_axis()))
    band = base.transform_filter(f"datum.serie == '{AHEAD}'")
    wide = band.mark_area(color=BLUE, opacity=0.16).encode(y=alt.Y("bas_95:Q", axis=value_axis(unit)), y2="haut_95:Q")
    near = band.mark_area(color=BLUE, opacity=0.26).encode(y="bas_80:Q", y2="haut_80:Q")
    colours, dashes, widths = zip(*(STYLES.get(name, OTHER) for name in shown), strict=True)
    stroke = alt.Legend(symbolType="stroke", symbolSize=300)
    is_point = f"datum.lien != 1 && ({_among(POINTS)})"
    coloured = base.encode(
        y=alt.Y("valeur:Q", scale=alt.Scale(zero=False)),
        color=alt.Color("serie:N", scale=alt.Scale(domain=shown, range=colours), legend=stroke),
        tooltip=[alt.Tooltip("serie:N", title="Série"), alt.Tooltip("texte:N", title="Valeur")],
    )
    dash = alt.StrokeDash("serie:N", scale=alt.Scale(domain=shown, range=dashes), legend=stroke)
    dashed = coloured.encode(strokeDash=dash)
    layers = [*(event_rules() if dated else ()), wide, near]
    for width in sorted(set(widths)):
        names = [name for name, w in zip(shown, widths, strict=True) if w == width and name not in POINTS]
        layers.append(dashed.transform_filter(_among(names)).mark_line(strokeWidth=width))
    if any(name in shown for name in POINTS):
        layers.append(coloured.transform_filter("datum.lien == 1").mark_line(strokeWidth=2.2))
        points = base.transform_filter(is_point)
        layers.append(points.mark_rule(color=ORANGE, strokeWidth=2).encode(y="bas_80:Q", y2="haut_80:Q"))
        layers.append(coloured.transform_filter(is_point).mark_point(filled=True, size=46))
    note = "Bande foncée : 8 chances sur 10 ; bande claire : 95 chances sur 100"
    return to_spec(alt.layer(*layers).properties(height=HEIGHT + 20, title=titled(title, is_demo=is_demo, note=note)))


def _among(names: Sequence[str]) -> str:
    """Vega expression of the marks that bear one of these names."""
    return " || ".join(f"datum.serie == {json.dumps(name, ensure_ascii=False)}" for name in names)


def _alt(ahead: pd.DataFrame, title: str, unit: str) -> str:
    last = ahead.iloc[-1]
    told = f"{title} : {format_value(last['valeur'], unit)} attendus en {format_month(last['mois'])}"
    if is_missing(last["bas_80"]):
        return f"{told}."
    low, high = (format_value(last[side], unit) for side in ("bas_80", "haut_80"))
    return f"{told}, entre {low} et {high} 8 fois sur 10."
