"""Crude and standardised rate of each group side by side, with the interval of the second."""

from __future__ import annotations

import altair as alt
import numpy as np
import pandas as pd

from analytics.french import format_number, format_value
from charts.picture import Picture, check_marks, kept, source, titled, to_spec
from charts.theme import AXIS, BLUE, GREY, ORANGE, TITLE_LINE, value_axis

CRUDE, EQUAL = "Brut", "À structure égale"
ROW = 28


def chart_standardised(
    table: pd.DataFrame, *, group: str, title: str, unit: str, reference: float, is_demo: bool = False
) -> Picture:
    """Two points by group and an interval.

    Parameters
    ----------
    table : pandas.DataFrame
        groupe, brut, direct, direct_bas, direct_haut, indice, indice_bas, indice_haut, raison; drawn in the order
        given.
    group : str
        French name of the dimension.
    reference : float
        Rate of the whole, drawn as a rule.
    title, unit, is_demo
        As in `charts.trend.chart_trend`.
    """
    low, high = table["direct_bas"].tolist(), table["direct_haut"].tolist()
    between = [
        f" (de {format_value(a, unit)} à {format_value(b, unit)})" if pd.notna(a) else ""
        for a, b in zip(low, high, strict=True)
    ]
    told = [format_value(v, unit) for v in (*table["brut"], *table["direct"])]
    size = len(table)
    data = pd.DataFrame({
        "groupe": [*table["groupe"]] * 2, "valeur": [*table["brut"], *table["direct"]],
        "serie": [CRUDE] * size + [EQUAL] * size, "direct_bas": [np.nan] * size + low,
        "direct_haut": [np.nan] * size + high, "ensemble": reference,
        "texte": told[:size] + [text + more for text, more in zip(told[size:], between, strict=True)],
    })  # fmt: skip
    names = {
        "groupe": group, "brut": "Brut", "direct": "À structure égale", "direct_bas": "Bas 95 %",
        "direct_haut": "Haut 95 %", "indice": "Observé ÷ attendu", "indice_bas": "Indice, bas 95 %",
        "indice_haut": "Indice, haut 95 %", "raison": "Remarque",
    }  # fmt: skip
    spec = _spec(title, unit, is_demo, max(len(table), 1), bool(data["direct_bas"].notna().any()))
    return Picture(spec, check_marks(data), _alt(table, title, unit), title, table[list(names)].rename(columns=names))


@kept(128)
def _spec(title: str, unit: str, is_demo: bool, rows: int, intervals: bool) -> dict:
    base = alt.Chart(source()).encode(y=alt.Y("groupe:N", sort=None, axis=alt.Axis(title=None, labelLimit=180)))
    scale = alt.Scale(zero=False, padding=16)
    domain, colours = [CRUDE, EQUAL], [GREY, BLUE]
    point = base.mark_point(filled=True, size=90).encode(
        x=alt.X("valeur:Q", axis=value_axis(unit), scale=scale),
        color=alt.Color("serie:N", scale=alt.Scale(domain=domain, range=colours)),
        shape=alt.Shape("serie:N", scale=alt.Scale(domain=domain, range=["diamond", "circle"])),
        tooltip=[
            alt.Tooltip("groupe:N", title="Groupe"),
            alt.Tooltip("serie:N", title="Mesure"),
            alt.Tooltip("texte:N", title="Valeur"),
        ],
    )
    whole = alt.Chart(source()).mark_rule(color=ORANGE, strokeDash=[5, 3]).encode(x="mean(ensemble):Q")
    span = base.mark_rule(color=BLUE, strokeWidth=2, opacity=0.6).encode(x="direct_bas:Q", x2="direct_haut:Q")
    layers = [whole, *([span] if intervals else []), point]
    note = "Trait bleu : intervalle à 95 % ; pointillé : ensemble" if intervals else "Pointillé : ensemble"
    height = ROW * rows + AXIS + 5 * TITLE_LINE
    return to_spec(alt.layer(*layers).properties(height=height, title=titled(title, is_demo=is_demo, note=note)))


def _alt(table: pd.DataFrame, title: str, unit: str) -> str:
    known = table.dropna(subset=["direct"])
    if known.empty:
        return f"{title} : aucun groupe n’a assez de la structure commune."
    top, low = known.loc[known["direct"].idxmax()], known.loc[known["direct"].idxmin()]
    return (
        f"{title} : {format_number(len(known))} groupes, à structure égale de {format_value(low['direct'], unit)} "
        f"({low['groupe']}) à {format_value(top['direct'], unit)} ({top['groupe']})."
    )
