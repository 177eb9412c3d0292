"""What a scenario rests on: each uncertain input between its ends, and the best scenario along the elasticity."""

from __future__ import annotations

import textwrap

import altair as alt
import pandas as pd

from analytics.french import format_number, format_percent, format_value
from charts.picture import Picture, check_marks, kept, source, titled, to_spec
from charts.theme import AXIS, BLUE, GREY, HEIGHT, ORANGE, TITLE_LINE, value_axis

ROW = 44
BREAK, LETTERS = "|", 26  # where the name of an assumption goes to the next line
LOW, HIGH = "bas de l’intervalle", "haut de l’intervalle"


def chart_tornado(table: pd.DataFrame, *, title: str, unit: str, is_demo: bool = False) -> Picture:
    """One line by input: the indicator at each end of its interval, widest first.

    Parameters
    ----------
    table : pandas.DataFrame
        label, valeur_p10, valeur_p90, centre, amplitude, as :func:`analytics.prescriptive.tornado` gives them.
    title, unit, is_demo
        As in `charts.trend.chart_trend`.
    """
    ends = [
        table.assign(bout=word, valeur=table[column]) for word, column in ((LOW, "valeur_p10"), (HIGH, "valeur_p90"))
    ]
    data = pd.concat(ends, ignore_index=True)[["label", "bout", "valeur", "centre", "amplitude"]]
    capital = data["label"].str[:1].str.upper() + data["label"].str[1:]
    data["entree"] = [BREAK.join(textwrap.wrap(text, LETTERS)) for text in capital]
    data["texte"] = [f"{format_value(v, unit)} au {b}" for v, b in zip(data["valeur"], data["bout"], strict=True)]
    first = table.iloc[0]
    words = (
        f"{title} : ce qui pèse le plus est {first['label']}, de {format_value(first['valeur_p10'], unit)} à "
        f"{format_value(first['valeur_p90'], unit)}."
    )
    names = {"label": "Hypothèse", "valeur_p10": "Au bas", "valeur_p90": "Au haut", "centre": "Au centre",
             "amplitude": "Amplitude"}  # fmt: skip
    shown = table[list(names)].rename(columns=names)
    shown = shown.assign(**{c: shown[c].map(lambda v: format_value(v, unit)) for c in list(names.values())[1:]})
    return Picture(_tornado_spec(title, unit, is_demo, len(table)), check_marks(data), words, title, shown)


@kept(64)
def _tornado_spec(title: str, unit: str, is_demo: bool, rows: int) -> dict:
    base = alt.Chart(source()).encode(
        y=alt.Y("entree:N", sort=alt.EncodingSortField("amplitude", op="max", order="descending"),
                axis=alt.Axis(title=None, grid=False, labelLimit=230, labelExpr=f"split(datum.label, '{BREAK}')")),
        tooltip=[alt.Tooltip("label:N", title="Hypothèse"), alt.Tooltip("texte:N", title="Valeur")],
    )  # fmt: skip
    bars = base.mark_bar(height=16).encode(
        x=alt.X("valeur:Q", axis=value_axis(unit), scale=alt.Scale(zero=False, padding=12)), x2="centre:Q",
        color=alt.Color("bout:N", scale=alt.Scale(domain=[LOW, HIGH], range=[BLUE, ORANGE])),
    )  # fmt: skip
    rule = alt.Chart(source()).mark_rule(color=GREY).encode(x="mean(centre):Q")
    note = "Chaque hypothèse seule, aux bouts de son intervalle à 80 %"
    height = ROW * rows + AXIS + 5 * TITLE_LINE
    return to_spec((bars + rule).properties(height=height, title=titled(title, is_demo=is_demo, note=note)))


def chart_stability(table: pd.DataFrame, *, title: str, unit: str, is_demo: bool = False) -> Picture:
    """Each scenario along the interval of the elasticity.

    Parameters
    ----------
    table : pandas.DataFrame
        elasticite, scenario, valeur, meilleur (bool), as :func:`analytics.prescriptive.find_stability` gives them.
    title, unit, is_demo
        As in `charts.trend.chart_trend`.
    """
    data = table[["elasticite", "scenario", "valeur", "meilleur"]].copy()
    data["texte"] = [
        f"{format_value(v, unit)}, élasticité {format_number(e, 1)}"
        for e, v in zip(data["elasticite"], data["valeur"], strict=True)
    ]
    best = list(dict.fromkeys(table.loc[table["meilleur"], "scenario"]))
    names = {"elasticite": "Élasticité", "scenario": "Scénario", "valeur": "Valeur", "meilleur": "Le meilleur"}
    shown = data[list(names)].rename(columns=names)
    shown["Valeur"] = shown["Valeur"].map(lambda v: format_value(v, unit))
    words = f"{title} : le meilleur est {' puis '.join(best)} du bas au haut de l’intervalle."
    order = tuple(dict.fromkeys(table["scenario"]))
    return Picture(_stability_spec(title, unit, is_demo, order), check_marks(data), words, title, shown)


@kept(64)
def _stability_spec(title: str, unit: str, is_demo: bool, order: tuple[str, ...]) -> dict:
    lines = alt.Chart(source()).mark_line(point=True, strokeWidth=2.2).encode(
        x=alt.X("elasticite:Q", axis=alt.Axis(title="Élasticité des départs", format=",~f"),
                scale=alt.Scale(zero=False)),
        y=alt.Y("valeur:Q", axis=value_axis(unit), scale=alt.Scale(zero=False)),
        color=alt.Color("scenario:N", scale=alt.Scale(domain=list(order))),
        strokeDash=alt.StrokeDash("scenario:N", scale=alt.Scale(domain=list(order)), legend=None),
        tooltip=[alt.Tooltip("scenario:N", title="Scénario"), alt.Tooltip("texte:N", title="Valeur")],
    )  # fmt: skip
    return to_spec(lines.properties(height=HEIGHT - 60, title=titled(title, is_demo=is_demo)))


def told_shares(table: pd.DataFrame) -> pd.DataFrame:
    """Hypothèse, Part seule, Part avec les autres: shares of the variance with their error, in French."""
    rows = [
        (
            r.label[:1].upper() + r.label[1:],
            f"{format_percent(r.premier, 0)} (± {format_percent(r.premier_erreur, 0)})",
            f"{format_percent(r.total, 0)} (± {format_percent(r.total_erreur, 0)})",
        )
        for r in table.sort_values("total", ascending=False, kind="stable").itertuples()
    ]
    return pd.DataFrame(rows, columns=["Hypothèse", "Part seule", "Part avec les autres"])
