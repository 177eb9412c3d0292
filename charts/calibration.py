"""What a model expected of each group beside what came: on the diagonal, it was right."""

from __future__ import annotations

import altair as alt
import pandas as pd

from analytics.french import format_euros, format_number
from charts.picture import Picture, check_marks, kept, source, titled, to_spec
from charts.theme import BLUE, GREY, HEIGHT, value_axis


def chart_calibration(table: pd.DataFrame, *, title: str, is_demo: bool = False) -> Picture:
    """One point and interval by group, expected per head across, observed upwards.

    Parameters
    ----------
    table : pandas.DataFrame
        groupe, beneficiaires (heads), attendu, observe, bas, haut (EUR per head and year), rapport.
    title : str
    is_demo : bool
    """
    columns = ["groupe", "beneficiaires", "attendu", "observe", "bas", "haut", "rapport"]
    data = table[columns].copy()
    data["texte"] = [
        f"{_euros(r.observe)} observés ({_euros(r.bas)} à {_euros(r.haut)}) pour {_euros(r.attendu)} attendus"
        for r in data.itertuples()
    ]
    ends = table[["attendu", "bas", "haut"]].melt()["value"].agg(["min", "max"]).tolist()
    diagonal = pd.DataFrame({"attendu": ends, "diagonale": ends})
    names = {
        "groupe": "Groupe", "beneficiaires": "Personnes", "attendu": "Attendu (€ par tête)",
        "observe": "Observé (€ par tête)", "bas": "Bas 95 %", "haut": "Haut 95 %", "rapport": "Observé ÷ attendu",
    }  # fmt: skip
    drawn = pd.concat([data, diagonal], ignore_index=True)
    shown = table[columns].round({"beneficiaires": 0}).rename(columns=names)
    return Picture(_spec(title, is_demo), check_marks(drawn), _alt(table, title), title, shown)


@kept(64)
def _spec(title: str, is_demo: bool) -> dict:
    scale = alt.Scale(zero=False, nice=True, padding=12)
    across = alt.X("attendu:Q", axis=_named("Attendu par tête"), scale=scale)
    upwards = _named("Observé par tête")
    groups = alt.Chart(source()).transform_filter("isValid(datum.groupe)").encode(x=across)
    line = alt.Chart(source()).transform_filter("isValid(datum.diagonale)").mark_line(color=GREY, strokeDash=[5, 3])
    line = line.encode(x=across, y=alt.Y("diagonale:Q", axis=upwards, scale=scale))
    span = groups.mark_rule(color=BLUE, strokeWidth=2, opacity=0.6).encode(
        y=alt.Y("bas:Q", axis=upwards, scale=scale), y2="haut:Q"
    )
    point = groups.mark_point(filled=True, size=80, color=BLUE, opacity=1).encode(
        y=alt.Y("observe:Q", axis=upwards, scale=scale),
        tooltip=[alt.Tooltip("groupe:N", title="Groupe"), alt.Tooltip("texte:N", title="Par tête et par an")],
    )
    note = "Pointillé : attendu = observé ; trait : intervalle à 95 %"
    return to_spec(
        alt.layer(line, span, point).properties(height=HEIGHT, title=titled(title, is_demo=is_demo, note=note))
    )


def _named(title: str) -> alt.Axis:
    axis = value_axis("EUR")
    axis.title = title
    return axis


def _alt(table: pd.DataFrame, title: str) -> str:
    worst = table.loc[(table["rapport"] - 1).abs().idxmax()]
    first, last = table.iloc[0], table.iloc[-1]
    told = [
        f"{_euros(r['observe'])} par tête observés pour {_euros(r['attendu'])} attendus dans le groupe {n}"
        for r, n in ((first, "le moins cher"), (last, "le plus cher"))
    ]
    return (
        f"{title} : {format_number(len(table))} groupes, {' et '.join(told)} ; le plus loin de l’attendu, le groupe "
        f"{format_number(worst['groupe'])}, en consomme {format_number(worst['rapport'], 2)} fois le montant."
    )


def _euros(value: float) -> str:
    return format_euros(round(value)) if abs(value) >= 100 else format_euros(value)
