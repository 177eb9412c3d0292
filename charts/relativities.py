"""What each group consumes beside its reference: a dot and its interval."""

from __future__ import annotations

import altair as alt
import pandas as pd

from analytics.french import format_number
from charts.picture import Picture, check_marks, kept, source, titled, to_spec
from charts.theme import AXIS, BLUE, GREY, TITLE_LINE

ROW = 28


def chart_relativities(
    table: pd.DataFrame, *, group: str, reference: str, title: str, is_demo: bool = False
) -> Picture:
    """One dot and interval by value, 1 being the reference.

    Parameters
    ----------
    table : pandas.DataFrame
        groupe, beneficiaires (heads), relativite, bas, haut; drawn in the order given.
    group : str
        French name of the dimension.
    reference : str
        French name of the value that the others are compared to.
    title : str
    is_demo : bool
    """
    data = table[["groupe", "beneficiaires", "relativite", "bas", "haut"]].copy()
    data["texte"] = [
        format_number(r.relativite, 2) + (f" ({_number(r.bas)} à {_number(r.haut)})" if pd.notna(r.bas) else "")
        for r in data.itertuples()
    ]
    data["un"] = 1.0
    data["personnes"] = [format_number(n) for n in data["beneficiaires"]]
    names = {
        "groupe": group, "beneficiaires": "Personnes", "relativite": "Consommation relative", "bas": "Bas 95 %",
        "haut": "Haut 95 %",
    }  # fmt: skip
    shown = table[list(names)].round({"beneficiaires": 0}).rename(columns=names)
    spec = _spec(title, reference, is_demo, len(data), bool(data["bas"].notna().any()))
    return Picture(spec, check_marks(data), _alt(table, title, reference), title, shown)


@kept(64)
def _spec(title: str, reference: str, is_demo: bool, rows: int, intervals: bool) -> dict:
    base = alt.Chart(source()).encode(y=alt.Y("groupe:N", sort=None, axis=alt.Axis(title=None, labelLimit=180)))
    axis = alt.Axis(title=None, tickCount=5, format=",.2~f")
    scale = alt.Scale(zero=False, padding=16)
    one = alt.Chart(source()).mark_rule(color=GREY, strokeDash=[5, 3]).encode(x="mean(un):Q")
    span = base.mark_rule(color=BLUE, strokeWidth=2, opacity=0.6).encode(
        x=alt.X("bas:Q", axis=axis, scale=scale), x2="haut:Q"
    )
    point = base.mark_point(filled=True, size=90, color=BLUE, opacity=1).encode(
        x=alt.X("relativite:Q", axis=axis, scale=scale),
        tooltip=[
            alt.Tooltip("groupe:N", title="Groupe"), alt.Tooltip("texte:N", title="Consommation relative"),
            alt.Tooltip("personnes:N", title="Personnes"),
        ],
    )  # fmt: skip
    layers = [one, *([span] if intervals else []), point]
    note = f"1 = {reference}, le reste étant égal" + (" ; trait : intervalle à 95 %" if intervals else "")
    height = ROW * max(rows, 1) + AXIS + 5 * TITLE_LINE
    return to_spec(alt.layer(*layers).properties(height=height, title=titled(title, is_demo=is_demo, note=note)))


def _alt(table: pd.DataFrame, title: str, reference: str) -> str:
    known = table.dropna(subset=["relativite"])
    if known.empty:
        return f"{title} : rien n’a été dépensé."
    top, low = known.loc[known["relativite"].idxmax()], known.loc[known["relativite"].idxmin()]
    return (
        f"{title} : à tout le reste égal, de {_number(low['relativite'])} fois {reference} ({low['groupe']}) à "
        f"{_number(top['relativite'])} fois ({top['groupe']})."
    )


def _number(value: float) -> str:
    return format_number(value, 2)
