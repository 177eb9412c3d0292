"""The efficient frontier: the most result for each number of members kept, and where the plans known stand."""

from __future__ import annotations

import altair as alt
import pandas as pd

from analytics.french import format_euros, format_number
from charts.picture import Picture, check_marks, kept, source, titled, to_spec
from charts.theme import BLUE, HEIGHT, ORANGE, TEXT, value_axis

FRONTIER, POINTS = "Frontière", "Plans"


def chart_frontier(frontier: pd.DataFrame, points: pd.DataFrame, *, title: str, is_demo: bool = False) -> Picture:
    """Result against members kept.

    Parameters
    ----------
    frontier : pandas.DataFrame
        effectif, resultat (EUR).
    points : pandas.DataFrame
        nom, effectif, resultat: plans to place beside it, the optimal one first.
    title, is_demo
        As in `charts.trend.chart_trend`.
    """
    line = frontier[["effectif", "resultat"]].assign(nom="", serie=FRONTIER, rang=range(len(frontier)))
    dots = points[["nom", "effectif", "resultat"]].assign(serie=POINTS, rang=range(len(points)))
    data = pd.concat([line, dots], ignore_index=True)
    data["texte"] = [_words(r.effectif, r.resultat) for r in data.itertuples()]
    names = {"serie": "Série", "nom": "Plan", "effectif": "Assurés gardés", "resultat": "Résultat (€)"}
    first, last = frontier.iloc[0], frontier.iloc[-1]
    lost = first["resultat"] - last["resultat"]
    won = last["effectif"] - first["effectif"]
    told = " ; ".join(f"{r.nom} : {_words(r.effectif, r.resultat)}" for r in points.itertuples())
    words = (
        f"{title} : de {_words(first['effectif'], first['resultat'])} à {_words(last['effectif'], last['resultat'])} ; "
        f"garder {format_number(won)} assurés de plus coûte {format_euros(lost)}. {told}."
    )
    shown = data[list(names)].assign(effectif=data["effectif"].round(), resultat=data["resultat"].round())
    return Picture(_spec(title, is_demo), check_marks(data), words, title, shown.rename(columns=names))


def _words(heads: float, result: float) -> str:
    return f"{format_euros(result)} et {format_number(heads)} assurés"


@kept(64)
def _spec(title: str, is_demo: bool) -> dict:
    base = alt.Chart(source()).encode(
        x=alt.X("effectif:Q", axis=value_axis("nombre"), scale=alt.Scale(zero=False, padding=24)),
        y=alt.Y("resultat:Q", axis=value_axis("EUR"), scale=alt.Scale(zero=False, padding=24)),
        tooltip=[alt.Tooltip("nom:N", title="Plan"), alt.Tooltip("texte:N", title="Résultat")],
    )
    line = base.transform_filter(f"datum.serie == '{FRONTIER}'").mark_line(color=BLUE, strokeWidth=2.5).encode(
        order="rang:O"
    )  # fmt: skip
    points = base.transform_filter(f"datum.serie == '{POINTS}'")
    dots = points.mark_point(filled=True, size=110, opacity=1).encode(
        color=alt.condition("datum.rang == 0", alt.value(ORANGE), alt.value(TEXT))
    )
    # Above one time, under the next: neighbours do not write over each other.
    up = points.transform_filter("datum.rang % 2 == 0").mark_text(dy=-13, color=TEXT, fontSize=12)
    down = points.transform_filter("datum.rang % 2 == 1").mark_text(dy=16, color=TEXT, fontSize=12)
    names = [part.encode(text="nom:N") for part in (up, down)]
    note = "En abscisse les assurés gardés, en ordonnée le résultat ; orange : le plan"
    return to_spec(
        alt.layer(line, dots, *names).properties(height=HEIGHT, title=titled(title, is_demo=is_demo, note=note))
    )
