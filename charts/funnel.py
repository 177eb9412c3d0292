"""A funnel: the rate of each group by its size, inside limits that narrow as groups grow."""

from __future__ import annotations

import altair as alt
import numpy as np
import pandas as pd

from analytics.descriptive.funnel import FAR, INSIDE, NEAR, Funnel
from analytics.french import format_number, format_value
from charts.picture import Picture, check_marks, kept, source, titled, to_spec
from charts.theme import BLUE, GREY, HEIGHT, ON_TELEPHONE, ORANGE, TEXT, value_axis

MAX_NAMED = 12
#: Sizes that differ by more than this are drawn on a logarithmic axis.
WIDE_RANGE = 20
_STYLES = {INSIDE: (GREY, "circle"), NEAR: (BLUE, "triangle-up"), FAR: (ORANGE, "diamond")}


def chart_funnel(funnel: Funnel, *, group: str, title: str, unit: str, size: str, is_demo: bool = False) -> Picture:
    """Points and control limits.

    Parameters
    ----------
    funnel : Funnel
        Groups under the French names to show.
    group : str
        French name of the groups.
    title : str
    unit : str
        Unit of the rate.
    size : str
        French name of the exposure.
    is_demo : bool
    """
    points, limits = funnel.table, funnel.limits
    names = [
        group if far and place < MAX_NAMED else ""
        for place, (group, far) in enumerate(zip(points["groupe"], points["position"] == FAR, strict=True))
    ]
    more = [None] * len(limits)
    data = pd.DataFrame({
        "serie": ["groupe"] * len(points) + ["limite"] * len(limits), "groupe": [*points["groupe"], *more],
        "exposition": [*points["exposition"], *limits["exposition"]],
        "valeur": np.append(points["valeur"], np.full(len(limits), np.nan)),
        **{name: np.append(points[name], limits[name]) for name in ("bas_95", "haut_95", "bas_998", "haut_998")},
        "position": [*points["position"], *more],
        "texte": [*(format_value(v, unit) for v in points["valeur"]), *more],
        "taille": [*map(format_number, points["exposition"]), *more], "nom": names + more, "cible": funnel.target,
    })  # fmt: skip
    named = {
        "groupe": group, "valeur": title, "exposition": size, "bas_95": "Bas 95 %", "haut_95": "Haut 95 %",
        "bas_998": "Bas 99,8 %", "haut_998": "Haut 99,8 %", "position": "Position", "sens": "Sens",
    }  # fmt: skip
    sizes = funnel.table["exposition"]
    is_log = bool(sizes.max() > WIDE_RANGE * sizes.min())
    table = funnel.table[list(named)].rename(columns=named)
    spec = _spec(title, unit, size, is_demo, is_log)
    return Picture(spec, check_marks(data), _alt(funnel, title, unit), title, table)


@kept(64)
def _spec(title: str, unit: str, size: str, is_demo: bool, is_log: bool) -> dict:
    scale = alt.Scale(type="log", nice=False) if is_log else alt.Scale(zero=False, nice=False)
    axis = alt.Axis(title=size, labelExpr=value_axis("nombre")["labelExpr"], grid=False, tickCount=5, labelOverlap=True)
    base = alt.Chart(source()).encode(x=alt.X("exposition:Q", scale=scale, axis=axis))
    curves = base.transform_filter("datum.serie == 'limite'")
    y = alt.Y("bas_998:Q", axis=value_axis(unit), scale=alt.Scale(zero=False))
    wide = curves.mark_area(color=BLUE, opacity=0.10).encode(y=y, y2="haut_998:Q")
    near = curves.mark_area(color=BLUE, opacity=0.16).encode(y="bas_95:Q", y2="haut_95:Q")
    target = curves.mark_line(color=GREY, strokeDash=[5, 3], strokeWidth=1.5).encode(y="cible:Q")
    points = base.transform_filter("datum.serie == 'groupe'")
    legend = alt.Legend(columns=alt.ExprRef(f"{ON_TELEPHONE} ? 1 : 3"))
    colours, shapes = zip(*_STYLES.values(), strict=True)
    mark = points.mark_point(filled=True, size=70).encode(
        y="valeur:Q",
        color=alt.Color("position:N", scale=alt.Scale(domain=list(_STYLES), range=colours), legend=legend),
        shape=alt.Shape("position:N", scale=alt.Scale(domain=list(_STYLES), range=shapes), legend=legend),
        tooltip=[
            alt.Tooltip("groupe:N", title="Groupe"),
            alt.Tooltip("texte:N", title="Valeur"),
            alt.Tooltip("taille:N", title=size),
            alt.Tooltip("position:N", title="Position"),
        ],
    )
    name = points.transform_filter("datum.nom != ''").mark_text(dy=-11, color=TEXT, fontSize=11)
    name = name.encode(y="valeur:Q", text="nom:N")
    note = "Bandes : 95 % puis 99,8 % ; pointillé : ensemble"
    layers = (wide, near, target, mark, name)
    return to_spec(alt.layer(*layers).properties(height=HEIGHT + 40, title=titled(title, is_demo=is_demo, note=note)))


def _alt(funnel: Funnel, title: str, unit: str) -> str:
    out = funnel.table[funnel.table["position"] == FAR]
    whole = f"{title}, entonnoir de {len(funnel.table)} groupes autour de {format_value(funnel.target, unit)}"
    if out.empty:
        return f"{whole} : aucun hors des limites à 99,8 %."
    names = ", ".join(f"{r.groupe} ({format_value(r.valeur, unit)})" for r in out.head(MAX_NAMED).itertuples())
    return f"{whole} : {len(out)} hors des limites à 99,8 %, {names}."
