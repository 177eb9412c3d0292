"""The road of the P/C ratio with its range and its target, and the chance of having crossed it by each month."""

from __future__ import annotations

import altair as alt
import pandas as pd

from analytics.french import format_month, format_percent
from charts.picture import Picture, check_marks, kept, source, titled, to_spec
from charts.theme import BLUE, GREY, HEIGHT, ORANGE, month_axis, value_axis

KNOWN, AHEAD = "12 mois connus", "12 mois, prévus"
STYLES = {KNOWN: GREY, AHEAD: BLUE}


def chart_path(table: pd.DataFrame, *, target: float, title: str, is_demo: bool = False) -> Picture:
    """Rolling ratio, known then forecast, beside a target.

    Parameters
    ----------
    table : pandas.DataFrame
        mois, prevu (bool), mensuel, glissant, bas_80, haut_80, rates as fractions.
    target : float
        Level drawn as a rule.
    title, is_demo
        As in `charts.trend.chart_trend`.
    """
    known, ahead = table[~table["prevu"]], table[table["prevu"]]
    bridge = known.tail(1).assign(bas_80=known["glissant"].tail(1), haut_80=known["glissant"].tail(1))
    data = pd.concat([known.assign(serie=KNOWN), pd.concat([bridge, ahead]).assign(serie=AHEAD)], ignore_index=True)
    data = data[["mois", "serie", "glissant", "bas_80", "haut_80"]].dropna(subset=["glissant"]).assign(cible=target)
    data["texte"] = [
        f"{format_month(m)} : {format_percent(v)}" for m, v in zip(data["mois"], data["glissant"], strict=True)
    ]
    names = {"mois": "Mois", "mensuel": "P/C du mois", "glissant": "P/C des 12 mois", "bas_80": "Bas 80 %",
             "haut_80": "Haut 80 %"}  # fmt: skip
    shown = ahead[list(names)].rename(columns=names)
    shown = shown.assign(**{c: shown[c].map(format_percent) for c in list(names.values())[1:]})
    last = ahead.iloc[-1]
    words = (
        f"{title} : {format_percent(last['glissant'])} attendus en {format_month(last['mois'])}, entre "
        f"{format_percent(last['bas_80'])} et {format_percent(last['haut_80'])} 8 fois sur 10, pour une cible de "
        f"{format_percent(target)}."
    )
    return Picture(_path_spec(title, is_demo), check_marks(data), words, title, shown)


@kept(64)
def _path_spec(title: str, is_demo: bool) -> dict:
    base = alt.Chart(source()).encode(x=alt.X("mois:T", axis=month_axis()))
    scale = alt.Scale(zero=False)
    band = base.transform_filter(f"datum.serie == '{AHEAD}'").mark_area(color=BLUE, opacity=0.26)
    band = band.encode(y=alt.Y("bas_80:Q", axis=value_axis("taux"), scale=scale), y2="haut_80:Q")
    lines = base.mark_line(strokeWidth=2.2).encode(
        y=alt.Y("glissant:Q", axis=value_axis("taux"), scale=scale),
        color=alt.Color("serie:N", scale=alt.Scale(domain=list(STYLES), range=list(STYLES.values()))),
        tooltip=[alt.Tooltip("serie:N", title="P/C"), alt.Tooltip("texte:N", title="Valeur")],
    )
    rule = alt.Chart(source()).mark_rule(color=ORANGE, strokeDash=[5, 3], strokeWidth=2)
    rule = rule.encode(y=alt.Y("max(cible):Q", axis=value_axis("taux"), scale=scale))
    note = "Bande : 8 chances sur 10 ; trait orange : cible"
    return to_spec(
        alt.layer(band, rule, lines).properties(height=HEIGHT, title=titled(title, is_demo=is_demo, note=note))
    )


def chart_crossing(table: pd.DataFrame, *, title: str, is_demo: bool = False) -> Picture:
    """Chance, by month, of being above the target and of having crossed it.

    Parameters
    ----------
    table : pandas.DataFrame
        mois, au_dessus, franchi (fractions).
    title, is_demo
        As in `charts.trend.chart_trend`.
    """
    data = table[["mois", "au_dessus", "franchi"]].copy()
    data["libelle"] = [format_month(m) for m in data["mois"]]
    data["rang"] = range(len(data))
    data["texte"] = [f"{m} : {format_percent(p, 0)}" for m, p in zip(data["libelle"], data["franchi"], strict=True)]
    names = {"mois": "Mois", "au_dessus": "Chances d’être au-dessus", "franchi": "Chances d’avoir franchi"}
    shown = data[list(names)].rename(columns=names)
    shown = shown.assign(**{c: shown[c].map(lambda v: format_percent(v, 0)) for c in list(names.values())[1:]})
    last = data.iloc[-1]
    words = f"{title} : {format_percent(last['franchi'], 0)} de chances au plus tard en {format_month(last['mois'])}."
    return Picture(_crossing_spec(title, is_demo), check_marks(data), words, title, shown)


@kept(64)
def _crossing_spec(title: str, is_demo: bool) -> dict:
    base = alt.Chart(source()).encode(
        x=alt.X(
            "libelle:N",
            sort=alt.EncodingSortField("rang", op="min"),
            axis=alt.Axis(title=None, labelAngle=0, labelOverlap=True),
        ),
        y=alt.Y("franchi:Q", axis=value_axis("taux"), scale=alt.Scale(domain=[0, 1])),
        tooltip=[alt.Tooltip("texte:N", title="Franchi au plus tard")],
    )
    return to_spec(base.mark_bar(color=BLUE).properties(height=HEIGHT - 140, title=titled(title, is_demo=is_demo)))
